//! What a tenant database's own words mean: is the fleet where the green run claims it is?

use crate::{
    environment::Environment,
    evidence::{Answer, Finding},
    ports::{Fleet, Ledger, Schema},
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
    let tenants = fleet.schemas.iter().filter(|s| s.name != "public" && s.ledger != Ledger::None);
    let (mut behind, mut unreadable, mut total) = (Vec::new(), Vec::new(), 0);
    for Schema { name, ledger, .. } in tenants {
        total += 1;
        match ledger {
            Ledger::Lacks { count: 1, first } => behind.push((1, format!("{name}: {first}"))),
            Ledger::Lacks { count, first } => behind.push((*count, format!("{name}: {first} and {} more", count - 1))),
            Ledger::Unreadable(why) => unreadable.push(format!("{name}: {why}")),
            Ledger::Complete | Ledger::None => {}
        }
    }
    let finding = |answer, says, facts, may_change| Some(finding("migrations", answer, says, facts, may_change));
    if !behind.is_empty() {
        let says = format!("{} of {total} tenants lack migrations", behind.len());
        behind.sort_by(|(more, one), (less, other)| less.cmp(more).then_with(|| one.cmp(other)));
        return finding(Answer::Fail, says, behind.into_iter().map(|(_, fact)| fact).collect(), false);
    }
    if !unreadable.is_empty() {
        let says = format!("the ledgers of {} of {total} tenants could not be read", unreadable.len());
        return finding(Answer::Unknown, says, unreadable, true);
    }
    if total == 0 {
        return finding(Answer::Unknown, "no tenant schema has a ledger".into(), vec![], false);
    }
    let says = format!("all {target} migrations are in the ledgers of all {total} tenants");
    finding(Answer::Pass, says, vec![], false)
}

fn finding(check: &str, answer: Answer, says: String, facts: Vec<String>, may_change: bool) -> Finding {
    Finding { check: check.into(), answer, says, facts, may_change }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::tests::uat;

    fn fleet(ledgers: &[(&str, Ledger)]) -> Fleet {
        let schema =
            |(name, ledger): &(&str, Ledger)| Schema { name: (*name).into(), tables: 32, ledger: ledger.clone() };
        Fleet { schemas: ledgers.iter().map(schema).collect(), target: Some(53) }
    }

    fn said(fleet: &Fleet) -> String {
        let line = |f: Finding| format!("{:?} {}: {} {:?}\n", f.answer, f.check, f.says, f.facts);
        judge(fleet, &uat()).into_iter().map(line).collect()
    }

    #[test]
    fn a_fleet_is_judged_by_its_ledgers() {
        let complete = || Ledger::Complete;
        let lacks = |count| Ledger::Lacks { count, first: "orders.0005_priority".into() };
        insta::assert_snapshot!(said(&fleet(&[("acme", complete()), ("public", complete()), ("tools", Ledger::None)])), @r#"
        Pass tenant database: 3 schemas answer []
        Pass migrations: all 53 migrations are in the ledgers of all 1 tenants []
        "#);
        insta::assert_snapshot!(said(&fleet(&[("acme", lacks(1)), ("beta", lacks(3)), ("public", complete())])), @r#"
        Pass tenant database: 3 schemas answer []
        Fail migrations: 2 of 2 tenants lack migrations ["beta: orders.0005_priority and 2 more", "acme: orders.0005_priority"]
        "#);
        insta::assert_snapshot!(said(&fleet(&[("acme", Ledger::Unreadable("locked".into()))])), @r#"
        Fail tenant database: 1 of 1 expected schemas are missing ["public"]
        Unknown migrations: the ledgers of 1 of 1 tenants could not be read ["acme: locked"]
        "#);
    }
}
