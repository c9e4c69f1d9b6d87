//! One request, one answer. octocrab over hyper; nothing here ever sends a request twice.

use std::{error::Error, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use http_body_util::{BodyExt, Limited};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::{client::legacy, rt::TokioExecutor};
use jiff::{Timestamp, fmt::rfc2822};
use octocrab::{
    AuthState, Octocrab, OctocrabBuilder,
    service::middleware::{base_uri::BaseUriLayer, extra_headers::ExtraHeadersLayer},
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::{SettingsError, Timeouts, path::Path};

/// Larger answers are not read; GitHub's own stay far below.
const MAX_BODY: usize = 8 * 1024 * 1024;

/// What GitHub answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// No connection was made: not a byte of the request left us.
    NotSent(String),
    /// The request may have arrived; its answer did not, or not whole.
    Lost(String),
}

/// A request.
pub(super) struct Outgoing<'a> {
    pub(super) method: Method,
    pub(super) path: &'a Path,
    pub(super) authorization: HeaderValue,
    pub(super) if_none_match: Option<HeaderValue>,
    pub(super) body: Option<Value>,
}

/// The connections to GitHub.
pub(super) struct Transport {
    /// Keeps connections open: for reads, which may be repeated.
    pooled: Octocrab,
    /// Opens a connection for each request. A kept one may be closed by the other side just as a write
    /// goes out, and then nobody can tell whether it arrived.
    fresh: Octocrab,
    timeouts: Timeouts,
}

impl Transport {
    pub(super) fn new(api_url: &Url, timeouts: Timeouts) -> Result<Self, SettingsError> {
        let base = Some(api_url)
            .filter(|url| {
                matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.query().is_none()
            })
            .and_then(|url| url.as_str().parse::<Uri>().ok())
            .ok_or_else(|| SettingsError::Url(api_url.clone()))?;
        let https = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::ring::default_provider())
            .map_err(SettingsError::Roots)?
            .https_or_http()
            .enable_http1()
            .build();
        let client = |idle: usize| {
            let connector = Octocrab::builder()
                .set_connect_timeout(Some(timeouts.connect))
                .set_connect_timeout_service(https.clone());
            let client = legacy::Client::builder(TokioExecutor::new())
                .pool_max_idle_per_host(idle)
                .retry_canceled_requests(false)
                .build(connector);
            let Ok(octocrab) = OctocrabBuilder::new_empty()
                .with_service(client)
                .with_layer(&BaseUriLayer::new(base.clone()))
                .with_layer(&ExtraHeadersLayer::new(Arc::new(constant_headers())))
                .with_auth(AuthState::None)
                .build();
            octocrab
        };
        Ok(Self { pooled: client(4), fresh: client(0), timeouts })
    }

    /// Sends a request, once.
    pub(super) async fn send(&self, request: Outgoing<'_>) -> Result<Answer, Failure> {
        let (octocrab, limit) = match request.method {
            Method::GET => (&self.pooled, self.timeouts.read),
            _ => (&self.fresh, self.timeouts.write),
        };
        let path = request.path.to_string();
        let answer = tokio::time::timeout(limit, exchange(octocrab, request)).await;
        let answer = answer.unwrap_or_else(|_| Err(Failure::Lost(format!("no answer within {}", seconds(limit)))));
        match &answer {
            Ok(answer) => tracing::debug!(path, status = answer.status.as_u16(), "GitHub answered"),
            Err(failure) => tracing::debug!(path, ?failure, "GitHub did not answer"),
        }
        answer
    }
}

fn constant_headers() -> Vec<(HeaderName, HeaderValue)> {
    vec![
        (header::USER_AGENT, HeaderValue::from_static(concat!("signalbox/", env!("CARGO_PKG_VERSION")))),
        (header::ACCEPT, HeaderValue::from_static("application/vnd.github+json")),
    ]
}

async fn exchange(octocrab: &Octocrab, request: Outgoing<'_>) -> Result<Answer, Failure> {
    let mut builder = http::Request::builder()
        .method(request.method)
        .uri(request.path.as_str())
        .header(header::AUTHORIZATION, request.authorization);
    if let Some(etag) = request.if_none_match {
        builder = builder.header(header::IF_NONE_MATCH, etag);
    }
    let request =
        octocrab.build_request(builder, request.body.as_ref()).map_err(|error| Failure::NotSent(root_cause(&error)))?;
    let response = octocrab.execute(request).await.map_err(|error| failure(&error))?;
    let (parts, body) = response.into_parts();
    let body = Limited::new(body, MAX_BODY)
        .collect()
        .await
        .map_err(|error| Failure::Lost(format!("the answer broke off: {}", root_cause(error.as_ref()))))?;
    Ok(Answer { status: parts.status, headers: parts.headers, body: body.to_bytes() })
}

fn failure(error: &octocrab::Error) -> Failure {
    let connecting =
        chain(error).filter_map(|cause| cause.downcast_ref::<legacy::Error>()).any(legacy::Error::is_connect);
    let why = root_cause(error);
    if connecting { Failure::NotSent(format!("no connection: {why}")) } else { Failure::Lost(why) }
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

fn root_cause(error: &(dyn Error + 'static)) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

fn seconds(limit: Duration) -> String {
    format!("{} s", limit.as_secs_f64())
}

impl Answer {
    /// The body as JSON; an empty one reads as `null`.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(if self.body.is_empty() { b"null" } else { &self.body })
    }

    /// A header's value, where it is text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// When GitHub says it is.
    pub(super) fn date(&self) -> Option<Timestamp> {
        rfc2822::DateTimeParser::new().parse_timestamp(self.header("date")?).ok()
    }
}
