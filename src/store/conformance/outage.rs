//! What happens when the database is not there, or is not ours.

use std::{error::Error, future::poll_fn, path::Path, pin::pin, task::Poll, time::Duration};

use signalbox_domain::ports::{Observations, Store, StoreError};
use signalbox_sandbox::postgres::Postgres;
use sqlx::{Connection, SqliteConnection};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};
use url::Url;

use super::{Home, World, at, entry, file};
use crate::{
    config::Store as Place,
    store::{self, OpenError, SqlStore},
};

/// An error with all its causes, as the log shows it.
fn told(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

async fn refused(path: &Path) -> OpenError {
    SqlStore::sqlite(path).await.err().expect("it was opened")
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let w = World::sqlite().await;
    w.store.note(vec![entry("first")]).await.unwrap();
    let Home::Folder(folder) = &w.home else { panic!("no file") };
    let files: Vec<_> = std::fs::read_dir(file(folder).parent().unwrap()).unwrap().map(Result::unwrap).collect();
    assert!(files.len() > 1, "the log of what was committed lies beside the file");
    for file in files {
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", file.file_name());
    }
    w.end().await;
}

#[tokio::test]
async fn what_is_no_database_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let notes = folder.path().join("notes.txt");
    let text = "Remember the milk. ".repeat(500);
    std::fs::write(&notes, &text).unwrap();
    let error = refused(&notes).await;
    assert!(matches!(error, OpenError::Damaged { .. }), "{}", told(&error));
    assert_eq!(std::fs::read_to_string(&notes).unwrap(), text);

    let error = refused(folder.path()).await;
    assert!(told(&error).contains("directory"), "{}", told(&error));
    for nowhere in ["", ":memory:"] {
        assert!(matches!(refused(Path::new(nowhere)).await, OpenError::Address { .. }), "{nowhere:?}");
    }
}

#[tokio::test]
async fn a_damaged_file_is_named_as_such() {
    let w = World::sqlite().await;
    w.store.note((0..200).map(|n| entry(&format!("line {n}"))).collect()).await.unwrap();
    let w = w.reopened().await;
    w.store.close().await;
    let Home::Folder(folder) = &w.home else { panic!("no file") };
    let mut bytes = std::fs::read(file(folder)).unwrap();
    // The first page says what the tables are; all others are overwritten.
    bytes[4_096..].fill(0xaa);
    std::fs::write(file(folder), bytes).unwrap();
    let error = match SqlStore::sqlite(&file(folder)).await {
        Err(error) => told(&error),
        Ok(store) => told(&store.trail(10).await.unwrap_err()),
    };
    assert!(error.contains("malformed"), "{error}");
}

#[tokio::test]
async fn a_newer_or_foreign_database_is_refused() {
    let change = [
        ("INSERT INTO _sqlx_migrations VALUES (99, 'of a later version', '2030-01-01', 1, x'00', 0)", "newer version"),
        ("UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = 2", "not the one this version knows"),
    ];
    for (statement, expected) in change {
        let w = World::sqlite().await;
        let Home::Folder(folder) = &w.home else { panic!("no file") };
        w.sql(statement).await.unwrap();
        w.store.close().await;
        let error = refused(&file(folder)).await;
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[tokio::test]
async fn two_processes_do_not_serve_from_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::Sqlite(file(&folder));
    let first = store::connect(&place).await.unwrap();
    let error = store::connect(&place).await.err().expect("the second one is refused");
    assert!(matches!(error, OpenError::InUse { .. }), "{}", told(&error));
    assert!(told(&error).contains("stop that one first"), "{}", told(&error));
    // Whoever only looks is let in.
    SqlStore::look(&place).await.unwrap().close().await;
    first.close().await;
    store::connect(&place).await.unwrap().close().await;
}

#[tokio::test]
async fn two_programs_share_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.db");
    std::fs::write(&path, "").unwrap();
    let mut other = SqliteConnection::connect(path.to_str().unwrap()).await.unwrap();
    sqlx::raw_sql("CREATE TABLE deployments (name TEXT)").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    let error = refused(&path).await;
    assert!(matches!(error, OpenError::Migration { .. }), "{}", told(&error));
    assert!(told(&error).contains("already exists"), "{}", told(&error));
}

#[tokio::test]
async fn the_password_is_never_told() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let unreachable = format!("postgres://ada:hunter2@127.0.0.1:{free}/signalbox");
    for url in [&unreachable, "postgres://ada:hunter2@127.0.0.1:port/signalbox", "postgres://ada:hunter2@"] {
        let error = SqlStore::postgres(url).await.err().expect("it was opened");
        assert!(!format!("{} {error:?}", told(&error)).contains("hunter2"), "{error:?}");
    }
    let error = SqlStore::postgres(&unreachable).await.err().expect("it was opened");
    assert!(told(&error).contains(&format!("127.0.0.1:{free}/signalbox cannot be opened: ")), "{}", told(&error));
}

/// A network between the store and PostgreSQL that can swallow everything, or break.
struct Network {
    state: watch::Sender<Line>,
    port: u16,
}

#[derive(Clone, Copy, PartialEq)]
enum Line {
    Open,
    Silent,
    Cut,
}

impl Network {
    async fn to(host: String, port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = listener.local_addr().unwrap().port();
        let (state, line) = watch::channel(Line::Open);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, (host.clone(), port), line.clone()));
            }
        });
        Self { state, port: here }
    }
}

/// Carries bytes while the line is open, holds them back while it is silent, hangs up when it is cut.
async fn carry(mut client: TcpStream, server: (String, u16), mut line: watch::Receiver<Line>) {
    let mut server = TcpStream::connect(server).await.unwrap();
    loop {
        let now = *line.borrow_and_update();
        match now {
            Line::Cut => return,
            Line::Silent if line.changed().await.is_err() => return,
            Line::Silent => {}
            Line::Open => tokio::select! {
                _ = copy_bidirectional(&mut client, &mut server) => return,
                changed = line.changed() => {
                    if changed.is_err() {
                        return;
                    }
                }
            },
        }
    }
}

async fn unavailable(store: &SqlStore) -> String {
    match store.note(vec![entry("during the outage")]).await {
        Err(error @ StoreError::Unavailable(_)) => told(&error),
        other => panic!("{other:?}"),
    }
}

/// Gives a future up at the `n`th time that it waits. `false`: it was over before.
async fn given_up<T>(future: impl Future<Output = T>, n: usize) -> bool {
    let (mut future, mut waits) = (pin!(future), 0);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(_) => Poll::Ready(false),
        Poll::Pending if waits == n => Poll::Ready(true),
        Poll::Pending => {
            waits += 1;
            Poll::Pending
        }
    })
    .await
}

#[tokio::test]
async fn a_change_that_nobody_waits_for_any_more_stops_no_later_one() {
    for (which, w) in [("SQLite", World::sqlite().await), ("PostgreSQL", World::postgres().await)] {
        let beside = w.beside().await;
        let mut given = 0;
        for n in 0..12 {
            given += usize::from(given_up(w.store.note(vec![entry("given up")]), n).await);
            given_up(w.store.observed("n"), n).await;
            // Long enough for the connection to be idle again.
            tokio::time::sleep(Duration::from_millis(20)).await;
            w.store.observe("n", &n.to_string(), at(1)).await.unwrap();
            let seen = beside.observed("n").await.unwrap();
            assert_eq!(seen, Some((n.to_string(), at(1))), "{which}, given up at wait {n}");
        }
        assert!(given > 0, "{which} never waited");
        beside.close().await;
        w.store.close().await;
        if let Home::Folder(folder) = &w.home {
            let log = file(folder).with_extension("db-wal");
            assert!(file(folder).exists() && !log.exists(), "the last to close has folded {log:?} into the file");
        }
        w.end().await;
    }
}

#[tokio::test]
async fn an_outage_is_an_error_and_passes() {
    let server = Postgres::shared().await.expect("the tests need PostgreSQL");
    let database = server.fresh_database().await.unwrap();
    let mut url = Url::parse(&database.url).unwrap();
    let network = Network::to(url.host_str().unwrap().to_owned(), url.port().unwrap_or(5432)).await;
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(network.port)).unwrap();
    let store = SqlStore::postgres(url.as_str()).await.unwrap();
    store.note(vec![entry("before")]).await.unwrap();

    let mut transaction = store.database.begin().await.unwrap();
    network.state.send_replace(Line::Silent);
    unavailable(&store).await;
    let midway = transaction.execute("DELETE FROM deliveries", &[]).await.unwrap_err();
    assert!(told(&midway).contains("no answer within"), "{}", told(&midway));
    drop(transaction);
    network.state.send_replace(Line::Open);
    store.note(vec![entry("after the silence")]).await.unwrap();

    network.state.send_replace(Line::Cut);
    unavailable(&store).await;
    network.state.send_replace(Line::Open);
    store.note(vec![entry("after the cut")]).await.unwrap();

    let told: Vec<_> = store.trail(10).await.unwrap().into_iter().map(|entry| entry.action).collect();
    assert_eq!(told.first().map(String::as_str), Some("after the cut"));
    assert_eq!(told.last().map(String::as_str), Some("before"));
    store.close().await;
}
