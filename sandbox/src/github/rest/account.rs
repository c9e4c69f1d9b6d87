//! Who one is, what one has left, the app and its installations.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::call::Call;
use super::reply::{Answer, Refusal, Reply};
use crate::github::identity::{App, Identity, Installation, Level, Permissions, Token};
use crate::github::repository::Repository;
use crate::github::state::State;
use crate::github::wire;

pub(super) fn user(state: &mut State, call: &Call) -> Answer {
    match &call.identity {
        Identity::Classic { login, .. } | Identity::FineGrained { login, .. } => {
            Ok(Reply::ok(wire::user::own(state, login)))
        }
        _ => Err(Refusal::new(403, "Resource not accessible by integration")),
    }
}

pub(super) fn meta(_: &mut State, _: &Call) -> Answer {
    Ok(Reply::ok(json!({
        "verifiable_password_authentication": false,
        "hooks": ["127.0.0.0/8", "::1/128"],
        "api": ["127.0.0.0/8"],
        "web": ["127.0.0.0/8"],
        "actions": ["127.0.0.0/8"],
    })))
}

pub(super) fn versions(_: &mut State, _: &Call) -> Answer {
    Ok(Reply::ok(json!([super::call::NEW_VERSION, super::call::DEFAULT_VERSION])))
}

pub(super) fn rate_limit(state: &mut State, call: &Call) -> Answer {
    let budget = state.budget(&call.identity.credential());
    let core = json!({
        "limit": budget.limit,
        "remaining": budget.remaining(),
        "reset": budget.reset,
        "used": budget.used,
    });
    Ok(Reply::ok(json!({
        "resources": { "core": core, "search": { "limit": 30, "remaining": 30, "reset": budget.reset, "used": 0 } },
        "rate": core,
    })))
}

/// The app, if it is the app that asks.
fn asking_app<'s>(state: &'s State, call: &Call) -> Result<&'s App, Refusal> {
    match &call.identity {
        Identity::App => state.app.as_ref().ok_or_else(Refusal::not_found),
        _ => Err(Refusal::new(401, "A JSON web token could not be decoded")),
    }
}

pub(super) fn app(state: &mut State, call: &Call) -> Answer {
    let app = asking_app(state, call)?;
    Ok(Reply::ok(wire::app::app(state, app)))
}

pub(super) fn installations(state: &mut State, call: &Call) -> Answer {
    let app = asking_app(state, call)?;
    let page = call.page(state, &state.installations);
    let bodies: Vec<Value> = page.items.iter().map(|one| wire::app::installation(state, app, one)).collect();
    Ok(page.reply(json!(bodies)))
}

fn installation_in_path<'s>(state: &'s State, call: &Call) -> Result<&'s Installation, Refusal> {
    let id = call.number("installation")?;
    state.installations.iter().find(|one| one.id == id).ok_or_else(Refusal::not_found)
}

pub(super) fn installation(state: &mut State, call: &Call) -> Answer {
    let app = asking_app(state, call)?;
    let found = installation_in_path(state, call)?;
    Ok(Reply::ok(wire::app::installation(state, app, found)))
}

pub(super) fn repository_installation(state: &mut State, call: &Call) -> Answer {
    let app = asking_app(state, call)?;
    let repo = state.repository(&call.repo_name()).ok_or_else(Refusal::not_found)?;
    let found = state.installations.iter().find(|one| covers(one, repo)).ok_or_else(Refusal::not_found)?;
    Ok(Reply::ok(wire::app::installation(state, app, found)))
}

fn covers(installation: &Installation, repo: &Repository) -> bool {
    let chosen = |ids: &Vec<u64>| ids.contains(&repo.id);
    installation.account == repo.owner && installation.repositories.as_ref().is_none_or(chosen)
}

pub(super) fn access_token(state: &mut State, call: &Call) -> Answer {
    let app_id = asking_app(state, call)?.id;
    let installation = installation_in_path(state, call)?.clone();
    if installation.suspended_at.is_some() {
        return Err(Refusal::new(403, "This installation has been suspended"));
    }
    let fields = call.fields(&["repositories", "repository_ids", "permissions"])?;
    let permissions = wanted_permissions(&installation, fields.get("permissions"))?;
    let repositories = wanted_repositories(state, &installation, &fields)?;
    let expires_at = state.now().checked_add(SignedDuration::from_hours(1)).unwrap_or(state.now());
    // Of varying length and with an app id in it, as tokens have been since April 2026.
    let value = format!("ghs_{app_id}_{:x}.{:x}", state.fresh_id(), installation.id);
    state.tokens.push(Token {
        value: value.clone(),
        identity: Identity::Installation {
            id: installation.id,
            permissions: permissions.clone(),
            repositories: repositories.clone(),
        },
        expires_at: Some(expires_at),
    });
    let mut body = json!({
        "token": value,
        "expires_at": expires_at,
        "permissions": permissions,
        "repository_selection": if repositories.is_some() { "selected" } else { "all" },
    });
    if let Some(ids) = repositories {
        let chosen = state.repositories.iter().filter(|repo| ids.contains(&repo.id));
        body["repositories"] = chosen.map(|repo| wire::repository::full(state, repo)).collect();
    }
    Ok(Reply::json(201, body))
}

fn wanted_permissions(installation: &Installation, wanted: Option<&Value>) -> Result<Permissions, Refusal> {
    let Some(wanted) = wanted else {
        return Ok(installation.permissions.clone());
    };
    let wanted: Permissions = serde_json::from_value(wanted.clone())
        .map_err(|_| Refusal::unprocessable("Invalid request.\n\nInvalid property /permissions"))?;
    let granted =
        |(name, level): (&String, &Level)| installation.permissions.get(name).is_some_and(|held| held >= level);
    if wanted.iter().all(granted) {
        Ok(wanted)
    } else {
        Err(Refusal::unprocessable("The permissions requested are not granted to this installation."))
    }
}

fn wanted_repositories(
    state: &State,
    installation: &Installation,
    fields: &serde_json::Map<String, Value>,
) -> Result<Option<Vec<u64>>, Refusal> {
    let reachable: Vec<&Repository> = state.repositories.iter().filter(|repo| covers(installation, repo)).collect();
    let entries = |key: &str| fields.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let names = entries("repositories");
    let ids = entries("repository_ids");
    if names.is_empty() && ids.is_empty() {
        return Ok(installation.repositories.clone());
    }
    let by_name = names.iter().map(|name| reachable.iter().find(|repo| Some(repo.name.as_str()) == name.as_str()));
    let by_id = ids.iter().map(|id| reachable.iter().find(|repo| Some(repo.id) == id.as_u64()));
    let found: Option<Vec<u64>> = by_name.chain(by_id).map(|repo| repo.map(|repo| repo.id)).collect();
    found.map(Some).ok_or_else(|| {
        Refusal::unprocessable(
            "There is at least one repository that does not exist or is not accessible to the parent installation.",
        )
    })
}

pub(super) fn installation_repositories(state: &mut State, call: &Call) -> Answer {
    let Identity::Installation { id, repositories, .. } = &call.identity else {
        return Err(Refusal::new(
            403,
            "You must authenticate with an installation access token in order to list repositories for an installation.",
        ));
    };
    let installation = state.installations.iter().find(|one| one.id == *id).ok_or_else(Refusal::not_found)?;
    let chosen = |repo: &&Repository| repositories.as_ref().is_none_or(|ids| ids.contains(&repo.id));
    let reachable: Vec<&Repository> =
        state.repositories.iter().filter(|repo| covers(installation, repo)).filter(chosen).collect();
    let page = call.page(state, &reachable);
    let bodies: Vec<Value> = page.items.iter().map(|repo| wire::repository::full(state, repo)).collect();
    Ok(page.reply(json!({ "total_count": reachable.len(), "repository_selection": "all", "repositories": bodies })))
}

pub(super) fn repository(state: &mut State, call: &Call) -> Answer {
    let repo = call.repo(state, "metadata", Level::Read)?;
    let mut body = wire::repository::full(state, repo);
    body["permissions"] = json!({ "admin": false, "maintain": false, "push": true, "triage": true, "pull": true });
    Ok(Reply::ok(body))
}
