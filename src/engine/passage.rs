//! Answers runs that ask from outside the chat whether they may go on.

use async_trait::async_trait;
use signalbox_domain::{
    deployment::Deployment,
    effect::{Due, Effect},
    environment::Environment,
    event::Event,
    gate::{Asking, Passage, PassageAsk, passage},
    ids::RunId,
    ports::{Gatekeeper, Query, StoreError},
};

use super::Engine;

/// How many of the latest deployments of an environment are looked through.
const LOOK_BACK: u32 = 50;

#[async_trait]
impl Gatekeeper for Engine {
    async fn passage(&self, ask: &PassageAsk) -> Result<Option<Passage>, StoreError> {
        let Some(environment) = self.line.get(&ask.environment) else { return Ok(None) };
        if let Some(asking) = ask.run {
            self.takes_in(environment, asking).await?;
        }
        let mut deployments = match ask.run {
            Some(asking) => self.executions(environment, asking.run).await?,
            None => vec![],
        };
        deployments.extend(self.ports.store.find(Query::Latest(vec![environment.name.clone()], LOOK_BACK)).await?);
        Ok(Some(passage(environment, ask, &deployments)))
    }
}

impl Engine {
    async fn executions(&self, environment: &Environment, run: RunId) -> Result<Vec<Deployment>, StoreError> {
        self.ports.store.find(Query::Run(environment.repository.clone(), run)).await
    }

    /// A run that asks is looked at, so that the next answer is about it; and one that was started elsewhere, and is
    /// proven to be that run, waits at the gate from now on.
    async fn takes_in(&self, environment: &Environment, asking: Asking) -> Result<(), StoreError> {
        let known = self.executions(environment, asking.run).await?;
        let of_attempt = |d: &&Deployment| {
            asking.attempt.is_none_or(|attempt| d.run_ref.is_some_and(|known| known.attempt == attempt))
        };
        let Some(deployment) = known.iter().find(of_attempt) else {
            let effect = Effect::Observe { repository: environment.repository.clone(), run: asking.run };
            self.ports.outbox.put(vec![Due { effect, at: self.ports.clock.now() }]).await?;
            self.wake.notify_one();
            return Ok(());
        };
        if asking.is_proven && deployment.environment == environment.name && !deployment.has_clearance() {
            self.apply(deployment.id, Event::Held { rule: None, jobs: vec![] }).await?;
        }
        Ok(())
    }
}
