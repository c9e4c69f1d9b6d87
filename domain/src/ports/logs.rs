//! Logs of jobs, as GitHub keeps them.

use async_trait::async_trait;

use super::ForgeError;
use crate::{ids::RepositoryName, log::Reader};

/// Logs of jobs.
#[async_trait]
pub trait Logs: Send + Sync {
    /// Streams the log of a job that is over into a reader. What is kept no longer,
    /// breaks off on the way, or is too long, is told to the reader and no error.
    ///
    /// # Errors
    /// [`ForgeError`] when there is no log, not yet or not any more, or it could not be asked for; the reader has then
    /// heard nothing.
    async fn job_log(&self, repository: &RepositoryName, job: u64, reader: &mut Reader) -> Result<(), ForgeError>;
}
