//! How much every schema holds.

use serde::Serialize;
use sqlx::{PgConnection, Row};

use crate::{Error, TenantDatabase};

/// All schemas but PostgreSQL's own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Inventory {
    /// Sorted by name.
    pub schemas: Vec<SchemaSize>,
}

/// One schema by numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SchemaSize {
    /// Its name, as it is, without quotes.
    pub name: String,
    /// The role that owns it.
    pub owner: String,
    /// Ordinary, partitioned and foreign tables.
    pub tables: u64,
    /// Indexes, those of constraints included.
    pub indexes: u64,
    /// Views and materialized views.
    pub views: u64,
    /// Sequences.
    pub sequences: u64,
    /// Functions, procedures and aggregates.
    pub functions: u64,
    /// Enums, domains, ranges, composite and base types; not those that come with a table or an array.
    pub types: u64,
    /// Bytes on disk with indexes and TOAST, as of the last `VACUUM`, `ANALYZE` or index build of each.
    pub bytes: u64,
    /// Rows, as estimated then.
    pub rows: u64,
    /// Whether it has a `django_migrations` table of its own.
    pub has_ledger: bool,
    /// What `COMMENT ON SCHEMA` says.
    pub comment: Option<String>,
}

/// Raw catalogs only: `pg_relation_size` would open every table and wait behind migrations. TOAST tables
/// and their indexes lie in schema 99, `pg_toast`, and count where the table they belong to lies.
const SIZES: &str = r"
WITH wanted AS (
    SELECT n.oid, n.nspname::text AS name, r.rolname::text AS owner
    FROM pg_namespace n LEFT JOIN pg_roles r ON r.oid = n.nspowner
    WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
), toast AS (
    SELECT t.oid, t.relpages::bigint + coalesce(x.relpages, 0) AS pages
    FROM pg_class t LEFT JOIN pg_index i ON i.indrelid = t.oid LEFT JOIN pg_class x ON x.oid = i.indexrelid
    WHERE t.relkind = 't'
), relations AS (
    SELECT c.relnamespace AS oid,
           count(*) FILTER (WHERE relkind IN ('r', 'p', 'f')) AS tables, count(*) FILTER (WHERE relkind IN ('i', 'I')) AS indexes,
           count(*) FILTER (WHERE relkind IN ('v', 'm')) AS views, count(*) FILTER (WHERE relkind = 'S') AS sequences,
           count(*) FILTER (WHERE relkind = 'c') AS composites, sum(c.relpages::bigint + coalesce(t.pages, 0)) AS pages,
           sum(reltuples) FILTER (WHERE relkind IN ('r', 'm') AND reltuples > 0) AS rows,
           bool_or(relkind = 'r' AND relname = 'django_migrations') AS has_ledger
    FROM pg_class c LEFT JOIN toast t ON t.oid = c.reltoastrelid
    WHERE c.relnamespace NOT IN (11, 99) GROUP BY 1
), functions AS (
    SELECT pronamespace AS oid, count(*) AS number FROM pg_proc GROUP BY 1
), types AS (
    SELECT typnamespace AS oid, count(*) AS number FROM pg_type
    WHERE typtype NOT IN ('c', 'm') AND NOT (typtype = 'b' AND typelem <> 0 AND typlen = -1) GROUP BY 1
)
SELECT name, coalesce(owner, '') AS owner, coalesce(tables, 0) AS tables, coalesce(indexes, 0) AS indexes,
       coalesce(views, 0) AS views, coalesce(sequences, 0) AS sequences, coalesce(functions.number, 0) AS functions,
       coalesce(types.number, 0) + coalesce(composites, 0) AS types, coalesce(rows, 0)::bigint AS rows,
       (coalesce(pages, 0) * current_setting('block_size')::bigint)::bigint AS bytes,
       coalesce(has_ledger, false) AS has_ledger, d.description AS comment
FROM wanted LEFT JOIN relations USING (oid) LEFT JOIN functions USING (oid) LEFT JOIN types USING (oid)
LEFT JOIN pg_description d ON d.objoid = wanted.oid AND d.classoid = 2615 AND d.objsubid = 0";

impl TenantDatabase {
    /// Counts what every schema holds and how much room it takes, without taking a lock on any of it.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn inventory(&self) -> Result<Inventory, Error> {
        self.ask("counting what the schemas hold", async |transaction| read(transaction).await).await
    }
}

async fn read(connection: &mut PgConnection) -> sqlx::Result<Inventory> {
    let rows = sqlx::query(SIZES).persistent(false).fetch_all(connection).await?;
    let schema = |row: &sqlx::postgres::PgRow| {
        let number = |column| row.try_get::<i64, _>(column).map(i64::unsigned_abs);
        Ok(SchemaSize {
            name: row.try_get("name")?,
            owner: row.try_get("owner")?,
            tables: number("tables")?,
            indexes: number("indexes")?,
            views: number("views")?,
            sequences: number("sequences")?,
            functions: number("functions")?,
            types: number("types")?,
            bytes: number("bytes")?,
            rows: number("rows")?,
            has_ledger: row.try_get("has_ledger")?,
            comment: row.try_get("comment")?,
        })
    };
    let mut schemas = rows.iter().map(schema).collect::<sqlx::Result<Vec<_>>>()?;
    schemas.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(Inventory { schemas })
}
