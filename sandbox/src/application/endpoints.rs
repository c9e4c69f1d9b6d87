use std::time::Duration;

use axum::extract::{OriginalUri, State};
use axum::http::header::{CONNECTION, CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing::get};
use serde_json::json;
use sqlx::{Connection, PgConnection};

use super::{Environment, Environments};

/// How long the application waits for its own database.
const DATABASE_PATIENCE: Duration = Duration::from_secs(2);

pub(super) fn router(environments: Environments) -> Router {
    Router::new()
        .route("/api/v1/health/", get(health))
        .route("/api/v1/ready/", get(ready))
        .route("/", get(page))
        .fallback(unknown)
        .with_state(environments)
}

async fn health(State(environments): State<Environments>, headers: HeaderMap) -> Response {
    let environment = match enter(&environments, &headers).await {
        Ok(environment) => environment,
        Err(refusal) => return refusal,
    };
    if let Some(body) = &environment.fault.body {
        let text = [(CONTENT_TYPE, "text/html; charset=utf-8")];
        return finish(&environment, (text, body.clone()).into_response());
    }
    if !database_answers(&environment).await {
        // The product lets the exception through: the answer is Django's error page.
        let failed = (StatusCode::INTERNAL_SERVER_ERROR, "<h1>Server Error (500)</h1>");
        return finish(&environment, failed.into_response());
    }
    #[expect(clippy::disallowed_methods, reason = "this stands for another program, which has its own clock")]
    let now = jiff::Timestamp::now();
    let document = json!({
        "status": "healthy",
        "timestamp": now.to_string(),
        "version": environment.version,
        "database": "healthy",
    });
    finish(&environment, Json(document).into_response())
}

async fn ready(State(environments): State<Environments>, headers: HeaderMap) -> Response {
    match enter(&environments, &headers).await {
        Err(refusal) => refusal,
        Ok(environment) => {
            let ready = database_answers(&environment).await;
            let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
            let document = Json(json!({ "ready": ready }));
            finish(&environment, (status, document).into_response())
        }
    }
}

async fn page(State(environments): State<Environments>, headers: HeaderMap) -> Response {
    match enter(&environments, &headers).await {
        Err(refusal) => refusal,
        Ok(environment) => {
            let text = format!("The application, build {}\n", environment.build);
            finish(&environment, text.into_response())
        }
    }
}

async fn unknown(OriginalUri(uri): OriginalUri) -> Response {
    closing((StatusCode::NOT_FOUND, format!("Not Found: {}\n", uri.path())).into_response())
}

/// The environment of the `Host` header, after its delay, unless a fault answers for it.
async fn enter(environments: &Environments, headers: &HeaderMap) -> Result<Environment, Response> {
    let host = headers.get(HOST).and_then(|value| value.to_str().ok());
    let name = host.unwrap_or_default().split(':').next().unwrap_or_default();
    let found = {
        let environments = environments.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        environments.get(&name.to_lowercase()).cloned()
    };
    let Some(environment) = found else {
        let text = format!("No tenant for hostname \"{name}\"\n");
        return Err(closing((StatusCode::NOT_FOUND, text).into_response()));
    };
    if let Some(delay) = environment.fault.delay {
        tokio::time::sleep(delay).await;
    }
    match environment.fault.status.map(StatusCode::from_u16) {
        Some(Ok(status)) => Err(finish(&environment, (status, status.to_string()).into_response())),
        _ => Ok(environment),
    }
}

async fn database_answers(environment: &Environment) -> bool {
    if environment.fault.database_down {
        return false;
    }
    let Some(url) = &environment.database else {
        return true;
    };
    let ask = async {
        let mut connection = PgConnection::connect(url).await?;
        sqlx::query("SELECT 1").execute(&mut connection).await?;
        connection.close().await
    };
    matches!(tokio::time::timeout(DATABASE_PATIENCE, ask).await, Ok(Ok(())))
}

fn finish(environment: &Environment, mut response: Response) -> Response {
    if let Ok(build) = environment.build.parse() {
        response.headers_mut().insert("x-build-sha", build);
    }
    closing(response)
}

/// No connection is kept, so that a closed port is noticed by the very next request.
fn closing(mut response: Response) -> Response {
    let close = axum::http::HeaderValue::from_static("close");
    response.headers_mut().insert(CONNECTION, close);
    response
}
