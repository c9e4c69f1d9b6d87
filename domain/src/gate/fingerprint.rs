//! What a signature is given for.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Called, Secret, Workflow, migrations::Migrations};
use crate::{
    ids::CommitSha,
    ports::Applied,
    text::{clip, code},
};

/// What a signature is given for. When any part moves, the signature is void.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// The commit.
    pub commit: CommitSha,
    /// The content of the workflow file at that commit, by its hash; `None` where no rule asks for signatures.
    pub workflow: Option<String>,
    /// The reusable workflows that it calls; `None` as above, or where it was given before they were looked at.
    #[serde(default)]
    pub called: Option<BTreeMap<String, Called>>,
    /// The names of the environment's secrets and when each was last set; `None` as above, or where GitHub has no
    /// environment.
    pub secrets: Option<BTreeMap<String, Option<Timestamp>>>,
    /// What has been applied to the tenant database, and with the commit what is pending there; nothing where there
    /// is no such database, `None` as for `called`.
    #[serde(default)]
    pub migrations: Option<Migrations>,
    /// The environment's images and the digest of each; without one where none has been built for the commit. `None`
    /// as for `called`.
    #[serde(default)]
    pub images: Option<BTreeMap<String, Option<String>>>,
}

impl Fingerprint {
    /// Of the commit alone.
    #[must_use]
    pub fn of(commit: &CommitSha) -> Self {
        Self { commit: commit.clone(), workflow: None, called: None, secrets: None, migrations: None, images: None }
    }

    /// The same with the workflow and what it calls.
    #[must_use]
    pub fn with_workflow(self, workflow: &Workflow) -> Self {
        Self { workflow: Some(workflow.hash.clone()), called: Some(workflow.called.clone()), ..self }
    }

    /// The same with secrets.
    #[must_use]
    pub fn with_secrets(mut self, secrets: &[Secret]) -> Self {
        self.secrets = Some(secrets.iter().map(|secret| (secret.name.clone(), secret.updated_at)).collect());
        self
    }

    /// The same with what has been applied to the tenant database; `None` where there is none.
    #[must_use]
    pub fn with_applied(self, applied: Option<&Applied>) -> Self {
        Self { migrations: Some(applied.map(Migrations::of).unwrap_or_default()), ..self }
    }

    /// The same with images and their digests.
    #[must_use]
    pub fn with_images(self, images: BTreeMap<String, Option<String>>) -> Self {
        Self { images: Some(images), ..self }
    }

    /// Reusable workflows of which only the ref is bound.
    #[must_use]
    pub fn unread(&self) -> BTreeSet<&str> {
        let called = self.called.iter().flatten();
        called.filter(|(_, called)| matches!(called, Called::Ref(_))).map(|(path, _)| path.as_str()).collect()
    }

    /// Which part is no longer what it was, as the end of "…, because"; safe to show. A part that was not bound when
    /// it was signed, by an older version, is not held against the signature.
    #[must_use]
    pub fn moved(&self, now: &Self) -> Option<String> {
        if self.commit != now.commit {
            return Some(format!("the commit is `{}` now and was `{}`", now.commit.short(), self.commit.short()));
        }
        if self.workflow != now.workflow {
            return Some("the workflow file has changed".into());
        }
        let called = self.called.as_ref().and_then(|before| match &now.called {
            Some(after) => called_moved(before, after),
            None => Some("the workflows that it calls have become unknown".into()),
        });
        let secrets = || match (&self.secrets, &now.secrets) {
            (Some(before), Some(after)) => secret_moved(before, after),
            (before, after) if before != after => Some("the environment at GitHub has changed".into()),
            _ => None,
        };
        let migrations = || {
            self.migrations.as_ref().and_then(|before| match &now.migrations {
                Some(after) => before.moved(after),
                None => Some("what tenants have applied has become unknown".into()),
            })
        };
        let images = || {
            self.images.as_ref().and_then(|before| match &now.images {
                Some(after) => image_moved(before, after),
                None => Some("the images have become unknown".into()),
            })
        };
        called.or_else(secrets).or_else(migrations).or_else(images)
    }
}

fn called_moved(before: &BTreeMap<String, Called>, after: &BTreeMap<String, Called>) -> Option<String> {
    let shown = |path: &str| code(&clip(path, 200));
    if let Some(path) = before.keys().find(|path| !after.contains_key(*path)) {
        return Some(format!("the workflow {} is called no more", shown(path)));
    }
    let (path, _) = after.iter().find(|(path, called)| before.get(*path) != Some(*called))?;
    let how = match (before.get(path), after.get(path)) {
        (None, _) => "is called",
        (Some(Called::Content(_)), Some(Called::Ref(_))) => "has become unreadable",
        _ => "has changed",
    };
    Some(format!("the called workflow {} {how}", shown(path)))
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

type Images = BTreeMap<String, Option<String>>;

fn image_moved(before: &Images, after: &Images) -> Option<String> {
    let shown = |name: &str| code(&clip(name, 200));
    if let Some(name) = before.keys().find(|name| !after.contains_key(*name)) {
        return Some(format!("the image {} counts no more", shown(name)));
    }
    let (name, digest) = after.iter().find(|(name, digest)| before.get(*name) != Some(*digest))?;
    let how = match (before.get(name), digest) {
        (None, _) => "did not count before",
        (Some(None), _) => "was built",
        (Some(Some(_)), None) => "is gone",
        (Some(Some(_)), Some(_)) => "is another one now",
    };
    Some(format!("the image {} {how}", shown(name)))
}
