//! A week that can be counted by hand.

use insta::assert_snapshot;
use jiff::tz::TimeZone;

use super::*;
use crate::{
    alert::{Acknowledgement, Alert, Event, Routing, follow},
    decide::tests::{at, person, requested, run, uat},
    environment::Environment,
    evidence::Evidence,
    gate::{BreakGlass, Reach, SignOff},
    ids::ChannelId,
    run::Status,
};

const MINUTE: i64 = 60;

fn evidence(second: i64) -> Evidence {
    Evidence { at: at(second), findings: vec![] }
}

/// A deployment whose run began at a minute of the week and ended so many minutes later.
fn deployment(id: i64, began: i64, took: i64, end: fn(i64) -> State) -> Deployment {
    let mut d = requested(&uat());
    let mut run = run(Status::Completed, None, 2);
    run.started_at = Some(at(began * MINUTE));
    (d.id, d.requested_at, d.run) = (DeploymentId(id), at((began - 5) * MINUTE), Some(run));
    d.state = end((began + took) * MINUTE);
    d
}

fn good(second: i64) -> State {
    State::Succeeded { at: at(second), evidence: evidence(second) }
}

fn failed(second: i64) -> State {
    State::Failed { at: at(second), reason: "in the job migrate".into() }
}

fn signed(after_minutes: i64, d: &Deployment, category: &str) -> SignOff {
    let seen = d.requested_at + SignedDuration::from_mins(after_minutes);
    let sign_off = serde_json::json!({"by": person(7, "rita_b"), "category": category, "seen": seen});
    serde_json::from_value(sign_off).unwrap()
}

fn alert(severity: Severity, opened: i64, acknowledged: Option<i64>, resolved: bool) -> Record {
    let condition = Alert::new(severity, format!("k{opened}"), at(opened * MINUTE), "Something is the matter.");
    let routing = Routing::usual(ChannelId(1));
    let mut record = follow(None, Event::Raised(condition), &routing, at(opened * MINUTE)).unwrap().record;
    record.id = crate::ids::AlertId(opened);
    record.acknowledged =
        acknowledged.map(|after| Acknowledgement { by: person(7, "rita_b"), at: at((opened + after) * MINUTE) });
    record.resolved = resolved.then(|| at((opened + 60) * MINUTE));
    record
}

/// Ten minutes into the week to a thousand.
fn week() -> Period {
    Period { from: at(10 * MINUTE), until: at(1_000 * MINUTE) }
}

fn deployments() -> Vec<Deployment> {
    let mut all = vec![
        deployment(1, 20, 2, good),
        deployment(2, 40, 4, good),
        deployment(3, 60, 6, good),
        deployment(4, 80, 16, good),
        deployment(5, 100, 1, failed),
        deployment(6, 120, 9, |second| State::Untrue { at: at(second), evidence: evidence(second) }),
        deployment(7, 140, 3, |second| State::Cancelled { at: at(second), reason: "by ada".into() }),
        deployment(8, 160, 3, |second| State::Expired { at: at(second), verdict: None }),
        // Ended before the week, and at its very end, which belongs to the next one.
        deployment(9, 2, 3, failed),
        deployment(10, 990, 10, good),
    ];
    let adopted = |d: &mut Deployment| {
        d.origin = Origin::Adopted { actor: "mallory_*".into(), event: "push".into() };
    };
    adopted(&mut all[4]);
    adopted(&mut all[8]);
    all[0].sign_offs = vec![signed(10, &all[0], "review"), signed(30, &all[0], "testing"), signed(1, &all[0], VETO)];
    all[1].sign_offs = vec![signed(20, &all[1], "review")];
    let used = |found: Option<&str>| BreakGlass {
        by: person(5, "ada"),
        reason: "login is down".into(),
        at: at(70 * MINUTE),
        confirmed: Some((person(6, "lena"), at(71 * MINUTE))),
        used: Some((at(72 * MINUTE), "review".into())),
        closed: found.map(|found| (person(5, "ada"), at(90 * MINUTE), found.to_owned())),
    };
    all[2].break_glass = Some(used(Some("a bad cache key")));
    all[3].break_glass = Some(used(None));
    all
}

fn alerts_of_the_week() -> Vec<Record> {
    vec![
        alert(Severity::Critical, 100, Some(4), true),
        alert(Severity::Critical, 200, Some(8), true),
        alert(Severity::Warning, 300, None, false),
        alert(Severity::Info, 5, None, true),
    ]
}

/// Environments of these names, as one path.
fn line(names: &[EnvironmentName]) -> Line {
    let named = |name: &EnvironmentName| Environment { name: name.clone(), after: None, ..uat() };
    Line::new(names.iter().map(named).collect()).unwrap()
}

/// What a report of all these environments says.
fn seen(names: &[EnvironmentName], deployments: &[Deployment], alerts: &[Record]) -> Summary {
    summary(week(), &Seen { scope: Scope::of(names, &line(names)), deployments, alerts })
}

fn counted() -> Summary {
    seen(&[name("dev"), uat().name], &deployments(), &alerts_of_the_week())
}

fn name(text: &str) -> EnvironmentName {
    EnvironmentName::parse(text).unwrap()
}

#[test]
fn the_numbers_are_those_that_one_counts_by_hand() {
    let week = counted();
    assert_eq!(week.stages.len(), 1, "nothing happened in dev");
    let stage = &week.stages[0];
    assert_eq!(stage.rate, Rate { good: 4, bad: 2, unproven: 0, cancelled: 1 });
    assert_eq!((stage.rate.percent(), stage.never_began, stage.points.len()), (Some(66), 1, 7));
    // 2, 4, 6 and 16 minutes: the middle of 4 and 6; nine tenths of the way over three steps is 6 + 0.7 * 10.
    let lengths = Lengths { count: 4, median: SignedDuration::from_mins(5), p90: SignedDuration::from_mins(13) };
    assert_eq!(stage.durations, Some(lengths));
    assert_eq!(week.ungated.iter().map(|run| run.deployment.0).collect::<Vec<_>>(), [5]);
    let glass: Vec<_> = week.glass.iter().map(|glass| (glass.deployment.0, glass.found.is_some())).collect();
    assert_eq!(glass, [(3, true), (4, false)]);
    // 10, 20 and 30 minutes; a veto is no signature.
    let signing = Lengths { count: 3, median: SignedDuration::from_mins(20), p90: SignedDuration::from_mins(28) };
    assert_eq!(week.signing, Some(signing));
    assert_eq!(week.alerts.opened, [(Severity::Info, 0), (Severity::Warning, 1), (Severity::Critical, 2)]);
    assert_eq!((week.alerts.unanswered, week.alerts.open), (1, 1));
    assert_eq!(week.alerts.acknowledged.unwrap().median, SignedDuration::from_mins(6));
}

#[test]
fn a_week_in_words() {
    assert_snapshot!(weekly(&counted(), &TimeZone::get("Europe/Berlin").unwrap()));
    let chart = weekly_chart(&counted(), &TimeZone::UTC).unwrap();
    assert_snapshot!(chart.title, @"Deployments, 21 September 2026 to 22 September 2026");
    assert_snapshot!(chart.description, @"7 deployments with their durations, the longest 16 min 00 s, 2 of them failed or untrue");
}

#[test]
fn a_quiet_week_says_so() {
    let quiet = seen(&[uat().name], &[], &[]);
    assert_snapshot!(weekly(&quiet, &TimeZone::UTC), @r"
    📊 **Week of 21 September 2026 to 22 September 2026**
    Nothing was deployed.
    🔔 No alert was opened; 0 open now.
    ");
    assert_eq!(weekly_chart(&quiet, &TimeZone::UTC), None);
}

#[test]
fn a_day_says_what_is_open_first() {
    let now = at(1_000 * MINUTE);
    let lock = Lock {
        reach: Reach::Only(uat().name),
        by: person(5, "ada"),
        reason: "rehearsal".into(),
        at: at(0),
        until: None,
    };
    let mut glass = deployment(4, 80, 16, good);
    glass.break_glass = deployments()[3].break_glass.clone();
    let open = Open {
        alerts: alerts_of_the_week().into_iter().filter(Record::is_open).collect(),
        deployments: vec![requested(&uat())],
        glass: vec![glass],
        locks: vec![lock],
        incidents: vec![Incident::open("login", Some(uat().name), person(5, "ada"), at(60)).0],
    };
    assert_snapshot!(digest(&counted(), &open, now, &TimeZone::UTC));
    let quiet = seen(&[uat().name], &[], &[]);
    assert!(digest(&quiet, &Open::default(), now, &TimeZone::UTC).contains("🟢 Nothing is open."));
}

#[test]
fn a_report_covers_its_environments_and_what_belongs_to_none() {
    let (path, only) = (line(&[name("dev"), uat().name]), [name("dev")]);
    let scope = Scope::of(&only, &path);
    let moved = |mut d: Deployment| {
        d.environment = name("dev");
        d
    };
    let both: Vec<Deployment> = deployments().into_iter().chain(deployments().into_iter().map(moved)).collect();
    let of = |environment: Option<&str>, mut record: Record| {
        record.alert.environment = environment.map(name);
        record
    };
    let records = || {
        let places = [Some("dev"), Some("uat"), None].into_iter();
        places.map(|place| of(place, alert(Severity::Critical, 300, Some(4), false))).collect::<Vec<_>>()
    };
    // All of it twice in all, once in dev; the trail's alert belongs to dev's report as well, and uat's does not.
    let (whole, dev) = (seen(&[name("dev"), uat().name], &both, &records()), &scope);
    let dev = summary(week(), &Seen { scope: *dev, deployments: &both, alerts: &records() });
    assert_eq!((whole.stages.len(), whole.ungated.len(), whole.glass.len(), whole.alerts.open), (2, 2, 4, 3));
    assert_eq!((dev.stages.len(), dev.ungated.len(), dev.glass.len(), dev.alerts.open), (1, 1, 2, 2));
    assert_eq!((whole.signing.unwrap().count, dev.signing.unwrap().count), (6, 3));
    assert_eq!((whole.alerts.opened[2].1, dev.alerts.opened[2].1), (3, 2));
    for text in [weekly(&dev, &TimeZone::UTC), digest(&dev, &Open::default(), at(0), &TimeZone::UTC)] {
        assert!(text.lines().next().unwrap().ends_with("** · only `dev`") && !text.contains("uat"), "{text}");
    }

    let lock = |reach| Lock { reach, by: person(5, "ada"), reason: "rehearsal".into(), at: at(0), until: None };
    let incident = |place: Option<&str>| Incident::open("login", place.map(name), person(5, "ada"), at(60)).0;
    let open = Open {
        alerts: records(),
        deployments: both.clone(),
        glass: both,
        locks: vec![lock(Reach::All), lock(Reach::Only(name("dev"))), lock(Reach::Only(uat().name))],
        incidents: vec![incident(None), incident(Some("dev")), incident(Some("uat"))],
    };
    let within = open.clone().within(&scope);
    assert_eq!((within.alerts.len(), within.locks.len(), within.incidents.len()), (2, 2, 2));
    assert_eq!((within.deployments.len() * 2, within.glass.len() * 2), (open.deployments.len(), open.glass.len()));
    assert!(!digest(&dev, &within, at(0), &TimeZone::UTC).contains("`uat`"));
    // What is left of an environment that is configured no longer stands in a report of all that are.
    let left = open.clone().within(&Scope::of(&only, &line(&only)));
    assert_eq!((left.alerts.len(), left.deployments.len()), (3, open.deployments.len()));
}

#[test]
fn whatever_happened_fits_into_a_message() {
    let many: Vec<Deployment> =
        (0..500).map(|n| Deployment { id: DeploymentId(n), ..deployments()[3].clone() }).collect();
    let records: Vec<Record> = (0..500).map(|n| alert(Severity::Critical, 20 + n, None, false)).collect();
    let busy = seen(&[uat().name], &many, &records);
    let open = Open { alerts: records, deployments: many.clone(), glass: many, ..Open::default() };
    for text in [weekly(&busy, &TimeZone::UTC), digest(&busy, &open, at(0), &TimeZone::UTC)] {
        assert!(text.chars().count() < 2_000, "{}: {text}", text.chars().count());
        assert!(text.contains("more"), "{text}");
    }
}

#[test]
fn no_list_hides_another_one() {
    let names: Vec<EnvironmentName> = (0..60).map(|n| name(&format!("customer-{n}-production"))).collect();
    let everywhere = |n: usize| {
        let (all, name) = (deployments(), names[n].clone());
        all.into_iter().map(move |d| Deployment { environment: name.clone(), ..d })
    };
    let many: Vec<Deployment> = (0..60).flat_map(everywhere).collect();
    let records: Vec<Record> = (0..60).map(|n| alert(Severity::Critical, 20 + n, Some(3), false)).collect();
    let lock =
        Lock { reach: Reach::All, by: person(5, "ada"), reason: "_*`".repeat(100), at: at(0), until: Some(at(9_000)) };
    let open = Open {
        alerts: records.clone(),
        deployments: many.clone(),
        glass: many.clone(),
        locks: vec![lock; 60],
        incidents: vec![Incident::open(&"login_".repeat(60), None, person(5, "ada"), at(60)).0; 60],
    };
    let busy = seen(&names, &many, &records);
    let zone = TimeZone::UTC;
    for (text, lists, parts) in [
        (
            weekly(&busy, &zone),
            3,
            vec!["📊", "**customer-0-production**", "🚧", "🧨", "✍️ 180 signatures", "🔔 60 alerts"],
        ),
        (
            digest(&busy, &open, at(0), &zone),
            6,
            vec![
                "🗞️",
                "🔔",
                "🚨",
                "🚦",
                "🧨",
                "🔒",
                "**Since yesterday**",
                "**customer-0-production**",
                "🔔 60 alerts",
            ],
        ),
    ] {
        assert!(text.chars().count() <= 2_000, "{}: {text}", text.chars().count());
        assert_eq!(text.lines().filter(|line| line.starts_with("… and ")).count(), lists, "{text}");
        assert!(text.ends_with("60 open now."), "its end is lost: {text}");
        for part in parts {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        let follows = text.lines().zip(text.lines().skip(1)).filter(|(_, next)| next.starts_with("… and "));
        assert!(follows.into_iter().all(|(before, _)| before.starts_with("- ")), "a list without a line: {text}");
    }
    // Of 60 environments that are not all, a heading names some.
    let some =
        summary(week(), &Seen { scope: Scope::of(&names, &line(&[uat().name])), deployments: &many, alerts: &[] });
    let text = weekly(&some, &zone);
    assert!(text.lines().next().unwrap().ends_with("`customer-4-production` and 55 more"), "{text}");
    assert!(text.chars().count() <= 2_000 && text.ends_with("0 open now."), "{text}");
}
