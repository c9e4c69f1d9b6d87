//! How full a server is, and how large a database: asked often, so in one statement.

use serde::Serialize;
use sqlx::Row;

use super::activity::{self, Connections};
use crate::{Error, TenantDatabase};

/// How full a server is and how large a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Load {
    /// Connections of the whole server.
    pub connections: Connections,
    /// Bytes on disk of this database; `None` where it was not asked.
    pub bytes: Option<u64>,
}

impl TenantDatabase {
    /// Reads [`pg_stat_activity`](https://www.postgresql.org/docs/current/monitoring-stats.html), and where `size` is
    /// asked for [`pg_database_size`](https://www.postgresql.org/docs/current/functions-admin.html), which looks at
    /// every file: some tenths of a second for a thousand tenants.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn load(&self, size: bool) -> Result<Load, Error> {
        self.ask("reading how full the server is", async |transaction| {
            let load = format!(
                "SELECT {}, CASE WHEN $1 THEN pg_database_size(current_database()) END AS bytes",
                activity::CONNECTIONS
            );
            let row = sqlx::query(&load).persistent(false).bind(size).fetch_one(&mut **transaction).await?;
            let bytes: Option<i64> = row.try_get("bytes")?;
            Ok(Load {
                connections: activity::connections(&row)?,
                bytes: bytes.and_then(|bytes| u64::try_from(bytes).ok()),
            })
        })
        .await
    }
}
