//! The deployed application's stand-in: what its health endpoints answer, per environment.
//!
//! One listener serves every environment and tells them apart by the `Host` header, as the real
//! product does: an unknown host is a 404, not an outage. A deployment changes the build that an
//! environment reports; faults are fields of the state.

mod endpoints;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// One environment of the application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Full commit id of the running build, sent as `X-Build-Sha`.
    pub build: String,
    /// The `version` that the health document names.
    pub version: String,
    /// Address of its database; without one the database always counts as healthy.
    pub database: Option<String>,
    /// What is broken at the moment.
    pub fault: Fault,
}

impl Environment {
    /// A healthy environment that runs `build`.
    pub fn new(build: impl Into<String>) -> Self {
        Self { build: build.into(), version: "1.0.0".to_owned(), database: None, fault: Fault::default() }
    }
}

/// What an environment does wrong. Fields combine; the default is nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fault {
    /// Answer every request with this status.
    pub status: Option<u16>,
    /// Answer health requests with this body instead of the document.
    pub body: Option<String>,
    /// Wait before answering.
    pub delay: Option<Duration>,
    /// Claim that the database is down.
    pub database_down: bool,
}

/// Environments by host name.
pub(crate) type Environments = Arc<Mutex<BTreeMap<String, Environment>>>;

/// A handle on the running application; dropping it ends the listener.
#[derive(Debug)]
pub struct Application {
    address: SocketAddr,
    environments: Environments,
    serving: tokio::sync::Mutex<Option<Serving>>,
}

#[derive(Debug)]
struct Serving {
    task: JoinHandle<()>,
    _end: oneshot::Sender<()>,
}

impl Application {
    /// Starts on a free loopback port, with no environment.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let environments = Environments::default();
        let serving = serve(listener, environments.clone());
        Ok(Self { address, environments, serving: tokio::sync::Mutex::new(Some(serving)) })
    }

    /// Where it listens. Requests must carry the `Host` of an environment.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Adds or replaces the environment that answers to `host`.
    pub fn add(&self, host: impl Into<String>, environment: Environment) {
        self.environments().insert(host.into().to_lowercase(), environment);
    }

    /// Changes the environment at `host`; `false` when there is none.
    pub fn change(&self, host: &str, change: impl FnOnce(&mut Environment)) -> bool {
        let mut environments = self.environments();
        let found = environments.get_mut(&host.to_lowercase());
        found.map(change).is_some()
    }

    /// Makes `build` the one that runs at `host`; `false` when there is no such environment.
    pub fn deploy(&self, host: &str, build: &str) -> bool {
        self.change(host, |environment| build.clone_into(&mut environment.build))
    }

    /// The environment at `host`.
    #[must_use]
    pub fn environment(&self, host: &str) -> Option<Environment> {
        self.environments().get(&host.to_lowercase()).cloned()
    }

    /// Closes the port, so that every connection is refused.
    pub async fn refuse_connections(&self) {
        if let Some(serving) = self.serving.lock().await.take() {
            serving.task.abort();
            // The port is closed once the task has let go of its listener.
            let _ = serving.task.await;
        }
    }

    /// Opens the same port again.
    ///
    /// # Errors
    /// When another program took the port in the meantime.
    pub async fn accept_connections(&self) -> std::io::Result<()> {
        let mut serving = self.serving.lock().await;
        if serving.is_none() {
            let listener = TcpListener::bind(self.address).await?;
            *serving = Some(serve(listener, self.environments.clone()));
        }
        Ok(())
    }

    fn environments(&self) -> MutexGuard<'_, BTreeMap<String, Environment>> {
        self.environments.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn serve(listener: TcpListener, environments: Environments) -> Serving {
    let (end, ended) = oneshot::channel::<()>();
    let router = endpoints::router(environments);
    let task = tokio::spawn(async move {
        tokio::select! {
            result = axum::serve(listener, router) => {
                if let Err(error) = result {
                    tracing::error!(%error, "the application stand-in stopped");
                }
            }
            _ = ended => {}
        }
    });
    Serving { task, _end: end }
}
