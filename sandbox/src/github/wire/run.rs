//! Workflow runs and their jobs.

use serde_json::{Value, json};

use super::{commit, node_id, repository, user, workflow};
use crate::github::repository::Repository;
use crate::github::run::{Attempt, Job, Run};
use crate::github::state::State;

const JOB_STATUSES: &[&str] = &["queued", "in_progress", "completed", "waiting", "requested", "pending"];
const CONCLUSIONS: &[&str] = &[
    "success",
    "failure",
    "neutral",
    "cancelled",
    "skipped",
    "timed_out",
    "action_required",
    "stale",
    "startup_failure",
];

/// One attempt of a run.
pub(in crate::github) fn run(state: &State, repo: &Repository, run: &Run, attempt: &Attempt) -> Value {
    let url = format!("{}/actions/runs/{}", repository::address(state, repo), run.id);
    let workflow = repo.workflow(&run.workflow.to_string());
    let suite = run.id + u64::from(attempt.number);
    let previous = (attempt.number > 1).then(|| format!("{url}/attempts/{}", attempt.number - 1));
    let parent = repository::minimal(state, repo);
    json!({
        "id": run.id,
        "name": workflow.map(|workflow| &workflow.name),
        "node_id": node_id("WorkflowRun", run.id),
        "head_branch": run.head_branch,
        "head_sha": run.head_sha,
        "path": workflow.map(|workflow| workflow.path()).unwrap_or_default(),
        "display_title": run.display_title,
        "run_number": run.number,
        "event": run.event,
        "status": attempt.status,
        "conclusion": attempt.conclusion,
        "workflow_id": run.workflow,
        "check_suite_id": suite,
        "check_suite_node_id": node_id("CheckSuite", suite),
        "url": url,
        "html_url": page(state, repo, run.id),
        "pull_requests": [],
        "created_at": run.created_at,
        "updated_at": attempt.updated_at,
        "actor": user::simple(state, &run.actor),
        "run_attempt": attempt.number,
        "referenced_workflows": [],
        "run_started_at": attempt.started_at,
        "triggering_actor": user::simple(state, &attempt.triggering_actor),
        "jobs_url": format!("{url}/jobs"),
        "logs_url": format!("{url}/logs"),
        "check_suite_url": format!("{}/check-suites/{suite}", repository::address(state, repo)),
        "artifacts_url": format!("{url}/artifacts"),
        "cancel_url": format!("{url}/cancel"),
        "rerun_url": format!("{url}/rerun"),
        "previous_attempt_url": previous,
        "workflow_url": workflow::address(state, repo, run.workflow),
        "head_commit": repo.commits.get(&run.head_sha).map(commit::head),
        "repository": parent,
        "head_repository": parent,
    })
}

/// The address of a run for people.
pub(in crate::github) fn page(state: &State, repo: &Repository, id: u64) -> String {
    format!("{}/actions/runs/{id}", repository::page(state, repo))
}

/// One job.
pub(in crate::github) fn job(state: &State, repo: &Repository, run: &Run, attempt: &Attempt, job: &Job) -> Value {
    let api = repository::address(state, repo);
    let began = job.status != "queued" && job.status != "waiting" && job.conclusion.as_deref() != Some("skipped");
    let workflow = repo.workflow(&run.workflow.to_string());
    let steps: Vec<Value> = job
        .steps
        .iter()
        .enumerate()
        .map(|(index, step)| {
            json!({
                "name": step.name, "status": step.status, "conclusion": step.conclusion, "number": index + 1,
                "started_at": step.started_at, "completed_at": step.completed_at,
            })
        })
        .collect();
    json!({
        "id": job.id,
        "run_id": run.id,
        "workflow_name": workflow.map(|workflow| &workflow.name),
        "head_branch": run.head_branch,
        "run_url": format!("{api}/actions/runs/{}", run.id),
        "run_attempt": attempt.number,
        "node_id": node_id("CheckRun", job.id),
        "head_sha": run.head_sha,
        "url": format!("{api}/actions/jobs/{}", job.id),
        "html_url": format!("{}/job/{}", page(state, repo, run.id), job.id),
        "status": job.status,
        "conclusion": job.conclusion,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "completed_at": job.completed_at,
        "name": job.name,
        "steps": steps,
        "check_run_url": format!("{api}/check-runs/{}", job.id),
        "labels": ["ubuntu-latest"],
        "runner_id": began.then_some(1),
        "runner_name": began.then_some("GitHub Actions 1"),
        "runner_group_id": began.then_some(0),
        "runner_group_name": began.then_some("GitHub Actions"),
    })
}

/// Whether a body holds only statuses and conclusions that GitHub documents.
///
/// A script may use others on purpose; what carries them is no longer the real service's.
pub(in crate::github) fn is_documented(body: &Value) -> bool {
    match body {
        Value::Object(fields) => fields.iter().all(|(name, value)| match (name.as_str(), value.as_str()) {
            ("status", Some(status)) if fields.contains_key("run_url") || fields.contains_key("run_number") => {
                JOB_STATUSES.contains(&status)
            }
            ("conclusion", Some(conclusion)) => CONCLUSIONS.contains(&conclusion),
            _ => is_documented(value),
        }),
        Value::Array(items) => items.iter().all(is_documented),
        _ => true,
    }
}
