//! A watch knows at every moment what an audit would find, and reads little to know it.

use std::cell::Cell;
use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, join_all, select};
use signalbox_sandbox::fleet::Fleet;
use signalbox_sandbox::postgres::Database;
use signalbox_tenants::{AuditOptions, Doubt, Options, Refreshed, TenantDatabase, Watch};
use sqlx::{Connection, PgConnection};

use super::faults::stories::said;
use super::feed::{run, server, settle};
use super::{execute, fleet, open};

async fn watched(tenants: usize) -> (Database, TenantDatabase, Watch) {
    let server = server().await;
    let (fleet, database) = Fleet::fresh(server, tenants).await.unwrap();
    fleet.close().await;
    settle(&database).await;
    let tenants = TenantDatabase::connect(&server.reader_url(&database.name), Options::default()).await.unwrap();
    let watch = tenants.watch().await.unwrap();
    (database, tenants, watch)
}

async fn knows_everything(watch: &mut Watch, tenants: &TenantDatabase) {
    let options = AuditOptions::default();
    assert_eq!(said(watch.audit(&options).await.unwrap()), said(tenants.audit(&options).await.unwrap()));
}

fn schemas(names: &[&str]) -> Refreshed {
    Refreshed::Schemas(names.iter().map(|&name| name.to_owned()).collect())
}

#[tokio::test]
async fn only_what_changed_is_read_again() {
    let (database, tenants, mut watch) = watched(5).await;
    assert_eq!(watch.refresh().await.unwrap(), Refreshed::Nothing);
    let all = watch.audit(&AuditOptions::default()).await.unwrap().timing.bytes;
    for (ddl, refreshed) in [
        ("ALTER TABLE acme.orders_order ADD COLUMN extra int NOT NULL DEFAULT 0", schemas(&["acme"])),
        ("CREATE INDEX late ON globex.orders_order (placed_at)", schemas(&["globex"])),
        (
            "CREATE TABLE acme.new (id int PRIMARY KEY, \"order\" bigint REFERENCES acme.orders_order)",
            schemas(&["acme"]),
        ),
        (
            "ALTER TABLE initech.orders_order ALTER reference SET NOT NULL; COMMENT ON TABLE umbrella.orders_order IS 'x'",
            schemas(&["initech", "umbrella"]),
        ),
        // Refers to another tenant, which is read again with it from here on.
        ("CREATE VIEW acme.peek AS SELECT extra FROM acme.orders_order, globex.orders_shipment", schemas(&["acme"])),
        ("ALTER TABLE globex.orders_shipment RENAME TO orders_moved", schemas(&["globex"])),
        // On PostgreSQL 14 only the table that it refers to has the triggers of its foreign key.
        (
            "CREATE TABLE acme.parted (id int, moved bigint REFERENCES globex.orders_moved) PARTITION BY RANGE (id); \
             ALTER TABLE globex.orders_moved DISABLE TRIGGER ALL",
            schemas(&["acme", "globex"]),
        ),
        ("COMMENT ON TABLE acme.parted IS 'x'", schemas(&["acme"])),
        (
            "CREATE FUNCTION acme.text() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT 1 FROM initech.not_yet); END'",
            schemas(&["acme"]),
        ),
        // What the text says is true from here on.
        ("CREATE TABLE initech.not_yet (id int)", Refreshed::Everything(None)),
        ("DROP INDEX globex.late", Refreshed::Everything(Some(Doubt::Removed))),
        (
            "CREATE SCHEMA late_tenant; CREATE TABLE late_tenant.django_migrations (LIKE acme.django_migrations)",
            Refreshed::Everything(None),
        ),
        ("ALTER SCHEMA late_tenant RENAME TO latest_tenant", Refreshed::Everything(None)),
        ("CREATE TEMP TABLE t (id int)", Refreshed::Nothing),
    ] {
        run(&database, ddl).await;
        let is_temporary = ddl.contains("TEMP");
        if is_temporary {
            // Its rows are removed again when its session ends.
            settle(&database).await;
        }
        let found = watch.refresh().await.unwrap();
        if !is_temporary {
            assert_eq!(found, refreshed, "{ddl}");
        }
        if let Refreshed::Schemas(_) = found {
            let bytes = watch.audit(&AuditOptions::default()).await.unwrap().timing.bytes;
            assert!(bytes < all, "{bytes} of {all}: {ddl}");
        }
        knows_everything(&mut watch, &tenants).await;
        assert_eq!(watch.refresh().await.unwrap(), Refreshed::Nothing, "{ddl}");
    }
}

#[tokio::test]
async fn an_owner_who_is_new_to_the_server_is_known_by_name() {
    // Not on the server whose counters others look at: a role belongs to all of it.
    let (_fleet, database) = fleet(3).await;
    let tenants = open(&database).await;
    let mut watch = tenants.watch().await.unwrap();
    let role = format!("owner_{}", database.name);
    execute(&database, &format!("CREATE ROLE {role}; ALTER TABLE acme.orders_order OWNER TO {role}")).await;
    assert_eq!(watch.look_at(&["acme"]).await.unwrap(), Refreshed::Everything(None));
    let said = format!("{:?}", watch.audit(&AuditOptions::default()).await.unwrap().findings);
    assert!(said.contains(&role), "{said}");
    knows_everything(&mut watch, &tenants).await;
    assert_eq!(watch.look_at(&["acme"]).await.unwrap(), schemas(&["acme"]));
    execute(&database, &format!("ALTER TABLE acme.orders_order OWNER TO CURRENT_USER; DROP ROLE {role}")).await;
}

/// Statements that a migration may run, the `number`th of them; each can be run again.
fn ddl(number: usize, tenant: &str) -> String {
    let table = format!("{tenant}.orders_order");
    match number % 7 {
        0 => format!("ALTER TABLE {table} ADD COLUMN c{number} int"),
        1 => format!("CREATE INDEX i{number} ON {table} (placed_at)"),
        2 => format!("CREATE TABLE {tenant}.t{number} (id bigint PRIMARY KEY, o bigint REFERENCES {table})"),
        3 => format!("BEGIN; ALTER TABLE {table} ADD COLUMN c{number} text DEFAULT 'x'; SELECT pg_sleep(0.02); COMMIT"),
        4 => format!("BEGIN; CREATE TABLE {tenant}.t{number} (id int); ROLLBACK"),
        5 => format!("GRANT SELECT ON {table} TO PUBLIC; COMMENT ON TABLE {table} IS 'n{number}'"),
        _ => format!("ALTER TABLE {table} ALTER COLUMN placed_at SET DEFAULT now() + interval '{number} days'"),
    }
}

/// Migrates a tenant until there were enough looks and one of them noticed something; PostgreSQL 14 may take a second to
/// let it be noticed.
async fn migrate(url: &str, tenant: &str, looks: &Cell<usize>, noticed: &Cell<usize>) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let mut number = 0;
    while number < 28 || (number < 1_000 && (looks.get() < 6 || noticed.get() == 0)) {
        sqlx::raw_sql(&ddl(number, tenant)).execute(&mut connection).await.unwrap();
        tokio::time::sleep(Duration::from_millis(7)).await;
        number += 1;
    }
    connection.close().await.unwrap();
}

#[tokio::test]
async fn changes_in_the_middle_of_looking_are_not_missed() {
    let (database, tenants, mut watch) = watched(4).await;
    let (looks, noticed, mut by_index) = (Cell::new(0), Cell::new(0), 0);
    let names = ["acme", "globex", "initech", "super_tenant"];
    let mut migrations = join_all(names.map(|tenant| migrate(&database.url, tenant, &looks, &noticed)));
    loop {
        // Both go on in turns; a look is not given up when the migrations end.
        let look = async {
            let refreshed = watch.refresh().await.unwrap();
            looks.set(looks.get() + 1);
            noticed.set(noticed.get() + usize::from(refreshed != Refreshed::Nothing));
            by_index += usize::from(matches!(refreshed, Refreshed::Schemas(_)));
        };
        match select(pin!(look), &mut migrations).await {
            Either::Left(_) => {}
            Either::Right((_, look)) => break look.await,
        }
    }
    // PostgreSQL 14 hands its counts out in heaps, among which there is always something that was removed.
    let in_heaps = tenants.pulse().await.unwrap().lag().is_none();
    let enough = if in_heaps { noticed.get() > 0 } else { by_index > 0 };
    assert!(enough, "{} looks, {} noticed", looks.get(), noticed.get());
    settle(&database).await;
    watch.refresh().await.unwrap();
    knows_everything(&mut watch, &tenants).await;
}
