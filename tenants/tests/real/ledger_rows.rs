use std::time::{Duration, UNIX_EPOCH};

use jiff::Timestamp;
use signalbox_sandbox::postgres::Database;
use signalbox_tenants::{Ledgers, RecordedSince, Unreadable};
use sqlx::{Connection, PgConnection};

use super::{execute, fleet, open};

fn names(ledgers: &Ledgers) -> Vec<Vec<&str>> {
    ledgers.kinds.iter().map(|kind| kind.schemas.iter().map(String::as_str).collect()).collect()
}

#[tokio::test]
async fn equal_ledgers_are_one_kind_with_its_rows_in_applied_order() {
    let (fleet, database) = fleet(3).await;
    let first = fleet.release_next().await.unwrap();
    let second = fleet.release_next().await.unwrap();
    fleet.migrate("acme").await.unwrap();
    fleet.apply("globex", &second).await.unwrap();
    fleet.apply("globex", &first).await.unwrap();

    let ledgers = open(&database).await.ledgers().await.unwrap();
    assert_eq!(names(&ledgers), [vec!["acme", "public"], vec!["initech", "super_tenant"], vec!["globex"]]);
    let last = |kind: usize| ledgers.kinds[kind].rows[53..].to_vec();
    assert_eq!(last(0), [first.label(), second.label()]);
    assert_eq!(last(1), [] as [String; 0]);
    assert_eq!(last(2), [second.label(), first.label()]);
    assert_eq!(ledgers.kinds[0].rows[0], "contenttypes.0001_initial");
    assert!(ledgers.none.is_empty() && ledgers.unreadable.is_empty());

    // The same set in another order: equal and yet not equal.
    let state = |schema| ledgers.states.iter().find(|state| state.schema == schema).unwrap();
    assert_eq!(state("acme").set, state("globex").set);
    assert_ne!(state("acme").order, state("globex").order);
    assert_ne!(state("acme").set, state("initech").set);
    assert_eq!((state("acme").rows, state("initech").rows), (55, 53));
    assert!(state("acme").latest.unwrap() > UNIX_EPOCH + Duration::from_secs(1_700_000_000));
}

#[tokio::test]
async fn schemas_that_have_none_or_cannot_be_read_are_named_with_the_reason() {
    let (_, database) = fleet(2).await;
    execute(
        &database,
        "CREATE SCHEMA reporting; CREATE SCHEMA \"Odd Name\";
         CREATE TABLE \"Odd Name\".django_migrations (id int, app jsonb, name text, applied timestamptz);
         CREATE SCHEMA \"select\";
         CREATE TABLE \"select\".django_migrations AS TABLE public.django_migrations WITH NO DATA",
    )
    .await;
    let holder = execute(&database, "BEGIN; LOCK TABLE acme.django_migrations IN ACCESS EXCLUSIVE MODE").await;
    let ledgers = open(&database).await.ledgers().await.unwrap();
    holder.close().await.unwrap();
    assert_eq!(ledgers.none, ["reporting"]);
    let unreadable = [("Odd Name", Unreadable::OddShape), ("acme", Unreadable::Locked)];
    assert_eq!(ledgers.unreadable, unreadable.map(|(name, why)| (name.to_owned(), why)));
    assert_eq!(names(&ledgers), [vec!["globex", "public", "super_tenant"], vec!["select"]]);
    assert!(ledgers.kinds[1].rows.is_empty());
    assert_eq!(ledgers.states.iter().find(|state| state.schema == "select").unwrap().latest, None);
}

/// The server's clock, which writes `applied`.
async fn now(database: &Database) -> Timestamp {
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    let micros = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
    let micros = sqlx::query_scalar(micros).fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    Timestamp::from_microsecond(micros).unwrap()
}

#[tokio::test]
async fn what_the_ledgers_got_in_a_window_is_told_to_the_microsecond() {
    let (fleet, database) = fleet(3).await;
    let before = now(&database).await;
    let first = fleet.release_next().await.unwrap();
    fleet.apply("acme", &first).await.unwrap();
    let between = now(&database).await;
    fleet.apply("globex", &first).await.unwrap();
    let after = now(&database).await;
    execute(
        &database,
        "UPDATE globex.django_migrations SET applied = '2026-11-26 12:00:00.123456+00' WHERE id = 1;
         ALTER TABLE globex.django_migrations ALTER COLUMN applied TYPE timestamp USING applied AT TIME ZONE 'UTC'",
    )
    .await;
    let holder = execute(&database, "BEGIN; LOCK TABLE initech.django_migrations IN ACCESS EXCLUSIVE MODE").await;
    let reader = open(&database).await;
    let told = |found: &RecordedSince| {
        found.rows.iter().map(|row| (row.schema.clone(), row.migration.clone())).collect::<Vec<_>>()
    };
    let row = |schema: &str| (schema.to_owned(), first.label());
    let all = reader.recorded(before, after).await.unwrap();
    assert_eq!(told(&all), ["acme", "globex", "public"].map(row));
    assert_eq!(all.unreadable, [("initech".to_owned(), Unreadable::Locked)]);
    assert_eq!(told(&reader.recorded(between, after).await.unwrap()), [row("globex")]);
    // Without a time zone it is UTC, and both ends belong to the window.
    let noon: Timestamp = "2026-11-26T12:00:00.123456Z".parse().unwrap();
    let found = reader.recorded(noon, noon).await.unwrap();
    assert_eq!((found.rows.len(), found.rows[0].applied), (1, noon));
    holder.close().await.unwrap();
}
