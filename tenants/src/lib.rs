#![doc = include_str!("../README.md")]

mod access;
mod address;
mod database;
mod error;
mod finding;
mod ledger;
mod survey;

pub use access::Access;
pub use database::{Options, TenantDatabase};
pub use error::Error;
pub use finding::{Finding, Kind, Severity};
pub use survey::{Applied, Ledger, Schema, Survey, Unreadable};
