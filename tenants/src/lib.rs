#![doc = include_str!("../README.md")]

mod access;
mod address;
mod audit;
mod catalog;
mod coverage;
mod database;
mod error;
mod evidence;
mod feed;
mod finding;
mod gauge;
mod ledger;
mod ledger_rows;
mod ledger_since;
mod live;
pub mod pooler;
mod registry;
pub mod snapshot;
mod survey;
mod sweep;
mod watch;

pub use access::Access;
pub use audit::{Audit, AuditOptions, Cluster, Difference, Reference, Standing, State, Timing};
pub use coverage::{Coverage, Covered, coverage};
pub use database::{Options, TenantDatabase};
pub use error::Error;
pub use feed::{Change, Changed, Doubt, Pulse, Watermark};
pub use finding::{Finding, Kind, Severity};
pub use gauge::Gauge;
pub use ledger_rows::{LedgerKind, LedgerState, Ledgers};
pub use ledger_since::{RecordedRow, RecordedSince};
pub use live::{
    Activity, Advance, AtWork, Blocked, Blocker, Connections, Count, Follow, Load, Locks, Progress, Session, Sight,
    Signal, TenantProgress, TenantSight,
};
pub use registry::{
    DomainRow, Inventory, OtherList, Registry, RegistryOptions, Rows, SchemaOwner, SchemaSize, Sequences, TenantRow,
    Unknown, UnknownSequence, hygiene,
};
pub use snapshot::Snapshot;
pub use survey::{Applied, Ledger, Schema, Survey, Unreadable};
pub use watch::{Refreshed, Watch};
