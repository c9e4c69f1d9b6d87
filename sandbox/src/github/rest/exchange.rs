//! What every request goes through: faults, credentials, limits, ETag, the traffic log.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::Handler;
use super::call::{Call, DEFAULT_VERSION, NEW_VERSION};
use super::connection::Cut;
use super::credentials;
use super::reply::{Answer, Content, Ending, Refusal, Reply};
use crate::github::Github;
use crate::github::identity::Identity;
use crate::github::state::State;
use crate::github::wire;
use crate::traffic::{Exchange, Service};

/// Paths that may be read without saying who one is.
const OPEN: &[&str] = &["/meta", "/rate_limit", "/zen", "/versions"];

/// Answers one request.
pub(super) async fn answer(github: &Github, cut: &Cut, mut call: Call, handler: Handler) -> Response {
    let reply = if call.method == Method::GET {
        github.with_quietly(|state| decide(state, &mut call, handler))
    } else {
        github.with(|state| decide(state, &mut call, handler))
    };
    record(github, &call, &reply);
    send(cut, reply).await
}

fn decide(state: &mut State, call: &mut Call, handler: Handler) -> Reply {
    if let Some(status) = state.faults.outage {
        return Reply::down(status);
    }
    let fault = state.faults.next_request(call.method.as_str(), &call.path);
    let spared = fault.as_ref().filter(|fault| fault.breaks.is_some() && !fault.carried_out);
    let mut reply = match spared {
        Some(_) => Reply::empty(200),
        None => admitted(state, call, handler).unwrap_or_else(Reply::from),
    };
    if let Some(fault) = fault {
        if let Some(how) = &fault.breaks {
            reply = reply.broken_by(how);
        }
        reply.delay_ms = fault.delay_ms;
    }
    conditional(call, &mut reply);
    common_headers(state, call, &mut reply);
    reply
}

/// Lets a request through to its handler, if who sent it may send it now.
fn admitted(state: &mut State, call: &mut Call, handler: Handler) -> Answer {
    if call.header("user-agent").is_none_or(str::is_empty) {
        return Err(Refusal::new(
            403,
            "Request forbidden by administrative rules. Please make sure your request has a User-Agent header",
        ));
    }
    call.identity = credentials::identify(state, call.header("authorization"))?;
    if matches!(call.identity, Identity::Anonymous) && !OPEN.contains(&call.path.as_str()) {
        return Err(Refusal::new(401, "Requires authentication"));
    }
    let credential = call.identity.credential();
    if state.budget(&credential).remaining() == 0 && call.path != "/rate_limit" {
        return Err(Refusal::primary_limit(&credential));
    }
    if ![DEFAULT_VERSION, NEW_VERSION].contains(&call.version()) {
        let message = format!("\"{}\" is not a supported version.", call.version());
        return Err(Refusal::new(400, message));
    }
    handler(state, call)
}

/// Gives a successful read its ETag, and answers 304 to who has that version already.
fn conditional(call: &Call, reply: &mut Reply) {
    let Content::Json(body) = &reply.body else { return };
    if call.method != Method::GET || reply.status != 200 || reply.broken {
        return;
    }
    let digest = hex::encode(Sha256::digest(body.to_string()));
    let etag = format!("W/\"{digest}\"");
    let held = call.header("if-none-match").unwrap_or_default();
    if held.split(',').any(|one| one.trim().trim_start_matches("W/").trim_matches('"') == digest) {
        reply.status = 304;
    }
    reply.headers.push(("etag", etag));
    reply.headers.push(("cache-control", "private, max-age=60, s-maxage=60".to_owned()));
}

fn common_headers(state: &mut State, call: &Call, reply: &mut Reply) {
    let credential = call.identity.credential();
    // What has not changed costs nothing.
    let budget = if reply.status == 304 || call.path == "/rate_limit" {
        state.budget(&credential)
    } else {
        state.spend(&credential)
    };
    let number = state.fresh_id();
    let date = state.now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let mut headers = vec![
        ("date", date),
        ("server", "github.com".to_owned()),
        ("x-github-request-id", format!("{number:016X}")),
        ("x-github-media-type", "github.v3; format=json".to_owned()),
        ("x-github-api-version-selected", call.version().to_owned()),
        ("x-ratelimit-limit", budget.limit.to_string()),
        ("x-ratelimit-remaining", budget.remaining().to_string()),
        ("x-ratelimit-used", budget.used.to_string()),
        ("x-ratelimit-reset", budget.reset.to_string()),
        ("x-ratelimit-resource", "core".to_owned()),
    ];
    if let Identity::Classic { scopes, .. } = &call.identity {
        headers.push(("x-oauth-scopes", scopes.join(", ")));
        headers.push(("x-accepted-oauth-scopes", "repo".to_owned()));
    }
    headers.retain(|(name, _)| !reply.headers.iter().any(|(set, _)| set == name));
    reply.headers.extend(headers);
}

fn record(github: &Github, call: &Call, reply: &Reply) {
    if !github.traffic().is_on() {
        return;
    }
    let response = match &reply.body {
        Content::Json(body) => Some(body.clone()),
        _ => None,
    };
    let documented = response.as_ref().is_none_or(wire::run::is_documented);
    github.traffic().exchange(&Exchange {
        service: Service::Github,
        method: call.method.to_string(),
        path: call.path.clone(),
        query: call.raw_query.clone(),
        content_type: media_type(call),
        body: call.json(),
        parts: Vec::new(),
        // A 304 stands for the document the client holds; that document is what can be checked.
        status: if reply.status == 304 { 200 } else { reply.status },
        response,
        fault: reply.broken || !documented,
    });
}

fn media_type(call: &Call) -> String {
    let value = call.header("content-type").unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

pub(super) async fn send(cut: &Cut, reply: Reply) -> Response {
    if reply.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(reply.delay_ms)).await;
    }
    match reply.ending {
        Ending::Hang => std::future::pending::<()>().await,
        Ending::Reset => cut.now(),
        Ending::Whole | Ending::Truncated => {}
    }
    let (text, media) = match &reply.body {
        _ if reply.status == 304 => (String::new(), None),
        Content::Json(body) => (shortened(body, reply.ending), Some("application/json; charset=utf-8")),
        Content::Html(page) => ((*page).to_owned(), Some("text/html; charset=utf-8")),
        Content::Nothing => (String::new(), None),
    };
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if let Some(media) = media {
        headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static(media));
    }
    for (name, value) in reply.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    response
}

fn shortened(body: &Value, ending: Ending) -> String {
    let mut text = body.to_string();
    if ending == Ending::Truncated {
        let middle = text.len() / 2;
        let half = (0..=middle).rev().find(|at| text.is_char_boundary(*at));
        text.truncate(half.unwrap_or_default());
    }
    text
}
