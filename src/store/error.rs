//! What can go wrong with a database, without the password that its address may hold.

use signalbox_domain::ports::StoreError;
use sqlx::migrate::MigrateError;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is nothing at such an address.
    #[error("the store's address cannot be used: {reason}")]
    Address {
        /// What is wrong with it.
        reason: String,
    },
    /// The file cannot be opened, or the server cannot be reached or refuses us.
    #[error("the database at {place} cannot be opened")]
    Unreachable {
        /// The file, or host, port and database.
        place: String,
        /// The database's or the system's words.
        source: Source,
    },
    /// Another process serves from the same file.
    #[error(
        "another Signalbox works with {place}; stop that one first, or give this one a store of its own \
         (`SIGNALBOX_STORE`)"
    )]
    InUse {
        /// The file.
        place: String,
    },
    /// The file is damaged, or something else than a database.
    #[error("{place} is damaged or no SQLite database; restore a backup, or name another file")]
    Damaged {
        /// The file.
        place: String,
        /// SQLite's words.
        source: Source,
    },
    /// A later version of this program has changed the tables.
    #[error(
        "the database at {place} was used by a newer version (it has migration {migration}); run that version, or \
         restore the backup made before the upgrade"
    )]
    Newer {
        /// The file, or host, port and database.
        place: String,
        /// The first migration that this version does not know.
        migration: i64,
    },
    /// Another program's tables, or an edited migration.
    #[error(
        "migration {migration} of the database at {place} is not the one this version knows; it is another program's database, or a changed build made it"
    )]
    Foreign {
        /// The file, or host, port and database.
        place: String,
        /// The migration.
        migration: i64,
    },
    /// An earlier version wrote the audit trail, and no later one has chained it yet.
    #[error(
        "the audit trail at {place} is of an earlier version and no chain yet; start this version once, with \
         `signalbox serve` or `signalbox doctor`"
    )]
    Unchained {
        /// The file, or host, port and database.
        place: String,
    },
    /// The tables could not be made or changed.
    #[error("the tables of the database at {place} could not be brought up to date")]
    Migration {
        /// The file, or host, port and database.
        place: String,
        /// The database's words.
        source: Source,
    },
}

impl OpenError {
    /// What a failure to connect means.
    pub(super) fn connecting(place: &str, error: sqlx::Error) -> Self {
        let place = place.to_owned();
        if is_damage(&error) {
            Self::Damaged { place, source: error.into() }
        } else {
            Self::Unreachable { place, source: error.into() }
        }
    }

    /// What a failure to chain the earlier audit trail means.
    pub(super) fn chaining(place: &str, error: StoreError) -> Self {
        Self::Migration { place: place.to_owned(), source: error.into() }
    }

    /// What a failure to migrate means, where `latest` is the last migration that this version knows.
    pub(super) fn migrating(place: &str, latest: i64, error: MigrateError) -> Self {
        let place = place.to_owned();
        match error {
            MigrateError::VersionMissing(migration) if migration > latest => Self::Newer { place, migration },
            MigrateError::VersionMissing(migration) | MigrateError::VersionMismatch(migration) => {
                Self::Foreign { place, migration }
            }
            MigrateError::Execute(error) if is_damage(&error) => Self::Damaged { place, source: error.into() },
            error => Self::Migration { place, source: error.into() },
        }
    }
}

/// What a failed statement means to the domain.
pub(super) fn statement(error: sqlx::Error) -> StoreError {
    let unreadable =
        matches!(error, sqlx::Error::ColumnDecode { .. } | sqlx::Error::ColumnNotFound(_) | sqlx::Error::Decode(_));
    if unreadable || is_damage(&error) {
        StoreError::Corrupt(error.into())
    } else {
        StoreError::Unavailable(error.into())
    }
}

/// Whether two rows would have had what only one may have.
pub(super) fn is_taken(error: &StoreError) -> bool {
    let StoreError::Unavailable(source) = error else { return false };
    let Some(sqlx::Error::Database(error)) = source.downcast_ref::<sqlx::Error>() else { return false };
    error.is_unique_violation()
}

/// A stored record that does not read as what it should be.
pub(super) fn corrupt(record: &str, error: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt(format!("{record}: {error}").into())
}

/// SQLite's codes for "malformed" (11) and "not a database" (26), alone or as the low byte of an
/// extended code (<https://sqlite.org/rescode.html>).
fn is_damage(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else { return false };
    error.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some()
        && error.code().and_then(|code| code.parse::<u32>().ok()).is_some_and(|code| matches!(code & 0xff, 11 | 26))
}
