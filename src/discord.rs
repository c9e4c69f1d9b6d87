//! Discord: people's commands and reactions in, cards out.
//!
//! Requests go through serenity's own rate limiter. The gateway needs no privileged intent. Its events arrive in no
//! certain order, so a reaction is only a hint to read the reactions again; and a session that could not be resumed
//! has lost events, so everything is read again then.

mod chat;
mod embed;
mod gateway;
mod inspect;
mod registration;
mod session;
#[cfg(test)]
mod tests;
mod transport;

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use poise::serenity_prelude as serenity;
use signalbox_commands::{Data, Turns, desk::Desk};
use signalbox_domain::{
    ids::ChannelId,
    ports::{Chat, Clock, Letters},
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::config;

pub use inspect::{ChannelFacts, GuildFacts, InspectError};

/// Why Discord cannot be used. What only lasts a while is waited for instead.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The certificates to trust cannot be read.
    #[error("the certificates of [discord] ca_file ({path}) cannot be read")]
    Certificates {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// There is no HTTP client to be had.
    #[error("requests to Discord cannot be made")]
    Client(#[source] reqwest::Error),
    /// Discord does not accept the token.
    #[error(
        "Discord does not accept the bot's token: set DISCORD_TOKEN (or DISCORD_TOKEN_FILE) to the one shown under \
         Bot at https://discord.com/developers/applications"
    )]
    Token,
    /// The gateway refuses the bot for good.
    #[error("Discord's gateway refuses the bot: {0}")]
    Gateway(String),
}

/// The way to one Discord guild. It can speak before it listens: the service needs its [`Chat`] to be built,
/// and is itself what [`Link::run`] reports to.
#[derive(Debug, Clone)]
pub struct Link {
    settings: config::Discord,
    guild: serenity::GuildId,
    client: reqwest::Client,
    http: Arc<serenity::Http>,
    vitals: Arc<Vitals>,
}

/// What is counted while a link runs.
#[derive(Debug, Default)]
struct Vitals {
    /// Sessions that were started anew, the first one included.
    sessions: watch::Sender<u64>,
    /// Events that matter to us and could not be read.
    unreadable: AtomicU64,
}

impl Link {
    /// A link with these settings. Nothing is sent yet.
    ///
    /// # Errors
    /// [`LinkError`] when the settings cannot work: the certificates or the token are no such thing.
    pub fn new(settings: &config::Discord) -> Result<Self, LinkError> {
        let client = transport::client(settings)?;
        let http = Arc::new(transport::http(settings, client.clone())?);
        let guild = serenity::GuildId::new(settings.guild);
        Ok(Self { settings: settings.clone(), guild, client, http, vitals: Arc::default() })
    }

    /// What speaks through this link.
    #[must_use]
    pub fn chat(&self) -> Arc<dyn Chat> {
        Arc::new(chat::DiscordChat::new(self.http.clone(), self.guild))
    }

    /// What writes to people through this link.
    #[must_use]
    pub fn letters(&self) -> Arc<dyn Letters> {
        Arc::new(chat::DiscordChat::new(self.http.clone(), self.guild))
    }

    /// Listens until told to stop, then closes the gateway and lets the commands at work end; within seven seconds.
    /// While Discord is out of reach it is tried again and again.
    ///
    /// # Errors
    /// [`LinkError`] when trying again cannot help.
    pub async fn run(&self, desk: Arc<dyn Desk>, stop: CancellationToken) -> Result<(), LinkError> {
        session::run(self, Data { desk, guild: self.guild, turns: Turns::default() }, stop).await
    }

    /// What the bot sees of its server, for the doctor.
    ///
    /// # Errors
    /// [`InspectError`], which says whose fault it is.
    pub async fn inspect(&self, channels: &BTreeSet<ChannelId>, clock: &dyn Clock) -> Result<GuildFacts, InspectError> {
        inspect::inspect(&self.http, self.guild.get(), channels, clock).await
    }

    /// How many gateway sessions were started anew; it is watched to know when the bot is there.
    #[must_use]
    pub fn sessions(&self) -> watch::Receiver<u64> {
        self.vitals.sessions.subscribe()
    }

    /// How many events that matter could not be read, because Discord has changed them.
    #[must_use]
    pub fn unreadable_events(&self) -> u64 {
        self.vitals.unreadable.load(Ordering::Relaxed)
    }
}
