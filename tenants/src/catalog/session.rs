//! One snapshot, seen over one or two connections.

use sqlx::{Executor, PgConnection, Row, TransactionManager, postgres::PgTransactionManager};

use super::{
    quick::Plan,
    reader::{self, Reader},
    scope::Scope,
    source::Source,
    sources,
    stream::{self, ask},
};
use crate::{Gauge, TenantDatabase};

/// Connections that look at the same moment.
pub(crate) struct Session {
    connections: Vec<PgConnection>,
    /// The server's version, such as `15.18`.
    pub(super) server_version: String,
    major: u32,
    /// The database's name.
    pub(super) database: String,
    /// When the snapshot was taken, in microseconds since 1970 by the server's clock.
    pub(super) taken_at: i64,
    gauge: Gauge,
    /// Bytes of rows that the server sent.
    pub(super) bytes: u64,
}

impl Session {
    /// Connects and takes a snapshot.
    pub(super) async fn begin(database: &TenantDatabase) -> sqlx::Result<Self> {
        Self::on(database.connect_once().await?, database).await
    }

    /// Takes a snapshot on a connection that is at rest.
    pub(crate) async fn on(mut connection: PgConnection, database: &TenantDatabase) -> sqlx::Result<Self> {
        begin(&mut connection, database, None).await?;
        let version = connection
            .fetch_one(
                "SELECT current_setting('server_version'), current_setting('server_version_num'), \
                 current_database()::text, (extract(epoch FROM now()) * 1000000)::bigint",
            )
            .await?;
        let (server_version, number): (String, String) = (version.try_get(0)?, version.try_get(1)?);
        let major = number.parse::<u32>().unwrap_or_default() / 10_000;
        let (database_name, taken_at) = (version.try_get(2)?, version.try_get(3)?);
        let gauge = database.gauge().clone();
        let connections = vec![connection];
        Ok(Self { connections, server_version, major, database: database_name, taken_at, gauge, bytes: 0 })
    }

    /// Lets the gauge know how many rows will come. Of relations and columns those that the server keeps for
    /// itself are not sent.
    pub(super) async fn expect_everything(&mut self) -> sqlx::Result<()> {
        const ROWS: &str = "SELECT sum(greatest(reltuples, 0) * CASE oid WHEN 1249 THEN 0.2 WHEN 1259 THEN 0.7 ELSE 1 END)::bigint \
             FROM pg_class WHERE oid IN (1247, 1249, 1255, 1259, 2604, 2606, 2610, 2618)";
        if let Some(connection) = self.connections.first_mut() {
            let rows = connection.fetch_one(ROWS).await?;
            self.gauge.begin(rows.try_get(0)?);
        }
        Ok(())
    }

    /// Adds a second connection on the same snapshot. A pooler may give us another server, a server may have
    /// no connection left: then one has to do.
    pub(crate) async fn join(&mut self, database: &TenantDatabase) {
        if let Some(second) = self.second(database).await {
            self.connections.push(second);
        }
    }

    async fn second(&mut self, database: &TenantDatabase) -> Option<PgConnection> {
        let exported = self.first()?.fetch_one("SELECT pg_export_snapshot()").await.ok()?;
        let snapshot: String = exported.try_get(0).ok()?;
        let mut second = database.connect_once().await.ok()?;
        begin(&mut second, database, Some(&snapshot)).await.ok()?;
        Some(second)
    }

    /// The first connection; `None` once it was lost.
    pub(crate) fn first(&mut self) -> Option<&mut PgConnection> {
        self.connections.first_mut()
    }

    /// Ends the snapshot and keeps its first connection.
    pub(crate) async fn rest(mut self) -> sqlx::Result<PgConnection> {
        let mut connections = self.connections.drain(..);
        let mut connection = connections.next().ok_or(sqlx::Error::WorkerCrashed)?;
        PgTransactionManager::rollback(&mut connection).await?;
        stream::close(connections.collect()).await;
        Ok(connection)
    }

    pub(super) async fn close(self) {
        stream::close(self.connections).await;
    }

    /// Asks each connection its list of questions, all at once; with a scope, only about the schemas in it.
    pub(super) async fn ask(
        &mut self,
        reader: &mut Reader,
        scope: Option<&Scope>,
        lists: Vec<Vec<Question>>,
    ) -> sqlx::Result<()> {
        let mut questions = Vec::new();
        let mut asked: Vec<Vec<(usize, String)>> = self.connections.iter().map(|_| Vec::new()).collect();
        for (place, list) in lists.into_iter().enumerate() {
            let place = place % self.connections.len().max(1);
            for question in list {
                let statement = question.statement(self.major);
                let statement = match scope {
                    Some(scope) if question.is_of_schemas() => scope.restrict(&statement),
                    _ => Some(statement),
                };
                if let (Some(list), Some(statement)) = (asked.get_mut(place), statement) {
                    list.push((questions.len(), statement));
                }
                let plans = question.plans();
                questions.push((question, plans));
            }
        }
        let gauge = self.gauge.clone();
        let take = |place: usize, row: &str| {
            if let Some((question, plans)) = questions.get(place) {
                gauge.add(1);
                question.take(reader, row, plans);
            }
        };
        let (back, bytes) = ask(std::mem::take(&mut self.connections), asked, take).await?;
        self.connections = back;
        self.bytes += bytes;
        Ok(())
    }
}

async fn begin(connection: &mut PgConnection, database: &TenantDatabase, snapshot: Option<&str>) -> sqlx::Result<()> {
    // The server made the snapshot's name: digits, letters and dashes.
    let import = snapshot.map(|name| format!("SET TRANSACTION SNAPSHOT '{name}';")).unwrap_or_default();
    let settings = database.settings();
    let begin = format!(
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {import} {settings}; \
         SET LOCAL max_parallel_workers_per_gather = 0"
    );
    // As sqlx's own: what begins within it is a savepoint then, whose end is not that of the snapshot.
    PgTransactionManager::begin(connection, Some(begin.into())).await
}

/// Something to ask the catalogs.
pub(super) enum Question {
    Schemas,
    /// A statement in the form of [`sources::NAMES`].
    Names(String),
    Relations,
    Columns,
    Settings,
    Source(&'static Source),
}

impl Question {
    fn statement(&self, version: u32) -> String {
        match self {
            Self::Schemas => sources::SCHEMAS.to_owned(),
            Self::Names(statement) => statement.clone(),
            Self::Relations => sources::RELATIONS.statement(version),
            Self::Columns => sources::COLUMNS.statement(version),
            Self::Settings => sources::SETTINGS.to_owned(),
            Self::Source(source) => source.statement(version),
        }
    }

    /// Whether the answer can be that of a few schemas.
    fn is_of_schemas(&self) -> bool {
        matches!(self, Self::Relations | Self::Columns | Self::Source(_))
    }

    /// How the rows of the answer are read.
    fn plans(&self) -> Vec<Plan> {
        match self {
            Self::Relations => reader::RELATION_PLANS.map(Plan::of).into(),
            Self::Source(source) => vec![Plan::of(source)],
            _ => Vec::new(),
        }
    }

    fn take(&self, reader: &mut Reader, row: &str, plans: &[Plan]) {
        match self {
            Self::Schemas => reader.schema(row),
            Self::Names(_) => reader.name(row),
            Self::Relations => reader.relation(row, plans),
            Self::Columns => reader.columns.take(row),
            Self::Settings => reader.setting(row),
            Self::Source(_) => plans.iter().for_each(|plan| reader.take(plan, row)),
        }
    }
}
