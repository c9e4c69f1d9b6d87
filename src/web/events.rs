//! `POST /v1/events`: a script of the pipeline speaks through us, with the token of its environment.

use std::{
    collections::BTreeMap,
    error::Error,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Request, StatusCode, header},
    response::{IntoResponse, Response},
};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use sha2::Sha256;
use signalbox_domain::{
    Timestamp,
    environment::Line,
    ids::EnvironmentName,
    inbound::{Inbound, Unsaid},
    ports::StoreError,
    pulse::Kind,
};
use ulid::Ulid;

use super::{
    Web,
    request::{self, NoBody, bearer, is_json, is_object, one},
};

/// Largest body; what may be said is far smaller.
const MAX_BODY: usize = 16 * 1024;
/// Longest idempotency key.
const LONGEST_KEY: usize = 64;

/// Who may speak through us, and how often.
pub struct Events {
    line: Arc<Line>,
    speakers: Vec<Speaker>,
    per_minute: u32,
}

struct Speaker {
    environment: EnvironmentName,
    /// The token's MAC, so that tokens of all lengths are compared alike.
    token: Hmac<Sha256>,
    bucket: Mutex<Bucket>,
}

/// How much may still be said, in thousandths of an event.
#[derive(Default)]
struct Bucket {
    spent: u64,
    at: Option<Timestamp>,
}

impl Events {
    /// The holders of these tokens, each so often in a minute.
    #[must_use]
    pub fn new(line: Arc<Line>, tokens: &BTreeMap<EnvironmentName, SecretString>, per_minute: u32) -> Self {
        let speaker = |(environment, token): (&EnvironmentName, &SecretString)| {
            let token = keyed(token.expose_secret().as_bytes())?;
            Some(Speaker { environment: environment.clone(), token, bucket: Mutex::default() })
        };
        Self { line, speakers: tokens.iter().filter_map(speaker).collect(), per_minute }
    }

    /// Whose token it is. Every one is compared, each in constant time.
    fn speakers(&self, token: &str) -> Vec<&Speaker> {
        let Some(given) = keyed(token.as_bytes()) else { return vec![] };
        let given = given.finalize().into_bytes();
        self.speakers.iter().filter(|speaker| speaker.token.clone().verify_slice(&given).is_ok()).collect()
    }

    /// Counts an event. `Err`: how many seconds to wait first.
    fn admit(&self, speaker: &Speaker, now: Timestamp) -> Result<(), u64> {
        let whole = u64::from(self.per_minute) * 1_000;
        let mut bucket = speaker.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let since = bucket.at.map_or(0, |at| now.duration_since(at).as_millis().clamp(0, 60_000));
        let regained = u64::try_from(since).unwrap_or(0) * whole / 60_000;
        bucket.spent = bucket.spent.saturating_sub(regained);
        bucket.at = Some(now);
        if bucket.spent + 1_000 > whole {
            let lacking = bucket.spent + 1_000 - whole;
            return Err((lacking * 60).div_ceil(whole).max(1));
        }
        bucket.spent += 1_000;
        Ok(())
    }
}

/// An HMAC over a token under a fixed key: equal if the tokens are, and of one length.
fn keyed(token: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(b"signalbox events token").ok()?;
    mac.update(token);
    Some(mac)
}

/// Why it is not said.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("a token is missing or wrong: `Authorization: Bearer …` with the token of the environment")]
    Unauthorized,
    #[error("the token is for another environment")]
    OtherEnvironment,
    #[error("too many events: try again in {0} s")]
    TooMany(u64),
    #[error("the body is larger than 16 KiB")]
    TooLarge,
    #[error("the content type is not application/json: `curl --json` sets it")]
    NotJson,
    #[error("the body did not arrive whole")]
    Broken,
    #[error("the Idempotency-Key is not 1 to 64 visible ASCII characters")]
    Key,
    #[error("the body is not the JSON of an event: {0}")]
    Malformed(String),
    #[error("{0}")]
    Unsaid(#[from] Unsaid),
    #[error("the event could not be recorded: try again")]
    Unrecorded(#[source] StoreError),
}

/// Takes an event.
pub(super) async fn receive(State(web): State<Arc<Web>>, request: Request<Body>) -> Response {
    match take(&web, request).await {
        Ok((id, is_new)) => {
            let status = if is_new { "accepted" } else { "duplicate" };
            (StatusCode::ACCEPTED, Json(json!({"status": status, "id": id}))).into_response()
        }
        Err(refused) => {
            tracing::warn!(why = %refused, cause = refused.source(), "an event of a script was refused");
            refused.into_response()
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, word) = self.kind();
        let mut response = (status, Json(json!({"error": word, "why": self.to_string()}))).into_response();
        let headers = response.headers_mut();
        match self {
            Self::Unauthorized => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"signalbox events\""));
            }
            Self::TooMany(seconds) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
            _ => {}
        }
        response
    }
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
    fn kind(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized"),
            Self::OtherEnvironment => (StatusCode::FORBIDDEN, "other_environment"),
            Self::TooMany(_) => (StatusCode::TOO_MANY_REQUESTS, "too_many"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Self::NotJson => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json"),
            Self::Broken | Self::Key | Self::Malformed(_) | Self::Unsaid(_) => (StatusCode::BAD_REQUEST, "bad_request"),
            Self::Unrecorded(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        }
    }
}

async fn take(web: &Web, request: Request<Body>) -> Result<(String, bool), Refused> {
    let (parts, body) = request.into_parts();
    let headers = parts.headers;
    // Looked at before the body is read: who has no token shall not fill our memory.
    let speakers = bearer(&headers).map(|token| web.events.speakers(token)).unwrap_or_default();
    let first = *speakers.first().ok_or(Refused::Unauthorized)?;
    let now = web.clock.now();
    web.events.admit(first, now).map_err(Refused::TooMany)?;
    let key = idempotency_key(&headers)?;
    if !is_json(&headers) {
        return Err(Refused::NotJson);
    }
    let body = request::body(body, MAX_BODY).await?;
    if !is_object(&body) {
        return Err(Refused::Malformed("it is no object".into()));
    }
    let inbound: Inbound = serde_json::from_slice(&body).map_err(|error| Refused::Malformed(error.to_string()))?;
    let known = speakers.iter().find(|speaker| speaker.environment == inbound.environment);
    let environment = known.and_then(|speaker| web.events.line.get(&speaker.environment));
    let environment = environment.ok_or(Refused::OtherEnvironment)?;
    let id = key.unwrap_or_else(|| Ulid::new().to_string());
    let effects = inbound.plan(&id, environment, now)?;
    let guid = format!("event {} {id}", environment.name);
    let is_new = web.inbox.delivered(&guid, now, effects).await.map_err(Refused::Unrecorded)?;
    web.pulse.heard(Kind::Script, now);
    if is_new {
        web.wake.notify_one();
    }
    Ok((id, is_new))
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Refused> {
    const NAME: &str = "idempotency-key";
    if !headers.contains_key(NAME) {
        return Ok(None);
    }
    let key = one(headers, NAME).map(str::trim).ok_or(Refused::Key)?;
    let good = (1..=LONGEST_KEY).contains(&key.len()) && key.chars().all(|c| c.is_ascii_graphic());
    if good { Ok(Some(key.to_owned())) } else { Err(Refused::Key) }
}
