//! What is served over HTTP: GitHub's webhooks, the answer of the gates to a step that waits, a way in for scripts, and
//! the probes of whoever runs the process. `docs/openapi.json` describes all of it, and is served itself.

mod events;
mod gate;
mod health;
mod oidc;
mod request;
mod token;
mod webhook;

#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    Router,
    http::header,
    routing::{get, post},
};
use secrecy::SecretString;
use signalbox_domain::{
    ids::RepositoryName,
    ports::{Clock, Inbox, Store},
};
use tokio::sync::Notify;
use url::Url;

use crate::pulse::Meter;

pub use self::{
    events::Events,
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
    /// Where it is said what came.
    pub pulse: Arc<Meter>,
    /// Woken after each delivery that gives something to do.
    pub wake: Arc<Notify>,
    /// Whose webhooks are taken. `None`: the route is not there, and runs are followed by polling alone.
    pub webhooks: Option<Webhooks>,
    /// Whose gates are answered for.
    pub gates: Gates,
    /// Which scripts may speak through us.
    pub events: Events,
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

/// What describes the routes.
const OPENAPI: &str = include_str!("../docs/openapi.json");

/// The routes: `POST /webhooks/github`, `GET /v1/gates/{environment}/{commit}`, `POST /v1/events`,
/// `GET /v1/openapi.json`, `GET /healthz` (the process is up), `GET /readyz` (the store answers).
pub fn router(web: Web) -> Router {
    let mut router = Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/v1/gates/{environment}/{commit}", get(gate::ask))
        .route("/v1/events", post(events::receive))
        .route("/v1/openapi.json", get(async || ([(header::CONTENT_TYPE, "application/json")], OPENAPI)));
    if web.webhooks.is_some() {
        router = router.route("/webhooks/github", post(webhook::receive));
    }
    router.with_state(Arc::new(web))
}
