//! Asks the tenant database and the application whether a green run is true.

use futures::future;
use signalbox_domain::{
    deployment::{Deployment, State},
    environment::Environment,
    event::Event,
    evidence::{Evidence, Finding},
    health::finding,
    ids::DeploymentId,
    ports::{Query, StoreError},
    truth,
};
use tracing::warn;

use crate::engine::Engine;

pub(super) async fn verify(engine: &Engine, id: DeploymentId) -> Result<(), StoreError> {
    let Some(deployment) = engine.deployment(id).await? else { return Ok(()) };
    let Some(environment) = engine.environment_of(&deployment) else { return Ok(()) };
    if !matches!(deployment.state, State::Verifying { .. }) {
        return Ok(());
    }
    let (mut findings, health) =
        future::join(tenants(engine, environment, &deployment), health(engine, environment, &deployment)).await;
    findings.extend(health);
    let evidence = Evidence { at: engine.ports.clock.now(), findings };
    engine.apply(id, Event::Verified(evidence)).await?;
    Ok(())
}

async fn tenants(engine: &Engine, environment: &Environment, deployment: &Deployment) -> Vec<Finding> {
    if environment.database.is_none() {
        return vec![];
    }
    match engine.truth(environment, deployment).await {
        Ok(mut truth) => {
            truth.brought = brought(engine, environment, deployment).await;
            truth::judge(&truth, environment)
        }
        Err(why) => vec![truth::unreachable(why)],
    }
}

/// How many earlier deployments are looked at for the one that was live.
const EARLIER: u32 = 20;

/// The migrations that the commit brings since the one that was live before it. Without a migration job, or without an
/// answer, none: then the ledgers alone tell.
async fn brought(engine: &Engine, environment: &Environment, deployment: &Deployment) -> Vec<String> {
    if deployment.migration.is_none() {
        return vec![];
    }
    let latest =
        engine.ports.store.find(Query::Latest(vec![environment.name.clone()], EARLIER)).await.unwrap_or_default();
    let live = latest.iter().find(|earlier| earlier.id < deployment.id && earlier.is_live());
    let Some(base) = live.map(|live| &live.commit).filter(|base| **base != deployment.commit) else { return vec![] };
    match engine.ports.pulls.changes(&deployment.repository, base, &deployment.commit).await {
        Ok(changes) => truth::brought(&changes.files),
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            warn!(deployment.id = deployment.id.0, error, "which migrations the commit brings is not known");
            vec![]
        }
    }
}

async fn health(engine: &Engine, environment: &Environment, deployment: &Deployment) -> Vec<Finding> {
    let asked = environment.health.iter().map(async |check| {
        let heard = engine.ports.probe.ask(check).await;
        finding(check, Some(&deployment.commit), &heard, engine.ports.clock.now())
    });
    future::join_all(asked).await
}
