//! The OIDC tokens of running jobs, and the keys they are checked with. Served where a GitHub Enterprise Server has
//! them: below `/_services`.
//!
//! <https://docs.github.com/en/actions/reference/security/oidc>

use axum::extract::{Path, Query, State as Extract};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::Github;
use super::run::Run;
use super::state::State;

/// Signs the tokens. It guards nothing: whoever runs the stand-in may do anything with it.
const KEY: &str = include_str!("oidc.pem");
/// Seconds that a token lives.
const LIFE: i64 = 300;
/// Seconds before its making from which a token is good.
const EARLIER: i64 = 600;

/// What a job with `id-token: write` finds in its environment.
#[derive(Clone, Debug)]
pub struct IdTokenRequest {
    /// `ACTIONS_ID_TOKEN_REQUEST_URL`; `&audience=…` is added to it.
    pub url: String,
    /// `ACTIONS_ID_TOKEN_REQUEST_TOKEN`, the bearer token of the request.
    pub token: String,
}

/// The routes, below `/_services`.
pub(super) fn router(github: Github) -> Router {
    Router::new()
        .route("/token/.well-known/openid-configuration", get(discovery))
        .route("/token/.well-known/jwks", get(jwks))
        .route("/pipelines/{run}/idtoken", get(id_token))
        .with_state(github)
}

pub(super) fn issuer(state: &State) -> String {
    format!("{}/_services/token", state.api)
}

/// How a job of the run asks for its token.
pub(super) fn request(state: &State, run: u64) -> IdTokenRequest {
    let url = format!("{}/_services/pipelines/{run}/idtoken?api-version=2.0", state.api);
    IdTokenRequest { url, token: hex::encode(Sha256::digest(format!("the token of run {run}"))) }
}

async fn discovery(Extract(github): Extract<Github>) -> Json<Value> {
    let issuer = github.read(issuer);
    Json(json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/.well-known/jwks"),
        "subject_types_supported": ["public", "pairwise"],
        "response_types_supported": ["id_token"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid"],
    }))
}

async fn jwks() -> Response {
    match public_key() {
        Some(key) => Json(json!({ "keys": [key] })).into_response(),
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn public_key() -> Option<Jwk> {
    let mut key = Jwk::from_encoding_key(&EncodingKey::from_rsa_pem(KEY.as_bytes()).ok()?, Algorithm::RS256).ok()?;
    key.common.key_id = Some(key.thumbprint(ThumbprintHash::SHA256));
    Some(key)
}

#[derive(Deserialize)]
struct Wanted {
    audience: Option<String>,
}

async fn id_token(
    Extract(github): Extract<Github>,
    Path(run): Path<u64>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Response {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let token = github.read(|state| {
        let known = request(state, run).token;
        let (scheme, given) = given.split_once(' ')?;
        let run = state.run(run).filter(|run| !run.is_completed())?;
        let entitled = scheme.eq_ignore_ascii_case("bearer") && given == known;
        entitled.then(|| signed(&claims(state, run, wanted.audience)?))?
    });
    match token {
        Some(token) => Json(json!({ "count": token.len(), "value": token })).into_response(),
        None => StatusCode::UNAUTHORIZED.into_response(),
    }
}

fn claims(state: &State, run: &Run, audience: Option<String>) -> Option<Value> {
    let repo = state.repository(&run.repository)?;
    let workflow = repo.workflow(&run.workflow.to_string())?;
    let now = state.now().as_second();
    let full_name = repo.full_name();
    let reference = format!("refs/heads/{}", run.head_branch);
    let workflow_ref = format!("{full_name}/{}@{reference}", workflow.path());
    Some(json!({
        "jti": format!("{}-{}-{now}", run.id, run.latest().number),
        "sub": format!("repo:{full_name}:environment:{}", workflow.environment),
        "aud": audience.unwrap_or_else(|| format!("https://github.com/{}", repo.owner)),
        "ref": reference,
        "ref_type": "branch",
        "ref_protected": "false",
        "sha": run.head_sha,
        "repository": full_name,
        "repository_id": repo.id.to_string(),
        "repository_owner": repo.owner,
        "repository_visibility": if repo.private { "private" } else { "public" },
        "run_id": run.id.to_string(),
        "run_number": run.number.to_string(),
        "run_attempt": run.latest().number.to_string(),
        "actor": run.actor,
        "workflow": workflow.name,
        "workflow_ref": workflow_ref,
        "workflow_sha": run.head_sha,
        "job_workflow_ref": workflow_ref,
        "job_workflow_sha": run.head_sha,
        "event_name": run.event,
        "environment": workflow.environment,
        "head_ref": "",
        "base_ref": "",
        "runner_environment": "github-hosted",
        "iss": issuer(state),
        "nbf": now - EARLIER,
        "iat": now,
        "exp": now + LIFE,
    }))
}

/// A token with these claims, as GitHub signs it.
#[must_use]
pub fn signed(claims: &Value) -> Option<String> {
    let header = Header { kid: public_key()?.common.key_id, ..Header::new(Algorithm::RS256) };
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_rsa_pem(KEY.as_bytes()).ok()?).ok()
}
