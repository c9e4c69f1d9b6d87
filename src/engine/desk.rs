//! The desk where commands hand in what people ask for.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use async_trait::async_trait;
use signalbox_commands::desk::{
    AlertAsk, BlameAsk, Blamed, CancelAsk, Clearing, CommentAsk, DeployAsk, Desk, ExpectAsk, FleetAsk, GlassAsk,
    IncidentAsk, LinkAsk, LockAsk, LogsAsk, MigrationsAsk, PromoteAsk, Proof, SignAsk, Signed, SimulateAsk, Standing,
    SubscribeAsk, Suggestion, Tail, UnblockAsk, Unblocking, UnlockAsk, UnsubscribeAsk, WhyAsk, WithdrawAsk, Withdrawn,
};
use signalbox_domain::{
    SignedDuration, Timestamp,
    alert::Record,
    deployment::{Deployment, State},
    effect::{Effect, Entry},
    environment::{Environment, Line},
    event::Event,
    fleet::Reading,
    gate::{Lock, usual_list},
    health::Report,
    history::Past,
    ids::{EnvironmentName, InteractionId, MessageRef, Person, PersonId, RoleId},
    incident::Incident,
    link::Link,
    monitor::Expected,
    notice::Subscription,
    ports::{Asked, Query, StoreError, WhichAlerts},
    pulse::{Cause, Checkup, Kind, Level},
    refusal::Refusal,
    schedule::{Schedule, Standing as Scheduled},
    secrets,
    text::clip,
};
use tracing::{error, warn};
use ulid::Ulid;

use super::{Engine, journal::Journal, suggest::Refs};

/// The desk of a running service.
#[derive(Clone)]
pub struct ServiceDesk {
    pub(super) engine: Engine,
    journal: Journal,
    pub(super) refs: Refs,
}

impl ServiceDesk {
    /// A desk over an engine. Must be called within a runtime: it starts the journal's writer.
    #[must_use]
    pub fn new(engine: Engine) -> Self {
        let journal = Journal::start(engine.ports.inbox.clone());
        Self { engine, journal, refs: Arc::default() }
    }

    pub(super) fn environment(&self, verb: &str, typed: &str) -> Result<&Environment, Refusal> {
        EnvironmentName::parse(typed)
            .ok()
            .and_then(|name| self.engine.line.get(&name))
            .ok_or_else(|| Refusal::unknown_environment(verb, typed, &self.engine.line))
    }

    pub(super) async fn find(&self, query: Query) -> Result<Vec<Deployment>, Refusal> {
        self.engine.ports.store.find(query).await.map_err(fault)
    }

    /// Something happened to a card: what is known for certain is recorded, and the reactions are read.
    async fn follow_up(&self, at: MessageRef, known: Option<Event>) -> Result<(), StoreError> {
        let ports = &self.engine.ports;
        let Some(deployment) = ports.store.find(Query::Card(at)).await?.pop() else {
            self.engine.pulse.is_no_card(at);
            let alert = ports.alerts.alerts(WhichAlerts::Message(at)).await?.pop();
            let Some(key) = alert.filter(Record::is_open).map(|record| record.alert.key) else { return Ok(()) };
            return self.engine.plan(Effect::ReadAlert { key }).await;
        };
        if let Some(event) = known {
            self.engine.apply(deployment.id, event).await?;
        }
        let effect = match deployment.state {
            // Judging reads the reactions as well.
            State::Waiting { .. } => Effect::Dispatch { deployment: deployment.id },
            _ => Effect::ReadSignOffs { deployment: deployment.id },
        };
        self.engine.plan(effect).await
    }

    /// Lets what somebody asks for be decided. A refusal is a decision too: it is remembered. When even that fails, the
    /// person still hears it.
    async fn decide<T>(
        &self,
        by: Person,
        command: &str,
        asked: impl Future<Output = Result<T, Refusal>> + Send,
    ) -> Result<T, Refusal> {
        let result = asked.await;
        if let Err(refusal) = &result {
            let entry = Entry {
                at: self.engine.ports.clock.now(),
                actor: by.name,
                action: "refused".into(),
                subject: command.to_owned(),
                detail: refusal.code.clone(),
            };
            if let Err(error) = self.engine.ports.store.note(vec![entry]).await {
                warn!(error = &error as &dyn std::error::Error, "a refusal could not be recorded");
            }
        }
        result
    }
}

/// A fault is for the operator: the log has the cause, the person gets a reference to it.
pub(super) fn fault(cause: StoreError) -> Refusal {
    let reference = Ulid::new().to_string().split_off(18).to_lowercase();
    error!(reference, error = &cause as &dyn std::error::Error, "the store did not do what a command needs");
    match cause {
        StoreError::Unavailable(_) => Refusal::store_unavailable(&reference),
        StoreError::Conflict(_) | StoreError::Overtaken | StoreError::Corrupt(_) => Refusal::fault(&reference),
    }
}

#[async_trait]
impl Desk for ServiceDesk {
    fn line(&self) -> &Line {
        &self.engine.line
    }

    async fn received(&self, asked: Asked) {
        self.engine.pulse.heard(Kind::Command, self.engine.ports.clock.now());
        self.journal.asked(asked).await;
    }

    fn acknowledged(&self, took: Duration) {
        let took = SignedDuration::try_from(took).unwrap_or(SignedDuration::MAX);
        self.engine.pulse.took(Level::Acknowledgement, took, self.engine.ports.clock.now());
    }

    async fn answered(&self, interaction: InteractionId) {
        self.journal.answered(interaction).await;
    }

    async fn deploy(&self, ask: DeployAsk) -> Result<Deployment, Refusal> {
        let command = format!("/deploy {}", clip(&ask.environment, 60));
        self.decide(ask.asker.person.clone(), &command, self.try_deploy(ask)).await
    }

    async fn promote(&self, ask: PromoteAsk) -> Result<Deployment, Refusal> {
        let command = format!("/promote {}", clip(&ask.environment, 60));
        self.decide(ask.asker.person.clone(), &command, self.try_promote(ask)).await
    }

    async fn status(&self, environment: Option<String>) -> Result<Vec<Standing>, Refusal> {
        let chosen: Vec<&Environment> = match &environment {
            Some(typed) => vec![self.environment("status", typed)?],
            None => self.engine.line.iter().collect(),
        };
        let shown = if environment.is_some() { 5 } else { 1 };
        let watch = self.watch(&chosen).await?;
        let names: Vec<_> = chosen.iter().map(|environment| environment.name.clone()).collect();
        let latest = self.find(Query::Latest(names.clone(), shown + 5)).await?;
        let standing = |name: EnvironmentName| {
            let of_it = latest.iter().filter(|d| d.environment == name).cloned();
            let (ended, active): (Vec<_>, Vec<_>) = of_it.partition(|d| d.state.is_over());
            let active = active.into_iter().max_by_key(|d| d.holds);
            let ended = ended.into_iter().take(shown as usize).collect();
            Standing { watched: watch.of(&name), environment: name, active, ended }
        };
        Ok(names.into_iter().map(standing).collect())
    }

    async fn cancel(&self, ask: CancelAsk) -> Result<Deployment, Refusal> {
        let command = format!("/cancel {}", clip(&ask.deployment, 40));
        self.decide(ask.asker.person.clone(), &command, self.try_cancel(ask)).await
    }

    async fn unblock(&self, ask: UnblockAsk) -> Result<Unblocking, Refusal> {
        let command = format!("unblock deployment {}", ask.deployment);
        self.decide(ask.asker.person.clone(), &command, self.try_unblock(ask)).await
    }

    async fn break_glass(&self, ask: GlassAsk) -> Result<Deployment, Refusal> {
        let command = format!("/breakglass {}", clip(&ask.deployment, 40));
        self.decide(ask.asker.person.clone(), &command, self.try_break_glass(ask)).await
    }

    async fn sign(&self, ask: SignAsk) -> Result<Signed, Refusal> {
        let command = format!("sign deployment {}", ask.deployment);
        self.decide(ask.asker.person.clone(), &command, self.try_sign(ask)).await
    }

    async fn broken_glass(&self) -> Result<Vec<Deployment>, Refusal> {
        self.all_broken_glass().await
    }

    async fn withdraw(&self, ask: WithdrawAsk) -> Result<Withdrawn, Refusal> {
        let command = format!("withdraw from deployment {}", ask.deployment);
        self.decide(ask.asker.person.clone(), &command, self.try_withdraw(ask)).await
    }

    async fn comment(&self, ask: CommentAsk) -> Result<(), Refusal> {
        self.try_comment(ask).await
    }

    async fn link(&self, ask: LinkAsk) -> Result<Link, Refusal> {
        let command = "/link";
        self.decide(ask.asker.person.clone(), command, self.try_link(ask)).await
    }

    async fn links(&self) -> Result<Vec<Link>, Refusal> {
        self.engine.ports.links.links().await.map_err(fault)
    }

    async fn expect(&self, ask: ExpectAsk) -> Result<(Expected, usize), Refusal> {
        let command = format!("/expect {}", clip(&ask.environment, 60));
        self.decide(ask.asker.person.clone(), &command, self.try_expect(ask)).await
    }

    async fn secrets(&self, environment: Option<String>) -> Result<Vec<secrets::Report>, Refusal> {
        self.secrets_of(environment.as_deref()).await
    }

    async fn alerts(&self) -> Result<(Vec<Record>, Timestamp), Refusal> {
        self.open_alerts().await
    }

    async fn answer_alert(&self, ask: AlertAsk) -> Result<Record, Refusal> {
        let command = format!("/alerts {}", clip(&ask.alert, 40));
        self.decide(ask.asker.person.clone(), &command, self.try_answer_alert(ask)).await
    }

    async fn health(&self, environment: Option<&str>, ask: bool) -> Result<Vec<Report>, Refusal> {
        self.health_of(environment, ask).await
    }

    async fn checkup(&self) -> Result<Checkup, Refusal> {
        self.examined().await
    }

    async fn schedules(&self) -> Result<(Vec<(Schedule, Option<Scheduled>)>, Timestamp), Refusal> {
        self.scheduled().await
    }

    async fn incidents(&self) -> Result<(Vec<Incident>, Timestamp), Refusal> {
        self.latest_incidents().await
    }

    async fn keep_incident(&self, ask: IncidentAsk) -> Result<Incident, Refusal> {
        let command = "/incident";
        self.decide(ask.asker.person.clone(), command, self.try_keep_incident(ask)).await
    }

    async fn subscribe(&self, ask: SubscribeAsk) -> Result<Subscription, Refusal> {
        let command = format!("/subscribe {}", clip(&ask.reach, 60));
        self.decide(ask.asker.person.clone(), &command, self.try_subscribe(ask)).await
    }

    async fn unsubscribe(&self, ask: UnsubscribeAsk) -> Result<Vec<Subscription>, Refusal> {
        self.try_unsubscribe(ask).await
    }

    async fn lock(&self, ask: LockAsk) -> Result<Lock, Refusal> {
        let command = format!("/lock {}", clip(&ask.reach, 60));
        self.decide(ask.asker.person.clone(), &command, self.try_lock(ask)).await
    }

    async fn unlock(&self, ask: UnlockAsk) -> Result<Lock, Refusal> {
        let command = format!("/unlock {}", clip(&ask.reach, 60));
        self.decide(ask.asker.person.clone(), &command, self.try_unlock(ask)).await
    }

    async fn locks(&self) -> Result<Vec<Lock>, Refusal> {
        self.engine.ports.locks.locks(self.engine.ports.clock.now()).await.map_err(fault)
    }

    async fn why(&self, ask: WhyAsk) -> Result<Clearing, Refusal> {
        let environment = self.environment("why", &ask.environment)?;
        self.clearing(environment, ask.asker, true).await
    }

    async fn checklist(&self, ask: WhyAsk) -> Result<Clearing, Refusal> {
        let environment = self.environment("checklist", &ask.environment)?;
        if environment.gate.has_rules() {
            return self.clearing(environment, ask.asker, true).await;
        }
        let gate = usual_list(environment);
        self.clearing(&Environment { gate, ..environment.clone() }, ask.asker, false).await
    }

    async fn simulate(&self, ask: SimulateAsk) -> Result<Clearing, Refusal> {
        self.try_simulate(ask).await
    }

    async fn fleet(&self, ask: FleetAsk) -> Result<Reading, Refusal> {
        let environment = self.environment(ask.question.verb(), &ask.environment)?;
        self.engine.fleets.ask(environment, &ask.question, &self.engine.ports, &self.engine.line).await
    }

    async fn migrations(&self, ask: MigrationsAsk) -> Result<Vec<Past>, Refusal> {
        self.past(ask).await
    }

    async fn blame(&self, ask: BlameAsk) -> Result<Blamed, Refusal> {
        self.try_blame(ask).await
    }

    async fn prove(&self, deployment: &str) -> Result<Proof, Refusal> {
        self.try_prove(deployment).await
    }

    async fn logs(&self, ask: LogsAsk) -> Result<Tail, Refusal> {
        self.tail(ask).await
    }

    async fn suggest_latest(&self, typed: &str) -> Vec<Suggestion> {
        self.latest(typed).await
    }

    async fn suggest_jobs(&self, deployment: &str, typed: &str) -> Vec<Suggestion> {
        self.jobs(deployment, typed).await
    }

    async fn suggest_tenants(&self, environment: &str, typed: &str) -> Vec<Suggestion> {
        let Ok(environment) = self.environment("tenant", environment) else { return vec![] };
        self.engine.fleets.suggest(environment, typed, &self.engine.ports).await
    }

    async fn suggest_refs(&self, environment: &str, typed: &str) -> Vec<Suggestion> {
        self.branches(environment, typed).await
    }

    async fn suggest_deployments(&self, typed: &str) -> Vec<Suggestion> {
        self.at_work(typed).await
    }

    async fn reaction_added(&self, at: MessageRef, by: PersonId, roles: Vec<RoleId>) {
        let now = self.engine.ports.clock.now();
        self.engine.members.hear(by, Some(roles), now);
        self.engine.pulse.heard(Kind::Reaction, now);
        self.engine.pulse.reacted(at, now);
        self.reactions_changed(at).await;
    }

    async fn reactions_changed(&self, at: MessageRef) {
        if let Err(error) = self.follow_up(at, None).await {
            warn!(error = &error as &dyn std::error::Error, "a reaction could not be followed up");
            self.engine.missed.store(true, Ordering::Relaxed);
        }
    }

    async fn reaction_removed(&self, at: MessageRef, by: PersonId, emoji: &str) {
        self.engine.pulse.heard(Kind::Reaction, self.engine.ports.clock.now());
        let removed = Event::ReactionRemoved { by, emoji: emoji.to_owned() };
        if let Err(error) = self.follow_up(at, Some(removed)).await {
            warn!(error = &error as &dyn std::error::Error, "a reaction taken back could not be followed up");
            self.engine.missed.store(true, Ordering::Relaxed);
        }
    }

    async fn events_may_be_lost(&self, cause: Cause, quiet: Option<Duration>) {
        let from = quiet.and_then(|quiet| self.engine.ports.clock.now().checked_sub(quiet).ok());
        if let Err(error) = self.engine.reconcile(cause, from).await {
            warn!(error = &error as &dyn std::error::Error, "what may have been missed could not be looked up");
            self.engine.missed.store(true, Ordering::Relaxed);
        }
    }
}
