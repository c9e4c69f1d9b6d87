//! REST v10: routes, authentication, rate limits and faults; the handlers are in the modules.

mod commands;
mod extract;
mod guild;
mod interactions;
mod messages;
mod reactions;
mod threads;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, patch, post, put};
use http::{HeaderMap, StatusCode, header};
use serde_json::json;

use super::Discord;
use super::error::ApiError;
use super::faults::{self, Failure, Fault};
use super::ratelimit::TooEarly;
use crate::traffic::BrokenOnPurpose;

/// Bytes of a whole request.
const LARGEST_REQUEST: usize = 25 * 1024 * 1024;

/// Every route under `/api/v10`.
pub(crate) fn router(discord: Discord) -> Router {
    let with_token = Router::new()
        .merge(guild_routes())
        .merge(channel_routes())
        .merge(command_routes())
        .layer(middleware::from_fn_with_state(discord.clone(), authenticate));
    let routes = Router::new()
        .route("/gateway", get(guild::gateway))
        .merge(interaction_routes())
        .merge(with_token)
        .fallback(|| async { ApiError::not_found() })
        .method_not_allowed_fallback(|| async { ApiError::method_not_allowed() })
        .layer(middleware::from_fn_with_state(discord.clone(), admit))
        .layer(DefaultBodyLimit::max(LARGEST_REQUEST))
        .with_state(discord);
    // Faults and limits are decided on the whole path, as it is logged.
    Router::new().nest("/api/v10", routes)
}

fn guild_routes() -> Router<Discord> {
    Router::new()
        .route("/gateway/bot", get(guild::gateway_bot))
        .route("/oauth2/applications/@me", get(guild::own_application))
        .route("/applications/@me", get(guild::own_application))
        .route("/applications/{application}", get(guild::application))
        .route("/users/@me", get(guild::me))
        .route("/users/@me/channels", post(guild::open_dm))
        .route("/users/{user}", get(guild::user))
        .route("/guilds/{guild}", get(guild::guild))
        .route("/guilds/{guild}/channels", get(guild::channels))
        .route("/guilds/{guild}/roles", get(guild::roles))
        .route("/guilds/{guild}/members/{user}", get(guild::member))
        .route("/guilds/{guild}/threads/active", get(threads::active))
}

fn channel_routes() -> Router<Discord> {
    Router::new()
        .route("/channels/{channel}", get(guild::channel).patch(threads::change))
        .route("/channels/{channel}/typing", post(messages::typing))
        .route("/channels/{channel}/messages", get(messages::list).post(messages::create))
        .route(
            "/channels/{channel}/messages/{message}",
            get(messages::one).patch(messages::edit).delete(messages::remove),
        )
        .route("/channels/{channel}/messages/{message}/threads", post(threads::from_message))
        .route("/channels/{channel}/threads", post(threads::alone))
        .route("/channels/{channel}/messages/{message}/reactions", delete(reactions::clear))
        .route(
            "/channels/{channel}/messages/{message}/reactions/{emoji}",
            get(reactions::list).delete(reactions::clear_emoji),
        )
        .route(
            "/channels/{channel}/messages/{message}/reactions/{emoji}/@me",
            put(reactions::add).delete(reactions::remove_own),
        )
        .route("/channels/{channel}/messages/{message}/reactions/{emoji}/{user}", delete(reactions::remove))
}

fn command_routes() -> Router<Discord> {
    Router::new()
        .route(
            "/applications/{application}/commands",
            get(commands::list_global).put(commands::overwrite_global).post(commands::create_global),
        )
        .route(
            "/applications/{application}/commands/{command}",
            get(commands::one_global).patch(commands::change_global).delete(commands::remove_global),
        )
        .route(
            "/applications/{application}/guilds/{guild}/commands",
            get(commands::list_guild).put(commands::overwrite_guild).post(commands::create_guild),
        )
        .route(
            "/applications/{application}/guilds/{guild}/commands/{command}",
            get(commands::one_guild).patch(commands::change_guild).delete(commands::remove_guild),
        )
}

/// These carry their own token in the path.
fn interaction_routes() -> Router<Discord> {
    Router::new()
        .route("/interactions/{interaction}/{token}/callback", post(interactions::callback))
        .route("/webhooks/{application}/{token}", post(interactions::follow_up))
        .route(
            "/webhooks/{application}/{token}/messages/{message}",
            get(interactions::read).merge(patch(interactions::edit)).merge(delete(interactions::remove)),
        )
}

async fn authenticate(State(discord): State<Discord>, request: Request, next: Next) -> Response {
    let given = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bot "));
    let fits = discord.look(|state| given == Some(state.application.token.as_str()));
    if !fits {
        return ApiError::unauthorized().into_response();
    }
    next.run(request).await
}

/// Rate limits and faults, before anything else.
async fn admit(State(discord): State<Discord>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let path = request
        .extensions()
        .get::<axum::extract::OriginalUri>()
        .map_or_else(|| request.uri().path().to_owned(), |uri| uri.path().to_owned());
    let (admitted, fault) = discord.change(|state| {
        state.asked.push((method.clone(), path.clone()));
        let admitted = state.limits.admit(&method, &path);
        let fault = faults::take(&mut state.faults, &method, &path);
        (admitted, fault)
    });
    if let Some(fault) = fault {
        return broken(&fault, request, next).await;
    }
    match admitted {
        Ok(headers) => {
            let mut response = next.run(request).await;
            response.headers_mut().extend(headers);
            response
        }
        Err(early) => rate_limited(early.retry_after, early.global, Some(early)),
    }
}

async fn broken(fault: &Fault, request: Request, next: Next) -> Response {
    let carried_out = fault.carried_out || fault.failure == Failure::Late;
    let proper = if carried_out { Some(next.run(request).await) } else { None };
    tokio::time::sleep(fault.delay).await;
    let mut response = match fault.failure {
        Failure::Late => return proper.unwrap_or_else(|| StatusCode::OK.into_response()),
        Failure::RateLimited { retry_after, global } => rate_limited(retry_after, global, None),
        Failure::TruncatedJson => {
            ([(header::CONTENT_TYPE, "application/json")], Body::from("{\"id\":\"1")).into_response()
        }
        // Unwinding ends the connection's task, and with it the connection, without a word.
        Failure::Reset => std::panic::resume_unwind(Box::new("connection reset on purpose")),
        Failure::Silence => std::future::pending().await,
        Failure::Status(_) => {
            let status = fault.failure.status().unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let text = format!("{}: {}", status.as_u16(), status.canonical_reason().unwrap_or(""));
            ApiError::custom(status, 0, &text).into_response()
        }
    };
    response.extensions_mut().insert(BrokenOnPurpose);
    response
}

fn rate_limited(retry_after: f64, global: bool, early: Option<TooEarly>) -> Response {
    let body = json!({
        "message": "You are being rate limited.",
        "retry_after": retry_after,
        "global": global,
        "code": 0,
    });
    let mut headers = early.map_or_else(HeaderMap::new, |early| early.headers);
    let scope = if global { "global" } else { "user" };
    headers.insert("x-ratelimit-scope", header::HeaderValue::from_static(scope));
    if global {
        headers.insert("x-ratelimit-global", header::HeaderValue::from_static("true"));
    }
    // The header is in whole seconds, the body exact.
    if let Ok(value) = header::HeaderValue::from_str(&retry_after.ceil().max(1.0).to_string()) {
        headers.insert(header::RETRY_AFTER, value);
    }
    (StatusCode::TOO_MANY_REQUESTS, headers, axum::Json(body)).into_response()
}
