//! Deployments and their statuses.

use serde_json::{Value, json};

use super::{node_id, repository, user};
use crate::github::repository::{Deployment, DeploymentStatus, Repository};
use crate::github::state::State;

/// One deployment.
pub(in crate::github) fn body(state: &State, repo: &Repository, deployment: &Deployment) -> Value {
    let url = address(state, repo, deployment.id);
    let updated = deployment.statuses.last().map_or(deployment.created_at, |status| status.created_at);
    json!({
        "id": deployment.id,
        "node_id": node_id("Deployment", deployment.id),
        "url": url,
        "sha": deployment.sha,
        "ref": deployment.ref_name,
        "task": deployment.task,
        "payload": deployment.payload,
        "original_environment": deployment.environment,
        "environment": deployment.environment,
        "description": deployment.description,
        "creator": user::simple(state, &deployment.creator),
        "created_at": deployment.created_at,
        "updated_at": updated,
        "statuses_url": format!("{url}/statuses"),
        "repository_url": repository::address(state, repo),
        "production_environment": deployment.production,
        "transient_environment": deployment.transient,
    })
}

/// One status of a deployment.
pub(in crate::github) fn status(
    state: &State,
    repo: &Repository,
    deployment: &Deployment,
    status: &DeploymentStatus,
) -> Value {
    let url = address(state, repo, deployment.id);
    json!({
        "id": status.id,
        "node_id": node_id("DeploymentStatus", status.id),
        "url": format!("{url}/statuses/{}", status.id),
        "state": status.state,
        "creator": user::simple(state, &status.creator),
        "description": status.description,
        "environment": deployment.environment,
        "target_url": status.log_url,
        "log_url": status.log_url,
        "environment_url": status.environment_url,
        "created_at": status.created_at,
        "updated_at": status.created_at,
        "deployment_url": url,
        "repository_url": repository::address(state, repo),
    })
}

fn address(state: &State, repo: &Repository, id: u64) -> String {
    format!("{}/deployments/{id}", repository::address(state, repo))
}
