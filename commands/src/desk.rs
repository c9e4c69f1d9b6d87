//! What the commands need from the service. They cannot reach a database or GitHub by themselves.

use std::time::Duration;

use async_trait::async_trait;
use signalbox_domain::{
    Timestamp,
    alert::Record,
    audit::Checked,
    deployment::Deployment,
    environment::Line,
    fleet::{File, Question, Reading},
    gate::{Lock, Verdict},
    health::{Held, Report},
    history::{Blame, MigrationJob, Past, View},
    ids::{ChannelId, DeploymentId, EnvironmentName, InteractionId, MessageRef, Person, PersonId, RoleId},
    incident::Incident,
    link::Link,
    log::JobLog,
    migration::{Session, Wait},
    monitor::Expected,
    notice::Subscription,
    ports::Asked,
    pulse::{Cause, Checkup},
    refusal::Refusal,
    schedule::{Schedule, Standing as Scheduled, Work},
    secrets,
};

/// Who asks, as the chat vouches for it in the interaction itself.
#[derive(Debug, Clone)]
pub struct Asker {
    /// The person.
    pub person: Person,
    /// The roles they hold right now.
    pub roles: Vec<RoleId>,
    /// The interaction that carries the question.
    pub interaction: InteractionId,
}

/// `/deploy`.
#[derive(Debug, Clone)]
pub struct DeployAsk {
    /// Who.
    pub asker: Asker,
    /// Which environment, as typed.
    pub environment: String,
    /// Which branch or tag, as typed.
    pub git_ref: Option<String>,
    /// What to write on the card.
    pub note: Option<String>,
}

/// `/promote`.
#[derive(Debug, Clone)]
pub struct PromoteAsk {
    /// Who.
    pub asker: Asker,
    /// Which environment, as typed.
    pub environment: String,
    /// What to write on the card.
    pub note: Option<String>,
}

/// A button that signs.
#[derive(Debug, Clone)]
pub struct SignAsk {
    /// Who, with the roles that Discord vouches for.
    pub asker: Asker,
    /// The message that the button is on; `None` when Discord does not say.
    pub at: Option<MessageRef>,
    /// Which deployment the button is for.
    pub deployment: DeploymentId,
    /// What for.
    pub category: String,
    /// The commit as typed, where a form asked for it.
    pub typed: Option<String>,
    /// What they have to say; as typed.
    pub comment: Option<String>,
}

/// A signature that was given with a button.
#[derive(Debug, Clone)]
pub struct Signed {
    /// The deployment with it.
    pub deployment: Deployment,
    /// What for.
    pub category: String,
    /// Whether it fills a slot; `Err`: why it does not count, safe to show.
    pub fills: Result<bool, String>,
}

/// A button that takes back what its presser signed with buttons.
#[derive(Debug, Clone)]
pub struct WithdrawAsk {
    /// Who.
    pub asker: Asker,
    /// The message that the button is on.
    pub at: MessageRef,
    /// Which deployment the button is for.
    pub deployment: DeploymentId,
}

/// What was taken back.
#[derive(Debug, Clone)]
pub struct Withdrawn {
    /// The deployment without it.
    pub deployment: Deployment,
    /// What it was for.
    pub categories: Vec<String>,
    /// Emoji with which the same person still signs, safe to show.
    pub reactions: Vec<String>,
}

/// Words about a signature that was given with a button.
#[derive(Debug, Clone)]
pub struct CommentAsk {
    /// Who.
    pub asker: Asker,
    /// On which deployment.
    pub deployment: DeploymentId,
    /// What they signed for.
    pub category: String,
    /// The words; as typed.
    pub comment: String,
}

/// The button for a migration that is blocked, and the one under its answer.
#[derive(Debug, Clone)]
pub struct UnblockAsk {
    /// Who.
    pub asker: Asker,
    /// Whose migration is blocked.
    pub deployment: DeploymentId,
    /// The process to end and when it began, once that was agreed to.
    pub session: Option<(i32, i64)>,
}

/// What can be done about what blocks a migration, or was done.
#[derive(Debug, Clone)]
pub enum Unblocking {
    /// Who blocks whom.
    Asked {
        /// Whose migration.
        deployment: DeploymentId,
        /// The longest wait, with who causes it.
        wait: Wait,
    },
    /// It was told to end.
    Ended {
        /// Which.
        session: Session,
    },
}

/// `/cancel`, and the button of that name.
#[derive(Debug, Clone)]
pub struct CancelAsk {
    /// Who.
    pub asker: Asker,
    /// Which deployment, as typed: `42` or `#42`.
    pub deployment: String,
}

/// `/schemas`, `/tenants`, `/tenant`, `/drift`, `/isolation` and `/ledger`.
#[derive(Debug, Clone)]
pub struct FleetAsk {
    /// Which environment, as typed.
    pub environment: String,
    /// What somebody wants to know.
    pub question: Question,
}

/// `/expect`.
#[derive(Debug, Clone)]
pub struct ExpectAsk {
    /// Who.
    pub asker: Asker,
    /// Which environment, as typed.
    pub environment: String,
    /// Which schemas, as typed.
    pub schemas: String,
    /// For how long, as typed; as is usual when `None`.
    pub length: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// `/drift` with an object to blame somebody for.
#[derive(Debug, Clone)]
pub struct BlameAsk {
    /// Which environment, as typed.
    pub environment: String,
    /// A schema, a dot and the name of an object, as typed.
    pub object: String,
}

/// What is known of who changed an object.
#[derive(Debug, Clone)]
pub struct Blamed {
    /// Where.
    pub environment: EnvironmentName,
    /// What snapshots tell.
    pub blame: Blame,
    /// The environment's migration jobs of that time, oldest first.
    pub jobs: Vec<MigrationJob>,
}

/// `/migrations`.
#[derive(Debug, Clone)]
pub struct MigrationsAsk {
    /// What somebody wants to know.
    pub view: View,
    /// Which environment, as typed.
    pub environment: Option<String>,
    /// From how many days.
    pub days: Option<u32>,
}

/// The answer to `/audit prove`.
#[derive(Debug, Clone)]
pub struct Proof {
    /// Of which deployment.
    pub deployment: DeploymentId,
    /// What the file shows; it was verified before it was given away.
    pub checked: Checked,
    /// Where heads of the trail are posted.
    pub channel: Option<ChannelId>,
    /// Whether they are kept in a file, too.
    pub kept: bool,
    /// The file.
    pub file: File,
}

/// `/logs`.
#[derive(Debug, Clone)]
pub struct LogsAsk {
    /// Who.
    pub asker: Asker,
    /// Which deployment, as typed: `42` or `#42`.
    pub deployment: String,
    /// Which job, by its name or a part of it, as typed.
    pub job: Option<String>,
}

/// The answer to `/logs`.
#[derive(Debug, Clone)]
pub struct Tail {
    /// Of which deployment.
    pub deployment: DeploymentId,
    /// What the log says.
    pub log: JobLog,
    /// How many lines it has, and how many of them are in the file.
    pub lines: (u64, usize),
    /// Its end, without secrets.
    pub file: File,
}

/// `/breakglass`.
#[derive(Debug, Clone)]
pub struct GlassAsk {
    /// Who.
    pub asker: Asker,
    /// Which deployment, as typed.
    pub deployment: String,
    /// What they do.
    pub act: GlassAct,
}

/// What somebody does about a gate that is to be gone past.
#[derive(Debug, Clone)]
pub enum GlassAct {
    /// They want it.
    Ask {
        /// Why.
        reason: String,
    },
    /// They agree.
    Confirm,
    /// They have looked after it.
    Close {
        /// What they found.
        note: String,
    },
}

/// `/link`.
#[derive(Debug, Clone)]
pub struct LinkAsk {
    /// Who.
    pub asker: Asker,
    /// Whether they may manage the server, as Discord vouches for it.
    pub manages: bool,
    /// What they want.
    pub what: Linking,
}

/// What somebody wants of who is who.
#[derive(Debug, Clone)]
pub enum Linking {
    /// To be this login.
    Ask {
        /// As typed.
        login: String,
    },
    /// That somebody is this login.
    Confirm {
        /// Who.
        person: Person,
        /// As typed.
        login: String,
    },
    /// That somebody is nobody any more.
    Remove {
        /// Who.
        person: Person,
    },
}

/// `/alerts ack`, `/alerts mute`, and the buttons of these names.
#[derive(Debug, Clone)]
pub struct AlertAsk {
    /// Who.
    pub asker: Asker,
    /// Which alert, as typed.
    pub alert: String,
    /// What they do.
    pub act: AlertAct,
}

/// What somebody does about an alert.
#[derive(Debug, Clone)]
pub enum AlertAct {
    /// They look after it.
    Acknowledge,
    /// They want nobody called for a while.
    Mute {
        /// Why.
        reason: String,
        /// For how long, as typed.
        length: Option<String>,
    },
}

/// `/incident`.
#[derive(Debug, Clone)]
pub struct IncidentAsk {
    /// Who.
    pub asker: Asker,
    /// What they do.
    pub act: IncidentAct,
}

/// What somebody does about an incident. Which one is as typed; the only open one when `None`.
#[derive(Debug, Clone)]
pub enum IncidentAct {
    /// They open one.
    Open {
        /// What is the matter.
        title: String,
        /// Where, as typed; everywhere when `None`.
        environment: Option<String>,
    },
    /// They write something down.
    Note {
        /// It.
        text: String,
        /// Of which.
        incident: Option<String>,
    },
    /// It is over.
    Close {
        /// Which.
        incident: Option<String>,
    },
}

/// `/subscribe`.
#[derive(Debug, Clone)]
pub struct SubscribeAsk {
    /// Who.
    pub asker: Asker,
    /// An environment or `all`, as typed.
    pub reach: String,
    /// What they want to hear, as typed; the usual when `None`.
    pub kinds: Option<String>,
}

/// `/unsubscribe`.
#[derive(Debug, Clone)]
pub struct UnsubscribeAsk {
    /// Who.
    pub asker: Asker,
    /// An environment or `all`, as typed.
    pub reach: String,
}

/// `/lock`, and `/freeze`, which locks everything.
#[derive(Debug, Clone)]
pub struct LockAsk {
    /// Who.
    pub asker: Asker,
    /// An environment or `all`, as typed.
    pub reach: String,
    /// Why.
    pub reason: String,
    /// For how long, as typed; until somebody lifts it when `None`.
    pub length: Option<String>,
}

/// `/unlock`.
#[derive(Debug, Clone)]
pub struct UnlockAsk {
    /// Who.
    pub asker: Asker,
    /// An environment or `all`, as typed.
    pub reach: String,
}

/// `/why` and `/checklist`.
#[derive(Debug, Clone)]
pub struct WhyAsk {
    /// Who.
    pub asker: Asker,
    /// Which environment, as typed.
    pub environment: String,
}

/// `/gate simulate`.
#[derive(Debug, Clone)]
pub struct SimulateAsk {
    /// Who.
    pub asker: Asker,
    /// Which environment, as typed.
    pub environment: String,
    /// Which commit, branch or tag, as typed.
    pub commit: Option<String>,
    /// As whom it is pretended to be signed, as typed: roles by name or mention, a role once for each person.
    pub roles: Option<String>,
}

/// How a gate stands.
#[derive(Debug, Clone)]
pub struct Clearing {
    /// The deployment that is judged: the one that waits, or one that nobody has asked for yet (number 0).
    pub deployment: Deployment,
    /// What the gate says of it now.
    pub verdict: Verdict,
    /// Whether the rules are the environment's own; else they are the usual list, which closes nothing.
    pub configured: bool,
}

/// How an environment is watched, and what that shows.
#[derive(Debug, Clone, Default)]
pub struct Watched {
    /// What is believed of its health, as far as that is watched.
    pub health: Option<Held>,
    /// Open alerts about it.
    pub alerts: usize,
    /// What holds deployments back.
    pub lock: Option<Lock>,
    /// What is looked at by itself, and when next, the soonest first.
    pub looks: Vec<(Work, Timestamp)>,
}

/// An environment and what is known of it, for `/status`.
#[derive(Debug, Clone)]
pub struct Standing {
    /// How it is watched.
    pub watched: Watched,
    /// The deployment at work, if there is one.
    pub active: Option<Deployment>,
    /// The latest that have ended, newest first.
    pub ended: Vec<Deployment>,
    /// The environment's name.
    pub environment: signalbox_domain::ids::EnvironmentName,
}

/// A suggestion while somebody types: what is shown and what is then sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// Shown, at most 100 characters.
    pub label: String,
    /// Sent, at most 100 characters.
    pub value: String,
}

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
    /// before the latest event came, where that is known.
    async fn events_may_be_lost(&self, cause: Cause, quiet: Option<Duration>);
}
