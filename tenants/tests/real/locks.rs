use std::time::Duration;

use signalbox_sandbox::postgres::{Database, Postgres};
use signalbox_tenants::{Ledger, Options, TenantDatabase, Unreadable};
use sqlx::Connection;

use super::{execute, fleet, open, schema};

/// Long enough that a survey which waited for a lock could not be taken for one that did not.
fn patient() -> Options {
    Options {
        lock_timeout: Duration::from_secs(3600),
        statement_timeout: Duration::from_secs(3600),
        ..Options::default()
    }
}

pub(crate) async fn patiently(database: &Database) -> TenantDatabase {
    let server = Postgres::shared().await.unwrap();
    TenantDatabase::connect(&server.reader_url(&database.name), patient()).await.unwrap()
}

#[tokio::test]
async fn a_running_migration_is_not_waited_for() {
    let (fleet, database) = fleet(2).await;
    let released = fleet.release_next().await.unwrap();
    // In the middle of a migration: tables locked, the record not yet written.
    let migration = execute(
        &database,
        "BEGIN; ALTER TABLE acme.orders_order ADD COLUMN priority smallint NOT NULL DEFAULT 0;
         LOCK TABLE acme.orders_customer IN ACCESS EXCLUSIVE MODE",
    )
    .await;
    let survey = patiently(&database).await.survey().await.unwrap();
    assert_eq!(super::ledger(&survey, "acme"), (53, 1, vec![released.label()]));
    migration.close().await.unwrap();
}

#[tokio::test]
async fn a_locked_ledger_spoils_only_its_own_tenant() {
    let (_, database) = fleet(2).await;
    let holder = execute(&database, "BEGIN; LOCK TABLE acme.django_migrations IN ACCESS EXCLUSIVE MODE").await;
    let survey = patiently(&database).await.survey().await.unwrap();
    assert_eq!(schema(&survey, "acme").ledger, Ledger::Unreadable(Unreadable::Locked));
    assert_eq!(schema(&survey, "acme").tables, 32);
    assert!(schema(&survey, "globex").is_complete());
    assert_eq!(survey.unreadable().count(), 1);
    holder.close().await.unwrap();
    let survey = open(&database).await.survey().await.unwrap();
    assert!(schema(&survey, "acme").is_complete());
}

#[tokio::test]
async fn an_index_being_rebuilt_counts_as_a_lock() {
    let (_, database) = fleet(1).await;
    let holder = execute(&database, "BEGIN; REINDEX INDEX acme.django_migrations_pkey").await;
    let survey = patiently(&database).await.survey().await.unwrap();
    assert_eq!(schema(&survey, "acme").ledger, Ledger::Unreadable(Unreadable::Locked));
    holder.close().await.unwrap();
}

#[tokio::test]
async fn a_locked_public_ledger_leaves_everything_unknown() {
    let (_, database) = fleet(1).await;
    let holder = execute(&database, "BEGIN; LOCK TABLE public.django_migrations IN ACCESS EXCLUSIVE MODE").await;
    let survey = patiently(&database).await.survey().await.unwrap();
    assert_eq!(survey.target, None);
    assert!(survey.schemas.iter().all(|schema| !schema.is_complete()));
    holder.close().await.unwrap();
}

#[tokio::test]
async fn a_locked_catalog_runs_into_the_statement_timeout() {
    let (_, database) = fleet(0).await;
    let holder = execute(&database, "BEGIN; LOCK TABLE pg_namespace IN ACCESS EXCLUSIVE MODE").await;
    let server = Postgres::shared().await.unwrap();
    let options = Options { lock_timeout: Duration::from_millis(50), ..Options::default() };
    // The lock also keeps new sessions out, so only the kind of the answer is certain.
    let asked = async { TenantDatabase::connect(&server.url(&database.name), options).await?.survey().await };
    let refused = asked.await.unwrap_err();
    assert!(refused.is_transient(), "{refused}");
    holder.close().await.unwrap();
}
