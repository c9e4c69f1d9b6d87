//! Watching a migration while it runs: how far it is, where it is, and what stands in its way.
//!
//! Both questions read raw catalogs and lock tables; neither waits for a tenant's table.

mod activity;
mod end;
mod follow;
mod load;
mod progress;

pub use activity::{Activity, AtWork, Blocked, Blocker, Connections, Locks, Session};
pub use end::Signal;
pub use follow::{Count, Follow, Sight, TenantSight};
pub use load::Load;
pub use progress::{Advance, Progress, TenantProgress};
