//! One request and its answer over a connection that stands.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt, Empty};
use hyper::{
    body::Incoming,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use rustls::{client::WebPkiServerVerifier, pki_types::ServerName};
use signalbox_domain::{
    Timestamp,
    environment::HealthCheck,
    health::{BadBody, Reply, Silence},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::{Instant, timeout, timeout_at},
};
use tokio_util::task::AbortOnDropHandle;
use url::Url;

use super::{
    DEADLINE,
    certificate::{self, Recorder},
};
use crate::cause::innermost;

/// How much of a body is read.
const MOST: usize = 1024 * 1024;

/// What is asked for.
pub(super) struct Target<'a> {
    pub(super) url: &'a Url,
    /// The `Host` header, where it is not that of the address.
    pub(super) host: Option<&'a str>,
    pub(super) verifier: &'a Arc<WebPkiServerVerifier>,
    pub(super) deadline: Instant,
}

/// The head of an answer; its body is still on its way.
pub(super) struct Answer {
    response: Response<Incoming>,
    certificate_ends: Option<Timestamp>,
    /// Dropped with the answer: a body that does not end ends then.
    _connection: AbortOnDropHandle<()>,
}

impl Answer {
    pub(super) fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }
}

/// Sends the request and waits for the head of the answer.
pub(super) async fn get(stream: TcpStream, target: &Target<'_>) -> Result<Answer, Silence> {
    if target.url.scheme() == "http" {
        return over(stream, target, None).await;
    }
    let name = target.url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let server = ServerName::try_from(name.clone()).map_err(|_| Silence::NoUrl(target.url.to_string()))?;
    let recorder = Recorder::new(target.verifier.clone());
    let config = certificate::client(recorder.clone()).map_err(|error| Silence::NoTls(error.to_string()))?;
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    match timeout_at(target.deadline, connector.connect(server, stream)).await {
        Err(_) => Err(too_slow("TLS handshake")),
        Ok(Err(error)) => Err(certificate::why_not(&error, &name, recorder.seen().as_ref())),
        Ok(Ok(stream)) => over(stream, target, recorder.seen().map(|seen| seen.ends)).await,
    }
}

async fn over(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    target: &Target<'_>,
    certificate_ends: Option<Timestamp>,
) -> Result<Answer, Silence> {
    let broken = |error: hyper::Error| Silence::Broken(innermost(&error));
    let (mut sender, connection): (SendRequest<Empty<Bytes>>, _) =
        http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let connection = AbortOnDropHandle::new(tokio::spawn(async move {
        // Whoever waits for the answer hears of it.
        let _ = connection.await;
    }));
    let request = request(target).ok_or_else(|| Silence::NoUrl(target.url.to_string()))?;
    match timeout_at(target.deadline, sender.send_request(request)).await {
        Err(_) => Err(too_slow("answer")),
        Ok(Err(error)) => Err(broken(error)),
        Ok(Ok(response)) => Ok(Answer { response, certificate_ends, _connection: connection }),
    }
}

fn request(target: &Target<'_>) -> Option<Request<Empty<Bytes>>> {
    let url = target.url;
    let host = url.host_str()?;
    let authority = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let query = url.query().map_or_else(String::new, |query| format!("?{query}"));
    Request::get(format!("{}{query}", url.path()))
        .header(header::HOST, target.host.unwrap_or(&authority))
        .header(header::USER_AGENT, concat!("signalbox/", env!("CARGO_PKG_VERSION")))
        .header(header::ACCEPT, "*/*")
        .header(header::CONNECTION, "close")
        .body(Empty::new())
        .ok()
}

/// The whole answer, with its body as far as it is read.
pub(super) async fn reply(
    answer: Answer,
    check: &HealthCheck,
    took: u32,
    location: Option<String>,
    patience: Duration,
) -> Reply {
    let (status, certificate_ends) = (answer.status(), answer.certificate_ends);
    let commit = check.commit_header.as_ref().and_then(|name| answer.header(name)).map(str::to_owned);
    let Answer { response, _connection: connection, .. } = answer;
    let body = match timeout(patience, read(response.into_body())).await {
        Ok(body) => body,
        Err(_) => Err(BadBody::Endless(patience.as_secs())),
    };
    drop(connection);
    Reply { status, took, location, commit, body, certificate_ends }
}

async fn read(mut body: Incoming) -> Result<String, BadBody> {
    let mut read = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| BadBody::Broken)?;
        if let Some(data) = frame.data_ref() {
            read.extend_from_slice(data);
        }
        if read.len() > MOST {
            return Err(BadBody::TooLong(MOST));
        }
    }
    Ok(String::from_utf8_lossy(&read).into_owned())
}

fn too_slow(waiting_for: &'static str) -> Silence {
    Silence::TooSlow { seconds: DEADLINE.as_secs(), waiting_for }
}
