//! What is served over HTTP: GitHub's webhooks, the answer of the gates to a step that waits, and the probes of
//! whoever runs the process.

mod gate;
mod health;
mod oidc;
mod token;
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
use url::Url;

pub use self::{
    gate::Gates,
    oidc::{AUDIENCE, Issuer},
    token::{LONGEST_LIFE, mint},
};

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
    /// Whose gates are answered for.
    pub gates: Gates,
}

/// Whose webhooks are taken.
pub struct Webhooks {
    /// The secret that GitHub signs with.
    pub secret: SecretString,
    /// Repositories of the configured environments; deliveries of others are ignored.
    pub repositories: BTreeSet<RepositoryName>,
    /// The REST API that callbacks must lead to.
    pub api_url: Url,
    /// Whether we can answer protection rules, which takes a GitHub App.
    pub answers_rules: bool,
}

/// The routes: `POST /webhooks/github`, `GET /v1/gates/{environment}/{commit}`, `GET /healthz` (the process is up), `GET /readyz` (the store answers).
pub fn router(web: Web) -> Router {
    let mut router = Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/v1/gates/{environment}/{commit}", get(gate::ask));
    if web.webhooks.is_some() {
        router = router.route("/webhooks/github", post(webhook::receive));
    }
    router.with_state(Arc::new(web))
}
