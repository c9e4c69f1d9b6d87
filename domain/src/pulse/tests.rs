//! What is counted and remembered, and how it is said.

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::decide::tests::{at, uat};

fn ms(milliseconds: i64) -> SignedDuration {
    SignedDuration::from_millis(milliseconds)
}

#[test]
fn levels_are_those_of_the_last_seven_days() {
    let mut levels = Levels::default();
    let now = at(0);
    for n in 0..100 {
        let took = if n < 90 { 20 } else { 400 };
        levels.count(Level::Acknowledgement, ms(took), now - WINDOW + SignedDuration::from_hours(1));
    }
    let q = levels.week(Level::Acknowledgement, now).unwrap();
    assert_eq!(q.count, 100);
    assert!((ms(20)..ms(24)).contains(&q.p50) && (ms(400)..ms(480)).contains(&q.p95), "{q:?}");
    assert_eq!(levels.week(Level::EventToCard, now), None);
    let steps = levels.steps(Level::Acknowledgement, now);
    assert_eq!((steps.len(), steps.iter().flatten().count(), steps[0].is_some()), (42, 1, true));

    levels.count(Level::Acknowledgement, ms(5), now + SignedDuration::from_hours(1));
    let later = levels.week(Level::Acknowledgement, now + SignedDuration::from_hours(1)).unwrap();
    assert_eq!(later.count, 1, "what is older than seven days is forgotten");
}

proptest! {
    #[test]
    fn a_quantile_is_never_too_short_and_at_most_a_fifth_too_long(
        mut took in proptest::collection::vec(1_i64..1_000_000, 1..60),
    ) {
        let mut levels = Levels::default();
        took.iter().for_each(|took| levels.count(Level::EventToCard, ms(*took), at(0)));
        took.sort_unstable();
        let q = levels.week(Level::EventToCard, at(0)).unwrap();
        for (percent, found) in [(50, q.p50), (95, q.p95)] {
            let exact = took[(took.len() * percent).div_ceil(100) - 1] as f64;
            let found = found.as_secs_f64() * 1_000.0;
            prop_assert!(found >= exact - 0.001 && found <= exact * 1.19 + 1.0, "{percent}: {found} of {exact}");
        }
    }
}

#[test]
fn a_process_goes_on_where_the_one_before_ended() {
    let gap = |second| Gap { cause: Cause::Session, from: None, until: at(second), again: 0 };
    let mut earlier = Pulse::default();
    (0..19).for_each(|second| earlier.miss(gap(second)));
    earlier.hear(Kind::Command, at(5));
    earlier.levels.count(Level::EventToCard, ms(100), at(0));
    let read: Pulse = serde_json::from_str(&serde_json::to_string(&earlier).unwrap()).unwrap();
    assert_eq!(read, earlier);

    let mut pulse = Pulse::default();
    pulse.hear(Kind::Command, at(3));
    pulse.hear(Kind::Webhook, at(30));
    pulse.levels.count(Level::EventToCard, ms(100), at(10));
    (30..32).for_each(|second| pulse.miss(gap(second)));
    pulse.follow(read);
    assert_eq!(pulse.heard, BTreeMap::from([(Kind::Command, at(5)), (Kind::Webhook, at(30))]));
    assert_eq!(pulse.levels.week(Level::EventToCard, at(10)).unwrap().count, 2);
    assert_eq!((pulse.gaps.len(), pulse.gaps[0].until, pulse.gaps[19].until), (20, at(1), at(31)));
    // What an earlier version did not know is not there, and nothing is lost by that.
    assert_eq!(serde_json::from_str::<Pulse>("{}").unwrap(), Pulse::default());
}

#[test]
fn what_is_unreadable_again_and_again_is_one_gap() {
    let mut pulse = Pulse::default();
    let gap = |cause, second| Gap { cause, from: None, until: at(second), again: 1 };
    pulse.miss(gap(Cause::Session, 1));
    (2..50).for_each(|second| pulse.miss(gap(Cause::Unreadable, second)));
    let last = Gap { from: Some(at(2)), ..gap(Cause::Unreadable, 49) };
    assert_eq!(pulse.gaps, [gap(Cause::Session, 1), last]);
    pulse.miss(gap(Cause::Unreadable, 49 + 3_600));
    assert_eq!(pulse.gaps.len(), 3, "an hour later it is another one");
}

#[test]
fn the_doctor_says_how_signalbox_does() {
    let mut pulse = Pulse::default();
    let fresh = Checkup {
        now: at(0),
        since: at(-60),
        line: Line::new(vec![uat()]).unwrap(),
        active: 0,
        alerts: 0,
        next: vec![],
        budget: None,
        pulse: pulse.clone(),
    };
    assert_snapshot!("just_started", checkup(&fresh));
    pulse.hear(Kind::Command, at(-1));
    pulse.hear(Kind::Webhook, at(-20));
    for (cause, from, again) in [
        (Cause::Undelivered, None, 3),
        (Cause::Unreadable, None, 1),
        (Cause::Away, Some(at(-3_600)), 0),
        (Cause::Session, Some(at(-600)), 5),
    ] {
        pulse.miss(Gap { cause, from, until: at(-500), again });
    }
    for took in [12, 25, 30, 1_900] {
        pulse.levels.count(Level::Acknowledgement, ms(took), at(0));
        pulse.levels.count(Level::EventToCard, ms(took * 50), at(0));
    }
    let next =
        [("health", Work::Health, 30), ("night", Work::Smoke, 60), ("drift", Work::Drift, 90), ("x", Work::Drift, 95)];
    let busy = Checkup {
        active: 2,
        alerts: 1,
        next: next.into_iter().map(|(name, work, second)| (name.to_owned(), work, at(second))).collect(),
        budget: Some(Budget { limit: 5_000, remaining: 900, reset: at(1_800) }),
        pulse,
        ..fresh
    };
    assert_snapshot!("busy", checkup(&busy));
}
