//! A migration told by what the database shows of it.

use super::*;
use crate::{
    decide::{
        decide,
        tests::{at, begun, job, observed, requested, run, uat},
    },
    deployment::Deployment,
    effect::Effect,
    event::{DispatchAnswer, Event},
    ids::RunId,
    run::{Conclusion, Job, Status},
    truth::{Standing, Tenant, Truth},
};

/// Deployment 42 whose job `migrate` has been at work since second 5.
fn migrating() -> Deployment {
    let mut d = requested(&uat());
    for event in [
        begun(),
        Event::Dispatched(DispatchAnswer::Started { run: RunId(900) }),
        observed(run(Status::InProgress, None, 5), vec![job("migrate", Status::InProgress, None)]),
    ] {
        d = decide(&d, event, &uat(), at(5)).unwrap().deployment;
    }
    d
}

/// 51 tenants with four new migrations each, of which so many are applied.
fn sight(applied: u64) -> Sight {
    let (done, begun) = (u32::try_from(applied / 4).unwrap(), !applied.is_multiple_of(4));
    let work = AtWork { tenant: format!("t{:04}", done + 1), next: Some("orders.0004_total".into()), left: 2 };
    Sight {
        target: Some(57),
        released: 4,
        tenants: 51,
        done,
        in_work: u32::from(begun),
        at_work: begun.then_some(work).into_iter().collect(),
        applied,
        left: 204 - applied,
        sentinel: Sentinel { named: vec![700], ..Sentinel::default() },
        ..Sight::default()
    }
}

fn blocked(seconds: u64) -> Sight {
    let by = Session {
        pid: 812,
        name: "report".into(),
        state: Some("idle in transaction".into()),
        seconds: Some(360),
        started: Some(5),
        ..Session::default()
    };
    let wait = Wait {
        pid: 700,
        mode: "ACCESS EXCLUSIVE".into(),
        relation: Some("acme.orders".into()),
        seconds,
        behind: 43,
        by: Some(by),
    };
    let sentinel = Sentinel { named: vec![700], waits: vec![wait], ..Sentinel::default() };
    Sight { sentinel, ..sight(62) }
}

/// Lets a look happen; answers with what is said in the thread and the channel.
fn look(d: &mut Deployment, sight: Result<Sight, &str>, seconds: i64) -> Vec<String> {
    let sight = sight.map(Box::new).map_err(str::to_owned);
    said(d, Event::Sighted { sight, learnt: None }, seconds)
}

fn said(d: &mut Deployment, event: Event, seconds: i64) -> Vec<String> {
    let Some(decision) = decide(d, event, &uat(), at(seconds)) else { return vec![] };
    *d = decision.deployment;
    let said = decision.effects.into_iter().filter_map(|due| match due.effect {
        Effect::Tell { text, .. } => Some(text),
        Effect::Raise { alert } => Some(format!("{}: {} {} {}", alert.key, alert.what, alert.why, alert.remedy)),
        Effect::Clear { key } => Some(format!("{key} is over")),
        Effect::Attach { text, file, .. } => Some(format!("{text} [{}]\n{}", file.name, file.content)),
        _ => None,
    });
    said.collect()
}

fn shown(d: &Deployment, seconds: i64) -> String {
    field(d.migration.as_ref().unwrap(), at(seconds))
}

fn ended(d: &mut Deployment, conclusion: Conclusion, seconds: i64) -> Vec<Effect> {
    let over = job("migrate", Status::Completed, Some(conclusion));
    let decision =
        decide(d, observed(run(Status::InProgress, None, seconds), vec![over]), &uat(), at(seconds)).unwrap();
    *d = decision.deployment;
    decision.effects.into_iter().map(|due| due.effect).collect()
}

#[test]
fn from_the_shared_step_to_the_last_tenant() {
    let mut d = migrating();
    insta::assert_snapshot!(shown(&d, 5), @"The tenant database is being asked.");
    let shared = Sight { target: Some(53), released: 0, done: 51, left: 0, ..sight(0) };
    look(&mut d, Ok(shared), 6);
    insta::assert_snapshot!(shown(&d, 6), @"The shared step has listed nothing new yet: all 51 tenants have the 53 migrations that `public` lists");
    look(&mut d, Ok(sight(0)), 10);
    insta::assert_snapshot!(shown(&d, 10), @"
    `░░░░░░░░░░░░░░░░░░░░` 0 %
    **0** of 51 tenants done · 51 pending
    ⏱ no estimate yet
    ");
    for n in 1..=9 {
        look(&mut d, Ok(sight(7 * n)), 10 + 2 * i64::try_from(n).unwrap());
    }
    insta::assert_snapshot!(shown(&d, 28), @"
    `██████░░░░░░░░░░░░░░` 30 %
    **15** of 51 tenants done · 1 in work · 35 pending
    at work: `t0016` · `orders.0004_total`
    ⏱ 30 to 50 s left, at the present rate
    ");
    look(&mut d, Ok(Sight { done: 51, in_work: 0, at_work: vec![], left: 0, ..sight(204) }), 70);
    insta::assert_snapshot!(shown(&d, 70), @"
    `████████████████████` 100 %
    **51** of 51 tenants done
    every tenant has everything; the job goes on
    ");
}

#[test]
fn what_earlier_migrations_took_is_the_first_estimate() {
    let mut d = migrating();
    let learnt = Some(Learnt { p50: 500, p90: 1500, these: false });
    said(&mut d, Event::Sighted { sight: Ok(Box::new(sight(1))), learnt }, 6);
    assert!(shown(&d, 6).ends_with("⏱ 1 to 6 min left, as earlier migrations of this fleet took"), "{}", shown(&d, 6));
    let mut m = d.migration.clone().unwrap();
    m.samples = (0..8).map(|n| Sample { at: at(2 * n), applied: 4 * u64::try_from(n).unwrap() }).collect();
    m.over = Some(at(20));
    let earlier = Deployment { migration: Some(m), ..migrating() };
    assert_eq!(super::learnt(&[migrating(), earlier]), Some(Learnt { p50: 500, p90: 500, these: false }));
}

#[test]
fn a_database_that_does_not_answer_is_a_state() {
    let mut d = migrating();
    look(&mut d, Ok(sight(62)), 10);
    look(&mut d, Err("db:5432 refused the connection"), 20);
    look(&mut d, Err("db:5432 refused the connection"), 30);
    let text = shown(&d, 30);
    assert!(
        text.starts_with("⚠️ The tenant database has not answered since <t:1790000020:T>: db:5432 refused"),
        "{text}"
    );
    assert!(text.contains("**15** of 51 tenants done"), "what was known stays: {text}");
    look(&mut d, Ok(sight(64)), 40);
    assert!(!shown(&d, 40).contains("not answered"));
}

#[test]
fn who_blocks_whom_is_said_at_once_and_told_once_when_it_lasts() {
    let mut d = migrating();
    assert_eq!(look(&mut d, Ok(blocked(12)), 10), [""; 0]);
    let text = shown(&d, 10);
    insta::assert_snapshot!(text.lines().last().unwrap(), @"🔒 pid 700 waits 12 s for ACCESS EXCLUSIVE on `acme.orders`; blocked by pid 812 (report), idle in transaction 6 min 00 s, 43 behind it");
    assert_eq!(
        d.migration.as_ref().unwrap().blocked().unwrap().by.as_ref().unwrap().sql(),
        "SELECT pg_terminate_backend(812);"
    );
    let told = look(&mut d, Ok(blocked(40)), 38);
    assert!(told.len() == 1 && told[0].contains("waits 40 s"), "{told:?}");
    assert_eq!(look(&mut d, Ok(blocked(50)), 48), [""; 0]);
    assert_eq!(look(&mut d, Ok(sight(63)), 50), ["blocked:uat is over"]);
    assert!(d.migration.as_ref().unwrap().blocked().is_none());
}

#[test]
fn a_migration_without_a_session_hangs_and_a_slow_one_does_not() {
    let mut d = migrating();
    look(&mut d, Ok(sight(62)), 10);
    // It has a session for an hour: slow, and no more than that.
    assert_eq!(look(&mut d, Ok(sight(62)), 3600), [""; 0]);
    let alone = || Sight { sentinel: Sentinel::default(), ..sight(62) };
    let told = look(&mut d, Ok(alone()), 3602);
    assert!(
        told.len() == 1 && told[0].contains("`/cancel 42` stops the run") && told[0].contains("15 of 51"),
        "{told:?}"
    );
    assert!(shown(&d, 3602).contains("🧊 Nothing has moved since"), "{}", shown(&d, 3602));
    assert_eq!(look(&mut d, Ok(alone()), 3604), [""; 0]);
    let told = look(&mut d, Ok(sight(63)), 3606);
    assert!(told.len() == 1 && told[0] == "hangs:uat is over", "{told:?}");
}

#[test]
fn without_a_name_whoever_writes_all_the_time_may_be_the_migration() {
    let mut d = migrating();
    let writes = |pids: &[i32]| {
        let sentinel = Sentinel { writing: pids.to_vec(), ..Sentinel::default() };
        Sight { sentinel, ..sight(62) }
    };
    look(&mut d, Ok(writes(&[5, 6])), 10);
    look(&mut d, Ok(writes(&[6, 7])), 60);
    assert_eq!(look(&mut d, Ok(writes(&[6])), 200), [""; 0]);
    assert_eq!(look(&mut d, Ok(writes(&[8])), 202).len(), 1);
}

#[test]
fn the_end_of_the_job_asks_for_the_truth_whatever_its_colour() {
    for conclusion in [Conclusion::Success, Conclusion::Failure, Conclusion::Cancelled] {
        let mut d = migrating();
        look(&mut d, Ok(sight(62)), 10);
        let effects = ended(&mut d, conclusion, 20);
        assert!(effects.contains(&Effect::Audit { deployment: d.id }), "{effects:?}");
        assert_eq!(
            d.migration.as_ref().unwrap().next_look(uat().migration_pace, at(20)).map(|p| p.as_secs()),
            Some(10)
        );
        look(&mut d, Ok(Sight { sentinel: Sentinel::default(), ..sight(62) }), 22);
        assert_eq!(d.migration.as_ref().unwrap().next_look(uat().migration_pace, at(22)), None);
    }
}

#[test]
fn what_the_tenants_are_like_is_said_and_kept() {
    let mut d = migrating();
    ended(&mut d, Conclusion::Failure, 20);
    let tenant = |name: &str, standing| Tenant { name: name.into(), standing };
    let missing = || vec!["orders.0004_total".to_owned()];
    let mut truth = Truth { target: Some(missing()), ..Truth::default() };
    truth.tenants.push(tenant("t0036", Standing::Stopped(missing())));
    truth.tenants.push(tenant("t0001", Standing::Complete));
    let told = said(&mut d, Event::Audited(Box::new(truth.clone())), 21);
    insta::assert_snapshot!(told.join("\n"), @r"
    🧾 ⚠️ After the migration job: 1 of 2 tenants are complete; 1 stopped in between.
    • t0036: stopped at orders.0004\_total
    ");
    assert_eq!(said(&mut d, Event::Audited(Box::new(truth.clone())), 22), [""; 0], "old news");
    truth.tenants.extend((0..14).map(|n| tenant(&format!("u{n:02}"), Standing::NeverStarted(missing()))));
    let told = said(&mut d, Event::Audited(Box::new(truth)), 23);
    assert!(told[0].contains("[tenants-42.txt]") && told[0].ends_with("u13: orders.0004_total\n"), "{told:?}");
    insta::assert_snapshot!(after(d.migration.as_ref().unwrap()).unwrap(), @r"
    ✗ 1 of 16 tenants are complete; 1 stopped in between, 14 never started
      • t0036: stopped at orders.0004\_total
      • u00: orders.0004\_total
      • u01: orders.0004\_total
      • u02: orders.0004\_total
      • and 11 more, in the thread
    ");
}

#[test]
fn a_session_that_outlives_its_job_is_named() {
    let mut d = migrating();
    look(&mut d, Ok(blocked(12)), 10);
    ended(&mut d, Conclusion::Cancelled, 20);
    let told = look(&mut d, Ok(blocked(30)), 21);
    assert!(
        told.iter()
            .any(|text| text.contains("it left pid `700`") && text.contains("SELECT pg_terminate_backend(700);")),
        "{told:?}"
    );
    let text = after(d.migration.as_ref().unwrap()).unwrap();
    assert!(text.contains("pid `700`") && text.contains("blocked by pid 812"), "{text}");
    let told = look(&mut d, Ok(Sight { sentinel: Sentinel::default(), ..sight(62) }), 40);
    assert!(told.contains(&"orphan:uat is over".to_owned()), "{told:?}");
    assert_eq!(after(d.migration.as_ref().unwrap()), None);
}

#[test]
fn a_job_of_another_attempt_is_another_migration() {
    let mut d = migrating();
    look(&mut d, Ok(sight(62)), 10);
    let again = Job { id: 77, ..job("migrate", Status::InProgress, None) };
    let second = crate::run::Run { attempt: 2, ..run(Status::InProgress, None, 30) };
    d = decide(&d, observed(second, vec![again]), &uat(), at(30)).unwrap().deployment;
    let m = d.migration.unwrap();
    assert_eq!((m.job, m.sight), (77, None));
}

#[test]
fn many_samples_are_thinned_and_keep_their_ends() {
    let mut m = Migration::begun(1, at(0), at(0));
    for n in 0..500 {
        m.take_in(Sight { tenants: 51, left: 1000 - n, applied: n, ..Sight::default() }, at(i64::try_from(n).unwrap()));
    }
    assert!(m.samples.len() <= SAMPLES && m.samples[0].applied == 0, "{:?}", m.samples);
    assert_eq!(m.samples.last().unwrap().applied, 499);
    assert_eq!(m.pace(), Some(Learnt { p50: 1000, p90: 1000, these: false }));
}
