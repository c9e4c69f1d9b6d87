//! Against a real PostgreSQL server, which the sandbox provides.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod access;
mod audit;
mod django;
mod faults;
mod feed;
mod ledger_rows;
mod live;

mod locks;
mod pooler;
mod registry;
mod snapshot;
mod survey;
mod watch;

use signalbox_sandbox::fleet::Fleet;
use signalbox_sandbox::postgres::{Database, Postgres};
use signalbox_tenants::{Ledger, Options, Schema, Survey, TenantDatabase};
use sqlx::{Connection, PgConnection};

async fn empty() -> Database {
    Postgres::shared().await.unwrap().fresh_database().await.unwrap()
}

async fn fleet(tenants: usize) -> (Fleet, Database) {
    Fleet::fresh(Postgres::shared().await.unwrap(), tenants).await.unwrap()
}

/// The database as a role sees it that may read and not write.
async fn open(database: &Database) -> TenantDatabase {
    let server = Postgres::shared().await.unwrap();
    TenantDatabase::connect(&server.reader_url(&database.name), Options::default()).await.unwrap()
}

async fn execute(database: &Database, statements: &str) -> PgConnection {
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    sqlx::raw_sql(statements).execute(&mut connection).await.unwrap();
    connection
}

fn schema<'a>(survey: &'a Survey, name: &str) -> &'a Schema {
    survey.schema(name).unwrap_or_else(|| panic!("no schema {name} in {survey:?}"))
}

/// Applied, lacking and the names of what is missing.
fn ledger(survey: &Survey, name: &str) -> (u32, u32, Vec<String>) {
    match &schema(survey, name).ledger {
        Ledger::Read(applied) => (applied.applied, applied.lacking, applied.missing.clone()),
        other => panic!("{name} is {other:?}"),
    }
}
