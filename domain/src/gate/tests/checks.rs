//! Checks and signatures, one by one, as people read them.

use std::sync::Arc;

use insta::assert_snapshot;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::*;
use crate::{
    deployment::State,
    evidence::{Answer, Evidence, Finding},
    fleet::{Inspection, Reading},
    git_ref::GitRef,
    ids::EnvironmentName,
    ports::Applied,
};

#[test]
fn a_gate_without_rules_is_open_unless_locked() {
    let environment = gated(vec![]);
    let d = requested(&environment);
    assert_snapshot!(said(&d, &environment, &facts(at(0))), @r"
    open
    ✓ not locked
    ✓ takes `uat`
    ");
    let lock = |reach, until| Lock {
        reach,
        by: person(9, "lena"),
        reason: "@everyone migration *rehearsal*".into(),
        at: at(0),
        until,
    };
    let here = Reach::Only(EnvironmentName::parse("uat").unwrap());
    let elsewhere = Reach::Only(EnvironmentName::parse("production").unwrap());
    let locked = |locks| Facts { locks, ..facts(at(60)) };
    assert_snapshot!(said(&d, &environment, &locked(Ok(vec![lock(here.clone(), Some(at(7200)))]))), @r"
    closed
    ✗ not locked: locked by <@9> since <t:1790000000:R>, until <t:1790007200:t> (<t:1790007200:R>): \@everyone migration \*rehearsal\* → <@9>, or anybody who may deploy `uat`: `/unlock uat`
    ✓ takes `uat`
    ");
    assert!(said(&d, &environment, &locked(Ok(vec![lock(Reach::All, None)]))).contains("frozen by"));
    assert!(said(&d, &environment, &locked(Ok(vec![lock(elsewhere, None)]))).starts_with("open"));
    assert!(said(&d, &environment, &locked(Ok(vec![lock(here, Some(at(60)))]))).starts_with("open"), "it has ended");
    assert_snapshot!(said(&d, &environment, &locked(Err("the database did not answer".into()))), @r"
    closed
    ❔ not locked: the locks could not be read: the database did not answer → whoever runs Signalbox: `signalbox doctor`
    ✓ takes `uat`
    ");
    let elsewhere = Deployment { git_ref: GitRef::parse("main").unwrap(), ..d };
    assert!(said(&elsewhere, &environment, &facts(at(0))).contains("`uat` takes only `uat`"));
}

#[test]
fn signatures_are_counted_and_what_does_not_count_says_why() {
    let environment = gated(vec![must(signed("review", REVIEWER, 2))]);
    let say = |sign_offs| said(&with(&environment, sign_offs), &environment, &facts(at(60)));
    let by = |id| sign_off(id, "review", &[REVIEWER]);
    assert_snapshot!(say(vec![by(10)]), @r"
    closed
    ⏳ ✅ review by 2 reviewer: 1 of 2, <@10> → reviewer: react with ✅ on the card
    ✓ not locked
    ✓ takes `uat`
    ");
    assert!(say(vec![by(10), by(11)]).starts_with("open"));
    assert!(say(vec![by(10), by(10)]).starts_with("closed"), "one person is one person");
    assert!(say(vec![by(10), sign_off(11, "review", &[LEAD])]).starts_with("closed"), "another role");
    assert!(say(vec![by(10), sign_off(11, "testing", &[REVIEWER])]).starts_with("closed"), "another category");
    let own = say(vec![by(10), by(5)]);
    assert!(own.contains("<@5> does not count: asked for this deployment"), "{own}");
    let taken_back = Some(Ended { at: at(30), why: WhyEnded::Withdrawn });
    assert!(say(vec![by(10), SignOff { ended: taken_back, ..by(11) }]).starts_with("closed"));
    let vetoed = say(vec![by(10), by(11), sign_off(12, VETO, &[REVIEWER])]);
    assert!(vetoed.contains("✗ no veto: ❌ by <@12> → <@12>: take the ❌ back, or `/cancel 42`"), "{vetoed}");
    let d = with(&environment, vec![by(10), by(11)]);
    let barred = Barred { person: person(11, "p11").id, why: "wrote this commit".into() };
    let authors = said(&d, &environment, &Facts { barred: Ok(vec![barred]), ..facts(at(60)) });
    assert!(authors.contains("<@11> does not count: wrote this commit"), "{authors}");
    let unknown = said(&d, &environment, &Facts { barred: Err("502".into()), ..facts(at(60)) });
    assert!(unknown.starts_with("closed") && unknown.contains("❔"), "{unknown}");
    assert!(
        unknown.contains("who wrote it could not be read: 502 → Signalbox: it is read again by itself"),
        "{unknown}"
    );
    let late = said(&d, &environment, &facts(at(24 * 3600)));
    assert!(late.contains("signed too long ago"), "{late}");
}

#[test]
fn a_signature_is_void_when_what_was_signed_moves() {
    let environment = gated(vec![must(signed("review", REVIEWER, 1))]);
    let secret = |name: &str, at| Secret { name: name.into(), updated_at: Some(at) };
    let bound = fingerprint().with_secrets(&[secret("DB_URL", at(0)), secret("KEY", at(0))]);
    let d =
        with(&environment, vec![SignOff { fingerprint: Some(bound.clone()), ..sign_off(10, "review", &[REVIEWER]) }]);
    let say = |now: Fingerprint| said(&d, &environment, &Facts { fingerprint: Ok(now), ..facts(at(60)) });
    assert!(say(bound.clone()).starts_with("open"));
    let moved = |now: Fingerprint| {
        let said = say(now);
        assert!(said.starts_with("closed"), "{said}");
        said.split("does not count: ").nth(1).unwrap().split(" since").next().unwrap().to_owned()
    };
    assert_snapshot!(moved(Fingerprint { commit: sha('b'), ..bound.clone() }), @"the commit is `bbbbbbb` now and was `aaaaaaa`");
    assert_snapshot!(moved(Fingerprint { workflow: Some("w2".into()), ..bound.clone() }), @"the workflow file has changed");
    assert_snapshot!(moved(bound.clone().with_secrets(&[secret("KEY", at(0))])), @"the secret `DB_URL` was deleted");
    assert_snapshot!(moved(bound.clone().with_secrets(&[secret("DB_URL", at(9)), secret("KEY", at(0))])), @"the secret `DB_URL` was changed");
    let more = [secret("DB_URL", at(0)), secret("KEY", at(0)), secret("NEW", at(0))];
    assert_snapshot!(moved(bound.clone().with_secrets(&more)), @"the secret `NEW` was added");
    let unknown = said(&d, &environment, &Facts { fingerprint: Err("502".into()), ..facts(at(60)) });
    assert!(unknown.contains("❔") && unknown.contains("what is signed could not be read: 502"), "{unknown}");
}

#[test]
fn a_signature_is_void_when_a_called_workflow_or_a_ledger_moves() {
    let called = |pairs: &[(&str, Called)]| {
        let called = pairs.iter().map(|(path, called)| ((*path).to_owned(), called.clone())).collect();
        let workflow =
            Workflow { hash: "w1".into(), called, references: Default::default(), unclear: Default::default() };
        fingerprint().with_workflow(&workflow)
    };
    let content = |hash: &str| Called::Content(hash.into());
    let bound = called(&[("a.yml", content("1")), ("acme/ci/b.yml@v2", content("2"))]);
    let moved = |now: Fingerprint| bound.moved(&now).unwrap_or_default();
    assert_eq!(moved(bound.clone()), "");
    let ci = |is: Called| called(&[("a.yml", content("1")), ("acme/ci/b.yml@v2", is)]);
    assert_snapshot!(moved(ci(content("3"))), @"the called workflow `acme/ci/b.yml@v2` has changed");
    assert_snapshot!(moved(ci(Called::Ref("v2".into()))), @"the called workflow `acme/ci/b.yml@v2` has become unreadable");
    assert_snapshot!(moved(called(&[("a.yml", content("1"))])), @"the workflow `acme/ci/b.yml@v2` is called no more");
    let more = [("a.yml", content("1")), ("acme/ci/b.yml@v2", content("2")), ("c.yml", content("4"))];
    assert_snapshot!(moved(called(&more)), @"the called workflow `c.yml` is called");

    let ledger = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let whole = ledger(&["shop.0002_b", "auth.0001_a", "shop.0001_a"]);
    let applied = |public: &Vec<String>, tenants: Vec<Vec<String>>| {
        let applied = Applied { public: Some(public.clone()), tenants };
        fingerprint().with_applied(Some(&applied))
    };
    let bound = applied(&whole, vec![whole.clone()]);
    let moved = |now: Fingerprint| bound.moved(&now).unwrap_or_default();
    let reordered = ledger(&["auth.0001_a", "shop.0001_a", "shop.0002_b"]);
    assert_eq!(moved(applied(&reordered, vec![whole.clone(), reordered.clone()])), "", "as many tenants as you like");
    let next = ledger(&["auth.0001_a", "shop.0001_a", "shop.0002_b", "shop.0003_c"]);
    assert_snapshot!(moved(applied(&next, vec![whole.clone()])), @"the migration `shop.0003_c` has become pending for a tenant");
    assert_snapshot!(moved(applied(&next, vec![next.clone()])), @"the applied migrations of `shop` are `3 to 0003_c` now and were `2 to 0002_b`");
    assert_snapshot!(moved(applied(&whole, vec![whole.clone(), next.clone()])), @"what tenants have applied has changed");
    let behind = applied(&next, vec![whole.clone()]);
    assert_snapshot!(behind.moved(&applied(&next, vec![next.clone()])).unwrap(), @"the migration `shop.0003_c`, which was pending for a tenant, was applied");
    assert_snapshot!(moved(fingerprint()), @"the applied migrations of `auth` are none now and were `1 to 0001_a`");

    let built = |images: &[(&str, Option<&str>)]| {
        let owned = |text: &&str| (*text).to_owned();
        fingerprint()
            .with_images(images.iter().map(|(name, digest)| (owned(name), digest.as_ref().map(owned))).collect())
    };
    let bound = built(&[("ghcr.io/acme/app:1", Some("sha256:a")), ("ghcr.io/acme/web:1", None)]);
    let moved = |now: &[(&str, Option<&str>)]| bound.moved(&built(now)).unwrap_or_default();
    assert_snapshot!(moved(&[("ghcr.io/acme/app:1", Some("sha256:b")), ("ghcr.io/acme/web:1", None)]), @"the image `ghcr.io/acme/app:1` is another one now");
    assert_snapshot!(moved(&[("ghcr.io/acme/app:1", None), ("ghcr.io/acme/web:1", None)]), @"the image `ghcr.io/acme/app:1` is gone");
    assert_snapshot!(moved(&[("ghcr.io/acme/app:1", Some("sha256:a")), ("ghcr.io/acme/web:1", Some("sha256:c"))]), @"the image `ghcr.io/acme/web:1` was built");
    assert_snapshot!(moved(&[("ghcr.io/acme/app:1", Some("sha256:a"))]), @"the image `ghcr.io/acme/web:1` counts no more");
}

#[test]
fn a_signature_of_an_older_version_stays_good() {
    let old = format!(r#"{{"commit": "{}", "workflow": "w1", "secrets": null}}"#, sha('a'));
    let old: Fingerprint = serde_json::from_str(&old).unwrap();
    assert_eq!(old.moved(&fingerprint()), None);
}

#[test]
fn a_called_workflow_that_cannot_be_read_is_said_to_be_bound_by_its_ref() {
    let environment = gated(vec![must(signed("review", REVIEWER, 1))]);
    let called = [("acme/ci/.github/workflows/x.yml@v2".to_owned(), Called::Ref("v2".into()))];
    let now = Fingerprint { called: Some(called.into()), ..fingerprint() };
    let said = said(&requested(&environment), &environment, &Facts { fingerprint: Ok(now), ..facts(at(60)) });
    assert_snapshot!(said.lines().find(|line| line.contains("what is signed")).unwrap(), @"❔ what is signed (should): `acme/ci/.github/workflows/x.yml@v2` cannot be read, so only the ref is bound → whoever manages access at GitHub: let Signalbox read it");
}

#[test]
fn what_could_not_be_read_or_was_read_long_ago_does_not_clear() {
    let finding =
        |answer| Finding { check: "health".into(), answer, says: "said".into(), facts: vec![], may_change: true };
    let environment = gated(vec![must(Rule::Check(Check::Health))]);
    let d = requested(&environment);
    let read = |at, found| Facts { health: Some(Read { at, found }), ..facts(super::at(1000)) };
    let say = |facts: &Facts| said(&d, &environment, facts).lines().nth(1).unwrap().to_owned();
    assert_snapshot!(say(&facts(at(1000))), @"❔ health: it has not been read yet → whoever runs the application: mend it, or take the rule away");
    assert_snapshot!(say(&read(at(1000), Err("timeout".into()))), @"❔ health: timeout → whoever runs the application: mend it, or take the rule away");
    assert_snapshot!(say(&read(at(600), Ok(vec![finding(Answer::Pass)]))), @"❔ health: what was read 6 min 40 s ago is too old → whoever runs the application: mend it, or take the rule away");
    assert_snapshot!(say(&read(at(1100), Ok(vec![finding(Answer::Pass)]))), @"❔ health: it was read at a time that has not come yet → whoever runs the application: mend it, or take the rule away");
    assert_snapshot!(say(&read(at(1000), Ok(vec![finding(Answer::Pass), finding(Answer::Fail)]))), @"✗ health: health: said → whoever runs the application: mend it, or take the rule away");
    assert!(said(&d, &environment, &read(at(990), Ok(vec![finding(Answer::Warn)]))).starts_with("open"));
}

#[test]
fn the_environment_before_must_be_live_at_the_same_commit_and_verified() {
    let environment = Environment {
        after: EnvironmentName::parse("dev").ok(),
        ..gated(vec![must(Rule::Check(Check::Previous { descendant: false }))])
    };
    let d = requested(&environment);
    let evidence = || Evidence { at: at(0), findings: vec![] };
    let succeeded = || State::Succeeded { at: at(0), evidence: evidence() };
    let stood = |state, commit| Deployment { state, commit: sha(commit), ..requested(&uat()) };
    let say = |list: Vec<Deployment>| {
        let previous = Some(Read { at: at(10), found: Ok(Previous { latest: list, contains: None }) });
        let said = said(&d, &environment, &Facts { previous, ..facts(at(10)) });
        said.lines().find(|line| line.contains("`dev` is live")).unwrap().to_owned()
    };
    assert_snapshot!(say(vec![]), @"✗ `dev` is live at `aaaaaaa`, verified: nothing was deployed there yet → whoever may deploy `dev`: `/deploy dev`");
    assert_snapshot!(say(vec![stood(succeeded(), 'a')]), @"✓ `dev` is live at `aaaaaaa`, verified: deployment 42 of `aaaaaaa`");
    assert!(say(vec![stood(succeeded(), 'b'), stood(succeeded(), 'a')]).contains("✗"), "the newest decides");
    assert!(say(vec![stood(State::Untrue { at: at(0), evidence: evidence() }, 'a')]).contains("is untrue"));
    assert!(say(vec![stood(State::Unverified { at: at(0), evidence: evidence() }, 'a')]).starts_with("❔"));
    assert!(say(vec![stood(State::Running, 'a')]).starts_with("⏳"));
    let expired = stood(State::Expired { at: at(0), verdict: None }, 'b');
    assert!(say(vec![expired, stood(succeeded(), 'a')]).starts_with("✓"), "what never left changed nothing");
}

#[test]
fn secrets_must_be_there_and_not_too_old() {
    let max_age = Some(SignedDuration::from_hours(24));
    let environment = Environment {
        required_secrets: vec!["DB_URL".into(), "KEY".into()],
        github_environment: Some("uat2-backend".into()),
        ..gated(vec![must(Rule::Check(Check::Secrets { max_age }))])
    };
    let d = requested(&environment);
    let secret = |name: &str, updated_at| Secret { name: name.into(), updated_at };
    let now = at(48 * 3600);
    let say = |list: Vec<Secret>| {
        let secrets = Some(Read { at: now, found: Ok(list) });
        said(&d, &environment, &Facts { secrets, ..facts(now) })
            .lines()
            .find(|l| l.contains("secrets of"))
            .unwrap()
            .to_owned()
    };
    let young = Some(at(47 * 3600));
    assert_snapshot!(say(vec![secret("KEY", young)]), @"✗ secrets of `uat2-backend`: missing: `DB_URL` → whoever sets secrets at GitHub: `gh secret set NAME --env uat2-backend`");
    assert_snapshot!(say(vec![secret("KEY", young), secret("DB_URL", Some(at(0)))]), @"✗ secrets of `uat2-backend`: too old: `DB_URL` → whoever sets secrets at GitHub: `gh secret set NAME --env uat2-backend`");
    assert!(say(vec![secret("KEY", young), secret("DB_URL", None)]).starts_with("❔"));
    assert!(say(vec![secret("KEY", young), secret("DB_URL", young)]).starts_with("✓"));
}

#[test]
fn a_fleet_without_tenants_proves_no_absence_of_drift() {
    let environment = gated(vec![must(Rule::Check(Check::Drift)), must(Rule::Check(Check::Ledger))]);
    let inspection = Inspection {
        schemas: vec![],
        known: Default::default(),
        tenants: vec![],
        clusters: vec![],
        faults: vec![],
        behind: vec![],
    };
    let reading = Reading {
        environment: environment.name.clone(),
        inspection: Arc::new(inspection),
        at: at(0),
        took: SignedDuration::ZERO,
    };
    let fleet = Some(Read { at: at(0), found: Ok(reading) });
    let said = said(&requested(&environment), &environment, &Facts { fleet, ..facts(at(0)) });
    assert!(said.contains("❔ no drift: there are no tenants"), "{said}");
}

fn window(allow: &[&str], deny: &[&str]) -> Window {
    let parse = |list: &[&str]| list.iter().map(|text| Minutes::parse(text).unwrap()).collect();
    // Berlin's rules, written out.
    let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
    Window { allow: parse(allow), deny: parse(deny), zone }
}

fn utc(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn windows_follow_local_time_and_what_is_denied_is_denied() {
    let office = window(&["* 9-16 * * mon-thu"], &["* * 24-26 dec *"]);
    assert!(office.is_open(utc("2026-11-26T08:00:00Z")), "Thursday, 9:00 in winter");
    assert!(!office.is_open(utc("2026-11-26T07:59:59Z")));
    assert!(office.is_open(utc("2026-06-25T07:00:00Z")), "Thursday, 9:00 in summer");
    assert!(!office.is_open(utc("2026-11-27T10:00:00Z")), "Friday");
    assert!(!office.is_open(utc("2026-12-24T10:00:00Z")), "denied, though a Thursday");
    let openings = office.next_openings(utc("2026-12-23T18:30:10Z"), 3);
    assert_eq!(openings, ["2026-12-28T08:00:00Z", "2026-12-29T08:00:00Z", "2026-12-30T08:00:00Z"].map(utc));
    assert!(window(&[], &[]).is_open(utc("2026-12-24T10:00:00Z")));
}

#[test]
fn an_hour_that_does_not_exist_opens_nothing_and_one_that_comes_twice_opens_once() {
    let night = window(&["* 2 * * *"], &[]);
    // On 29 March 2026 the clock goes from 2:00 to 3:00.
    assert_eq!(night.next_openings(utc("2026-03-28T12:00:00Z"), 1), [utc("2026-03-30T00:00:00Z")]);
    // On 25 October 2026 it goes from 3:00 back to 2:00, so the window is open for two hours.
    assert_eq!(
        night.next_openings(utc("2026-10-24T12:00:00Z"), 2),
        ["2026-10-25T00:00:00Z", "2026-10-26T01:00:00Z"].map(utc)
    );
    assert!(night.is_open(utc("2026-10-25T01:59:00Z")));
}

#[test]
fn minutes_are_read_as_cron_reads_them() {
    let fits = |text: &str, at: &str| window(&[text], &[]).is_open(utc(at));
    assert!(fits("*/15 8-10/2 * * *", "2026-11-26T09:45:00Z") && !fits("*/15 8-10/2 * * *", "2026-11-26T08:45:00Z"));
    assert!(fits("* * * * 7", "2026-11-29T12:00:00Z") && fits("* * * * SUN", "2026-11-29T12:00:00Z"));
    // A day of month and a weekday: one of them is enough.
    assert!(fits("* * 1 * fri", "2026-12-01T12:00:00Z") && fits("* * 1 * fri", "2026-11-27T12:00:00Z"));
    for (text, why) in [
        ("* * * *", "4 fields instead of minute, hour, day, month and weekday"),
        ("60 * * * *", "\"60\" is no minute: 0 to 59, in lists, ranges and steps"),
        ("* 9-5 * * *", "\"9-5\" is no hour: 0 to 23, in lists, ranges and steps"),
        ("* * * foo *", "\"foo\" is no month: 1 to 12, in lists, ranges and steps"),
        ("*/0 * * * *", "\"*/0\" is no minute: 0 to 59, in lists, ranges and steps"),
    ] {
        assert_eq!(Minutes::parse(text).unwrap_err().to_string(), why);
    }
}
