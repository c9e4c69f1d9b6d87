use sqlx::{ConnectOptions, PgPool};

use super::{Error, Fleet, Migration, history};
use crate::postgres::Postgres;

async fn fleet(tenants: usize) -> (Fleet, PgPool) {
    let server = Postgres::shared().await.unwrap();
    let (fleet, database) = Fleet::fresh(server, tenants).await.unwrap();
    let pool = PgPool::connect(&database.keep()).await.unwrap();
    (fleet, pool)
}

async fn number(pool: &PgPool, query: &str) -> i64 {
    sqlx::query_scalar(query).fetch_one(pool).await.unwrap()
}

async fn tables(pool: &PgPool, schema: &str) -> i64 {
    let query =
        format!("SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = '{schema}'::regnamespace");
    number(pool, &query).await
}

#[tokio::test]
async fn the_fleet_has_the_shape_of_the_real_one() {
    let (fleet, pool) = fleet(30).await;
    let tenants = fleet.tenants().await.unwrap();
    assert_eq!(tenants.len(), 31);
    assert_eq!(tenants[0], "super_tenant");
    for tenant in &tenants {
        assert_eq!(tables(&pool, tenant).await, 32, "{tenant}");
        let ledger = format!("SELECT count(*) FROM {tenant}.django_migrations");
        assert_eq!(number(&pool, &ledger).await, 53, "{tenant}");
    }
    // public records the product's applications without having their tables.
    let recorded = "SELECT count(*) FROM public.django_migrations WHERE app = 'orders'";
    assert_eq!(number(&pool, recorded).await, 4);
    let absent =
        "SELECT count(*) FROM pg_class WHERE relname = 'orders_order' AND relnamespace = 'public'::regnamespace";
    assert_eq!(number(&pool, absent).await, 0);
    // The old list names schemas that are not there.
    let gone = "SELECT count(*) FROM public.tenants_tenant WHERE to_regnamespace(schema_name) IS NULL";
    assert_eq!(number(&pool, gone).await, 3);
    let domains = "SELECT count(*) FROM public.tenants_domain d JOIN public.tenants_client c ON c.id = d.tenant_id";
    assert_eq!(number(&pool, domains).await, 32);
}

#[tokio::test]
async fn a_release_reaches_public_first_and_then_tenant_by_tenant() {
    let (fleet, pool) = fleet(2).await;
    let released = fleet.release_next().await.unwrap();
    assert_eq!(released.label(), "orders.0005_order_priority");
    for tenant in ["super_tenant", "acme", "globex"] {
        assert_eq!(fleet.pending(tenant).await.unwrap(), std::slice::from_ref(&released));
    }
    assert_eq!(fleet.migrate("acme").await.unwrap(), std::slice::from_ref(&released));
    assert!(fleet.pending("acme").await.unwrap().is_empty());
    assert_eq!(fleet.pending("globex").await.unwrap(), [released]);
    let columns =
        "SELECT count(*) FROM pg_attribute WHERE attname = 'priority' AND attrelid = 'acme.orders_order'::regclass";
    assert_eq!(number(&pool, columns).await, 1);

    let pending: Vec<u64> = fleet.progress().await.unwrap().iter().map(|tenant| tenant.pending).collect();
    assert_eq!(pending, [1, 0, 1]);

    // Another connection knows the invented migrations too.
    let again = Fleet::connect(pool.connect_options().to_url_lossy().as_ref()).await.unwrap();
    assert_eq!(again.migrate("globex").await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_migration_of_ones_own_is_applied_and_an_unknown_one_is_refused() {
    let (fleet, pool) = fleet(1).await;
    let own = Migration::new("crm", "0001_initial", "CREATE TABLE crm_deal (id bigint PRIMARY KEY)");
    fleet.release(&own).await.unwrap();
    assert_eq!(fleet.migrate("acme").await.unwrap(), [own]);
    assert_eq!(tables(&pool, "acme").await, 33);

    sqlx::raw_sql("INSERT INTO public.django_migrations (app, name, applied) VALUES ('crm', '0002_x', now())")
        .execute(&pool)
        .await
        .unwrap();
    let refused = fleet.migrate("acme").await.unwrap_err();
    assert!(matches!(refused, Error::UnknownMigration(label) if label == "crm.0002_x"));
}

#[tokio::test]
async fn every_invented_migration_applies_and_can_be_made_to_fail() {
    let (fleet, _pool) = fleet(1).await;
    let mut refusals = String::new();
    for upcoming in history::upcoming().take(9) {
        let released = fleet.release_next().await.unwrap();
        assert_eq!(released, upcoming.migration);
        assert_eq!(fleet.break_tenant("acme").await.unwrap(), released);
        let refused = fleet.migrate("acme").await.unwrap_err();
        refusals += &format!("{refused}\n");
        assert_eq!(fleet.pending("acme").await.unwrap(), std::slice::from_ref(&released));
        fleet.mend_tenant("acme").await.unwrap();
        assert_eq!(fleet.migrate("acme").await.unwrap(), [released]);
    }
    for expected in [
        "column \"priority\" of relation \"orders_order\" already exists",
        "could not create unique index \"orders_customer_email_uniq\"",
        "relation \"support_macro\" already exists",
        "column \"due_date\" of relation \"billing_invoice\" already exists",
        "relation \"catalog_product_barcode_uniq\" already exists",
        "column \"reference\" of relation \"orders_order\" contains null values",
        "check constraint \"billing_invoice_total_positive\" of relation \"billing_invoice\" is violated by some row",
        "column \"flag_8\" of relation \"orders_order\" already exists",
        "column \"flag_9\" of relation \"orders_order\" already exists",
    ] {
        assert!(refusals.contains(expected), "{expected} is not in:\n{refusals}");
    }
}

#[tokio::test]
async fn an_interrupted_build_is_completed() {
    let (fleet, pool) = fleet(2).await;
    sqlx::raw_sql("DROP SCHEMA globex CASCADE").execute(&pool).await.unwrap();
    fleet.close().await;
    let url = pool.connect_options().to_url_lossy().to_string();
    Fleet::create(&url, 2).await.unwrap();
    assert_eq!(tables(&pool, "globex").await, 32);
}

#[tokio::test]
async fn a_forgotten_record_makes_the_tenant_lag_with_its_tables_in_place() {
    let (fleet, _pool) = fleet(1).await;
    fleet.release_next().await.unwrap();
    fleet.migrate("acme").await.unwrap();
    fleet.forget_last_migration("acme").await.unwrap();
    let refused = fleet.migrate("acme").await.unwrap_err();
    assert!(refused.to_string().contains("already exists"), "{refused}");
}

#[tokio::test]
async fn a_blocked_tenant_runs_into_its_lock_timeout_and_recovers() {
    let (fleet, _pool) = fleet(1).await;
    let released = fleet.release_next().await.unwrap();
    let blocker = fleet.block_tenant("acme").await.unwrap();
    let refused = fleet.apply("acme", &released).await.unwrap_err();
    assert!(refused.to_string().contains("canceling statement due to lock timeout"), "{refused}");
    blocker.release().await.unwrap();
    fleet.apply("acme", &released).await.unwrap();
}
