//! Logs: the API redirects to another host, whose links are good for a minute.

use axum::Router;
use axum::extract::{Path, Query, State as Extract};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use tokio::net::TcpListener;

use super::archive;
use super::call::Call;
use super::jobs;
use super::reply::{Answer, Refusal, Reply};
use super::runs;
use crate::github::Github;
use crate::github::identity::Level;
use crate::github::run::{Attempt, Job, Run};
use crate::github::state::State;

/// Seconds for which a link is good.
const LINK_LIFE: i64 = 60;

pub(super) fn of_job(state: &mut State, call: &Call) -> Answer {
    let (_, run, attempt, job) = jobs::in_path(state, call)?;
    // A log exists when its job is over; there is no live log in the API.
    if !job.is_completed() {
        return Err(Refusal::not_found());
    }
    Ok(link(state, &format!("jobs/{}/{}/{}", run.id, attempt.number, job.id)))
}

pub(super) fn of_run(state: &mut State, call: &Call) -> Answer {
    let (_, run) = runs::in_path(state, call, Level::Read)?;
    archived(state, run, run.latest())
}

pub(super) fn of_attempt(state: &mut State, call: &Call) -> Answer {
    let (_, run) = runs::in_path(state, call, Level::Read)?;
    let number = u32::try_from(call.number("attempt")?).map_err(|_| Refusal::not_found())?;
    archived(state, run, run.attempt(number).ok_or_else(Refusal::not_found)?)
}

fn archived(state: &State, run: &Run, attempt: &Attempt) -> Answer {
    if !attempt.is_completed() {
        return Err(Refusal::not_found());
    }
    Ok(link(state, &format!("runs/{}/{}", run.id, attempt.number)))
}

fn link(state: &State, path: &str) -> Reply {
    let until = state.now().as_second() + LINK_LIFE;
    Reply::redirect(format!("{}/{path}?until={until}", state.log_host))
}

/// Serves the logs themselves.
pub(in crate::github) async fn serve(github: Github, listener: TcpListener) {
    let router = Router::new()
        .route("/jobs/{run}/{attempt}/{job}", get(job_log))
        .route("/runs/{run}/{attempt}", get(run_log))
        .with_state(github);
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "the local log host stopped serving");
    }
}

#[derive(Deserialize)]
struct Link {
    until: i64,
}

/// The log host takes no credentials: it refuses who brings some, as the real one does.
fn good(github: &Github, headers: &HeaderMap, link: &Link) -> Result<(), (StatusCode, &'static str)> {
    if headers.contains_key(header::AUTHORIZATION) {
        return Err((StatusCode::BAD_REQUEST, "InvalidAuthenticationInfo"));
    }
    if github.read(State::now).as_second() > link.until {
        return Err((StatusCode::FORBIDDEN, "AuthenticationFailed: the link has expired"));
    }
    Ok(())
}

async fn job_log(
    Extract(github): Extract<Github>,
    Path((run, attempt, job)): Path<(u64, u32, u64)>,
    Query(link): Query<Link>,
    headers: HeaderMap,
) -> Response {
    if let Err(refused) = good(&github, &headers, &link) {
        return refused.into_response();
    }
    let text = github.read(|state| {
        let jobs = &state.run(run)?.attempt(attempt)?.jobs;
        jobs.iter().find(|one| one.id == job && !one.lost).map(Job::log_text)
    });
    match text {
        Some(text) => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response(),
        None => (StatusCode::NOT_FOUND, "BlobNotFound: the specified blob does not exist").into_response(),
    }
}

async fn run_log(
    Extract(github): Extract<Github>,
    Path((run, attempt)): Path<(u64, u32)>,
    Query(link): Query<Link>,
    headers: HeaderMap,
) -> Response {
    if let Err(refused) = good(&github, &headers, &link) {
        return refused.into_response();
    }
    let files = github.read(|state| {
        let jobs = &state.run(run)?.attempt(attempt)?.jobs;
        let named = jobs.iter().enumerate().map(|(index, job)| {
            let name = job.name.replace('/', "_");
            (format!("{index}_{name}.txt"), job.log_text())
        });
        Some(named.collect::<Vec<_>>())
    });
    match files {
        Some(files) => ([(header::CONTENT_TYPE, "application/zip")], archive::zip(&files)).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
