//! GitHub.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{
    deployment::DispatchOrder,
    event::{CancelAnswer, DispatchAnswer},
    gate::{CommitChecks, Names, PullRequest, Secret, Workflow},
    git_ref::GitRef,
    hold::{RuleAnswer, RuleOutcome},
    ids::{CommitSha, RepositoryName, RunId},
    pulse::Budget,
    run::{Job, Run},
};

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

/// A webhook that GitHub could not deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undelivered {
    /// The attempt's number at GitHub.
    pub id: u64,
    /// The delivery's own name; attempts to repeat it have the same.
    pub guid: String,
}

/// Webhooks that did not arrive.
#[async_trait]
pub trait Deliveries: Send + Sync {
    /// Those about runs since a time, as far as GitHub tells; some may have arrived at another attempt.
    ///
    /// # Errors
    /// [`ForgeError`] when that could not be asked.
    async fn undelivered(&self, since: Timestamp) -> Result<Vec<Undelivered>, ForgeError>;
    /// The run that one of them tells of.
    ///
    /// # Errors
    /// [`ForgeError`] when that could not be asked.
    async fn told_of(&self, delivery: u64) -> Result<Option<(RepositoryName, RunId)>, ForgeError>;
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
    /// What it said last of how much it still takes; `None` before its first answer.
    fn budget(&self) -> Option<Budget>;
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

/// Whose names of secrets and variables are read.
#[derive(Debug, Clone, Copy)]
pub enum Scope<'a> {
    /// The repository's own.
    Repository,
    /// The organisation's, as far as the repository sees them.
    Organisation,
    /// One of GitHub's environments.
    Environment(&'a str),
}

/// What a release is made of besides its commit, as GitHub keeps it.
#[async_trait]
pub trait Sources: Send + Sync {
    /// Names and ages of the secrets of one of GitHub's environments.
    ///
    /// # Errors
    /// [`ForgeError`] when they could not be listed.
    async fn secrets(&self, repository: &RepositoryName, environment: &str) -> Result<Vec<Secret>, ForgeError>;
    /// Logins of those who wrote or committed what `head` has and `base` has not; without a base, or when there is
    /// nothing between, of `head` itself. A commit whose author GitHub does not know has none.
    ///
    /// # Errors
    /// [`ForgeError`] when that could not be asked, or there are more commits than are looked at.
    async fn authors(
        &self,
        repository: &RepositoryName,
        base: Option<&CommitSha>,
        head: &CommitSha,
    ) -> Result<Vec<String>, ForgeError>;
    /// A workflow as it is at a commit, with the reusable workflows that it calls.
    ///
    /// # Errors
    /// [`ForgeError`] when its file, or one of the same repository that it calls, could not be read; `NotFound` when
    /// the file is not there. What it calls from elsewhere may be unreadable: that is an answer.
    async fn workflow(
        &self,
        repository: &RepositoryName,
        workflow: &str,
        commit: &CommitSha,
    ) -> Result<Workflow, ForgeError>;
    /// Whether `head` has `commit` among its ancestors, or is it.
    ///
    /// # Errors
    /// [`ForgeError`] when that could not be asked.
    async fn contains(
        &self,
        repository: &RepositoryName,
        commit: &CommitSha,
        head: &CommitSha,
    ) -> Result<bool, ForgeError>;
    /// Names of secrets and variables.
    ///
    /// # Errors
    /// [`ForgeError`] when they could not be listed; `NotFound` where there is no such environment or organisation.
    async fn names(&self, repository: &RepositoryName, scope: Scope<'_>) -> Result<Names, ForgeError>;
    /// What a branch requires to be green, and what was reported of a commit. Of a tag nothing is required.
    ///
    /// # Errors
    /// [`ForgeError`] when either could not be read whole.
    async fn commit_checks(
        &self,
        repository: &RepositoryName,
        git_ref: &GitRef,
        commit: &CommitSha,
    ) -> Result<CommitChecks, ForgeError>;
    /// Open and merged pull requests whose head or merge is this commit.
    ///
    /// # Errors
    /// [`ForgeError`] when they or their reviews could not be read.
    async fn pull_requests(
        &self,
        repository: &RepositoryName,
        commit: &CommitSha,
    ) -> Result<Vec<PullRequest>, ForgeError>;
}

/// GitHub's custom deployment protection rules, as the App that they ask.
#[async_trait]
pub trait Rules: Send + Sync {
    /// The environments at GitHub for which jobs of a run wait, and whose rule asks us. None at all without an App.
    ///
    /// # Errors
    /// [`ForgeError`] when that could not be asked.
    async fn asking(&self, repository: &RepositoryName, run: RunId) -> Result<Vec<String>, ForgeError>;
    /// Runs of a repository that wait for anybody's answer. None at all without an App.
    ///
    /// # Errors
    /// [`ForgeError`] when they could not be listed.
    async fn waiting(&self, repository: &RepositoryName) -> Result<Vec<RunId>, ForgeError>;
    /// Tells a rule, once. Every way it can go is an outcome.
    async fn tell(&self, answer: &RuleAnswer) -> RuleOutcome;
}
