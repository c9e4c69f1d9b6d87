//! Connections that read a SQLite file while its one writer writes.

use sqlx::{
    ConnectOptions as _, Connection as _,
    sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow},
};
use tokio::{
    sync::{Mutex, Semaphore},
    time::timeout,
};

use super::{
    database::{Value, query},
    sqlite::PATIENCE,
};

/// Reads go on beside the writer; more of them at once than this wait.
const READERS: u32 = 4;

/// A pool without what sqlx's does after each statement: a task that asks the connection whether it is still alive, which
/// for a file costs as much as the statement did.
pub(super) struct Readers {
    options: SqliteConnectOptions,
    /// As many as there are connections: whoever has one finds a connection that nobody uses.
    turns: Semaphore,
    connections: [Mutex<Option<SqliteConnection>>; READERS as usize],
}

impl Readers {
    /// Opens the first connection; the others when they are needed.
    pub(super) async fn open(options: SqliteConnectOptions) -> Result<Self, sqlx::Error> {
        let mut connections = <[Mutex<_>; READERS as usize]>::default();
        *connections[0].get_mut() = Some(options.connect().await?);
        Ok(Self { options, turns: Semaphore::new(READERS as usize), connections })
    }

    /// Reads rows. What is given up meanwhile ends within SQLite before the connection's next statement.
    pub(super) async fn rows(&self, statement: &str, values: &[Value]) -> Result<Vec<SqliteRow>, sqlx::Error> {
        let turn = timeout(PATIENCE, self.turns.acquire()).await;
        let _turn = turn.map_err(|_| sqlx::Error::PoolTimedOut)?.map_err(|_| sqlx::Error::PoolClosed)?;
        let free = self.connections.iter().find_map(|connection| connection.try_lock().ok());
        let mut place = free.ok_or(sqlx::Error::PoolTimedOut)?;
        let connection = match &mut *place {
            Some(open) => open,
            empty => empty.insert(self.options.connect().await?),
        };
        let rows = query(statement, values).fetch_all(connection).await;
        // One that fails is not used again.
        if rows.is_err()
            && let Some(connection) = place.take()
        {
            close(connection).await;
        }
        rows
    }

    /// Waits for whoever reads, and closes all connections. Whoever comes later is refused.
    pub(super) async fn close(&self) {
        // An error means that they are closed already.
        let _all = self.turns.acquire_many(READERS).await;
        self.turns.close();
        for place in &self.connections {
            if let Some(connection) = place.lock().await.take() {
                close(connection).await;
            }
        }
    }
}

async fn close(connection: SqliteConnection) {
    if let Err(error) = connection.close().await {
        tracing::warn!(error = &error as &dyn std::error::Error, "a connection that read did not close");
    }
}
