//! An alert with its life so far.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Alert, Severity};
use crate::ids::{AlertId, ChannelId, MessageRef, Person};

/// Somebody has seen an alert and looks after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// Who.
    pub by: Person,
    /// When.
    pub at: Timestamp,
}

/// Somebody wants to hear nothing of an alert for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mute {
    /// Who.
    pub by: Person,
    /// Why; as typed.
    pub reason: String,
    /// Until when.
    pub until: Timestamp,
}

/// An alert with its life so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its number, given by the store; 0 until then.
    #[serde(skip, default = "unnumbered")]
    pub id: AlertId,
    /// The condition, as it was last described.
    pub alert: Alert,
    /// When it was opened, first.
    pub opened: Timestamp,
    /// Who looks after it, since it was last opened.
    pub acknowledged: Option<Acknowledgement>,
    /// When its condition cleared, if it has.
    pub resolved: Option<Timestamp>,
    /// How often it was opened again.
    #[serde(default)]
    pub reopened: u32,
    /// Who wants to hear nothing of it.
    pub mute: Option<Mute>,
    /// How often people were called.
    pub calls: u32,
    /// When they were last.
    pub called: Option<Timestamp>,
    /// The gravest that they were called for.
    #[serde(default)]
    pub called_for: Option<Severity>,
    /// When they shall be next, unless somebody acknowledges.
    pub next_call: Option<Timestamp>,
    /// Who was called last, since it was last opened: 0 for those who are asked first, 1 for the next ones.
    pub step: Option<u32>,
    /// Its message.
    pub message: Option<MessageRef>,
    /// The channel that its message was for, when that was not there any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strayed: Option<ChannelId>,
    /// How many messages were deleted before this one; each has its own nonce.
    #[serde(default)]
    pub messages_lost: u32,
    /// How often it was changed; the store uses it to notice a second writer.
    #[serde(skip)]
    pub revision: i64,
}

fn unnumbered() -> AlertId {
    AlertId(0)
}

impl Record {
    /// A condition that nobody knew of until now.
    #[must_use]
    pub(super) fn opened(alert: Alert, now: Timestamp) -> Self {
        Self {
            id: unnumbered(),
            alert,
            opened: now,
            acknowledged: None,
            resolved: None,
            reopened: 0,
            mute: None,
            calls: 0,
            called: None,
            called_for: None,
            next_call: Some(now),
            step: None,
            message: None,
            strayed: None,
            messages_lost: 0,
            revision: 0,
        }
    }

    /// Whether its condition still holds.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.resolved.is_none()
    }

    /// Whether its condition holds and nobody looks after it.
    #[must_use]
    pub fn is_unanswered(&self, now: Timestamp) -> bool {
        self.is_open() && self.acknowledged.is_none() && !self.is_muted(now)
    }

    /// Who is asked now: a step of the escalation.
    #[must_use]
    pub fn asks(&self) -> u32 {
        self.step.unwrap_or(0)
    }

    /// Whether somebody wants to hear nothing of it.
    #[must_use]
    pub fn is_muted(&self, now: Timestamp) -> bool {
        self.mute.as_ref().is_some_and(|mute| now < mute.until)
    }

    /// One word for lists and the database.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match (self.resolved, &self.acknowledged) {
            (Some(_), _) => "resolved",
            (None, Some(_)) => "acknowledged",
            (None, None) => "open",
        }
    }
}
