//! How full a server is, and how large a database: asked often, so in one statement.

use serde::Serialize;
use sqlx::Row;

use super::activity::Connections;
use crate::{Error, TenantDatabase};

/// How full a server is and how large a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Load {
    /// Connections of the whole server.
    pub connections: Connections,
    /// Bytes on disk of this database; `None` where it was not asked.
    pub bytes: Option<u64>,
}

/// Rows of other roles are counted too, though what they run is hidden from an ordinary role.
const LOAD: &str = r"
SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' OR backend_type IS NULL) AS used,
       current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
           - coalesce(current_setting('reserved_connections', true), '0')::int AS room,
       CASE WHEN $1 THEN pg_database_size(current_database()) END AS bytes";

impl TenantDatabase {
    /// Reads [`pg_stat_activity`](https://www.postgresql.org/docs/current/monitoring-stats.html), and where `size` is
    /// asked for [`pg_database_size`](https://www.postgresql.org/docs/current/functions-admin.html), which looks at
    /// every file: some tenths of a second for a thousand tenants.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn load(&self, size: bool) -> Result<Load, Error> {
        self.ask("reading how full the server is", async |transaction| {
            let row = sqlx::query(LOAD).persistent(false).bind(size).fetch_one(&mut **transaction).await?;
            let (used, room): (i64, i32) = (row.try_get("used")?, row.try_get("room")?);
            let bytes: Option<i64> = row.try_get("bytes")?;
            Ok(Load {
                connections: Connections {
                    used: u32::try_from(used).unwrap_or(u32::MAX),
                    limit: u32::try_from(room).unwrap_or(0),
                },
                bytes: bytes.and_then(|bytes| u64::try_from(bytes).ok()),
            })
        })
        .await
    }
}
