//! All that was read, kept so that a few schemas can be read again.

use std::sync::Arc;

use roaring::RoaringBitmap;
use sqlx::Executor;

use super::{
    Catalog,
    reader::Reader,
    scope::Scope,
    session::{Question, Session},
    sources,
};

/// What the catalogs said.
#[derive(Debug)]
pub(crate) struct Reading {
    server_version: String,
    database: String,
    taken_at: i64,
    reader: Reader,
    /// Bytes of rows that the server sent for it.
    bytes: u64,
}

/// More schemas than this are not read again one by one: reading everything is safer and hardly dearer.
const MOST: u64 = 100;

/// Lookups by index, however the planner sees it: its figures are those of the whole fleet.
const BY_INDEX: &str = "SET LOCAL enable_seqscan = off";

impl Reading {
    /// Reads everything.
    pub(super) async fn of(session: &mut Session) -> sqlx::Result<Self> {
        let mut reader = Reader::default();
        session.expect_everything().await?;
        session.ask(&mut reader, None, vec![vec![Question::Schemas]]).await?;
        session.ask(&mut reader, None, vec![vec![Question::Names(sources::NAMES.to_owned())]]).await?;
        read(session, &mut reader, None).await?;
        let Session { server_version, database, taken_at, bytes, .. } = session;
        let (server_version, database) = (server_version.clone(), database.clone());
        Ok(Self { server_version, database, taken_at: *taken_at, reader, bytes: *bytes })
    }

    /// The same for what is to be kept.
    pub(crate) async fn to_keep(session: &mut Session) -> sqlx::Result<Self> {
        let mut reading = Self::of(session).await?;
        reading.reader.variants.optimize();
        Ok(reading)
    }

    /// Reads some schemas again, given by OID and name, and those that refer to something in them. `None`
    /// where that cannot tell the truth: then everything is to be read, and this reading is of no more use.
    pub(crate) async fn again(&mut self, session: &mut Session, schemas: &[(u32, String)]) -> sqlx::Result<Option<()>> {
        let Some(changed) = self.places(schemas) else { return Ok(None) };
        let Some(connection) = session.first() else { return Ok(None) };
        connection.execute(BY_INDEX).await?;
        let oids = changed.iter().filter_map(|place| self.reader.names.schemas.get(place as usize));
        let scope = Scope::of(connection, oids.map(|schema| schema.oid).collect()).await?;
        self.reader.forget(&changed, &scope.relations);
        let bytes = session.bytes;
        if let Some(names) = scope.names() {
            session.ask(&mut self.reader, None, vec![vec![Question::Names(names)]]).await?;
        }
        read(session, &mut self.reader, Some(&scope)).await?;
        self.reader.variants.close();
        (self.bytes, self.taken_at) = (session.bytes - bytes, session.taken_at);
        Ok((!self.reader.is_outdated(&changed)).then_some(()))
    }

    /// The OIDs and names of schemas, by name; `None` where one is not known.
    pub(crate) fn schemas(&self, names: &[&str]) -> Option<Vec<(u32, String)>> {
        let known = &self.reader.names;
        let schema = |name: &&str| known.schemas.get(known.schema_named(name)? as usize);
        names.iter().map(|name| schema(name).map(|schema| (schema.oid, schema.name.clone()))).collect()
    }

    /// The schemas' places, with those of all that refer to something in them.
    fn places(&self, schemas: &[(u32, String)]) -> Option<RoaringBitmap> {
        let names = &self.reader.names;
        let mut changed = RoaringBitmap::new();
        for (oid, name) in schemas {
            let place = names.schema(*oid)?;
            // Renamed, or the server's own.
            if names.schemas.get(place as usize)?.name != *name {
                return None;
            }
            changed.insert(place);
        }
        loop {
            let more = self.reader.variants.reaching(&changed);
            if changed.len() + more.len() > MOST {
                return None;
            }
            if more.is_empty() {
                return Some(changed);
            }
            changed |= more;
        }
    }

    /// What was read, ready to be compared.
    pub(crate) fn catalog(&self) -> Catalog {
        Catalog {
            server_version: self.server_version.clone(),
            database: self.database.clone(),
            taken_at: self.taken_at,
            schemas: Arc::clone(&self.reader.names.schemas),
            variants: self.reader.variants.completed(),
            settings: self.reader.settings.clone(),
            bytes: self.bytes,
        }
    }

    pub(super) fn into_catalog(self) -> Catalog {
        let Self { server_version, database, taken_at, reader, bytes } = self;
        let Reader { names, mut variants, settings, .. } = reader;
        variants.complete();
        let schemas = names.schemas;
        Catalog { server_version, database, taken_at, schemas, variants, settings, bytes }
    }
}

/// Asks everything but schemas and names. What others refer to comes first: relations and columns.
async fn read(session: &mut Session, reader: &mut Reader, scope: Option<&Scope>) -> sqlx::Result<()> {
    session.ask(reader, scope, vec![vec![Question::Relations], vec![Question::Columns]]).await?;
    let unknown = reader.relations_are_complete();
    if !unknown.is_empty() {
        session.ask(reader, None, vec![vec![Question::Names(sources::missing(&unknown, &[]))]]).await?;
    }
    reader.lay_out();
    // The two largest questions go to different connections, the many small ones are spread.
    let (mut one, mut other) = (Vec::new(), Vec::new());
    if scope.is_none() {
        one.push(Question::Settings);
    }
    for (place, source) in sources::attached().enumerate() {
        if place % 2 == 1 { one.push(Question::Source(source)) } else { other.push(Question::Source(source)) }
    }
    session.ask(reader, scope, vec![one, other]).await?;
    if let Some((types, functions)) = reader.missing() {
        session.ask(reader, None, vec![vec![Question::Names(sources::missing(&types, &functions))]]).await?;
    }
    reader.again();
    Ok(())
}
