//! All or nothing, restarts, and migrations over data.

use signalbox_domain::{
    deployment::{Deployment, State},
    ids::{DeploymentId, InteractionId},
    ports::{Asked, Change, Inbox, Opened, Outbox, Query, Store},
};
use sqlx::{Connection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{Home, World, at, due, entry, file, open, opened, person, requested, show, stored};
use crate::store::migrations;

pub(super) async fn nothing_is_half_recorded(w: World) -> World {
    let first = opened(&w.store, requested("uat", 1)).await;
    w.sql("ALTER TABLE audit RENAME TO away").await.unwrap();
    open(&w.store, requested("dev", 2)).await.unwrap_err();
    let running = Deployment { state: State::Running, ..first.clone() };
    let change = Change {
        deployment: running,
        effects: vec![due(show(DeploymentId(77)), 0)],
        entries: vec![entry("deployment.running")],
    };
    w.store.commit(change).await.unwrap_err();
    w.sql("ALTER TABLE away RENAME TO audit").await.unwrap();

    assert_eq!(stored(&w, first.id).await, first);
    assert_eq!(w.store.find(Query::Recent(10)).await.unwrap().len(), 1);
    let effects = w.store.claim(at(0), at(1), 10).await.unwrap();
    assert_eq!(effects.iter().map(|claimed| &claimed.effect).collect::<Vec<_>>(), [&show(first.id)]);
    opened(&w.store, requested("dev", 2)).await;
    w
}

pub(super) async fn a_restart_forgets_nothing(w: World) -> World {
    let deployment = opened(&w.store, requested("uat", 1)).await;
    let claimed = w.store.claim(at(0), at(10), 10).await.unwrap();
    assert_eq!(claimed.len(), 1);
    let interaction =
        Asked { id: InteractionId(5), token: "t".into(), command: "/status".into(), by: person(), at: at(0) };
    w.store.interactions(vec![interaction.clone()], vec![]).await.unwrap();
    assert!(w.store.delivered("guid", at(0), vec![]).await.unwrap());
    let trail = w.store.trail(10).await.unwrap();

    let w = w.reopened().await;
    assert_eq!(w.store.find(Query::Active).await.unwrap(), [deployment]);
    assert_eq!(w.store.unanswered(at(0)).await.unwrap(), [interaction]);
    assert!(!w.store.delivered("guid", at(0), vec![]).await.unwrap());
    assert_eq!(w.store.trail(10).await.unwrap(), trail);
    assert_eq!(w.store.claim(at(9), at(20), 10).await.unwrap().len(), 0, "the lease outlives the process");
    assert_eq!(w.store.claim(at(10), at(20), 10).await.unwrap().len(), 1);
    w
}

/// What a database of an earlier version held when the migration of that number was the last one.
const SAMPLES: [&str; 3] = [
    include_str!("../../../migrations/samples/0001_deployments.sql"),
    include_str!("../../../migrations/samples/0002_outbox.sql"),
    include_str!("../../../migrations/samples/0003_inbox.sql"),
];

async fn each_migration_keeps_what_was_there(home: Home) {
    assert_eq!(SAMPLES.len(), migrations::SQLITE.len(), "every migration has sample data");
    assert_eq!(SAMPLES.len(), migrations::POSTGRES.len(), "every migration has sample data");
    for (n, sample) in SAMPLES.iter().enumerate() {
        match &home {
            Home::Folder(folder) => {
                std::fs::create_dir_all(file(folder).parent().unwrap()).unwrap();
                let options = SqliteConnectOptions::new().filename(file(folder)).create_if_missing(true);
                let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
                migrations::apply(&mut connection, &migrations::SQLITE[..=n]).await.unwrap();
                sqlx::raw_sql(sample).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
            Home::Server(database) => {
                let mut connection = PgConnection::connect(&database.url).await.unwrap();
                migrations::apply(&mut connection, &migrations::POSTGRES[..=n]).await.unwrap();
                sqlx::raw_sql(sample).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
        }
    }
    let w = World { store: home.open().await, home };
    let found = w.store.find(Query::Recent(10)).await.unwrap();
    assert_eq!(found.iter().map(|found| found.state.word()).collect::<Vec<_>>(), ["running", "succeeded"]);
    assert!(matches!(open(&w.store, requested("uat", 9)).await.unwrap(), Opened::Busy(holder) if holder == found[0]));
    assert_eq!(w.store.trail(10).await.unwrap().len(), 2);
    let claimed = w.store.claim(at(0), at(10), 10).await.unwrap();
    assert_eq!(claimed.iter().map(|claimed| &claimed.effect).collect::<Vec<_>>(), [&show(DeploymentId(2))]);
    assert_eq!(w.store.unanswered(at(0)).await.unwrap().len(), 1);
    assert!(!w.store.delivered("72d3162e-cc78-11e3-81ab-4c9367dc0958", at(0), vec![]).await.unwrap());
    w.end().await;
}

#[tokio::test]
async fn each_migration_of_sqlite_keeps_what_was_there() {
    each_migration_keeps_what_was_there(Home::folder()).await;
}

#[tokio::test]
async fn each_migration_of_postgres_keeps_what_was_there() {
    each_migration_keeps_what_was_there(Home::server().await).await;
}
