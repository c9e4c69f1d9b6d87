//! GitHub.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{
    deployment::DispatchOrder,
    event::{CancelAnswer, DispatchAnswer},
    gate::Secret,
    git_ref::GitRef,
    ids::{CommitSha, RepositoryName, RunId},
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

/// What a release is made of besides its commit, as GitHub keeps it.
#[async_trait]
pub trait Sources: Send + Sync {
    /// Names and ages of the secrets of one of GitHub's environments.
    ///
    /// # Errors
    /// [`ForgeError`] when they could not be listed.
    async fn secrets(&self, repository: &RepositoryName, environment: &str) -> Result<Vec<Secret>, ForgeError>;
    /// A hash of the content of a workflow's file at a commit.
    ///
    /// # Errors
    /// [`ForgeError`] when that could not be asked; `NotFound` when the file is not there.
    async fn workflow_hash(
        &self,
        repository: &RepositoryName,
        workflow: &str,
        commit: &CommitSha,
    ) -> Result<String, ForgeError>;
}
