//! A small server that runs out of what a migration needs (a way in, locks, disk), under the pipeline as it is written:
//! what PostgreSQL says for real, and what the card makes of it.

use std::{fs, os::unix::fs::PermissionsExt, process::Stdio, sync::Arc};

use signalbox_domain::log::Grade;
use signalbox_sandbox::postgres::{self, Postgres};
use tempfile::TempDir;
use tokio::process::Command;
use url::Url;

use crate::{
    django::{MIGRATE, PIPELINE, Project},
    untrue::{SWALLOWED, TENANTS, begins, ends},
    world::{Given, World},
};

/// Who may come in: of `unwanted` it says no, and of anybody else nothing.
const WAYS_IN: &str = "host all signalbox,signalbox_reader 127.0.0.1/32 scram-sha-256
host all unwanted 127.0.0.1/32 reject
";
/// The lock table is as small as a server lets it be.
const SMALL: [&str; 5] = [
    "max_locks_per_transaction=10",
    "max_connections=20",
    "autovacuum_max_workers=1",
    "max_worker_processes=0",
    "max_wal_senders=0",
];
/// One transaction that needs more locks than that.
const MANY_TABLES: &str =
    "DO $$ BEGIN FOR n IN 1..9000 LOOP EXECUTE format('CREATE TABLE bulk_%s (id int)', n); END LOOP; END $$";
/// From now on the file of acme's tags has no room: the kernel itself says so of each write to it. That works for
/// everybody, while a disk of one's own to fill takes the right to mount one.
const NO_ROOM: &str = "DO $$ BEGIN EXECUTE format('COPY (SELECT WHERE false) TO PROGRAM %L',
    'ln -sf /dev/full ' || pg_relation_filepath('acme.support_tag')); END $$";

/// A folder for a server of a story's own.
pub fn folder() -> TempDir {
    // The account that runs the server must get in.
    let open = fs::Permissions::from_mode(0o755);
    let mut folders = tempfile::Builder::new();
    folders.prefix("signalbox-own-").permissions(open).tempdir_in(postgres::test_folder()).unwrap()
}

/// Such a server, which ends with the story.
async fn small_server() -> (TempDir, Postgres) {
    let folder = folder();
    let ways_in = folder.path().join("pg_hba.conf");
    fs::write(&ways_in, WAYS_IN).unwrap();
    let mut options = postgres::Options::private(folder.path().join("data"));
    options.settings = SMALL.map(str::to_owned).into();
    options.settings.push(format!("hba_file={}", ways_in.display()));
    (folder, Postgres::start(options).await.unwrap())
}

/// A project whose database was moved there.
async fn moved_to(server: &Postgres) -> Project {
    let (from, to) = (Project::new().await, server.fresh_database().await.unwrap());
    // The project's policies name roles, which belong to no database.
    let script = r#"set -o pipefail
        { echo 'CREATE ROLE shop_reader; CREATE ROLE shop_writer;'; pg_dump "$0"; } | psql -qv ON_ERROR_STOP=1 "$1""#;
    let mut moves = Command::new("bash");
    moves.args(["-c", script, &from.database.url, &to.url]);
    let moved = moves.stdout(Stdio::null()).output().await.expect("pg_dump and psql come with PostgreSQL");
    assert!(moved.status.success(), "{}", String::from_utf8_lossy(&moved.stderr));
    Project::over(Arc::new(to))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_closed_or_full_is_said_to_be_and_what_to_do() {
    let (_folder, server) = small_server().await;
    let mut project = moved_to(&server).await;
    let mut url = Url::parse(&project.database.url).unwrap();
    url.set_username("unwanted").unwrap();
    let ran = project.with("DATABASE_URL", url.clone()).fails(MIGRATE, "host_not_allowed").await;
    assert!(ran.text.contains("pg_hba.conf rejects connection for host"), "{}", ran.text);
    url.set_username("stranger").unwrap();
    project.with("DATABASE_URL", url);

    let reader = server.reader_url(&project.database.name);
    World::given(Given { database: Some(reader), ..Given::default() }, async |w| {
        let run = begins(w, 1).await;
        let ran = project.migrates(&run, PIPELINE).await;
        assert_eq!(ran.rules()[0], ("host_not_allowed", Grade::Failure), "{}", ran.text);
        run.complete("failure").unwrap();
        let card = w.card(1, "the server lets nobody in from here").await.text();
        assert!(card.contains("no pg_hba.conf entry for host"), "{card}");
        assert!(card.contains("add the runner to `pg_hba.conf`"), "{card}");
        w.thread(1, "the server lets nobody in from here").await;
        w.card(1, "Failed").await;
        w.thread(1, "Failed").await;
        // The last that is told of it: nothing was pending, and the bot itself gets in.
        w.card(1, "3 of 3 tenants are complete").await;

        let whole = project.database.url.clone();
        project.with("DATABASE_URL", whole).sql(MANY_TABLES);
        let run = begins(w, 2).await;
        let ran = project.migrates(&run, PIPELINE).await;
        assert_eq!((ran.code, ran.rules()[0]), (0, ("shared_memory", Grade::Swallowed)), "{}", ran.text);
        let card = ["Untrue", "the lock table is full", "raise `max_locks_per_transaction`"];
        ends(w, &run, 2, &card, &[TENANTS, SWALLOWED, "Untrue"]).await;
        w.alert("failed in part and went on").await;

        project.says(NO_ROOM).await;
        project.sql("SELECT 1");
        let fills = "migrations.RunSQL(\"INSERT INTO support_tag (name) VALUES ('new')\")";
        project.migration("0003_fill", "0002_more", fills);
        w.asks("erin", "/deploy uat").await;
        w.expect_dispatches(3).await;
        let run = w.the_run().await;
        run.start_job("migrate").unwrap();
        w.card(3, "3 pending").await;
        let ran = project.migrates(&run, PIPELINE).await;
        assert_eq!((ran.code, ran.rules()[0]), (0, ("disk_full", Grade::Swallowed)), "{}", ran.text);
        assert!(ran.text.contains("No space left on device"), "{}", ran.text);
        let card =
            ["Untrue", "the database's disk is full", "tenant `acme`", "free or add disk on the database server"];
        ends(w, &run, 3, &card, &[TENANTS, SWALLOWED, "Untrue"]).await;
        w.alert("the log says: the database's disk is full").await;
    })
    .await;
}
