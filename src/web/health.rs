//! Probes for whatever keeps the process running.

use std::{sync::Arc, time::Duration};

use axum::{Json, extract::State, http::StatusCode};
use serde_json::{Value, json};
use signalbox_domain::ports::Query;

use super::Web;

/// Probes give up after a second or so; an answer that comes later is none.
const PATIENCE: Duration = Duration::from_secs(1);

/// The process is up.
pub(super) async fn healthz() -> Json<Value> {
    Json(json!({"status": "up", "version": env!("CARGO_PKG_VERSION")}))
}

/// The store answers.
pub(super) async fn readyz(State(web): State<Arc<Web>>) -> (StatusCode, Json<Value>) {
    let why = match tokio::time::timeout(PATIENCE, web.store.find(Query::Recent(1))).await {
        Ok(Ok(_)) => return (StatusCode::OK, Json(json!({"status": "ready"}))),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "the database is slow to answer".to_owned(),
    };
    (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"status": "not ready", "why": why})))
}
