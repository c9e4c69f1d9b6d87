//! How migrations went, kept for those that come.

use async_trait::async_trait;
use jiff::Timestamp;

use super::StoreError;
use crate::{
    environment::Environment,
    history::{Blame, Lap, MigrationJob, Window},
    ids::EnvironmentName,
    truth::Precedent,
};

/// Which laps to read.
#[derive(Debug, Clone)]
pub enum Laps {
    /// Those of an environment, in jobs that began at this time or later.
    Of(EnvironmentName, Timestamp),
    /// Those of these migrations (`app.name`), wherever they were applied.
    Named(Vec<String>),
}

/// Migration jobs that have ended, and what the ledgers told of them.
#[async_trait]
pub trait History: Send + Sync {
    /// Records how a migration job went; of one that is known already only how it ended. `true`: what the ledgers
    /// tell of it is not recorded yet.
    ///
    /// # Errors
    /// [`StoreError`] when nothing was recorded.
    async fn ended(&self, job: &MigrationJob) -> Result<bool, StoreError>;
    /// Records, once, how many tenants a known job changed, how many side by side, and how long their migrations took.
    /// The laps of all but the latest jobs of its environment are forgotten.
    ///
    /// # Errors
    /// [`StoreError`] when nothing was recorded.
    async fn learned(&self, job: &MigrationJob, laps: &[Lap]) -> Result<(), StoreError>;
    /// The jobs of an environment that began at this time or later, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when they could not be read.
    async fn jobs(&self, environment: &EnvironmentName, since: Timestamp) -> Result<Vec<MigrationJob>, StoreError>;
    /// Laps, those of older jobs first.
    ///
    /// # Errors
    /// [`StoreError`] when they could not be read.
    async fn laps(&self, which: Laps) -> Result<Vec<Lap>, StoreError>;
}

/// Structures of tenant databases as they were.
#[async_trait]
pub trait Archive: Send + Sync {
    /// Reads an environment's tenant database and keeps its structure.
    ///
    /// # Errors
    /// A sentence that says why not; never with a password in it.
    async fn keep(&self, environment: &Environment) -> Result<(), String>;
    /// Looks through what was kept for when an object became what it is; it is named by its schema, a dot and its
    /// own name, as in `acme.orders.total`.
    ///
    /// # Errors
    /// A sentence that says why not.
    async fn blame(&self, environment: &Environment, sought: &str) -> Result<Blame, String>;
    /// Holds what a job made in most tenants of one environment, in a window, against what tenants have `here`.
    /// `None` where it made nothing, or no structure was kept before and after.
    ///
    /// # Errors
    /// A sentence that says why not; never with a password in it.
    async fn precedent(
        &self,
        environment: &Environment,
        window: Window,
        here: &Environment,
    ) -> Result<Option<Precedent>, String>;
}
