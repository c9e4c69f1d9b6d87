use std::fmt;

use serde::{Deserialize, Serialize};

/// What somebody should know about one tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The tenant's schema.
    pub tenant: String,
    /// Which question found it.
    pub kind: Kind,
    /// A stable code in `snake_case`, for example `missing` or `row_without_schema`.
    pub rule: String,
    /// The object, its name without the schema: `table orders_order`, `column orders_order.total`,
    /// `schema`, `role app`.
    pub object: String,
    /// Which of its attributes: `type`, `default`, `validity`.
    pub attribute: Option<String>,
    /// What the reference has.
    pub from: Option<String>,
    /// What this tenant has.
    pub to: Option<String>,
    /// How much it matters.
    pub severity: Severity,
    /// One sentence: the object, the fact and what follows from it.
    pub message: String,
}

/// Which question a finding answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The tenant differs from the reference.
    Drift,
    /// Something of the tenant reaches outside it, or another into it.
    Isolation,
    /// What the application believes does not fit what is there.
    Registry,
    /// The recorded migrations are not the truth, or not all of it.
    Ledger,
    /// The tenant is not as it was at another time.
    Change,
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Drift => "drift",
            Self::Isolation => "isolation",
            Self::Registry => "registry",
            Self::Ledger => "ledger",
            Self::Change => "change",
        })
    }
}

/// How much a finding matters, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Will surprise somebody.
    Warning,
    /// Something breaks, now or at the next release.
    Error,
    /// Data of one tenant is shown to or written for another.
    Critical,
}
