//! Environments with the names of their secrets and the values of their variables.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::call::Call;
use super::reply::{Answer, Refusal, Reply};
use crate::github::identity::Level;
use crate::github::repository::{Environment, Repository};
use crate::github::state::State;
use crate::github::wire::environment as wire;
use crate::github::wire::node_id;

pub(super) fn list(state: &mut State, call: &Call) -> Answer {
    let repo = call.repo(state, "actions", Level::Read)?;
    let page = call.page(state, &repo.environments);
    let bodies: Vec<Value> = page.items.iter().map(|one| wire::body(state, repo, one)).collect();
    Ok(page.reply(json!({ "total_count": repo.environments.len(), "environments": bodies })))
}

fn in_path<'s>(state: &'s State, call: &Call, resource: &str) -> Result<(&'s Repository, &'s Environment), Refusal> {
    let repo = call.repo(state, resource, Level::Read)?;
    let found = repo.environment(call.param("environment")).ok_or_else(Refusal::not_found)?;
    Ok((repo, found))
}

pub(super) fn one(state: &mut State, call: &Call) -> Answer {
    let (repo, environment) = in_path(state, call, "actions")?;
    Ok(Reply::ok(wire::body(state, repo, environment)))
}

pub(super) fn secrets(state: &mut State, call: &Call) -> Answer {
    let (_, environment) = in_path(state, call, "environments")?;
    Ok(secret_page(state, call, &environment.secrets))
}

pub(super) fn secret(state: &mut State, call: &Call) -> Answer {
    let (_, environment) = in_path(state, call, "environments")?;
    let name = call.param("secret");
    let at = environment.secrets.get(name).ok_or_else(Refusal::not_found)?;
    Ok(Reply::ok(wire::secret(name, *at)))
}

pub(super) fn variables(state: &mut State, call: &Call) -> Answer {
    let (_, environment) = in_path(state, call, "environments")?;
    Ok(variable_page(state, call, &environment.variables, environment.created_at))
}

pub(super) fn custom_rules(state: &mut State, call: &Call) -> Answer {
    let (_, environment) = in_path(state, call, "actions")?;
    let rule = state.app.as_ref().filter(|_| environment.custom_rule).map(|app| {
        let id = environment.id * 10 + 3;
        json!({
            "id": id,
            "node_id": node_id("DeploymentProtectionRule", id),
            "enabled": true,
            "app": {
                "id": app.id,
                "slug": app.slug,
                "integration_url": format!("{}/apps/{}", state.api, app.slug),
                "node_id": node_id("App", app.id),
            },
        })
    });
    let rules: Vec<Value> = rule.into_iter().collect();
    Ok(Reply::ok(json!({ "total_count": rules.len(), "custom_deployment_protection_rules": rules })))
}

pub(super) fn repository_secrets(state: &mut State, call: &Call) -> Answer {
    let repo = call.repo(state, "secrets", Level::Read)?;
    Ok(secret_page(state, call, &repo.secrets))
}

pub(super) fn repository_variables(state: &mut State, call: &Call) -> Answer {
    let repo = call.repo(state, "actions_variables", Level::Read)?;
    Ok(variable_page(state, call, &repo.variables, repo.created_at))
}

pub(super) fn organisation_secrets(state: &mut State, call: &Call) -> Answer {
    let repo = call.repo(state, "secrets", Level::Read)?;
    Ok(secret_page(state, call, &repo.organisation_secrets))
}

pub(super) fn organisation_variables(state: &mut State, call: &Call) -> Answer {
    let repo = call.repo(state, "actions_variables", Level::Read)?;
    Ok(variable_page(state, call, &repo.organisation_variables, repo.created_at))
}

fn secret_page(state: &State, call: &Call, secrets: &BTreeMap<String, Timestamp>) -> Reply {
    let all: Vec<(&String, &Timestamp)> = secrets.iter().collect();
    let page = call.page(state, &all);
    page.reply(wire::secrets(secrets, page.items))
}

fn variable_page(state: &State, call: &Call, variables: &BTreeMap<String, String>, at: Timestamp) -> Reply {
    let all: Vec<(&String, &String)> = variables.iter().collect();
    let page = call.page_of(state, &all, 30);
    page.reply(wire::variables(all.len(), page.items, at))
}
