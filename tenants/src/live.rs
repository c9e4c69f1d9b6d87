//! Watching a migration while it runs: how far it is, where it is, and what stands in its way.
//!
//! Both questions read raw catalogs and lock tables; neither waits for a tenant's table.

mod activity;
mod progress;

pub use activity::{Activity, AtWork, Blocked, Blocker, Connections, Session};
pub use progress::{Advance, Progress, TenantProgress};
