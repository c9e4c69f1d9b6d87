//! Reading the application's rows and the schemas they speak of.

use std::collections::HashMap;

use sqlx::postgres::types::Oid;
use sqlx::{Connection, PgConnection, Row};

use super::tables::{self, Table};
use super::{DomainRow, OtherList, Registry, RegistryOptions, Rows, SchemaOwner, TenantRow};
use crate::sweep;

/// Raw catalogs only, which no migration locks.
const SCHEMAS: &str = r"
SELECT n.nspname::text AS name, r.rolname::text AS owner, c.oid IS NOT NULL AS has_ledger
FROM pg_namespace n
LEFT JOIN pg_roles r ON r.oid = n.nspowner
LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = 'django_migrations' AND c.relkind = 'r'
WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'";

/// Reads everything in the transaction it is given.
pub(super) async fn read(connection: &mut PgConnection, options: &RegistryOptions) -> sqlx::Result<Registry> {
    let schemas = schemas(connection).await?;
    let (tenants, domains) = tables::candidates(connection, options).await?;
    let mut counts = HashMap::new();
    // A single candidate needs no comparison.
    for table in tenants.iter().filter(|_| tenants.len() > 1) {
        if let Ok(count) = count(connection, table).await? {
            counts.insert(table.oid, count);
        }
    }
    let existing = |table: &Table| counts.get(&table.oid).map(|(_, existing)| *existing);
    let found = tables::choose(tenants, domains, options, existing);
    let mut unreadable: Vec<String> = found.absent.into_iter().collect();
    let mut rows = Rows::default();
    if let Some(table) = &found.tenants {
        rows.tenants = keep(tenant_rows(connection, table).await?, &mut unreadable);
    }
    if let Some(table) = &found.domains {
        rows.domains = keep(domain_rows(connection, table).await?, &mut unreadable);
    }
    let other = |table: Table| OtherList { rows: counts.get(&table.oid).copied(), table: table.name };
    Ok(Registry {
        tenants_table: found.tenants.map(|table| table.name),
        domains_table: found.domains.map(|table| table.name),
        others: found.others.into_iter().map(other).collect(),
        unreadable: (!unreadable.is_empty()).then(|| unreadable.join("; ")),
        rows,
        schemas,
    })
}

fn keep<T>(rows: Result<T, String>, unreadable: &mut Vec<String>) -> Option<T> {
    rows.map_err(|reason| unreadable.push(reason)).ok()
}

async fn schemas(connection: &mut PgConnection) -> sqlx::Result<Vec<SchemaOwner>> {
    let rows = sqlx::query(SCHEMAS).persistent(false).fetch_all(connection).await?;
    let schema = |row: &sqlx::postgres::PgRow| {
        let owner: Option<String> = row.try_get("owner")?;
        let (name, has_ledger) = (row.try_get("name")?, row.try_get("has_ledger")?);
        Ok(SchemaOwner { name, owner: owner.unwrap_or_default(), has_ledger })
    };
    let mut schemas = rows.iter().map(schema).collect::<sqlx::Result<Vec<_>>>()?;
    schemas.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(schemas)
}

/// How many rows a list of tenants has, and how many of their schemas exist.
async fn count(connection: &mut PgConnection, table: &Table) -> sqlx::Result<Result<(u64, u64), String>> {
    let statement = format!(
        "SELECT count(*), count(n.oid) FROM public.{} t LEFT JOIN pg_namespace n ON n.nspname::text = t.schema_name::text",
        table.quoted
    );
    let rows: Result<Vec<(i64, i64)>, String> = fetch(connection, table, &statement).await?;
    let number = |(rows, existing): &(i64, i64)| (rows.unsigned_abs(), existing.unsigned_abs());
    Ok(rows.map(|rows| rows.first().map(number).unwrap_or_default()))
}

async fn tenant_rows(connection: &mut PgConnection, table: &Table) -> sqlx::Result<Result<Vec<TenantRow>, String>> {
    let key = table.key.as_deref().unwrap_or("schema_name");
    let statement = format!(
        "SELECT coalesce({key}::text, ''), coalesce(schema_name::text, ''), \
                coalesce(quote_ident(schema_name) <> schema_name, true) FROM public.{} ORDER BY 2",
        table.quoted
    );
    let rows: Result<Vec<(String, String, bool)>, String> = fetch(connection, table, &statement).await?;
    let tenant = |(id, schema_name, needs_quotes)| TenantRow { id, schema_name, needs_quotes };
    Ok(rows.map(|rows| rows.into_iter().map(tenant).collect()))
}

async fn domain_rows(connection: &mut PgConnection, table: &Table) -> sqlx::Result<Result<Vec<DomainRow>, String>> {
    let statement = format!(
        "SELECT coalesce(domain::text, ''), tenant_id::text, coalesce(is_primary, false) FROM public.{} ORDER BY 1",
        table.quoted
    );
    let rows: Result<Vec<(String, Option<String>, bool)>, String> = fetch(connection, table, &statement).await?;
    let domain = |(domain, tenant_id, is_primary)| DomainRow { domain, tenant_id, is_primary };
    Ok(rows.map(|rows| rows.into_iter().map(domain).collect()))
}

/// The rows, or in words why this table cannot be read now.
async fn fetch<T>(connection: &mut PgConnection, table: &Table, statement: &str) -> sqlx::Result<Result<Vec<T>, String>>
where
    T: for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow> + Send + Unpin,
{
    let name = &table.quoted;
    if !table.open {
        return Ok(Err(format!("USAGE on schema public or SELECT on public.{name} is missing")));
    }
    let locked = || Err(format!("public.{name} is locked by another session"));
    let oids: [Oid; 1] = [table.oid];
    if !sweep::locked(connection, &oids).await?.is_empty() {
        return Ok(locked());
    }
    let mut savepoint = connection.begin().await?;
    match sqlx::query_as(statement).persistent(false).fetch_all(&mut *savepoint).await {
        Ok(rows) => {
            savepoint.commit().await?;
            Ok(Ok(rows))
        }
        Err(error) if sweep::came_in_between(&error) => {
            savepoint.rollback().await?;
            Ok(locked())
        }
        // Granted by column, and not for all that are needed.
        Err(error) if error.as_database_error().is_some_and(|error| error.code().as_deref() == Some("42501")) => {
            savepoint.rollback().await?;
            Ok(Err(format!("SELECT on public.{name} is missing")))
        }
        Err(error) => Err(error),
    }
}
