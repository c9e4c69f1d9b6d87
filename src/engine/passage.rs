//! Answers runs that ask from outside the chat whether they may go on.

use async_trait::async_trait;
use signalbox_domain::{
    effect::{Due, Effect},
    gate::{Passage, PassageAsk, passage},
    ports::{Gatekeeper, Query, StoreError},
};

use super::Engine;

/// How many of the latest deployments of an environment are looked through.
const LOOK_BACK: u32 = 50;

#[async_trait]
impl Gatekeeper for Engine {
    /// A run that nobody has told us of is looked at now, so that the next answer is about it.
    async fn passage(&self, ask: &PassageAsk) -> Result<Option<Passage>, StoreError> {
        let Some(environment) = self.line.get(&ask.environment) else { return Ok(None) };
        let mut deployments = match ask.run {
            Some((run, _)) => self.ports.store.find(Query::Run(environment.repository.clone(), run)).await?,
            None => vec![],
        };
        if let (Some((run, _)), true) = (ask.run, deployments.is_empty()) {
            let effect = Effect::Observe { repository: environment.repository.clone(), run };
            self.ports.outbox.put(vec![Due { effect, at: self.ports.clock.now() }]).await?;
            self.wake.notify_one();
        }
        deployments.extend(self.ports.store.find(Query::Latest(environment.name.clone(), LOOK_BACK)).await?);
        Ok(Some(passage(environment, ask, &deployments)))
    }
}
