//! What the system catalogs say of every schema, in one snapshot.
//!
//! Raw catalog rows are streamed and put into words here. The server's own functions for that
//! (`pg_get_*`, `information_schema`) wait behind migrations, fill the lock table and the backend's
//! memory, and do not keep to the snapshot; they are asked only to show what differs ([`deparse`]).

mod acl;
mod code;
mod columns;
mod deparse;
mod field;
mod line;
mod names;
mod pen;
mod quick;
mod reader;
mod source;
mod sources;
mod spelling;
mod stream;
mod tree;
mod types;
mod variants;
pub(crate) mod words;

use sqlx::{Executor, PgConnection, Row};

pub(crate) use deparse::{Show, is_hidden};
pub(crate) use names::Schema;
pub(crate) use pen::{NONE, OWN, Reach};
pub(crate) use reader::ORDER;
pub(crate) use variants::{Aspect, Object, Values, Variant, Variants};

use crate::{Error, Gauge, Ledgers, TenantDatabase, ledger_rows};
use reader::Reader;
use source::Source;
use stream::ask;

/// All schemas and all that they hold.
#[derive(Debug)]
pub(crate) struct Catalog {
    /// The server's version, such as `15.18`.
    pub(crate) server_version: String,
    /// The database's name.
    pub(crate) database: String,
    /// When the snapshot was taken, in microseconds since 1970 by the server's clock.
    pub(crate) taken_at: i64,
    /// Sorted by OID; a schema's place is its number in [`Variant::members`].
    pub(crate) schemas: Vec<Schema>,
    pub(crate) variants: Variants,
    /// Roles, or the database, whose settings name a schema.
    pub(crate) settings: Vec<(String, Reach)>,
    /// Bytes of rows that the server sent.
    pub(crate) bytes: u64,
}

const ACTION: &str = "reading the catalogs";

impl TenantDatabase {
    /// Reads the catalogs over two connections that share a snapshot, or over one where that is refused.
    /// `with_ledgers` reads every schema's `django_migrations` as of the same moment.
    pub(crate) async fn catalog(&self, with_ledgers: bool) -> Result<(Catalog, Option<Ledgers>), Error> {
        let work = async {
            let mut first = self.connect_once().await?;
            self.begin(&mut first, None).await?;
            let version = first
                .fetch_one(
                    "SELECT current_setting('server_version'), current_setting('server_version_num'), \
                     current_database()::text, (extract(epoch FROM now()) * 1000000)::bigint, \
                     (SELECT sum(greatest(reltuples, 0) * CASE oid WHEN 1249 THEN 0.2 WHEN 1259 THEN 0.7 ELSE 1 END)::bigint \
                     FROM pg_class WHERE oid IN (1247, 1249, 1255, 1259, 2604, 2606, 2610, 2618))",
                )
                .await?;
            // Of relations and columns those that the server keeps for itself are not sent.
            self.gauge().begin(version.try_get(4)?);
            let (server_version, number): (String, String) = (version.try_get(0)?, version.try_get(1)?);
            let (database, taken_at) = (version.try_get(2)?, version.try_get(3)?);
            let major = number.parse::<u32>().unwrap_or_default() / 10_000;
            let mut connections = vec![first];
            if let Some(second) = self.second(connections.first_mut()).await {
                connections.push(second);
            }
            let (reader, mut connections, bytes) = read(connections, major, self.gauge()).await?;
            let ledgers = match connections.first_mut().filter(|_| with_ledgers) {
                Some(connection) => Some(ledger_rows::read(connection).await?),
                None => None,
            };
            stream::close(connections).await;
            let Reader { names, variants, settings, .. } = reader;
            let schemas = names.schemas;
            Ok((Catalog { server_version, database, taken_at, schemas, variants, settings, bytes }, ledgers))
        };
        let read = self.within(self.longest(), ACTION, work).await;
        self.gauge().end();
        read
    }

    async fn begin(&self, connection: &mut PgConnection, snapshot: Option<&str>) -> sqlx::Result<()> {
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        if let Some(snapshot) = snapshot {
            // The server made it: digits, letters and dashes.
            connection.execute(&*format!("SET TRANSACTION SNAPSHOT '{snapshot}'")).await?;
        }
        connection.execute(&*self.settings()).await?;
        connection.execute("SET LOCAL max_parallel_workers_per_gather = 0").await?;
        Ok(())
    }

    /// A second connection on the snapshot of the first. A pooler may give us another server, a server may
    /// have no connection left: then one has to do.
    async fn second(&self, first: Option<&mut PgConnection>) -> Option<PgConnection> {
        let exported = first?.fetch_one("SELECT pg_export_snapshot()").await.ok()?;
        let snapshot: String = exported.try_get(0).ok()?;
        let mut second = self.connect_once().await.ok()?;
        self.begin(&mut second, Some(&snapshot)).await.ok()?;
        Some(second)
    }
}

/// Asks everything. What others refer to comes first: schemas and names, then relations and columns.
async fn read(
    mut connections: Vec<PgConnection>,
    version: u32,
    gauge: &Gauge,
) -> sqlx::Result<(Reader, Vec<PgConnection>, u64)> {
    let mut reader = Reader::default();
    let mut bytes = 0;
    let mut spread = async |reader: &mut Reader, lists: Vec<Vec<Question>>| -> sqlx::Result<()> {
        let mut questions = Vec::new();
        let mut asked: Vec<Vec<(usize, String)>> = connections.iter().map(|_| Vec::new()).collect();
        for (place, list) in lists.into_iter().enumerate() {
            let place = place % connections.len().max(1);
            for question in list {
                if let Some(list) = asked.get_mut(place) {
                    list.push((questions.len(), question.statement(version)));
                }
                questions.push(question);
            }
        }
        let (back, more) = ask(std::mem::take(&mut connections), asked, |block| {
            if let Some(question) = questions.get(block.question) {
                gauge.add(memchr::memchr_iter(b'\n', block.rows.as_bytes()).count());
                question.take(reader, &block.rows);
            }
        })
        .await?;
        connections = back;
        bytes += more;
        Ok(())
    };
    spread(&mut reader, vec![vec![Question::Schemas]]).await?;
    spread(&mut reader, vec![vec![Question::Names(sources::NAMES.to_owned())]]).await?;
    spread(&mut reader, vec![vec![Question::Relations], vec![Question::Columns]]).await?;
    let unknown = reader.relations_are_complete();
    if !unknown.is_empty() {
        spread(&mut reader, vec![vec![Question::Names(sources::missing(&unknown, &[]))]]).await?;
    }
    reader.lay_out();
    // The two largest questions go to different connections, the many small ones are spread.
    let (mut one, mut other) = (vec![Question::Settings], Vec::new());
    for (place, source) in sources::attached().enumerate() {
        if place % 2 == 1 { one.push(Question::Source(source)) } else { other.push(Question::Source(source)) }
    }
    spread(&mut reader, vec![one, other]).await?;
    if let Some((types, functions)) = reader.missing() {
        spread(&mut reader, vec![vec![Question::Names(sources::missing(&types, &functions))]]).await?;
    }
    reader.again();
    reader.variants.complete();
    Ok((reader, connections, bytes))
}

enum Question {
    Schemas,
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

    fn take(&self, reader: &mut Reader, rows: &str) {
        match self {
            Self::Schemas => line::rows(rows).for_each(|row| reader.schema(row)),
            Self::Names(_) => line::rows(rows).for_each(|row| reader.name(row)),
            Self::Relations => line::rows(rows).for_each(|row| reader.relation(row)),
            Self::Columns => line::rows(rows).for_each(|row| reader.columns.take(row)),
            Self::Settings => line::rows(rows).for_each(|row| reader.setting(row)),
            Self::Source(source) => reader.take(source, rows),
        }
    }
}
