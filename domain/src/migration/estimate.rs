//! How long a migration may still take: never a constant, and never a single number.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Migration, Sample};
use crate::{deployment::Deployment, history};

/// What one migration of one tenant took, in milliseconds of the whole fleet's progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Learnt {
    /// Half took no longer.
    pub p50: u64,
    /// Nine of ten took no longer.
    pub p90: u64,
    /// Whether these very migrations were seen, elsewhere; else others of this fleet.
    #[serde(default)]
    pub these: bool,
}

/// Where an estimate comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// This migration's own pace.
    Own,
    /// What these migrations took in other tenants.
    These,
    /// What other migrations of this fleet took.
    Earlier,
}

/// How long it may still take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// At least, as half of the observations have it.
    pub low: SignedDuration,
    /// At most, as nine of ten have it.
    pub high: SignedDuration,
    /// Where it comes from.
    pub source: Source,
}

/// The present rate says something from so many steps on.
const STEPS: usize = 4;
/// And after so long.
const LONG_ENOUGH: SignedDuration = SignedDuration::from_secs(10);
/// A straight line was right to within this many hundredths, measured on fleets of 500.
const SPREAD: u64 = 15;

impl Migration {
    /// How long it may still take; `None` while nobody can tell.
    #[must_use]
    pub fn estimate(&self, now: Timestamp) -> Option<Estimate> {
        let sight = self.sight.as_ref().filter(|sight| sight.left > 0)?;
        let (rate, source) = match (self.pace(), self.learnt) {
            (Some(rate), _) => (rate, Source::Own),
            (None, Some(learnt)) => (learnt, if learnt.these { Source::These } else { Source::Earlier }),
            (None, None) => return None,
        };
        // What has passed since the last step is part of the next one.
        let passed = if source == Source::Own { now.duration_since(self.moved).as_millis() } else { 0 };
        let passed = u64::try_from(passed).unwrap_or(0);
        let total = |each: u64| sight.left.saturating_mul(each);
        let low = total(rate.p50) * (100 - SPREAD) / 100;
        let high = total(rate.p90).max(total(rate.p50) * (100 + SPREAD) / 100);
        let whole = |millis: u64| SignedDuration::from_millis(i64::try_from(millis).unwrap_or(i64::MAX));
        Some(Estimate { low: whole(low.saturating_sub(passed)), high: whole(high.max(passed)), source })
    }

    /// What this migration's own steps took; `None` while there are too few.
    #[must_use]
    pub fn pace(&self) -> Option<Learnt> {
        // The shared step and what comes before it is no pace of tenants.
        let from = self.samples.iter().rposition(|sample| sample.applied == 0).unwrap_or(0);
        let samples = &self.samples[from..];
        let (first, last) = (samples.first()?, samples.last()?);
        if last.at.duration_since(first.at) < LONG_ENOUGH {
            return None;
        }
        let mut steps: Vec<(u64, u64)> = samples.windows(2).filter_map(step).collect();
        if steps.len() < STEPS {
            return None;
        }
        steps.sort_unstable();
        let all: u64 = steps.iter().map(|(_, count)| count).sum();
        let quantile = |percent: u64| {
            let mut below = 0;
            let at = steps.iter().find(|(_, count)| {
                below += count;
                below * 100 >= all * percent
            });
            at.map_or(0, |(millis, _)| *millis)
        };
        Some(Learnt { p50: quantile(50), p90: quantile(90), these: false })
    }
}

/// Milliseconds for each migration between two samples, and how many those were.
fn step(pair: &[Sample]) -> Option<(u64, u64)> {
    let [before, after] = pair else { return None };
    let count = after.applied.checked_sub(before.applied).filter(|count| *count > 0)?;
    let millis = u64::try_from(after.at.duration_since(before.at).as_millis()).ok()?;
    Some((millis / count, count))
}

impl Learnt {
    /// Of a forecast for so many migrations, those of all tenants together.
    #[must_use]
    pub fn of(forecast: history::Estimate, steps: u64) -> Self {
        let each = |length: SignedDuration| {
            let millis = u64::try_from(length.as_millis()).unwrap_or(0);
            millis.div_ceil(steps.max(1))
        };
        Self { p50: each(forecast.p50), p90: each(forecast.p90), these: true }
    }
}

/// What earlier migrations took, the newest of them first; `None` when none was watched.
#[must_use]
pub fn learnt(earlier: &[Deployment]) -> Option<Learnt> {
    earlier.iter().find_map(|deployment| deployment.migration.as_ref().filter(|m| m.over.is_some())?.pace())
}
