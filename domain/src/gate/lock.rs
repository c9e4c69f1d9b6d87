//! A person's hold on environments.

use std::fmt;

use jiff::Timestamp;

use crate::{
    ids::{EnvironmentName, Person},
    text::{clip, plain},
};

/// What a lock holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// Every environment: a freeze.
    All,
    /// One environment.
    Only(EnvironmentName),
}

impl Reach {
    /// Reads `all` or the name of an environment, which must still be known to exist.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim() {
            "all" => Some(Self::All),
            name => EnvironmentName::parse(name).ok().map(Self::Only),
        }
    }
}

impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Only(name) => name.fmt(f),
        }
    }
}

/// A person's hold. There is at most one for each reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// What it holds.
    pub reach: Reach,
    /// Who set it.
    pub by: Person,
    /// Why; as typed.
    pub reason: String,
    /// When it was set.
    pub at: Timestamp,
    /// When it ends by itself.
    pub until: Option<Timestamp>,
}

impl Lock {
    /// Whether it holds this environment now.
    #[must_use]
    pub fn holds(&self, environment: &EnvironmentName, now: Timestamp) -> bool {
        let reaches = match &self.reach {
            Reach::All => true,
            Reach::Only(name) => name == environment,
        };
        reaches && self.is_in_force(now)
    }

    /// Whether it has not ended by itself.
    #[must_use]
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    /// Who set it and why, safe to show: "locked by … : …".
    #[must_use]
    pub fn says(&self) -> String {
        let word = if self.reach == Reach::All { "frozen" } else { "locked" };
        let until = self.until.map(|at| format!(", until <t:{0}:t> (<t:{0}:R>)", at.as_second())).unwrap_or_default();
        format!(
            "{word} by <@{}> since <t:{}:R>{until}: {}",
            self.by.id,
            self.at.as_second(),
            plain(&clip(&self.reason, 200))
        )
    }
}
