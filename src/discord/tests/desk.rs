//! A desk that writes down what it is told, and answers what a test wants to hear.

use std::{sync::Mutex, time::Duration};

use async_trait::async_trait;
use signalbox_commands::desk::{
    AlertAsk, BlameAsk, Blamed, CancelAsk, Clearing, CommentAsk, DeployAsk, Desk, ExpectAsk, FleetAsk, GlassAsk,
    IncidentAsk, LinkAsk, LockAsk, LogsAsk, MigrationsAsk, PromoteAsk, SignAsk, Signed, SimulateAsk, Standing,
    SubscribeAsk, Suggestion, Tail, UnblockAsk, Unblocking, UnlockAsk, UnsubscribeAsk, Watched, WhyAsk, WithdrawAsk,
    Withdrawn,
};
use signalbox_domain::{
    Timestamp,
    alert::Record,
    deployment::{Deployment, State},
    environment::{Environment, Line},
    fleet::Reading,
    gate::Lock,
    health::Report,
    history::Past,
    ids::{CommitSha, DeploymentId, EnvironmentName, InteractionId, MessageRef, Person, PersonId, RoleId},
    incident::Incident,
    link::Link,
    monitor::Expected,
    notice::Subscription,
    permit::{may_cancel, permit},
    ports::Asked,
    pulse::{Cause, Checkup, Pulse},
    refusal::Refusal,
    schedule::{Schedule, Standing as Scheduled},
    secrets,
};
use tokio::sync::{Semaphore, watch};

/// Longer than anything takes, so that a story that hangs says where.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct FakeDesk {
    line: Line,
    log: watch::Sender<Vec<String>>,
    token: Mutex<String>,
    /// `received` and `deploy` pass through these; a test closes them to look at what happens before.
    pub(super) receiving: Semaphore,
    pub(super) deploying: Semaphore,
}

impl FakeDesk {
    pub(super) fn new(line: Line) -> Self {
        let open = || Semaphore::new(1);
        Self { line, log: watch::Sender::new(vec![]), token: Mutex::default(), receiving: open(), deploying: open() }
    }

    fn writes(&self, what: impl Into<String>) {
        self.log.send_modify(|log| log.push(what.into()));
    }

    pub(super) fn log(&self) -> Vec<String> {
        self.log.borrow().clone()
    }

    /// Waits until something is written down.
    pub(super) async fn wrote(&self, what: &str) {
        let mut log = self.log.subscribe();
        let found = log.wait_for(|log| log.iter().any(|line| line == what));
        let result = tokio::time::timeout(PATIENCE, found).await.map(|_| ());
        assert!(result.is_ok(), "waiting for {what:?}, found {:?}", self.log());
    }

    /// The token of the latest interaction.
    pub(super) fn token(&self) -> String {
        self.token.lock().unwrap().clone()
    }

    fn environment(&self, name: &str) -> Result<&Environment, Refusal> {
        let found = EnvironmentName::parse(name).ok().and_then(|name| self.line.get(&name));
        found.ok_or_else(|| Refusal::unknown_environment("deploy", name, &self.line))
    }

    fn deployment(&self, by: Person, roles: &[RoleId], git_ref: Option<&str>) -> Result<Deployment, Refusal> {
        let environment = self.environment("uat")?;
        let commit = CommitSha::parse(&"ab".repeat(20)).unwrap();
        let request = permit(environment, by, roles, git_ref)?.at(commit);
        let interaction = InteractionId(1);
        let opened =
            Deployment::requested(environment, request, "key".into(), None, interaction, Timestamp::UNIX_EPOCH);
        Ok(Deployment { id: DeploymentId(42), state: State::Running, ..opened })
    }
}

#[async_trait]
impl Desk for FakeDesk {
    fn line(&self) -> &Line {
        &self.line
    }

    async fn received(&self, asked: Asked) {
        self.token.lock().unwrap().clone_from(&asked.token);
        self.writes(format!("received {} from {}", asked.command, asked.by.name));
        let _open = self.receiving.acquire().await.unwrap();
    }

    fn acknowledged(&self, _: Duration) {
        self.writes("acknowledged");
    }

    async fn answered(&self, _: InteractionId) {
        self.writes("answered");
    }

    async fn deploy(&self, ask: DeployAsk) -> Result<Deployment, Refusal> {
        self.writes(format!("deploy {}", ask.environment));
        let _open = self.deploying.acquire().await.unwrap();
        assert_ne!(ask.note.as_deref(), Some("break"), "secret internals");
        self.environment(&ask.environment)?;
        self.deployment(ask.asker.person, &ask.asker.roles, ask.git_ref.as_deref())
    }

    async fn promote(&self, ask: PromoteAsk) -> Result<Deployment, Refusal> {
        self.writes(format!("promote {}", ask.environment));
        self.deployment(ask.asker.person, &ask.asker.roles, None)
    }

    async fn status(&self, environment: Option<String>) -> Result<Vec<Standing>, Refusal> {
        let environment = self.environment(environment.as_deref().unwrap_or("uat"))?.name.clone();
        Ok(vec![Standing { watched: Watched::default(), environment, active: None, ended: vec![] }])
    }

    async fn cancel(&self, ask: CancelAsk) -> Result<Deployment, Refusal> {
        self.writes(format!("cancel {} by {}", ask.deployment, ask.asker.person.name));
        may_cancel(self.environment("uat")?, &ask.asker.roles, "/cancel 42")?;
        self.deployment(Person { id: PersonId(501), name: "erin".into() }, &ask.asker.roles, None)
    }

    async fn unblock(&self, ask: UnblockAsk) -> Result<Unblocking, Refusal> {
        Err(Refusal::stale_button(ask.deployment))
    }

    async fn break_glass(&self, ask: GlassAsk) -> Result<Deployment, Refusal> {
        self.writes(format!("break glass of {}", ask.deployment));
        self.deployment(ask.asker.person, &ask.asker.roles, None)
    }

    async fn broken_glass(&self) -> Result<Vec<Deployment>, Refusal> {
        Ok(vec![])
    }

    async fn sign(&self, ask: SignAsk) -> Result<Signed, Refusal> {
        let (by, words) = (ask.asker.person, ask.comment.unwrap_or_default());
        self.writes(format!("sign {} {} {:?} {words} by {}", ask.deployment, ask.category, ask.typed, by.name));
        let deployment = self.deployment(by, &[RoleId(201)], None)?;
        Ok(Signed { deployment, category: ask.category, fills: Ok(true) })
    }

    async fn withdraw(&self, ask: WithdrawAsk) -> Result<Withdrawn, Refusal> {
        self.writes(format!("withdraw {} by {}", ask.deployment, ask.asker.person.name));
        let deployment = self.deployment(ask.asker.person, &[RoleId(201)], None)?;
        Ok(Withdrawn { deployment, categories: vec!["review".into()], reactions: vec![] })
    }

    async fn comment(&self, ask: CommentAsk) -> Result<(), Refusal> {
        self.writes(format!("comment {} {} {}", ask.deployment, ask.category, ask.comment));
        Ok(())
    }

    async fn link(&self, ask: LinkAsk) -> Result<Link, Refusal> {
        self.writes(format!("link {:?} by {}, who manages: {}", ask.what, ask.asker.person.name, ask.manages));
        Err(Refusal::fault("none"))
    }

    async fn links(&self) -> Result<Vec<Link>, Refusal> {
        Ok(vec![])
    }

    async fn expect(&self, _: ExpectAsk) -> Result<(Expected, usize), Refusal> {
        Err(Refusal::fault("none"))
    }

    async fn secrets(&self, _: Option<String>) -> Result<Vec<secrets::Report>, Refusal> {
        Ok(vec![])
    }

    async fn alerts(&self) -> Result<(Vec<Record>, Timestamp), Refusal> {
        Ok((vec![], Timestamp::UNIX_EPOCH))
    }

    async fn answer_alert(&self, _: AlertAsk) -> Result<Record, Refusal> {
        Err(Refusal::fault("none"))
    }

    async fn health(&self, environment: Option<&str>, _: bool) -> Result<Vec<Report>, Refusal> {
        Err(Refusal::unknown_environment("health", environment.unwrap_or_default(), &self.line))
    }

    async fn schedules(&self) -> Result<(Vec<(Schedule, Option<Scheduled>)>, Timestamp), Refusal> {
        Ok((vec![], Timestamp::UNIX_EPOCH))
    }

    async fn checkup(&self) -> Result<Checkup, Refusal> {
        Ok(Checkup {
            now: Timestamp::UNIX_EPOCH,
            since: Timestamp::UNIX_EPOCH,
            line: self.line.clone(),
            active: 0,
            alerts: 0,
            next: vec![],
            budget: None,
            pulse: Pulse::default(),
        })
    }

    async fn incidents(&self) -> Result<(Vec<Incident>, Timestamp), Refusal> {
        Ok((vec![], Timestamp::UNIX_EPOCH))
    }

    async fn keep_incident(&self, _: IncidentAsk) -> Result<Incident, Refusal> {
        Err(Refusal::no_such_incident(None))
    }

    async fn subscribe(&self, _: SubscribeAsk) -> Result<Subscription, Refusal> {
        Err(Refusal::fault("none"))
    }

    async fn unsubscribe(&self, _: UnsubscribeAsk) -> Result<Vec<Subscription>, Refusal> {
        Ok(vec![])
    }

    async fn lock(&self, _: LockAsk) -> Result<Lock, Refusal> {
        Err(Refusal::fault("none"))
    }

    async fn unlock(&self, _: UnlockAsk) -> Result<Lock, Refusal> {
        Err(Refusal::fault("none"))
    }

    async fn locks(&self) -> Result<Vec<Lock>, Refusal> {
        Ok(vec![])
    }

    async fn why(&self, _: WhyAsk) -> Result<Clearing, Refusal> {
        Err(Refusal::fault("none"))
    }

    async fn checklist(&self, ask: WhyAsk) -> Result<Clearing, Refusal> {
        self.why(ask).await
    }

    async fn simulate(&self, _: SimulateAsk) -> Result<Clearing, Refusal> {
        Err(Refusal::fault("none"))
    }

    async fn fleet(&self, ask: FleetAsk) -> Result<Reading, Refusal> {
        let environment = self.environment(&ask.environment)?;
        Err(Refusal::no_tenant_database(environment, &ask.question, &self.line))
    }

    async fn migrations(&self, ask: MigrationsAsk) -> Result<Vec<Past>, Refusal> {
        let environment = ask.environment.unwrap_or_default();
        Err(Refusal::unknown_environment("migrations", &environment, &self.line))
    }

    async fn blame(&self, ask: BlameAsk) -> Result<Blamed, Refusal> {
        Err(Refusal::unknown_environment("drift", &ask.environment, &self.line))
    }

    async fn prove(&self, deployment: &str) -> Result<signalbox_commands::desk::Proof, Refusal> {
        Err(Refusal::no_such_deployment(deployment))
    }

    async fn logs(&self, ask: LogsAsk) -> Result<Tail, Refusal> {
        Err(Refusal::no_such_deployment(&ask.deployment))
    }

    async fn suggest_latest(&self, _: &str) -> Vec<Suggestion> {
        vec![]
    }

    async fn suggest_jobs(&self, _: &str, _: &str) -> Vec<Suggestion> {
        vec![]
    }

    async fn suggest_tenants(&self, _: &str, _: &str) -> Vec<Suggestion> {
        vec![]
    }

    async fn suggest_refs(&self, environment: &str, typed: &str) -> Vec<Suggestion> {
        let suggestion = |name: &str| Suggestion { label: name.into(), value: name.into() };
        let names = ["main", "release/7"].into_iter().filter(|name| environment == "uat" && name.contains(typed));
        names.map(suggestion).collect()
    }

    async fn suggest_deployments(&self, _: &str) -> Vec<Suggestion> {
        vec![Suggestion { label: "42 · uat · running".into(), value: "42".into() }]
    }

    async fn reaction_added(&self, at: MessageRef, by: PersonId, roles: Vec<RoleId>) {
        self.writes(format!("reaction by {by} with {roles:?}"));
        self.reactions_changed(at).await;
    }

    async fn reactions_changed(&self, at: MessageRef) {
        self.writes(format!("changed {}", at.message));
    }

    async fn reaction_removed(&self, at: MessageRef, _: PersonId, _: &str) {
        self.writes(format!("changed {}", at.message));
    }

    async fn events_may_be_lost(&self, cause: Cause, quiet: Option<Duration>) {
        self.writes(format!("lost: {cause:?}, after quiet: {}", quiet.is_some()));
    }
}
