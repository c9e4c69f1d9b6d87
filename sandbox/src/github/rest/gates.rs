//! Approvals that a run waits for.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::call::{Call, text};
use super::reply::{Answer, Refusal, Reply};
use super::runs;
use crate::github::identity::{Identity, Level};
use crate::github::repository::{Environment, Repository};
use crate::github::run::{Approval, Run};
use crate::github::state::State;
use crate::github::wire;

/// Most reports that an app may give for one environment of a run.
const MOST_REPORTS: usize = 10;

/// Environments that jobs of the run wait for.
fn waiting<'r>(repo: &'r Repository, run: &Run) -> Vec<&'r Environment> {
    let names: BTreeSet<&String> = run
        .latest()
        .jobs
        .iter()
        .filter(|job| job.status == "waiting")
        .filter_map(|job| job.environment.as_ref())
        .collect();
    names.into_iter().filter_map(|name| repo.environment(name)).collect()
}

pub(super) fn pending(state: &mut State, call: &Call) -> Answer {
    let (repo, run) = runs::in_path(state, call, Level::Read)?;
    let login = call.login(state);
    let bodies: Vec<Value> = waiting(repo, run)
        .into_iter()
        .map(|environment| {
            json!({
                "environment": wire::environment::reference(state, repo, environment),
                "wait_timer": environment.wait_minutes,
                "wait_timer_started_at": (environment.wait_minutes > 0).then_some(run.latest().updated_at),
                "current_user_can_approve": may_review(environment, &login),
                "reviewers": wire::environment::reviewers(state, environment),
            })
        })
        .collect();
    Ok(Reply::ok(json!(bodies)))
}

/// An environment that names nobody is gated by its script only: then anybody may review.
fn may_review(environment: &Environment, login: &str) -> bool {
    environment.reviewers.is_empty() || environment.reviewers.iter().any(|one| one == login)
}

pub(super) fn review(state: &mut State, call: &Call) -> Answer {
    let (repo, run) = runs::in_path(state, call, Level::Read)?;
    call.repo(state, "deployments", Level::Write)?;
    let fields = call.fields(&["environment_ids", "state", "comment"])?;
    let wanted = text(&fields, "state").ok_or_else(|| Refusal::missing_key("state"))?;
    let comment = text(&fields, "comment").ok_or_else(|| Refusal::missing_key("comment"))?;
    let ids = fields.get("environment_ids").and_then(Value::as_array);
    let ids = ids.ok_or_else(|| Refusal::missing_key("environment_ids"))?;
    if !["approved", "rejected"].contains(&wanted.as_str()) {
        return Err(Refusal::unprocessable("Invalid request.\n\nstate must be one of approved, rejected"));
    }
    let login = call.login(state);
    let reviewed: Vec<&Environment> = waiting(repo, run)
        .into_iter()
        .filter(|environment| ids.iter().any(|id| id.as_u64() == Some(environment.id)))
        .collect();
    let person = matches!(call.identity, Identity::Classic { .. } | Identity::FineGrained { .. });
    if reviewed.is_empty() || !person || reviewed.iter().any(|one| !may_review(one, &login)) {
        return Err(Refusal::unprocessable(
            "The current user is not able to review any of the requested environments.",
        ));
    }
    let (id, full_name) = (run.id, repo.full_name());
    let environments: Vec<String> = reviewed.iter().map(|one| one.name.clone()).collect();
    let deployments: Vec<u64> =
        run.latest().jobs.iter().filter(|job| job.status == "waiting").filter_map(|job| job.deployment).collect();
    state.review(id, Approval { environments, state: wanted, user: login, comment });
    let repo = state.repository(&full_name).ok_or_else(Refusal::not_found)?;
    let bodies: Vec<Value> = repo
        .deployments
        .iter()
        .filter(|one| deployments.contains(&one.id))
        .map(|one| wire::deployment::body(state, repo, one))
        .collect();
    Ok(Reply::ok(json!(bodies)))
}

pub(super) fn approvals(state: &mut State, call: &Call) -> Answer {
    let (repo, run) = runs::in_path(state, call, Level::Read)?;
    let bodies: Vec<Value> = run
        .approvals
        .iter()
        .map(|approval| {
            let environments = approval.environments.iter().filter_map(|name| repo.environment(name));
            json!({
                "environments": environments.map(|one| wire::environment::body(state, repo, one)).collect::<Vec<_>>(),
                "state": approval.state,
                "user": wire::user::simple(state, &approval.user),
                "comment": approval.comment,
            })
        })
        .collect();
    Ok(Reply::ok(json!(bodies)))
}

/// The answer of the app's own protection rule; without a state it is only a report.
pub(super) fn custom_rule(state: &mut State, call: &Call) -> Answer {
    let (repo, run) = runs::in_path(state, call, Level::Read)?;
    if !matches!(call.identity, Identity::Installation { .. }) {
        return Err(Refusal::new(403, "Resource not accessible by personal access token"));
    }
    call.repo(state, "deployments", Level::Write)?;
    let fields = call.fields(&["environment_name", "state", "comment"])?;
    let name = text(&fields, "environment_name").ok_or_else(|| Refusal::missing_key("environment_name"))?;
    let environment = waiting(repo, run).into_iter().find(|one| one.name.eq_ignore_ascii_case(&name));
    let environment = environment.filter(|one| one.custom_rule).ok_or_else(Refusal::not_found)?.name.clone();
    let comment = text(&fields, "comment").unwrap_or_default();
    if comment.chars().count() > 1_024 {
        return Err(Refusal::unprocessable("Comment is too long (maximum is 1024 characters)"));
    }
    let id = run.id;
    let user = call.login(state);
    match text(&fields, "state").as_deref() {
        None if comment.is_empty() => return Err(Refusal::missing_key("comment")),
        None if run.reports.iter().filter(|(name, _)| *name == environment).count() >= MOST_REPORTS => {
            return Err(Refusal::unprocessable("No more than 10 status reports are allowed for a deployment gate"));
        }
        None => {
            if let Some(run) = state.run_mut(id) {
                run.reports.push((environment, comment));
            }
        }
        Some(wanted @ ("approved" | "rejected")) => {
            let wanted = wanted.to_owned();
            state.review(id, Approval { environments: vec![environment], state: wanted, user, comment });
        }
        Some(_) => return Err(Refusal::unprocessable("Invalid request.\n\nstate must be one of approved, rejected")),
    }
    Ok(Reply::empty(204))
}
