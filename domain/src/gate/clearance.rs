//! The proof that a gate was satisfied.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::SignOff;
use crate::{
    deployment::Deployment,
    ids::{CommitSha, DeploymentId},
};

/// Proof that the gate was satisfied for one deployment with the signatures that it had when it was judged. A
/// deployment whose signatures have changed since needs another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clearance {
    deployment: DeploymentId,
    sign_offs: Vec<SignOff>,
    commit: CommitSha,
    at: Timestamp,
    past: bool,
}

impl Clearance {
    /// Made by [`evaluate`](super::evaluate()) alone.
    pub(super) fn mint(deployment: &Deployment, at: Timestamp) -> Self {
        let (commit, sign_offs) = (deployment.commit.clone(), deployment.sign_offs.clone());
        Self { deployment: deployment.id, commit, sign_offs, at, past: false }
    }

    /// Made of a [`BreakGlass`](super::BreakGlass) that two people stand behind, by its own module alone.
    pub(super) fn past_the_gate(deployment: &Deployment, at: Timestamp) -> Self {
        Self { past: true, ..Self::mint(deployment, at) }
    }

    /// Whether two people vouch for it instead of the gate.
    #[must_use]
    pub fn is_past_the_gate(&self) -> bool {
        self.past
    }

    /// Whether it was given for this deployment as it is now: what else was recorded, such as where its card stands,
    /// is no concern of a gate.
    #[must_use]
    pub fn is_for(&self, deployment: &Deployment) -> bool {
        self.is_of(deployment) && self.sign_offs == deployment.sign_offs
    }

    /// Whether it was given for this deployment and its commit, whatever has been recorded since.
    #[must_use]
    pub fn is_of(&self, deployment: &Deployment) -> bool {
        self.deployment == deployment.id && self.commit == deployment.commit
    }

    /// When.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }
}

/// The record that a clearance was used: a gate was satisfied for one commit, and the deployment left. Made of a
/// [`Clearance`] alone, and read back from the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cleared {
    commit: CommitSha,
    at: Timestamp,
}

impl Cleared {
    pub(crate) fn by(clearance: &Clearance) -> Self {
        Self { commit: clearance.commit.clone(), at: clearance.at }
    }

    /// The same about the commit that the cleared one was merged as.
    pub(crate) fn merged_as(self, commit: &CommitSha) -> Self {
        Self { commit: commit.clone(), ..self }
    }

    /// Whether it is about this commit.
    #[must_use]
    pub fn is_of(&self, commit: &CommitSha) -> bool {
        self.commit == *commit
    }

    /// When the gate was found satisfied.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }
}
