//! Firings, also in nights in which clocks change, and what is said of them.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use proptest::prelude::*;

use super::{Outcome, Ran, Schedule, Standing, Work, schedules};
use crate::{evidence::Answer, gate::Minutes, ids::EnvironmentName};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn schedule(minutes: &str, zone: &str) -> Schedule {
    Schedule {
        name: "health".into(),
        minutes: Minutes::parse(minutes).unwrap(),
        zone: TimeZone::get(zone).unwrap(),
        work: Work::Health,
        environments: vec![EnvironmentName::parse("uat").unwrap()],
    }
}

fn next(minutes: &str, zone: &str, after: &str) -> Vec<String> {
    schedule(minutes, zone).next_firings(at(after), 3).iter().map(ToString::to_string).collect()
}

#[test]
fn the_next_three_firings_are_those_of_cron() {
    for (minutes, zone, after, expected) in [
        (
            "* * * * *",
            "UTC",
            "2026-11-26T12:00:30Z",
            ["2026-11-26T12:01:00Z", "2026-11-26T12:02:00Z", "2026-11-26T12:03:00Z"],
        ),
        (
            "0 9 * * mon-fri",
            "Europe/Berlin",
            "2026-11-27T08:00:00Z",
            ["2026-11-30T08:00:00Z", "2026-12-01T08:00:00Z", "2026-12-02T08:00:00Z"],
        ),
        (
            "*/20 8 * * *",
            "UTC",
            "2026-11-26T08:10:00Z",
            ["2026-11-26T08:20:00Z", "2026-11-26T08:40:00Z", "2026-11-27T08:00:00Z"],
        ),
        (
            "0 0 29 2 *",
            "UTC",
            "2026-11-26T00:00:00Z",
            ["2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z", "2036-02-29T00:00:00Z"],
        ),
        // Of a day and a weekday one is enough, as with cron.
        (
            "0 0 1 * mon",
            "UTC",
            "2026-11-26T00:00:00Z",
            ["2026-11-30T00:00:00Z", "2026-12-01T00:00:00Z", "2026-12-07T00:00:00Z"],
        ),
    ] {
        assert_eq!(next(minutes, zone, after), expected, "{minutes} {zone}");
    }
}

#[test]
fn a_time_of_day_comes_once_in_each_night_in_which_clocks_change() {
    // In Berlin 02:30 does not exist on 28 March 2027, and exists twice on 31 October 2027.
    let spring = ["2027-03-27T01:30:00Z", "2027-03-28T01:30:00Z", "2027-03-29T00:30:00Z"];
    assert_eq!(next("30 2 * * *", "Europe/Berlin", "2027-03-27T01:00:00Z"), spring);
    let autumn = ["2027-10-30T00:30:00Z", "2027-10-31T00:30:00Z", "2027-11-01T01:30:00Z"];
    assert_eq!(next("30 2 * * *", "Europe/Berlin", "2027-10-30T00:00:00Z"), autumn);
    // Where midnight is skipped (Cairo, 24 April 2026), the day has its firing all the same.
    let midnight = ["2026-04-22T22:00:00Z", "2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z"];
    assert_eq!(next("0 0 * * *", "Africa/Cairo", "2026-04-22T21:30:00Z"), midnight);
}

#[test]
fn what_fires_every_hour_fires_by_elapsed_time() {
    for day in ["2027-03-28T00:00:00Z", "2027-10-31T00:00:00Z"] {
        let firings = schedule("*/15 * * * *", "Europe/Berlin").next_firings(at(day), 40);
        let even = firings.windows(2).all(|pair| pair[1].duration_since(pair[0]) == SignedDuration::from_mins(15));
        assert!(even && firings.len() == 40, "{firings:?}");
    }
}

#[test]
fn what_never_fires_and_what_has_seconds_is_refused() {
    let never = schedule("0 0 30 2 *", "UTC");
    assert_eq!(
        never.check(at("2026-11-26T00:00:00Z")).unwrap_err().to_string(),
        "there is no such day, so it would never fire"
    );
    let every_second = Minutes::parse("* * * * * *").unwrap_err().to_string();
    assert_eq!(every_second, "six fields, that is with seconds; leave the first one out");
}

proptest! {
    /// No firing is missed and none is late, whatever the hour of the year: the naive search agrees.
    #[test]
    fn the_next_firing_is_the_next_minute_that_fits(
        hour in 0..24_u8, minute in 0..60_u8, step in 1..30_u8, offset in 0..(366_i64 * 24 * 60), hourly: bool
    ) {
        let minutes = if hourly { format!("*/{step} * * * *") } else { format!("{minute} {hour} * * *") };
        let schedule = schedule(&minutes, "America/New_York");
        let after = at("2027-01-01T05:00:00Z").checked_add(SignedDuration::from_mins(offset)).unwrap();
        let found = schedule.next_firing(after).unwrap();
        prop_assert!(found > after);
        let fits = |at: Timestamp| {
            let local = schedule.zone.to_datetime(at);
            local.minute() % i8::try_from(step).unwrap() == 0 && hourly
                || !hourly && (local.hour(), local.minute()) == (hour as i8, minute as i8)
        };
        if fits(found) {
            let mut earlier = after.checked_add(SignedDuration::from_mins(1)).unwrap();
            while earlier < found {
                // The second time of a night in which clocks go back is left out.
                let second = schedule.zone.to_datetime(earlier.checked_sub(SignedDuration::from_hours(1)).unwrap());
                let is_second = !hourly && second.time() == schedule.zone.to_datetime(earlier).time();
                prop_assert!(!fits(earlier) || is_second, "{earlier} before {found}");
                earlier = earlier.checked_add(SignedDuration::from_mins(1)).unwrap();
            }
        } else {
            // Clocks skipped it: it comes an hour later by the clock.
            prop_assert_eq!(schedule.zone.to_datetime(found).hour(), i8::try_from(hour).unwrap() + 1);
        }
    }
}

#[test]
fn the_list_names_the_next_firings_and_what_came_of_the_last() {
    let now = at("2026-11-26T12:00:30Z");
    let ran = |answer, says: &str| Ran {
        due: at("2026-11-26T12:00:00Z"),
        began: at("2026-11-26T12:00:00Z"),
        ended: at("2026-11-26T12:00:00.120Z"),
        outcome: Outcome { answer, says: says.into() },
    };
    let standing = |due: &str, last| Some(Standing { name: "health".into(), due: at(due), leased_until: None, last });
    let all = [
        (schedule("* * * * *", "UTC"), standing("2026-11-26T12:01:00Z", Some(ran(Answer::Pass, "`uat` is up")))),
        (
            Schedule { name: "business hours".into(), ..schedule("0 9 * * mon-fri", "Europe/Berlin") },
            standing("2026-11-26T08:00:00Z", None),
        ),
    ];
    insta::assert_snapshot!(schedules(&all, now), @"
    🗓️ What Signalbox does by itself:
    **health** of `uat`: `* * * * *` UTC
    - next <t:1795694460:f> (<t:1795694460:R>), <t:1795694520:f>, <t:1795694580:f>
    - last 🟢 <t:1795694400:R>, in 120 ms: `uat` is up
    **business hours** (health) of `uat`: `0 9 * * mon-fri` Europe/Berlin
    - next at once, <t:1795766400:f> (<t:1795766400:R>), <t:1796025600:f>
    - not done yet
    ");
    insta::assert_snapshot!(schedules(&[], now), @"🗓️ Nothing is scheduled: no environment has anything to look after. `[[environment.health]]` in `signalbox.toml` is a start.");
    let many: Vec<_> = std::iter::repeat_n(all[0].clone(), 40).collect();
    assert!(schedules(&many, now).chars().count() <= 2_000 && schedules(&many, now).ends_with("more"));
}
