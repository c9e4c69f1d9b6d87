//! Deployments and their statuses.

use serde_json::{Value, json};

use super::call::{Call, text};
use super::reply::{Answer, Refusal, Reply};
use crate::github::identity::Level;
use crate::github::repository::{Deployment, DeploymentStatus, Repository};
use crate::github::state::State;
use crate::github::{seed, wire};

const STATES: &[&str] = &["error", "failure", "inactive", "in_progress", "queued", "pending", "success"];
const CREATE_KEYS: &[&str] = &[
    "ref",
    "task",
    "auto_merge",
    "required_contexts",
    "payload",
    "environment",
    "description",
    "transient_environment",
    "production_environment",
];
const STATUS_KEYS: &[&str] =
    &["state", "target_url", "log_url", "description", "environment", "environment_url", "auto_inactive"];

pub(super) fn list(state: &mut State, call: &Call) -> Answer {
    let repo = call.repo(state, "deployments", Level::Read)?;
    let wanted = |name: &str, value: &str| call.query(name).is_none_or(|wanted| wanted == value);
    let found: Vec<&Deployment> = repo
        .deployments
        .iter()
        .rev()
        .filter(|one| wanted("sha", &one.sha) && wanted("ref", &one.ref_name))
        .filter(|one| wanted("task", &one.task) && wanted("environment", &one.environment))
        .collect();
    let page = call.page(state, &found);
    let bodies: Vec<Value> = page.items.iter().map(|one| wire::deployment::body(state, repo, one)).collect();
    Ok(page.reply(json!(bodies)))
}

fn in_path<'s>(state: &'s State, call: &Call, level: Level) -> Result<(&'s Repository, &'s Deployment), Refusal> {
    let repo = call.repo(state, "deployments", level)?;
    let id = call.number("deployment")?;
    let found = repo.deployments.iter().find(|one| one.id == id);
    Ok((repo, found.ok_or_else(Refusal::not_found)?))
}

pub(super) fn one(state: &mut State, call: &Call) -> Answer {
    let (repo, found) = in_path(state, call, Level::Read)?;
    Ok(Reply::ok(wire::deployment::body(state, repo, found)))
}

pub(super) fn create(state: &mut State, call: &Call) -> Answer {
    let fields = call.fields(CREATE_KEYS)?;
    let (id, created_at, creator) = (state.fresh_id(), state.now(), call.login(state));
    let repo = call.repo(state, "deployments", Level::Write)?;
    let ref_name = text(&fields, "ref").ok_or_else(|| Refusal::missing_key("ref"))?;
    let commit =
        repo.commit(&ref_name).ok_or_else(|| Refusal::unprocessable(format!("No ref found for: {ref_name}")))?;
    let (full_name, sha, trunk) = (repo.full_name(), commit.sha.clone(), repo.default_branch.clone());
    let environment = text(&fields, "environment").unwrap_or_else(|| "production".to_owned());
    let flag = |key: &str| fields.get(key).and_then(Value::as_bool);
    // On by default: a deployment may merge the default branch into the ref instead of deploying.
    if flag("auto_merge").unwrap_or(true) && merged_first(state, &full_name, &trunk, &ref_name) {
        let message = format!("Auto-merged {trunk} into {ref_name} on deployment.");
        return Ok(Reply::json(202, json!({ "message": message })));
    }
    let deployment = Deployment {
        id,
        sha,
        ref_name,
        task: text(&fields, "task").unwrap_or_else(|| "deploy".to_owned()),
        production: flag("production_environment").unwrap_or(environment == "production"),
        environment,
        transient: flag("transient_environment").unwrap_or(false),
        payload: fields.get("payload").cloned().unwrap_or_else(|| json!({})),
        description: text(&fields, "description"),
        creator,
        statuses: Vec::new(),
        created_at,
    };
    let repo = state.repository_mut(&full_name).ok_or_else(Refusal::not_found)?;
    repo.deployments.push(deployment.clone());
    let repo = state.repository(&full_name).ok_or_else(Refusal::not_found)?;
    Ok(Reply::json(201, wire::deployment::body(state, repo, &deployment)))
}

/// Merges the trunk into a branch that lacks some of it; tells whether it had to.
fn merged_first(state: &mut State, full_name: &str, trunk: &str, branch: &str) -> bool {
    let Some(repo) = state.repository(full_name) else { return false };
    let (Some(ours), Some(theirs)) = (repo.branches.get(branch), repo.branches.get(trunk)) else {
        return false;
    };
    let behind = repo.compare(ours, theirs).is_some_and(|comparison| !comparison.ahead.is_empty());
    let theirs = theirs.clone();
    if behind && let Some(sha) = seed::commit(state, full_name, branch, &format!("Merge {trunk} into {branch}")) {
        let repo = state.repository_mut(full_name);
        if let Some(commit) = repo.and_then(|repo| repo.commits.get_mut(&sha)) {
            commit.parents.push(theirs);
        }
    }
    behind
}

pub(super) fn statuses(state: &mut State, call: &Call) -> Answer {
    let (repo, found) = in_path(state, call, Level::Read)?;
    let newest_first: Vec<&DeploymentStatus> = found.statuses.iter().rev().collect();
    let page = call.page(state, &newest_first);
    let bodies: Vec<Value> = page.items.iter().map(|one| wire::deployment::status(state, repo, found, one)).collect();
    Ok(page.reply(json!(bodies)))
}

pub(super) fn add_status(state: &mut State, call: &Call) -> Answer {
    let fields = call.fields(STATUS_KEYS)?;
    let (repo, found) = in_path(state, call, Level::Write)?;
    let (full_name, id) = (repo.full_name(), found.id);
    let wanted = text(&fields, "state").ok_or_else(|| Refusal::missing_key("state"))?;
    if !STATES.contains(&wanted.as_str()) {
        return Err(Refusal::invalid("DeploymentStatus", "state", "custom", "state is not included in the list"));
    }
    let description = text(&fields, "description").unwrap_or_default();
    if description.chars().count() > 140 {
        return Err(Refusal::invalid(
            "DeploymentStatus",
            "description",
            "custom",
            "description is too long (maximum is 140 characters)",
        ));
    }
    let log_url = text(&fields, "log_url").or_else(|| text(&fields, "target_url"));
    let status = DeploymentStatus {
        id: 0,
        state: wanted,
        description,
        log_url: log_url.unwrap_or_default(),
        environment_url: text(&fields, "environment_url").unwrap_or_default(),
        creator: call.login(state),
        created_at: state.now(),
    };
    state.add_deployment_status(&full_name, id, status).ok_or_else(Refusal::not_found)?;
    let (repo, found) = in_path(state, call, Level::Write)?;
    let status = found.statuses.last().ok_or_else(Refusal::not_found)?;
    Ok(Reply::json(201, wire::deployment::status(state, repo, found, status)))
}
