//! Questions to the world after a green run: the application's health and the tenant database.

mod archive;
mod health;
mod inspection;
mod live;
mod tenants;
mod vitals;

pub use self::{archive::Snapshots, health::HttpProbe, tenants::TenantDatabases};
