//! What one reading of a tenant database found, and what people are told of it.

mod group;
mod heat;
mod report;
mod say;
mod screen;
#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use self::heat::{Heat, Map};
use crate::{ids::EnvironmentName, text};

/// What somebody wants to know of a fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Which schemas there are and how much they hold.
    Schemas,
    /// Which tenants the application knows, and whether that is true.
    Tenants,
    /// Everything about one tenant, by its schema's name as it was typed.
    Tenant(String),
    /// Which tenants differ, and in what.
    Drift,
    /// Which tenants reach into others.
    Isolation,
    /// Which tenants lag behind, or lie about it.
    Ledger,
}

impl Question {
    /// The command that asks it, without the slash.
    #[must_use]
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Schemas => "schemas",
            Self::Tenants => "tenants",
            Self::Tenant(_) => "tenant",
            Self::Drift => "drift",
            Self::Isolation => "isolation",
            Self::Ledger => "ledger",
        }
    }

    /// The question as a person types it.
    #[must_use]
    pub fn command(&self, environment: &EnvironmentName) -> String {
        match self {
            Self::Tenant(name) => format!("/tenant {environment} {}", text::clip(name, 63)),
            _ => format!("/{} {environment}", self.verb()),
        }
    }
}

/// One schema by numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Size {
    /// Its name; any text PostgreSQL allows.
    pub name: String,
    /// The role that owns it.
    pub owner: String,
    /// Tables.
    pub tables: u64,
    /// Indexes.
    pub indexes: u64,
    /// Bytes on disk, as of the last `VACUUM` or `ANALYZE`.
    pub bytes: u64,
}

/// What the application believes of its tenants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The table of tenants in `public`.
    pub tenants_table: Option<String>,
    /// How many rows it has; `None` when it could not be read.
    pub rows: Option<usize>,
    /// Domains with the schema each leads to; `None` when they could not be read.
    pub domains: Option<Vec<(String, String)>>,
    /// Why something could not be read.
    pub unreadable: Option<String>,
}

/// Tenants that differ from the reference in the same way, or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// Their schemas.
    pub tenants: Vec<String>,
    /// What they differ in; empty for those that are as most are.
    pub differences: Vec<Difference>,
}

/// One fact that differs from the reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// `missing`, `extra`, `changed` or `order`.
    pub rule: String,
    /// `column orders.total`.
    pub object: String,
    /// Which attribute changed.
    pub attribute: Option<String>,
    /// What most have.
    pub from: Option<String>,
    /// What these have.
    pub to: Option<String>,
    /// The fact and its consequence, as a sentence; empty when it was not told.
    pub says: String,
}

/// Which question a fault answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A tenant reaches into another.
    Isolation,
    /// What the application believes does not fit what is there.
    Registry,
    /// What is recorded is not the truth, or not all of it.
    Ledger,
}

/// How much a fault matters, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Worth knowing.
    Info,
    /// Will surprise somebody.
    Warning,
    /// Something breaks, now or at the next release.
    Error,
    /// Data of one tenant is shown to or written for another.
    Critical,
}

/// What somebody should know about one tenant, besides drift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its schema.
    pub tenant: String,
    /// Which question found it.
    pub kind: Kind,
    /// A stable code: `reaches_tenant`, `row_without_schema`, `lagging`.
    pub rule: String,
    /// `view orders_open`.
    pub object: String,
    /// How much it matters.
    pub weight: Weight,
    /// The object, the fact and its consequence, as a sentence.
    pub says: String,
}

/// What one tenant lacks of the target migrations, in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behind {
    /// Its schema.
    pub tenant: String,
    /// Migrations that are not recorded.
    pub missing: Vec<String>,
    /// Recorded migrations that the target has not.
    pub foreign: Vec<String>,
    /// What its structure lacks; the first few.
    pub lacks: Vec<String>,
}

/// What one reading of a tenant database found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// All schemas but PostgreSQL's own, by name.
    pub schemas: Vec<Size>,
    /// What the application believes.
    pub known: Known,
    /// Schemas of tenants, which were compared, by name.
    pub tenants: Vec<String>,
    /// Tenants in groups of equals, the largest first.
    pub clusters: Vec<Cluster>,
    /// Everything but drift, one for each tenant and fact.
    pub faults: Vec<Fault>,
    /// Tenants whose records are not exactly the target.
    pub behind: Vec<Behind>,
}

impl Inspection {
    /// Every name that can be asked for: schemas, and rows without one.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let faults = self.faults.iter().map(|fault| &fault.tenant);
        let mut names: Vec<String> =
            self.tenants.iter().chain(self.schemas.iter().map(|size| &size.name)).chain(faults).cloned().collect();
        names.sort();
        names.dedup();
        names
    }
}

/// A reading, when it was made, and how long that took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The environment whose database was read.
    pub environment: EnvironmentName,
    /// What was found.
    pub inspection: std::sync::Arc<Inspection>,
    /// When it began: nothing later is in it.
    pub at: Timestamp,
    /// How long it took.
    pub took: SignedDuration,
}

/// What is said, with the whole of it as a file when there is more than fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// At most 2,000 characters of Markdown.
    pub text: String,
    /// The file.
    pub file: Option<File>,
    /// The fleet as a picture.
    pub map: Option<Map>,
}

/// A file to go with a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Its name: `drift-uat.txt`.
    pub name: String,
    /// Plain text.
    pub content: String,
}

impl Reading {
    /// Answers a question from what was read.
    #[must_use]
    pub fn answer(&self, question: &Question) -> Said {
        let name = |kind: &str| format!("{}-{}.{kind}", question.verb(), self.environment);
        let map = heat::map(&self.inspection, question, name("png"));
        let (text, whole) = say::say(self, question, &name("txt"), map.is_some());
        let file = (!whole).then(|| File { name: name("txt"), content: report::report(self, question) });
        Said { text, file, map }
    }
}
