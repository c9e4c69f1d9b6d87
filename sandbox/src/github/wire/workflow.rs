//! Workflows and files.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{node_id, repository};
use crate::github::repository::Repository;
use crate::github::state::State;
use crate::github::workflow::Workflow;

/// One workflow.
pub(in crate::github) fn body(state: &State, repo: &Repository, workflow: &Workflow) -> Value {
    let page = repository::page(state, repo);
    json!({
        "id": workflow.id,
        "node_id": node_id("Workflow", workflow.id),
        "name": workflow.name,
        "path": workflow.path(),
        "state": workflow.state,
        "created_at": workflow.created_at,
        "updated_at": workflow.created_at,
        "url": address(state, repo, workflow.id),
        "html_url": format!("{page}/blob/{}/{}", repo.default_branch, workflow.path()),
        "badge_url": format!("{page}/workflows/{}/badge.svg", workflow.file),
    })
}

/// The address of a workflow below the REST API.
pub(in crate::github) fn address(state: &State, repo: &Repository, id: u64) -> String {
    format!("{}/actions/workflows/{id}", repository::address(state, repo))
}

/// A file with its content, wrapped at 60 characters as GitHub does.
pub(in crate::github) fn file(state: &State, repo: &Repository, path: &str, at: &str, text: &str) -> Value {
    let encoded = STANDARD.encode(text);
    let lines: Vec<&str> = encoded.as_bytes().chunks(60).filter_map(|chunk| std::str::from_utf8(chunk).ok()).collect();
    let mut body = entry(state, repo, path, at, text);
    body["content"] = json!(format!("{}\n", lines.join("\n")));
    body["encoding"] = json!("base64");
    body
}

/// A file as a folder's listing carries it.
pub(in crate::github) fn entry(state: &State, repo: &Repository, path: &str, at: &str, text: &str) -> Value {
    let (api, page) = (repository::address(state, repo), repository::page(state, repo));
    let digest = hex::encode(Sha256::digest(text));
    let sha = &digest[..40];
    let url = format!("{api}/contents/{path}?ref={at}");
    let (git, html) = (format!("{api}/git/blobs/{sha}"), format!("{page}/blob/{at}/{path}"));
    json!({
        "type": "file",
        "name": path.rsplit('/').next().unwrap_or(path),
        "path": path,
        "sha": sha,
        "size": text.len(),
        "url": url,
        "html_url": html,
        "git_url": git,
        "download_url": format!("{page}/raw/{at}/{path}"),
        "_links": { "self": url, "git": git, "html": html },
    })
}
