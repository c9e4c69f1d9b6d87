//! Asks the tenant database and the application whether a green run is true.

use futures::future;
use signalbox_domain::{
    deployment::{Deployment, State},
    environment::Environment,
    event::Event,
    evidence::{Evidence, Finding},
    ids::DeploymentId,
    ports::StoreError,
    truth,
};

use crate::engine::Engine;

pub(super) async fn verify(engine: &Engine, id: DeploymentId) -> Result<(), StoreError> {
    let Some(deployment) = engine.deployment(id).await? else { return Ok(()) };
    let Some(environment) = engine.environment_of(&deployment) else { return Ok(()) };
    if !matches!(deployment.state, State::Verifying { .. }) {
        return Ok(());
    }
    let (mut findings, health) =
        future::join(tenants(engine, environment), health(engine, environment, &deployment)).await;
    findings.extend(health);
    let evidence = Evidence { at: engine.ports.clock.now(), findings };
    engine.apply(id, Event::Verified(evidence)).await?;
    Ok(())
}

async fn tenants(engine: &Engine, environment: &Environment) -> Vec<Finding> {
    if environment.database.is_none() {
        return vec![];
    }
    match engine.ports.tenants.fleet(environment).await {
        Ok(fleet) => truth::judge(&fleet, environment),
        Err(why) => vec![truth::unreachable(why)],
    }
}

async fn health(engine: &Engine, environment: &Environment, deployment: &Deployment) -> Vec<Finding> {
    future::join_all(environment.health.iter().map(|check| engine.ports.probe.ask(check, &deployment.commit))).await
}
