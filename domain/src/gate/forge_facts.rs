//! What GitHub knows of a release, as far as checks ask.

use std::collections::{BTreeMap, BTreeSet};

use super::{Names, Reference};
use crate::{deployment::Deployment, ids::EnvironmentName};

/// The environment before.
#[derive(Debug, Clone, Default)]
pub struct Previous {
    /// The latest deployments to it, newest first.
    pub latest: Vec<Deployment>,
    /// Whether the commit that is [live](super::live) there contains the one that is judged; `None` where it is the
    /// same, or was not asked.
    pub contains: Option<bool>,
}

/// The names of an environment's secrets and variables beside those of the next ones.
#[derive(Debug, Clone, Default)]
pub struct Parity {
    /// Its own.
    pub here: Names,
    /// Those of each environment that comes after it.
    pub next: BTreeMap<EnvironmentName, Names>,
}

/// What a workflow names, and what there is.
#[derive(Debug, Clone, Default)]
pub struct References {
    /// What the workflow and those that it calls name.
    pub wanted: BTreeSet<Reference>,
    /// What they use without naming it; plain text.
    pub unclear: BTreeSet<String>,
    /// What the repository has, and the organisation shows it.
    pub shared: Names,
    /// What GitHub's environments have, by their names in lower case.
    pub environments: BTreeMap<String, Names>,
    /// The environment that stands for one that is computed, as in `environments`.
    pub ours: Option<String>,
}

/// Checks of a commit that a branch requires, and those that have reported.
#[derive(Debug, Clone, Default)]
pub struct CommitChecks {
    /// What the protection and the rules of the branch require.
    pub required: BTreeSet<RequiredCheck>,
    /// What was reported, by name: the latest of each app, statuses without one.
    pub reported: Vec<ReportedCheck>,
}

/// A check that a branch requires.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequiredCheck {
    /// Its name.
    pub context: String,
    /// The App that must report it; anybody when `None`.
    pub app: Option<u64>,
}

/// A check run or status of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedCheck {
    /// Its name.
    pub context: String,
    /// The App that reported it; a status does not say.
    pub app: Option<u64>,
    /// How it stands.
    pub state: CheckState,
}

/// How a check run or status stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckState {
    /// Green, as GitHub counts: success, neutral or skipped.
    Green,
    /// Not ended; GitHub's word for it.
    Running(String),
    /// Anything else; GitHub's word for it.
    Red(String),
}

/// A pull request that brought a commit, or would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// Its number.
    pub number: u64,
    /// Whether it was merged; open when not.
    pub merged: bool,
    /// Logins of those whose last word on its head is yes, its author left out.
    pub approved: BTreeSet<String>,
    /// Logins of those whose last word is yes, but on an earlier commit.
    pub approved_before: BTreeSet<String>,
    /// Logins of those whose last word asks for changes.
    pub wants_changes: BTreeSet<String>,
}
