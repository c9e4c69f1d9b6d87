//! Logs of jobs: a stream of bytes from outside, read with bounded memory into what went wrong, what it means and
//! what to do. What a log says changes no state: anybody who may print a line could have said it.

mod clean;
mod executor;
#[cfg(test)]
mod hostile;
mod incident;
mod read;
mod redact;
mod rules;
mod say;
mod step;
mod table;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use self::{
    executor::Executor,
    read::{Classifier, Log, Reader},
    redact::Redactor,
    rules::{BadRule, Grade, Rule, Rules},
    say::{field, line, marked},
    table::built_in,
};

/// What a log says went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogFinding {
    /// Code of the rule that knows it, such as `relation_exists`.
    pub rule: String,
    /// How much it matters.
    pub grade: Grade,
    /// What it is, in a few words; plain text.
    pub title: String,
    /// What it means; plain text.
    pub meaning: String,
    /// What to do; plain text.
    pub remedy: String,
    /// First line of the script, or the action, of the step that printed it; redacted.
    pub step: Option<String>,
    /// The tenant that was being migrated, where the log can tell.
    pub tenant: Option<String>,
    /// The migration that was being applied, where the log can tell.
    pub migration: Option<String>,
    /// The lines that say it, cleaned and redacted; not yet escaped for chat.
    pub lines: Vec<String>,
    /// How often it was found in this step.
    pub count: u32,
}

/// What became of reading the log of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobLog {
    /// The job.
    pub job: u64,
    /// Its name; as GitHub gives it.
    pub name: String,
    /// What it says, worst first.
    pub findings: Vec<LogFinding>,
    /// What migrated, where it is the log of a migration that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executor: Option<Executor>,
    /// Why it could not be read, or not to its end; plain text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

impl JobLog {
    /// Whether there is anything to tell.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.findings.is_empty() && self.trouble.is_none()
    }
}
