//! Learns from migrations: how long they take, when one takes too long, and what they left behind.

use std::collections::BTreeSet;

use signalbox_domain::{
    SignedDuration, Timestamp,
    environment::Environment,
    event::Event,
    history::{Baseline, ENOUGH, Estimate, Expected, MigrationJob, Window, estimate, in_fleet, laps, whole, workers},
    ids::{DeploymentId, EnvironmentName},
    migration::Learnt,
    ports::{Laps, Settled, StoreError},
    run::{Job, Status},
};
use tracing::warn;

use super::{done, later};
use crate::engine::Engine;

/// How long a tenant database that does not answer is asked for what a job did.
const PATIENCE: SignedDuration = SignedDuration::from_mins(30);
/// From how far back it is told what is usual.
pub(in crate::engine) const USUAL: SignedDuration = SignedDuration::from_hours(90 * 24);
const DAY: i64 = 24 * 60 * 60;

/// Records how a migration job went, and what the ledgers tell of it.
pub(super) async fn learn(engine: &Engine, id: DeploymentId) -> Result<Settled, StoreError> {
    let Some(deployment) = engine.deployment(id).await? else { return Ok(done(engine)) };
    let Some(environment) = engine.environment_of(&deployment) else { return Ok(done(engine)) };
    let Some(job) = MigrationJob::of(&deployment, environment) else { return Ok(done(engine)) };
    let ports = &engine.ports;
    if !ports.history.ended(&job).await? || environment.database.is_none() {
        return Ok(done(engine));
    }
    let window = Window { from: job.started_at, until: job.ended_at() }.widened();
    match ports.tenants.recorded(environment, window).await {
        Ok(rows) => {
            // Without the sizes there is still the time.
            let sizes = ports.tenants.sizes(environment).await.unwrap_or_default();
            let tenants: BTreeSet<&str> =
                rows.iter().map(|row| &*row.schema).filter(|schema| *schema != "public").collect();
            let count = |count: usize| u32::try_from(count).ok();
            let job = MigrationJob { tenants: count(tenants.len()), workers: count(workers(&rows)), ..job };
            let mut laps = laps(job.job, &rows);
            laps.iter_mut().for_each(|lap| lap.bytes = sizes.get(&lap.tenant).copied());
            ports.history.learned(&job, &laps).await?;
        }
        Err(_) if ports.clock.now().duration_since(job.ended_at()) < PATIENCE => return Ok(later(engine, 60)),
        Err(why) => warn!(environment = %environment.name, why, "nothing could be learned from a migration"),
    }
    Ok(done(engine))
}

/// Looks whether a migration takes longer than is usual; until it may, it is not looked at again.
pub(super) async fn pace(engine: &Engine, id: DeploymentId) -> Result<Settled, StoreError> {
    let Some(deployment) = engine.deployment(id).await? else { return Ok(done(engine)) };
    let Some(environment) = engine.environment_of(&deployment) else { return Ok(done(engine)) };
    let job = deployment.migration_job(environment).filter(|job| job.status == Status::InProgress);
    let Some((job, started)) = job.and_then(|job| Some((job, job.started_at?))) else { return Ok(done(engine)) };
    let now = engine.ports.clock.now();
    let at = |limit| started.saturating_add(limit).unwrap_or(now);
    if now < at(environment.slow_after) {
        return Ok(Settled::Later { at: at(environment.slow_after) });
    }
    let expected = expected(engine, environment, started, now).await?;
    if now < at(expected.limit()) {
        return Ok(Settled::Later { at: at(expected.limit()) });
    }
    engine.apply(id, Event::Slow { job: job.id, expected }).await?;
    Ok(done(engine))
}

async fn expected(
    engine: &Engine,
    environment: &Environment,
    started: Timestamp,
    now: Timestamp,
) -> Result<Expected, StoreError> {
    let since = now.saturating_sub(USUAL).unwrap_or(now);
    let jobs = engine.ports.history.jobs(&environment.name, since).await?;
    let estimate = expected_of_tenants(engine, environment, Window { from: started, until: now }).await?;
    Ok(Expected { floor: environment.slow_after, baseline: Baseline::of_jobs(&jobs), estimate })
}

/// How long the migrations that are being applied take for all tenants, from wherever they were applied before.
/// `None` where too little is known, or the database does not answer.
async fn expected_of_tenants(
    engine: &Engine,
    environment: &Environment,
    window: Window,
) -> Result<Option<(Estimate, usize)>, StoreError> {
    let ports = &engine.ports;
    let Ok(rows) = ports.tenants.recorded(environment, window.widened()).await else { return Ok(None) };
    let migrations: BTreeSet<String> = rows.iter().map(|row| row.migration.clone()).collect();
    forecast(engine, environment, &migrations, workers(&rows)).await
}

/// How long these migrations take for all tenants of an environment, so many side by side, from what they took
/// wherever they were applied before and from how large the tenants are there and here; and how many tenants there
/// are. `None` as above.
async fn forecast(
    engine: &Engine,
    environment: &Environment,
    migrations: &BTreeSet<String>,
    at_once: usize,
) -> Result<Option<(Estimate, usize)>, StoreError> {
    let laps = engine.ports.history.laps(Laps::Named(migrations.iter().cloned().collect())).await?;
    let samples = whole(&laps, migrations);
    if samples.len() < ENOUGH {
        return Ok(None);
    }
    let Ok(sizes) = engine.ports.tenants.sizes(environment).await else { return Ok(None) };
    let fleet: Vec<u64> = sizes.into_values().collect();
    Ok(estimate(&in_fleet(&samples, &fleet), fleet.len(), at_once).map(|estimate| (estimate, fleet.len())))
}

/// What each step of a migration will take, once it is known which migrations it brings; as many tenants side by side
/// as the last time.
pub(super) async fn ahead(
    engine: &Engine,
    environment: &Environment,
    migrations: &[String],
) -> Result<Option<Learnt>, StoreError> {
    let now = engine.ports.clock.now();
    let since = now.saturating_sub(USUAL).unwrap_or(now);
    let jobs = engine.ports.history.jobs(&environment.name, since).await?;
    let at_once = jobs.iter().rev().find_map(|job| job.workers).unwrap_or(1);
    let migrations: BTreeSet<String> = migrations.iter().cloned().collect();
    let forecast = forecast(engine, environment, &migrations, at_once as usize).await?;
    Ok(forecast.map(|(forecast, tenants)| Learnt::of(forecast, (tenants * migrations.len()) as u64)))
}

/// Keeps the structure of a tenant database, and again in a day if nothing asks for it earlier.
pub(super) async fn archive(engine: &Engine, name: &EnvironmentName) -> Result<Settled, StoreError> {
    let environment = engine.line.get(name).filter(|environment| environment.database.is_some());
    let Some(environment) = environment else { return Ok(done(engine)) };
    Ok(match engine.ports.archive.keep(environment).await {
        Ok(()) => later(engine, DAY),
        Err(why) => {
            warn!(environment = %name, why, "the structure of a tenant database could not be kept; trying again");
            later(engine, 10 * 60)
        }
    })
}

/// The migration job that is at work, and since when.
pub(in crate::engine) fn at_work(job: Option<&Job>) -> Option<Timestamp> {
    job.filter(|job| job.status == Status::InProgress)?.started_at
}
