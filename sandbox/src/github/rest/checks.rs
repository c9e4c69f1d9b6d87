//! What was reported of a commit: check runs and statuses.

use serde_json::{Value, json};

use super::call::Call;
use super::reply::{Answer, Refusal};
use crate::github::identity::Level;
use crate::github::repository::{CheckRun, Commit, CommitStatus, Repository};
use crate::github::state::State;
use crate::github::wire::check;

fn found<'r>(repo: &'r Repository, name: &str) -> Result<&'r Commit, Refusal> {
    repo.commit(name).ok_or_else(|| Refusal::unprocessable(format!("No commit found for SHA: {name}")))
}

/// The latest of each name, unless `filter=all` asks for every one.
pub(super) fn runs(state: &mut State, call: &Call, name: &str) -> Answer {
    let repo = call.repo(state, "checks", Level::Read)?;
    let sha = &found(repo, name)?.sha;
    let all: Vec<&CheckRun> = repo.check_runs.iter().filter(|run| run.sha == *sha).collect();
    let is_latest = |run: &&CheckRun| !all.iter().any(|other| other.name == run.name && other.id > run.id);
    let shown: Vec<&CheckRun> =
        all.iter().copied().filter(|run| call.query("filter") == Some("all") || is_latest(run)).collect();
    let page = call.page(state, &shown);
    let bodies: Vec<Value> = page.items.iter().map(|run| check::run(state, repo, run)).collect();
    Ok(page.reply(json!({ "total_count": shown.len(), "check_runs": bodies })))
}

/// What was noted down at a check run; that of a job has the job's number.
pub(super) fn annotations(state: &mut State, call: &Call) -> Answer {
    let repo = call.repo(state, "checks", Level::Read)?;
    let id = call.number("check")?;
    let runs = state.runs.iter().filter(|run| run.repository == repo.full_name());
    let mut jobs = runs.flat_map(|run| &run.attempts).flat_map(|attempt| &attempt.jobs);
    let job = jobs.find(|job| job.id == id).ok_or_else(Refusal::not_found)?;
    let errors = job.errors();
    let page = call.page(state, &errors);
    let bodies: Vec<Value> = page.items.iter().map(|message| check::annotation(message)).collect();
    Ok(page.reply(json!(bodies)))
}

/// The latest status of each name, and what they come to.
pub(super) fn combined_status(state: &mut State, call: &Call, name: &str) -> Answer {
    let repo = call.repo(state, "statuses", Level::Read)?;
    let sha = &found(repo, name)?.sha;
    let all: Vec<&CommitStatus> = repo.statuses.iter().filter(|status| status.sha == *sha).collect();
    let is_latest = |one: &&CommitStatus| !all.iter().any(|other| other.context == one.context && other.id > one.id);
    let latest: Vec<&CommitStatus> = all.iter().copied().filter(is_latest).collect();
    let page = call.page(state, &latest);
    Ok(page.reply(check::combined(state, repo, sha, &latest, page.items)))
}
