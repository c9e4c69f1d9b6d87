//! What people read, as they read it.

use jiff::SignedDuration;

use super::{at, job};
use crate::{
    decide::tests::{job as running_job, requested, uat},
    history::{
        Baseline, Blame, Estimate, Expected, Lap, MigrationJob, Outcome, Past, Plot, Turn, Turned, View, blamed, told,
    },
    ids::DeploymentId,
    run::{Job, Status},
};

fn past(jobs: Vec<MigrationJob>, laps: Vec<Lap>) -> Past {
    let slow_after = SignedDuration::from_mins(10);
    Past { environment: uat().name, days: 30, now: at(0), slow_after, jobs, laps, at_work: None }
}

fn month() -> Vec<MigrationJob> {
    use Outcome::{Cancelled, Failed, Succeeded, TimedOut, Unproven, Untrue};
    let ends = [Succeeded, Failed, Succeeded, TimedOut, Succeeded, Untrue, Unproven, Cancelled];
    (1..=24).map(|n| job(n, 60 + i64::try_from(n).unwrap() * 7, ends[n as usize % 8])).collect()
}

#[test]
fn a_month_of_migrations() {
    let said = told(View::History, &[past(month(), vec![])]);
    insta::assert_snapshot!(said.text, @"
    ### Migrations of `uat`: 24 in 30 days
    🟠 **50 %** went well: 9 of 18 · 3 could not be verified · 3 cancelled
    ✅ **24** `ab12ab1` <t:1792073600:f> 3 min 48 s, 30 tenants
    🚫 **23** `ab12ab1` <t:1791987200:f> 3 min 41 s, 30 tenants, cancelled
    ⚪ **22** `ab12ab1` <t:1791900800:f> 3 min 34 s, 30 tenants, unproven
    🔴 **21** `ab12ab1` <t:1791814400:f> 3 min 27 s, 30 tenants, untrue
    ✅ **20** `ab12ab1` <t:1791728000:f> 3 min 20 s, 30 tenants
    ⌛ **19** `ab12ab1` <t:1791641600:f> 3 min 13 s, 30 tenants, timed out
    ✅ **18** `ab12ab1` <t:1791555200:f> 3 min 06 s, 30 tenants
    ❌ **17** `ab12ab1` <t:1791468800:f> 2 min 59 s, 30 tenants, failed
    ✅ **16** `ab12ab1` <t:1791382400:f> 2 min 52 s, 30 tenants
    🚫 **15** `ab12ab1` <t:1791296000:f> 2 min 45 s, 30 tenants, cancelled
    ⚪ **14** `ab12ab1` <t:1791209600:f> 2 min 38 s, 30 tenants, unproven
    🔴 **13** `ab12ab1` <t:1791123200:f> 2 min 31 s, 30 tenants, untrue
    … and 12 before, in the picture
    ");
    let chart = said.chart.unwrap();
    insta::assert_snapshot!(format!("{}\n{}\n{}", chart.name, chart.title, chart.description), @"
    migrations-uat.png
    Migrations of uat, last 30 days
    24 migrations over 30 days, the longest 3 min 48 s, 9 of them failed or untrue, the median 2 min 31 s
    ");
    let Plot::Durations { points, median, lines } = chart.plot else { panic!("durations are drawn") };
    assert_eq!((points.len(), median), (24, Some(SignedDuration::from_secs(151))));
    assert_eq!(lines.iter().map(|(_, says)| says.as_str()).collect::<Vec<_>>(), ["10 min: may be slow", "5 min: good"]);
}

#[test]
fn what_is_usual_and_what_is_slow() {
    let took =
        |tenant: usize, migration: usize| SignedDuration::from_millis(400 + (tenant * 37 + migration * 900) as i64);
    let laps = (0..30).flat_map(|tenant| {
        (5..7).map(move |migration| Lap {
            job: 24,
            tenant: format!("tenant_{tenant:02}"),
            migration: format!("orders.{migration:04}_step"),
            took: took(tenant, migration - 5),
            bytes: None,
        })
    });
    let said = told(View::Stats, &[past(month(), laps.collect())]);
    insta::assert_snapshot!(said.text, @"
    ### Migrations of `uat` in 30 days
    🟠 **50 %** went well: 9 of 18 · 3 could not be verified · 3 cancelled
    ⏱️ A job: usually **2 min 31 s**, nine of ten within **3 min 32 s** (12 migrations in 30 days).
    📈 The later half takes 77 % longer than the earlier half.
    🏠 A tenant takes 2.7 s, nine of ten within 3.6 s (30 samples in the latest jobs).
    🔮 30 tenants like these, one after the other: 1 min 23 s to 1 min 29 s.
    🐌 Slowest tenants: `tenant_29` 3.8 s, `tenant_28` 3.7 s, `tenant_27` 3.6 s, `tenant_26` 3.6 s, `tenant_25` 3.5 s
    🧱 Slowest migrations, in a tenant: `orders.0006_step` 1.8 s, `orders.0005_step` 0.9 s
    -# called slow after 10 min 00 s, or half as long again as nine of ten take
    ");
    insta::assert_snapshot!(said.chart.unwrap().description, @"How long a tenant takes, 30 samples: median 2.7 s, nine of ten within 3.6 s, the longest 3.8 s");
}

#[test]
fn little_is_known_at_first() {
    let few = vec![job(1, 60, Outcome::Succeeded), MigrationJob { tenants: None, ..job(2, 61, Outcome::Succeeded) }];
    let none = past(vec![], vec![]);
    let at_work = Past { at_work: Some((DeploymentId(3), at(60))), ..past(few.clone(), vec![]) };
    insta::assert_snapshot!(told(View::Status, &[none.clone(), at_work]).text, @"
    ### Migrations
    💤 `uat` nothing migrates; too few migrations in 30 days to say what is usual (it takes 5)
    🔨 `uat` deployment **3** migrates since <t:1790000060:R>; too few migrations in 30 days to say what is usual (it takes 5)
    -# last: ✅ **2** `ab12ab1` <t:1790172800:f> 1 min 01 s
    ");
    insta::assert_snapshot!(told(View::History, std::slice::from_ref(&none)).text, @"
    ### Migrations of `uat`: 0 in 30 days
    ⚪ None of them is known to have gone well or badly
    ");
    insta::assert_snapshot!(told(View::Stats, &[past(few, vec![])]).text, @"
    ### Migrations of `uat` in 30 days
    🟢 **100 %** went well: 2 of 2
    ⏱️ A job: too few migrations in 30 days to say what is usual (it takes 5).
    No ledger of a tenant has told enough yet to say how long one takes.
    -# called slow after 10 min 00 s, or half as long again as nine of ten take
    ");
    assert_eq!(told(View::History, &[none]).chart, None);
}

#[test]
fn nothing_overflows_a_message() {
    let jobs = (1..=400).map(|n| MigrationJob { tenants: Some(u32::MAX), ..job(n, 100_000, Outcome::TimedOut) });
    let lap = |n: u64| Lap {
        job: n,
        tenant: "`".repeat(300),
        migration: "x".repeat(600),
        took: SignedDuration::MAX,
        bytes: None,
    };
    let past = past(jobs.collect(), (0..40).map(lap).collect());
    for view in [View::Status, View::History, View::Stats] {
        let text = told(view, std::slice::from_ref(&past)).text;
        assert!(text.chars().count() <= 2_000, "{view:?}: {}", text.chars().count());
    }
}

#[test]
fn the_alert_says_by_what_measure() {
    let minutes = SignedDuration::from_mins;
    let baseline = Baseline { median: minutes(12), p90: minutes(18), samples: 24 };
    let estimate = Estimate { p50: minutes(14), p90: minutes(19), samples: 300 };
    let nothing = Expected { floor: minutes(10), baseline: None, estimate: None };
    let usual = Expected { baseline: Some(baseline), ..nothing };
    let both = Expected { estimate: Some((estimate, 300)), ..usual };
    assert_eq!([nothing, usual, both].map(|one| one.limit().as_secs() / 60), [10, 27, 28]);
    // What is usually quick is not slow before the configured limit.
    let quick = Baseline { p90: minutes(2), ..baseline };
    assert_eq!(Expected { baseline: Some(quick), ..nothing }.limit(), minutes(10));
    let deployment = requested(&uat());
    let job = Job { url: Some("https://github.com/job/7".into()), ..running_job("migrate", Status::InProgress, None) };
    let says = |expected: Expected| {
        let alert = expected.alert(&deployment, &job, at(0));
        format!("{} {}\n{}\n{}\n{}", alert.key, alert.place, alert.what, alert.why, alert.remedy)
    };
    insta::assert_snapshot!(says(both), @"
    slow:uat `migrate`
    Deployment **42** has been migrating `uat` for more than 28 min 30 s.
    Usual here: 12 min 00 s, nine of ten within 18 min 00 s (24 migrations). Expected of these migrations for 300 tenants: 14 min 00 s to 19 min 00 s.
    [Its log](<https://github.com/job/7>) and `/migrations status uat` say how it stands; `/cancel 42` stops it.
    ");
    insta::assert_snapshot!(says(nothing), @"
    slow:uat `migrate`
    Deployment **42** has been migrating `uat` for more than 10 min 00 s.
    Too little is known of this environment to say what is usual; this is the configured limit.
    [Its log](<https://github.com/job/7>) and `/migrations status uat` say how it stands; `/cancel 42` stops it.
    ");
}

#[test]
fn who_did_this() {
    let environment = uat().name;
    let turned = |turn, changes: &[&str]| {
        Blame::Turned(Turned {
            objects: vec!["column orders.total".into()],
            turn,
            before: at(86_400),
            first: at(3 * 86_400),
            changes: changes.iter().map(|change| (*change).to_owned()).collect(),
        })
    };
    let jobs: Vec<MigrationJob> = (1..=5).map(|n| job(n, 60, Outcome::Succeeded)).collect();
    let say = |blame: &Blame, jobs: &[MigrationJob]| blamed(&environment, "acme.orders.total", blame, jobs);
    insta::assert_snapshot!(say(&turned(Turn::Came, &[]), &jobs[1..2]), @"
    ### `acme.orders.total` in `uat`
    🔍 `column orders.total` came between <t:1790086400:f> and <t:1790259200:f>, two snapshots.
    In that window deployment **2** migrated to `ab12ab1` <t:1790172800:f> (succeeded).
    ");
    insta::assert_snapshot!(say(&turned(Turn::Changed, &["column orders.total: type numeric(10,2) → numeric(12,2)"]), &jobs), @"
    ### `acme.orders.total` in `uat`
    🔍 `column orders.total` changed between <t:1790086400:f> and <t:1790259200:f>, two snapshots.
    - `column orders.total: type numeric(10,2) → numeric(12,2)`
    In that window, so it is one of these or a hand between them:
    - deployment **3** migrated to `ab12ab1` <t:1790259200:f> (succeeded)
    - deployment **2** migrated to `ab12ab1` <t:1790172800:f> (succeeded)
    - deployment **1** migrated to `ab12ab1` <t:1790086400:f> (succeeded)
    ");
    insta::assert_snapshot!(say(&turned(Turn::Went, &[]), &jobs[4..]), @"
    ### `acme.orders.total` in `uat`
    🔍 `column orders.total` went between <t:1790086400:f> and <t:1790259200:f>, two snapshots.
    ⚠️ **No deployment in that window**: no migration of `uat` ran then, so somebody changed the database by hand, or with something that Signalbox does not follow.
    ");
    insta::assert_snapshot!(say(&Blame::NoSnapshots, &[]), @"
    ### `acme.orders.total` in `uat`
    🔍 No structure of `uat` is kept yet. One is kept before and after each deployment and once a day; ask again then. What differs now: `/drift uat`
    ");
    insta::assert_snapshot!(say(&Blame::NoSchema, &[]), @"
    ### `acme.orders.total` in `uat`
    🔍 What is sought is a schema, a dot and a name, such as `acme.orders.total`; no schema of `uat` begins `acme.orders.total`. The schemas: `/schemas uat`
    ");
    insta::assert_snapshot!(say(&Blame::Never { oldest: at(0), latest: at(60) }, &[]), @"
    ### `acme.orders.total` in `uat`
    🔍 It is in none of the snapshots that were looked at, from <t:1790000000:f> to <t:1790000060:f>. A name is written as `/drift uat` writes it, with the table before a column.
    ");
    insta::assert_snapshot!(say(&Blame::Always { objects: vec!["table orders".into()], oldest: at(0) }, &[]), @"
    ### `acme.orders.total` in `uat`
    🔍 `table orders` is as it is since the oldest snapshot, <t:1790000000:f>.
    ");
    // A job that ended a second before a snapshot may have been seen by it: GitHub cuts times to seconds.
    let edge = MigrationJob { started_at: at(86_400 - 61), ..job(9, 60, Outcome::Succeeded) };
    assert!(say(&turned(Turn::Came, &[]), &[edge]).contains("deployment **9**"));
}
