//! Levels of service: how long things take, counted by the hour.
//!
//! A time is counted in a class of its size, each a fifth wider than the one before, so that a week of any traffic takes
//! a few kilobytes, and hours can be added up without losing what a percentile needs.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::WINDOW;

/// Classes for each doubling.
const FINENESS: f64 = 4.0;
/// The last class: 17 minutes and everything above.
const LAST: u8 = 80;
/// How much of the time a point of the picture stands for.
pub const STEP: SignedDuration = SignedDuration::from_hours(4);

/// Something whose length matters to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// From a command or button until Discord has its acknowledgement.
    Acknowledgement,
    /// From when Signalbox hears of something until the card shows it; the two seconds between edits are part of it.
    EventToCard,
    /// From a reaction until the sign-off is recorded.
    ReactionToRecord,
}

impl Level {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Acknowledgement, Self::EventToCard, Self::ReactionToRecord];

    /// What it is called.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Self::Acknowledgement => "acknowledgement",
            Self::EventToCard => "event to card",
            Self::ReactionToRecord => "reaction to record",
        }
    }
}

/// How many took how long: by class.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Histogram(BTreeMap<u8, u32>);

/// How long half of them took at most, and 95 of 100; to within a fifth, and never too short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quantiles {
    /// How many they are.
    pub count: u64,
    /// Half of them.
    pub p50: SignedDuration,
    /// 95 of 100.
    pub p95: SignedDuration,
}

impl Histogram {
    fn add(&mut self, other: &Self) {
        for (class, count) in &other.0 {
            let own = self.0.entry(*class).or_default();
            *own = own.saturating_add(*count);
        }
    }

    fn quantiles(&self) -> Option<Quantiles> {
        let count: u64 = self.0.values().copied().map(u64::from).sum();
        let at = |percent: u64| {
            let rank = (count * percent).div_ceil(100);
            let mut below = 0;
            let class = self.0.iter().find(|(_, count)| {
                below += u64::from(**count);
                below >= rank
            });
            class.map(|(class, _)| bound(*class))
        };
        (count > 0).then_some(())?;
        Some(Quantiles { count, p50: at(50)?, p95: at(95)? })
    }
}

/// The class of a length: the first that is not shorter.
fn class(took: SignedDuration) -> u8 {
    let class = (took.as_secs_f64() * 1_000.0).max(1.0).log2() * FINENESS;
    // The margin keeps a bound in its own class.
    (class - 1e-9).ceil().clamp(0.0, f64::from(LAST)) as u8
}

/// The longest of a class.
fn bound(class: u8) -> SignedDuration {
    SignedDuration::try_from_secs_f64((f64::from(class) / FINENESS).exp2() / 1_000.0).unwrap_or_default()
}

/// A week of them, by the hour.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Levels(BTreeMap<i64, BTreeMap<Level, Histogram>>);

impl Levels {
    /// Something took so long, and ended now.
    pub fn count(&mut self, level: Level, took: SignedDuration, now: Timestamp) {
        let hour = hour(now);
        let oldest = hour - WINDOW.as_hours();
        while self.0.first_key_value().is_some_and(|(first, _)| *first <= oldest) {
            self.0.pop_first();
        }
        let histogram = self.0.entry(hour).or_default().entry(level).or_default();
        let count = histogram.0.entry(class(took)).or_default();
        *count = count.saturating_add(1);
    }

    /// Counts in what was counted elsewhere.
    pub(super) fn add(&mut self, other: &Self) {
        for (hour, levels) in &other.0 {
            let own = self.0.entry(*hour).or_default();
            levels.iter().for_each(|(level, histogram)| own.entry(*level).or_default().add(histogram));
        }
    }

    /// Over the seven days before now. `None`: there was nothing to count.
    #[must_use]
    pub fn week(&self, level: Level, now: Timestamp) -> Option<Quantiles> {
        self.between(level, hour(now) - WINDOW.as_hours() + 1, hour(now) + 1)
    }

    /// The same, step by step, the oldest first.
    #[must_use]
    pub fn steps(&self, level: Level, now: Timestamp) -> Vec<Option<Quantiles>> {
        let (step, until) = (STEP.as_hours(), hour(now) + 1);
        let from = until - WINDOW.as_hours();
        (0..WINDOW.as_hours() / step).map(|n| self.between(level, from + n * step, from + (n + 1) * step)).collect()
    }

    fn between(&self, level: Level, from: i64, until: i64) -> Option<Quantiles> {
        let mut all = Histogram::default();
        self.0.range(from..until).filter_map(|(_, levels)| levels.get(&level)).for_each(|one| all.add(one));
        all.quantiles()
    }
}

fn hour(at: Timestamp) -> i64 {
    at.as_second().div_euclid(3_600)
}
