//! What there is to see, not yet drawn.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{ENOUGH, Outcome, Past, past, quantile};
use crate::text::{counted, duration};

/// How long a migration takes at most where all is well.
const GOOD: SignedDuration = SignedDuration::from_mins(5);

/// A picture of migrations, not yet drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chart {
    /// Its file name: `migrations-uat.png`.
    pub name: String,
    /// Above the picture.
    pub title: String,
    /// What it shows, for those who cannot see it.
    pub description: String,
    /// What it shows.
    pub plot: Plot,
}

/// What a chart shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Plot {
    /// How long each job took, over time.
    Durations {
        /// The jobs, oldest first.
        points: Vec<Point>,
        /// How long half of them take at most, if that can be told.
        median: Option<SignedDuration>,
        /// Lengths that mean something, each with what it means.
        lines: Vec<(SignedDuration, String)>,
    },
    /// How many tenants took how long.
    Spread {
        /// What each took.
        samples: Vec<SignedDuration>,
        /// Half took no longer.
        median: SignedDuration,
        /// Nine of ten took no longer.
        p90: SignedDuration,
    },
}

/// A job in a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// When it began.
    pub at: Timestamp,
    /// How long it took.
    pub took: SignedDuration,
    /// How it ended.
    pub outcome: Outcome,
}

/// Durations over time; a single job is said faster than drawn.
pub(super) fn durations(past: &Past) -> Option<Chart> {
    let points: Vec<Point> =
        past.jobs.iter().map(|job| Point { at: job.started_at, took: job.took, outcome: job.outcome }).collect();
    if points.len() < 2 {
        return None;
    }
    let bad = points.iter().filter(|point| point.outcome.is_bad()).count();
    let median = past.baseline().map(|baseline| baseline.median);
    let longest = points.iter().map(|point| point.took).max()?;
    let description = format!(
        "{} over {} days, the longest {}, {bad} of them failed or untrue{}",
        counted(points.len() as u64, "migration"),
        past.days,
        duration(longest),
        median.map(|median| format!(", the median {}", duration(median))).unwrap_or_default()
    );
    let slow = (past.slow_after, format!("{} min: may be slow", past.slow_after.as_mins()));
    let mut lines = vec![slow];
    if GOOD < past.slow_after {
        lines.push((GOOD, format!("{} min: good", GOOD.as_mins())));
    }
    Some(Chart {
        name: format!("migrations-{}.png", past.environment),
        title: format!("Migrations of {}, last {} days", past.environment, past.days),
        description,
        plot: Plot::Durations { points, median, lines },
    })
}

/// How long tenants take.
pub(super) fn spread(past: &Past) -> Option<Chart> {
    let samples: Vec<SignedDuration> = past.tenants().into_iter().map(|(_, took)| took).collect();
    if samples.len() < ENOUGH {
        return None;
    }
    let (median, p90) = (quantile(&samples, 0.5)?, quantile(&samples, 0.9)?);
    let description = format!(
        "How long a tenant takes, {}: median {}, nine of ten within {}, the longest {}",
        counted(samples.len() as u64, "sample"),
        past::short(median),
        past::short(p90),
        past::short(samples.iter().copied().max()?)
    );
    Some(Chart {
        name: format!("tenants-{}.png", past.environment),
        title: format!("Seconds a tenant takes in {}, all its migrations together", past.environment),
        description,
        plot: Plot::Spread { samples, median, p90 },
    })
}
