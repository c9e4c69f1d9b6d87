//! What a fleet of other sizes would take: a migration that rewrites a table takes as long as the table is large.

use jiff::SignedDuration;

use super::ENOUGH;

/// How long a tenant took, and how large it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// For all migrations that are asked about.
    pub took: SignedDuration,
    /// Bytes on disk; `None` where nobody knows.
    pub bytes: Option<u64>,
}

/// A slope counts from so many times its own uncertainty on: less may be chance, and chance must not be multiplied by
/// the size of production.
const CLEAR: f64 = 3.0;

/// How long tenants of the mean size of `fleet` (bytes of each) would have taken, one for each sample.
///
/// Where larger tenants clearly took longer, by a straight line through samples of known size, each sample is moved
/// along that line; what it differs from the line by is kept, so that a sum of them has the honest width. Where they
/// did not, or the sizes are not known, the samples are as they were.
#[must_use]
pub fn in_fleet(samples: &[Sample], fleet: &[u64]) -> Vec<SignedDuration> {
    let as_they_were = || samples.iter().map(|sample| sample.took).collect();
    let known: Vec<(f64, f64)> =
        samples.iter().filter_map(|sample| Some((sample.bytes? as f64, sample.took.as_secs_f64()))).collect();
    let Some(slope) = slope(&known).filter(|_| !fleet.is_empty()) else { return as_they_were() };
    let size = fleet.iter().map(|bytes| *bytes as f64).sum::<f64>() / fleet.len() as f64;
    let moved = |(bytes, took): &(f64, f64)| {
        let seconds = (took + slope * (size - bytes)).max(0.0);
        SignedDuration::try_from_secs_f64(seconds).unwrap_or(SignedDuration::MAX)
    };
    known.iter().map(moved).collect()
}

/// Seconds that each byte takes, by least squares; `None` where that is not clear.
fn slope(points: &[(f64, f64)]) -> Option<f64> {
    let n = points.len() as f64;
    if points.len() < ENOUGH {
        return None;
    }
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / n;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let spread: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    if spread <= 0.0 {
        return None;
    }
    let slope = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum::<f64>() / spread;
    let rest: f64 = points.iter().map(|point| (point.1 - y - slope * (point.0 - x)).powi(2)).sum();
    let uncertainty = (rest / (n - 2.0) / spread).sqrt();
    (slope > 0.0 && slope > CLEAR * uncertainty).then_some(slope)
}
