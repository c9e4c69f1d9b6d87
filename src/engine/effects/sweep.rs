//! Looks for runs that no webhook told us of. Webhooks only hasten what this would find.

use signalbox_domain::{
    SignedDuration,
    effect::{Due, Effect},
    ids::EnvironmentName,
    ports::{RunQuery, Settled, StoreError},
};
use tracing::debug;

use super::{done, hold, later};
use crate::engine::Engine;

/// Seconds between two sweeps of an environment; unchanged answers cost GitHub's limit nothing.
const PAUSE: i64 = 60;
/// How far back a sweep looks.
const REACH: SignedDuration = SignedDuration::from_hours(2);

pub(super) async fn sweep(engine: &Engine, name: &EnvironmentName) -> Result<Settled, StoreError> {
    let Some(environment) = engine.line.get(name) else { return Ok(done(engine)) };
    let now = engine.ports.clock.now();
    let query = RunQuery {
        repository: environment.repository.clone(),
        workflow: environment.workflow.clone(),
        // Cut to the hour, so that the address stays the same and the answer can be "unchanged".
        since: hour(now.saturating_sub(REACH).unwrap_or(now)),
    };
    let runs = match engine.ports.forge.runs(&query).await {
        Ok(runs) => runs,
        Err(error) => {
            debug!(environment = %name, error = &error as &dyn std::error::Error, "the runs cannot be listed");
            return Ok(later(engine, PAUSE));
        }
    };
    let mut unknown = Vec::new();
    for run in runs {
        let Some(known) = engine.known(&environment.repository, run.id).await? else { continue };
        if !known.iter().any(|d| d.run_ref.is_some_and(|known| known.attempt == run.attempt)) {
            let effect = Effect::Observe { repository: environment.repository.clone(), run: run.id };
            unknown.push(Due { effect, at: now });
        }
    }
    for run in hold::unknown(engine, &environment.repository).await? {
        let effect = Effect::Observe { repository: environment.repository.clone(), run };
        unknown.push(Due { effect, at: now });
    }
    engine.ports.outbox.put(unknown).await?;
    Ok(later(engine, PAUSE))
}

fn hour(at: signalbox_domain::Timestamp) -> signalbox_domain::Timestamp {
    signalbox_domain::Timestamp::from_second(at.as_second() / 3600 * 3600).unwrap_or(at)
}
