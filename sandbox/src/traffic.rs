//! Records what went over the wire, one JSON object a line, so that it can be
//! held against the official API descriptions afterwards.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, header};
use serde::Serialize;
use serde_json::Value;

use crate::multipart;

/// The largest body that is buffered for the log, in bytes: Discord's request limit of 25 MiB.
const LARGEST_BODY: usize = 25 * 1024 * 1024;

/// Status noted for a request whose client went away before it was answered.
const CLIENT_GONE: u16 = 499;

/// The service an exchange belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// The Discord REST API.
    Discord,
    /// The GitHub REST API.
    Github,
}

/// One request and its answer.
#[derive(Clone, Debug, Serialize)]
pub struct Exchange {
    /// Whose API was called.
    pub service: Service,
    /// Request method, upper case.
    pub method: String,
    /// Path as it was sent, percent-encoding included.
    pub path: String,
    /// Query string without the question mark.
    pub query: Option<String>,
    /// Content type without parameters; empty when there was none.
    pub content_type: String,
    /// JSON body, or the `payload_json` part of a multipart body.
    pub body: Option<Value>,
    /// Part names of a multipart body, in order.
    pub parts: Vec<String>,
    /// Status of the answer.
    pub status: u16,
    /// JSON body of the answer.
    pub response: Option<Value>,
    /// Whether the answer was broken on purpose.
    pub fault: bool,
}

#[derive(Serialize)]
struct Delivery<'a> {
    service: Service,
    webhook: &'a str,
    body: &'a Value,
}

/// Put into a response's extensions when the answer was broken on purpose.
#[derive(Clone, Copy, Debug)]
pub struct BrokenOnPurpose;

/// An append-only log of exchanges. Clones share the files; without a file it records nothing.
#[derive(Clone, Debug, Default)]
pub struct TrafficLog {
    files: Option<Arc<Files>>,
}

/// GitHub's refs may hold slashes, so whoever checks the log can take `/commits/{ref}/check-runs` for
/// `/commits/{ref}`. Such paths are kept apart, to be held against the longer routes first.
#[derive(Debug)]
struct Files {
    usual: Mutex<File>,
    beyond_refs: Mutex<File>,
}

/// The folder, beside the log, of what is kept apart.
const BEYOND_REFS: &str = "beyond-refs";

impl TrafficLog {
    /// Appends to the file at `path`, which is created with its folder when missing, and to one of the same name in
    /// the folder `beyond-refs` beside it.
    ///
    /// # Errors
    /// When the folder or the file cannot be created.
    pub fn to_file(path: &Path) -> io::Result<Self> {
        let beyond = path.with_file_name(BEYOND_REFS);
        std::fs::create_dir_all(&beyond)?;
        let open = |path: &Path| OpenOptions::new().create(true).append(true).open(path).map(Mutex::new);
        let beyond_refs = open(&beyond.join(path.file_name().unwrap_or_default()))?;
        Ok(Self { files: Some(Arc::new(Files { usual: open(path)?, beyond_refs })) })
    }

    /// A log that records nothing.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Whether anything is recorded.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.files.is_some()
    }

    /// Appends one request and its answer.
    pub fn exchange(&self, exchange: &Exchange) {
        self.append(exchange, goes_beyond_a_ref(&exchange.path));
    }

    /// Appends one webhook that GitHub's stand-in delivered.
    pub fn webhook(&self, event: &str, body: &Value) {
        self.append(&Delivery { service: Service::Github, webhook: event, body }, false);
    }

    fn append<T: Serialize>(&self, line: &T, beyond_refs: bool) {
        let Some(files) = &self.files else { return };
        let file = if beyond_refs { &files.beyond_refs } else { &files.usual };
        let written = serde_json::to_vec(line).map_err(io::Error::from).and_then(|mut text| {
            text.push(b'\n');
            // One write per line keeps lines whole when several logs append to the same file.
            file.lock().unwrap_or_else(PoisonError::into_inner).write_all(&text)
        });
        if let Err(error) = written {
            tracing::error!(%error, "cannot append to the traffic log");
        }
    }
}

fn goes_beyond_a_ref(path: &str) -> bool {
    let mut segments = path.trim_start_matches('/').split('/');
    segments.next() == Some("repos") && segments.nth(2) == Some("commits") && segments.nth(1).is_some()
}

/// Wraps a router so that every exchange of `service` is recorded in `log`.
pub fn recorded(router: Router, service: Service, log: TrafficLog) -> Router {
    if !log.is_on() {
        return router;
    }
    router.layer(middleware::from_fn_with_state((service, log), record))
}

async fn record(State((service, log)): State<(Service, TrafficLog)>, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    let Ok(sent) = axum::body::to_bytes(body, LARGEST_BODY).await else {
        return plain_answer(http::StatusCode::PAYLOAD_TOO_LARGE);
    };
    let mut pending = Pending { exchange: opened(service, &head, &sent), log, done: false };
    let request = Request::from_parts(head, Body::from(sent));
    let (head, body) = next.run(request).await.into_parts();
    let Ok(answer) = axum::body::to_bytes(body, usize::MAX).await else {
        return plain_answer(http::StatusCode::INTERNAL_SERVER_ERROR);
    };
    pending.exchange.status = head.status.as_u16();
    pending.exchange.fault = head.extensions.get::<BrokenOnPurpose>().is_some();
    pending.exchange.response = json_of(&head.headers, &answer);
    pending.finish();
    Response::from_parts(head, Body::from(answer))
}

/// Writes the exchange even when the client gives up waiting and the handler is dropped.
struct Pending {
    exchange: Exchange,
    log: TrafficLog,
    done: bool,
}

impl Pending {
    fn finish(mut self) {
        self.done = true;
        self.log.exchange(&self.exchange);
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.done {
            self.log.exchange(&self.exchange);
        }
    }
}

fn opened(service: Service, head: &http::request::Parts, body: &Bytes) -> Exchange {
    let content_type = media_type(&head.headers);
    let (parts, body) = match multipart::boundary(&head.headers) {
        Some(boundary) => {
            let parts = multipart::parse(body, &boundary).unwrap_or_default();
            let payload = parts
                .iter()
                .find(|part| part.name == "payload_json")
                .and_then(|part| serde_json::from_slice(&part.content).ok());
            (parts.into_iter().map(|part| part.name).collect(), payload)
        }
        None => (Vec::new(), serde_json::from_slice(body).ok()),
    };
    Exchange {
        service,
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().map(str::to_owned),
        content_type,
        body,
        parts,
        // Replaced once there is an answer; a client that did not wait was given none to check.
        status: CLIENT_GONE,
        response: None,
        fault: true,
    }
}

fn media_type(headers: &HeaderMap) -> String {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(|value| value.trim().to_ascii_lowercase())
        .unwrap_or_default()
}

fn json_of(headers: &HeaderMap, body: &Bytes) -> Option<Value> {
    media_type(headers).contains("json").then(|| serde_json::from_slice(body).ok()).flatten()
}

fn plain_answer(status: http::StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
