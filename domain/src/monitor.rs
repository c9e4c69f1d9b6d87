//! What is found wrong in tenant databases when somebody looks again and again.
//!
//! A monitor compares what it sees with what it [remembers](Memory): what was known is not said again. What it finds
//! is one [alert](crate::alert) for each environment and kind, which changes with what is found and closes when nothing
//! is. While a deployment is at work nothing is compared, since a migration changes what is looked at; a database that
//! does not answer is no news of its tenants, good or bad.

mod expected;
mod findings;
mod load;
mod schemas;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use self::{
    expected::{BadPattern, Expected, Pattern},
    findings::{Kind, Pooling, alert, pooler},
    load::{AGREEING, Load, Vitals},
    schemas::{News, Schema, Schemas},
};
use crate::text::{clip, code, some};

/// Most names in one line, and the longest name.
const NAMES: usize = 5;
const NAME: usize = 63;

/// The names that a monitor saw last. What is new has one look's grace: a tenant that is being set up lacks this and
/// that for a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// `None` before the first look.
    names: Option<BTreeSet<String>>,
}

impl Memory {
    /// Whether a name is older than this look.
    fn knows(&self, name: &str) -> bool {
        self.names.as_ref().is_none_or(|names| names.contains(name))
    }
}

/// `` `acme`, `globex` and 3 more ``.
fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let all: Vec<String> = names.into_iter().map(|name| code(&clip(name, NAME))).collect();
    some(&all, NAMES)
}
