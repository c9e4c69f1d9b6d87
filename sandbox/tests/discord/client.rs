//! A serenity client as a production bot builds it, and a bare one for requests it would not make.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use serenity::all::{
    Client, ClientBuilder, Context, Event, GatewayIntents, GuildId, Http, HttpBuilder, Interaction, ShardManager,
};
use serenity::async_trait;
use serenity::prelude::RawEventHandler;
use signalbox_sandbox::discord::{Discord, DiscordOptions};
use signalbox_sandbox::traffic::TrafficLog;
use tokio::sync::mpsc;

const PATIENCE: Duration = Duration::from_secs(10);

/// Starts a stand-in whose traffic goes where the suite's traffic is collected.
pub(crate) async fn discord(test: &str) -> Discord {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("../traffic");
    let log = TrafficLog::to_file(&folder.join(format!("sandbox-discord-{test}.jsonl"))).unwrap();
    Discord::start(DiscordOptions::default(), log).await.unwrap()
}

/// Starts a stand-in that is sent nonsense on purpose, which no traffic log should hold.
pub(crate) async fn unrecorded() -> Discord {
    Discord::start(DiscordOptions::default(), TrafficLog::none()).await.unwrap()
}

/// serenity's REST client, its rate limiter on, over TLS as `discord.com`.
pub(crate) fn http(discord: &Discord) -> Http {
    let http = HttpBuilder::new(discord.token()).client(tls_client(discord)).build();
    http.set_application_id(discord.application_id().0.into());
    http
}

pub(crate) fn guild(discord: &Discord) -> GuildId {
    GuildId::new(discord.guild_id().0)
}

/// A connected bot, whose events the test reads.
pub(crate) struct Bot {
    pub(crate) http: Arc<Http>,
    pub(crate) shards: Arc<ShardManager>,
    events: mpsc::UnboundedReceiver<Event>,
}

struct Forward(mpsc::UnboundedSender<Event>);

#[async_trait]
impl RawEventHandler for Forward {
    async fn raw_event(&self, _: Context, event: Event) {
        let _ = self.0.send(event);
    }
}

impl Bot {
    pub(crate) async fn connect(discord: &Discord) -> Self {
        let intents = GatewayIntents::GUILDS
            | GatewayIntents::GUILD_MESSAGES
            | GatewayIntents::GUILD_MESSAGE_REACTIONS
            | GatewayIntents::DIRECT_MESSAGES;
        let mut bot = Self::start(discord, intents).await;
        bot.until(|event| matches!(event, Event::Ready(_)).then_some(())).await;
        bot
    }

    pub(crate) async fn start(discord: &Discord, intents: GatewayIntents) -> Self {
        let (sender, events) = mpsc::unbounded_channel();
        let mut client: Client =
            ClientBuilder::new_with_http(http(discord), intents).raw_event_handler(Forward(sender)).await.unwrap();
        let (http, shards) = (client.http.clone(), client.shard_manager.clone());
        tokio::spawn(async move { client.start().await });
        Self { http, shards, events }
    }

    /// The first event that fits; others are passed over.
    pub(crate) async fn until<T>(&mut self, fits: impl Fn(Event) -> Option<T>) -> T {
        let search = async {
            loop {
                let event = self.events.recv().await.expect("the client ended");
                if let Some(found) = fits(event) {
                    return found;
                }
            }
        };
        tokio::time::timeout(PATIENCE, search).await.expect("the event never came")
    }

    pub(crate) async fn interaction(&mut self) -> Interaction {
        self.until(|event| match event {
            Event::InteractionCreate(created) => Some(created.interaction),
            _ => None,
        })
        .await
    }
}

fn tls_client(discord: &Discord) -> reqwest::Client {
    reqwest::Client::builder()
        .use_rustls_tls()
        .resolve("discord.com", discord.tls_addr())
        .add_root_certificate(reqwest::Certificate::from_pem(discord.ca_pem().as_bytes()).unwrap())
        .build()
        .unwrap()
}

/// A request over plain HTTP with the bot's token: status and JSON of the answer.
pub(crate) async fn call(discord: &Discord, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
    let method = method.parse().unwrap();
    let mut request = reqwest::Client::new()
        .request(method, format!("{}/v10{path}", discord.rest_url()))
        .header("Authorization", format!("Bot {}", discord.token()));
    if let Some(body) = body {
        request = request.json(body);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or(Value::Null))
}
