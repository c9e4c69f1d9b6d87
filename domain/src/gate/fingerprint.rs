//! What a signature is given for.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Secret;
use crate::{ids::CommitSha, text::code};

/// What a signature is given for. When any part moves, the signature is void.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// The commit.
    pub commit: CommitSha,
    /// The content of the workflow file at that commit, by its hash; `None` where no rule asks for signatures.
    pub workflow: Option<String>,
    /// The names of the environment's secrets and when each was last set; `None` as above, or where GitHub has no
    /// environment.
    pub secrets: Option<BTreeMap<String, Option<Timestamp>>>,
}

impl Fingerprint {
    /// Of the commit alone.
    #[must_use]
    pub fn of(commit: &CommitSha) -> Self {
        Self { commit: commit.clone(), workflow: None, secrets: None }
    }

    /// The same with secrets.
    #[must_use]
    pub fn with_secrets(mut self, secrets: &[Secret]) -> Self {
        self.secrets = Some(secrets.iter().map(|secret| (secret.name.clone(), secret.updated_at)).collect());
        self
    }

    /// Which part is no longer what it was, as the end of "…, because"; safe to show.
    #[must_use]
    pub fn moved(&self, now: &Self) -> Option<String> {
        if self.commit != now.commit {
            return Some(format!("the commit is `{}` now and was `{}`", now.commit.short(), self.commit.short()));
        }
        if self.workflow != now.workflow {
            return Some("the workflow file has changed".into());
        }
        match (&self.secrets, &now.secrets) {
            (Some(before), Some(after)) => secret_moved(before, after),
            (before, after) if before != after => Some("the environment at GitHub has changed".into()),
            _ => None,
        }
    }
}

type Secrets = BTreeMap<String, Option<Timestamp>>;

fn secret_moved(before: &Secrets, after: &Secrets) -> Option<String> {
    let gone = before.keys().find(|name| !after.contains_key(*name));
    if let Some(name) = gone {
        return Some(format!("the secret {} was deleted", code(name)));
    }
    let (name, _) = after.iter().find(|(name, at)| before.get(*name) != Some(*at))?;
    let how = if before.contains_key(name) { "changed" } else { "added" };
    Some(format!("the secret {} was {how}", code(name)))
}
