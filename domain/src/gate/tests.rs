//! Gates under tables, under random rules, and under random histories.

mod checks;
mod forge;
mod histories;
mod rules;
mod whatif;

use jiff::Timestamp;

use super::*;
use crate::{
    decide::tests::{at, person, requested, sha, uat},
    deployment::Deployment,
    environment::{Environment, Role},
    ids::{PersonId, RoleId},
};

pub(crate) const REVIEWER: RoleId = RoleId(2);
pub(crate) const LEAD: RoleId = RoleId(3);

pub(crate) fn role(id: RoleId) -> Role {
    Role { name: if id == LEAD { "lead".into() } else { "reviewer".into() }, id }
}

/// So many people of a role sign in a category.
pub(crate) fn signed(category: &str, role_id: RoleId, count: usize) -> Rule {
    Rule::SignOffs(SignOffs { category: category.into(), roles: vec![role(role_id)], count })
}

pub(crate) fn must(rule: Rule) -> Item {
    Item { rule, must: true }
}

pub(crate) fn gated(items: Vec<Item>) -> Environment {
    let categories = [("review", "✅"), ("testing", "🧪")];
    let categories = categories.map(|(name, emoji)| Category { name: name.into(), emoji: emoji.into() }).into();
    Environment { gate: Gate { items, categories, ..Gate::default() }, ..uat() }
}

pub(crate) fn fingerprint() -> Fingerprint {
    let workflow = Some("w1".into());
    Fingerprint { workflow, ..Fingerprint::of(&sha('a')) }.with_applied(None)
}

/// A signature by somebody with these roles, given at the beginning.
pub(crate) fn sign_off(by: u64, category: &str, roles: &[RoleId]) -> SignOff {
    SignOff {
        by: person(by, &format!("p{by}")),
        category: category.into(),
        seen: at(0),
        roles: roles.to_vec(),
        fingerprint: Some(fingerprint()),
        ended: None,
        way: Way::Reaction,
        comment: None,
    }
}

pub(crate) fn facts(now: Timestamp) -> Facts {
    let looked = Looked { up: (0..100).map(PersonId).collect(), ..Looked::default() };
    Facts { reactions: Some(Read { at: now, found: Ok(looked) }), ..Facts::unlocked(now, fingerprint()) }
}

pub(crate) fn with(environment: &Environment, sign_offs: Vec<SignOff>) -> Deployment {
    Deployment { sign_offs, ..requested(environment) }
}

fn said(deployment: &Deployment, environment: &Environment, facts: &Facts) -> String {
    let judged = evaluate(deployment, environment, facts);
    assert_eq!(judged.clearance.is_some(), judged.verdict.is_satisfied());
    let word = if judged.clearance.is_some() { "open" } else { "closed" };
    format!("{word}\n{}", judged.verdict.text(1000))
}
