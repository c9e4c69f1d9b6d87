//! Incidents as they are kept.

use async_trait::async_trait;

use super::StoreError;
use crate::{
    effect::{Due, Entry},
    incident::Incident,
};

/// Incidents. Each change is committed with its audit line and what follows, or not at all.
#[async_trait]
pub trait Incidents: Send + Sync {
    /// All that are not closed, oldest first, and after them the latest closed ones, at most so many.
    ///
    /// # Errors
    /// [`StoreError`] when they could not be read.
    async fn incidents(&self, closed: u32) -> Result<Vec<Incident>, StoreError>;
    /// Records one as it is now; one of number 0 is new, and its audit line is given the number. Answers with it as it
    /// is stored. `plan` says what follows, once the number is known.
    ///
    /// # Errors
    /// [`StoreError::Overtaken`] when somebody else was faster; otherwise nothing was recorded either.
    async fn record_incident(
        &self,
        incident: Incident,
        entry: Entry,
        plan: &(dyn for<'i> Fn(&'i Incident) -> Vec<Due> + Send + Sync),
    ) -> Result<Incident, StoreError>;
}
