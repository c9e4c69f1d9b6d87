//! A local stand-in for Discord: REST v10 and the gateway, strict where Discord is strict.
//!
//! [`Discord::start`] serves it over real sockets. HTTPS for `discord.com` answers on
//! [`Discord::tls_addr`] with a certificate of [`Discord::ca_pem`]; plain HTTP and the gateway
//! share [`Discord::addr`]. The rest of the handle is for the story around it: people who type,
//! click and react, a gateway and a REST interface that can be told to misbehave, and a reading
//! side that keeps account of what the bot said and nobody looked at.

mod actions;
mod clock;
mod error;
mod faults;
mod gateway;
mod id;
mod interaction;
mod mentions;
mod message;
mod options;
mod people;
mod permissions;
mod ratelimit;
mod read;
mod rest;
mod state;
mod validate;
mod wire;

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::serve::ListenerExt as _;
use http::Method;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

pub use faults::{Failure, Fault};
pub use gateway::{Gateway, intents};
pub use id::Id;
pub use options::{DiscordOptions, MemberSeed, RoleSeed};
pub use people::{Choice, InteractionHandle, Modal, ModalInput, Refused, Reply};
pub use permissions::BOT as BOT_PERMISSIONS;
pub use read::{
    ButtonView, ChannelView, CommandView, MemberView, MessageView, PendingView, ReactionView, RoleView, SelectView,
    ThreadView, View,
};

use crate::tls::{Identity, TlsError, TlsListener};
use crate::traffic::{Service, TrafficLog, recorded};
use state::State;

/// The host name that the TLS listener answers for.
const HOST: &str = "discord.com";

/// Why the stand-in did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address could not be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
    /// There is no certificate for `discord.com`.
    #[error("cannot set up TLS for {HOST}")]
    Tls(#[from] TlsError),
}

/// A running stand-in. Clones share it; it stops when the last one is dropped.
#[derive(Clone)]
pub struct Discord {
    shared: Arc<Shared>,
    /// Handlers hold the state without keeping the servers alive.
    _running: Option<Arc<DropGuard>>,
}

struct Shared {
    state: Mutex<State>,
    changed: watch::Sender<u64>,
    addr: SocketAddr,
    tls_addr: SocketAddr,
    ca_pem: String,
    patience: Duration,
    stop: CancellationToken,
}

impl std::fmt::Debug for Discord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Discord").field("addr", &self.shared.addr).finish_non_exhaustive()
    }
}

impl Discord {
    /// Starts the stand-in and serves it until the last handle is dropped.
    ///
    /// # Errors
    /// When an address is taken or the certificate cannot be made.
    pub async fn start(options: DiscordOptions, traffic: TrafficLog) -> Result<Self, StartError> {
        let plain = listen(options.bind).await?;
        let tls = listen(options.bind_tls).await?;
        let identity = Identity::for_host(HOST)?;
        let address = |listener: &TcpListener, wanted| {
            listener.local_addr().map_err(|source| StartError::Listen { address: wanted, source })
        };
        let stop = CancellationToken::new();
        let discord = Self {
            shared: Arc::new(Shared {
                state: Mutex::new(State::new(&options)),
                changed: watch::Sender::new(0),
                addr: address(&plain, options.bind)?,
                tls_addr: address(&tls, options.bind_tls)?,
                ca_pem: identity.ca_pem.clone(),
                patience: options.patience,
                stop: stop.clone(),
            }),
            _running: None,
        };
        let api = recorded(rest::router(discord.clone()), Service::Discord, traffic);
        let gateway =
            axum::Router::new().route("/", axum::routing::get(gateway::socket::connect)).with_state(discord.clone());
        let plain = plain.tap_io(|stream| {
            // Small answers must not wait for more bytes; failing to say so only costs speed.
            let _ = stream.set_nodelay(true);
        });
        let tls = TlsListener::new(tls, &identity)
            .map_err(|source| StartError::Listen { address: options.bind_tls, source })?;
        serve(plain, api.clone().merge(gateway), stop.clone());
        serve(tls, api, stop.clone());
        Ok(Self { _running: Some(Arc::new(stop.drop_guard())), ..discord })
    }

    /// Where plain HTTP and the gateway listen.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.shared.addr
    }

    /// Where HTTPS for `discord.com` listens.
    #[must_use]
    pub fn tls_addr(&self) -> SocketAddr {
        self.shared.tls_addr
    }

    /// Base URL of the plain REST interface, for clients that can be pointed elsewhere.
    #[must_use]
    pub fn rest_url(&self) -> String {
        format!("http://{}/api", self.addr())
    }

    /// URL of the gateway, as `GET /gateway` tells it.
    #[must_use]
    pub fn gateway_url(&self) -> String {
        format!("ws://{}", self.addr())
    }

    /// The authority that signed the certificate, PEM.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.shared.ca_pem
    }

    /// Writes [`Self::ca_pem`] to a file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_ca(&self, path: &Path) -> io::Result<()> {
        std::fs::write(path, self.ca_pem())
    }

    /// The bot token that is taken.
    #[must_use]
    pub fn token(&self) -> String {
        self.look(|state| state.application.token.clone())
    }

    /// Id of the application and of its bot user.
    #[must_use]
    pub fn application_id(&self) -> Id {
        self.look(|state| state.application.id)
    }

    /// Id of the guild.
    #[must_use]
    pub fn guild_id(&self) -> Id {
        self.look(|state| state.guild.id)
    }

    /// The gateway, to be told to misbehave.
    #[must_use]
    pub fn gateway(&self) -> Gateway<'_> {
        Gateway::new(self)
    }

    /// Lets the next matching REST requests go wrong.
    pub fn fails(&self, fault: Fault) {
        self.change(|state| state.faults.push(fault));
    }

    /// How many requests of a method the bot has sent to paths that contain this.
    #[must_use]
    pub fn asked(&self, method: &Method, path_contains: &str) -> usize {
        let fits = |asked: &&(Method, String)| asked.0 == *method && asked.1.contains(path_contains);
        self.look(|state| state.asked.iter().filter(fits).count())
    }

    /// Faults that have not hit yet.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        self.look(|state| state.faults.clone())
    }

    /// Forgets every fault that has not hit yet.
    pub fn heals(&self) {
        self.change(|state| state.faults.clear());
    }

    /// Moves the stand-in's clock ahead: tokens age, answers become late.
    pub fn advance(&self, by: Duration) {
        self.change(|state| state.clock.advance(by));
    }

    /// A receiver that wakes whenever anything changed.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.shared.changed.subscribe()
    }

    /// Looks for something, and may note that it was seen. Not [`Self::change`]: looking must not wake those who look.
    pub(crate) fn search<T>(&self, found: impl FnOnce(&mut State) -> Option<T>) -> Option<T> {
        found(&mut self.shared.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Done once the last handle is dropped.
    pub(crate) async fn stopped(&self) {
        self.shared.stop.cancelled().await;
    }

    pub(crate) fn look<R>(&self, read: impl FnOnce(&State) -> R) -> R {
        read(&self.shared.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn change<R>(&self, write: impl FnOnce(&mut State) -> R) -> R {
        let result = write(&mut self.shared.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.shared.changed.send_modify(|count| *count += 1);
        result
    }

    /// Waits until `found` gives something.
    ///
    /// # Panics
    /// After the stand-in's patience, showing every transcript: a story that waits in vain has failed.
    pub(crate) async fn wait_until<T>(&self, what: &str, mut found: impl FnMut(&mut State) -> Option<T>) -> T {
        let mut changes = self.changes();
        let search = async {
            loop {
                changes.borrow_and_update();
                if let Some(hit) = self.search(&mut found) {
                    return hit;
                }
                // The sender lives in `self`, so this only returns on a change.
                let _ = changes.changed().await;
            }
        };
        match tokio::time::timeout(self.shared.patience, search).await {
            Ok(hit) => hit,
            Err(_) => panic!(
                "waited {:?} in vain until {what}; this is what can be seen:\n{}",
                self.shared.patience,
                self.transcripts()
            ),
        }
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| StartError::Listen { address, source })
}

fn serve<L>(listener: L, router: axum::Router, stop: CancellationToken)
where
    L: axum::serve::Listener,
    L::Addr: std::fmt::Debug,
{
    tokio::spawn(async move {
        let server = std::future::IntoFuture::into_future(axum::serve(listener, router));
        tokio::select! {
            () = stop.cancelled() => {}
            result = server => {
                if let Err(error) = result {
                    tracing::error!(%error, "a server of the sandbox ended");
                }
            }
        }
    });
}
