//! Addresses that are told of events over HTTP.

use async_trait::async_trait;
use jiff::Timestamp;

/// An event for an address.
#[derive(Debug, Clone, Copy)]
pub struct Parcel<'a> {
    /// Which address, by its name.
    pub hook: &'a str,
    /// The event's name; the same at each attempt.
    pub id: &'a str,
    /// What is told, as JSON.
    pub body: &'a str,
    /// When it is sent, which is signed with it.
    pub at: Timestamp,
}

/// Why an address did not take an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{says}")]
pub struct NotTaken {
    /// Why; plain text without the address, which may hold a secret.
    pub says: String,
    /// Whether somebody must do something about it: it will not heal by itself.
    pub is_lasting: bool,
}

/// Addresses that are told of events over HTTP.
#[async_trait]
pub trait Courier: Send + Sync {
    /// Tells an address of an event, once. Redirects are answers like any other, and not followed.
    ///
    /// # Errors
    /// [`NotTaken`], unless the address said that it has it.
    async fn post(&self, parcel: Parcel<'_>) -> Result<(), NotTaken>;
}
