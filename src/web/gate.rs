//! `GET /v1/gates/{environment}/{commit}`: whether a commit may pass, for a step that waits. Closed unless known to be
//! open, and nothing is said to whom no token vouches for.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};
use signalbox_domain::{
    environment::{Environment, Line},
    gate::{Asking, Passage, PassageAsk, Verdict},
    ids::{CommitSha, EnvironmentName, RunId},
    ports::{Gatekeeper, StoreError},
};

use super::{
    Web,
    oidc::{self, Caller, Issuer},
    request, token,
};

/// Whose gates are answered for, and whose word is taken.
pub struct Gates {
    /// Who knows how they stand.
    pub keeper: Arc<dyn Gatekeeper>,
    /// The environments.
    pub line: Arc<Line>,
    /// What our own tokens are signed with; without it none are taken.
    pub secret: Option<SecretString>,
    /// Who gives running jobs their tokens.
    pub issuer: Issuer,
}

/// What a caller may add when their token names no run.
#[derive(Deserialize)]
pub(super) struct Wanted {
    run: Option<u64>,
    attempt: Option<u32>,
}

/// Why there is no answer. What is said aloud says nothing of what there is.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("a token is missing, wrong or over")]
    Unauthorized(#[source] Option<oidc::Refused>),
    #[error("whether the token is good cannot be told right now")]
    Untold(#[source] oidc::Refused),
    #[error("{0}")]
    Malformed(&'static str),
    #[error("the token is for another commit")]
    OtherCommit,
    #[error("there is no such environment for this token")]
    Unknown,
    #[error("how the gate stands cannot be told right now")]
    Unreadable(#[source] StoreError),
}

/// Whom a token vouches for.
enum Bearer {
    /// Whoever was given a token for this environment.
    Holder(EnvironmentName),
    /// A running job.
    Run(Caller),
}

/// Answers.
pub(super) async fn ask(
    State(web): State<Arc<Web>>,
    Path((environment, commit)): Path<(String, String)>,
    wanted: Result<Query<Wanted>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let wanted = wanted.ok().map(|Query(wanted)| wanted);
    let answer = answer(&web, &environment, &commit, wanted, &headers).await;
    let (status, body) = match answer {
        Ok((ask, passage)) => (StatusCode::OK, told(&ask, &passage)),
        Err(refused) => {
            tracing::warn!(why = %refused, cause = std::error::Error::source(&refused), "nobody is told of a gate");
            (refused.status(), json!({"error": refused.word(), "why": refused.to_string()}))
        }
    };
    let mut response = (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response();
    if status == StatusCode::UNAUTHORIZED {
        let challenge = header::HeaderValue::from_static("Bearer realm=\"signalbox gates\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

async fn answer(
    web: &Web,
    environment: &str,
    commit: &str,
    wanted: Option<Wanted>,
    headers: &HeaderMap,
) -> Result<(PassageAsk, Passage), Refused> {
    let gates = &web.gates;
    let bearer = bearer(web, headers).await?;
    let commit = CommitSha::parse(commit)
        .map_err(|_| Refused::Malformed("the commit is not a full one of 40 lower-case hexadecimal digits"))?;
    let wanted = wanted.ok_or(Refused::Malformed("`run` and `attempt` are whole numbers"))?;
    let name = EnvironmentName::parse(environment).map_err(|_| Refused::Unknown)?;
    let known = gates.line.get(&name).ok_or(Refused::Unknown)?;
    let run = bearer.run(known, &commit, wanted)?;
    let ask = PassageAsk { environment: name, commit, run };
    let passage = gates.keeper.passage(&ask).await.map_err(Refused::Unreadable)?.ok_or(Refused::Unknown)?;
    Ok((ask, passage))
}

async fn bearer(web: &Web, headers: &HeaderMap) -> Result<Bearer, Refused> {
    let token = request::bearer(headers).ok_or(Refused::Unauthorized(None))?;
    let now = web.clock.now();
    if token.starts_with(token::PREFIX) {
        let secret = web.gates.secret.as_ref().ok_or(Refused::Unauthorized(None))?;
        return token::verify(secret, token, now).map(Bearer::Holder).ok_or(Refused::Unauthorized(None));
    }
    match web.gates.issuer.verify(token, now).await {
        Ok(caller) => Ok(Bearer::Run(caller)),
        Err(bad @ oidc::Refused::Bad(_)) => Err(Refused::Unauthorized(Some(bad))),
        Err(unsure @ oidc::Refused::NoKeys(_)) => Err(Refused::Untold(unsure)),
    }
}

impl Bearer {
    /// The run that asks, if the token may ask about this environment and commit at all.
    fn run(self, environment: &Environment, commit: &CommitSha, wanted: Wanted) -> Result<Option<Asking>, Refused> {
        match self {
            Self::Holder(of) if of == environment.name => {
                let said = |run| Asking { run: RunId(run), attempt: wanted.attempt, is_proven: false };
                Ok(wanted.run.map(said))
            }
            Self::Run(caller) if same(caller.repository.as_str(), environment.repository.as_str()) => {
                // What is asked for is what the run would deploy, not what somebody else has signed for.
                if caller.commit != *commit {
                    return Err(Refused::OtherCommit);
                }
                Ok(Some(Asking { run: caller.run, attempt: caller.attempt, is_proven: true }))
            }
            _ => Err(Refused::Unknown),
        }
    }
}

/// GitHub does not mind the case of a repository's name.
fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

impl Refused {
    fn status(&self) -> StatusCode {
        match self {
            Self::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::OtherCommit => StatusCode::FORBIDDEN,
            Self::Unknown => StatusCode::NOT_FOUND,
            Self::Untold(_) | Self::Unreadable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Unauthorized(_) => "unauthorized",
            Self::Malformed(_) => "bad_request",
            Self::OtherCommit => "other_commit",
            Self::Unknown => "not_found",
            Self::Untold(_) | Self::Unreadable(_) => "unavailable",
        }
    }
}

/// The answer as JSON; `docs/gates.md` describes every field.
fn told(ask: &PassageAsk, passage: &Passage) -> Value {
    json!({
        "cleared": passage.cleared_at.is_some(),
        "cleared_at": passage.cleared_at,
        "final": passage.is_final,
        "environment": ask.environment,
        "commit": ask.commit,
        "run": ask.run.map(|asking| asking.run),
        "deployment": passage.deployment,
        "state": passage.state,
        "why": passage.why,
        "command": passage.command,
        "gate": passage.verdict.as_ref().map(Verdict::view),
        "text": passage.explained(),
    })
}
