//! Making the fleet from nothing, by plain SQL.

use sqlx::{Connection, PgConnection};

use super::{Error, history};

/// What a fleet is made from: one that was made from something else is another.
pub(super) const SOURCES: [&str; 6] = [
    include_str!("build.rs"),
    include_str!("build.sql"),
    include_str!("django.sql"),
    include_str!("history.rs"),
    include_str!("public.sql"),
    include_str!("tenant.sql"),
];

const COMPANIES: [&str; 32] = [
    "Acme",
    "Globex",
    "Initech",
    "Umbrella",
    "Hooli",
    "Soylent",
    "Stark",
    "Wayne",
    "Wonka",
    "Cyberdyne",
    "Tyrell",
    "Aperture",
    "Massive",
    "Oscorp",
    "Vandelay",
    "Duff",
    "Gringotts",
    "Monarch",
    "Nakatomi",
    "Oceanic",
    "Pied Piper",
    "Prestige",
    "Rekall",
    "Sirius",
    "Spacely",
    "Tessier",
    "Virtucon",
    "Weyland",
    "Yoyodyne",
    "Zorg",
    "Bluth",
    "Krusty",
];

/// Makes what is missing of the fleet; one transaction for the shared schema and one per tenant,
/// so that an interrupted start is completed by the next.
pub(super) async fn build(url: &str, tenants: usize) -> Result<(), Error> {
    let mut connection = PgConnection::connect(url).await?;
    let absent: bool =
        sqlx::query_scalar("SELECT to_regclass('public.tenants_client') IS NULL").fetch_one(&mut connection).await?;
    sqlx::raw_sql(include_str!("build.sql")).execute(&mut connection).await?;
    if absent {
        build_public(&mut connection, tenants).await?;
    }
    let missing: Vec<String> = sqlx::query_scalar(
        "SELECT schema_name FROM public.tenants_client \
         WHERE to_regnamespace(quote_ident(schema_name)) IS NULL ORDER BY id",
    )
    .fetch_all(&mut connection)
    .await?;
    let tables = concat!(include_str!("django.sql"), include_str!("tenant.sql"));
    for schema in missing {
        let mut transaction = connection.begin().await?;
        build_schema(&mut transaction, &schema, tables).await?;
        transaction.commit().await?;
    }
    Ok(connection.close().await?)
}

/// The router denies tenant apps their tables in public, yet Django records them there as applied.
async fn build_public(connection: &mut PgConnection, tenants: usize) -> Result<(), Error> {
    let mut transaction = connection.begin().await?;
    let tables = concat!(include_str!("public.sql"), include_str!("django.sql"));
    build_schema(&mut transaction, "public", tables).await?;
    let named = (0..tenants).map(company);
    let fixed = [("public", "Shared"), ("super_tenant", "Super tenant")];
    let all = fixed.map(|(schema, name)| (schema.to_owned(), name.to_owned())).into_iter().chain(named);
    let (schemas, names): (Vec<_>, Vec<_>) = all.unzip();
    sqlx::query(
        "WITH client AS ( \
           INSERT INTO public.tenants_client (schema_name, name, description) \
           SELECT schema_name, name, name || ' (demo)' \
           FROM unnest($1::text[], $2::text[]) AS fleet (schema_name, name) \
           RETURNING id, schema_name) \
         INSERT INTO public.tenants_domain (domain, tenant_id) \
         SELECT replace(schema_name, '_', '-') || '.example.test', id FROM client",
    )
    .bind(schemas)
    .bind(names)
    .execute(&mut *transaction)
    .await?;
    Ok(transaction.commit().await?)
}

async fn build_schema(connection: &mut PgConnection, schema: &str, tables: &str) -> Result<(), Error> {
    let (apps, names): (Vec<&str>, Vec<&str>) =
        history::APPLIED.iter().flat_map(|(app, names)| names.iter().map(|name| (*app, *name))).unzip();
    sqlx::query("SELECT pg_temp.build_tenant($1, $2, $3, $4)")
        .bind(schema)
        .bind(tables)
        .bind(apps)
        .bind(names)
        .execute(connection)
        .await?;
    Ok(())
}

/// Schema and name of the n-th tenant.
fn company(index: usize) -> (String, String) {
    match COMPANIES.get(index) {
        Some(name) => (name.to_lowercase().replace(' ', "_"), (*name).to_owned()),
        None => (format!("tenant_{:04}", index + 1), format!("Tenant {}", index + 1)),
    }
}
