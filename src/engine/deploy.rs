//! `/deploy` and `/cancel`.

use std::time::Duration;

use signalbox_commands::desk::{CancelAsk, DeployAsk};
use signalbox_domain::{
    decide::opening,
    deployment::{Deployment, State},
    effect::Entry,
    environment::Environment,
    event::Event,
    gate::Lock,
    git_ref::GitRef,
    ids::DeploymentId,
    permit::{Permit, Request, may_cancel, permit},
    ports::{ForgeError, Opened, Opening, Query, Resolved},
    refusal::Refusal,
    text::clip,
};
use ulid::Ulid;

use super::desk::{ServiceDesk, fault};

/// How long `/deploy` waits for its card, so that the answer can link to it.
const CARD_PATIENCE: Duration = Duration::from_millis(1500);

impl ServiceDesk {
    pub(super) async fn holder(&self, environment: &Environment) -> Result<Option<Deployment>, Refusal> {
        let active = self.find(Query::Active).await?;
        Ok(active.into_iter().find(|d| d.holds && d.environment == environment.name))
    }

    pub(super) async fn resolve(&self, environment: &Environment, permit: Permit) -> Result<Request, Refusal> {
        let name = permit.git_ref().clone();
        match self.engine.ports.forge.resolve(&environment.repository, &name).await {
            Ok(Resolved::Ref(commit)) => Ok(permit.at(commit)),
            Ok(Resolved::Commit(_)) => Err(Refusal::ref_is_a_commit(&name, environment)),
            Ok(Resolved::Nothing) => Err(Refusal::ref_not_found(&name, environment)),
            Err(error) => Err(self.unresolved(error, environment, &name)),
        }
    }

    /// Why it is not known where a ref points.
    pub(super) fn unresolved(&self, error: ForgeError, environment: &Environment, name: &GitRef) -> Refusal {
        match error {
            ForgeError::Forbidden(why) | ForgeError::NotFound(why) => {
                Refusal::github_forbidden(&environment.repository, &why)
            }
            ForgeError::RateLimited { until } => Refusal::rate_limited(until, &format!("/deploy {}", environment.name)),
            error @ ForgeError::Unavailable(_) => {
                let command = format!("/deploy {} ref:{name}", environment.name);
                Refusal::github_unavailable(&error.to_string(), &command)
            }
        }
    }

    pub(super) async fn try_deploy(&self, ask: DeployAsk) -> Result<Deployment, Refusal> {
        let interaction = ask.asker.interaction;
        if let Some(before) = self.find(Query::Interaction(interaction)).await?.pop() {
            return Ok(before);
        }
        let environment = self.environment("deploy", &ask.environment)?;
        let permit = permit(environment, ask.asker.person.clone(), &ask.asker.roles, ask.git_ref.as_deref())?;
        if let Some(holder) = self.holder(environment).await? {
            return Err(Refusal::environment_busy(&holder));
        }
        // Who asks while it is locked knows at once; who waited already goes on waiting.
        if let Some(lock) = self.lock_on(environment).await? {
            return Err(Refusal::environment_locked(environment, &lock));
        }
        let request = self.resolve(environment, permit).await?;
        let now = self.engine.ports.clock.now();
        let entry = Entry {
            at: now,
            actor: ask.asker.person.name.clone(),
            action: "deployment.requested".into(),
            subject: String::new(),
            detail: format!("{} to {} at {}", request.git_ref(), environment.name, request.commit()),
        };
        let note = ask.note.map(|note| clip(&note, 500));
        let deployment = Deployment::requested(environment, request, Ulid::new().to_string(), note, interaction, now);
        self.opened(deployment, entry).await
    }

    /// Records a new deployment, and waits a moment for its card.
    pub(super) async fn opened(&self, deployment: Deployment, entry: Entry) -> Result<Deployment, Refusal> {
        let mut changes = self.engine.changed.subscribe();
        match self.engine.ports.store.open(Opening { deployment, plan: opening, entry }).await.map_err(fault)? {
            Opened::New(deployment) => {
                self.engine.pulse.has_news(deployment.id, deployment.requested_at);
                self.engine.announce(&deployment);
                let with_card = async {
                    loop {
                        match changes.recv().await {
                            Ok(changed) if changed.id == deployment.id && changed.card.is_some() => break changed,
                            Ok(_) | Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
                            Err(tokio::sync::broadcast::error::RecvError::Closed) => break deployment.clone(),
                        }
                    }
                };
                Ok(tokio::time::timeout(CARD_PATIENCE, with_card).await.unwrap_or_else(|_| deployment.clone()))
            }
            Opened::Before(deployment) => Ok(deployment),
            Opened::Busy(holder) => Err(Refusal::environment_busy(&holder)),
        }
    }

    pub(super) async fn lock_on(&self, environment: &Environment) -> Result<Option<Lock>, Refusal> {
        let now = self.engine.ports.clock.now();
        let locks = self.engine.ports.locks.locks(now).await.map_err(fault)?;
        Ok(locks.into_iter().find(|lock| lock.holds(&environment.name, now)))
    }

    pub(super) async fn try_cancel(&self, ask: CancelAsk) -> Result<Deployment, Refusal> {
        let typed = ask.deployment.trim().trim_start_matches('#');
        let unknown = || Refusal::no_such_deployment(&ask.deployment);
        let id = typed.parse().map(DeploymentId).map_err(|_| unknown())?;
        let deployment = self.find(Query::Id(id)).await?.pop().ok_or_else(unknown)?;
        let environment = self.engine.environment_of(&deployment).ok_or_else(unknown)?;
        may_cancel(environment, &ask.asker.roles, &format!("/cancel {id}"))?;
        if deployment.state.is_over() || matches!(deployment.state, State::Verifying { .. }) {
            return Err(Refusal::already_over(id, deployment.state.word()));
        }
        let changed = self.engine.apply(id, Event::CancelAsked { by: ask.asker.person }).await.map_err(fault)?;
        Ok(changed.unwrap_or(deployment))
    }
}
