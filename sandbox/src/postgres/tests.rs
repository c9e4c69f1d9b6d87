use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection};

use super::{Error, Options, Postgres};

async fn answers(url: &str) -> bool {
    match PgConnection::connect(url).await {
        Ok(connection) => connection.close().await.is_ok(),
        Err(_) => false,
    }
}

fn folder(name: &str) -> std::path::PathBuf {
    std::env::temp_dir().join(format!("signalbox-{name}-{}", std::process::id()))
}

#[tokio::test]
async fn every_test_gets_a_database_of_its_own() {
    let server = Postgres::shared().await.unwrap();
    let (one, two) = (server.fresh_database().await.unwrap(), server.fresh_database().await.unwrap());
    assert_ne!(one.name, two.name);
    let mut connection = PgConnection::connect(&one.url).await.unwrap();
    sqlx::raw_sql("CREATE TABLE mine (id int)").execute(&mut connection).await.unwrap();
    let mut other = PgConnection::connect(&two.url).await.unwrap();
    let absent: bool = sqlx::query_scalar("SELECT to_regclass('mine') IS NULL").fetch_one(&mut other).await.unwrap();
    assert!(absent);
    server.drop_database(&one.name).await.unwrap();
    assert!(!server.has_database(&one.name).await.unwrap());
    assert!(server.has_database(&two.name).await.unwrap());
}

#[tokio::test]
async fn odd_names_work_and_a_taken_one_is_refused() {
    let server = Postgres::shared().await.unwrap();
    let name = format!("ünïcode \"{}\" / select?", std::process::id());
    server.create_database(&name).await.unwrap();
    assert!(answers(&server.url(&name)).await);
    let refused = server.create_database(&name).await.unwrap_err();
    assert!(refused.to_string().contains("already exists"), "{refused}");
    server.drop_database(&name).await.unwrap();
}

#[tokio::test]
async fn the_reader_can_read_and_not_write() {
    let server = Postgres::shared().await.unwrap();
    let database = server.fresh_database().await.unwrap();
    let mut owner = PgConnection::connect(&database.url).await.unwrap();
    sqlx::raw_sql("CREATE TABLE facts (id int)").execute(&mut owner).await.unwrap();
    let mut reader = PgConnection::connect(&server.reader_url(&database.name)).await.unwrap();
    sqlx::raw_sql("SELECT * FROM facts").execute(&mut reader).await.unwrap();
    let refused = sqlx::raw_sql("DELETE FROM facts").execute(&mut reader).await.unwrap_err();
    assert!(refused.to_string().contains("permission denied"), "{refused}");
}

#[tokio::test]
async fn a_session_needs_the_password_and_costs_no_hashing() {
    let server = Postgres::shared().await.unwrap();
    for url in [server.url("postgres"), server.reader_url("postgres")] {
        let mut wrong = url::Url::parse(&url).unwrap();
        assert!(answers(wrong.as_str()).await);
        wrong.set_password(Some("guessed")).unwrap();
        assert!(!answers(wrong.as_str()).await);
    }
    let mut connection = PgConnection::connect(&server.url("postgres")).await.unwrap();
    let kept = "SELECT rolpassword FROM pg_authid WHERE rolname LIKE 'signalbox%' AND rolpassword NOT LIKE 'SCRAM-SHA-256$1:%'";
    let others: Vec<String> = sqlx::query_scalar(kept).fetch_all(&mut connection).await.unwrap();
    assert_eq!(others, [""; 0]);
}

/// A template with one table, which is counted as made.
async fn template(server: &Postgres, version: u32, made: &AtomicU32) -> String {
    let make = async || {
        made.fetch_add(1, Ordering::Relaxed);
        let database = server.fresh_database().await?;
        let mut connection = PgConnection::connect(&database.url).await?;
        sqlx::raw_sql("CREATE TABLE made (id int)").execute(&mut connection).await?;
        connection.close().await?;
        Ok::<_, Error>(Arc::new(database))
    };
    server.template(&format!("tried_{}", std::process::id()), version, make).await.unwrap()
}

#[tokio::test]
async fn a_template_is_made_once_and_kept_until_its_version_changes() {
    let (server, made) = (Postgres::shared().await.unwrap(), AtomicU32::new(0));
    let (one, same) = tokio::join!(template(server, 1, &made), template(server, 1, &made));
    assert_eq!((&one, made.load(Ordering::Relaxed)), (&same, 1));
    let copy = server.fresh_copy(&one).await.unwrap();
    let mut connection = PgConnection::connect(&copy.url).await.unwrap();
    sqlx::raw_sql("INSERT INTO made VALUES (1)").execute(&mut connection).await.unwrap();

    // Another process knows only what the server has.
    let mut options = Options::private("/nonexistent");
    options.url = Some(server.url("postgres"));
    let other = Postgres::start(options).await.unwrap();
    assert_eq!((template(&other, 1, &made).await, made.load(Ordering::Relaxed)), (one.clone(), 1));
    // Its name begins with the other's.
    let kind = format!("tried_{}_more", std::process::id());
    let make = async || Ok::<_, Error>(Arc::new(server.fresh_database().await?));
    let longer = server.template(&kind, 1, make).await.unwrap();
    let newer = template(&other, 2, &made).await;
    assert_eq!(made.load(Ordering::Relaxed), 2);
    assert!(!server.has_database(&one).await.unwrap());
    for kept in [newer, longer] {
        assert!(server.has_database(&kept).await.unwrap());
        server.drop_database(&kept).await.unwrap();
    }
}

#[tokio::test]
async fn a_session_that_was_ended_is_replaced() {
    let mut options = Options::private("/nonexistent");
    let name = format!("ended_{}", std::process::id());
    let shared = Postgres::shared().await.unwrap();
    let mut url = url::Url::parse(&shared.url("postgres")).unwrap();
    url.query_pairs_mut().append_pair("application_name", &name);
    options.url = Some(url.into());
    let server = Postgres::start(options).await.unwrap();
    let database = server.fresh_database().await.unwrap();
    let mut connection = PgConnection::connect(&shared.url(&database.name)).await.unwrap();
    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = $1";
    let ended: i64 = sqlx::query_scalar(end).bind(&name).fetch_one(&mut connection).await.unwrap();
    assert!(ended > 0);
    let others = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1";
    while sqlx::query_scalar::<_, i64>(others).bind(&name).fetch_one(&mut connection).await.unwrap() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    server.fresh_database().await.unwrap();
}

#[tokio::test]
async fn a_later_start_finds_the_data_again_even_behind_a_stale_pid_file() {
    let data = folder("reuse");
    let first = Postgres::start(Options::private(&data)).await.unwrap();
    first.create_database("kept").await.unwrap();
    let taken = Postgres::start(Options::private(&data)).await.unwrap_err();
    assert!(matches!(taken, Error::InUse { .. }), "{taken}");
    let old = first.url("kept");
    first.stop().await.unwrap();
    assert!(!answers(&old).await);

    // A pid that lives but is no server on this folder: our own.
    let home = super::Account::choose().unwrap().home(&data).unwrap();
    let cluster =
        std::fs::read_dir(&home).unwrap().map(|entry| entry.unwrap().path()).find(|path| path.is_dir()).unwrap();
    let stale = format!("{}\n{}\n", std::process::id(), cluster.display());
    std::fs::write(cluster.join("postmaster.pid"), stale).unwrap();

    let second = Postgres::start(Options::private(&data)).await.unwrap();
    assert!(answers(&second.url("kept")).await);
    second.stop().await.unwrap();
    std::fs::remove_dir_all(&data).unwrap();
}

#[tokio::test]
async fn a_given_server_is_used_as_it_is() {
    let server = Postgres::shared().await.unwrap();
    let mut options = Options::private("/nonexistent");
    options.url = Some(server.url("postgres"));
    let given = Postgres::start(options.clone()).await.unwrap();
    let database = given.fresh_database().await.unwrap();
    given.stop().await.unwrap();
    assert!(answers(&database.url).await);

    options.url = Some("mysql://root@localhost/x".to_owned());
    let refused = Postgres::start(options).await.unwrap_err();
    assert!(refused.to_string().contains("expected postgres://"), "{refused}");
}

const HOLD: &str = "SIGNALBOX_TEST_HOLD_SERVER";

/// Not a test by itself: the process that the next one kills.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the only way to tell a test program's child what to do")]
async fn holder() {
    let Ok(data) = std::env::var(HOLD) else {
        return;
    };
    let server = Postgres::start(Options::private(data)).await.unwrap();
    eprintln!("{}", server.url("postgres"));
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn the_server_ends_when_its_starter_is_killed() {
    let data = folder("killed");
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args(["postgres::tests::holder", "--exact", "--nocapture"])
        .env(HOLD, &data)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let url = BufReader::new(holder.stderr.take().unwrap())
        .lines()
        .map(|line| line.unwrap())
        .find(|line| line.starts_with("postgres://"))
        .unwrap();
    assert!(answers(&url).await);
    // SIGKILL: no handler, no destructor.
    holder.kill().unwrap();
    holder.wait().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while answers(&url).await {
        assert!(Instant::now() < deadline, "the server outlived its starter");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // The next start on the same folder waits for the rest of the shutdown by itself.
    let again = Postgres::start(Options::private(&data)).await.unwrap();
    again.stop().await.unwrap();
    std::fs::remove_dir_all(&data).unwrap();
}

#[test]
fn a_folder_closed_to_the_servers_account_is_replaced() {
    let closed = private_folder("closed");
    let account = super::Account::choose().unwrap();
    let home = account.home(&closed.join("data")).unwrap();
    assert_eq!(home.starts_with(&closed), !account.is_root());
    assert_eq!(account.home(&closed.join("data")).unwrap(), home);
    std::fs::remove_dir_all(&home).unwrap();
    std::fs::remove_dir_all(&closed).unwrap();
}

/// A folder that only its owner may enter.
fn private_folder(name: &str) -> std::path::PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let path = folder(name);
    std::fs::create_dir_all(&path).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    path
}

#[tokio::test]
#[ignore = "downloads 34 MB from PyPI"]
async fn the_wheel_from_the_registry_serves_too() {
    let data = folder("wheel");
    let account = super::Account::choose().unwrap();
    let home = account.home(&data).unwrap();
    let progress = super::Progress::new(|sentence| eprintln!("{sentence}"));
    let programs = super::fetch::programs(&home, &account, &progress).await.unwrap();
    let lock = super::cluster::lock(&home).unwrap();
    let cluster = super::Cluster::start(&home, lock, &programs, &account, &Options::private(&data)).await.unwrap();
    assert!(answers(&cluster.url(super::cluster::READER, "postgres")).await);
    cluster.stop().await.unwrap();
    std::fs::remove_dir_all(&data).unwrap();
}
