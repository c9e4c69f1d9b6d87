//! The control interface: what the in-process handle can do, over HTTP with JSON.

use axum::extract::{Path, State as Extract};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use super::faults::Faults;
use super::manual::NoSuch;
use super::script::Script;
use super::view::View;
use super::{Github, SHOP};

/// Routes that look at the stand-in and steer it.
pub fn router(github: Github) -> Router {
    Router::new()
        .route("/view", get(view))
        .route("/faults", get(faults).put(set_faults))
        .route("/speed", put(set_speed))
        .route("/scripts/{name}", put(set_script))
        .route("/workflows/{file}/script", put(choose_script))
        .route("/push", post(push))
        .route("/runs/{run}/jobs/{job}/{step}", post(move_job))
        .route("/runs/{run}/complete", post(complete))
        .route("/runs/{run}/cancel", post(cancel))
        .route("/runs/{run}/rerun", post(rerun))
        .route("/runs/{run}/approve", post(approve))
        .route("/webhooks/release", post(release_webhooks))
        .route("/deliveries/{delivery}/redeliver", post(redeliver))
        .with_state(github)
}

/// Why a control request was not carried out.
struct Refused(StatusCode, String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

impl From<NoSuch> for Refused {
    fn from(error: NoSuch) -> Self {
        Self(StatusCode::NOT_FOUND, error.to_string())
    }
}

type Done = Result<StatusCode, Refused>;

fn found(yes: bool, what: &str) -> Done {
    if yes { Ok(StatusCode::NO_CONTENT) } else { Err(Refused(StatusCode::NOT_FOUND, format!("there is no {what}"))) }
}

async fn view(Extract(github): Extract<Github>) -> Json<View> {
    Json(github.view())
}

async fn faults(Extract(github): Extract<Github>) -> Json<Faults> {
    Json(github.read(|state| state.faults.clone()))
}

async fn set_faults(Extract(github): Extract<Github>, Json(faults): Json<Faults>) -> StatusCode {
    let held = !faults.hold_webhooks;
    github.faults(|current| *current = faults);
    if held {
        github.release_webhooks(false);
    }
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct Speed {
    factor: f64,
}

async fn set_speed(Extract(github): Extract<Github>, Json(speed): Json<Speed>) -> StatusCode {
    github.set_speed(speed.factor);
    StatusCode::NO_CONTENT
}

async fn set_script(
    Extract(github): Extract<Github>,
    Path(name): Path<String>,
    Json(script): Json<Script>,
) -> StatusCode {
    github.with(|state| state.scripts.insert(name, script));
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default = "shop")]
    repository: String,
    script: String,
}

fn shop() -> String {
    SHOP.to_owned()
}

async fn choose_script(Extract(github): Extract<Github>, Path(file): Path<String>, Json(choice): Json<Choice>) -> Done {
    found(github.set_script(&choice.repository, &file, &choice.script), "such workflow or script")
}

#[derive(Deserialize)]
struct Push {
    #[serde(default = "shop")]
    repository: String,
    branch: String,
    /// Message of a new commit; used when no SHA is given.
    #[serde(default)]
    message: String,
    #[serde(default)]
    sha: Option<String>,
    #[serde(default = "somebody")]
    pusher: String,
}

fn somebody() -> String {
    "dana".to_owned()
}

async fn push(Extract(github): Extract<Github>, Json(push): Json<Push>) -> Response {
    let sha = push.sha.or_else(|| github.commit(&push.repository, &push.branch, &push.message));
    match sha {
        Some(sha) => {
            let runs = github.push(&push.repository, &push.branch, &sha, &push.pusher);
            Json(json!({ "sha": sha, "runs": runs })).into_response()
        }
        None => Refused(StatusCode::NOT_FOUND, "there is no such branch".to_owned()).into_response(),
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Move {
    conclusion: Option<String>,
    line: Option<String>,
}

async fn move_job(
    Extract(github): Extract<Github>,
    Path((run, job, step)): Path<(u64, String, String)>,
    body: Option<Json<Move>>,
) -> Done {
    let Json(how) = body.unwrap_or_default();
    let run = github.run(run);
    match step.as_str() {
        "queue" => run.queue_job(&job)?,
        "start" => run.start_job(&job)?,
        "say" => run.say(&job, &how.line.unwrap_or_default())?,
        "finish" => run.finish_job(&job, how.conclusion.as_deref().unwrap_or("success"))?,
        "play" => {
            run.play_job(&job).await?;
        }
        _ => return Err(Refused(StatusCode::NOT_FOUND, "a job can queue, start, say, finish or play".to_owned())),
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn complete(Extract(github): Extract<Github>, Path(run): Path<u64>, body: Option<Json<Move>>) -> Done {
    let Json(how) = body.unwrap_or_default();
    github.run(run).complete(how.conclusion.as_deref().unwrap_or("success"))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn cancel(Extract(github): Extract<Github>, Path(run): Path<u64>) -> Done {
    github.run(run).cancel()?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Again {
    failed_only: bool,
}

async fn rerun(Extract(github): Extract<Github>, Path(run): Path<u64>, body: Option<Json<Again>>) -> Done {
    let Json(how) = body.unwrap_or_default();
    found(github.run(run).rerun(how.failed_only, &somebody()), "completed run of that number")
}

#[derive(Deserialize)]
struct Approve {
    environment: String,
    #[serde(default = "somebody")]
    reviewer: String,
}

async fn approve(Extract(github): Extract<Github>, Path(run): Path<u64>, Json(how): Json<Approve>) -> Done {
    found(github.run(run).approve(&how.environment, &how.reviewer), "job that waits for this environment")
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Release {
    reversed: bool,
}

async fn release_webhooks(Extract(github): Extract<Github>, body: Option<Json<Release>>) -> StatusCode {
    let Json(how) = body.unwrap_or_default();
    github.release_webhooks(how.reversed);
    StatusCode::NO_CONTENT
}

async fn redeliver(Extract(github): Extract<Github>, Path(delivery): Path<u64>) -> Done {
    found(github.with(|state| state.redeliver(delivery)), "such delivery")
}
