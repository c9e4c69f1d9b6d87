use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sqlx::{PgConnection, Row};

/// Who we are to the server.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Access {
    /// The role in force.
    pub role: String,
    /// The database.
    pub database: String,
    /// The server's version, for example `15.18`.
    pub server_version: String,
    /// The server's clock, to be compared with one's own.
    pub server_time: SystemTime,
    /// Whether the role could change something. A role for watching should not.
    pub can_write: bool,
    /// One right that makes it so, for example `UPDATE on acme.orders_order`.
    pub write_right: Option<String>,
    /// Whether the server is a standby, which refuses every change.
    pub standby: bool,
}

/// Rights are taken from the raw catalogs: `has_table_privilege` over a large fleet would fill the
/// server's caches with every relation.
const RIGHTS: &str = r"
WITH mine AS (SELECT oid FROM pg_roles WHERE pg_has_role(oid, 'USAGE')),
theirs AS (SELECT oid, nspname, nspowner, nspacl FROM pg_namespace
           WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'),
found AS (
    SELECT 1 AS place, 'superuser' AS held FROM pg_roles WHERE rolname = current_user AND rolsuper
    UNION ALL
    SELECT 2, 'member of pg_write_all_data' FROM pg_roles r JOIN mine USING (oid) WHERE r.rolname = 'pg_write_all_data'
    UNION ALL
    SELECT 3, 'CREATE on the database' WHERE has_database_privilege(current_database(), 'CREATE')
    UNION ALL
    SELECT 4, 'owner of schema ' || quote_ident(nspname) FROM theirs JOIN mine ON mine.oid = nspowner
    UNION ALL
    SELECT 5, 'CREATE on schema ' || quote_ident(nspname)
    FROM theirs, aclexplode(coalesce(nspacl, acldefault('n', nspowner))) AS acl
    WHERE acl.privilege_type = 'CREATE' AND (acl.grantee = 0 OR acl.grantee IN (SELECT oid FROM mine))
    UNION ALL
    SELECT 6, 'owner of ' || quote_ident(nspname) || '.' || quote_ident(relname)
    FROM pg_class c JOIN theirs n ON n.oid = c.relnamespace JOIN mine ON mine.oid = c.relowner
    UNION ALL
    SELECT 7, acl.privilege_type || ' on ' || quote_ident(nspname) || '.' || quote_ident(relname)
    FROM pg_class c JOIN theirs n ON n.oid = c.relnamespace, aclexplode(c.relacl) AS acl
    WHERE acl.privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')
      AND (acl.grantee = 0 OR acl.grantee IN (SELECT oid FROM mine))
)
SELECT current_user::text AS role, current_database()::text AS database,
       current_setting('server_version') AS server_version, pg_is_in_recovery() AS standby,
       (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS microseconds,
       (SELECT held FROM found ORDER BY place LIMIT 1) AS write_right";

pub(crate) async fn read(connection: &mut PgConnection) -> sqlx::Result<Access> {
    let row = sqlx::query(RIGHTS).persistent(false).fetch_one(connection).await?;
    let microseconds: i64 = row.try_get("microseconds")?;
    let write_right: Option<String> = row.try_get("write_right")?;
    let standby: bool = row.try_get("standby")?;
    Ok(Access {
        role: row.try_get("role")?,
        database: row.try_get("database")?,
        server_version: row.try_get("server_version")?,
        server_time: UNIX_EPOCH + Duration::from_micros(microseconds.unsigned_abs()),
        can_write: write_right.is_some() && !standby,
        write_right,
        standby,
    })
}
