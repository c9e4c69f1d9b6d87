//! Which tables list the tenants and their domains.

use sqlx::postgres::types::Oid;
use sqlx::{PgConnection, Row};

use super::RegistryOptions;

/// A table of `public` with the names needed to read it, quoted by the server where they must be.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) oid: Oid,
    pub(super) name: String,
    pub(super) quoted: String,
    /// Whether the role may read the columns in question.
    pub(super) open: bool,
    /// Of tenants: the quoted column that domains refer to, when there is one.
    pub(super) key: Option<String>,
    /// Of domains: the tenants table its foreign key points at, and the quoted column there.
    target: Option<(Oid, String)>,
}

/// Ordinary tables whose `schema_name` alone is unique: nothing else can be looked up by it. `OFFSET 0`
/// makes the server start from the few tables of `public` instead of the columns of all tenants.
const TENANTS: &str = "
SELECT c.oid, c.relname::text AS name, quote_ident(c.relname) AS quoted, NULL::oid AS target, NULL::text AS target_key,
       (SELECT quote_ident(k.attname) FROM pg_index i JOIN pg_attribute k ON k.attrelid = c.oid AND k.attnum = i.indkey[0]
        WHERE i.indrelid = c.oid AND i.indisprimary AND i.indnkeyatts = 1) AS key,
       has_schema_privilege(c.relnamespace, 'USAGE') AND has_column_privilege(c.oid, a.attnum, 'SELECT') AS open
FROM (SELECT oid, relname, relnamespace FROM pg_class
      WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'public') AND relkind = 'r' OFFSET 0) AS c,
     LATERAL (SELECT attnum, atttypid FROM pg_attribute
              WHERE attrelid = c.oid AND attname = 'schema_name' AND NOT attisdropped OFFSET 0) AS a
WHERE a.atttypid IN ('text'::regtype, 'varchar'::regtype) AND (c.relname::text = $1 OR $1 IS NULL AND EXISTS (
       SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
       AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum))
ORDER BY name";

/// Tables with the three columns; configured ones need no foreign key.
const DOMAINS: &str = "
SELECT c.oid, c.relname::text AS name, quote_ident(c.relname) AS quoted, f.confrelid AS target, NULL::text AS key,
       (SELECT quote_ident(k.attname) FROM pg_attribute k WHERE k.attrelid = f.confrelid AND k.attnum = f.confkey[1]) AS target_key,
       has_schema_privilege(c.relnamespace, 'USAGE') AND shaped.open AS open
FROM (SELECT oid, relname, relnamespace FROM pg_class
      WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'public') AND relkind = 'r' OFFSET 0) AS c
JOIN LATERAL (SELECT bool_and(has_column_privilege(c.oid, attnum, 'SELECT')) AS open, count(*) AS columns,
                     max(attnum) FILTER (WHERE attname = 'tenant_id') AS tenant
              FROM pg_attribute WHERE attrelid = c.oid AND NOT attisdropped
              AND attname IN ('domain', 'tenant_id', 'is_primary')) AS shaped ON shaped.columns = 3
LEFT JOIN LATERAL (SELECT oid, confrelid, confkey FROM pg_constraint
                   WHERE conrelid = c.oid AND contype = 'f' AND conkey = ARRAY[shaped.tenant] OFFSET 0) AS f ON true
WHERE (c.relname::text = $1 OR $1 IS NULL AND f.oid IS NOT NULL)
ORDER BY name";

/// What looking found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) tenants: Option<Table>,
    pub(super) domains: Option<Table>,
    /// The candidates that were not chosen.
    pub(super) others: Vec<Table>,
    /// Configured tables that are not there.
    pub(super) absent: Option<String>,
}

/// Candidates for both tables; of the tenants' ones [`choose`] takes one.
pub(super) async fn candidates(
    connection: &mut PgConnection,
    options: &RegistryOptions,
) -> sqlx::Result<(Vec<Table>, Vec<Table>)> {
    // The configured table is the chosen one; the others are still worth telling.
    let mut tenants = look(connection, TENANTS, None).await?;
    if let Some(name) = options.tenants_table.as_deref()
        && !tenants.iter().any(|table| table.name == name)
    {
        tenants.extend(look(connection, TENANTS, Some(name)).await?);
    }
    let domains = look(connection, DOMAINS, options.domains_table.as_deref()).await?;
    Ok((tenants, domains))
}

async fn look(connection: &mut PgConnection, statement: &str, name: Option<&str>) -> sqlx::Result<Vec<Table>> {
    let rows = sqlx::query(statement).persistent(false).bind(name).fetch_all(connection).await?;
    let table = |row: &sqlx::postgres::PgRow| {
        let target: Option<Oid> = row.try_get("target")?;
        let target_key: Option<String> = row.try_get("target_key")?;
        Ok(Table {
            oid: row.try_get("oid")?,
            name: row.try_get("name")?,
            quoted: row.try_get("quoted")?,
            open: row.try_get::<Option<bool>, _>("open")?.unwrap_or(false),
            key: row.try_get("key")?,
            target: target.zip(target_key),
        })
    };
    rows.iter().map(table).collect()
}

/// Takes the configured table, else the one that domains point at, else the one most of whose schemas
/// exist; `existing` counts those and is `None` for a table that could not be read.
pub(super) fn choose(
    tenants: Vec<Table>,
    domains: Vec<Table>,
    options: &RegistryOptions,
    existing: impl Fn(&Table) -> Option<u64>,
) -> Found {
    let points_at = |domain: &Table, table: &Table| domain.target.as_ref().is_some_and(|(oid, _)| *oid == table.oid);
    let rank = |table: &Table| (domains.iter().any(|domain| points_at(domain, table)), existing(table));
    let mut found = Found::default();
    for table in tenants {
        let wanted = options.tenants_table.as_ref().is_none_or(|name| *name == table.name);
        let better = wanted && found.tenants.as_ref().is_none_or(|best| rank(&table) > rank(best));
        let other = if better { found.tenants.replace(table) } else { Some(table) };
        found.others.extend(other);
    }
    let configured = options.domains_table.is_some();
    let chosen = found.tenants.as_ref();
    let fits = |domain: &&Table| configured || chosen.is_some_and(|table| points_at(domain, table));
    found.domains = domains.iter().find(fits).cloned();
    if let (Some(table), Some((_, key))) = (&mut found.tenants, found.domains.as_ref().and_then(|d| d.target.clone())) {
        table.key = Some(key);
    }
    let absent = |name: &Option<String>, found: &Option<Table>, columns| {
        let name = name.as_ref().filter(|_| found.is_none())?;
        Some(format!("there is no table public.{name} with {columns}"))
    };
    let missing = [
        absent(&options.tenants_table, &found.tenants, "a column schema_name"),
        absent(&options.domains_table, &found.domains, "columns domain, tenant_id and is_primary"),
    ];
    let missing: Vec<String> = missing.into_iter().flatten().collect();
    found.absent = (!missing.is_empty()).then(|| missing.join("; "));
    found
}
