//! What the standing watch keeps: when it looks next, and what it saw last.

use async_trait::async_trait;
use jiff::Timestamp;

use super::StoreError;
use crate::schedule::{Ran, Standing};

/// A schedule as it is to be planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Its name.
    pub name: String,
    /// What it fires by.
    pub spec: String,
    /// Its first firing, where it is new or fires by something else than before.
    pub due: Timestamp,
}

/// A firing that this process may carry out until its lease ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Firing {
    /// Of which schedule.
    pub name: String,
    /// For when it was planned.
    pub due: Timestamp,
    /// Which claim it was: who claims it later has another one.
    pub claim: i64,
}

/// Schedules as rows. The database decides who carries a firing out.
#[async_trait]
pub trait Schedules: Send + Sync {
    /// Plans schedules. One that is planned already stays due when it was, so that what was missed is made up for;
    /// one that is not among them any more is removed.
    ///
    /// # Errors
    /// [`StoreError`] when nothing was recorded.
    async fn plan(&self, schedules: &[Planned]) -> Result<(), StoreError>;
    /// All of them, by name.
    ///
    /// # Errors
    /// [`StoreError`] when they could not be read.
    async fn schedules(&self) -> Result<Vec<Standing>, StoreError>;
    /// Takes the firings that are due and not leased, and leases them until `until`.
    ///
    /// # Errors
    /// [`StoreError`] when none could be taken.
    async fn claim_firings(&self, now: Timestamp, until: Timestamp) -> Result<Vec<Firing>, StoreError>;
    /// Extends a lease. `false`: it had ended, and somebody else has taken the firing.
    ///
    /// # Errors
    /// [`StoreError`] when that could not be recorded; the lease then ends when it was to.
    async fn renew(&self, firing: &Firing, until: Timestamp) -> Result<bool, StoreError>;
    /// Records what came of a firing, and when the next one is due. `false`: somebody else had taken it over.
    ///
    /// # Errors
    /// [`StoreError`] when nothing was recorded; the lease then ends by itself.
    async fn ran(&self, firing: &Firing, ran: &Ran, next: Timestamp) -> Result<bool, StoreError>;
    /// Gives a firing back that was not carried out: it is due at once.
    ///
    /// # Errors
    /// [`StoreError`] when that could not be recorded; the lease then ends by itself.
    async fn give_back(&self, firing: &Firing) -> Result<(), StoreError>;
}

/// What was seen last of things that are looked at again and again: news is what differs from it.
#[async_trait]
pub trait Observations: Send + Sync {
    /// What was seen of a subject, such as `health:uat`, and when.
    ///
    /// # Errors
    /// [`StoreError`] when that could not be read.
    async fn observed(&self, subject: &str) -> Result<Option<(String, Timestamp)>, StoreError>;
    /// What was seen of several subjects: those that were seen before, each with its document, in no order.
    ///
    /// # Errors
    /// [`StoreError`] when that could not be read.
    async fn all_observed(&self, subjects: &[String]) -> Result<Vec<(String, String)>, StoreError>;
    /// Replaces it; `document` is JSON.
    ///
    /// # Errors
    /// [`StoreError`] when nothing was recorded.
    async fn observe(&self, subject: &str, document: &str, at: Timestamp) -> Result<(), StoreError>;
}
