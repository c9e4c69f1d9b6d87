//! How long what is left will take, from how long the like of it took.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;

use super::{ENOUGH, Lap, Sample, statistics::quantile};

/// A guess with its honest width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// As likely to be passed as not.
    pub p50: SignedDuration,
    /// Passed one time in ten.
    pub p90: SignedDuration,
    /// How many tenants it was learned from.
    pub samples: usize,
}

/// How many standard deviations above the mean nine of ten normal draws lie below.
const Z90: f64 = 1.281_551_6;

/// How long `tenants` more will take when `at_once` are migrated side by side, from how long each of some others
/// took. `None` from fewer than [`ENOUGH`].
///
/// P90 is the upper end of a prediction interval for a sum of draws: Student's, with Johnson's correction for skew
/// (Journal of the American Statistical Association 73, 1978), since a few tenants take many times as long as most.
/// It is wide where the tenants differ among themselves, and wider where few were seen. Of a single tenant it is the
/// sample's own quantile.
#[must_use]
pub fn estimate(each: &[SignedDuration], tenants: usize, at_once: usize) -> Option<Estimate> {
    let samples = each.len();
    if samples < ENOUGH {
        return None;
    }
    let (p50, p90) = match tenants {
        1 => (quantile(each, 0.5)?.as_secs_f64(), quantile(each, 0.9)?.as_secs_f64()),
        _ => sum_of(each, tenants),
    };
    let lanes = at_once.clamp(1, tenants.max(1)) as f64;
    let length = |seconds: f64| SignedDuration::try_from_secs_f64(seconds / lanes).unwrap_or(SignedDuration::MAX);
    Some(Estimate { p50: length(p50), p90: length(p90), samples })
}

/// P50 and P90 of the sum of so many draws, in seconds.
fn sum_of(each: &[SignedDuration], draws: usize) -> (f64, f64) {
    let (n, draws) = (each.len() as f64, draws as f64);
    let mean = each.iter().map(|one| one.as_secs_f64()).sum::<f64>() / n;
    let moment = |power| each.iter().map(|one| (one.as_secs_f64() - mean).powi(power)).sum::<f64>();
    let (variance, skewness) = (moment(2) / (n - 1.0), moment(3) / n);
    if variance <= 0.0 {
        return (draws * mean, draws * mean);
    }
    // Student's quantile from the normal one, to the first order.
    let z = Z90 * (1.0 + (Z90 * Z90 + 1.0) / (4.0 * (n - 1.0)));
    // What the draws vary by, and what the mean itself is unsure by.
    let deviation = (variance * (draws + draws * draws / n)).sqrt();
    let skew = draws * skewness.max(0.0) / (6.0 * variance * n) * (1.0 + 2.0 * z * z);
    (draws * mean, draws * mean + z * deviation + skew)
}

/// How long a tenant took for all of these migrations: one sample for each tenant and job that had them all.
#[must_use]
pub fn whole(laps: &[Lap], migrations: &BTreeSet<String>) -> Vec<Sample> {
    let nothing = Sample { took: SignedDuration::ZERO, bytes: None };
    let mut tenants: BTreeMap<(u64, &str), (BTreeSet<&str>, Sample)> = BTreeMap::new();
    for lap in laps.iter().filter(|lap| migrations.contains(&lap.migration)) {
        let (seen, sum) = tenants.entry((lap.job, &lap.tenant)).or_insert((BTreeSet::new(), nothing));
        if seen.insert(&lap.migration) {
            sum.took = sum.took.saturating_add(lap.took);
            sum.bytes = sum.bytes.max(lap.bytes);
        }
    }
    let all = migrations.len();
    tenants.into_values().filter(|(seen, _)| all > 0 && seen.len() == all).map(|(_, sum)| sum).collect()
}
