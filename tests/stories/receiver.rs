//! Somebody who is told of events over HTTP, and answers as a story says.

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::any,
};
use tokio::{net::TcpListener, sync::watch};

/// A request that came in, and what was answered.
#[derive(Clone, Debug)]
pub struct Received {
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
    pub status: u16,
}

type Shared = Arc<(Mutex<u16>, watch::Sender<Vec<Received>>)>;

/// A server on this machine; it ends with the story's runtime.
pub struct Receiver {
    address: SocketAddr,
    shared: Shared,
}

impl Receiver {
    /// It answers everything with this status.
    pub async fn start(status: u16) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shared: Shared = Arc::new((Mutex::new(status), watch::channel(vec![]).0));
        let router = Router::new().fallback(any(receive)).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, shared })
    }

    /// From now on it answers so.
    pub fn answers(&self, status: u16) {
        *self.shared.0.lock().unwrap() = status;
    }

    pub fn url(&self) -> String {
        format!("http://{}/hooks", self.address)
    }

    pub fn received(&self) -> Vec<Received> {
        self.shared.1.borrow().clone()
    }

    /// Waits until what came in fulfils a condition.
    pub async fn wait_for(&self, what: &str, holds: impl Fn(&[Received]) -> bool) {
        let mut changes = self.shared.1.subscribe();
        let waited = tokio::time::timeout(Duration::from_secs(40), changes.wait_for(|received| holds(received))).await;
        assert!(waited.is_ok(), "{what} did not come in: {:#?}", self.received());
    }
}

async fn receive(State(shared): State<Shared>, uri: Uri, headers: HeaderMap, body: String) -> Response {
    let status = *shared.0.lock().unwrap();
    let text = |(name, value): (&header::HeaderName, &header::HeaderValue)| {
        (name.to_string(), value.to_str().unwrap_or_default().to_owned())
    };
    let received = Received { path: uri.path().to_owned(), headers: headers.iter().map(text).collect(), body, status };
    shared.1.send_modify(|all| all.push(received));
    let leads = [(header::LOCATION, "/elsewhere")];
    (StatusCode::from_u16(status).unwrap(), leads, vec![b'x'; 100_000]).into_response()
}
