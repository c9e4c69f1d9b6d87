use std::future::Future;
use std::time::Duration;

use sqlx::{Connection, Executor, PgConnection, Postgres, Transaction};

use crate::address::Address;
use crate::{Access, Error, Gauge, Survey, access, survey};

/// How patiently and under which name a database is asked.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long one statement may run on the server.
    pub statement_timeout: Duration,
    /// How long a statement may wait behind somebody's lock.
    pub lock_timeout: Duration,
    /// Shown in `pg_stat_activity`.
    pub application_name: String,
    /// Shows how far a reading of the catalogs has come.
    pub gauge: Gauge,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(2),
            application_name: "signalbox".to_owned(),
            gauge: Gauge::default(),
        }
    }
}

/// A schema-per-tenant database that is read and never changed.
///
/// Every question uses a connection of its own and one short read-only transaction, so that nothing
/// is held between questions; a dropped future cancels its question.
#[derive(Debug, Clone)]
pub struct TenantDatabase {
    address: Address,
    options: Options,
}

impl TenantDatabase {
    /// Checks the address and that the server lets us in.
    ///
    /// # Errors
    /// [`Error::BadUrl`] for an address that is not understood, else why there is no connection.
    pub async fn connect(url: &str, options: Options) -> Result<Self, Error> {
        let address = Address::parse(url, &options.application_name)?;
        let database = Self { address, options };
        let connection = database.open().await?;
        // The session is over either way; a failing farewell changes nothing.
        let _ = connection.close().await;
        Ok(database)
    }

    /// Reads which schemas exist, how many tables each has and which migrations each lacks, as of
    /// one moment.
    ///
    /// A tenant whose ledger is locked or closed to us is told as [`crate::Ledger::Unreadable`] and
    /// spoils nothing else.
    ///
    /// # Errors
    /// When the database cannot be asked at all.
    pub async fn survey(&self) -> Result<Survey, Error> {
        self.ask("reading the tenants", async |transaction| survey::read(transaction).await).await
    }

    /// Asks who we are to the server and whether we could change anything.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn probe(&self) -> Result<Access, Error> {
        self.ask("reading our rights", async |transaction| access::read(transaction).await).await
    }

    /// Asks in one read-only transaction on a connection of its own.
    pub(crate) async fn ask<T>(
        &self,
        action: &'static str,
        question: impl AsyncFnOnce(&mut Transaction<'_, Postgres>) -> sqlx::Result<T>,
    ) -> Result<T, Error> {
        let mut connection = self.open().await?;
        let work = async {
            let mut transaction = connection.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
            // Inside the transaction, so that it also works through a transaction-pooling PgBouncer.
            transaction.execute(&*self.settings()).await?;
            let answer = question(&mut transaction).await?;
            transaction.rollback().await?;
            connection.close().await?;
            Ok(answer)
        };
        self.within(self.longest(), action, work).await
    }

    /// How long a whole question may take: the server's own timeouts do not help when the network
    /// swallows the answer.
    pub(crate) fn longest(&self) -> Duration {
        self.options.statement_timeout * 4
    }

    pub(crate) fn gauge(&self) -> &Gauge {
        &self.options.gauge
    }

    pub(crate) fn settings(&self) -> String {
        format!(
            "SET LOCAL search_path = ''; SET LOCAL jit = off; SET LOCAL statement_timeout = {}; SET LOCAL lock_timeout = {}",
            self.options.statement_timeout.as_millis(),
            self.options.lock_timeout.as_millis(),
        )
    }

    pub(crate) async fn open(&self) -> Result<PgConnection, Error> {
        self.within(self.options.connect_timeout, "connecting", self.connect_once()).await
    }

    pub(crate) async fn connect_once(&self) -> sqlx::Result<PgConnection> {
        PgConnection::connect_with(&self.address.options).await
    }

    pub(crate) async fn within<T>(
        &self,
        allowed: Duration,
        action: &'static str,
        work: impl Future<Output = sqlx::Result<T>>,
    ) -> Result<T, Error> {
        match tokio::time::timeout(allowed, work).await {
            Ok(result) => result.map_err(|error| self.address.explain(error, action, &self.options)),
            Err(_) => Err(Error::Timeout { action, after: allowed }),
        }
    }
}
