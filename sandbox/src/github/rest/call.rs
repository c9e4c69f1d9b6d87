//! One request as handlers see it.

use std::collections::BTreeMap;

use axum::extract::Request;
use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::{Map, Value};

use super::reply::{Refusal, Reply};
use crate::github::identity::{Identity, Level};
use crate::github::repository::Repository;
use crate::github::state::State;

/// Largest request body that is read, in bytes.
const LARGEST_BODY: usize = 10 * 1024 * 1024;

/// The version that is used when none is asked for.
pub(super) const DEFAULT_VERSION: &str = "2022-11-28";
/// The version in which a dispatch always returns the run.
pub(super) const NEW_VERSION: &str = "2026-03-10";

/// One request.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    /// Path as it was sent, without `/api/v3`.
    pub(super) path: String,
    /// Query as it was sent.
    pub(super) raw_query: Option<String>,
    pub(super) headers: HeaderMap,
    pub(super) raw_body: Bytes,
    pub(super) identity: Identity,
    params: BTreeMap<String, String>,
    query: BTreeMap<String, String>,
}

/// One page of a list.
pub(super) struct Page<'a, T> {
    pub(super) items: &'a [T],
    link: Option<String>,
}

impl Call {
    pub(super) async fn read(params: BTreeMap<String, String>, request: Request) -> Result<Self, Refusal> {
        let (head, body) = request.into_parts();
        let raw_body =
            axum::body::to_bytes(body, LARGEST_BODY).await.map_err(|_| Refusal::new(413, "Payload too large"))?;
        let path = head.uri.path();
        let raw_query = head.uri.query().map(str::to_owned);
        let pairs = url::form_urlencoded::parse(raw_query.as_deref().unwrap_or_default().as_bytes());
        Ok(Self {
            method: head.method,
            path: path.strip_prefix("/api/v3").unwrap_or(path).to_owned(),
            query: pairs.into_owned().collect(),
            raw_query,
            headers: head.headers,
            raw_body,
            identity: Identity::Anonymous,
            params,
        })
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// A part of the path by the name the route gives it.
    pub(super) fn param(&self, name: &str) -> &str {
        self.params.get(name).map_or("", String::as_str)
    }

    /// A number in the path; anything else is found nowhere.
    pub(super) fn number(&self, name: &str) -> Result<u64, Refusal> {
        self.param(name).parse().map_err(|_| Refusal::not_found())
    }

    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// The API version that was asked for.
    pub(super) fn version(&self) -> &str {
        self.header("x-github-api-version").unwrap_or(DEFAULT_VERSION)
    }

    /// The JSON body, if there is one.
    pub(super) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.raw_body).ok()
    }

    /// The JSON object of the body, which may hold only `keys`.
    pub(super) fn fields(&self, keys: &[&str]) -> Result<Map<String, Value>, Refusal> {
        if self.raw_body.is_empty() {
            return Ok(Map::new());
        }
        let body = self.json().ok_or_else(|| Refusal::new(400, "Problems parsing JSON"))?;
        let Value::Object(fields) = body else {
            return Err(Refusal::new(400, "Body should be a JSON object"));
        };
        match fields.keys().find(|key| !keys.contains(&key.as_str())) {
            Some(key) => Err(Refusal::unpermitted_key(key)),
            None => Ok(fields),
        }
    }

    /// Full name of the repository in the path.
    pub(super) fn repo_name(&self) -> String {
        format!("{}/{}", self.param("owner"), self.param("repo"))
    }

    /// The repository in the path, if the caller may use `resource` of it at `level`.
    pub(super) fn repo<'s>(&self, state: &'s State, resource: &str, level: Level) -> Result<&'s Repository, Refusal> {
        let repo = state.repository(&self.repo_name()).ok_or_else(Refusal::not_found)?;
        self.identity.may(repo.id, repo.private, resource, level)?;
        Ok(repo)
    }

    /// Login that what the caller does is attributed to.
    pub(super) fn login(&self, state: &State) -> String {
        self.identity.login(state.app.as_ref())
    }

    /// The part of a list that `per_page` and `page` ask for.
    pub(super) fn page<'a, T>(&self, state: &State, items: &'a [T]) -> Page<'a, T> {
        self.page_of(state, items, 100)
    }

    /// The same where at most so many are given at once.
    pub(super) fn page_of<'a, T>(&self, state: &State, items: &'a [T], most: usize) -> Page<'a, T> {
        let number = |name: &str| self.query(name).and_then(|text| text.parse::<usize>().ok());
        let size = number("per_page").unwrap_or(30).clamp(1, most);
        let page = number("page").unwrap_or(1).max(1);
        let from = ((page - 1) * size).min(items.len());
        let to = (from + size).min(items.len());
        let last = items.len().div_ceil(size).max(1);
        let mut links = Vec::new();
        if page > 1 {
            links.push(self.page_link(state, page - 1, "prev"));
        }
        if page < last {
            links.push(self.page_link(state, page + 1, "next"));
            links.push(self.page_link(state, last, "last"));
        }
        if page > 1 {
            links.push(self.page_link(state, 1, "first"));
        }
        Page { items: &items[from..to], link: (!links.is_empty()).then(|| links.join(", ")) }
    }

    fn page_link(&self, state: &State, page: usize, rel: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.query.iter().filter(|(name, _)| *name != "page"));
        query.append_pair("page", &page.to_string());
        format!("<{}{}?{}>; rel=\"{rel}\"", state.api, self.path, query.finish())
    }
}

impl<T> Page<'_, T> {
    /// An answer with the headers that lead to the other pages.
    pub(super) fn reply(&self, body: Value) -> Reply {
        let mut reply = Reply::ok(body);
        reply.headers.extend(self.link.clone().map(|link| ("link", link)));
        reply
    }
}

/// A text field of a body.
pub(super) fn text(fields: &Map<String, Value>, key: &str) -> Option<String> {
    fields.get(key)?.as_str().map(str::to_owned)
}
