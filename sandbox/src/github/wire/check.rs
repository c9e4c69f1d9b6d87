//! Check runs and statuses of a commit.

use serde_json::{Value, json};

use super::{node_id, repository, user};
use crate::github::repository::{CheckRun, CommitStatus, Repository};
use crate::github::state::State;

/// The number of GitHub Actions among all apps.
const ACTIONS: u64 = 15_368;

/// A check run.
pub(in crate::github) fn run(state: &State, repo: &Repository, run: &CheckRun) -> Value {
    let (api, page) = (repository::address(state, repo), repository::page(state, repo));
    let status = if run.conclusion.is_some() { "completed" } else { "in_progress" };
    json!({
        "id": run.id,
        "node_id": node_id("CheckRun", run.id),
        "head_sha": run.sha,
        "external_id": "",
        "name": run.name,
        "url": format!("{api}/check-runs/{}", run.id),
        "html_url": format!("{page}/runs/{}", run.id),
        "details_url": format!("{page}/runs/{}", run.id),
        "status": status,
        "conclusion": run.conclusion,
        "started_at": run.started_at,
        "completed_at": run.conclusion.as_ref().map(|_| run.started_at),
        "output": {
            "title": null, "summary": null, "text": null, "annotations_count": 0,
            "annotations_url": format!("{api}/check-runs/{}/annotations", run.id),
        },
        "check_suite": { "id": run.id },
        "app": {
            "id": ACTIONS,
            "slug": "github-actions",
            "node_id": node_id("App", ACTIONS),
            "owner": user::simple(state, "github"),
            "name": "GitHub Actions",
            "description": "Automate your workflow from idea to production",
            "external_url": "https://help.github.com/en/actions",
            "html_url": format!("{}/apps/github-actions", state.html),
            "created_at": repo.created_at,
            "updated_at": repo.created_at,
            "permissions": {},
            "events": [],
        },
        "pull_requests": [],
    })
}

/// An error of a job, as Actions notes it down.
pub(in crate::github) fn annotation(message: &str) -> Value {
    json!({
        "path": ".github",
        "blob_href": "",
        "start_line": 1, "start_column": null, "end_line": 1, "end_column": null,
        "annotation_level": "failure",
        "title": "",
        "message": message,
        "raw_details": "",
    })
}

/// The latest statuses of a commit, of which one page is shown.
pub(in crate::github) fn combined(
    state: &State,
    repo: &Repository,
    sha: &str,
    latest: &[&CommitStatus],
    shown: &[&CommitStatus],
) -> Value {
    let api = repository::address(state, repo);
    let any = |states: &[&str]| latest.iter().any(|status| states.contains(&status.state.as_str()));
    let state_of_all = if any(&["failure", "error"]) {
        "failure"
    } else if latest.is_empty() || any(&["pending"]) {
        "pending"
    } else {
        "success"
    };
    let statuses: Vec<Value> = shown
        .iter()
        .map(|status| {
            json!({
                "id": status.id,
                "node_id": node_id("StatusContext", status.id),
                "url": format!("{api}/statuses/{sha}"),
                "avatar_url": null,
                "state": status.state,
                "description": null,
                "target_url": null,
                "context": status.context,
                "created_at": status.created_at,
                "updated_at": status.created_at,
            })
        })
        .collect();
    json!({
        "state": state_of_all,
        "statuses": statuses,
        "sha": sha,
        "total_count": latest.len(),
        "repository": repository::minimal(state, repo),
        "commit_url": format!("{api}/commits/{sha}"),
        "url": format!("{api}/commits/{sha}/status"),
    })
}
