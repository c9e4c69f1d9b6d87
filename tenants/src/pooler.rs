//! Does the application's own address lead through a pooler that mixes tenants up?
//!
//! Django sets `search_path` once per request and trusts it until the next. A pooler in transaction mode
//! hands each transaction to whichever server connection is free, so the next statement runs with the
//! `search_path` of another request: the data of another tenant.
//!
//! First two clients only ask which server process answers them. Sharing or changing it proves the mode
//! and disturbs nobody. Only then do they set `search_path`, to see whether the pooler carries it along
//! with its client, as some do. A server connection keeps what was set on it, so each one is put right
//! before the next is touched, even when the caller loses interest. Everything goes by the simple
//! protocol: older poolers lose prepared statements between transactions, unnamed ones too.

mod restore;

use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;

use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::{Connection, Executor, PgConnection, Row};

use crate::address::Address;
use crate::{Error, Finding, Kind, Options, Severity};

/// Schemas that do not exist, so that a statement of the application which lands on a connection we have
/// just touched fails loudly instead of finding somebody's tables.
const PATHS: [&str; 2] = ["signalbox_probe_a", "signalbox_probe_b"];

/// Longest wait for any one answer; a pooler whose connections are all taken keeps us waiting.
const PATIENCE: Duration = Duration::from_secs(10);
const ASKING: &str = "asking which connection the pooler gives us";

/// How long a server process may take to end after its client left: many times what it needs.
const FAREWELL: Duration = Duration::from_millis(50);
const FAREWELLS: u32 = 20;

/// What stands between the application and its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Pooling {
    /// Nothing: each client has a server process of its own, which ends with it.
    Direct,
    /// A pooler that gives a client one server connection for as long as it stays.
    SessionPooling,
    /// A pooler that gives out server connections per transaction.
    TransactionPooling {
        /// How often a client found a `search_path` it had not set.
        leaked: u32,
        /// How often it looked.
        asked: u32,
    },
}

impl Pooling {
    /// What must be known about it: nothing, unless clients get each other's `search_path`.
    #[must_use]
    pub fn finding(&self) -> Option<Finding> {
        let Self::TransactionPooling { leaked: leaked @ 1.., asked } = *self else {
            return None;
        };
        Some(Finding {
            tenant: "public".to_owned(),
            kind: Kind::Isolation,
            rule: "transaction_pooling".to_owned(),
            object: "pooler".to_owned(),
            attribute: Some("search_path".to_owned()),
            from: None,
            to: None,
            severity: Severity::Critical,
            message: format!(
                "The pooler on the application's address hands out connections per transaction: in {leaked} of {asked} \
                 looks a client had a search_path it never set, so requests read and write other tenants' data."
            ),
        })
    }
}

/// Finds out through the application's own address, with two clients and this many rounds; 10 are plenty.
///
/// Through a transaction-pooling pooler, server connections have an empty `search_path` for some
/// milliseconds per round.
///
/// # Errors
/// When the address does not answer, or a pooler has no connection left for the second client.
/// [`Error::Unexpected`] when a server connection could not be put right.
pub async fn probe(url: &str, rounds: u32) -> Result<Pooling, Error> {
    let options = Options::default();
    let probe = Probe { address: Address::parse(url, &options.application_name)?, options };
    // A task of its own: it also finishes, and tidies up, when we are dropped.
    let task = tokio::spawn(async move { probe.run(rounds.max(1)).await });
    let failed = |error: tokio::task::JoinError| Error::Unexpected { code: "-".to_owned(), reason: error.to_string() };
    task.await.map_err(failed)?
}

/// What a client is told: the server process it talks to and the `search_path` there.
#[derive(Debug)]
struct Answer {
    process: i32,
    path: String,
}

impl Answer {
    /// Whether the path is one of ours.
    fn is_ours(&self) -> bool {
        PATHS.contains(&self.path.as_str())
    }
}

struct Probe {
    address: Address,
    options: Options,
}

impl Probe {
    async fn run(&self, rounds: u32) -> Result<Pooling, Error> {
        let mut a = self.open().await?;
        let mut b = self.open().await?;
        if self.shares(&mut a, &mut b, rounds).await? {
            let (mut leaked, mut asked) = (0, 0);
            for _ in 0..rounds {
                let (wrong, looks) = self.interleave(&mut a, &mut b).await?;
                leaked += wrong;
                asked += looks;
            }
            return Ok(Pooling::TransactionPooling { leaked, asked });
        }
        if self.outlives(b).await? { Ok(Pooling::SessionPooling) } else { Ok(Pooling::Direct) }
    }

    /// Whether two open clients share a server process, or one of them changes it.
    async fn shares(&self, a: &mut PgConnection, b: &mut PgConnection, rounds: u32) -> Result<bool, Error> {
        let (of_a, of_b) = (self.look(a).await?.process, self.look(b).await?.process);
        let mut shared = of_a == of_b;
        for round in 0..rounds {
            // Out of step on purpose: a pooler that takes turns must not happen to fit.
            for _ in 0..=round % 3 {
                shared |= self.look(a).await?.process != of_a;
            }
            shared |= self.look(b).await?.process != of_b;
        }
        Ok(shared)
    }

    /// Whether the server process behind this client is still there after the client has left.
    async fn outlives(&self, mut client: PgConnection) -> Result<bool, Error> {
        let process = self.look(&mut client).await?.process;
        // The session is over either way.
        let _ = client.close().await;
        for _ in 0..FAREWELLS {
            tokio::time::sleep(FAREWELL).await;
            let mut next = self.open().await?;
            let inherited = self.look(&mut next).await?.process == process;
            let alive = self.is_alive(&mut next, process).await?;
            let _ = next.close().await;
            if inherited || !alive {
                return Ok(inherited);
            }
        }
        Ok(true)
    }

    /// Both clients set their path and look; returns how many looks were wrong, and how many there were.
    async fn interleave(&self, a: &mut PgConnection, b: &mut PgConnection) -> Result<(u32, u32), Error> {
        let mut touched = BTreeSet::new();
        let looks = async {
            touched.insert(self.set(a, PATHS[0]).await?);
            touched.insert(self.set(b, PATHS[1]).await?);
            let seen = [self.look(a).await?, self.look(b).await?];
            let wrong = seen.iter().zip(PATHS).filter(|(answer, path)| answer.path != *path).count();
            Ok((u32::try_from(wrong).unwrap_or(u32::MAX), 2))
        };
        let looks = looks.await;
        // Even after a failure: what was set stays set.
        self.restore(a, b, touched).await?;
        looks
    }

    /// Sets the path and returns the server process that has it now.
    async fn set(&self, client: &mut PgConnection, path: &str) -> Result<i32, Error> {
        // One message is one transaction, so both halves meet the same process.
        self.value(client, &format!("SET search_path TO '{path}'; SELECT pg_backend_pid()")).await
    }

    async fn look(&self, client: &mut PgConnection) -> Result<Answer, Error> {
        let row = self.row(client, "SELECT pg_backend_pid(), current_setting('search_path')").await?;
        let answer = || Ok(Answer { process: row.try_get(0)?, path: row.try_get(1)? });
        answer().map_err(|error| self.explain(error))
    }

    async fn is_alive(&self, client: &mut PgConnection, process: i32) -> Result<bool, Error> {
        self.value(client, &format!("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = {process})")).await
    }

    /// The first column of the first row that comes.
    async fn value<T>(&self, client: &mut PgConnection, statement: &str) -> Result<T, Error>
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
    {
        self.row(client, statement).await?.try_get(0).map_err(|error| self.explain(error))
    }

    async fn row(&self, client: &mut PgConnection, statement: &str) -> Result<PgRow, Error> {
        self.within(PATIENCE, ASKING, client.fetch_one(sqlx::raw_sql(statement))).await
    }

    async fn execute(&self, client: &mut PgConnection, statement: &str) -> Result<(), Error> {
        self.within(PATIENCE, ASKING, client.execute(sqlx::raw_sql(statement))).await.map(drop)
    }

    async fn open(&self) -> Result<PgConnection, Error> {
        let connect = PgConnection::connect_with(&self.address.options);
        self.within(self.options.connect_timeout, "connecting", connect).await
    }

    fn explain(&self, error: sqlx::Error) -> Error {
        self.address.explain(error, ASKING, &self.options)
    }

    async fn within<T>(
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
