//! The release checklist where an environment's own gate says nothing.

use super::{Category, Check, Gate, Item, Rule, SignOffs};
use crate::environment::Environment;

/// What teams usually look at before a release: the environment before, the tenants, the application, and who has
/// read the code, tested it and looked after the documentation. Only what the environment can be asked is on it.
#[must_use]
pub fn usual_list(environment: &Environment) -> Gate {
    let e = environment;
    let mut items = vec![];
    let mut asked = |when: bool, must: bool, check: Check| {
        if when {
            items.push(Item { rule: Rule::Check(check), must });
        }
    };
    asked(e.after.is_some(), true, Check::Previous { descendant: false });
    let secrets = e.github_environment.is_some() && !e.required_secrets.is_empty();
    asked(secrets, true, Check::Secrets { max_age: None });
    asked(e.database.is_some(), true, Check::Isolation);
    asked(e.database.is_some(), true, Check::Ledger);
    asked(e.database.is_some(), false, Check::Drift);
    asked(!e.health.is_empty(), true, Check::Health);
    let categories = [("code review", "✅", true), ("testing", "🧪", true), ("documentation", "📝", false)];
    if !e.sign_roles.is_empty() {
        items.extend(categories.iter().map(|(name, _, must)| Item {
            rule: Rule::SignOffs(SignOffs { category: (*name).into(), roles: e.sign_roles.clone(), count: 1 }),
            must: *must,
        }));
    }
    let categories = categories.map(|(name, emoji, _)| Category { name: name.into(), emoji: emoji.into() });
    Gate { items, categories: categories.into(), one_person_many_slots: true, ..Gate::default() }
}
