//! GitHub's webhooks (<https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries>).
//!
//! A delivery is a hint that a run is worth reading, no more: nothing it says of the run is believed.
//! GitHub sends it once and does not repeat it by itself, so its GUID is recorded together with what it
//! asks for, or not at all.

use std::{error::Error, sync::Arc};

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, Request, StatusCode, header},
    response::{IntoResponse, Response},
};
use hmac::{Hmac, Mac};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::json;
use sha2::Sha256;
use signalbox_domain::{
    effect::{Due, Effect},
    ids::{RepositoryName, RunId},
    ports::StoreError,
    pulse::Kind,
};
use url::Url;

use super::{
    Web, Webhooks,
    request::{self, NoBody, is_json, is_object, one},
};

/// GitHub sends nothing larger.
const MAX_BODY: usize = 25 * 1024 * 1024;

/// What became of a delivery.
#[derive(Debug)]
enum Outcome {
    /// It gives something to do.
    Queued,
    /// It was recorded before.
    Duplicate,
    /// There is nothing in it for us.
    Ignored(&'static str),
}

/// Why a delivery was not taken.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("the body is larger than 25 MB")]
    TooLarge,
    #[error("the body did not arrive whole")]
    Broken,
    #[error("the signature is missing or wrong")]
    Unsigned,
    #[error("{0}")]
    Malformed(&'static str),
    #[error("the delivery could not be recorded")]
    Unrecorded(#[source] StoreError),
}

/// The few fields that are read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Payload {
    repository: Option<Repository>,
    workflow_run: Option<Run>,
    workflow_job: Option<Job>,
    deployment_callback_url: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Repository {
    full_name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Run {
    id: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Job {
    run_id: Option<u64>,
}

/// Takes a delivery.
pub(super) async fn receive(State(web): State<Arc<Web>>, request: Request<Body>) -> Response {
    let guid = request.headers().get("x-github-delivery").and_then(|guid| guid.to_str().ok()).unwrap_or("-");
    let span = tracing::info_span!("webhook", delivery = guid);
    let taken = match &web.webhooks {
        Some(webhooks) => take(&web, webhooks, request).await,
        None => Err(Refused::Unsigned),
    };
    let _in_span = span.enter();
    let (status, body) = match taken {
        Ok(outcome) => {
            tracing::debug!(?outcome, "a webhook was taken");
            web.pulse.heard(Kind::Webhook, web.clock.now());
            let (status, why) = match outcome {
                Outcome::Queued => ("queued", None),
                Outcome::Duplicate => ("duplicate", None),
                Outcome::Ignored(why) => ("ignored", Some(why)),
            };
            (StatusCode::ACCEPTED, json!({"status": status, "why": why}))
        }
        Err(refused) => {
            tracing::warn!(why = %refused, cause = refused.source(), "a webhook was refused");
            (refused.status(), json!({"status": "refused", "why": refused.to_string()}))
        }
    };
    (status, Json(body)).into_response()
}

impl From<NoBody> for Refused {
    fn from(why: NoBody) -> Self {
        match why {
            NoBody::TooLarge => Self::TooLarge,
            NoBody::Broken => Self::Broken,
        }
    }
}

impl Refused {
    fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Broken | Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Unsigned => StatusCode::UNAUTHORIZED,
            Self::Unrecorded(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

async fn take(web: &Web, webhooks: &Webhooks, request: Request<Body>) -> Result<Outcome, Refused> {
    let (parts, body) = request.into_parts();
    let headers = parts.headers;
    if declared_length(&headers).is_some_and(|length| length > MAX_BODY as u64) {
        return Err(Refused::TooLarge);
    }
    // Looked at before the body is read: who cannot sign shall not fill our memory.
    let signature = signature(&headers).ok_or(Refused::Unsigned)?;
    let body = request::body(body, MAX_BODY).await?;
    verify(webhooks, &signature, &body)?;

    let event = one(&headers, "x-github-event").ok_or(Refused::Malformed("X-GitHub-Event is missing"))?;
    let guid = one(&headers, "x-github-delivery")
        .filter(|guid| (1..=64).contains(&guid.len()))
        .ok_or(Refused::Malformed("X-GitHub-Delivery is missing"))?;
    if !is_json(&headers) {
        return Err(Refused::Malformed("the content type is not application/json; set it so at the webhook"));
    }
    let payload = serde_json::from_slice(&body).ok().filter(|_| is_object(&body));
    let payload: Payload = payload.ok_or(Refused::Malformed("the body is not JSON of an event"))?;
    let effect = match wanted(webhooks, event, payload)? {
        Ok(effect) => effect,
        Err(why) => return Ok(Outcome::Ignored(why)),
    };
    record(web, guid, effect).await
}

fn declared_length(headers: &HeaderMap) -> Option<u64> {
    one(headers, header::CONTENT_LENGTH.as_str())?.parse().ok()
}

fn signature(headers: &HeaderMap) -> Option<Vec<u8>> {
    let digest = hex::decode(one(headers, "x-hub-signature-256")?.strip_prefix("sha256=")?).ok()?;
    (digest.len() == 32).then_some(digest)
}

/// Compares in constant time.
fn verify(webhooks: &Webhooks, signature: &[u8], body: &[u8]) -> Result<(), Refused> {
    let mac = Hmac::<Sha256>::new_from_slice(webhooks.secret.expose_secret().as_bytes());
    let mut mac = mac.map_err(|_| Refused::Unsigned)?;
    mac.update(body);
    mac.verify_slice(signature).map_err(|_| Refused::Unsigned)
}

/// What a delivery asks for, or why it asks for nothing.
fn wanted(webhooks: &Webhooks, event: &str, payload: Payload) -> Result<Result<Effect, &'static str>, Refused> {
    if event == "deployment_protection_rule" && !webhooks.answers_rules {
        return Ok(Err("answering a protection rule takes a GitHub App, and Signalbox has a personal token"));
    }
    let named = payload.repository.as_ref().and_then(|repository| repository.full_name.as_deref());
    let run = match event {
        "workflow_run" => payload.workflow_run.and_then(|run| run.id),
        "workflow_job" => payload.workflow_job.and_then(|job| job.run_id),
        "deployment_protection_rule" => {
            let url = payload.deployment_callback_url.as_deref();
            let url = url.ok_or(Refused::Malformed("the event names no callback"))?;
            match run_of(&webhooks.api_url, named.unwrap_or_default(), url) {
                Some(run) => Some(run),
                None => {
                    tracing::warn!(url, "a protection rule's callback leads elsewhere, and is not followed");
                    return Ok(Err("the callback leads elsewhere"));
                }
            }
        }
        _ => return Ok(Err("nothing follows from this event")),
    };
    let run = run.map(RunId).ok_or(Refused::Malformed("the event names no run"))?;
    let repository = payload.repository.and_then(|repository| repository.full_name);
    let repository = repository.ok_or(Refused::Malformed("the event names no repository"))?;
    // GitHub does not mind the case; our records keep the one that is configured.
    let known: Option<&RepositoryName> =
        webhooks.repositories.iter().find(|known| known.as_str().eq_ignore_ascii_case(&repository));
    Ok(known.cloned().map(|repository| Effect::Observe { repository, run }).ok_or("the repository is not configured"))
}

/// The run of a protection rule's callback, if that is an address of our API and of this repository. The address is
/// read and never called: the answer goes to one that we make.
fn run_of(api: &Url, repository: &str, callback: &str) -> Option<u64> {
    let callback = Url::parse(callback).ok()?;
    let ours = callback.origin() == api.origin() && callback.username().is_empty() && callback.query().is_none();
    let path = callback.path().strip_prefix(api.path().trim_end_matches('/')).filter(|_| ours)?;
    let mut parts = path.strip_prefix("/repos/")?.splitn(3, '/');
    let (owner, name, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let (its_owner, its_name) = repository.split_once('/')?;
    let same = owner.eq_ignore_ascii_case(its_owner) && name.eq_ignore_ascii_case(its_name);
    let run = rest.strip_prefix("actions/runs/")?.strip_suffix("/deployment_protection_rule")?;
    run.parse().ok().filter(|_| same)
}

async fn record(web: &Web, guid: &str, effect: Effect) -> Result<Outcome, Refused> {
    let now = web.clock.now();
    let is_new = web.inbox.delivered(guid, now, vec![Due { effect, at: now }]).await.map_err(Refused::Unrecorded)?;
    if !is_new {
        return Ok(Outcome::Duplicate);
    }
    web.wake.notify_one();
    Ok(Outcome::Queued)
}
