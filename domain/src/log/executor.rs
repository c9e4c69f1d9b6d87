//! Which of django-tenants' executors migrates, as far as its log says.

use regex::Captures;
use serde::{Deserialize, Serialize};

/// What runs `migrate` for one tenant after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Executor {
    /// One process, one tenant after the other.
    Standard,
    /// Workers of one process.
    Multiprocessing,
    /// A process for each tenant.
    Subprocess,
}

impl Executor {
    /// As `--executor` takes it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Multiprocessing => "multiprocessing",
            Self::Subprocess => "subprocess",
        }
    }
}

/// Hears the tags before the lines of a log.
#[derive(Debug, Default)]
pub(super) struct Tags {
    said: Option<Executor>,
    /// The first tenant that was the only one of its process.
    only: Option<String>,
}

impl Tags {
    /// Hears one: its executor, how many tenants there are, and the schema.
    pub(super) fn hear(&mut self, tag: &Captures<'_>) {
        let (schema, of) = (&tag["schema"], tag.name("of").map(|of| of.as_str()));
        match (&tag["executor"], of) {
            ("multiprocessing", _) => self.said = Some(Executor::Multiprocessing),
            ("subprocess", _) => self.said = Some(Executor::Subprocess),
            // A child of the subprocess executor calls itself standard, and its tenant the only one.
            (_, Some("1")) => match &self.only {
                Some(other) if other != schema => self.said = self.said.or(Some(Executor::Subprocess)),
                Some(_) => {}
                None => self.only = Some(schema.to_owned()),
            },
            (_, Some(_)) => self.said = self.said.or(Some(Executor::Standard)),
            // The shared step has no count, and may have another executor.
            (_, None) => {}
        }
    }

    /// What they come to; `None` where nothing was tagged, as with django-tenants 3 and with `-v 0`.
    pub(super) fn executor(&self) -> Option<Executor> {
        self.said.or(self.only.as_ref().map(|_| Executor::Standard))
    }
}
