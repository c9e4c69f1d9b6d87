use insta::assert_snapshot;

use super::*;
use crate::{
    decide::tests::{at, uat},
    gate::{Gate, Item, Names, Reference, Rule},
};

fn named(secrets: &[&str], variables: &[&str]) -> Names {
    let set = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    Names { secrets: set(secrets), variables: set(variables) }
}

/// dev, and uat after it, which requires two secrets no older than 90 days.
fn line(parity: bool) -> Line {
    let item = |check| Item { must: true, rule: Rule::Check(check) };
    let parity = parity
        .then(|| item(Check::Parity { ignore: vec!["PAGER*".into()], prefixes: vec!["DEV_".into(), "UAT_".into()] }));
    let dev = Environment {
        name: EnvironmentName::parse("dev").unwrap(),
        gate: Gate { items: parity.into_iter().collect(), ..Gate::default() },
        ..uat()
    };
    let age = item(Check::Secrets { max_age: Some(SignedDuration::from_hours(90 * 24)) });
    let uat = Environment {
        after: Some(dev.name.clone()),
        github_environment: Some("uat2-backend".into()),
        required_secrets: vec!["UAT_DB_URL".into(), "UAT_SECRET_KEY".into()],
        gate: Gate { items: vec![age], ..Gate::default() },
        ..uat()
    };
    Line::new(vec![dev, uat]).unwrap()
}

fn reading(secrets: &[(&str, i64)]) -> Reading {
    let secret =
        |(name, days): &(&str, i64)| Secret { name: (*name).to_owned(), updated_at: Some(at(-days * 24 * 3600)) };
    let reference = |kind, name: &str, sees| Reference { kind, name: name.into(), sees };
    let own = secrets.iter().map(|(name, _)| (*name).to_owned()).collect();
    let own = Names { secrets: own, ..Names::default() };
    let wanted = [
        reference(Named::Secret, "UAT_SECRET_KEY", Sees::Computed),
        reference(Named::Secret, "REGISTRY_TOKEN", Sees::NoEnvironment),
        reference(Named::Variable, "REGION", Sees::Environment("uat2-frontend".into())),
    ];
    Reading {
        at: at(0),
        secrets: Ok(Some(secrets.iter().map(secret).collect())),
        references: Ok(References {
            wanted: wanted.into(),
            unclear: BTreeSet::new(),
            shared: named(&["REGISTRY_TOKEN"], &[]),
            environments: [("uat2-backend".to_owned(), own.clone()), ("uat2-frontend".into(), named(&[], &["REGION"]))]
                .into(),
            ours: Some("uat2-backend".into()),
        }),
        parity: Some(Ok(Parity {
            here: named(&["DEV_DB_URL", "DEV_SECRET_KEY", "DEV_SENTRY_DSN", "PAGER_KEY"], &[]),
            next: [(EnvironmentName::parse("uat").unwrap(), own)].into(),
        })),
    }
}

fn report(reading: &Reading, parity: bool) -> Report {
    let line = line(parity);
    let uat = line.iter().nth(1).unwrap();
    examine(reading, uat, &line)
}

fn told(report: &Report) -> String {
    let alert = alert(report).map_or_else(
        || "no alert".to_owned(),
        |alert| format!("{}\n{}\n{}\n{}\n{}", alert.key, alert.what, alert.place, alert.why, alert.remedy),
    );
    format!("{}\n---\n{}\n---\n{alert}", one(report), all(std::slice::from_ref(report)))
}

const ALL: [(&str, i64); 3] = [("UAT_DB_URL", 12), ("UAT_SECRET_KEY", 1), ("UAT_SENTRY_DSN", 0)];

#[test]
fn all_is_there() {
    let report = report(&reading(&ALL), true);
    assert!(report.is_well() && report.unknown.is_empty());
    assert_snapshot!(told(&report));
}

#[test]
fn what_is_missing_old_or_only_in_the_one_before_has_its_command() {
    let mut found = reading(&[("UAT_DB_URL", 400)]);
    if let Ok(references) = &mut found.references {
        references.environments.insert("uat2-frontend".into(), Names::default());
        references.shared = Names::default();
        references.unclear.insert("front.yml uses `secrets[inputs.name]`".into());
    }
    assert_snapshot!(told(&report(&found, true)));
}

#[test]
fn what_the_one_before_alone_has_is_a_hint_where_no_rule_asks() {
    let report = report(&reading(&ALL[..2]), false);
    assert!(report.is_well());
    assert!(one(&report).contains("UAT_SENTRY_DSN  secret            -  dev has it"), "{}", one(&report));
    assert_eq!(alert(&report), None);
}

#[test]
fn an_environment_that_is_not_there_is_one_fault() {
    let mut found = reading(&[]);
    found.secrets = Ok(None);
    found.references = Err("GitHub did not answer in 10 s".into());
    assert_snapshot!(told(&report(&found, true)));
}

#[test]
fn not_being_able_to_tell_is_no_fault_and_not_well_either() {
    let found = Reading {
        secrets: Err("forbidden: Resource not accessible".into()),
        references: Err("502".into()),
        parity: Some(Err("502".into())),
        ..reading(&[])
    };
    let report = report(&found, true);
    assert!(report.is_well() && report.unknown.len() == 3);
    assert_snapshot!(told(&report));
}
