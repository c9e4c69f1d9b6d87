//! A condition that somebody should know of, and its life: open, acknowledged, resolved, perhaps open again.
//!
//! Whoever finds that a condition holds emits [`Effect::Raise`](crate::effect::Effect::Raise), and
//! [`Effect::Clear`](crate::effect::Effect::Clear) once it does not. Both may be said as often as somebody looks: the
//! key tells whether it is news. Everything else, who is called, when, and how often, is decided [here](follow).

mod life;
mod record;
mod routing;
#[cfg(test)]
mod tests;
mod view;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::{
    life::{Event, Followed, follow},
    record::{Acknowledgement, Mute, Record},
    routing::{Quiet, Route, Routing},
    view::{ACKNOWLEDGE, bare, card, line, reminder},
};
use crate::ids::{DeploymentId, EnvironmentName, RoleId};

/// How grave a condition is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Somebody should look today.
    Warning,
    /// Somebody should look now.
    Critical,
}

impl Severity {
    /// All of them, the lightest first.
    pub const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Critical];

    /// A word for it, as the configuration writes it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    /// An emoji for it.
    #[must_use]
    pub fn emoji(self) -> &'static str {
        match self {
            Self::Info => "🔵",
            Self::Warning => "🟠",
            Self::Critical => "🔴",
        }
    }
}

/// A condition that somebody should know of. Its texts are safe to show, as [`plain`](crate::text::plain) and
/// [`code`](crate::text::code) make them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Its stable name, such as `truth:uat`: the same condition has the same one each time it is found.
    pub key: String,
    /// How grave it is.
    pub severity: Severity,
    /// Which environment it is about; `None` for Signalbox itself, or all of them.
    pub environment: Option<EnvironmentName>,
    /// Which deployment it is about.
    pub deployment: Option<DeploymentId>,
    /// Since when it holds.
    pub since: Timestamp,
    /// What is the matter: one sentence.
    pub what: String,
    /// Where, as far as the environment does not say it: a tenant, an address, a job.
    pub place: String,
    /// Why it matters: one sentence.
    pub why: String,
    /// What to do, with the exact command.
    pub remedy: String,
    /// Roles that are called whatever the routes say.
    #[serde(default)]
    pub roles: Vec<RoleId>,
}

impl Alert {
    /// A condition with its sentence; the rest is to be filled in.
    #[must_use]
    pub fn new(severity: Severity, key: impl Into<String>, since: Timestamp, what: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            severity,
            environment: None,
            deployment: None,
            since,
            what: what.into(),
            place: String::new(),
            why: String::new(),
            remedy: String::new(),
            roles: Vec::new(),
        }
    }

    /// Whether two say the same; since when does not count.
    fn says_as(&self, other: &Self) -> bool {
        *self == Self { since: self.since, ..other.clone() }
    }
}
