//! What the commands need from the service. They cannot reach a database or GitHub by themselves.

mod answers;
mod asks;

use std::time::Duration;

use async_trait::async_trait;
use signalbox_domain::{
    Timestamp,
    alert::Record,
    deployment::Deployment,
    environment::Line,
    fleet::Reading,
    gate::Lock,
    health::Report,
    history::Past,
    ids::{InteractionId, MessageRef, PersonId, RoleId},
    incident::Incident,
    link::Link,
    monitor::Expected,
    notice::Subscription,
    ports::Asked,
    pulse::{Cause, Checkup},
    refusal::Refusal,
    schedule::{Schedule, Standing as Scheduled},
    secrets,
};

pub use self::{answers::*, asks::*};

/// The service as the commands see it.
#[async_trait]
pub trait Desk: Send + Sync + 'static {
    /// The configured environments.
    fn line(&self) -> &Line;

    /// Records an interaction before it is acknowledged, so that a restart can still answer it.
    /// Returns when it is recorded, or when waiting longer would endanger the acknowledgement.
    async fn received(&self, asked: Asked);

    /// Told that an interaction was acknowledged, and how long that took since it came.
    fn acknowledged(&self, took: Duration);

    /// Records that an interaction has its answer.
    async fn answered(&self, interaction: InteractionId);

    /// Starts a deployment. A deployment that the same interaction started before is answered again.
    ///
    /// # Errors
    /// [`Refusal`], ready to be shown.
    async fn deploy(&self, ask: DeployAsk) -> Result<Deployment, Refusal>;

    /// Has the environment before promoted to one: a deployment that leaves by merging the pull request between them.
    ///
    /// # Errors
    /// [`Refusal`], ready to be shown.
    async fn promote(&self, ask: PromoteAsk) -> Result<Deployment, Refusal>;

    /// How environments stand; all of them, in promotion order, when none is named.
    ///
    /// # Errors
    /// [`Refusal`], ready to be shown.
    async fn status(&self, environment: Option<String>) -> Result<Vec<Standing>, Refusal>;

    /// Asks for a deployment to be stopped.
    ///
    /// # Errors
    /// [`Refusal`], ready to be shown.
    async fn cancel(&self, ask: CancelAsk) -> Result<Deployment, Refusal>;

    /// Says who blocks a migration, or ends that session.
    ///
    /// # Errors
    /// [`Refusal`], ready to be shown; then nothing was ended.
    async fn unblock(&self, ask: UnblockAsk) -> Result<Unblocking, Refusal>;

    /// Has a deployment go past its closed gate: asked for, agreed to, looked after.
    ///
    /// # Errors
    /// [`Refusal`], ready to be shown.
    async fn break_glass(&self, ask: GlassAsk) -> Result<Deployment, Refusal>;

    /// The deployments that went past their gate, those nobody has looked after first.
    ///
    /// # Errors
    /// [`Refusal`], ready to be shown.
    async fn broken_glass(&self) -> Result<Vec<Deployment>, Refusal>;

    /// Signs a deployment, as a reaction on its card does.
    ///
    /// # Errors
    /// [`Refusal`], ready to be shown; then nothing was signed.
    async fn sign(&self, ask: SignAsk) -> Result<Signed, Refusal>;

    /// Takes back what the asker signed with buttons.
    ///
    /// # Errors
    /// [`Refusal`], ready to be shown.
    async fn withdraw(&self, ask: WithdrawAsk) -> Result<Withdrawn, Refusal>;

    /// Adds words to a signature that the asker gave with a button.
    ///
    /// # Errors
    /// [`Refusal`], ready to be shown.
    async fn comment(&self, ask: CommentAsk) -> Result<(), Refusal>;

    /// Asks for a link with a login at GitHub, confirms or removes one, and answers with it.
    ///
    /// # Errors
    /// [`Refusal`], ready to be shown.
    async fn link(&self, ask: LinkAsk) -> Result<Link, Refusal>;

    /// Who is who at GitHub, confirmed or not.
    ///
    /// # Errors
    /// [`Refusal`], ready to be shown.
    async fn links(&self) -> Result<Vec<Link>, Refusal>;

    /// How the secrets and variables of an environment stand at GitHub; of all where none is named.
    ///
    /// # Errors
    /// [`Refusal`], ready to be shown.
    async fn secrets(&self, environment: Option<String>) -> Result<Vec<secrets::Report>, Refusal>;

    /// The open alerts, the gravest first, and now.
    ///
    /// # Errors
    /// [`Refusal`], ready to be shown.
    async fn alerts(&self) -> Result<(Vec<Record>, Timestamp), Refusal>;

    /// Acknowledges or mutes an alert, and answers with it.
    ///
    /// # Errors
    /// [`Refusal`], ready to be shown.
    async fn answer_alert(&self, ask: AlertAsk) -> Result<Record, Refusal>;

    /// What is known of the health of an environment, or of all that have health checks. `ask`: they are asked now.
    ///
    /// # Errors
    /// [`Refusal`], ready to be shown.
    async fn health(&self, environment: Option<&str>, ask: bool) -> Result<Vec<Report>, Refusal>;

    /// What is done by itself, with how it stands and now.
    ///
    /// # Errors
    /// [`Refusal`], ready to be shown.
    async fn schedules(&self) -> Result<(Vec<(Schedule, Option<Scheduled>)>, Timestamp), Refusal>;

    /// How the service itself does.
    ///
    /// # Errors
    /// [`Refusal`], ready to be shown.
    async fn checkup(&self) -> Result<Checkup, Refusal>;

    /// The open incidents and the latest closed ones, and now.
    ///
    /// # Errors
    /// [`Refusal`], ready to be shown.
    async fn incidents(&self) -> Result<(Vec<Incident>, Timestamp), Refusal>;

    /// Opens an incident, notes something down, or closes it with its post-mortem; answers with it.
    ///
    /// # Errors
    /// [`Refusal`], ready to be shown; then nothing was recorded.
    async fn keep_incident(&self, ask: IncidentAsk) -> Result<Incident, Refusal>;

    /// Has somebody told in direct messages, after a first one has reached them.
    ///
    /// # Errors
    /// [`Refusal`], ready to be shown.
    async fn subscribe(&self, ask: SubscribeAsk) -> Result<Subscription, Refusal>;

    /// Ends a subscription, or all of a person's, and answers with what they have left.
    ///
    /// # Errors
    /// [`Refusal`], ready to be shown.
    async fn unsubscribe(&self, ask: UnsubscribeAsk) -> Result<Vec<Subscription>, Refusal>;

    /// Locks an environment, or all of them.
    ///
    /// # Errors
    /// [`Refusal`], ready to be shown.
    async fn lock(&self, ask: LockAsk) -> Result<Lock, Refusal>;

    /// Lifts a lock, whoever set it, and answers with it.
    ///
    /// # Errors
    /// [`Refusal`], ready to be shown.
    async fn unlock(&self, ask: UnlockAsk) -> Result<Lock, Refusal>;

    /// The locks in force, oldest first.
    ///
    /// # Errors
    /// [`Refusal`], ready to be shown.
    async fn locks(&self) -> Result<Vec<Lock>, Refusal>;

    /// Judges the gate of an environment over facts that are read now, and starts nothing.
    ///
    /// # Errors
    /// [`Refusal`], ready to be shown.
    async fn why(&self, ask: WhyAsk) -> Result<Clearing, Refusal>;

    /// The same over the release checklist: the rules of the gate, or the usual list where it has none.
    ///
    /// # Errors
    /// [`Refusal`], ready to be shown.
    async fn checklist(&self, ask: WhyAsk) -> Result<Clearing, Refusal>;

    /// Judges the gate of an environment as if people with these roles had signed; starts and records nothing.
    ///
    /// # Errors
    /// [`Refusal`], ready to be shown.
    async fn simulate(&self, ask: SimulateAsk) -> Result<Clearing, Refusal>;

    /// Reads the tenant database of an environment, or gives a reading of the last few seconds.
    ///
    /// # Errors
    /// [`Refusal`], ready to be shown.
    async fn fleet(&self, ask: FleetAsk) -> Result<Reading, Refusal>;

    /// Lets schemas come and go for a while, and says how many that a monitor had found are taken as right.
    ///
    /// # Errors
    /// [`Refusal`], ready to be shown.
    async fn expect(&self, ask: ExpectAsk) -> Result<(Expected, usize), Refusal>;

    /// How migrations went: of one environment, or of all where it is asked how things stand and none is named.
    ///
    /// # Errors
    /// [`Refusal`], ready to be shown.
    async fn migrations(&self, ask: MigrationsAsk) -> Result<Vec<Past>, Refusal>;

    /// Looks for who changed an object of a tenant database.
    ///
    /// # Errors
    /// [`Refusal`], ready to be shown.
    async fn blame(&self, ask: BlameAsk) -> Result<Blamed, Refusal>;

    /// Proves what the audit trail says of a deployment, which is named as it was typed.
    ///
    /// # Errors
    /// [`Refusal`], ready to be shown.
    async fn prove(&self, deployment: &str) -> Result<Proof, Refusal>;

    /// Reads the log of a job that is over.
    ///
    /// # Errors
    /// [`Refusal`], ready to be shown.
    async fn logs(&self, ask: LogsAsk) -> Result<Tail, Refusal>;

    /// The latest deployments, those that have ended among them, that fit what is typed so far.
    async fn suggest_latest(&self, typed: &str) -> Vec<Suggestion>;

    /// Jobs of a deployment, which is named as it is typed, that fit what is typed so far.
    async fn suggest_jobs(&self, deployment: &str, typed: &str) -> Vec<Suggestion>;

    /// Tenants of the environment that fit what is typed so far; from a cache.
    async fn suggest_tenants(&self, environment: &str, typed: &str) -> Vec<Suggestion>;

    /// Branches and tags of the environment's repository that fit what is typed so far; from a cache.
    async fn suggest_refs(&self, environment: &str, typed: &str) -> Vec<Suggestion>;

    /// Deployments that could be cancelled and fit what is typed so far.
    async fn suggest_deployments(&self, typed: &str) -> Vec<Suggestion>;

    /// Told that somebody who holds these roles has reacted to a message.
    async fn reaction_added(&self, at: MessageRef, by: PersonId, roles: Vec<RoleId>);

    /// Told that reactions on a message may have changed: the truth is then read from the chat.
    async fn reactions_changed(&self, at: MessageRef);

    /// Told that somebody took a reaction back. It may have been given again since, but what it signed is withdrawn.
    async fn reaction_removed(&self, at: MessageRef, by: PersonId, emoji: &str);

    /// Told that events may have been lost (the gateway session was not resumed): everything that
    /// the chat can be asked for is read again. `quiet`: how long
    /// before this the event before came, where that is known.
    async fn events_may_be_lost(&self, cause: Cause, quiet: Option<Duration>);
}
