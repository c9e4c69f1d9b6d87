//! The control interface: what people and tenants do, over HTTP with JSON.

use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Desk;
use crate::discord::{Choice, Id, InteractionHandle, Refused, View};
use crate::fleet::{self, Fleet, Progress};

/// How long an answer of the page waits for the bot's first answer, which may be a form.
const FIRST_ANSWER: Duration = Duration::from_secs(3);

pub(super) fn router() -> Router<Desk> {
    Router::new()
        .route("/discord/view", get(view))
        .route("/discord/suggestions", get(suggestions))
        .route("/discord/types", post(types))
        .route("/discord/says", post(says))
        .route("/discord/clicks", post(clicks))
        .route("/discord/selects", post(selects))
        .route("/discord/submits", post(submits))
        .route("/discord/reacts", post(reacts))
        .route("/tenants/{environment}", get(tenants))
        .route("/tenants/{environment}/{tenant}/break", post(break_tenant))
        .route("/tenants/{environment}/{tenant}/mend", post(mend_tenant))
}

/// Why something was not done, in words for the person.
struct Problem(StatusCode, String);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        Self(StatusCode::UNPROCESSABLE_ENTITY, refused.0)
    }
}

impl From<fleet::Error> for Problem {
    fn from(error: fleet::Error) -> Self {
        Self(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
    }
}

type Done = Result<Json<Value>, Problem>;

async fn view(State(desk): State<Desk>) -> Json<View> {
    Json(desk.discord.view())
}

#[derive(Deserialize)]
struct Line {
    #[serde(rename = "as")]
    me: String,
    channel: String,
    line: String,
}

/// What the line could become.
#[derive(Debug, PartialEq, Serialize)]
struct Suggestion {
    label: String,
    detail: String,
    /// The whole line once this is taken.
    line: String,
}

/// While the command is typed: commands. After it: what the bot suggests for the option.
async fn suggestions(State(desk): State<Desk>, Query(typed): Query<Line>) -> Json<Vec<Suggestion>> {
    let line = typed.line.trim_start();
    let Some(name) = line.strip_prefix('/') else {
        return Json(Vec::new());
    };
    if !name.contains(' ') {
        let commands = desk.discord.view().commands.into_iter().filter(|command| command.name.starts_with(name));
        let suggestion = commands.map(|command| Suggestion {
            line: format!("/{} ", command.name),
            label: command.usage,
            detail: command.description,
        });
        return Json(suggestion.collect());
    }
    // An option without suggestions is nothing to bother a person with.
    let choices = desk.discord.autocompletes(&typed.me, &typed.channel, line).await.unwrap_or_default();
    Json(choices.iter().map(|choice| taken(line, choice)).collect())
}

/// The line with its last word replaced by the choice.
fn taken(line: &str, choice: &Choice) -> Suggestion {
    let last = line.rfind(' ').map_or(line.len(), |at| at + 1);
    let option = line[last..].split_once(':').map_or(String::new(), |(name, _)| format!("{name}:"));
    let value = choice.value.as_str().map_or_else(|| choice.value.to_string(), str::to_owned);
    let quoted = if value.contains([' ', ':']) { format!("\"{value}\"") } else { value };
    Suggestion {
        label: choice.name.clone(),
        detail: String::new(),
        line: format!("{}{option}{quoted} ", &line[..last]),
    }
}

async fn types(State(desk): State<Desk>, Json(typed): Json<Line>) -> Done {
    let handle = desk.discord.types(&typed.me, &typed.channel, typed.line.trim())?;
    Ok(first_answer(&desk, handle).await)
}

async fn says(State(desk): State<Desk>, Json(said): Json<Line>) -> Done {
    let id = desk.discord.says(&said.me, &said.channel, &said.line)?;
    Ok(Json(json!({ "message": id })))
}

#[derive(Deserialize)]
struct Click {
    #[serde(rename = "as")]
    me: String,
    message: Id,
    button: String,
}

async fn clicks(State(desk): State<Desk>, Json(click): Json<Click>) -> Done {
    let handle = desk.discord.clicks(&click.me, click.message, &click.button)?;
    Ok(first_answer(&desk, handle).await)
}

#[derive(Deserialize)]
struct Selection {
    #[serde(rename = "as")]
    me: String,
    message: Id,
    menu: String,
    values: Vec<String>,
}

async fn selects(State(desk): State<Desk>, Json(picked): Json<Selection>) -> Done {
    let values: Vec<&str> = picked.values.iter().map(String::as_str).collect();
    let handle = desk.discord.selects(&picked.me, picked.message, &picked.menu, &values)?;
    Ok(first_answer(&desk, handle).await)
}

#[derive(Deserialize)]
struct Submission {
    /// The interaction that opened the form.
    form: Id,
    values: std::collections::BTreeMap<String, String>,
}

async fn submits(State(desk): State<Desk>, Json(sent): Json<Submission>) -> Done {
    let gone = || Problem(StatusCode::NOT_FOUND, "the form is gone".to_owned());
    let opener = desk.forms(|forms| forms.get(&sent.form).cloned()).ok_or_else(gone)?;
    let values: Vec<(&str, &str)> = sent.values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let handle = opener.submits_modal(&values)?;
    desk.forms(|forms| forms.remove(&sent.form));
    Ok(first_answer(&desk, handle).await)
}

#[derive(Deserialize)]
struct Reaction {
    #[serde(rename = "as")]
    me: String,
    message: Id,
    emoji: String,
    /// Whether it is taken away instead.
    #[serde(default)]
    remove: bool,
}

async fn reacts(State(desk): State<Desk>, Json(reaction): Json<Reaction>) -> Done {
    let Reaction { me, message, emoji, remove } = &reaction;
    if *remove {
        desk.discord.unreacts(me, *message, emoji)?;
    } else {
        desk.discord.reacts(me, *message, emoji)?;
    }
    Ok(Json(json!({})))
}

/// Waits until the bot has answered in some way; a form is handed to the browser to be filled in.
async fn first_answer(desk: &Desk, handle: InteractionHandle) -> Json<Value> {
    let mut changes = desk.discord.changes();
    let answered = async {
        while handle.acknowledged_within().is_none() {
            if changes.changed().await.is_err() {
                return;
            }
        }
    };
    if tokio::time::timeout(FIRST_ANSWER, answered).await.is_err() {
        return Json(json!({ "interaction": handle.id(), "answered": false }));
    }
    // A form is there at once or never.
    let form = tokio::time::timeout(Duration::ZERO, handle.modal()).await.ok();
    if form.is_some() {
        desk.forms(|forms| forms.insert(handle.id(), handle.clone()));
    }
    Json(json!({ "interaction": handle.id(), "answered": true, "form": form }))
}

fn fleet(desk: &Desk, environment: &str) -> Result<Fleet, Problem> {
    let missing = || Problem(StatusCode::NOT_FOUND, format!("there is no environment {environment}"));
    desk.product.place(environment).map(|place| place.fleet).ok_or_else(missing)
}

async fn tenants(State(desk): State<Desk>, Path(environment): Path<String>) -> Result<Json<Vec<Progress>>, Problem> {
    Ok(Json(fleet(&desk, &environment)?.progress().await?))
}

async fn break_tenant(State(desk): State<Desk>, Path((environment, tenant)): Path<(String, String)>) -> Done {
    let migration = fleet(&desk, &environment)?.break_tenant(&tenant).await?;
    Ok(Json(json!({ "will_fail": migration.label() })))
}

async fn mend_tenant(State(desk): State<Desk>, Path((environment, tenant)): Path<(String, String)>) -> Done {
    fleet(&desk, &environment)?.mend_tenant(&tenant).await?;
    Ok(Json(json!({})))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_replaces_the_word_that_is_being_typed() {
        let line = |line: &str, value: Value| taken(line, &Choice { name: "x".to_owned(), value }).line;
        assert_eq!(line("/deploy ", json!("uat")), "/deploy uat ");
        assert_eq!(line("/deploy u", json!("uat")), "/deploy uat ");
        assert_eq!(line("/deploy uat ref:ma", json!("main")), "/deploy uat ref:main ");
        assert_eq!(line("/deploy uat n", json!("two words")), "/deploy uat \"two words\" ");
        assert_eq!(line("/cancel ", json!(7)), "/cancel 7 ");
    }
}
