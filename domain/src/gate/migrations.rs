//! What has been applied to a tenant database, as far as a signature is bound to it.
//!
//! What a release will migrate follows from its commit and from what has been applied. The commit is bound already;
//! which migrations it brings cannot be read from its files for certain, since an app's label need not be its
//! folder's name and installed packages bring their own. So the ledgers are bound: whatever is pending, moves with
//! them. Tenants count by what they have applied and not by name: one that signs up meanwhile and has what the others
//! have moves nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    ports::Applied,
    text::{clip, code},
};

/// What has been applied, and what some tenant still lacks of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Migrations {
    /// Migrations that `public` has and some tenant lacks: pending there, whatever the commit brings.
    pub pending: BTreeSet<String>,
    /// By app, how many migrations `public` has applied and the name of the last.
    pub applied: BTreeMap<String, String>,
    /// A hash of the distinct ledgers: of `public`, and of each group of tenants with the same one.
    pub groups: String,
}

impl Migrations {
    /// From ledgers as they were read.
    #[must_use]
    pub fn of(ledgers: &Applied) -> Self {
        let sets: BTreeSet<BTreeSet<&str>> = ledgers.tenants.iter().map(|ledger| set(ledger)).collect();
        let public = ledgers.public.as_ref().map(|ledger| set(ledger)).unwrap_or_default();
        let lacks = |set: &BTreeSet<&str>| public.difference(set).map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let mut apps: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for migration in &public {
            let (app, name) = migration.split_once('.').unwrap_or((migration, ""));
            apps.entry(app).or_default().push(name);
        }
        let said = |(app, names): (&str, Vec<&str>)| {
            (app.to_owned(), format!("{} to {}", names.len(), names.last().copied().unwrap_or_default()))
        };
        let mut hash = Sha256::new();
        for (n, set) in std::iter::once(&public).chain(&sets).enumerate() {
            hash.update(format!("{n}\n"));
            set.iter().for_each(|name| hash.update(format!("{name}\n")));
        }
        Self {
            pending: sets.iter().flat_map(lacks).collect(),
            applied: apps.into_iter().map(said).collect(),
            groups: hex::encode(hash.finalize()),
        }
    }

    /// Which part is no longer what it was; safe to show.
    #[must_use]
    pub fn moved(&self, now: &Self) -> Option<String> {
        let shown = |text: &str| code(&clip(text, 120));
        if let Some(name) = now.pending.difference(&self.pending).next() {
            return Some(format!("the migration {} has become pending for a tenant", shown(name)));
        }
        if let Some(name) = self.pending.difference(&now.pending).next() {
            return Some(format!("the migration {}, which was pending for a tenant, was applied", shown(name)));
        }
        let apps = self.applied.keys().chain(now.applied.keys());
        let (before, after) = (|app| self.applied.get(app), |app| now.applied.get(app));
        if let Some(app) = apps.into_iter().find(|app| before(*app) != after(*app)) {
            let said = |found: Option<&String>| found.map_or_else(|| "none".into(), |text| shown(text));
            let (was, is) = (said(before(app)), said(after(app)));
            return Some(format!("the applied migrations of {} are {is} now and were {was}", shown(app)));
        }
        (self.groups != now.groups).then(|| "what tenants have applied has changed".into())
    }
}

fn set(ledger: &[String]) -> BTreeSet<&str> {
    ledger.iter().map(String::as_str).collect()
}
