//! The connection to Discord's gateway, from the first attempt to the last close.

use std::time::Duration;

use poise::serenity_prelude as serenity;
use serenity::{ClientBuilder, GatewayError, GatewayIntents, ShardId, ShardRunnerMessage};
use signalbox_commands::{Data, failure::Failure};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{
    Link, LinkError,
    gateway::{Gateway, may_pass},
    transport,
};

/// None of these is privileged.
const INTENTS: GatewayIntents =
    GatewayIntents::GUILDS.union(GatewayIntents::GUILD_MESSAGES).union(GatewayIntents::GUILD_MESSAGE_REACTIONS);

/// Closing with 1000 or 1001 would end the session and show the bot as offline at once; with another code Discord
/// keeps the session for a while (<https://discord.com/developers/docs/events/gateway#resuming>). serenity cannot
/// take it up in a new process, so the next start begins a new one and reads everything again.
const KEEP_SESSION: u16 = 4000;
/// How long the close may take: serenity looks for it twice a second.
const CLOSING: Duration = Duration::from_secs(2);
/// How long commands at work may take to end.
const ENDING: Duration = Duration::from_secs(5);
/// With fewer starts left than this somebody should hear of it: Discord resets the token of a bot that uses up its
/// thousand a day.
const FEW_STARTS: u64 = 100;

/// Listens until `stop`.
pub(super) async fn run(link: &Link, data: Data, stop: CancellationToken) -> Result<(), LinkError> {
    let Some(url) = reach(link, &stop).await? else { return Ok(()) };
    let gateway = Gateway::new(link, data, stop.clone());
    let http = transport::http(&link.settings, link.client.clone())?;
    let mut client = ClientBuilder::new_with_http(http, INTENTS)
        .raw_event_handler(gateway.clone())
        .event_handler(gateway.clone())
        .await
        .map_err(|error| LinkError::Gateway(Failure::from(error).to_string()))?;
    // When asking for the address fails, serenity silently takes a fixed one.
    *client.ws_url.lock().await = url;
    let manager = client.shard_manager.clone();
    gateway.is_managed_by(manager.clone());
    tokio::select! {
        ended = client.start() => Err(why(ended)),
        () = stop.cancelled() => {
            close(&manager, &gateway).await;
            Ok(())
        }
    }
}

/// Asks where the gateway is until there is an answer. `None`: told to stop before that.
async fn reach(link: &Link, stop: &CancellationToken) -> Result<Option<String>, LinkError> {
    let mut backoff = Backoff::default();
    loop {
        let asked = tokio::select! {
            asked = link.http.get_bot_gateway() => asked,
            () = stop.cancelled() => return Ok(None),
        };
        let failure = match asked.map_err(Failure::from) {
            Ok(gateway) => {
                let left = gateway.session_start_limit.remaining;
                if left < FEW_STARTS {
                    warn!(left, "few starts are left today; when they are used up, Discord resets the bot's token");
                }
                return Ok(Some(gateway.url));
            }
            Err(failure) => failure,
        };
        match failure.status {
            Some(401) => return Err(LinkError::Token),
            Some(_) if !may_pass(&failure) => return Err(LinkError::Gateway(failure.to_string())),
            _ => warn!(error = &failure as &dyn std::error::Error, "Discord is out of reach; trying again"),
        }
        if backoff.pause(stop).await.is_err() {
            return Ok(None);
        }
    }
}

/// Leaves the gateway, so that nothing new comes in, then lets what is at work end: answers need no gateway.
async fn close(manager: &serenity::ShardManager, gateway: &Gateway) {
    if timeout(CLOSING, hang_up(manager, gateway.began_anew())).await.is_err() {
        warn!("Discord's gateway did not confirm the close");
    }
    gateway.work().close();
    if timeout(ENDING, gateway.work().wait()).await.is_err() {
        warn!(commands = gateway.work().len(), "commands did not end in time; the next start answers them");
    }
    info!("left Discord");
}

/// Closes the connection, and returns once it is closed. A session that serenity began anew leaves a word of being
/// closed behind (`ShardManager::restart_shard`): `shutdown` takes that for the answer, and may forget the connection
/// before it was told. So it is told once more, and the answer waited for.
async fn hang_up(manager: &serenity::ShardManager, began_anew: bool) {
    let runner = manager.runners.lock().await.get(&ShardId(0)).map(|runner| runner.runner_tx.clone());
    manager.shutdown(ShardId(0), KEEP_SESSION).await;
    if let Some(runner) = runner.filter(|_| began_anew) {
        runner.send_to_shard(ShardRunnerMessage::Shutdown(ShardId(0), KEEP_SESSION));
        manager.shutdown(ShardId(0), KEEP_SESSION).await;
    }
}

/// serenity tries again by itself; what it gives up on is for a person.
fn why(ended: Result<(), serenity::Error>) -> LinkError {
    match ended {
        Err(serenity::Error::Gateway(GatewayError::InvalidAuthentication)) => LinkError::Token,
        Err(error) => LinkError::Gateway(error.to_string()),
        Ok(()) => LinkError::Gateway("the connection was given up".into()),
    }
}

/// Pauses of 1, 2, 4 … 32 seconds.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

/// Told to stop while pausing.
pub(super) struct Stopped;

impl Backoff {
    /// Pauses before the next attempt.
    pub(super) async fn pause(&mut self, stop: &CancellationToken) -> Result<(), Stopped> {
        let pause = Duration::from_secs(1 << self.failures.min(5));
        self.failures += 1;
        tokio::select! {
            () = sleep(pause) => Ok(()),
            () = stop.cancelled() => Err(Stopped),
        }
    }
}
