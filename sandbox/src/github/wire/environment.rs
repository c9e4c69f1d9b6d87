//! Environments, secrets and variables.

use std::collections::BTreeMap;

use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::{node_id, repository, user};
use crate::github::repository::{Environment, Repository};
use crate::github::state::State;

/// One environment with its protection rules.
pub(in crate::github) fn body(state: &State, repo: &Repository, environment: &Environment) -> Value {
    let mut fields = reference(state, repo, environment);
    fields["created_at"] = json!(environment.created_at);
    fields["updated_at"] = json!(environment.created_at);
    fields["protection_rules"] = json!(rules(state, environment));
    fields["deployment_branch_policy"] = Value::Null;
    fields
}

/// The short form that pending deployments carry.
pub(in crate::github) fn reference(state: &State, repo: &Repository, environment: &Environment) -> Value {
    let name = utf8_percent_encode(&environment.name, NON_ALPHANUMERIC);
    json!({
        "id": environment.id,
        "node_id": node_id("Environment", environment.id),
        "name": environment.name,
        "url": format!("{}/environments/{name}", repository::address(state, repo)),
        "html_url": format!("{}/deployments/activity_log?environments_filter={name}", repository::page(state, repo)),
    })
}

fn rules(state: &State, environment: &Environment) -> Vec<Value> {
    let rule = |offset: u64, kind: &str| {
        let id = environment.id * 10 + offset;
        json!({ "id": id, "node_id": node_id("GateRule", id), "type": kind })
    };
    let mut rules = Vec::new();
    if environment.wait_minutes > 0 {
        let mut wait = rule(1, "wait_timer");
        wait["wait_timer"] = json!(environment.wait_minutes);
        rules.push(wait);
    }
    if !environment.reviewers.is_empty() {
        let mut review = rule(2, "required_reviewers");
        review["prevent_self_review"] = json!(false);
        review["reviewers"] = json!(reviewers(state, environment));
        rules.push(review);
    }
    rules
}

/// The people of whom one must approve.
pub(in crate::github) fn reviewers(state: &State, environment: &Environment) -> Vec<Value> {
    environment
        .reviewers
        .iter()
        .map(|login| json!({ "type": "User", "reviewer": user::simple(state, login) }))
        .collect()
}

/// A secret: its name and age, never its value.
pub(in crate::github) fn secret(name: &str, updated_at: Timestamp) -> Value {
    json!({ "name": name, "created_at": updated_at, "updated_at": updated_at })
}

/// A page of secrets.
pub(in crate::github) fn secrets(all: &BTreeMap<String, Timestamp>, page: &[(&String, &Timestamp)]) -> Value {
    let shown: Vec<Value> = page.iter().map(|(name, at)| secret(name, **at)).collect();
    json!({ "total_count": all.len(), "secrets": shown })
}

/// A page of variables.
pub(in crate::github) fn variables(total: usize, page: &[(&String, &String)], at: Timestamp) -> Value {
    let shown: Vec<Value> = page
        .iter()
        .map(|(name, value)| json!({ "name": name, "value": value, "created_at": at, "updated_at": at }))
        .collect();
    json!({ "total_count": total, "variables": shown })
}
