//! Opening SQLite: one file, one writer, several readers.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::Path,
    time::Duration,
};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::{OpenError, audit, database::Database, migrations, readers::Readers};

/// How long a statement waits for its turn.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);

/// How many pages of 4 KiB the log has before a commit folds it into the file, which takes many times as long as another
/// commit: by default so often that one in a hundred acknowledgements waited for it.
const PAGES_IN_LOG: &str = "4000";

/// Opens a file; makes it when it is not there.
pub(super) async fn open(path: &Path) -> Result<Database, OpenError> {
    let place = a_file(path)?;
    make_private(path).map_err(|error| OpenError::Unreachable { place: place.clone(), source: error.into() })?;
    let options = SqliteConnectOptions::new().filename(path).foreign_keys(true).busy_timeout(PATIENCE);
    let forever = SqlitePoolOptions::new().idle_timeout(None).max_lifetime(None).test_before_acquire(false);
    // In WAL mode a commit is one append and, with FULL, one flush: what was committed survives a power loss.
    let durable = options.clone().journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
    let durable = durable.pragma("wal_autocheckpoint", PAGES_IN_LOG);
    let connecting = |error| OpenError::connecting(&place, error);
    let one = forever.max_connections(1).acquire_timeout(PATIENCE);
    let writer = one.connect_with(durable).await.map_err(connecting)?;
    let mut connection = writer.acquire().await.map_err(connecting)?;
    migrations::run(&mut *connection, migrations::SQLITE, &place).await?;
    drop(connection);
    let readers = Readers::open(options.read_only(true)).await.map_err(connecting)?;
    let database = Database::Sqlite { writer, readers: readers.into() };
    audit::chain_earlier(&database).await.map_err(|error| OpenError::chaining(&place, error))?;
    Ok(database)
}

/// Takes a file for this process until the value is dropped: two that serve from one file would answer everybody
/// twice. Looking at it stays possible.
pub(super) fn take(path: &Path) -> Result<File, OpenError> {
    let place = a_file(path)?;
    let unreachable = |error: io::Error| OpenError::Unreachable { place: place.clone(), source: error.into() };
    make_private(path).map_err(unreachable)?;
    // A file beside it: closing a second handle of the database itself would give up SQLite's own locks.
    let mut beside = path.as_os_str().to_owned();
    beside.push(".lock");
    let beside = Path::new(&beside);
    make_private(beside).map_err(unreachable)?;
    let file = File::open(beside).map_err(unreachable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { place }),
        Err(TryLockError::Error(error)) => Err(unreachable(error)),
    }
}

/// Opens a file that is there, for reading only.
pub(super) async fn look(path: &Path) -> Result<Database, OpenError> {
    let place = path.display().to_string();
    let connecting = |error| OpenError::connecting(&place, error);
    // SQLite would only say that it cannot open the file.
    fs::metadata(path).map_err(|error| OpenError::Unreachable { place: place.clone(), source: error.into() })?;
    let options = SqliteConnectOptions::new().filename(path).busy_timeout(PATIENCE).read_only(true);
    let readers = Readers::open(options.clone()).await.map_err(connecting)?;
    // Nobody writes: it is never opened.
    let database =
        Database::Sqlite { writer: SqlitePoolOptions::new().connect_lazy_with(options), readers: readers.into() };
    audit::is_chained(&database, &place).await?;
    Ok(database)
}

/// How messages name it.
fn a_file(path: &Path) -> Result<String, OpenError> {
    if path.as_os_str().is_empty() || path == Path::new(":memory:") {
        let reason = "SQLite needs a file, so that a restart forgets nothing; for example `sqlite:data/signalbox.db`";
        return Err(OpenError::Address { reason: reason.into() });
    }
    Ok(path.display().to_string())
}

/// Makes the file, and folders above it, for their owner only: it holds tokens while they are valid.
/// SQLite gives its side files the same rights.
fn make_private(path: &Path) -> io::Result<()> {
    let mut folder = fs::DirBuilder::new();
    let mut file = fs::OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        folder.mode(0o700);
        file.mode(0o600);
    }
    if let Some(parent) = path.parent() {
        folder.recursive(true).create(parent)?;
    }
    file.create(true).append(true).open(path).map(drop)
}
