//! Carries decisions out: loads, lets the core decide, commits, and works off what is due.
//! It knows the ports and no vendor.

mod alerting;
mod alerts;
mod audit;
mod break_glass;
mod checkup;
mod configured;
mod deploy;
pub mod desk;
mod effects;
mod facts;
mod fleet;
mod forge_facts;
mod gates;
mod incidents;
mod journal;
mod judge;
mod links;
mod logs;
mod members;
mod migrations;
mod passage;
mod precedent;
mod promote;
mod prove;
mod recent;
mod recover;
mod scheduler;
mod secrets;
mod signing;
mod simulate;
mod standing;
mod suggest;
mod unblock;
mod worker;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, atomic::AtomicBool},
};

use signalbox_domain::{
    Timestamp,
    alert::Routing,
    decide::decide,
    deployment::{Deployment, State},
    effect::{Due, Effect},
    environment::{Environment, Line, Role},
    event::Event,
    hook::{self, Hook},
    ids::{ChannelId, DeploymentId, EnvironmentName, RepositoryName, RunId},
    image::Image,
    log::Classifier,
    ports::{
        Alerts, Applied, Archive, Change, Chat, Clock, Courier, Deliveries, Forge, History, Images, Inbox, Incidents,
        Letters, Links, Locks, Logs, Observations, Outbox, Probe, Pulls, Query, Rules, Schedules, Sources, Store,
        StoreError, Subscriptions, TenantDb, TenantVitals, Trail,
    },
    schedule::Schedule,
};
use tokio::sync::{Notify, broadcast};

use crate::pulse::Meter;

pub use self::{
    audit::{ProofError, proof},
    desk::ServiceDesk,
    scheduler::Scheduler,
    worker::Worker,
};

/// Everything the engine reaches the world through.
#[derive(Clone)]
pub struct Ports {
    /// Deployments and their audit trail.
    pub store: Arc<dyn Store>,
    /// The audit trail as a chain.
    pub trail: Arc<dyn Trail>,
    /// Effects that are due.
    pub outbox: Arc<dyn Outbox>,
    /// What came in and must not be forgotten.
    pub inbox: Arc<dyn Inbox>,
    /// Locks on environments.
    pub locks: Arc<dyn Locks>,
    /// Alerts.
    pub alerts: Arc<dyn Alerts>,
    /// Troubles that people work on.
    pub incidents: Arc<dyn Incidents>,
    /// Who wants to hear of what.
    pub subscriptions: Arc<dyn Subscriptions>,
    /// Who is who at GitHub.
    pub links: Arc<dyn Links>,
    /// When what is to be done by itself.
    pub schedules: Arc<dyn Schedules>,
    /// What was seen last of what is looked at again and again.
    pub observations: Arc<dyn Observations>,
    /// How migrations went.
    pub history: Arc<dyn History>,
    /// Structures of tenant databases as they were.
    pub archive: Arc<dyn Archive>,
    /// GitHub.
    pub forge: Arc<dyn Forge>,
    /// Logs of GitHub's jobs.
    pub logs: Arc<dyn Logs>,
    /// GitHub's protection rules that ask us.
    pub rules: Arc<dyn Rules>,
    /// Webhooks that did not arrive.
    pub deliveries: Arc<dyn Deliveries>,
    /// What GitHub keeps beside commits.
    pub sources: Arc<dyn Sources>,
    /// GitHub's pull requests.
    pub pulls: Arc<dyn Pulls>,
    /// Discord.
    pub chat: Arc<dyn Chat>,
    /// Discord's direct messages.
    pub letters: Arc<dyn Letters>,
    /// The tenant databases.
    pub tenants: Arc<dyn TenantDb>,
    /// Registries of images.
    pub images: Arc<dyn Images>,
    /// Addresses that are told of events.
    pub courier: Arc<dyn Courier>,
    /// Small questions to the tenant databases.
    pub vitals: Arc<dyn TenantVitals>,
    /// The running applications.
    pub probe: Arc<dyn Probe>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Loads, decides, commits.
#[derive(Clone)]
pub struct Engine {
    ports: Ports,
    line: Arc<Line>,
    anchor: Arc<Anchor>,
    routing: Arc<Routing>,
    unrecorded: alerts::Unrecorded,
    /// Whether something that happened could not be taken down, so that all is to be read again.
    missed: Arc<AtomicBool>,
    wake: Arc<Notify>,
    fleets: fleet::Fleets,
    members: members::Members,
    applied: recent::Recent<EnvironmentName, Arc<Applied>>,
    built: recent::Recent<Vec<Image>, BTreeMap<String, Option<String>>>,
    authors: links::Authors,
    admins: Arc<[Role]>,
    schedules: Arc<[Schedule]>,
    hooks: Arc<[Hook]>,
    watches: standing::Watches,
    pulse: Arc<Meter>,
    classifier: Arc<Classifier>,
    changed: broadcast::Sender<Deployment>,
}

/// Where the head of the audit trail is posted.
#[derive(Debug, Default)]
struct Anchor {
    channel: Option<ChannelId>,
    file: Option<PathBuf>,
}

/// How often a decision is made anew because somebody else was faster.
const PATIENCE: u32 = 20;

impl Engine {
    /// An engine over these ports and this promotion path. `classifier` reads logs, `wake` is rung when
    /// something is due.
    #[must_use]
    pub fn new(ports: Ports, line: Arc<Line>, classifier: Arc<Classifier>, wake: Arc<Notify>) -> Self {
        let home = line.iter().last().map_or(ChannelId(0), |environment| environment.channel);
        let (fleets, applied, built, members, authors) = Default::default();
        let pulse = Arc::new(Meter::new(ports.clock.now()));
        Self {
            ports,
            line,
            anchor: Arc::default(),
            routing: Arc::new(Routing::usual(home)),
            unrecorded: alerts::Unrecorded::default(),
            missed: Arc::default(),
            wake,
            fleets,
            applied,
            built,
            members,
            authors,
            admins: Arc::new([]),
            schedules: Arc::new([]),
            hooks: Arc::new([]),
            watches: standing::Watches::default(),
            pulse,
            classifier,
            changed: broadcast::channel(256).0,
        }
    }

    /// The same engine, posting the head of the audit trail there once a day.
    #[must_use]
    pub fn anchored_in(self, channel: Option<ChannelId>, file: Option<PathBuf>) -> Self {
        Self { anchor: Arc::new(Anchor { channel, file }), ..self }
    }

    /// The same engine, with these rules about who hears what where.
    #[must_use]
    pub fn routed_by(self, routing: Routing) -> Self {
        Self { routing: Arc::new(routing), ..self }
    }

    /// The same engine; people with these roles may say who is who, too.
    #[must_use]
    pub fn administered_by(self, admins: &[Role]) -> Self {
        Self { admins: admins.into(), ..self }
    }

    /// The same engine, doing this by itself.
    #[must_use]
    pub fn scheduled_by(self, schedules: &[Schedule]) -> Self {
        Self { schedules: schedules.into(), ..self }
    }

    /// The same engine, telling these addresses of events.
    #[must_use]
    pub fn posting_to(self, hooks: Vec<Hook>) -> Self {
        Self { hooks: hooks.into(), ..self }
    }

    /// Where parts say what they heard, and how long it took them.
    #[must_use]
    pub fn meter(&self) -> Arc<Meter> {
        self.pulse.clone()
    }

    /// Lets something happen to a deployment. `None`: it was old news, nothing followed.
    ///
    /// # Errors
    /// [`StoreError`] when nothing could be recorded; then nothing has happened.
    pub async fn apply(&self, id: DeploymentId, event: Event) -> Result<Option<Deployment>, StoreError> {
        self.apply_heard(id, event, self.ports.clock.now()).await
    }

    /// The same of something that was heard a while ago.
    async fn apply_heard(
        &self,
        id: DeploymentId,
        event: Event,
        heard: Timestamp,
    ) -> Result<Option<Deployment>, StoreError> {
        for _ in 0..PATIENCE {
            let Some(deployment) = self.deployment(id).await? else { return Ok(None) };
            let Some(environment) = self.environment_of(&deployment) else { return Ok(None) };
            let now = self.ports.clock.now();
            let Some(decision) = decide(&deployment, event.clone(), environment, now) else { return Ok(None) };
            let posts = hook::of_deployment(&self.hooks, &decision.deployment, &decision.effects, now);
            let is_shown = decision.effects.iter().any(|due| matches!(due.effect, Effect::Show { .. }));
            let effects = decision.effects.into_iter().chain(posts).collect();
            let change = Change { deployment: decision.deployment, effects, entries: decision.entries };
            if is_shown {
                // Before it can be shown.
                self.pulse.has_news(id, heard);
            }
            match self.ports.store.commit(change).await {
                Ok(deployment) => {
                    self.announce(&deployment);
                    return Ok(Some(deployment));
                }
                Err(StoreError::Conflict(_)) => tokio::task::yield_now().await,
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Conflict(id))
    }

    /// Has the gates of deployments that wait judged at once.
    ///
    /// # Errors
    /// [`StoreError`] when that could not be planned.
    pub(crate) async fn hasten(&self, deployments: &[Deployment]) -> Result<(), StoreError> {
        let at = self.ports.clock.now();
        let waiting = deployments.iter().filter(|d| matches!(d.state, State::Waiting { .. }));
        let due = waiting.map(|d| Due { effect: Effect::Dispatch { deployment: d.id }, at }).collect();
        self.ports.outbox.put(due).await?;
        self.wake.notify_one();
        Ok(())
    }

    /// Has something done at once.
    async fn plan(&self, effect: Effect) -> Result<(), StoreError> {
        self.ports.outbox.put(vec![Due { effect, at: self.ports.clock.now() }]).await?;
        self.wake.notify_one();
        Ok(())
    }

    /// Tells whoever waits that a deployment changed, and the worker that something may be due.
    fn announce(&self, deployment: &Deployment) {
        // Nobody listening is no fault.
        let _ = self.changed.send(deployment.clone());
        self.wake.notify_one();
    }

    async fn deployment(&self, id: DeploymentId) -> Result<Option<Deployment>, StoreError> {
        Ok(self.ports.store.find(Query::Id(id)).await?.into_iter().next())
    }

    /// The deployments of a run. `None`: it is one of ours that cannot be read, which people have heard.
    async fn known(&self, repository: &RepositoryName, run: RunId) -> Result<Option<Vec<Deployment>>, StoreError> {
        match self.ports.store.find(Query::Run(repository.clone(), run)).await {
            Err(StoreError::Corrupt(_)) => Ok(None),
            known => known.map(Some),
        }
    }

    /// The environment of a deployment; `None` when it is no longer configured.
    fn environment_of(&self, deployment: &Deployment) -> Option<&Environment> {
        self.line.get(&deployment.environment)
    }
}
