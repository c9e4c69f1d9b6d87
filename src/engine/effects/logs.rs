//! Reads the log of a job that is over, and reports what it says.

use signalbox_domain::{
    event::Event,
    ids::DeploymentId,
    log::JobLog,
    ports::{Claimed, ForgeError, Settled, StoreError},
};
use tracing::info;

use super::{done, later};
use crate::engine::Engine;

/// How often a log is asked for: GitHub has it some seconds after its job.
const TRIES: u32 = 6;

pub(super) async fn read(
    engine: &Engine,
    id: DeploymentId,
    job: u64,
    claimed: &Claimed,
) -> Result<Settled, StoreError> {
    let Some(deployment) = engine.deployment(id).await? else { return Ok(done(engine)) };
    let Some(known) = deployment.jobs.iter().find(|known| known.id == job) else { return Ok(done(engine)) };
    let mut reader = engine.classifier.reader(known.failed());
    let (name, repository) = (known.name.clone(), &deployment.repository);
    let log = match engine.ports.logs.job_log(repository, job, &mut reader).await {
        Ok(()) => {
            let log = reader.finish();
            info!(deployment.id = id.0, job, lines = log.lines, findings = log.findings.len(), "a log was read");
            JobLog { job, name, findings: log.findings, executor: log.executor, trouble: log.trouble }
        }
        Err(ForgeError::RateLimited { until }) => return Ok(Settled::Later { at: until }),
        Err(ForgeError::NotFound(_) | ForgeError::Unavailable(_)) if claimed.attempts + 1 < TRIES => {
            return Ok(later(engine, 2 << claimed.attempts.min(5)));
        }
        Err(error) => {
            let trouble = Some(format!("it could not be read: {error}"));
            JobLog { job, name, findings: vec![], executor: None, trouble }
        }
    };
    engine.apply(id, Event::LogRead(log)).await?;
    Ok(done(engine))
}
