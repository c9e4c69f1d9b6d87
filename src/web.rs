//! What is served over HTTP: GitHub's webhooks and the probes of whoever runs the process.

mod health;
mod webhook;

#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    Router,
    routing::{get, post},
};
use secrecy::SecretString;
use signalbox_domain::{
    ids::RepositoryName,
    ports::{Clock, Inbox, Store},
};
use tokio::sync::Notify;

/// What the routes need.
pub struct Web {
    /// Where deliveries are recorded.
    pub inbox: Arc<dyn Inbox>,
    /// What readiness is asked of.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Woken after each delivery that gives something to do.
    pub wake: Arc<Notify>,
    /// Whose webhooks are taken. `None`: the route is not there, and runs are followed by polling alone.
    pub webhooks: Option<Webhooks>,
}

/// Whose webhooks are taken.
pub struct Webhooks {
    /// The secret that GitHub signs with.
    pub secret: SecretString,
    /// Repositories of the configured environments; deliveries of others are ignored.
    pub repositories: BTreeSet<RepositoryName>,
}

/// The routes: `POST /webhooks/github`, `GET /healthz` (the process is up), `GET /readyz` (the store answers).
pub fn router(web: Web) -> Router {
    let mut router = Router::new().route("/healthz", get(health::healthz)).route("/readyz", get(health::readyz));
    if web.webhooks.is_some() {
        router = router.route("/webhooks/github", post(webhook::receive));
    }
    router.with_state(Arc::new(web))
}
