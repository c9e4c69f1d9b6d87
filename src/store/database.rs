//! Two databases behind one set of statements.
//!
//! Statements number their parameters (`$1`), use only what both databases understand, and exchange
//! only whole numbers and text with them: times are milliseconds, truth values 0 or 1, documents JSON.

use std::{future::Future, time::Duration};

use jiff::Timestamp;
use signalbox_domain::ports::StoreError;
use sqlx::{
    Decode, Encode, PgPool, Pool, Postgres, Row as _, Sqlite, SqlitePool, Type, postgres::PgRow, query::Query,
    sqlite::SqliteRow,
};
use tokio::time::timeout;

use super::{error, readers::Readers};

/// How long PostgreSQL may take for a connection or a statement.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);
/// PostgreSQL ends a statement by itself; a network that swallows its answer does not.
const DEADLINE: Duration = Duration::from_millis(3_500);

/// The connections to a database.
pub(super) enum Database {
    /// SQLite has one writer at a time: one connection writes, so that nobody ever waits on a lock.
    Sqlite {
        writer: SqlitePool,
        readers: Box<Readers>,
    },
    Postgres(PgPool),
}

/// Changes that are committed together. Dropped without [`Transaction::commit`], none of them happened.
pub(super) enum Transaction {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

impl Database {
    /// Begins to change something.
    pub(super) async fn begin(&self) -> Result<Transaction, StoreError> {
        match self {
            // A transaction that starts as a reader can find that it may not become a writer any more.
            Self::Sqlite { writer, .. } => {
                let writer = writer.clone();
                let begun = whole(async move { writer.begin_with("BEGIN IMMEDIATE").await });
                begun.await.map(Transaction::Sqlite).map_err(error::statement)
            }
            Self::Postgres(pool) => {
                let pool = pool.clone();
                let begun = whole(async move { pool.begin().await });
                in_time(begun).await.map(Transaction::Postgres)
            }
        }
    }

    /// Changes rows with one statement that is a transaction by itself, which asks the database once in place of three
    /// times; says how many.
    pub(super) async fn execute(&self, statement: &str, values: &[Value]) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite { writer, .. } => {
                let done = query::<Sqlite>(statement, values).execute(writer).await;
                Ok(done.map_err(error::statement)?.rows_affected())
            }
            Self::Postgres(pool) => {
                let done = in_time(query::<Postgres>(statement, values).execute(pool)).await?;
                Ok(done.rows_affected())
            }
        }
    }

    /// Reads rows.
    pub(super) async fn rows(&self, statement: &str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite { readers, .. } => {
                let rows = readers.rows(statement, values).await;
                Ok(rows.map_err(error::statement)?.into_iter().map(Row::Sqlite).collect())
            }
            Self::Postgres(pool) => {
                let rows = in_time(query::<Postgres>(statement, values).fetch_all(pool)).await?;
                Ok(rows.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    /// What keeps two claims from waiting for the same rows. SQLite's only writer needs nothing.
    pub(super) fn skip_locked(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "",
            Self::Postgres(_) => "FOR UPDATE SKIP LOCKED",
        }
    }

    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers } => {
                // The last connection folds the log into the file, which a reader may not.
                readers.close().await;
                close(writer).await;
            }
            Self::Postgres(pool) => close(pool).await,
        }
    }
}

/// Closes every connection. sqlx misses one that is on its way back to the pool when closing begins,
/// which for SQLite would leave the last commits in the log beside the file.
async fn close<D: sqlx::Database>(pool: &Pool<D>) {
    pool.close().await;
    while pool.size() > 0 {
        pool.close().await;
    }
}

impl Transaction {
    /// What makes a reader hold a row until the end. SQLite's only writer holds everything.
    pub(super) fn for_update(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "",
            Self::Postgres(_) => "FOR UPDATE",
        }
    }

    /// Changes rows; says how many.
    pub(super) async fn execute(&mut self, statement: &str, values: &[Value]) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(transaction) => {
                let done = query::<Sqlite>(statement, values).execute(&mut **transaction).await;
                Ok(done.map_err(error::statement)?.rows_affected())
            }
            Self::Postgres(transaction) => {
                let done = in_time(query::<Postgres>(statement, values).execute(&mut **transaction)).await?;
                Ok(done.rows_affected())
            }
        }
    }

    /// Reads rows, or those that a statement with `RETURNING` changed.
    pub(super) async fn rows(&mut self, statement: &str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite(transaction) => {
                let rows = query::<Sqlite>(statement, values).fetch_all(&mut **transaction).await;
                Ok(rows.map_err(error::statement)?.into_iter().map(Row::Sqlite).collect())
            }
            Self::Postgres(transaction) => {
                let rows = in_time(query::<Postgres>(statement, values).fetch_all(&mut **transaction)).await?;
                Ok(rows.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    /// Commits. After an error it is not known whether it was committed; whoever repeats the work finds out.
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await.map_err(error::statement),
            Self::Postgres(transaction) => in_time(transaction.commit()).await,
        }
    }
}

/// Goes on when nobody waits any more. sqlx rolls back a transaction that is dropped, but not one that is dropped while it
/// begins: the connection would stay within it. SQLite would begin no other, and what PostgreSQL is told to change next, in
/// a statement by itself, would not be committed with it.
async fn whole<T, W>(work: W) -> Result<T, sqlx::Error>
where
    T: Send + 'static,
    W: Future<Output = Result<T, sqlx::Error>> + Send + 'static,
{
    tokio::spawn(work).await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
}

async fn in_time<T>(work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, StoreError> {
    match timeout(DEADLINE, work).await {
        Ok(answer) => answer.map_err(error::statement),
        Err(_) => Err(StoreError::Unavailable(format!("no answer within {DEADLINE:?}").into())),
    }
}

pub(super) fn query<'q, D>(statement: &'q str, values: &'q [Value]) -> Query<'q, D, D::Arguments<'q>>
where
    D: sqlx::Database,
    Option<i64>: Encode<'q, D> + Type<D>,
    Option<&'q str>: Encode<'q, D> + Type<D>,
{
    values.iter().fold(sqlx::query(statement), |query, value| match value {
        Value::Integer(number) => query.bind(*number),
        Value::Text(text) => query.bind(text.as_deref()),
    })
}

/// What a statement's parameter can be.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Integer(Option<i64>),
    Text(Option<String>),
}

impl Value {
    /// An id as the chat and GitHub use them. They leave the highest bit alone, and so do the databases.
    pub(super) fn id(id: u64) -> Result<Self, StoreError> {
        let number =
            i64::try_from(id).map_err(|_| error::corrupt("an id", format!("{id} is too large to be stored")))?;
        Ok(Self::Integer(Some(number)))
    }

    /// An id that may not be known yet.
    pub(super) fn known_id(id: Option<u64>) -> Result<Self, StoreError> {
        id.map_or(Ok(Self::Integer(None)), Self::id)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(Some(number))
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        i64::from(truth).into()
    }
}

impl From<Timestamp> for Value {
    fn from(time: Timestamp) -> Self {
        time.as_millisecond().into()
    }
}

impl From<&str> for Value {
    /// PostgreSQL has no NUL in text, and what people and GitHub send may have one.
    fn from(text: &str) -> Self {
        Self::Text(Some(text.replace('\0', "\u{fffd}")))
    }
}

/// A row of either database.
pub(super) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    /// The value of a column; `Option` where it can be NULL.
    pub(super) fn get<T>(&self, column: &str) -> Result<T, StoreError>
    where
        T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>,
    {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
        .map_err(error::statement)
    }

    /// A column that holds an id of the chat or GitHub.
    pub(super) fn id(&self, column: &str) -> Result<u64, StoreError> {
        u64::try_from(self.get::<i64>(column)?).map_err(|error| error::corrupt(column, error))
    }

    /// A column that holds a time.
    pub(super) fn time(&self, column: &str) -> Result<Timestamp, StoreError> {
        Timestamp::from_millisecond(self.get(column)?).map_err(|error| error::corrupt(column, error))
    }
}
