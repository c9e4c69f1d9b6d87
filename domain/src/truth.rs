//! What a tenant database's own words mean: is the fleet where the green run claims it is?

use crate::{
    environment::Environment,
    evidence::{Answer, Finding},
    ports::{Fleet, Schema},
};

/// The findings over a fleet: are the expected schemas there, and did the migrations reach every tenant?
#[must_use]
pub fn judge(fleet: &Fleet, environment: &Environment) -> Vec<Finding> {
    let mut findings = vec![schemas(fleet, environment)];
    findings.extend(migrations(fleet));
    findings
}

/// The finding when the database could not be asked.
#[must_use]
pub fn unreachable(why: String) -> Finding {
    finding("tenant database", Answer::Unknown, why, vec![], true)
}

fn schemas(fleet: &Fleet, environment: &Environment) -> Finding {
    let there = |name: &&String| fleet.schemas.iter().any(|schema| &&schema.name == name);
    let missing: Vec<String> = environment.schemas.iter().filter(|name| !there(name)).cloned().collect();
    if missing.is_empty() {
        let says = format!("{} schemas answer", fleet.schemas.len());
        return finding("tenant database", Answer::Pass, says, vec![], false);
    }
    let says = format!("{} of {} expected schemas are missing", missing.len(), environment.schemas.len());
    finding("tenant database", Answer::Fail, says, missing, false)
}

/// Compares each tenant's ledger with public's: after the shared step that one names every migration.
fn migrations(fleet: &Fleet) -> Option<Finding> {
    let target = fleet.target?;
    let unreadable: Vec<&Schema> = fleet.schemas.iter().filter(|schema| schema.unreadable.is_some()).collect();
    let tenants = fleet.schemas.iter().filter(|s| s.name != "public" && s.missing.is_some()).count() + unreadable.len();
    let mut behind: Vec<(&Schema, &Vec<String>)> = fleet
        .schemas
        .iter()
        .filter_map(|schema| Some((schema, schema.missing.as_ref().filter(|missing| !missing.is_empty())?)))
        .collect();
    behind.sort_by_key(|(schema, missing)| (std::cmp::Reverse(missing.len()), &schema.name));
    if !behind.is_empty() {
        let says = format!("{} of {tenants} tenants lack migrations", behind.len());
        let facts = behind.iter().map(|(schema, missing)| lag(schema, missing)).collect();
        return Some(finding("migrations", Answer::Fail, says, facts, false));
    }
    if !unreadable.is_empty() {
        let says = format!("the ledgers of {} of {tenants} tenants could not be read", unreadable.len());
        let why = |schema: &&Schema| format!("{}: {}", schema.name, schema.unreadable.as_deref().unwrap_or_default());
        let facts = unreadable.iter().map(why).collect();
        return Some(finding("migrations", Answer::Unknown, says, facts, true));
    }
    if tenants == 0 {
        return Some(finding("migrations", Answer::Unknown, "no tenant schema has a ledger".into(), vec![], false));
    }
    let says = format!("all {target} migrations are in the ledgers of all {tenants} tenants");
    Some(finding("migrations", Answer::Pass, says, vec![], false))
}

fn lag(schema: &Schema, missing: &[String]) -> String {
    match missing {
        [one] => format!("{}: {one}", schema.name),
        [first, rest @ ..] => format!("{}: {first} and {} more", schema.name, rest.len()),
        [] => schema.name.clone(),
    }
}

fn finding(check: &str, answer: Answer, says: String, facts: Vec<String>, may_change: bool) -> Finding {
    Finding { check: check.into(), answer, says, facts, may_change }
}
