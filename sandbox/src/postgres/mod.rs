//! A real PostgreSQL server for the demo and the tests.
//!
//! [`Postgres::start`] takes, in this order: the server whose address the user
//! gives; the programs already on the machine, run as a private cluster on a
//! free loopback port; programs fetched from a package registry. A private
//! cluster never runs as root, never touches another cluster, and ends with the
//! process that started it, even when that one is killed.

mod account;
mod administrator;
mod cluster;
mod databases;
mod error;
mod fetch;
mod programs;
#[cfg(test)]
mod tests;
mod verifier;

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sqlx::{Connection, PgConnection};
use tokio::sync::OnceCell;
use url::Url;

use account::Account;
use administrator::Administrator;
use cluster::Cluster;
pub use databases::Database;
pub use error::Error;
use programs::Programs;

/// When set, [`Postgres::shared`] uses the server at this address.
pub const TEST_DATABASE_URL: &str = "SIGNALBOX_TEST_DATABASE_URL";

/// What a whole run of the tests needs, with plenty to spare; in bytes.
const ROOM: u64 = 3 << 30;

/// How a server is found and where a private one lives.
#[derive(Debug, Clone)]
pub struct Options {
    /// Use the server at this address instead of a private one; an empty one counts as none.
    pub url: Option<String>,
    /// A folder that a private cluster has for itself, made when it is not there; a later start with
    /// the same folder finds its data again.
    pub data: PathBuf,
    /// Where a private server listens; at a free port when `None`.
    pub port: Option<u16>,
    /// Settings of a private server beside the usual ones, as `name=value`; the last of a name counts.
    pub settings: Vec<String>,
    /// Told what takes time: fetching, making, starting.
    pub progress: Progress,
}

impl Options {
    /// A private cluster in `data`, in silence.
    pub fn private(data: impl Into<PathBuf>) -> Self {
        Self { url: None, data: data.into(), port: None, settings: vec![], progress: Progress::default() }
    }
}

/// A listener for sentences that tell a person what is going on.
#[derive(Clone, Default)]
pub struct Progress(Option<Listener>);

type Listener = Arc<dyn Fn(&str) + Send + Sync>;

impl Progress {
    /// Calls `listener` with each sentence.
    pub fn new(listener: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(listener)))
    }

    fn say(&self, sentence: &str) {
        tracing::info!("{sentence}");
        if let Some(listener) = &self.0 {
            listener(sentence);
        }
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Progress")
    }
}

/// A PostgreSQL server that may create databases.
///
/// It holds nothing of the caller's async runtime, so one value can serve tests that each have a runtime of their own.
#[derive(Debug)]
pub struct Postgres {
    server: Server,
    administrator: Administrator,
    /// What is known to be there to be copied.
    templates: Mutex<HashMap<String, Arc<OnceCell<()>>>>,
}

#[derive(Debug)]
enum Server {
    Private(Cluster),
    Given(Url),
}

impl Postgres {
    /// Finds or starts a server.
    ///
    /// # Errors
    /// [`Error::NoPrograms`] says what was tried and which command to run;
    /// [`Error::InUse`] when another process has the data folder.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let progress = &options.progress;
        if let Some(url) = options.url.as_ref().filter(|url| !url.is_empty()) {
            return Self::given(url, progress).await;
        }
        let account = Account::choose()?;
        let home = account.home(&options.data)?;
        let lock = cluster::lock(&home)?;
        let programs = match Programs::installed() {
            Some(programs) => programs,
            None => fetch::programs(&home, &account, progress).await?,
        };
        let cluster = Cluster::start(&home, lock, &programs, &account, &options).await?;
        Ok(Self::over(Server::Private(cluster)))
    }

    /// The server all tests of this process share: the one at [`TEST_DATABASE_URL`], else a
    /// private cluster in [`test_folder`], which ends with the process, and which the next run of the same program finds again.
    ///
    /// # Errors
    /// As [`Postgres::start`].
    pub async fn shared() -> Result<&'static Self, Error> {
        static SHARED: OnceCell<Postgres> = OnceCell::const_new();
        SHARED.get_or_try_init(Self::start_shared).await
    }

    #[expect(clippy::disallowed_methods, reason = "tests have no configuration file that could name their server")]
    async fn start_shared() -> Result<Self, Error> {
        if let Ok(url) = std::env::var(TEST_DATABASE_URL) {
            return Self::given(&url, &Progress::default()).await;
        }
        // A program may run several times at once: each takes the first cluster nobody holds, where it finds again
        // what an earlier run has kept.
        let (owner, program) = (account::own_id()?, program());
        let mut slot = 0;
        loop {
            let name = format!("signalbox-test-postgres-{owner}-{program}-{slot}");
            // So many databases that live for seconds would keep it busy; servers that tests start themselves have it.
            let settings = vec!["autovacuum=off".to_owned()];
            match Self::start(Options { settings, ..Options::private(test_folder().join(name)) }).await {
                Err(Error::InUse { .. }) => slot += 1,
                Err(error) => return Err(error),
                Ok(server) => {
                    server.drop_fresh_databases().await?;
                    return Ok(server);
                }
            }
        }
    }

    async fn given(text: &str, progress: &Progress) -> Result<Self, Error> {
        let bad = |reason: String| Error::BadUrl { reason };
        let url = Url::parse(text).map_err(|error| bad(error.to_string()))?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(bad(format!("the scheme is {}", url.scheme())));
        }
        let connection = PgConnection::connect(url.as_str()).await?;
        connection.close().await?;
        progress.say(&format!("Using the PostgreSQL server at {}", url.host_str().unwrap_or("its local socket")));
        Ok(Self::over(Server::Given(url)))
    }

    fn over(server: Server) -> Self {
        let administrator = Administrator::of(server.administration_url());
        Self { server, administrator, templates: Mutex::default() }
    }

    /// The address of one database, for the role that owns everything.
    pub fn url(&self, database: &str) -> String {
        self.server.url(database)
    }

    /// The address of one database for a role that can read all of it and change nothing.
    ///
    /// On a server that was given this is the role of its address, whatever that may do.
    pub fn reader_url(&self, database: &str) -> String {
        match &self.server {
            Server::Private(cluster) => cluster.url(cluster::READER, database),
            Server::Given(_) => self.url(database),
        }
    }

    /// Ends a private server and waits for its end; a given server is left alone.
    ///
    /// Merely dropping the value ends it too, without waiting.
    ///
    /// # Errors
    /// [`Error::Program`] when it does not end.
    pub async fn stop(self) -> Result<(), Error> {
        match self.server {
            Server::Private(cluster) => cluster.stop().await,
            Server::Given(_) => Ok(()),
        }
    }
}

impl Server {
    fn url(&self, database: &str) -> String {
        match self {
            Self::Private(cluster) => cluster.url(cluster::SUPERUSER, database),
            Self::Given(url) => {
                let mut url = url.clone();
                url.set_path(&encode(database));
                url.into()
            }
        }
    }

    /// Where statements about whole databases are sent.
    fn administration_url(&self) -> String {
        match self {
            Self::Private(_) => self.url("postgres"),
            Self::Given(url) => url.to_string(),
        }
    }
}

/// The name of this program, without the hash that cargo adds to the names of test programs.
fn program() -> String {
    let path = std::env::current_exe().unwrap_or_default();
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    name.rsplit_once('-').map_or(&*name, |(name, _)| name).to_owned()
}

/// Where throw-away clusters live: in memory where there is room, since making databases and dropping them again
/// is mostly making and dropping files; else in the temporary folder.
pub fn test_folder() -> PathBuf {
    let memory = Path::new("/dev/shm");
    match rustix::fs::statvfs(memory) {
        Ok(found) if found.f_bavail.saturating_mul(found.f_frsize) >= ROOM => memory.to_owned(),
        _ => std::env::temp_dir(),
    }
}

/// A database name as a path segment of a URL.
fn encode(name: &str) -> String {
    utf8_percent_encode(name, NON_ALPHANUMERIC).to_string()
}
