//! What is true of the arithmetic whatever the figures.

mod said;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::ids::{CommitSha, DeploymentId, EnvironmentName};

fn seconds(all: &[i64]) -> Vec<SignedDuration> {
    all.iter().copied().map(SignedDuration::from_secs).collect()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

fn job(job: u64, took: i64, outcome: Outcome) -> MigrationJob {
    MigrationJob {
        job,
        deployment: DeploymentId(i64::try_from(job).unwrap()),
        environment: EnvironmentName::parse("uat").unwrap(),
        commit: CommitSha::parse(&"ab12".repeat(10)).unwrap(),
        started_at: at(86_400 * i64::try_from(job).unwrap()),
        took: SignedDuration::from_secs(took),
        outcome,
        tenants: Some(30),
        workers: Some(1),
    }
}

fn row(schema: &str, applied: i64, migration: &str) -> Recorded {
    Recorded { schema: schema.into(), applied: at(applied), migration: migration.into() }
}

fn told(laps: &[Lap]) -> Vec<(&str, &str, i64)> {
    laps.iter().map(|lap| (&*lap.tenant, &*lap.migration, lap.took.as_secs())).collect()
}

#[test]
fn one_worker_takes_tenants_one_after_the_other() {
    let rows = [
        row("public", 10, "a.1"),
        row("public", 11, "a.2"),
        row("acme", 14, "a.1"),
        row("acme", 19, "a.2"),
        row("globex", 21, "a.1"),
        row("globex", 30, "a.2"),
    ];
    assert_eq!(workers(&rows), 1);
    assert_eq!(
        told(&laps(1, &rows)),
        [("acme", "a.1", 3), ("acme", "a.2", 5), ("globex", "a.1", 2), ("globex", "a.2", 9)]
    );
}

#[test]
fn two_workers_show_in_rows_that_alternate() {
    let rows = [
        row("public", 0, "a.1"),
        row("one", 10, "a.1"),
        row("two", 11, "a.1"),
        row("one", 15, "a.2"),
        row("two", 18, "a.2"),
        row("three", 22, "a.1"),
        row("four", 23, "a.1"),
        row("three", 24, "a.2"),
        row("four", 25, "a.2"),
    ];
    assert_eq!(workers(&rows), 2);
    let laps = laps(1, &rows);
    let first: Vec<_> = told(&laps).into_iter().filter(|(_, migration, _)| *migration == "a.1").collect();
    assert_eq!(first, [("one", "a.1", 10), ("two", "a.1", 11), ("three", "a.1", 7), ("four", "a.1", 5)]);
}

#[test]
fn what_no_ledger_shows_the_beginning_of_is_not_told() {
    let rows = [row("acme", 100, "a.1"), row("acme", 104, "a.2"), row("globex", 107, "a.1")];
    assert_eq!(told(&laps(1, &rows)), [("acme", "a.2", 4), ("globex", "a.1", 3)]);
    assert!(laps(1, &[]).is_empty());
}

#[test]
fn a_sample_is_a_tenant_that_had_all_of_it() {
    let lap = |job, tenant: &str, migration: &str, took| Lap {
        job,
        tenant: tenant.into(),
        migration: migration.into(),
        took: SignedDuration::from_secs(took),
        bytes: None,
    };
    let laps = [
        lap(1, "acme", "a.1", 2),
        lap(1, "acme", "a.2", 3),
        lap(1, "globex", "a.1", 2),
        lap(2, "globex", "a.2", 9),
        lap(2, "acme", "b.1", 50),
    ];
    let of = |names: &[&str]| {
        let names: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
        whole(&laps, &names).iter().map(|sample| sample.took).collect::<Vec<_>>()
    };
    assert_eq!(of(&["a.1", "a.2"]), seconds(&[5]));
    assert_eq!(of(&["a.1"]), seconds(&[2, 2]));
    assert_eq!(of(&[]), []);
}

#[test]
fn larger_tenants_take_longer_where_they_did_before() {
    let sample = |(took, megabytes): (i64, u64)| Sample {
        took: SignedDuration::from_millis(took),
        bytes: Some(megabytes * 1_000_000),
    };
    let samples = |all: &[(i64, u64)]| all.iter().copied().map(sample).collect::<Vec<_>>();
    let millis = |all: Vec<SignedDuration>| all.iter().map(SignedDuration::as_millis).collect::<Vec<_>>();
    // A second, and a second for each 10 MB.
    let line = samples(&[(2_000, 10), (3_000, 20), (4_000, 30), (2_000, 10), (6_000, 50)]);
    assert_eq!(millis(in_fleet(&line, &[100_000_000])), [11_000; 5]);
    // The mean size of the fleet counts, since the sum is what is asked for.
    assert_eq!(millis(in_fleet(&line, &[0, 40_000_000])), [3_000; 5]);
    let near = samples(&[(2_100, 10), (3_000, 20), (3_900, 30), (2_000, 10), (6_050, 50)]);
    let moved = millis(in_fleet(&near, &[100_000_000]));
    assert!(moved.iter().all(|took| (10_700..11_300).contains(took)) && moved[0] > moved[3], "{moved:?}");
    // Chance, sizes that nobody knows, sizes that are all the same, too few: as they were.
    let chance = samples(&[(2_000, 10), (1_000, 20), (4_000, 30), (3_000, 10), (2_500, 50)]);
    assert_eq!(millis(in_fleet(&chance, &[900_000_000])), [2_000, 1_000, 4_000, 3_000, 2_500]);
    let unknown: Vec<Sample> = line.iter().map(|one| Sample { bytes: None, ..*one }).collect();
    assert_eq!(millis(in_fleet(&unknown, &[900_000_000])), [2_000, 3_000, 4_000, 2_000, 6_000]);
    let same = samples(&[(1_000, 10), (2_000, 10), (3_000, 10), (4_000, 10), (5_000, 10)]);
    assert_eq!(millis(in_fleet(&same, &[900_000_000])), [1_000, 2_000, 3_000, 4_000, 5_000]);
    assert_eq!(millis(in_fleet(&line[..4], &[900_000_000])), [2_000, 3_000, 4_000, 2_000]);
}

#[test]
fn few_samples_tell_nothing() {
    assert_eq!(Baseline::of(&seconds(&[1, 2, 3, 4])), None);
    assert_eq!(estimate(&seconds(&[1, 2, 3, 4]), 10, 1), None);
    assert_eq!(trend(&seconds(&[1; 9])), None);
    assert_eq!(Rate::of(&[job(1, 5, Outcome::Cancelled), job(2, 5, Outcome::Unproven)]).percent(), None);
}

#[test]
fn a_rate_counts_what_can_be_told() {
    use Outcome::{Cancelled, Failed, Succeeded, TimedOut, Unproven, Untrue};
    let jobs: Vec<MigrationJob> = [Succeeded, Untrue, Failed, TimedOut, Unproven, Cancelled, Succeeded, Succeeded]
        .into_iter()
        .zip(1..)
        .map(|(outcome, n)| job(n, 60, outcome))
        .collect();
    let rate = Rate::of(&jobs);
    assert_eq!(rate, Rate { good: 3, bad: 3, unproven: 1, cancelled: 1 });
    assert_eq!(rate.percent(), Some(50));
    // 199 of 200 is not all of them.
    let nearly = Rate { good: 199, bad: 1, ..Rate::default() };
    assert_eq!(nearly.percent(), Some(99));
    assert_eq!(Baseline::of_jobs(&jobs), None, "four went to their end");
}

#[test]
fn a_trend_needs_a_clear_difference() {
    assert_eq!(trend(&seconds(&[60; 10])), Some(Trend::Steady));
    assert_eq!(trend(&seconds(&[60, 60, 60, 60, 60, 70, 70, 70, 70, 70])), Some(Trend::Steady));
    assert_eq!(trend(&seconds(&[60, 60, 60, 60, 60, 99, 99, 99, 99, 99])), Some(Trend::Slower(65)));
    assert_eq!(trend(&seconds(&[90, 90, 90, 90, 90, 0, 45, 45, 45, 45, 45])), Some(Trend::Faster(50)));
    assert_eq!(trend(&seconds(&[0; 12])), Some(Trend::Steady));
}

/// A repeatable source of numbers in 0..1, for draws that a property needs by the thousand.
fn draws(seed: u64) -> impl Iterator<Item = f64> {
    let mut state = seed | 1;
    std::iter::from_fn(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        Some((state >> 11) as f64 / (1_u64 << 53) as f64)
    })
}

proptest! {
    #[test]
    fn a_quantile_lies_among_the_samples_and_grows_with_its_share(
        samples in prop::collection::vec(0_i64..100_000, 1..60), one in 0.0_f64..1.0, other in 0.0_f64..1.0,
    ) {
        let all = seconds(&samples);
        let (less, more) = (one.min(other), f64::max(one, other));
        let (low, high) = (quantile(&all, less).unwrap(), quantile(&all, more).unwrap());
        prop_assert!(low <= high);
        prop_assert!(*all.iter().min().unwrap() <= low && high <= *all.iter().max().unwrap());
        let mut turned = all.clone();
        turned.reverse();
        prop_assert_eq!(quantile(&turned, less), Some(low));
        // So many are not longer.
        let below = all.iter().filter(|one| **one <= high).count() as f64;
        prop_assert!(below >= (all.len() - 1) as f64 * more);
    }

    #[test]
    fn an_estimate_grows_with_the_tenants_and_shrinks_with_the_workers(
        samples in prop::collection::vec(1_i64..600, ENOUGH..80), tenants in 2_usize..5_000, workers in 1_usize..16,
    ) {
        let each = seconds(&samples);
        let now = estimate(&each, tenants, workers).unwrap();
        let (later, faster) = (estimate(&each, tenants + 1, workers).unwrap(), estimate(&each, tenants, workers + 1).unwrap());
        prop_assert!(now.p50 <= now.p90);
        prop_assert!(tenants < workers || (now.p50 <= later.p50 && now.p90 <= later.p90));
        prop_assert!(faster.p50 <= now.p50);
        prop_assert_eq!(estimate(&each, 0, workers).unwrap().p90, SignedDuration::ZERO);
    }

    #[test]
    fn a_lap_is_told_for_each_row_of_a_tenant_whatever_the_order(
        ends in prop::collection::vec((0_usize..8, 1_i64..1_000), 0..60), turn in 0_usize..60,
    ) {
        let mut rows: Vec<Recorded> = ends.iter().enumerate()
            .map(|(n, (tenant, applied))| row(&format!("t{tenant}"), *applied, &format!("a.{n}")))
            .chain([row("public", 0, "a.0")])
            .collect();
        let told = laps(1, &rows);
        prop_assert!(told.iter().all(|lap| SignedDuration::ZERO <= lap.took && lap.took < SignedDuration::from_secs(1_000)));
        let tenants = rows.iter().map(|row| &row.schema).collect::<BTreeSet<_>>().len() - 1;
        prop_assert!((1..=tenants.max(1)).contains(&workers(&rows)));
        // Only a tenant's first row may be without a beginning.
        prop_assert!(told.len() + tenants >= rows.len() - 1);
        rows.rotate_left(turn % ends.len().max(1));
        prop_assert_eq!(laps(1, &rows).len(), told.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// The promise of the words: P90 is passed one time in ten, P50 every second time.
    #[test]
    fn nine_of_ten_sums_are_within_the_estimate(seed in 1_u64..u64::MAX, tenants in 20_usize..120) {
        let mut draws = draws(seed);
        // Skewed as migrations are: most are quick, some take ten times as long.
        let mut draw = || SignedDuration::from_secs_f64(0.5 - 2.0 * (1.0 - draws.next().unwrap_or(0.5)).ln());
        let rounds = 1_000;
        let (mut within90, mut within50) = (0, 0);
        for _ in 0..rounds {
            let seen: Vec<SignedDuration> = (0..40).map(|_| draw()).collect();
            let told = estimate(&seen, tenants, 1).unwrap();
            let real: SignedDuration = (0..tenants).map(|_| draw()).fold(SignedDuration::ZERO, |sum, one| sum + one);
            within90 += u32::from(real <= told.p90);
            within50 += u32::from(real <= told.p50);
        }
        prop_assert!((840..=930).contains(&within90), "{} of {} within P90", within90, rounds);
        prop_assert!((430..=560).contains(&within50), "{} of {} within P50", within50, rounds);
    }
}
