//! What must outlive the process: deployments, effects, and what came in.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::{
    alert::{Followed, Record},
    audit::{Head, Row},
    deployment::Deployment,
    effect::{Due, Effect, Entry},
    gate::{Lock, Reach},
    ids::{AlertId, DeploymentId, EnvironmentName, InteractionId, MessageRef, Person, PersonId, RepositoryName, RunId},
    link::Link,
    notice::Subscription,
};

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
    /// All that somebody wanted past their gate, newest first.
    Glass,
    /// All that are not over, oldest first.
    Active,
    /// The latest of each of these environments, newest first.
    Latest(Vec<EnvironmentName>, u32),
    /// The latest of all environments, newest first.
    Recent(u32),
    /// All that were asked for since a time, or had not ended then, oldest first.
    Since(Timestamp),
}

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else changed the deployment since it was read: read it again and decide again.
    #[error("deployment {0} was changed by somebody else")]
    Conflict(DeploymentId),
    /// Somebody else changed it since it was read: read it again and decide again.
    #[error("somebody else was faster")]
    Overtaken,
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
    /// All that are not over, oldest first, each read for itself: one that cannot be read hides none of the others.
    ///
    /// # Errors
    /// [`StoreError`] when none could be read.
    async fn active(&self) -> Result<Vec<Result<Deployment, StoreError>>, StoreError>;
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

/// Which rows of the audit trail to read; always in their order.
#[derive(Debug, Clone)]
pub enum Rows {
    /// Those after this number, at most so many.
    After(i64, u32),
    /// Those about this subject.
    About(String),
    /// The first after this number that tells of a head that was posted outside.
    Anchored(i64),
    /// From the first that is not before a time to the last before another one, with all between.
    Between(Timestamp, Timestamp),
}

/// The audit trail as the chain that it is.
#[async_trait]
pub trait Trail: Send + Sync {
    /// The last row.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be read.
    async fn head(&self) -> Result<Head, StoreError>;
    /// Reads rows as they are; whether they are whole is not looked at.
    ///
    /// # Errors
    /// [`StoreError`] when they could not be read.
    async fn rows(&self, which: Rows) -> Result<Vec<Row>, StoreError>;
    /// A deployment's [record](crate::audit::record()) as it is stored.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be read.
    async fn record(&self, id: DeploymentId) -> Result<Option<Map<String, Value>>, StoreError>;
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
    /// Records interactions before they are acknowledged. What was recorded before is left alone.
    ///
    /// # Errors
    /// [`StoreError`] when not all of them could be recorded.
    async fn asked(&self, interactions: Vec<Asked>) -> Result<(), StoreError>;
    /// Records that interactions have their answer: their tokens are forgotten. So is what is old.
    ///
    /// # Errors
    /// [`StoreError`] when not all of that could be recorded.
    async fn answered(&self, interactions: Vec<InteractionId>) -> Result<(), StoreError>;
    /// Interactions since a time that have no answer yet.
    ///
    /// # Errors
    /// [`StoreError`] when they could not be read.
    async fn unanswered(&self, since: Timestamp) -> Result<Vec<Asked>, StoreError>;
    /// Which of these webhook deliveries were recorded before.
    ///
    /// # Errors
    /// [`StoreError`] when that could not be read.
    async fn known(&self, guids: &[String]) -> Result<Vec<String>, StoreError>;
    /// Records a webhook delivery together with what it asks for. `false`: it was recorded before.
    ///
    /// # Errors
    /// [`StoreError`] when nothing was recorded, so that the sender may try again.
    async fn delivered(&self, guid: &str, at: Timestamp, effects: Vec<Due>) -> Result<bool, StoreError>;
}

/// Locks on environments. Each change is committed with its audit line, or not at all.
#[async_trait]
pub trait Locks: Send + Sync {
    /// Locks that were set and not lifted, and have not ended by themselves, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when they could not be read; whoever asks must then take everything for locked.
    async fn locks(&self, now: Timestamp) -> Result<Vec<Lock>, StoreError>;
    /// Sets a lock. `Some`: another one of the same reach was there already, and nothing was recorded.
    ///
    /// # Errors
    /// [`StoreError`] when nothing was recorded.
    async fn lock(&self, lock: Lock, entry: Entry) -> Result<Option<Lock>, StoreError>;
    /// Lifts a lock and answers with it. `None`: there was none, and nothing was recorded.
    ///
    /// # Errors
    /// [`StoreError`] when nothing was recorded.
    async fn unlock(&self, reach: &Reach, by: &Person, entry: Entry) -> Result<Option<Lock>, StoreError>;
}

/// Which alerts to read.
#[derive(Debug, Clone)]
pub enum WhichAlerts {
    /// The one of this number.
    Id(AlertId),
    /// The latest of this key.
    Key(String),
    /// The one whose message this is.
    Message(MessageRef),
    /// All whose condition holds, the gravest first, then the oldest.
    Open,
    /// All whose condition held at some time since, the gravest first.
    Since(Timestamp),
}

/// Alerts. There is at most one open one for each key, and the database sees to it.
#[async_trait]
pub trait Alerts: Send + Sync {
    /// Reads alerts.
    ///
    /// # Errors
    /// [`StoreError`] when they could not be read.
    async fn alerts(&self, which: WhichAlerts) -> Result<Vec<Record>, StoreError>;
    /// All whose condition holds, oldest first, each read for itself: one that cannot be read hides none of the others.
    ///
    /// # Errors
    /// [`StoreError`] when none could be read.
    async fn open_alerts(&self) -> Result<Vec<Result<Record, StoreError>>, StoreError>;
    /// Records what follows for an alert, all of it or nothing; one of number 0 is new. Answers with it as it is stored.
    ///
    /// # Errors
    /// [`StoreError::Overtaken`] when somebody else was faster; otherwise nothing was recorded either.
    async fn record_alert(&self, followed: Followed) -> Result<Record, StoreError>;
}

/// Who wants to hear of what in direct messages. Each change a person makes is committed with its audit line.
#[async_trait]
pub trait Subscriptions: Send + Sync {
    /// All of them, paused ones included.
    ///
    /// # Errors
    /// [`StoreError`] when they could not be read.
    async fn subscriptions(&self) -> Result<Vec<Subscription>, StoreError>;
    /// Records one; an earlier one of the same person and reach is replaced.
    ///
    /// # Errors
    /// [`StoreError`] when nothing was recorded.
    async fn subscribe(&self, subscription: &Subscription, entry: Entry) -> Result<(), StoreError>;
    /// Removes a person's subscription to an environment, or all they have. `false`: there was none.
    ///
    /// # Errors
    /// [`StoreError`] when nothing was recorded.
    async fn unsubscribe(
        &self,
        person: PersonId,
        environment: Option<&EnvironmentName>,
        entry: Entry,
    ) -> Result<bool, StoreError>;
    /// Records that a person cannot be written to. `false`: that was known, or they have no subscription.
    ///
    /// # Errors
    /// [`StoreError`] when nothing was recorded.
    async fn pause(&self, person: PersonId, at: Timestamp) -> Result<bool, StoreError>;
}

/// What became of a change to who is who.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Linked {
    /// It is recorded.
    Done,
    /// There was no such link to change.
    Nothing,
    /// The person has another confirmed login, or the login another person: that link.
    Taken(Link),
}

/// Who is who at GitHub. Each change is committed with its audit line, or not at all.
#[async_trait]
pub trait Links: Send + Sync {
    /// Links that were asked for and not removed, oldest first, confirmed or not.
    ///
    /// # Errors
    /// [`StoreError`] when they could not be read; whoever asks must then not take anybody for somebody else.
    async fn links(&self) -> Result<Vec<Link>, StoreError>;
    /// Records that somebody asks for a link. It replaces what they asked for before.
    ///
    /// # Errors
    /// [`StoreError`] when nothing was recorded.
    async fn ask(&self, link: &Link, entry: Entry) -> Result<Linked, StoreError>;
    /// Confirms exactly this person with exactly this login. The database decides who has a login.
    ///
    /// # Errors
    /// [`StoreError`] when nothing was recorded.
    async fn confirm(&self, link: &Link, by: &Person, entry: Entry) -> Result<Linked, StoreError>;
    /// Removes a person's link, confirmed or not.
    ///
    /// # Errors
    /// [`StoreError`] when nothing was recorded.
    async fn unlink(&self, person: PersonId, by: &Person, entry: Entry) -> Result<Linked, StoreError>;
}
