//! The page a person uses in place of the Discord client, with GitHub and the tenants beside it.
//!
//! Everything is rendered here; the browser gets finished HTML and swaps parts of it as they change.
//! What the page does it does through the control interface below `/control`, which anything else
//! may use as well.

mod card;
mod chat;
mod control;
mod document;
mod live;
mod pipeline;
mod scene;
mod text;

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Path, Query, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderName, ORIGIN, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::{Router, routing::get};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::discord::{Discord, Id, InteractionHandle};
use crate::github::{self, Github};
use crate::world::Product;
use scene::{Look, Scene};

/// Nothing but the page's own script, style and answers; no inline script or style.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The page, served until it is dropped.
#[derive(Debug)]
pub struct Page {
    address: SocketAddr,
    server: JoinHandle<()>,
}

impl Page {
    /// Serves the page over these stand-ins. Start GitHub with [`Page::github_html`] as the base of
    /// its links to have them lead here.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start(listen: SocketAddr, discord: Discord, github: Github, product: Product) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let desk = Desk { discord, github, product, forms: Arc::default() };
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router(desk)).await {
                tracing::error!(%error, "the page stopped");
            }
        });
        Ok(Self { address, server })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What `html_url` fields of a GitHub stand-in must start with to lead to the page at `address`.
    #[must_use]
    pub fn github_html(address: SocketAddr) -> String {
        format!("http://{address}/github")
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// What the handlers share.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    discord: Discord,
    github: Github,
    product: Product,
    /// Forms that are open in a browser, by the interaction that opened them.
    forms: Arc<Mutex<HashMap<Id, InteractionHandle>>>,
}

impl Desk {
    fn forms<T>(&self, change: impl FnOnce(&mut HashMap<Id, InteractionHandle>) -> T) -> T {
        change(&mut self.forms.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn router(desk: Desk) -> Router {
    let github = github::control_router(desk.github.clone());
    Router::new()
        .route("/", get(index))
        .route("/live", get(live::stream))
        .route("/files/{message}/{name}", get(file))
        .route("/github/{*path}", get(to_run))
        .route("/page.css", get(style))
        .route("/page.js", get(script))
        .nest("/control", control::router())
        .with_state(desk)
        .nest("/control/github", github)
        .layer(from_fn(guard))
}

/// Refuses requests that a page of another site makes, and closes ours against injected content.
async fn guard(request: Request, next: Next) -> Response {
    if is_foreign(request.headers()) {
        return (StatusCode::FORBIDDEN, "this request comes from another site\n").into_response();
    }
    let mut response = next.run(request).await;
    let fixed = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in fixed {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn is_foreign(headers: &HeaderMap) -> bool {
    let value = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let host = value(HOST).unwrap_or_default();
    value(ORIGIN).is_some_and(|origin| origin.strip_prefix("http://") != Some(host))
}

async fn index(State(desk): State<Desk>, Query(look): Query<Look>) -> Html<String> {
    Html(document::document(&Scene::gather(&desk, look).await).into_string())
}

async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("page.css"))
}

async fn script() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("page.js"))
}

/// A file of a message. Pictures are shown, everything else is plain text.
async fn file(State(desk): State<Desk>, Path((message, name)): Path<(Id, String)>) -> Response {
    let Some((kind, bytes)) = desk.discord.file(message, &name) else {
        return (StatusCode::NOT_FOUND, "there is no such file\n").into_response();
    };
    let pictures = ["image/png", "image/jpeg", "image/gif", "image/webp"];
    let kind = kind.unwrap_or_default();
    let shown = pictures.into_iter().find(|picture| kind == *picture).or_else(|| {
        let ending = |ending| name.to_lowercase().ends_with(ending);
        ending(".png").then_some("image/png").or_else(|| ending(".jpg").then_some("image/jpeg"))
    });
    ([(CONTENT_TYPE, shown.unwrap_or("text/plain; charset=utf-8"))], bytes).into_response()
}

/// Leads a link of the GitHub stand-in to the run or job that it names.
async fn to_run(State(desk): State<Desk>, Path(path): Path<String>) -> Redirect {
    let view = desk.github.view();
    let ids: Vec<u64> = path.split('/').filter_map(|part| part.parse().ok()).collect();
    let Some(run) = view.runs.iter().find(|run| ids.contains(&run.id)) else {
        return Redirect::to("/");
    };
    let environment = scene::environment_of(&view, run).unwrap_or_default();
    let anchor = match run.jobs.iter().find(|job| ids.contains(&job.id)) {
        Some(job) => format!("job-{}", job.id),
        None => format!("run-{}", run.id),
    };
    Redirect::to(&format!("/?environment={}#{anchor}", scene::encode(&environment)))
}
