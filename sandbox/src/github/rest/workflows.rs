//! Workflows and the files they are written in.

use serde_json::{Value, json};

use super::call::Call;
use super::reply::{Answer, Refusal, Reply};
use crate::github::identity::Level;
use crate::github::repository::Repository;
use crate::github::state::State;
use crate::github::wire::workflow;
use crate::github::workflow::Workflow;

pub(super) fn list(state: &mut State, call: &Call) -> Answer {
    let repo = call.repo(state, "actions", Level::Read)?;
    let page = call.page(state, &repo.workflows);
    let bodies: Vec<Value> = page.items.iter().map(|one| workflow::body(state, repo, one)).collect();
    Ok(page.reply(json!({ "total_count": repo.workflows.len(), "workflows": bodies })))
}

pub(super) fn in_path<'r>(repo: &'r Repository, call: &Call) -> Result<&'r Workflow, Refusal> {
    repo.workflow(call.param("workflow")).ok_or_else(Refusal::not_found)
}

pub(super) fn one(state: &mut State, call: &Call) -> Answer {
    let repo = call.repo(state, "actions", Level::Read)?;
    Ok(Reply::ok(workflow::body(state, repo, in_path(repo, call)?)))
}

/// A file, or a folder's files. Every branch has the same ones.
pub(super) fn contents(state: &mut State, call: &Call) -> Answer {
    let repo = call.repo(state, "contents", Level::Read)?;
    let at = call.query("ref").unwrap_or(&repo.default_branch);
    if repo.commit(at).is_none() {
        return Err(Refusal::new(404, format!("No commit found for the ref {at}")));
    }
    let workflows = repo.workflows.iter().map(|one| (one.path(), one.yaml()));
    let others = repo.files.iter().map(|(path, text)| (path.clone(), text.clone()));
    let files: Vec<(String, String)> = workflows.chain(others).collect();
    let wanted = call.param("path").trim_end_matches('/');
    if let Some((path, text)) = files.iter().find(|(path, _)| path == wanted) {
        return Ok(Reply::ok(workflow::file(state, repo, path, at, text)));
    }
    let inside = |path: &str| {
        let rest = path.strip_prefix(wanted).and_then(|rest| rest.strip_prefix('/'));
        rest.is_some_and(|name| !name.contains('/'))
    };
    let entries: Vec<Value> = files
        .iter()
        .filter(|(path, _)| inside(path))
        .map(|(path, text)| workflow::entry(state, repo, path, at, text))
        .collect();
    if entries.is_empty() {
        return Err(Refusal::not_found());
    }
    Ok(Reply::ok(json!(entries)))
}
