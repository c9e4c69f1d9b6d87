//! Reads and writes of the REST API, each with what may be done about a fault of its class:
//! a read is repeated, a write is not.

use std::{
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::Value;
use signalbox_domain::{
    ports::{Clock, ForgeError},
    pulse::Budget,
};
use url::Url;

use super::{
    Settings, SettingsError,
    cache::Cache,
    credentials::{Credentials, Speaker},
    limits::Limits,
    path::Path,
    transport::{Answer, Failure, Outgoing, Transport},
    wire::{ErrorBody, Page},
};

/// How often a read is tried.
const TRIES: u32 = 3;

/// A request that still lacks its authorization.
pub(super) struct Call<'a> {
    pub(super) method: Method,
    pub(super) path: &'a Path,
    pub(super) if_none_match: Option<HeaderValue>,
    pub(super) body: Option<Value>,
}

impl<'a> Call<'a> {
    pub(super) fn new(method: Method, path: &'a Path) -> Self {
        Self { method, path, if_none_match: None, body: None }
    }
}

/// Why a request has no answer that can be used.
#[derive(Debug)]
pub(super) enum Fault {
    /// A limit forbids it: nothing was sent, or GitHub refused it for that reason.
    Limited(Timestamp),
    /// There was nothing to sign it with; it was not sent.
    Unsigned(ForgeError),
    /// It was not answered.
    Unanswered(Failure),
}

impl From<Fault> for ForgeError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Limited(until) => Self::RateLimited { until },
            Fault::Unsigned(error) => error,
            Fault::Unanswered(Failure::NotSent(why) | Failure::Lost(why)) => Self::Unavailable(why),
        }
    }
}

/// Requests that keep to GitHub's limits. Each call is at most one request.
pub(super) struct Wire {
    transport: Transport,
    limits: Limits,
    clock: Arc<dyn Clock>,
    skew: Mutex<Option<SignedDuration>>,
}

impl Wire {
    /// Sends a request, once, unless a limit forbids it.
    pub(super) async fn call(&self, call: Call<'_>, authorization: HeaderValue) -> Result<Answer, Fault> {
        if call.method != Method::GET && self.limits.closed_until().is_none() {
            self.limits.space_writes().await;
        }
        if let Some(until) = self.limits.closed_until() {
            return Err(Fault::Limited(until));
        }
        let Call { method, path, if_none_match, body } = call;
        let request = Outgoing { method, path, authorization, if_none_match, body };
        let answer = self.transport.send(request).await.map_err(Fault::Unanswered)?;
        if let Some(date) = answer.date() {
            *self.skew.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.clock.now().duration_since(date));
        }
        match self.limits.observe(&answer) {
            Some(until) => Err(Fault::Limited(until)),
            None => Ok(answer),
        }
    }
}

/// The REST API.
pub(super) struct Api {
    wire: Wire,
    credentials: Credentials,
    cache: Cache,
    is_local: bool,
}

impl Api {
    pub(super) fn new(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self, SettingsError> {
        Ok(Self {
            credentials: Credentials::new(&settings.auth, Arc::clone(&clock))?,
            wire: Wire {
                transport: Transport::new(&settings.api_url, settings.timeouts)?,
                limits: Limits::new(Arc::clone(&clock)),
                clock,
                skew: Mutex::default(),
            },
            cache: Cache::default(),
            is_local: settings.api_url.scheme() == "http",
        })
    }

    /// How far our clock is ahead of GitHub's, as of the last answer.
    pub(super) fn clock_skew(&self) -> Option<SignedDuration> {
        *self.wire.skew.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is left of the budget, as of the last answer.
    pub(super) fn budget(&self) -> Option<Budget> {
        self.wire.limits.budget()
    }

    /// Whether requests are signed by a GitHub App.
    pub(super) fn is_app(&self) -> bool {
        matches!(self.credentials, Credentials::App(_))
    }

    /// The id of that App.
    pub(super) fn app_id(&self) -> Option<u64> {
        match &self.credentials {
            Credentials::App(app) => Some(app.id()),
            Credentials::Token(_) => None,
        }
    }

    /// Whether an address that GitHub names may be asked: over TLS, unless the API itself is on this machine.
    pub(super) fn may_be_asked(&self, address: &Url) -> bool {
        address.scheme() == "https" || self.is_local && address.scheme() == "http"
    }

    /// Sends a POST, once.
    pub(super) async fn write(&self, speaker: Speaker<'_>, path: &Path, body: Option<Value>) -> Result<Answer, Fault> {
        self.send(Method::POST, speaker, path, body).await
    }

    /// Sends a write, once.
    pub(super) async fn send(
        &self,
        method: Method,
        speaker: Speaker<'_>,
        path: &Path,
        body: Option<Value>,
    ) -> Result<Answer, Fault> {
        let authorization = self.credentials.authorize(&self.wire, speaker).await.map_err(Fault::Unsigned)?;
        let answer = self.wire.call(Call { body, ..Call::new(method, path) }, authorization).await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            self.credentials.forget(speaker).await;
        }
        Ok(answer)
    }

    /// Reads.
    pub(super) async fn read<T: DeserializeOwned>(&self, speaker: Speaker<'_>, path: &Path) -> Result<T, ForgeError> {
        Ok(self.read_with_headers(speaker, path).await?.0)
    }

    /// Reads; faults of the network and of GitHub are tried again.
    pub(super) async fn read_with_headers<T: DeserializeOwned>(
        &self,
        speaker: Speaker<'_>,
        path: &Path,
    ) -> Result<(T, HeaderMap), ForgeError> {
        let mut tries = 1;
        loop {
            match self.read_once(speaker, path).await {
                Err(ForgeError::Unavailable(why)) if tries < TRIES => {
                    tracing::info!(path = path.as_str(), why, tries, "reading from GitHub again");
                    tokio::time::sleep(pause(tries)).await;
                    tries += 1;
                }
                read => return read,
            }
        }
    }

    async fn read_once<T: DeserializeOwned>(
        &self,
        speaker: Speaker<'_>,
        path: &Path,
    ) -> Result<(T, HeaderMap), ForgeError> {
        let mut answer = self.get(speaker, path).await?;
        if answer.status == StatusCode::UNAUTHORIZED && self.credentials.forget(speaker).await {
            answer = self.get(speaker, path).await?;
        }
        if answer.status != StatusCode::OK {
            return Err(refused(&answer, path));
        }
        let value = answer.json().map_err(|error| unreadable(path, &error.to_string()))?;
        if let Some(etag) = answer.headers.get(header::ETAG) {
            self.cache.put(path.as_str(), etag.clone(), answer.body);
        }
        Ok((value, answer.headers))
    }

    /// One GET; an answer that has not changed is taken from the cache.
    pub(super) async fn get(&self, speaker: Speaker<'_>, path: &Path) -> Result<Answer, ForgeError> {
        let authorization = self.credentials.authorize(&self.wire, speaker).await?;
        let (etag, known) = self.cache.get(path.as_str()).unzip();
        let call = Call { if_none_match: etag.clone(), ..Call::new(Method::GET, path) };
        let mut answer = self.wire.call(call, authorization).await?;
        if answer.status == StatusCode::NOT_MODIFIED
            && let Some((etag, body)) = etag.zip(known)
        {
            answer.headers.entry(header::ETAG).or_insert(etag);
            answer.body = body;
            answer.status = StatusCode::OK;
        }
        Ok(answer)
    }

    /// Reads a listing, at most `pages` pages of `per_page`.
    pub(super) async fn list<P: Page + DeserializeOwned>(
        &self,
        speaker: Speaker<'_>,
        path: &Path,
        per_page: usize,
        pages: usize,
    ) -> Result<Vec<P::Item>, ForgeError> {
        let mut items = Vec::new();
        for page in 1..=pages {
            let path = path.clone().query("per_page", per_page).query("page", page);
            let more = self.read::<P>(speaker, &path).await?.items();
            let is_last = more.len() < per_page;
            items.extend(more);
            if is_last {
                break;
            }
        }
        Ok(items)
    }
}

/// What an answer that is not the one hoped for means.
pub(super) fn refused(answer: &Answer, path: &Path) -> ForgeError {
    let status = answer.status.as_u16();
    let said = said(answer);
    match status {
        // A write is answered so when its subject was renamed or moved; a read as well. Following would
        // mean to work in a repository that nobody configured.
        300..=399 => ForgeError::NotFound(format!("{path} has moved; name its new place in the configuration")),
        401 | 403 => {
            let lacks = answer.header("x-accepted-github-permissions").map(|p| format!(", it takes {p}"));
            ForgeError::Forbidden(format!("{said} ({status} for {path}{})", lacks.unwrap_or_default()))
        }
        404 | 409 | 410 | 422 => ForgeError::NotFound(format!("{said} ({status} for {path})")),
        _ => ForgeError::Unavailable(format!("{said} ({status} for {path})")),
    }
}

/// GitHub's words, or the status's own.
pub(super) fn said(answer: &Answer) -> String {
    let text = ErrorBody::of(answer).text();
    if text.is_empty() { answer.status.canonical_reason().unwrap_or("an unknown status").to_owned() } else { text }
}

/// An answer that is not what GitHub documents.
pub(super) fn unreadable(path: &Path, why: &str) -> ForgeError {
    ForgeError::Unavailable(format!("the answer for {path} could not be read: {why}"))
}

/// A pause that grows, with a random part so that several readers do not return in step.
fn pause(tries: u32) -> Duration {
    let jitter = RandomState::new().hash_one(tries) % 250;
    Duration::from_millis(250 * u64::from(tries) + jitter)
}
