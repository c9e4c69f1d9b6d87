//! The states that a deployment goes through.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    evidence::Evidence,
    gate::Verdict,
    ids::{CommitSha, Person, RunId},
    notice::Kind,
    refusal::Refusal,
};

/// Why we don't know which run is ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Lost {
    /// GitHub took the dispatch and named no run.
    NoRunId,
    /// The answer to the dispatch never came, or said nothing certain: it may or may not have started.
    NoAnswer {
        /// What happened instead.
        why: String,
    },
    /// More than one run could be ours.
    Ambiguous {
        /// They.
        candidates: Vec<RunId>,
    },
}

/// How far a deployment is. Each state owns what only it needs to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// Its gate is closed; it leaves by itself when the gate opens.
    Waiting {
        /// Since when.
        since: Timestamp,
        /// When it is given up.
        until: Timestamp,
        /// What the gate last said; `None` until it was asked.
        verdict: Option<Verdict>,
    },
    /// About to be sent to GitHub, or on its way (`sent`). Once sent it is never sent again by itself.
    Dispatching {
        /// When the one request was let go.
        sent: Option<Timestamp>,
        /// GitHub asked to wait, or was not reached at all: not before this time.
        not_before: Option<Timestamp>,
        /// How often it was certain that nothing had been started.
        tries: u32,
    },
    /// Sent, and no run is known to be ours. Holds the environment until a run is found or a person decides.
    Unknown {
        /// When it was sent.
        since: Timestamp,
        /// Why.
        why: Lost,
        /// Until when the run is looked for.
        search_until: Timestamp,
    },
    /// The pull request is merged; the run that its push starts is waited for.
    Merged {
        /// When that was heard.
        since: Timestamp,
        /// Until when the run is looked for.
        search_until: Timestamp,
    },
    /// GitHub has the run; no job is at work.
    Queued,
    /// Jobs are at work.
    Running,
    /// The run is green; the world is being asked.
    Verifying {
        /// When the run ended.
        since: Timestamp,
        /// What was found so far.
        evidence: Option<Evidence>,
    },
    /// Green, and the evidence says yes.
    Succeeded {
        /// When.
        at: Timestamp,
        /// The evidence.
        evidence: Evidence,
    },
    /// Green, and the evidence says no.
    Untrue {
        /// When.
        at: Timestamp,
        /// The evidence.
        evidence: Evidence,
    },
    /// Green, and the world could not be asked.
    Unverified {
        /// When.
        at: Timestamp,
        /// The evidence.
        evidence: Evidence,
    },
    /// The run failed.
    Failed {
        /// When.
        at: Timestamp,
        /// One sentence; plain text.
        reason: String,
    },
    /// Somebody or something cancelled it.
    Cancelled {
        /// When.
        at: Timestamp,
        /// One sentence; plain text.
        reason: String,
    },
    /// GitHub ended the run for taking too long.
    TimedOut {
        /// When.
        at: Timestamp,
    },
    /// Its gate stayed closed for too long; never started.
    Expired {
        /// When.
        at: Timestamp,
        /// What the gate last said.
        verdict: Option<Verdict>,
    },
    /// Never started.
    Refused {
        /// When.
        at: Timestamp,
        /// Why.
        refusal: Refusal,
    },
}

impl State {
    /// Whether nothing more will happen by itself.
    #[must_use]
    pub fn is_over(&self) -> bool {
        !matches!(
            self,
            Self::Waiting { .. }
                | Self::Dispatching { .. }
                | Self::Unknown { .. }
                | Self::Merged { .. }
                | Self::Queued
                | Self::Running
                | Self::Verifying { .. }
        )
    }

    /// What whoever wants to hear of it hears when it ends so.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Failed { .. } | Self::TimedOut { .. } => Kind::Failed,
            Self::Untrue { .. } => Kind::Untrue,
            _ => Kind::Finished,
        }
    }

    /// One word for lists, logs and the database.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Waiting { .. } => "waiting",
            Self::Dispatching { .. } => "dispatching",
            Self::Unknown { .. } => "unknown",
            Self::Merged { .. } => "merged",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Verifying { .. } => "verifying",
            Self::Succeeded { .. } => "succeeded",
            Self::Untrue { .. } => "untrue",
            Self::Unverified { .. } => "unverified",
            Self::Failed { .. } => "failed",
            Self::Cancelled { .. } => "cancelled",
            Self::TimedOut { .. } => "timed out",
            Self::Expired { .. } => "expired",
            Self::Refused { .. } => "refused",
        }
    }

    /// When it ended, if it has.
    #[must_use]
    pub fn ended_at(&self) -> Option<Timestamp> {
        match self {
            Self::Succeeded { at, .. }
            | Self::Untrue { at, .. }
            | Self::Unverified { at, .. }
            | Self::Failed { at, .. }
            | Self::Cancelled { at, .. }
            | Self::TimedOut { at }
            | Self::Expired { at, .. }
            | Self::Refused { at, .. } => Some(*at),
            _ => None,
        }
    }
}

/// Why a run was asked to stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CancelCause {
    /// A person asked.
    Asked {
        /// Who.
        by: Person,
    },
    /// The run took another commit than the one that was asked for.
    RefMoved {
        /// The commit it took.
        to: CommitSha,
    },
}
