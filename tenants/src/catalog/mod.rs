//! What the system catalogs say of every schema, in one snapshot.
//!
//! Raw catalog rows are streamed and put into words here. The server's own functions for that
//! (`pg_get_*`, `information_schema`) wait behind migrations, fill the lock table and the backend's
//! memory, and do not keep to the snapshot; they are asked only to show what differs ([`deparse`]).

mod acl;
mod by_oid;
mod code;
mod columns;
mod deparse;
mod field;
mod line;
mod names;
mod pen;
mod quick;
mod reader;
mod reading;
mod scope;
mod session;
mod source;
mod sources;
mod spelling;
mod stream;
mod tree;
mod types;
mod variants;
pub(crate) mod words;

use std::sync::Arc;

pub(crate) use deparse::{Show, Shown, is_hidden};
pub(crate) use names::Schemas;
pub(crate) use pen::{NONE, OWN, Reach};
pub(crate) use reader::ORDER;
pub(crate) use variants::{Aspect, Object, Values, Variant, Variants};

pub(crate) use reading::Reading;
pub(crate) use session::Session;

use crate::{Error, Ledgers, TenantDatabase, ledger_rows};

/// All schemas and all that they hold.
#[derive(Debug)]
pub(crate) struct Catalog {
    /// The server's version, such as `15.18`.
    pub(crate) server_version: String,
    /// The database's name.
    pub(crate) database: String,
    /// When the snapshot was taken, in microseconds since 1970 by the server's clock.
    pub(crate) taken_at: i64,
    /// Sorted by OID; a schema's place is its number in [`Variant::members`].
    pub(crate) schemas: Arc<Schemas>,
    pub(crate) variants: Variants,
    /// Roles, or the database, whose settings name a schema.
    pub(crate) settings: Vec<(String, Reach)>,
    /// Bytes of rows that the server sent.
    pub(crate) bytes: u64,
}

pub(crate) const ACTION: &str = "reading the catalogs";

impl TenantDatabase {
    /// Reads the catalogs over two connections that share a snapshot, or over one where that is refused.
    /// `with_ledgers` reads every schema's `django_migrations` as of the same moment.
    pub(crate) async fn catalog(&self, with_ledgers: bool) -> Result<(Catalog, Option<Ledgers>), Error> {
        let work = async {
            let mut session = Session::begin(self).await?;
            session.join(self).await;
            let reading = Reading::of(&mut session).await?;
            let ledgers = match session.first().filter(|_| with_ledgers) {
                Some(connection) => Some(ledger_rows::read(connection).await?),
                None => None,
            };
            session.close().await;
            Ok((reading.into_catalog(), ledgers))
        };
        let read = self.within(self.longest(), ACTION, work).await;
        self.gauge().end();
        read
    }
}
