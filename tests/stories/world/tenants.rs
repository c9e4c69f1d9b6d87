//! A fleet of tenants for one story.

use signalbox_sandbox::{
    fleet::Fleet,
    postgres::{Database, Postgres},
};

/// Tenants beside `super_tenant`: few, so that each story can have a copy.
pub const TENANTS: usize = 6;

/// A tenant database of its own.
pub struct Tenants {
    pub fleet: Fleet,
    reader: String,
    /// Dropped with the story.
    pub database: Database,
}

impl Tenants {
    pub(super) async fn fresh() -> Self {
        let server = Postgres::shared().await.unwrap();
        let (fleet, database) = Fleet::fresh(server, TENANTS).await.unwrap();
        Self { fleet, reader: server.reader_url(&database.name), database }
    }

    pub(super) fn address(&self, owner: bool) -> String {
        if owner { self.database.url.clone() } else { self.reader.clone() }
    }
}
