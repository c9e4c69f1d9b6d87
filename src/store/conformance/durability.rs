//! All or nothing, restarts, and migrations over data.

use signalbox_domain::{
    deployment::{Deployment, State},
    ids::{DeploymentId, InteractionId},
    ports::{
        Alerts, Asked, Change, Inbox, Incidents, Observations, Opened, Outbox, Query, Schedules, Store, Subscriptions,
        WhichAlerts,
    },
};
use sqlx::{Connection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{
    Home, World, at,
    audit::{a_trail_of_an_earlier_version_says_what_to_do, whole},
    due, entry, file, open, opened, person, requested, show, stored,
};
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
    w.store.asked(vec![interaction.clone()]).await.unwrap();
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
const SAMPLES: [&str; 13] = [
    include_str!("../../../migrations/samples/0001_deployments.sql"),
    include_str!("../../../migrations/samples/0002_outbox.sql"),
    include_str!("../../../migrations/samples/0003_inbox.sql"),
    include_str!("../../../migrations/samples/0004_audit_chain.sql"),
    include_str!("../../../migrations/samples/0005_gates.sql"),
    include_str!("../../../migrations/samples/0006_buttons.sql"),
    include_str!("../../../migrations/samples/0007_links.sql"),
    include_str!("../../../migrations/samples/0008_alerts.sql"),
    include_str!("../../../migrations/samples/0009_subscriptions.sql"),
    include_str!("../../../migrations/samples/0010_history.sql"),
    include_str!("../../../migrations/samples/0011_schedules.sql"),
    include_str!("../../../migrations/samples/0012_sizes.sql"),
    include_str!("../../../migrations/samples/0013_incidents.sql"),
];

/// Applies the first migrations one by one, each followed by its sample.
async fn earlier_version(home: &Home, steps: usize) {
    for (n, sample) in SAMPLES[..steps].iter().enumerate() {
        match home {
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
}

async fn each_migration_keeps_what_was_there(home: Home) {
    assert_eq!(SAMPLES.len(), migrations::SQLITE.len(), "every migration has sample data");
    assert_eq!(SAMPLES.len(), migrations::POSTGRES.len(), "every migration has sample data");
    earlier_version(&home, SAMPLES.len()).await;
    let w = World { store: home.open().await, home };
    let found = w.store.find(Query::Recent(10)).await.unwrap();
    assert_eq!(found.iter().map(|found| found.state.word()).collect::<Vec<_>>(), ["running", "succeeded"]);
    assert!(matches!(open(&w.store, requested("uat", 9)).await.unwrap(), Opened::Busy(holder) if holder == found[0]));
    assert_eq!(w.store.trail(10).await.unwrap().len(), 2);
    assert_eq!(whole(&w.store).await.unwrap().to_string(), CHAINED);
    let claimed = w.store.claim(at(0), at(10), 10).await.unwrap();
    assert_eq!(claimed.iter().map(|claimed| &claimed.effect).collect::<Vec<_>>(), [&show(DeploymentId(2))]);
    assert_eq!(w.store.unanswered(at(0)).await.unwrap().len(), 1);
    assert_eq!(w.store.alerts(WhichAlerts::Open).await.unwrap().len(), 1);
    assert_eq!(w.store.subscriptions().await.unwrap().len(), 2);
    assert_eq!(w.store.schedules().await.unwrap().iter().filter(|one| one.last.is_some()).count(), 1);
    assert_eq!(w.store.incidents(9).await.unwrap().len(), 2);
    assert!(w.store.observed("health:uat").await.unwrap().is_some());
    assert!(!w.store.delivered("72d3162e-cc78-11e3-81ab-4c9367dc0958", at(0), vec![]).await.unwrap());
    w.end().await;
}

/// The last of the sample's two lines, as a program in another language chained them.
const CHAINED: &str = "2:b200c4a9a3f79fabda5ac49ee25c452e40e43ebdb9015056ff879f235118dd58";

async fn what_was_written_before_the_chain_is_chained(home: Home) {
    earlier_version(&home, 3).await;
    a_trail_of_an_earlier_version_says_what_to_do(&home).await;
    let (one, other) = match home {
        // Two processes start at once; SQLite is for one.
        Home::Server(_) => tokio::join!(home.open(), home.open()),
        Home::Folder(_) => (home.open().await, home.open().await),
    };
    assert_eq!(whole(&one).await.unwrap().to_string(), CHAINED);
    one.note(vec![entry("later")]).await.unwrap();
    other.note(vec![entry("later")]).await.unwrap();
    assert_eq!(whole(&other).await.unwrap().seq, 4);
    other.close().await;
    World { store: one, home }.end().await;
}

#[tokio::test]
async fn what_was_written_before_the_chain_is_chained_in_sqlite() {
    what_was_written_before_the_chain_is_chained(Home::folder()).await;
}

#[tokio::test]
async fn what_was_written_before_the_chain_is_chained_in_postgres() {
    what_was_written_before_the_chain_is_chained(Home::empty_server().await).await;
}

#[tokio::test]
async fn each_migration_of_sqlite_keeps_what_was_there() {
    each_migration_keeps_what_was_there(Home::folder()).await;
}

#[tokio::test]
async fn each_migration_of_postgres_keeps_what_was_there() {
    each_migration_keeps_what_was_there(Home::empty_server().await).await;
}
