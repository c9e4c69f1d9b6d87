//! An HTTP/1.1 server small enough to break on purpose at every byte.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};
use url::Url;

/// A request that arrived.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) method: String,
    /// With its query.
    pub(super) path: String,
    pub(super) headers: http::HeaderMap,
    pub(super) body: Value,
    /// Which connection it came by, counted from 0.
    pub(super) connection: usize,
    pub(super) at: std::time::Instant,
}

/// What the server does about a request.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    Answer {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: String,
    },
    /// A good status line and a body that ends too early.
    Truncated(String),
    /// The connection is closed without an answer.
    Close,
    /// The connection is reset without an answer.
    Reset,
    /// The connection stays open without an answer.
    Hang,
}

impl Reply {
    pub(super) fn json(status: u16, body: Value) -> Self {
        Self::Answer { status, headers: Vec::new(), body: body.to_string() }
    }

    pub(super) fn empty(status: u16) -> Self {
        Self::Answer { status, headers: Vec::new(), body: String::new() }
    }

    pub(super) fn with(self, name: &'static str, value: impl Into<String>) -> Self {
        match self {
            Self::Answer { status, mut headers, body } => {
                headers.push((name, value.into()));
                Self::Answer { status, headers, body }
            }
            other => other,
        }
    }

    pub(super) fn not_found() -> Self {
        Self::json(404, serde_json::json!({"message": "Not Found"}))
    }
}

type Handler = dyn Fn(&Seen) -> Reply + Send + Sync;

/// A server on loopback that remembers what arrived.
pub(super) struct Server {
    pub(super) url: Url,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    pub(super) async fn start(handler: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (log, handler): (_, Arc<Handler>) = (Arc::clone(&seen), Arc::new(handler));
        tokio::spawn(async move {
            for connection in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, connection, Arc::clone(&log), Arc::clone(&handler)));
            }
        });
        Self { url, seen }
    }

    /// Answers one request after the other from a list; what comes after it is answered with a 500.
    pub(super) async fn scripted(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies = Mutex::new(replies.into_iter().collect::<Vec<_>>().into_iter());
        Self::start(move |_| replies.lock().unwrap().next().unwrap_or_else(|| Reply::empty(500))).await
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(super) fn paths(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| format!("{} {}", seen.method, seen.path)).collect()
    }
}

async fn serve(stream: TcpStream, connection: usize, log: Arc<Mutex<Vec<Seen>>>, handler: Arc<Handler>) {
    let mut stream = BufReader::new(stream);
    while let Some(seen) = request(&mut stream, connection).await {
        let reply = handler(&seen);
        log.lock().unwrap().push(seen);
        match reply {
            Reply::Answer { status, headers, body } => {
                let mut head = format!("HTTP/1.1 {status} Status\r\n");
                for (name, value) in headers {
                    head += &format!("{name}: {value}\r\n");
                }
                if !matches!(status, 204 | 304) {
                    head += &format!("content-length: {}\r\n", body.len());
                }
                stream.write_all(format!("{head}\r\n{body}").as_bytes()).await.unwrap();
            }
            Reply::Truncated(body) => {
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len() + 10);
                stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
                return;
            }
            Reply::Close => return,
            Reply::Reset => return stream.get_ref().set_zero_linger().unwrap(),
            Reply::Hang => return std::future::pending().await,
        }
    }
}

async fn request(stream: &mut BufReader<TcpStream>, connection: usize) -> Option<Seen> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok().filter(|read| *read > 0)?;
    let mut start = line.split_whitespace().map(str::to_owned);
    let (method, path) = (start.next()?, start.next()?);
    let mut headers = http::HeaderMap::new();
    loop {
        line.clear();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.append(name.parse::<http::HeaderName>().unwrap(), value.trim().parse().unwrap());
    }
    let length = headers.get("content-length").map_or(0, |value| value.to_str().unwrap().parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    Some(Seen { method, path, headers, body, connection, at: std::time::Instant::now() })
}
