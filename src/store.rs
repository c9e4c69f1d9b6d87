//! The store: deployments, their audit trail, the outbox and the inbox, in SQLite or PostgreSQL.
//!
//! One set of statements serves both databases. SQLite is for one process and needs nothing else;
//! PostgreSQL is for a machine whose disk may be lost. The database itself decides what only one can
//! have: an environment's holder, the deployment of an execution, the first record of a delivery.

mod alerts;
mod audit;
#[cfg(test)]
mod conformance;
mod database;
mod deployments;
mod error;
mod gates;
mod history;
mod inbox;
mod incidents;
mod links;
mod migrations;
mod outbox;
mod postgres;
mod readers;
mod schedules;
mod sqlite;
mod subscriptions;

use std::{
    fs::File,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::SignedDuration;
use secrecy::ExposeSecret;

use crate::config::Store;
use database::Database;
pub use error::OpenError;

/// How long a row is kept that only guards against doing something twice. GitHub offers a delivery
/// again for three days at most.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The store over one database.
pub struct SqlStore {
    database: Database,
    /// Held until the store is closed, where this process serves from a file.
    taken: Mutex<Option<File>>,
}

/// Opens the configured store to serve from it. Its tables are made or brought up to date first.
///
/// # Errors
/// [`OpenError`] when there is no such database, it is not ours, or another process serves from the same file.
pub async fn connect(place: &Store) -> Result<Arc<SqlStore>, OpenError> {
    let store = match place {
        Store::Sqlite(path) => {
            let taken = Mutex::new(Some(sqlite::take(path)?));
            SqlStore { taken, ..SqlStore::sqlite(path).await? }
        }
        Store::Postgres(url) => SqlStore::postgres(url.expose_secret()).await?,
    };
    Ok(Arc::new(store))
}

impl SqlStore {
    /// Opens a SQLite file; makes it, readable by its owner only, when it is not there.
    ///
    /// # Errors
    /// [`OpenError`] when the file cannot be opened or is not ours.
    pub async fn sqlite(path: &Path) -> Result<Self, OpenError> {
        Ok(Self { database: sqlite::open(path).await?, taken: Mutex::default() })
    }

    /// Connects to a PostgreSQL database, `postgres://user:password@host:port/database`.
    ///
    /// # Errors
    /// [`OpenError`] when it cannot be reached or is not ours.
    pub async fn postgres(url: &str) -> Result<Self, OpenError> {
        Ok(Self { database: postgres::connect(url).await?, taken: Mutex::default() })
    }

    /// Opens a store that is there, for reading only and without changing its tables.
    ///
    /// # Errors
    /// [`OpenError`] when there is none, or none whose audit trail is a chain.
    pub async fn look(place: &Store) -> Result<Self, OpenError> {
        let database = match place {
            Store::Sqlite(path) => sqlite::look(path).await?,
            Store::Postgres(url) => postgres::look(url.expose_secret()).await?,
        };
        Ok(Self { database, taken: Mutex::default() })
    }

    /// Waits for what is under way and closes all connections.
    pub async fn close(&self) {
        self.database.close().await;
        // Others may still hold the store, and find it closed. A program that is being started holds a copy of the
        // handle until it runs, so closing ours would not be enough; ending ends the lock in any case.
        if let Some(taken) = self.taken.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = taken.unlock();
        }
    }
}
