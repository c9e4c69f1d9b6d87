//! What is known of the world when a gate is judged, each with the time it was read.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{CommitChecks, Fingerprint, Line, Lock, Parity, Previous, PullRequest, References, SignOff};
use crate::{alert::Record, evidence::Finding, fleet::Reading, ids::PersonId, promotion::Pull};

/// What was read, when, or why it could not be.
#[derive(Debug, Clone)]
pub struct Read<T> {
    /// When it was asked for.
    pub at: Timestamp,
    /// What was found. The sentence says why nothing was; plain text without secrets.
    pub found: Result<T, String>,
}

/// A secret of an environment at GitHub; values can never be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// Its name.
    pub name: String,
    /// When it was last set.
    pub updated_at: Option<Timestamp>,
}

/// Somebody whose signature does not count for this commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Barred {
    /// Who.
    pub person: PersonId,
    /// Why, as the end of "does not count: …"; plain text.
    pub why: String,
}

/// Whose roles a reading of the reactions has looked up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Looked {
    /// Whose roles were read for this judgement. What is known of the others may be older.
    pub up: BTreeSet<PersonId>,
    /// Who reacts with the veto, entitled or not.
    pub vetoing: BTreeSet<PersonId>,
}

/// What is known when a gate is judged. What no rule asks for may be left out.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Now.
    pub now: Timestamp,
    /// Locks that were set and not lifted.
    pub locks: Result<Vec<Lock>, String>,
    /// The environment before this one.
    pub previous: Option<Read<Previous>>,
    /// Names of secrets and variables here and in the environments after this one.
    pub parity: Option<Read<Parity>>,
    /// What the workflow names.
    pub references: Option<Read<References>>,
    /// Checks of the commit.
    pub commit_checks: Option<Read<CommitChecks>>,
    /// Pull requests that brought the commit, or would.
    pub pull_requests: Option<Read<Vec<PullRequest>>>,
    /// The pull request that is to be merged.
    pub pull: Option<Read<Pull>>,
    /// Secrets of the environment at GitHub.
    pub secrets: Option<Read<Vec<Secret>>>,
    /// The fleet of the environment.
    pub fleet: Option<Read<Reading>>,
    /// Answers of the application.
    pub health: Option<Read<Vec<Finding>>>,
    /// Open alerts.
    pub alerts: Option<Read<Vec<Record>>>,
    /// When all reactions were read, which the deployment's sign-offs are made of.
    pub reactions: Option<Read<Looked>>,
    /// What would be signed right now.
    pub fingerprint: Result<Fingerprint, String>,
    /// Whose signatures do not count; or why nobody can tell, so that no signature does.
    pub barred: Result<Vec<Barred>, String>,
    /// Signatures that nobody gave, to see what they would change. With any, or none but said so, nothing is cleared.
    pub pretended: Option<Vec<SignOff>>,
    /// What the checks of the world said then, where a gate is judged over the past: nothing else is asked.
    pub then: Option<Vec<Line>>,
}

impl Facts {
    /// Nothing is known but the time and that nothing is locked.
    #[must_use]
    pub fn unlocked(now: Timestamp, fingerprint: Fingerprint) -> Self {
        Self {
            now,
            locks: Ok(vec![]),
            previous: None,
            parity: None,
            references: None,
            commit_checks: None,
            pull_requests: None,
            pull: None,
            secrets: None,
            fleet: None,
            health: None,
            alerts: None,
            reactions: None,
            fingerprint: Ok(fingerprint),
            barred: Ok(vec![]),
            pretended: None,
            then: None,
        }
    }
}
