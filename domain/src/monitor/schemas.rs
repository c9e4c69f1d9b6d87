//! Schemas that appear or vanish without anybody having said so.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::listed;
use crate::{
    alert::{Alert, Severity},
    ids::EnvironmentName,
    text::counted,
};

/// A schema that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// Its name.
    pub name: String,
    /// Whether the application has a tenant of that name.
    pub has_row: bool,
}

/// The schemas of a tenant database, as they are known, and what is open about them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Schemas {
    /// Those that are as they should be; `None` before the first look.
    known: Option<BTreeSet<String>>,
    /// Those that nobody expected, and when they were first seen.
    appeared: BTreeMap<String, Timestamp>,
    /// Those that are gone, and when that was first seen.
    vanished: BTreeMap<String, Timestamp>,
    /// Whether a deployment was at work since the last look.
    deployed: bool,
}

/// What a look showed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct News {
    /// How many schemas there are.
    pub there: usize,
    /// Those that were taken as right for the first time: tenants, what was expected, what a deployment made.
    pub taken: Vec<String>,
}

impl Schemas {
    /// A deployment is at work. What it creates is taken as right afterwards; what it drops is not.
    pub fn deployed(&mut self) {
        self.deployed = true;
    }

    /// Compares what is there with what is known. The first look takes everything as right.
    pub fn look(&mut self, there: &[Schema], is_expected: impl Fn(&str) -> bool, at: Timestamp) -> News {
        let names: BTreeSet<&str> = there.iter().map(|schema| schema.name.as_str()).collect();
        let deployed = std::mem::take(&mut self.deployed);
        let mut news = News { there: there.len(), taken: vec![] };
        let Some(known) = &mut self.known else {
            self.known = Some(names.into_iter().map(str::to_owned).collect());
            return news;
        };
        for Schema { name, has_row } in there {
            self.vanished.remove(name);
            if known.contains(name) {
                continue;
            }
            // A new customer is a row and a schema; whoever signs customers up need not tell anybody.
            if *has_row || deployed || is_expected(name) {
                self.appeared.remove(name);
                known.insert(name.clone());
                news.taken.push(name.clone());
            } else {
                self.appeared.entry(name.clone()).or_insert(at);
            }
        }
        self.appeared.retain(|name, _| names.contains(name.as_str()));
        let gone: Vec<String> = known.iter().filter(|name| !names.contains(name.as_str())).cloned().collect();
        for name in gone {
            if is_expected(&name) {
                known.remove(&name);
                self.vanished.remove(&name);
            } else {
                self.vanished.entry(name).or_insert(at);
            }
        }
        news
    }

    /// Takes what is open and expected as right; how many that were.
    pub fn accept(&mut self, is_expected: impl Fn(&str) -> bool) -> usize {
        let before = self.appeared.len() + self.vanished.len();
        let known = self.known.get_or_insert_default();
        let (taken, appeared) = std::mem::take(&mut self.appeared).into_iter().partition(|(name, _)| is_expected(name));
        self.appeared = appeared;
        known.extend(BTreeMap::into_keys(taken));
        self.vanished.retain(|name, _| {
            let accepted = is_expected(name);
            if accepted {
                known.remove(name);
            }
            !accepted
        });
        before - self.appeared.len() - self.vanished.len()
    }

    /// The stable name of the alert.
    #[must_use]
    pub fn key(environment: &EnvironmentName) -> String {
        format!("schemas:{environment}")
    }

    /// What is open, as an alert; `None` when nothing is.
    #[must_use]
    pub fn alert(&self, environment: &EnvironmentName) -> Option<Alert> {
        let (appeared, vanished) = (&self.appeared, &self.vanished);
        let since = appeared.values().chain(vanished.values()).min()?;
        let count = |names: &BTreeMap<String, Timestamp>| counted(names.len() as u64, "schema");
        let what = match (appeared.is_empty(), vanished.is_empty()) {
            (true, _) => format!("{} of `{environment}` vanished and nobody said so.", count(vanished)),
            (_, true) => format!("{} appeared in `{environment}` and nobody said so.", count(appeared)),
            _ => format!(
                "In `{environment}` {} vanished and {} appeared, and nobody said so.",
                count(vanished),
                count(appeared)
            ),
        };
        let list = |word: &str, names: &BTreeMap<String, Timestamp>| {
            (!names.is_empty()).then(|| format!("{word} {}", listed(names.keys().map(String::as_str))))
        };
        let place: Vec<String> = [list("gone:", vanished), list("new:", appeared)].into_iter().flatten().collect();
        let why = match vanished.is_empty() {
            false => "A tenant without its schema reads and writes `public`, and its data is gone unless it was moved.",
            true => {
                "No tenant has it: it is left over, or made by hand, and a tenant created under that name takes over \
                 its data."
            }
        };
        let first = vanished.keys().chain(appeared.keys()).next().map_or("", String::as_str);
        let typed = crate::text::code(&format!("/expect {environment} {}", crate::text::clip(first, 63)));
        Some(Alert {
            environment: Some(environment.clone()),
            place: place.join("; "),
            why: why.into(),
            remedy: format!(
                "If it was meant: {typed} takes it as right. If not: `/tenants {environment}` shows what does not fit, \
                 and whoever runs the database finds who it was."
            ),
            ..Alert::new(
                if vanished.is_empty() { Severity::Warning } else { Severity::Critical },
                Self::key(environment),
                *since,
                what,
            )
        })
    }
}
