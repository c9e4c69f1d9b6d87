//! How migrations went.

use signalbox_domain::{
    SignedDuration,
    history::{Lap, MigrationJob, Outcome},
    ids::{CommitSha, DeploymentId, EnvironmentName},
    ports::{History, Laps},
};

use super::{World, at};

fn uat() -> EnvironmentName {
    EnvironmentName::parse("uat").unwrap()
}

fn job(id: u64) -> MigrationJob {
    MigrationJob {
        job: id,
        deployment: DeploymentId(7),
        environment: uat(),
        commit: CommitSha::parse(&"ab12".repeat(10)).unwrap(),
        started_at: at(i64::try_from(id).unwrap()),
        took: SignedDuration::from_millis(92_400),
        outcome: Outcome::Unproven,
        tenants: None,
        workers: None,
    }
}

fn lap(job: u64, tenant: &str, migration: &str, took: i64) -> Lap {
    let took = SignedDuration::from_millis(took);
    Lap { job, tenant: tenant.into(), migration: migration.into(), took, bytes: None }
}

pub(super) async fn a_job_is_recorded_and_learned_from_once(w: World) -> World {
    let sized = Lap { bytes: Some(8_192), ..lap(1, "acme", "orders.0005", 1_840) };
    let laps = [sized, lap(1, "ünïcode tenant", "orders.0005", 0)];
    assert!(w.store.ended(&job(1)).await.unwrap(), "nothing is known of it");
    assert!(w.store.ended(&job(1)).await.unwrap(), "still nothing");
    let learned = |tenants| MigrationJob { tenants: Some(tenants), workers: Some(4), ..job(1) };
    w.store.learned(&learned(2), &laps).await.unwrap();
    w.store.learned(&learned(9), &[lap(1, "late", "orders.0005", 1)]).await.unwrap();
    let proven = MigrationJob { outcome: Outcome::Succeeded, ..job(1) };
    assert!(!w.store.ended(&proven).await.unwrap(), "it is learned from");
    let w = w.reopened().await;
    assert_eq!(
        w.store.jobs(&uat(), at(0)).await.unwrap(),
        [MigrationJob { tenants: Some(2), workers: Some(4), ..proven }]
    );
    assert_eq!(w.store.laps(Laps::Of(uat(), at(0))).await.unwrap(), laps);
    assert_eq!(w.store.jobs(&uat(), at(2)).await.unwrap(), []);
    assert_eq!(w.store.jobs(&EnvironmentName::parse("prod").unwrap(), at(0)).await.unwrap(), []);
    w
}

pub(super) async fn laps_are_found_by_migration_and_forgotten_after_thirty_jobs(w: World) -> World {
    let prod = EnvironmentName::parse("prod").unwrap();
    for id in 1..=32 {
        assert!(w.store.ended(&job(id)).await.unwrap());
        // More than one statement takes, one of them twice.
        let mut laps: Vec<Lap> = (0..1_100).map(|n| lap(id, &format!("t{n:04}"), "orders.0005", 10)).collect();
        laps.push(lap(id, "t0000", "orders.0005", 99));
        let laps = if id == 32 { laps } else { vec![lap(id, "acme", "orders.0006", 5)] };
        w.store.learned(&job(id), &laps).await.unwrap();
    }
    let elsewhere = MigrationJob { environment: prod, ..job(40) };
    w.store.ended(&elsewhere).await.unwrap();
    w.store.learned(&elsewhere, &[lap(40, "acme", "orders.0006", 5)]).await.unwrap();
    let kept = w.store.laps(Laps::Named(vec!["orders.0006".into()])).await.unwrap();
    let jobs: Vec<u64> = kept.iter().map(|lap| lap.job).collect();
    assert_eq!(jobs, (3..=31).chain([40]).collect::<Vec<_>>(), "of every environment, the oldest forgotten");
    assert_eq!(w.store.jobs(&uat(), at(0)).await.unwrap().len(), 32, "what went how is kept");
    let many = w.store.laps(Laps::Of(uat(), at(32))).await.unwrap();
    assert_eq!((many.len(), many[0].took.as_millis()), (1_100, 10));
    assert_eq!(w.store.laps(Laps::Named(vec![])).await.unwrap(), []);
    w
}
