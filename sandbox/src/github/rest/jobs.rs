//! Jobs of runs.

use serde_json::{Value, json};

use super::call::Call;
use super::reply::{Answer, Refusal, Reply};
use super::runs;
use crate::github::identity::Level;
use crate::github::repository::Repository;
use crate::github::run::{Attempt, Job, Run};
use crate::github::state::State;
use crate::github::wire;

pub(super) fn of_run(state: &mut State, call: &Call) -> Answer {
    let (repo, run) = runs::in_path(state, call, Level::Read)?;
    let attempts: Vec<&Attempt> = match call.query("filter") {
        Some("all") => run.attempts.iter().rev().collect(),
        None | Some("latest") => vec![run.latest()],
        Some(other) => return Err(Refusal::unprocessable(format!("Invalid filter: {other}"))),
    };
    Ok(listed(state, call, repo, run, &attempts))
}

pub(super) fn of_attempt(state: &mut State, call: &Call) -> Answer {
    let (repo, run) = runs::in_path(state, call, Level::Read)?;
    let number = u32::try_from(call.number("attempt")?).map_err(|_| Refusal::not_found())?;
    let attempt = run.attempt(number).ok_or_else(Refusal::not_found)?;
    Ok(listed(state, call, repo, run, &[attempt]))
}

fn listed(state: &State, call: &Call, repo: &Repository, run: &Run, attempts: &[&Attempt]) -> Reply {
    let jobs: Vec<(&Attempt, &Job)> =
        attempts.iter().flat_map(|attempt| attempt.jobs.iter().map(move |job| (*attempt, job))).collect();
    let page = call.page(state, &jobs);
    let bodies: Vec<Value> =
        page.items.iter().map(|(attempt, job)| wire::run::job(state, repo, run, attempt, job)).collect();
    page.reply(json!({ "total_count": jobs.len(), "jobs": bodies }))
}

/// The job in the path with the run and attempt it belongs to.
pub(super) fn in_path<'s>(
    state: &'s State,
    call: &Call,
) -> Result<(&'s Repository, &'s Run, &'s Attempt, &'s Job), Refusal> {
    let repo = call.repo(state, "actions", Level::Read)?;
    let id = call.number("job")?;
    let runs = state.runs.iter().filter(|run| run.repository == repo.full_name());
    runs.flat_map(|run| run.attempts.iter().rev().map(move |attempt| (run, attempt)))
        .find_map(|(run, attempt)| {
            let job = attempt.jobs.iter().find(|job| job.id == id)?;
            Some((repo, run, attempt, job))
        })
        .ok_or_else(Refusal::not_found)
}

pub(super) fn one(state: &mut State, call: &Call) -> Answer {
    let (repo, run, attempt, job) = in_path(state, call)?;
    Ok(Reply::ok(wire::run::job(state, repo, run, attempt, job)))
}
