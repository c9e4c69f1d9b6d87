//! What GitHub answers, as people read it.

use std::collections::BTreeSet;

use insta::assert_snapshot;

use super::*;
use crate::{
    deployment::State,
    evidence::Evidence,
    gate::{forge_checks, live},
};

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(ToString::to_string).collect()
}

fn list(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

fn names(secrets: &[&str], variables: &[&str]) -> Names {
    Names { secrets: set(secrets), variables: set(variables) }
}

fn told((status, why): (Status, String)) -> String {
    format!("{status:?}: {why}")
}

#[test]
fn a_newer_commit_before_will_do_where_it_contains_this_one() {
    let d = requested(&uat());
    let evidence = || Evidence { at: at(0), findings: vec![] };
    let newer = |state| Deployment { state, commit: sha('b'), ..requested(&uat()) };
    let say = |state, contains, descendant| {
        let found = Previous { latest: vec![newer(state)], contains };
        told(forge_checks::previous(&found, &d, descendant))
    };
    let good = || State::Succeeded { at: at(0), evidence: evidence() };
    assert_snapshot!(say(good(), Some(true), true), @"Pass: deployment 42 of `bbbbbbb`, which contains it");
    assert_snapshot!(say(good(), Some(false), true), @"Fail: it is at `bbbbbbb`, which does not contain it");
    assert_snapshot!(say(good(), None, true), @"Unknown: whether `bbbbbbb` contains it is not known");
    assert_snapshot!(say(good(), Some(true), false), @"Fail: it is at `bbbbbbb`");
    assert_snapshot!(say(State::Untrue { at: at(0), evidence: evidence() }, Some(true), true), @"Fail: deployment 42 of `bbbbbbb`, which contains it is untrue");
    assert_snapshot!(say(State::Running, Some(true), true), @"Waiting: deployment 42 of `bbbbbbb`, which contains it is running");
    assert!(live(&[newer(State::Refused { at: at(0), refusal: crate::refusal::Refusal::wrong_place() })]).is_none());
}

#[test]
fn parity_compares_names_without_what_stands_for_the_stage() {
    let next = |there: Names| [(crate::ids::EnvironmentName::parse("prod").unwrap(), there)].into();
    let here = names(&["UAT_DB_URL", "UAT_KEY", "SENTRY"], &["REGION"]);
    let say = |there: Names, ignore: &[&str]| {
        let found = Parity { here: here.clone(), next: next(there) };
        told(forge_checks::parity(&found, &list(ignore), &list(&["UAT_", "PROD_"])))
    };
    assert_snapshot!(say(names(&["PROD_DB_URL", "PROD_KEY", "SENTRY"], &["REGION"]), &[]), @"Pass:");
    assert_snapshot!(say(names(&["PROD_DB_URL", "PAGER"], &[]), &[]), @"Fail: `prod` lacks secret `KEY`, secret `SENTRY`, variable `REGION`; `prod` alone has secret `PAGER`");
    assert_snapshot!(say(names(&["PROD_DB_URL", "PAGER"], &[]), &["PAGE*", "SENTRY", "KEY", "REGION"]), @"Pass:");
}

#[test]
fn what_a_workflow_names_must_be_where_the_job_looks() {
    let wanted = |kind, name: &str, sees| Reference { kind, name: name.into(), sees };
    let found = |wanted: Vec<Reference>, unclear: &[&str]| References {
        wanted: wanted.into_iter().collect(),
        unclear: set(unclear),
        shared: names(&["NPM_TOKEN"], &["REGION"]),
        environments: [("uat2-backend".to_owned(), names(&["DB_URL"], &[]))].into(),
        ours: Some("uat2-backend".into()),
    };
    let in_uat = || Sees::Environment("UAT2-Backend".into());
    let say = |found: &References, ignore: &[&str]| told(forge_checks::references(found, &list(ignore)));
    let good = vec![
        wanted(Named::Secret, "DB_URL", in_uat()),
        wanted(Named::Secret, "DB_URL", Sees::Computed),
        wanted(Named::Secret, "NPM_TOKEN", Sees::NoEnvironment),
        wanted(Named::Variable, "REGION", in_uat()),
    ];
    assert_snapshot!(say(&found(good.clone(), &[]), &[]), @"Pass: all 3 are there");
    assert_snapshot!(say(&found(good, &["x.yml uses secrets by names that are computed"]), &[]), @"Unknown: x.yml uses secrets by names that are computed");
    let bad = vec![
        wanted(Named::Secret, "DB_URL", Sees::NoEnvironment),
        wanted(Named::Secret, "DB_URL", Sees::Environment("other".into())),
        wanted(Named::Variable, "LEVEL", in_uat()),
        wanted(Named::Secret, "MAY", in_uat()),
    ];
    assert_snapshot!(say(&found(bad, &["never mind"]), &["MA*"]), @"Fail: missing where they are used: secret `DB_URL`, variable `LEVEL`");
}

#[test]
fn what_a_branch_requires_must_be_green() {
    let required = |context: &str, app| RequiredCheck { context: context.into(), app };
    let reported = |context: &str, app, state| ReportedCheck { context: context.into(), app, state };
    let say = |required: Vec<RequiredCheck>, reported: Vec<ReportedCheck>, more: &[&str]| {
        let found = CommitChecks { required: required.into_iter().collect(), reported };
        told(forge_checks::required(&found, &list(more)))
    };
    let green = |name: &str| reported(name, Some(1), CheckState::Green);
    assert_snapshot!(say(vec![], vec![green("build")], &[]), @"Unknown: no check is required there");
    assert_snapshot!(say(vec![], vec![green("build")], &["build"]), @"Pass: all 1 are green");
    assert_snapshot!(say(vec![required("build", Some(1)), required("lint", None)], vec![green("build"), green("lint")], &[]), @"Pass: all 2 are green");
    assert_snapshot!(say(vec![required("build", Some(2)), required("lint", None)], vec![green("build")], &[]), @"Fail: `build` was reported by somebody else than the App that must, `lint` has not reported");
    let both = vec![
        reported("build", Some(1), CheckState::Running("in_progress".into())),
        reported("test", Some(1), CheckState::Green),
        reported("test", None, CheckState::Red("failure".into())),
    ];
    assert_snapshot!(say(vec![required("build", None), required("test", None)], both, &[]), @r"Fail: `build` is in\_progress, `test` is failure");
}

#[test]
fn a_pull_request_is_approved_at_this_commit_or_not_at_all() {
    let pull = |approved: &[&str], before: &[&str], changes: &[&str]| PullRequest {
        number: 12,
        merged: false,
        approved: set(approved),
        approved_before: set(before),
        wants_changes: set(changes),
    };
    let say = |found: &[PullRequest]| told(forge_checks::pull_request(found, 2));
    assert_snapshot!(say(&[]), @"Fail: no pull request has this commit as its head or its merge");
    assert_snapshot!(say(&[pull(&["kim", "dana"], &[], &[])]), @"Pass: #12 approved by dana, kim");
    assert_snapshot!(say(&[pull(&["kim"], &["dana"], &[])]), @"Waiting: #12 has 1 of 2 approvals; dana approved an earlier commit");
    assert_snapshot!(say(&[pull(&["kim", "dana"], &[], &["lee"])]), @"Waiting: #12: lee asked for changes");
    let other = PullRequest { number: 13, merged: true, ..pull(&["kim", "dana"], &[], &[]) };
    assert_snapshot!(say(&[pull(&[], &[], &[]), other]), @"Pass: #13 approved by dana, kim");
}
