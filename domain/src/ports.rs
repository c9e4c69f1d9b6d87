//! The few narrow interfaces between the rules and the world. Adapters implement them.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{
    card::Card,
    deployment::{Deployment, DispatchOrder},
    effect::{Due, Effect, Entry},
    environment::{Environment, HealthCheck, Role},
    event::{CancelAnswer, DispatchAnswer},
    evidence::Finding,
    git_ref::GitRef,
    ids::{
        ChannelId, CommitSha, DeploymentId, EnvironmentName, InteractionId, MessageRef, Person, RepositoryName, RunId,
    },
    run::{Job, Run},
};

/// The time. The only place it comes from.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

// ---------------------------------------------------------------------------------------- store

/// A deployment to record, with what follows from it. All of it is committed, or nothing.
#[derive(Debug, Clone)]
pub struct Opening {
    /// The deployment; the store gives it its id.
    pub deployment: Deployment,
    /// What follows, once the id is known.
    pub plan: fn(&Deployment) -> Vec<Due>,
    /// The audit line; its subject is replaced by the deployment's id.
    pub entry: Entry,
}

/// What became of an [`Opening`].
#[derive(Debug, Clone)]
pub enum Opened {
    /// It was recorded.
    New(Deployment),
    /// The same interaction or the same run had opened one before: that one.
    Before(Deployment),
    /// Another deployment holds the environment: that one.
    Busy(Deployment),
}

/// A changed deployment with its consequences. All of it is committed, or nothing.
#[derive(Debug, Clone)]
pub struct Change {
    /// The deployment as it shall be; its `revision` is the one that was read.
    pub deployment: Deployment,
    /// What follows.
    pub effects: Vec<Due>,
    /// The audit lines.
    pub entries: Vec<Entry>,
}

/// Which deployments to read.
#[derive(Debug, Clone)]
pub enum Query {
    /// The one of this number.
    Id(DeploymentId),
    /// The one of this key.
    Key(String),
    /// The one that this interaction opened.
    Interaction(InteractionId),
    /// The executions of this run, latest attempt first.
    Run(RepositoryName, RunId),
    /// The one whose card this message is.
    Card(MessageRef),
    /// All that are not over, oldest first.
    Active,
    /// The latest of an environment, newest first.
    Latest(EnvironmentName, u32),
    /// The latest of all environments, newest first.
    Recent(u32),
}

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else changed the deployment since it was read: read it again and decide again.
    #[error("deployment {0} was changed by somebody else")]
    Conflict(DeploymentId),
    /// The database could not be reached or did not answer.
    #[error("the database did not answer")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What is stored does not read as what it should be.
    #[error("a stored record could not be read")]
    Corrupt(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Deployments and their audit trail.
#[async_trait]
pub trait Store: Send + Sync {
    /// Records a new deployment. The database decides who holds an environment.
    ///
    /// # Errors
    /// [`StoreError`] when nothing could be recorded.
    async fn open(&self, opening: Opening) -> Result<Opened, StoreError>;
    /// Reads deployments.
    ///
    /// # Errors
    /// [`StoreError`] when they could not be read.
    async fn find(&self, query: Query) -> Result<Vec<Deployment>, StoreError>;
    /// Records a change. Answers with the deployment at its new revision.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when somebody else was faster; otherwise nothing was recorded either.
    async fn commit(&self, change: Change) -> Result<Deployment, StoreError>;
    /// Adds lines to the audit trail that belong to no change, such as refusals.
    ///
    /// # Errors
    /// [`StoreError`] when they could not be recorded.
    async fn note(&self, entries: Vec<Entry>) -> Result<(), StoreError>;
    /// The latest audit lines, newest first.
    ///
    /// # Errors
    /// [`StoreError`] when they could not be read.
    async fn trail(&self, limit: u32) -> Result<Vec<Entry>, StoreError>;
}

/// An effect that this process may carry out until its lease ends.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// The row.
    pub id: i64,
    /// The row as it was when claimed; a row that was asked for again meanwhile stays.
    pub version: i64,
    /// What to do.
    pub effect: Effect,
    /// How often it was claimed before and not settled.
    pub attempts: u32,
}

/// What became of a claimed effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It is done. If it was asked for again meanwhile it becomes due at the time given, at the earliest.
    Done {
        /// When the same subject may be carried out again.
        again_from: Timestamp,
    },
    /// It could not be done yet.
    Later {
        /// When to try again.
        at: Timestamp,
    },
}

/// Effects that are due.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Adds effects; one that is there already becomes due at the earlier of both times.
    ///
    /// # Errors
    /// [`StoreError`] when nothing was recorded.
    async fn put(&self, effects: Vec<Due>) -> Result<(), StoreError>;
    /// Takes up to `limit` effects that are due and not leased, and leases them until `until`.
    ///
    /// # Errors
    /// [`StoreError`] when none could be read.
    async fn claim(&self, now: Timestamp, until: Timestamp, limit: u32) -> Result<Vec<Claimed>, StoreError>;
    /// Ends a lease.
    ///
    /// # Errors
    /// [`StoreError`] when that could not be recorded; the lease then ends by itself.
    async fn settle(&self, claimed: &Claimed, how: Settled) -> Result<(), StoreError>;
    /// When the next effect is due that is not leased.
    ///
    /// # Errors
    /// [`StoreError`] when that could not be read.
    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError>;
    /// Ends all leases. Called once at start: what an earlier process had taken is due again at once.
    ///
    /// # Errors
    /// [`StoreError`] when that could not be recorded.
    async fn release(&self) -> Result<(), StoreError>;
}

/// An interaction that will be answered, with the token that allows it. Recorded before it is acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The interaction.
    pub id: InteractionId,
    /// Its token; a secret, valid for fifteen minutes.
    pub token: String,
    /// What was typed, as text.
    pub command: String,
    /// Who typed it.
    pub by: Person,
    /// When.
    pub at: Timestamp,
}

/// What came in and must not be forgotten, nor handled twice.
#[async_trait]
pub trait Inbox: Send + Sync {
    /// Records interactions before they are acknowledged. Those recorded before are left alone.
    ///
    /// # Errors
    /// [`StoreError`] when they could not be recorded.
    async fn asked(&self, interactions: Vec<Asked>) -> Result<(), StoreError>;
    /// Records that an interaction has its answer, and forgets the token.
    ///
    /// # Errors
    /// [`StoreError`] when that could not be recorded.
    async fn answered(&self, id: InteractionId) -> Result<(), StoreError>;
    /// Interactions since a time that have no answer yet.
    ///
    /// # Errors
    /// [`StoreError`] when they could not be read.
    async fn unanswered(&self, since: Timestamp) -> Result<Vec<Asked>, StoreError>;
    /// Records a webhook delivery together with what it asks for. `false`: it was recorded before.
    ///
    /// # Errors
    /// [`StoreError`] when nothing was recorded, so that the sender may try again.
    async fn delivered(&self, guid: &str, at: Timestamp, effects: Vec<Due>) -> Result<bool, StoreError>;
}

// ---------------------------------------------------------------------------------------- forge

/// Where a ref points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// At this commit; a workflow can be started on it.
    Ref(CommitSha),
    /// It is a commit itself.
    Commit(CommitSha),
    /// Nowhere.
    Nothing,
}

/// Why the forge could not be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForgeError {
    /// There is no such thing, or we may not see it.
    #[error("not found: {0}")]
    NotFound(String),
    /// The credentials are bad, expired or lack a permission.
    #[error("forbidden: {0}")]
    Forbidden(String),
    /// Too many requests.
    #[error("rate limited until {until}")]
    RateLimited {
        /// When it may be asked again.
        until: Timestamp,
    },
    /// It did not answer, or answered with a fault of its own.
    #[error("{0}")]
    Unavailable(String),
}

/// Which runs to list.
#[derive(Debug, Clone)]
pub struct RunQuery {
    /// Where.
    pub repository: RepositoryName,
    /// The workflow's file name.
    pub workflow: String,
    /// Only runs created at this time or later.
    pub since: Timestamp,
}

/// GitHub.
#[async_trait]
pub trait Forge: Send + Sync {
    /// The login that runs we start show as their actor, such as `octocat` or `signalbox[bot]`.
    ///
    /// # Errors
    /// [`ForgeError`] when that could not be asked.
    async fn login(&self) -> Result<String, ForgeError>;
    /// Where a ref points right now.
    ///
    /// # Errors
    /// [`ForgeError`] when that could not be asked.
    async fn resolve(&self, repository: &RepositoryName, name: &GitRef) -> Result<Resolved, ForgeError>;
    /// Branches and tags, for suggestions.
    ///
    /// # Errors
    /// [`ForgeError`] when that could not be asked.
    async fn refs(&self, repository: &RepositoryName) -> Result<Vec<String>, ForgeError>;
    /// Sends the one dispatch, once. Every way it can go is an answer.
    async fn dispatch(&self, order: &DispatchOrder) -> DispatchAnswer;
    /// Reads a run and the jobs of its latest attempt.
    ///
    /// # Errors
    /// [`ForgeError`] when that could not be asked.
    async fn run(&self, repository: &RepositoryName, run: RunId) -> Result<(Run, Vec<Job>), ForgeError>;
    /// Lists runs of a workflow, newest first.
    ///
    /// # Errors
    /// [`ForgeError`] when that could not be asked.
    async fn runs(&self, query: &RunQuery) -> Result<Vec<Run>, ForgeError>;
    /// Asks for a run to be stopped.
    ///
    /// # Errors
    /// [`ForgeError`] when that could not be asked.
    async fn cancel(&self, repository: &RepositoryName, run: RunId) -> Result<CancelAnswer, ForgeError>;
}

// ----------------------------------------------------------------------------------------- chat

/// Why the chat did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChatError {
    /// The message, channel or interaction is not there (any more).
    #[error("gone: {0}")]
    Gone(String),
    /// The bot lacks a permission there.
    #[error("forbidden: {0}")]
    Forbidden(String),
    /// The chat did not take what was sent; sending it again will not help.
    #[error("rejected: {0}")]
    Rejected(String),
    /// It did not answer, or asked to wait.
    #[error("unavailable: {0}")]
    Unavailable(String),
}

/// Discord, as far as it is spoken to. What is posted pings nobody.
#[async_trait]
pub trait Chat: Send + Sync {
    /// Posts a card. The same nonce (at most 25 characters) posts it once.
    ///
    /// # Errors
    /// [`ChatError`] when it is not known to stand there.
    async fn post(&self, channel: ChannelId, card: &Card, nonce: &str) -> Result<MessageRef, ChatError>;
    /// Edits a card.
    ///
    /// # Errors
    /// [`ChatError::Gone`] when somebody deleted it.
    async fn edit(&self, at: MessageRef, card: &Card) -> Result<(), ChatError>;
    /// Opens the thread under a message, or answers with the one that is there.
    ///
    /// # Errors
    /// [`ChatError`] when there is none.
    async fn open_thread(&self, under: MessageRef, name: &str) -> Result<ChannelId, ChatError>;
    /// Says a line in a channel or thread. The same nonce says it once.
    ///
    /// # Errors
    /// [`ChatError`] when it is not known to stand there.
    async fn say(&self, channel: ChannelId, text: &str, nonce: &str) -> Result<(), ChatError>;
    /// Gives an acknowledged interaction its answer.
    ///
    /// # Errors
    /// [`ChatError::Gone`] when its fifteen minutes are over.
    async fn answer(&self, token: &str, text: &str) -> Result<(), ChatError>;
    /// Who reacted with an emoji and holds one of the roles now; bots are left out.
    ///
    /// # Errors
    /// [`ChatError`] when that could not be read whole.
    async fn signers(&self, at: MessageRef, emoji: &str, roles: &[Role]) -> Result<Vec<Person>, ChatError>;
}

// ------------------------------------------------------------------------------- truth and probes

/// One schema of a tenant database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// Its name; any text PostgreSQL allows.
    pub name: String,
    /// How many tables it has.
    pub tables: u32,
    /// What its own ledger says.
    pub ledger: Ledger,
}

/// What a schema's `django_migrations` says against the fleet's target set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ledger {
    /// There is none.
    None,
    /// There is one, and it could not be read.
    Unreadable(String),
    /// It has every migration of the target set.
    Complete,
    /// It lacks some.
    Lacks {
        /// How many.
        count: u32,
        /// The first of them, as `app.name`.
        first: String,
    },
}

/// What the tenant database says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fleet {
    /// All schemas but PostgreSQL's own.
    pub schemas: Vec<Schema>,
    /// How many migrations the target set (public's ledger) has; `None` where public has no ledger.
    pub target: Option<u32>,
}

/// A tenant database.
#[async_trait]
pub trait TenantDb: Send + Sync {
    /// Reads the fleet in one short read-only snapshot.
    ///
    /// # Errors
    /// A sentence that says why not; never with a password in it.
    async fn fleet(&self, environment: &Environment) -> Result<Fleet, String>;
}

/// The running application.
#[async_trait]
pub trait Probe: Send + Sync {
    /// Asks one question. An outage is an answer.
    async fn ask(&self, check: &HealthCheck, commit: &CommitSha) -> Finding;
}
