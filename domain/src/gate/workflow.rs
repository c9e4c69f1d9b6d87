//! A workflow as it is at a commit: its file, what it calls, and which secrets and variables all of that names.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// A workflow at a commit with everything that it calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workflow {
    /// A hash of its file's content.
    pub hash: String,
    /// The reusable workflows that it calls, directly or in turn, by their paths: `.github/workflows/x.yml`, or
    /// `owner/repository/.github/workflows/x.yml@ref`.
    pub called: BTreeMap<String, Called>,
    /// The secrets and variables that it and they name, `GITHUB_TOKEN` left out.
    pub references: BTreeSet<Reference>,
    /// What it and they use without naming it, one sentence each; plain text.
    pub unclear: BTreeSet<String>,
}

/// What is known of a reusable workflow that is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Called {
    /// A hash of its content.
    Content(String),
    /// It could not be read: only the ref by which it is called is known.
    Ref(String),
}

/// A secret or variable that a job names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// Which of both.
    pub kind: Named,
    /// Its name, in capitals: GitHub does not tell cases apart.
    pub name: String,
    /// Whose the job sees beside the repository's and the organisation's.
    pub sees: Sees,
}

/// What is referred to by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Named {
    /// `secrets.NAME`.
    Secret,
    /// `vars.NAME`.
    Variable,
}

/// Which of GitHub's environments a job runs in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sees {
    /// None.
    NoEnvironment,
    /// The one of this name.
    Environment(String),
    /// One that is computed when it runs, or all that the workflow's jobs run in.
    Computed,
}

/// Names of secrets and variables, in capitals.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// Secrets.
    pub secrets: BTreeSet<String>,
    /// Variables.
    pub variables: BTreeSet<String>,
}

impl Names {
    /// Those of one kind.
    #[must_use]
    pub fn of(&self, kind: Named) -> &BTreeSet<String> {
        match kind {
            Named::Secret => &self.secrets,
            Named::Variable => &self.variables,
        }
    }
}

impl Named {
    /// What people call it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Variable => "variable",
        }
    }
}
