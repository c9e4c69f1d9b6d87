#![doc = include_str!("../README.md")]

mod access;
mod address;
mod database;
mod error;
mod finding;
mod ledger;
pub mod pooler;
mod registry;
mod survey;

pub use access::Access;
pub use database::{Options, TenantDatabase};
pub use error::Error;
pub use finding::{Finding, Kind, Severity};
pub use registry::{
    DomainRow, Inventory, OtherList, Registry, RegistryOptions, Rows, SchemaOwner, SchemaSize, Sequences, TenantRow,
    Unknown, UnknownSequence, hygiene,
};
pub use survey::{Applied, Ledger, Schema, Survey, Unreadable};
