//! Looks at a running migration, and reads the tenants when its job is over.

use signalbox_domain::{
    SignedDuration,
    deployment::Deployment,
    environment::Environment,
    event::Event,
    ids::DeploymentId,
    migration::{Learnt, Migration, learnt},
    ports::{Look, Query, Settled, StoreError},
};
use tracing::warn;

use super::{done, later, learn};
use crate::engine::Engine;

/// How many earlier deployments of an environment are asked what their migrations took.
const EARLIER: u32 = 20;
/// How often the tenants are tried to be read.
const TRIES: u32 = 30;

/// Looks once, and plans the next look: what it showed is an event, when to look again is none.
pub(super) async fn watch(engine: &Engine, id: DeploymentId) -> Result<Settled, StoreError> {
    let Some(deployment) = engine.deployment(id).await? else { return Ok(done(engine)) };
    let Some(environment) = engine.environment_of(&deployment) else { return Ok(done(engine)) };
    let Some(migration) = deployment.migration.as_ref().filter(|_| environment.database.is_some()) else {
        return Ok(done(engine));
    };
    let begun = engine.ports.clock.now();
    let sight = engine.ports.tenants.watch(environment, &look(&deployment, migration)).await;
    if let Err(why) = &sight
        && migration.silent.is_none()
    {
        warn!(deployment.id = id.0, why, "a running migration could not be looked at");
    }
    let known = migration.sight.as_ref().map_or(0, |known| known.released);
    let ahead = match &sight {
        Ok(sight) if sight.released > known => learn::ahead(engine, environment, &sight.released_names).await?,
        _ => None,
    };
    let learnt = match ahead {
        None if migration.sight.is_none() && migration.learnt.is_none() => earlier(engine, environment).await,
        ahead => ahead,
    };
    let changed = engine.apply(id, Event::Sighted { sight: sight.map(Box::new), learnt }).await?;
    let deployment = changed.unwrap_or(deployment);
    let now = engine.ports.clock.now();
    let next = deployment.migration.as_ref().and_then(|m| m.next_look(environment.migration_pace, now));
    Ok(match next {
        Some(pause) => {
            let at = begun.saturating_add(pause).unwrap_or(now);
            let soonest = now.saturating_add(SignedDuration::from_millis(100)).unwrap_or(now);
            Settled::Later { at: at.max(soonest) }
        }
        None => done(engine),
    })
}

/// How a deployment's migration is looked at.
pub(in crate::engine) fn look(deployment: &Deployment, migration: &Migration) -> Look {
    let mark = deployment.run_ref.map(|run| run.id.to_string()).unwrap_or_default();
    let first = migration.sight.is_none();
    Look { since: migration.since, mark, first, last: migration.over.is_some() }
}

/// What migrations of this fleet took, else what they took in the environment before. An estimate is not worth missing a
/// look, so what cannot be read is not known.
async fn earlier(engine: &Engine, environment: &Environment) -> Option<Learnt> {
    for name in [Some(&environment.name), environment.after.as_ref()].into_iter().flatten() {
        match engine.ports.store.find(Query::Latest(vec![name.clone()], EARLIER)).await {
            Ok(latest) => {
                if let Some(learnt) = learnt(&latest) {
                    return Some(learnt);
                }
            }
            Err(error) => {
                warn!(environment = %name, error = &error as &dyn std::error::Error, "earlier migrations cannot be read");
            }
        }
    }
    None
}

pub(super) async fn audit(engine: &Engine, id: DeploymentId, attempts: u32) -> Result<Settled, StoreError> {
    let Some(deployment) = engine.deployment(id).await? else { return Ok(done(engine)) };
    let Some(environment) = engine.environment_of(&deployment) else { return Ok(done(engine)) };
    match engine.truth(environment, &deployment).await {
        Ok(truth) => {
            engine.apply(id, Event::Audited(Box::new(truth))).await?;
            Ok(done(engine))
        }
        Err(why) => {
            warn!(deployment.id = id.0, why, "the tenants could not be read after the migration job");
            Ok(if attempts < TRIES { later(engine, 10) } else { done(engine) })
        }
    }
}
