//! The few narrow interfaces between the rules and the world. Adapters implement them.

mod chat;
mod courier;
mod forge;
mod gatekeeper;
mod history;
mod incidents;
mod logs;
mod pulls;
mod standing;
mod store;
mod vitals;
mod world;

use jiff::Timestamp;

pub use self::{
    chat::{Attachment, Chat, ChatError, LetterError, Letters},
    courier::{Courier, NotTaken, Parcel},
    forge::{Deliveries, Forge, ForgeError, Resolved, Rules, RunQuery, Scope, Sources, Undelivered},
    gatekeeper::Gatekeeper,
    history::{Archive, History, Laps},
    incidents::Incidents,
    logs::Logs,
    pulls::Pulls,
    standing::{Firing, Observations, Planned, Schedules},
    store::{
        Alerts, Asked, Change, Claimed, Inbox, Linked, Links, Locks, Opened, Opening, Outbox, Query, Rows, Settled,
        Store, StoreError, Subscriptions, Trail, WhichAlerts,
    },
    vitals::TenantVitals,
    world::{Applied, Before, Ended, Images, Look, Probe, TenantDb},
};

/// The time. The only place it comes from.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}
