//! Workflow runs: read, listed, cancelled.

use std::collections::HashSet;

use http::StatusCode;
use signalbox_domain::{
    event::CancelAnswer,
    ids::{RepositoryName, RunId},
    ports::{ForgeError, RunQuery},
    run::{Job, Run},
};

use super::{
    api::{Api, Fault, refused, said, unreadable},
    credentials::Speaker,
    path::Path,
    transport::Failure,
    wire,
};

/// How often a cancel is sent; asking twice stops nothing twice.
const CANCEL_TRIES: u32 = 3;

fn path(repository: &RepositoryName, run: RunId, more: &[&str]) -> Path {
    let id = run.to_string();
    let segments = [&["actions", "runs", &id], more].concat();
    Path::repository(repository, &segments)
}

async fn read_run(api: &Api, repository: &RepositoryName, run: RunId) -> Result<Run, ForgeError> {
    let path = path(repository, run, &[]);
    let found: wire::Run = api.read(Speaker::Work(repository), &path).await?;
    found.read().map_err(|field| unreadable(&path, &format!("{field} is missing or odd")))
}

/// A run and the jobs of its latest attempt.
pub(super) async fn read(api: &Api, repository: &RepositoryName, run: RunId) -> Result<(Run, Vec<Job>), ForgeError> {
    let found = read_run(api, repository, run).await?;
    let path = path(repository, run, &["jobs"]).query("filter", "latest");
    let jobs = api.list::<wire::Jobs>(Speaker::Work(repository), &path, 100, 3).await?;
    // A re-run that begins between both reads has jobs that do not belong to the run as it was read.
    let of_this_attempt = |job: &wire::Job| job.run_attempt.is_none_or(|attempt| attempt == u64::from(found.attempt));
    let jobs = jobs.into_iter().filter(of_this_attempt).filter_map(wire::Job::read).collect();
    Ok((found, jobs))
}

/// Up to 300 runs of a workflow, newest first.
pub(super) async fn list(api: &Api, query: &RunQuery) -> Result<Vec<Run>, ForgeError> {
    let since = query.since.strftime("%Y-%m-%dT%H:%M:%SZ");
    let path = Path::repository(&query.repository, &["actions", "workflows", &query.workflow, "runs"])
        .query("created", format!(">={since}"))
        .query("exclude_pull_requests", true);
    let found = api.list::<wire::Runs>(Speaker::Work(&query.repository), &path, 50, 6).await?;
    let mut seen = HashSet::new();
    let mut runs = Vec::with_capacity(found.len());
    for run in found {
        let id = run.id;
        match run.read() {
            // A run that starts between two pages moves the ones before it.
            Ok(run) if seen.insert(run.id) => runs.push(run),
            Ok(_) => {}
            Err(field) => tracing::warn!(run.id = id, field, "GitHub listed a run that cannot be read"),
        }
    }
    runs.sort_by_key(|run| std::cmp::Reverse((run.created_at, run.id)));
    Ok(runs)
}

/// Asks for a run to be stopped.
pub(super) async fn cancel(api: &Api, repository: &RepositoryName, run: RunId) -> Result<CancelAnswer, ForgeError> {
    let path = path(repository, run, &["cancel"]);
    let mut tries = 1;
    loop {
        let why = match api.write(Speaker::Work(repository), &path, None).await {
            Ok(answer) => match answer.status {
                StatusCode::CONFLICT => {
                    // A re-run that is not queued yet is refused with the same status.
                    let over = read_run(api, repository, run).await?.is_over();
                    return Ok(if over {
                        CancelAnswer::AlreadyOver
                    } else {
                        CancelAnswer::Refused { why: said(&answer) }
                    });
                }
                status if status.is_success() => return Ok(CancelAnswer::Accepted),
                status if status.is_server_error() => refused(&answer, &path),
                _ => return Ok(CancelAnswer::Refused { why: said(&answer) }),
            },
            Err(Fault::Unanswered(Failure::NotSent(why) | Failure::Lost(why))) => ForgeError::Unavailable(why),
            Err(fault) => return Err(fault.into()),
        };
        if tries == CANCEL_TRIES {
            return Err(why);
        }
        tries += 1;
    }
}
