use signalbox_sandbox::fleet::Fleet;
use signalbox_sandbox::postgres::{self, Database, Postgres};
use signalbox_tenants::{Change, Changed, Doubt, Options, TenantDatabase};
use sqlx::{Connection, PgConnection};
use tokio::sync::OnceCell;

use super::execute;

/// A server nobody else uses: roles made by other tests would be changes too. What changes a role or the
/// settings of a database needs yet another one.
pub(crate) async fn server() -> &'static Postgres {
    static SERVER: OnceCell<Postgres> = OnceCell::const_new();
    SERVER
        .get_or_init(async || {
            let server = own_server("feed").await;
            server.drop_fresh_databases().await.unwrap();
            server
        })
        .await
}

pub(crate) async fn own_server(purpose: &str) -> Postgres {
    let mut slot = 0;
    loop {
        let folder = postgres::test_folder().join(format!("signalbox-test-{purpose}-{slot}"));
        match Postgres::start(postgres::Options::private(folder)).await {
            Err(postgres::Error::InUse { .. }) => slot += 1,
            started => return started.unwrap(),
        }
    }
}

async fn watched(server: &Postgres) -> (Database, TenantDatabase) {
    let (fleet, database) = Fleet::fresh(server, 2).await.unwrap();
    fleet.close().await;
    // What was done to make it is counted first, which PostgreSQL 14 does later.
    settle(&database).await;
    let tenants = TenantDatabase::connect(&server.reader_url(&database.name), Options::default()).await.unwrap();
    (database, tenants)
}

/// Runs the statements in a session of their own, whose counts have arrived when this returns.
pub(crate) async fn run(database: &Database, statements: &str) {
    let mut connection = execute(database, statements).await;
    // Other tests have transactions on this server; a watermark goes back before the oldest that is open.
    let is_quiet = "SELECT pg_snapshot_xmin(s) = pg_snapshot_xmax(s) FROM pg_current_snapshot() s";
    while !sqlx::query_scalar::<_, bool>(is_quiet).fetch_one(&mut connection).await.unwrap() {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    if counts_later(&connection) {
        connection.close().await.unwrap();
        return settle(database).await;
    }
    sqlx::raw_sql("SELECT pg_stat_force_next_flush()").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// Waits for all other sessions that write to end: they hand in their counts before they do.
pub(crate) async fn settle(database: &Database) {
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    let others = "SELECT count(*) FROM pg_stat_activity \
                  WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend' \
                  AND usename <> 'signalbox_reader'";
    while sqlx::query_scalar::<_, i64>(others).fetch_one(&mut connection).await.unwrap() > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    if counts_later(&connection) {
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    }
    connection.close().await.unwrap();
}

/// Up to PostgreSQL 14 a process of its own collects what sessions counted, and hands it out up to half a second later.
fn counts_later(connection: &PgConnection) -> bool {
    connection.server_version_num() < Some(150_000)
}

#[tokio::test]
async fn every_kind_of_ddl_moves_the_pulse_and_ordinary_work_does_not() {
    let (database, tenants) = watched(server().await).await;
    let mut before = tenants.pulse().await.unwrap();
    for ordinary in [
        "SELECT 1",
        "INSERT INTO acme.django_migrations (app, name, applied) VALUES ('crm', '0001', now())",
        "UPDATE acme.django_migrations SET applied = now()",
        "DELETE FROM acme.django_migrations WHERE app = 'crm'",
        "ANALYZE acme.django_migrations",
        "VACUUM acme.django_migrations",
        "SELECT nextval(pg_get_serial_sequence('acme.django_migrations', 'id'))",
    ] {
        run(&database, ordinary).await;
        assert_eq!(tenants.pulse().await.unwrap().since(&before), Change::Nothing, "{ordinary}");
    }
    for ddl in [
        "CREATE SCHEMA fresh",
        "CREATE TABLE fresh.t (id int PRIMARY KEY, code text, CHECK (id > 0))",
        "ALTER TABLE fresh.t ALTER code SET NOT NULL",
        "ALTER TABLE fresh.t ALTER code SET DEFAULT 'x'",
        "ALTER TABLE fresh.t ALTER code DROP DEFAULT",
        "CREATE INDEX t_code ON fresh.t (code)",
        "DROP INDEX fresh.t_code",
        "ALTER TABLE fresh.t SET (fillfactor = 70)",
        "GRANT SELECT ON fresh.t TO PUBLIC",
        "GRANT USAGE ON SCHEMA fresh TO PUBLIC",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA fresh GRANT SELECT ON TABLES TO PUBLIC",
        "COMMENT ON TABLE fresh.t IS 'x'",
        "COMMENT ON TABLE fresh.t IS NULL",
        "CREATE SEQUENCE fresh.s",
        "ALTER SEQUENCE fresh.s INCREMENT 5",
        "ALTER SEQUENCE fresh.s OWNED BY fresh.t.id",
        "CREATE VIEW fresh.v AS SELECT id FROM fresh.t",
        "CREATE OR REPLACE VIEW fresh.v AS SELECT id + 1 AS id FROM fresh.t",
        "CREATE FUNCTION fresh.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "ALTER FUNCTION fresh.f() SET search_path = 'acme'",
        "CREATE TRIGGER hook AFTER INSERT ON fresh.t EXECUTE FUNCTION fresh.f()",
        "ALTER TABLE fresh.t DISABLE TRIGGER hook",
        "CREATE TYPE fresh.colour AS ENUM ('red')",
        "ALTER TYPE fresh.colour ADD VALUE 'green'",
        "ALTER TABLE fresh.t ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY own ON fresh.t USING (true)",
        "ALTER POLICY own ON fresh.t USING (false)",
        "CREATE STATISTICS fresh.st ON id, code FROM fresh.t",
        "CREATE TABLE fresh.child () INHERITS (fresh.t)",
        "ALTER TABLE fresh.child NO INHERIT fresh.t",
        "DROP SCHEMA fresh CASCADE",
    ] {
        run(&database, ddl).await;
        let after = tenants.pulse().await.unwrap();
        assert_eq!(after.since(&before), Change::Something, "{ddl}");
        before = after;
    }
}

#[tokio::test]
async fn a_reset_and_another_database_are_doubts() {
    let (database, tenants) = watched(server().await).await;
    let before = tenants.pulse().await.unwrap();
    run(&database, "SELECT pg_stat_reset()").await;
    let reset = tenants.pulse().await.unwrap();
    assert_eq!(reset.since(&before), Change::Unsure(Doubt::Reset));
    assert_eq!(tenants.pulse().await.unwrap().since(&reset), Change::Nothing);

    let (_other_database, other) = watched(server().await).await;
    assert_eq!(other.pulse().await.unwrap().since(&before), Change::Unsure(Doubt::OtherDatabase));
}

#[tokio::test]
async fn what_the_whole_server_shares_belongs_to_no_tenant_and_a_restart_is_a_doubt() {
    let server = own_server("feed-restart").await;
    server.drop_fresh_databases().await.unwrap();
    let (database, tenants) = watched(&server).await;
    let mark = tenants.watermark().await.unwrap();
    run(&database, "ALTER ROLE signalbox_reader SET search_path = 'acme'").await;
    assert_eq!(tenants.changed_since(&mark).await.unwrap(), Changed::Unsure(Doubt::Elsewhere));
    assert_eq!(tenants.changed_here_since(&mark).await.unwrap(), Changed::Schemas(vec![]));
    run(&database, "ALTER ROLE signalbox_reader RESET search_path; ALTER TABLE acme.orders_order ADD extra int").await;
    assert_eq!(tenants.changed_here_since(&mark).await.unwrap(), Changed::Schemas(vec!["acme".into()]));
    run(&database, "COMMENT ON SCHEMA acme IS 'a comment leads nowhere'").await;
    assert_eq!(tenants.changed_here_since(&mark).await.unwrap(), Changed::Unsure(Doubt::Elsewhere));

    let before = tenants.pulse().await.unwrap();
    let set = |setting: &str| format!("ALTER DATABASE {} {setting}", database.name);
    run(&database, &set("SET search_path = 'acme'")).await;
    assert_eq!(tenants.pulse().await.unwrap().since(&before), Change::Something);
    run(&database, &set("SET track_counts = off")).await;
    assert_eq!(tenants.pulse().await.unwrap().since(&before), Change::Unsure(Doubt::NotCounting));
    run(&database, &set("RESET track_counts")).await;

    let before = tenants.pulse().await.unwrap();
    server.stop().await.unwrap();
    let server = own_server("feed-restart").await;
    let tenants = TenantDatabase::connect(&server.reader_url(&database.name), Options::default()).await.unwrap();
    let doubt = tenants.pulse().await.unwrap().since(&before);
    assert_eq!(doubt, Change::Unsure(Doubt::Restarted));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn what_was_written_is_told_by_schema() {
    let (database, tenants) = watched(server().await).await;
    for (ddl, schemas) in [
        ("SELECT 1", &[] as &[&str]),
        ("INSERT INTO acme.django_migrations (app, name, applied) VALUES ('crm', '0001', now())", &[]),
        ("ALTER TABLE acme.orders_order ADD COLUMN extra int NOT NULL DEFAULT 0", &["acme"]),
        ("ALTER TABLE acme.orders_order ALTER extra DROP DEFAULT", &["acme"]),
        ("CREATE TABLE globex.extra (id int); CREATE INDEX ON acme.orders_order (extra)", &["acme", "globex"]),
        ("GRANT SELECT ON globex.extra TO PUBLIC", &["globex"]),
        ("CREATE TYPE acme.colour AS ENUM ('red')", &["acme"]),
        ("ALTER TYPE acme.colour ADD VALUE 'green'", &["acme"]),
        ("COMMENT ON COLUMN globex.extra.id IS 'x'", &["globex"]),
        ("CREATE SCHEMA \"Acme-Corp\"", &["Acme-Corp"]),
        ("CREATE FUNCTION \"Acme-Corp\".f() RETURNS int LANGUAGE sql AS 'SELECT 1'", &["Acme-Corp"]),
        ("CREATE SEQUENCE globex.s OWNED BY globex.extra.id", &["globex"]),
        ("ALTER SEQUENCE globex.s OWNED BY NONE", &["globex"]),
        ("ALTER DEFAULT PRIVILEGES IN SCHEMA acme GRANT SELECT ON TABLES TO PUBLIC", &["acme"]),
    ] {
        let mark = tenants.watermark().await.unwrap();
        run(&database, ddl).await;
        let changed = tenants.changed_since(&mark).await.unwrap();
        assert_eq!(changed, Changed::Schemas(schemas.iter().map(|&name| name.to_owned()).collect()), "{ddl}");
    }
}

#[tokio::test]
async fn what_was_removed_or_has_no_schema_asks_for_a_full_pass() {
    let (database, tenants) = watched(server().await).await;
    for (ddl, doubt) in [
        ("CREATE TABLE acme.t (id int); CREATE INDEX t_id ON acme.t (id)", None),
        ("DROP INDEX acme.t_id", Some(Doubt::Removed)),
        ("DROP SCHEMA globex CASCADE", Some(Doubt::Removed)),
        ("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC", Some(Doubt::Elsewhere)),
        ("CREATE FUNCTION acme.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", None),
        // Written in pg_depend alone.
        ("ALTER EXTENSION plpgsql ADD FUNCTION acme.f()", Some(Doubt::Elsewhere)),
    ] {
        let mark = tenants.watermark().await.unwrap();
        run(&database, ddl).await;
        match (tenants.changed_since(&mark).await.unwrap(), doubt) {
            (Changed::Unsure(found), Some(doubt)) => assert_eq!(found, doubt, "{ddl}"),
            (Changed::Schemas(schemas), None) => assert_eq!(schemas, ["acme"], "{ddl}"),
            (found, _) => panic!("{ddl}: {found:?}"),
        }
    }
}

#[tokio::test]
async fn a_transaction_that_was_open_at_the_watermark_is_not_missed() {
    let (database, tenants) = watched(server().await).await;
    let mut early = execute(&database, "BEGIN; ALTER TABLE acme.orders_order ADD COLUMN late int").await;
    // Younger numbers are given out and committed while it stays open.
    execute(&database, "CREATE TABLE globex.t (id int)").await.close().await.unwrap();
    let mark = tenants.watermark().await.unwrap();
    assert!(
        matches!(tenants.changed_since(&mark).await.unwrap(), Changed::Schemas(all) if !all.contains(&"acme".into()))
    );
    sqlx::raw_sql("COMMIT").execute(&mut early).await.unwrap();
    early.close().await.unwrap();
    settle(&database).await;
    let Changed::Schemas(schemas) = tenants.changed_since(&mark).await.unwrap() else { panic!("unsure") };
    assert!(schemas.contains(&"acme".to_owned()), "{schemas:?}");
}

#[tokio::test]
async fn a_tenant_that_appeared_is_told_from_one_that_changed() {
    let (database, tenants) = watched(server().await).await;
    let mark = tenants.watermark().await.unwrap();
    run(
        &database,
        "ALTER TABLE acme.django_migrations ADD note text; GRANT SELECT ON acme.django_migrations TO PUBLIC",
    )
    .await;
    assert_eq!(tenants.ledgers_made_since(&mark).await.unwrap(), Vec::<String>::new());
    let made = "CREATE SCHEMA late; CREATE TABLE late.django_migrations AS TABLE acme.django_migrations";
    run(&database, made).await;
    assert_eq!(tenants.ledgers_made_since(&mark).await.unwrap(), ["late"]);
    let after = tenants.watermark().await.unwrap();
    assert_eq!(tenants.ledgers_made_since(&after).await.unwrap(), Vec::<String>::new());
    let (_other, elsewhere) = watched(server().await).await;
    assert_eq!(elsewhere.ledgers_made_since(&mark).await.unwrap(), Vec::<String>::new());
}
