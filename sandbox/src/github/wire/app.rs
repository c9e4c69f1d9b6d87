//! The app, its installations and their tokens.

use serde_json::{Value, json};

use super::{node_id, user};
use crate::github::identity::{App, Installation};
use crate::github::state::State;

/// The app itself.
pub(in crate::github) fn app(state: &State, app: &App) -> Value {
    json!({
        "id": app.id,
        "slug": app.slug,
        "client_id": format!("Iv1.{:016x}", app.id),
        "node_id": node_id("App", app.id),
        "owner": user::simple(state, &app.owner),
        "name": app.name,
        "description": "",
        "external_url": state.html,
        "html_url": format!("{}/apps/{}", state.html, app.slug),
        "created_at": app.created_at,
        "updated_at": app.created_at,
        "permissions": app.permissions,
        "events": app.events,
        "installations_count": state.installations.len(),
    })
}

/// One installation.
pub(in crate::github) fn installation(state: &State, app: &App, installation: &Installation) -> Value {
    let url = format!("{}/app/installations/{}", state.api, installation.id);
    // The description of the list wants the fields of a user and of an enterprise together.
    let mut account = user::simple(state, &installation.account);
    account["name"] = json!(installation.account);
    account["slug"] = json!(installation.account);
    account["created_at"] = json!(installation.created_at);
    account["updated_at"] = json!(installation.created_at);
    json!({
        "id": installation.id,
        "account": account,
        "app_id": app.id,
        "app_slug": app.slug,
        "client_id": format!("Iv1.{:016x}", app.id),
        "target_id": user::id_of(&installation.account),
        "target_type": "Organization",
        "repository_selection": if installation.repositories.is_some() { "selected" } else { "all" },
        "access_tokens_url": format!("{url}/access_tokens"),
        "repositories_url": format!("{}/installation/repositories", state.api),
        "html_url": format!("{}/organizations/{}/settings/installations/{}", state.html, installation.account, installation.id),
        "permissions": installation.permissions,
        "events": app.events,
        "single_file_name": null,
        "single_file_paths": [],
        "has_multiple_single_files": false,
        "created_at": installation.created_at,
        "updated_at": installation.created_at,
        "suspended_by": null,
        "suspended_at": installation.suspended_at,
    })
}
