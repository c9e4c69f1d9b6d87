//! What GitHub keeps for an environment, secrets and variables by name, held against what is needed of it.
//!
//! The rules are those of the environment's gate where it has any: how old a secret may be, which names do not count,
//! which beginnings of names tell environments apart. What is required and what a workflow names counts without a rule.

mod say;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

pub use self::say::{alert, all, key, one};
use crate::{
    environment::{Environment, Line},
    gate::{Check, Named, Parity, References, Secret, Sees, differences, missing, wanting},
    ids::{EnvironmentName, RepositoryName},
};

/// What was read of one environment. A reading that failed says why, in plain text.
#[derive(Debug, Clone)]
pub struct Reading {
    /// When it began: nothing later is in it.
    pub at: Timestamp,
    /// The secrets of its environment at GitHub; `None` where GitHub has no such environment.
    pub secrets: Result<Option<Vec<Secret>>, String>,
    /// What its workflow names, and what there is.
    pub references: Result<References, String>,
    /// The environment before, and it as the one that comes next; `None` for the first.
    pub parity: Option<Result<Parity, String>>,
}

/// What is wrong with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// `required_secrets` has it, GitHub has not.
    Required,
    /// The workflow names it, and nobody has it where the job looks.
    Referenced {
        /// Where it would be looked for.
        sees: Sees,
    },
    /// It was set longer ago than the gate allows.
    Old {
        /// How many days are allowed.
        days: i64,
    },
    /// The environment before has one of this name.
    Differs {
        /// Which.
        before: EnvironmentName,
        /// Whether a rule of that one's gate asks for the same names.
        must: bool,
    },
}

/// One secret or variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Which of both.
    pub kind: Named,
    /// Its name.
    pub name: String,
    /// When it was last set; `None` where it is not there, or that is not known.
    pub set_at: Option<Timestamp>,
    /// What is wrong; nothing where all is well.
    pub faults: Vec<Fault>,
}

/// How an environment's secrets and variables stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Of which environment.
    pub environment: EnvironmentName,
    /// Its workflow's file name.
    pub workflow: String,
    /// Where.
    pub repository: RepositoryName,
    /// GitHub's own environment, if one is configured.
    pub github_environment: Option<String>,
    /// Whether GitHub has that environment.
    pub is_there: bool,
    /// When it was read.
    pub at: Timestamp,
    /// Those that are required, named or at fault, by kind and name.
    pub rows: Vec<Row>,
    /// What could not be told, in plain text.
    pub unknown: Vec<String>,
}

impl Row {
    /// Whether something must be done about it.
    #[must_use]
    pub fn is_at_fault(&self) -> bool {
        self.faults.iter().any(|fault| !matches!(fault, Fault::Differs { must: false, .. }))
    }
}

impl Report {
    /// Those about which something must be done.
    pub fn faulty(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.is_at_fault())
    }

    /// Whether nothing is wrong, as far as could be told.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.is_there && self.faulty().next().is_none()
    }
}

/// Holds what was read against what is needed.
#[must_use]
pub fn examine(reading: &Reading, environment: &Environment, line: &Line) -> Report {
    let mut rows: BTreeMap<(Named, String), Row> = BTreeMap::new();
    let mut unknown = vec![];
    let mut fault = |kind: Named, name: &str, fault: Option<Fault>| {
        let new = || Row { kind, name: name.to_owned(), set_at: None, faults: vec![] };
        let row = rows.entry((kind, name.to_ascii_uppercase())).or_insert_with(new);
        row.faults.extend(fault);
    };
    let checks = environment.gate.checks();
    let is_there = !matches!(reading.secrets, Ok(None));
    match &reading.secrets {
        Err(why) => unknown.push(format!("its secrets could not be listed: {why}")),
        Ok(None) => {}
        Ok(Some(list)) => {
            let max_age = checks.iter().find_map(|check| match check {
                Check::Secrets { max_age } => *max_age,
                _ => None,
            });
            let wanting = wanting(list, environment, max_age, reading.at);
            environment.required_secrets.iter().for_each(|name| fault(Named::Secret, name, None));
            wanting.missing.iter().for_each(|name| fault(Named::Secret, name, Some(Fault::Required)));
            let days = max_age.unwrap_or(SignedDuration::MAX).as_hours() / 24;
            wanting.old.iter().for_each(|name| fault(Named::Secret, name, Some(Fault::Old { days })));
            unknown.extend(wanting.ageless.iter().map(|name| format!("how old {name} is")));
        }
    }
    match &reading.references {
        Err(why) => unknown.push(format!("what {} names could not be read: {why}", environment.workflow)),
        Ok(found) => {
            let ignore = checks.iter().find_map(|check| match check {
                Check::References { ignore } => Some(ignore.as_slice()),
                _ => None,
            });
            found.wanted.iter().for_each(|one| fault(one.kind, &one.name, None));
            // What is ignored is no row either.
            let missing = missing(found, ignore.unwrap_or_default());
            for one in &missing {
                fault(one.kind, &one.name, Some(Fault::Referenced { sees: one.sees.clone() }));
            }
            unknown.extend(found.unclear.iter().cloned());
        }
    }
    match &reading.parity {
        None => {}
        Some(Err(why)) => unknown.push(format!("the environment before could not be compared: {why}")),
        // An environment that is not there lacks everything: that is said once.
        Some(Ok(_)) if !is_there => {}
        Some(Ok(parity)) => {
            let before = environment.after.clone();
            let rule = before.as_ref().and_then(|name| line.get(name)).and_then(parity_rule);
            let (ignore, prefixes, must) = match &rule {
                Some((ignore, prefixes)) => (ignore.clone(), prefixes.clone(), true),
                None => (vec![], usual_prefixes(line), false),
            };
            for difference in differences(parity, &ignore, &prefixes) {
                let there = parity.next.get(difference.environment);
                let ours = there.into_iter().flat_map(|names| names.secrets.iter().chain(&names.variables)).collect();
                for (kind, name) in &difference.lacks {
                    let name = with_prefix(name, &ours, &prefixes);
                    let before = before.clone().unwrap_or_else(|| difference.environment.clone());
                    fault(*kind, &name, Some(Fault::Differs { before, must }));
                }
            }
        }
    }
    let set_at = |row: &Row| match &reading.secrets {
        Ok(Some(list)) if row.kind == Named::Secret => {
            list.iter().find(|secret| secret.name.eq_ignore_ascii_case(&row.name)).and_then(|secret| secret.updated_at)
        }
        _ => None,
    };
    let rows = rows.into_values().map(|row| Row { set_at: set_at(&row), ..row }).collect();
    Report {
        environment: environment.name.clone(),
        workflow: environment.workflow.clone(),
        repository: environment.repository.clone(),
        github_environment: environment.github_environment.clone(),
        is_there,
        at: reading.at,
        rows,
        unknown,
    }
}

/// What the gate of the environment before says about equal names: which do not count, and which beginnings are cut.
fn parity_rule(before: &Environment) -> Option<(Vec<String>, Vec<String>)> {
    before.gate.checks().into_iter().find_map(|check| match check {
        Check::Parity { ignore, prefixes } => Some((ignore.clone(), prefixes.clone())),
        _ => None,
    })
}

/// `UAT_` for `uat`: how names are told apart where no rule says.
fn usual_prefixes(line: &Line) -> Vec<String> {
    let upper = |environment: &Environment| environment.name.to_string().to_ascii_uppercase().replace('-', "_") + "_";
    line.iter().map(upper).collect()
}

/// A name as the environment would have it: with the beginning that its other names have.
fn with_prefix(bare: &str, ours: &BTreeSet<&String>, prefixes: &[String]) -> String {
    let usual = prefixes.iter().find(|prefix| ours.iter().any(|name| name.starts_with(prefix.as_str())));
    format!("{}{bare}", usual.map_or("", String::as_str))
}
