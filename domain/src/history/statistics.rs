//! Medians, rates and trends.

use jiff::SignedDuration;

use super::{ENOUGH, MigrationJob, Outcome};

/// The usual length of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Baseline {
    /// Half are shorter.
    pub median: SignedDuration,
    /// Nine of ten are shorter.
    pub p90: SignedDuration,
    /// How many it was told from.
    pub samples: usize,
}

impl Baseline {
    /// The usual length of these; `None` where there are fewer than [`ENOUGH`].
    #[must_use]
    pub fn of(samples: &[SignedDuration]) -> Option<Self> {
        if samples.len() < ENOUGH {
            return None;
        }
        Some(Self { median: quantile(samples, 0.5)?, p90: quantile(samples, 0.9)?, samples: samples.len() })
    }

    /// The usual length of jobs that went to their end. Those that found nothing to do say nothing.
    #[must_use]
    pub fn of_jobs<'a>(jobs: impl IntoIterator<Item = &'a MigrationJob>) -> Option<Self> {
        let whole = jobs.into_iter().filter(|job| job.outcome.is_whole() && job.tenants != Some(0)).map(|job| job.took);
        Self::of(&whole.collect::<Vec<_>>())
    }
}

/// The value that a share of the samples is not longer than, interpolated between neighbours as NumPy and R do by
/// default (Hyndman and Fan's type 7). `None` of no samples. The share is taken into 0..=1.
#[must_use]
pub fn quantile(samples: &[SignedDuration], share: f64) -> Option<SignedDuration> {
    let mut sorted = samples.to_vec();
    sorted.sort();
    let last = sorted.len().checked_sub(1)?;
    let place = last as f64 * share.clamp(0.0, 1.0);
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    let between = (above.as_secs_f64() - below.as_secs_f64()) * place.fract();
    let value = below.checked_add(SignedDuration::try_from_secs_f64(between).ok()?)?;
    Some(value.clamp(below, above))
}

/// How many went well of those that can be told. Cancelled ones say nothing of migrations, unproven ones nothing
/// that is certain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rate {
    /// Green and true.
    pub good: usize,
    /// Failed, timed out, or green and untrue.
    pub bad: usize,
    /// Green and nobody knows.
    pub unproven: usize,
    /// Stopped by somebody.
    pub cancelled: usize,
}

impl Rate {
    /// Counts jobs.
    #[must_use]
    pub fn of<'a>(jobs: impl IntoIterator<Item = &'a MigrationJob>) -> Self {
        let mut rate = Self::default();
        for job in jobs {
            match job.outcome {
                Outcome::Succeeded => rate.good += 1,
                Outcome::Unproven => rate.unproven += 1,
                Outcome::Cancelled => rate.cancelled += 1,
                Outcome::Untrue | Outcome::Failed | Outcome::TimedOut => rate.bad += 1,
            }
        }
        rate
    }

    /// Whole percent, cut off: 100 means all. `None` where nothing can be told.
    #[must_use]
    pub fn percent(&self) -> Option<usize> {
        (100 * self.good).checked_div(self.good + self.bad)
    }
}

/// Where lengths are going.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trend {
    /// The later half is much as the earlier one.
    Steady,
    /// The median of the later half is longer by so many percent.
    Slower(u32),
    /// The median of the later half is shorter by so many percent.
    Faster(u32),
}

/// Less than this many percent is chance.
const TELLING: f64 = 25.0;

/// Holds the later half of these lengths, which are in their order, against the earlier half. `None` where a half
/// has fewer than [`ENOUGH`].
#[must_use]
pub fn trend(lengths: &[SignedDuration]) -> Option<Trend> {
    let half = lengths.len() / 2;
    if half < ENOUGH {
        return None;
    }
    let before = quantile(&lengths[..half], 0.5)?.as_secs_f64();
    let after = quantile(&lengths[lengths.len() - half..], 0.5)?.as_secs_f64();
    if before <= 0.0 {
        return Some(Trend::Steady);
    }
    let percent = (after / before - 1.0) * 100.0;
    let whole = percent.abs().round().min(f64::from(u32::MAX)) as u32;
    Some(match percent {
        more if more >= TELLING => Trend::Slower(whole),
        less if less <= -TELLING => Trend::Faster(whole),
        _ => Trend::Steady,
    })
}
