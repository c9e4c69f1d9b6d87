//! Ten thousand days of looks on a clock of their own: outages, flapping, deployments, clocks that change, Signalbox
//! down for hours or killed in the middle of a look. What is believed is held against a second opinion, which counts
//! looks and knows nothing of how it is done.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};

use super::super::{Damping, Seen, State, Watch, alert};
use crate::{
    alert::{Event, Record, Routing, follow},
    card::Posted,
    effect::Effect,
    gate::Minutes,
    ids::{ChannelId, EnvironmentName, MessageId, MessageRef},
    schedule::{Schedule, Work},
};

const DAYS: i64 = 10_000;
/// How long a firing stays leased by a process that was killed.
const LEASE: SignedDuration = SignedDuration::from_secs(60);

/// The same numbers in each run (Knuth's generator).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// Spans of time that do not touch, with some air between them.
    fn spans(&mut self, air: u64, longest: u64) -> Vec<(i64, i64)> {
        let (mut spans, mut minute) = (vec![], 0);
        loop {
            let from = minute + 1 + self.below(air) as i64;
            let until = from + 1 + self.below(longest) as i64;
            if until >= DAYS * 24 * 60 {
                return spans;
            }
            spans.push((from, until));
            minute = until;
        }
    }
}

/// Spans that are asked about in the order of time.
struct Spans {
    all: Vec<(i64, i64)>,
    next: usize,
}

impl Spans {
    fn at(&mut self, now: Timestamp) -> Option<(i64, i64)> {
        let minute = (now.as_second() - start().as_second()).div_euclid(60);
        while self.all.get(self.next).is_some_and(|(_, until)| *until <= minute) {
            self.next += 1;
        }
        self.all.get(self.next).copied().filter(|(from, _)| *from <= minute)
    }
}

fn start() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

fn after(minutes: i64) -> Timestamp {
    start().checked_add(SignedDuration::from_mins(minutes)).unwrap()
}

fn schedule(minutes: &str, zone: &str) -> Schedule {
    Schedule {
        name: "health".into(),
        minutes: Minutes::parse(minutes).unwrap(),
        zone: TimeZone::get(zone).unwrap(),
        work: Work::Health,
        environments: vec![],
    }
}

/// The second opinion: three bad ones of five open it, three good ones in a row close it.
#[derive(Default)]
struct Opinion {
    good: Vec<bool>,
    is_open: bool,
}

impl Opinion {
    fn hears(&mut self, good: bool) {
        self.good.push(good);
        let last = |count: usize| self.good.iter().rev().take(count);
        let bad = last(5).filter(|good| !**good).count();
        if bad >= 3 {
            self.is_open = true;
        } else if self.good.len() >= 3 && last(3).all(|good| *good) {
            self.is_open = false;
        }
    }
}

/// The alert as the store keeps it, with what was done about it.
#[derive(Default)]
struct Told {
    latest: Option<Record>,
    messages: u64,
    opened: u64,
    reopened: u64,
    resolved: u64,
}

impl Told {
    fn is_open(&self) -> bool {
        self.latest.as_ref().is_some_and(Record::is_open)
    }

    fn happens(&mut self, event: Event, now: Timestamp) {
        let routing = Routing::usual(ChannelId(1));
        let Some(followed) = follow(self.latest.as_ref(), event, &routing, now) else { return };
        for entry in &followed.entries {
            match entry.action.as_str() {
                "alert.opened" => self.opened += 1,
                "alert.reopened" => self.reopened += 1,
                "alert.resolved" => self.resolved += 1,
                other => panic!("{other}"),
            }
        }
        let shows = followed.effects.iter().any(|due| matches!(due.effect, Effect::ShowAlert { .. }));
        self.latest = Some(followed.record);
        if shows && self.is_open() && self.latest.as_ref().is_some_and(|record| record.message.is_none()) {
            self.messages += 1;
            let at = MessageRef { channel: ChannelId(1), message: MessageId(self.messages) };
            self.happens(Event::Posted(Posted { at, strayed: None }), now);
        }
    }
}

#[test]
fn ten_thousand_days_lose_no_alert_and_double_none() {
    let mut chance = Chance(20_261_126);
    let uat = EnvironmentName::parse("uat").unwrap();
    // Outages of minutes to two days, hours in which every other look fails, deployments, and Signalbox being down.
    let mut outages = Spans { all: chance.spans(8 * 24 * 60, 2 * 24 * 60), next: 0 };
    let mut flapping = Spans { all: chance.spans(10 * 24 * 60, 12 * 60), next: 0 };
    let mut deployments = Spans { all: chance.spans(3 * 24 * 60, 90), next: 0 };
    let mut downtimes = Spans { all: chance.spans(20 * 24 * 60, 3 * 24 * 60), next: 0 };
    let (often, daily) = (schedule("*/15 * * * *", "UTC"), schedule("30 2 * * *", "Europe/Berlin"));

    let (mut watch, mut opinion, mut told) = (Watch::default(), Opinion::default(), Told::default());
    let (mut looks, mut missed, mut restarts, mut killed, mut uncounted) = (0_u64, 0_u64, 0_u64, 0_u64, 0_u64);
    let (mut days, mut late_days, mut changes) = (BTreeSet::<Date>::new(), 0_u64, 0_u64);
    let (mut expected_openings, mut down) = (0, BTreeSet::<Date>::new());
    let mut due = (often.next_firing(start()).unwrap(), daily.next_firing(start()).unwrap());
    let mut offset = daily.zone.to_offset(start());
    // The last days are calm, so that everything has the time to end.
    let (calm, end) = (after((DAYS - 30) * 24 * 60), after(DAYS * 24 * 60));
    while due.0.min(due.1) < end {
        let mut now = due.0.min(due.1);
        if let Some((_, until)) = downtimes.at(now).filter(|_| now < calm) {
            down.extend(dates(now, after(until), &daily.zone));
            (now, restarts) = (after(until), restarts + 1);
            let kept = serde_json::to_string(&watch).unwrap();
            let read: Watch = serde_json::from_str(&kept).unwrap();
            assert_eq!(read, watch, "a restart forgets nothing");
            watch = read;
        }
        if due.0 <= now {
            let mut skipped = due.0;
            while skipped < now
                && let Some(next) = often.next_firing(skipped).filter(|next| *next <= now)
            {
                (skipped, missed) = (next, missed + 1);
            }
            // Killed before anything was recorded: whoever takes the firing over begins from the start.
            if chance.one_in(700) && now < calm {
                (now, killed) = (now.checked_add(LEASE).unwrap(), killed + 1);
            }
            loop {
                let flaps = flapping.at(now).is_some() && chance.one_in(2);
                let bad = (outages.at(now).is_some() || flaps) && now < calm;
                let state = if bad { State::Down } else { State::Up };
                let seen = Seen { check: "health".into(), state, says: "says".into(), latency: Some(1) };
                let maintenance = deployments.at(now).is_some();
                watch.look(now, vec![seen], maintenance, Damping::default());
                looks += 1;
                if maintenance {
                    uncounted += 1;
                } else {
                    opinion.hears(!bad);
                }
                // Killed after it was recorded and before anything was said: it is looked at again.
                if !chance.one_in(700) || now >= calm {
                    break;
                }
                (now, killed) = (now.checked_add(LEASE).unwrap(), killed + 1);
            }
            expected_openings += u64::from(opinion.is_open && !told.is_open());
            match watch.held.as_ref().and_then(|held| alert(&uat, held)) {
                Some(alert) => told.happens(Event::Raised(alert), now),
                None => told.happens(Event::Cleared, now),
            }
            assert_eq!(
                told.is_open(),
                opinion.is_open,
                "at {now}: {:?}",
                &watch.looks[watch.looks.len().saturating_sub(6)..]
            );
            due.0 = often.next_firing(now.max(due.0)).unwrap();
        }
        if due.1 <= now {
            if daily.zone.to_offset(now) != offset {
                (offset, changes) = (daily.zone.to_offset(now), changes + 1);
            }
            late_days += u64::from(now > due.1.checked_add(SignedDuration::from_hours(12)).unwrap());
            assert!(days.insert(daily.zone.to_datetime(due.1).date()), "twice on one day: {}", due.1);
            due.1 = daily.next_firing(now.max(due.1)).unwrap();
        }
    }

    assert!(!told.is_open(), "left open: {:?}", told.latest);
    assert_eq!(told.opened + told.reopened, expected_openings, "each outage was told once");
    assert_eq!(told.opened + told.reopened, told.resolved, "whatever opened has closed");
    assert_eq!(told.messages, told.opened, "an alert has one message");
    assert!(
        told.opened > 500 && told.reopened > 20 && restarts > 300 && killed > 500 && changes > 50,
        "it was put to the test"
    );
    let every: BTreeSet<Date> = dates(start(), end, &daily.zone).collect();
    let without: Vec<&Date> = every.difference(&days).filter(|day| !down.contains(day)).collect();
    assert!(without.len() <= 1, "only the day that had begun before the first one: {without:?}");
    println!(
        "{DAYS} days: {looks} looks ({uncounted} during deployments), {missed} firings missed in {restarts} downtimes, \
         {killed} times killed at a look, clocks changed {changes} times; {} alerts opened, {} reopened, {} resolved, \
         {} messages, 0 left open; {} daily firings, {late_days} of them late, none twice",
        told.opened,
        told.reopened,
        told.resolved,
        told.messages,
        days.len()
    );
}

/// The local dates from one time to another.
fn dates(from: Timestamp, until: Timestamp, zone: &TimeZone) -> impl Iterator<Item = Date> {
    let last = zone.to_datetime(until).date();
    std::iter::successors(Some(zone.to_datetime(from).date()), |day| day.tomorrow().ok())
        .take_while(move |day| *day <= last)
}
