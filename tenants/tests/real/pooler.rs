use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::PathBuf;
use std::time::Duration;

use signalbox_sandbox::postgres::Database;
use signalbox_tenants::pooler::{Pooling, probe};
use signalbox_tenants::{Error, Kind, Options, RegistryOptions, Severity, TenantDatabase};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, Executor, PgConnection, Row};
use tokio::process::{Child, Command};
use url::Url;

use super::{empty, fleet};

/// A real PgBouncer before one database, ended when dropped.
struct PgBouncer {
    url: String,
    folder: PathBuf,
    _process: Child,
}

impl PgBouncer {
    /// With the defaults of the program but for `settings`, lines of its configuration.
    async fn before(database: &Database, settings: &str) -> Self {
        let server: Url = database.url.parse().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = std::env::temp_dir().join(format!("signalbox-pgbouncer-{}-{port}", std::process::id()));
        std::fs::DirBuilder::new().mode(0o700).create(&folder).unwrap();
        let ini = folder.join("pgbouncer.ini");
        let password = plain(server.password().unwrap_or_default());
        let configuration = format!(
            "[databases]\n{name} = host={host} port={server_port} dbname={name} user={user} password='{password}'\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n{settings}\n",
            name = database.name,
            host = server.host_str().unwrap(),
            server_port = server.port().unwrap_or(5432),
            user = server.username(),
        );
        std::fs::write(&ini, configuration).unwrap();
        let mut process = start(&ini);
        let mut url = server;
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(port)).unwrap();
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert_eq!(process.try_wait().unwrap(), None, "pgbouncer ended at once");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Self { url: url.into(), folder, _process: process }
    }

    async fn client(&self) -> PgConnection {
        let options: PgConnectOptions = self.url.parse().unwrap();
        PgConnection::connect_with(&options.extra_float_digits(None)).await.unwrap()
    }

    /// Opens this many connections to the server and leaves them in the pool.
    async fn fill(&self, connections: usize) {
        let mut held = Vec::new();
        for _ in 0..connections {
            let mut client = self.client().await;
            client.execute(sqlx::raw_sql("BEGIN")).await.unwrap();
            held.push(client);
        }
        for mut client in held {
            client.execute(sqlx::raw_sql("COMMIT")).await.unwrap();
            client.close().await.unwrap();
        }
    }

    /// How many clients of this database it has, as its console tells.
    async fn clients(&self, database: &Database) -> usize {
        let options: PgConnectOptions = self.url.parse().unwrap();
        let options = options.database("pgbouncer").extra_float_digits(None);
        let mut console = PgConnection::connect_with(&options).await.unwrap();
        let rows = console.fetch_all(sqlx::raw_sql("SHOW CLIENTS")).await.unwrap();
        rows.iter().filter(|row| row.get::<String, _>("database") == database.name).count()
    }

    /// The search paths of all of the pool's connections to the server, seen by holding each of them.
    async fn paths(&self, connections: usize) -> Vec<String> {
        let (mut held, mut paths) = (Vec::new(), Vec::new());
        for _ in 0..connections {
            let mut client = self.client().await;
            client.execute(sqlx::raw_sql("BEGIN")).await.unwrap();
            let row = client.fetch_one(sqlx::raw_sql("SHOW search_path")).await.unwrap();
            paths.push(row.try_get(0).unwrap());
            held.push(client);
        }
        paths
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A password that means the same in a URL and in a configuration file, as the test server's are.
fn plain(password: &str) -> &str {
    assert!(!password.contains(['%', '\'']), "this test cannot hand such a password to pgbouncer");
    password
}

fn start(ini: &std::path::Path) -> Child {
    let program = ["pgbouncer", "/usr/sbin/pgbouncer"]
        .into_iter()
        .find(|program| std::process::Command::new(program).arg("--version").output().is_ok())
        .unwrap_or_else(|| panic!("there is no pgbouncer; scripts/setup pooler installs it"));
    let mut command = Command::new(program);
    command.arg("--quiet").arg(ini).kill_on_drop(true);
    // It refuses to work as root and becomes somebody else once it has read its configuration.
    if std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0) {
        command.args(["--user", "nobody"]);
    }
    command.stdin(std::process::Stdio::null()).spawn().unwrap()
}

const DEFAULT_PATH: &str = "\"$user\", public";

#[tokio::test]
async fn a_direct_address_is_told_as_such() {
    let database = empty().await;
    let pooling = probe(&database.url, 5).await.unwrap();
    assert_eq!(pooling, Pooling::Direct);
    assert_eq!(pooling.finding(), None);
}

#[tokio::test]
async fn a_pooler_in_session_mode_mixes_nothing_up() {
    let database = empty().await;
    let pooler = PgBouncer::before(&database, "pool_mode = session").await;
    let pooling = probe(&pooler.url, 5).await.unwrap();
    assert_eq!(pooling, Pooling::SessionPooling);
    assert_eq!(pooling.finding(), None);
}

#[tokio::test]
async fn a_pooler_in_transaction_mode_serves_another_tenants_path() {
    let database = empty().await;
    let pooler = PgBouncer::before(&database, "pool_mode = transaction").await;
    let pooling = probe(&pooler.url, 5).await.unwrap();
    // Each round the second client's path replaced the first's on the one connection they share.
    assert_eq!(pooling, Pooling::TransactionPooling { leaked: 5, asked: 10 });
    let finding = pooling.finding().unwrap();
    assert_eq!(
        (finding.kind, &*finding.rule, finding.severity),
        (Kind::Isolation, "transaction_pooling", Severity::Critical)
    );
    assert!(finding.message.contains("5 of 10"), "{}", finding.message);
    assert_eq!(pooler.paths(3).await, [DEFAULT_PATH; 3]);
}

#[tokio::test]
async fn a_pooler_that_takes_turns_is_seen_through_and_left_as_it_was() {
    let database = empty().await;
    let pooler = PgBouncer::before(&database, "pool_mode = transaction\nserver_round_robin = 1").await;
    pooler.fill(4).await;
    let pooling = probe(&pooler.url, 6).await.unwrap();
    assert!(matches!(pooling, Pooling::TransactionPooling { leaked: 1.., asked: 12 }), "{pooling:?}");
    assert_eq!(pooler.paths(6).await, [DEFAULT_PATH; 6]);
}

#[tokio::test]
async fn one_connection_for_everybody_is_enough_to_be_probed() {
    let database = empty().await;
    let pooler = PgBouncer::before(&database, "pool_mode = transaction\ndefault_pool_size = 1").await;
    let pooling = probe(&pooler.url, 3).await.unwrap();
    assert_eq!(pooling, Pooling::TransactionPooling { leaked: 3, asked: 6 });
    assert_eq!(pooler.paths(1).await, [DEFAULT_PATH]);
}

#[tokio::test]
async fn a_path_that_the_application_set_stays() {
    let database = empty().await;
    let pooler = PgBouncer::before(&database, "pool_mode = transaction\nserver_round_robin = 1").await;
    pooler.fill(2).await;
    // One of the two connections carries a tenant's path while the other is probed.
    let mut application = pooler.client().await;
    application.execute(sqlx::raw_sql("BEGIN; SET search_path TO acme")).await.unwrap();
    let pooling = probe(&pooler.url, 3).await.unwrap();
    assert!(matches!(pooling, Pooling::TransactionPooling { leaked: 1.., .. }), "{pooling:?}");
    application.execute(sqlx::raw_sql("COMMIT")).await.unwrap();
    let mut paths = pooler.paths(2).await;
    paths.sort();
    assert_eq!(paths, [DEFAULT_PATH, "acme"]);
}

#[tokio::test]
async fn a_probe_that_nobody_waits_for_still_tidies_up() {
    let database = empty().await;
    let pooler = PgBouncer::before(&database, "pool_mode = transaction").await;
    let given_up = tokio::time::timeout(Duration::from_millis(30), probe(&pooler.url, 50)).await;
    // However far it came: once its clients are gone, nothing of it is left.
    while pooler.clients(&database).await > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(pooler.paths(3).await, [DEFAULT_PATH; 3], "{given_up:?}");
}

#[tokio::test]
async fn a_fleet_is_read_through_a_pooler_in_transaction_mode() {
    let (_, database) = fleet(2).await;
    let pooler = PgBouncer::before(&database, "pool_mode = transaction").await;
    let tenants = TenantDatabase::connect(&pooler.url, Options::default()).await.unwrap();
    assert_eq!(tenants.survey().await.unwrap().schemas.len(), 4);
    assert_eq!(tenants.inventory().await.unwrap().schemas.len(), 4);
    assert_eq!(tenants.registry(&RegistryOptions::default()).await.unwrap().unreadable, None);
    assert!(tenants.sequences_behind(None).await.unwrap().checked > 100);
    assert_eq!(pooler.paths(3).await, [DEFAULT_PATH; 3]);
}

#[tokio::test]
async fn an_address_that_does_not_answer_is_an_error_without_its_password() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let refused = probe(&format!("postgres://u:hunter2@127.0.0.1:{port}/saas"), 1).await.unwrap_err();
    assert!(matches!(refused, Error::Unreachable { .. }), "{refused}");
    assert!(!format!("{refused} {refused:?}").contains("hunter2"), "{refused}");
}
