//! What a reading of the fleet finds: drift, isolation, registry and ledgers; and what a pooler does.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Memory, listed};
use crate::{
    alert::{Alert, Severity},
    fleet::{self, Inspection, Weight},
    ids::EnvironmentName,
    text::{clip, code, counted, plain},
};

/// Longest sentence.
const SENTENCE: usize = 240;

/// What is looked for in a reading of a fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Tenants that differ from the others.
    Drift,
    /// Tenants that reach into others.
    Isolation,
    /// Rows, domains and schemas that contradict each other.
    Registry,
    /// Tenants that lag behind, or lie about it.
    Ledger,
}

/// Something that is wrong with a tenant.
struct Matter<'i> {
    tenant: &'i str,
    weight: Weight,
    says: &'i str,
}

impl Kind {
    /// A word for it, with which the alert's key begins.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Drift => "drift",
            Self::Isolation => "isolation",
            Self::Registry => "registry",
            Self::Ledger => "ledger",
        }
    }

    /// The stable name of the alert.
    #[must_use]
    pub fn key(self, environment: &EnvironmentName) -> String {
        format!("{}:{environment}", self.word())
    }

    /// What is more than worth knowing, the gravest first.
    fn matters(self, found: &Inspection) -> Vec<Matter<'_>> {
        let kind = match self {
            Self::Drift => return drift(found),
            Self::Isolation => fleet::Kind::Isolation,
            Self::Registry => fleet::Kind::Registry,
            Self::Ledger => fleet::Kind::Ledger,
        };
        let counts = |fault: &&fleet::Fault| fault.kind == kind && fault.weight >= Weight::Warning;
        let mut faults: Vec<&fleet::Fault> = found.faults.iter().filter(counts).collect();
        faults.sort_by(|a, b| b.weight.cmp(&a.weight).then_with(|| a.tenant.cmp(&b.tenant)));
        faults
            .into_iter()
            .map(|fault| Matter { tenant: &fault.tenant, weight: fault.weight, says: &fault.says })
            .collect()
    }
}

fn drift(found: &Inspection) -> Vec<Matter<'_>> {
    let differing = found.clusters.iter().filter(|cluster| !cluster.differences.is_empty());
    let matters = differing.flat_map(|cluster| {
        let says = cluster.differences.iter().map(|one| one.says.as_str()).find(|says| !says.is_empty());
        cluster.tenants.iter().map(move |tenant| Matter {
            tenant,
            weight: Weight::Warning,
            says: says.unwrap_or_default(),
        })
    });
    matters.collect()
}

/// What a reading shows of one kind, as an alert; `None` when nothing is wrong. What is new since the last look is
/// left out once, but for what reaches into other tenants.
#[must_use]
pub fn alert(
    kind: Kind,
    environment: &EnvironmentName,
    found: &Inspection,
    memory: &mut Memory,
    at: Timestamp,
) -> Option<Alert> {
    let mut matters = kind.matters(found);
    matters.retain(|matter| kind == Kind::Isolation || memory.knows(matter.tenant));
    memory.names = Some(found.names().into_iter().collect());
    let worst = matters.first()?;
    let tenants: BTreeSet<&str> = matters.iter().map(|matter| matter.tenant).collect();
    let (few, all) = (counted(tenants.len() as u64, "tenant"), found.tenants.len());
    let one = tenants.len() == 1;
    let in_full = fleet::Question::Tenant(worst.tenant.to_owned()).command(environment);
    let verb = |one_does: &'static str, many_do: &'static str| if one { one_does } else { many_do };
    let (what, why, verb) = match kind {
        Kind::Drift => (
            format!("{few} of {all} in `{environment}` {} from the others", verb("differs", "differ")),
            "Where a tenant differs, the next migration or the release may fail.",
            "drift",
        ),
        Kind::Isolation => (
            format!(
                "{few} of {all} in `{environment}` {} beyond {} schema",
                verb("reaches", "reach"),
                verb("its", "their")
            ),
            "Data of one customer may be shown to another one, or written for it.",
            "isolation",
        ),
        Kind::Registry => (
            format!("Rows, domains and schemas of {few} in `{environment}` contradict each other"),
            "A tenant whose row, domain or schema is missing is not found, or reads another one's data.",
            "tenants",
        ),
        Kind::Ledger => (
            format!("The recorded migrations of {few} of {all} in `{environment}` are not the truth, or not all of it"),
            "Code of the current release fails there, and the next migration may not mend it.",
            "ledger",
        ),
    };
    let says = if worst.says.is_empty() { String::new() } else { format!(": {}", plain(&clip(worst.says, SENTENCE))) };
    Some(Alert {
        environment: Some(environment.clone()),
        place: listed(tenants),
        why: why.into(),
        remedy: format!("`/{verb} {environment}` shows each of them, {} one of them in full.", code(&in_full)),
        ..Alert::new(severity(worst.weight), kind.key(environment), at, format!("{what}{says}"))
    })
}

fn severity(weight: Weight) -> Severity {
    match weight {
        Weight::Info | Weight::Warning | Weight::Error => Severity::Warning,
        Weight::Critical => Severity::Critical,
    }
}

/// What stands between the application and its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooling {
    /// Nothing.
    Direct,
    /// A pooler that keeps a client's connection.
    Session,
    /// A pooler that hands out connections per transaction.
    Transaction {
        /// How often a client found another one's `search_path`.
        leaked: u32,
        /// How often it looked.
        asked: u32,
    },
}

impl Pooling {
    /// What it is.
    #[must_use]
    pub fn says(self) -> String {
        match self {
            Self::Direct => "is reached directly".into(),
            Self::Session => "is behind a pooler that keeps sessions apart".into(),
            Self::Transaction { leaked: 0, .. } => "is behind a pooler that carries `search_path` along".into(),
            Self::Transaction { leaked, asked } => {
                format!("is behind a pooler that mixed tenants up in {leaked} of {asked} looks")
            }
        }
    }
}

/// What the pooler on a database's address does wrong, as an alert; `None` when nothing.
#[must_use]
pub fn pooler(environment: &EnvironmentName, found: Pooling, at: Timestamp) -> Option<Alert> {
    let Pooling::Transaction { leaked: leaked @ 1.., asked } = found else { return None };
    Some(Alert {
        environment: Some(environment.clone()),
        place: "the pooler on the database's address".into(),
        why: "Django sets `search_path` once a request and trusts it: requests read and write other customers' data."
            .into(),
        remedy: "Whoever runs the pooler sets `pool_mode = session`, or gives the application an address without it."
            .into(),
        ..Alert::new(
            Severity::Critical,
            format!("pooler:{environment}"),
            at,
            format!(
                "The pooler of `{environment}` gave a client another one's `search_path` in {leaked} of {asked} looks."
            ),
        )
    })
}
