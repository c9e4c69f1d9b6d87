//! Pull requests, as far as promotions need them.

use async_trait::async_trait;

use super::ForgeError;
use crate::{
    git_ref::GitRef,
    ids::{CommitSha, RepositoryName},
    promotion::{Changes, MergeAnswer, MergeOrder, NewPull, Pull},
};

/// GitHub's pull requests.
#[async_trait]
pub trait Pulls: Send + Sync {
    /// What `head` has that `base` lacks.
    ///
    /// # Errors
    /// [`ForgeError`] when that could not be asked; `NotFound` when one of them is not there, or they have no history
    /// in common.
    async fn changes(
        &self,
        repository: &RepositoryName,
        base: &CommitSha,
        head: &CommitSha,
    ) -> Result<Changes, ForgeError>;
    /// The open pull request from one branch into another.
    ///
    /// # Errors
    /// [`ForgeError`] when that could not be asked.
    async fn between(
        &self,
        repository: &RepositoryName,
        from: &GitRef,
        into: &GitRef,
    ) -> Result<Option<Pull>, ForgeError>;
    /// Reads a pull request.
    ///
    /// # Errors
    /// [`ForgeError`] when that could not be asked.
    async fn pull(&self, repository: &RepositoryName, number: u64) -> Result<Pull, ForgeError>;
    /// Opens a pull request with its labels and reviewers. What could not be set of those is said beside it, since
    /// the pull request is there all the same.
    ///
    /// # Errors
    /// [`ForgeError`] when it is not known to be open; `NotFound` with GitHub's words when it does not take it.
    async fn open(&self, new: &NewPull) -> Result<(Pull, Vec<String>), ForgeError>;
    /// Gives a pull request another description.
    ///
    /// # Errors
    /// [`ForgeError`] when that is not known to have been done.
    async fn describe(&self, repository: &RepositoryName, number: u64, body: &str) -> Result<(), ForgeError>;
    /// Sends the one merge, once. Every way it can go is an answer.
    async fn merge(&self, order: &MergeOrder) -> MergeAnswer;
}
