//! Who may sign.

use super::{SignOffs, VETO};
use crate::{
    deployment::{Deployment, Origin, State},
    environment::Environment,
    ids::{Person, RoleId},
    permit::holds_one_of,
    refusal::Refusal,
    text::plain,
};

/// Whether somebody may sign with a button. Whether it then counts is for the judgement.
///
/// # Errors
/// [`Refusal`] `not_waiting`, `stale_button`, `own_deployment`, `role_missing` or `commit_not_typed`.
pub fn may_sign(
    deployment: &Deployment,
    environment: &Environment,
    by: &Person,
    roles: &[RoleId],
    category: &str,
    typed: Option<&str>,
) -> Result<(), Refusal> {
    let gate = &environment.gate;
    if !matches!(deployment.state, State::Waiting { .. }) {
        return Err(Refusal::takes_no_signature(deployment));
    }
    // The veto is offered beside what some rule asks for.
    if !gate.asked().any(|known| known.name == category || category == VETO) {
        return Err(Refusal::stale_button(deployment.id));
    }
    if category != VETO && is_own(deployment, by) {
        return Err(Refusal::own_deployment(deployment));
    }
    if !entitled(environment, category, roles) {
        return Err(Refusal::may_not_sign(environment, category, &signers(environment, category)));
    }
    if gate.confirm_commit && category != VETO {
        let typed = typed.map(|typed| typed.trim().to_ascii_lowercase());
        let given = typed.as_deref().filter(|typed| {
            typed.len() >= deployment.commit.short().len() && deployment.commit.as_str().starts_with(typed)
        });
        if given.is_none() {
            return Err(Refusal::commit_not_typed(&deployment.commit, typed.as_deref()));
        }
    }
    Ok(())
}

/// Whether somebody asked for the deployment.
pub(crate) fn is_own(deployment: &Deployment, by: &Person) -> bool {
    matches!(&deployment.origin, Origin::Chat { by: asked, .. } if asked.id == by.id)
}

/// Whether somebody with these roles may sign in a category. Forbidding takes any role that may sign or deploy.
pub(crate) fn entitled(environment: &Environment, category: &str, roles: &[RoleId]) -> bool {
    let rules = environment.gate.sign_off_rules();
    if category == VETO {
        return holds_one_of(roles, &environment.deploy_roles)
            || rules.iter().any(|rule| holds_one_of(roles, &rule.roles));
    }
    if rules.is_empty() {
        return holds_one_of(roles, &environment.sign_roles);
    }
    rules.iter().any(|rule| rule.category == category && holds_one_of(roles, &rule.roles))
}

/// Whose signature a category takes, safe to show.
pub(crate) fn signers(environment: &Environment, category: &str) -> String {
    let rules = environment.gate.sign_off_rules();
    let mut roles: Vec<&str> = match category {
        VETO => environment.deploy_roles.iter().map(|role| role.name.as_str()).collect(),
        _ => vec![],
    };
    let of = |rule: &&SignOffs| category == VETO || rule.category == category;
    roles.extend(rules.into_iter().filter(of).flat_map(|rule| &rule.roles).map(|role| role.name.as_str()));
    roles.sort_unstable();
    roles.dedup();
    if roles.is_empty() { "nobody here".into() } else { format!("the role {}", plain(&roles.join(" or "))) }
}
