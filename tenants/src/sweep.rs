//! One question to many tenants' tables in one statement, without a function of our own on the server.
//!
//! `query_to_xml` runs a query per schema from within plain SQL. A statement that touches one locked
//! table waits as a whole, so tables that are locked are left out beforehand and told as such.

use std::collections::HashSet;

use sqlx::postgres::types::Oid;
use sqlx::{Connection, PgConnection, Row};

use crate::Unreadable;

/// More in one statement would exhaust the server's lock table at its default size.
const CHUNK: usize = 1_000;

/// How often a chunk is tried again when a lock came up between looking and reading.
const ATTEMPTS: u32 = 3;

/// Who holds or waits for one of these tables, or an index of it, against all readers.
const LOCKED: &str = "
SELECT DISTINCT coalesce(i.indrelid, l.relation) AS ledger
FROM pg_locks l LEFT JOIN pg_index i ON i.indexrelid = l.relation
WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND coalesce(i.indrelid, l.relation) = ANY ($1)";

/// What one table answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    /// The text of its `c`.
    Text(String),
    /// It could not be asked.
    Unreadable(Unreadable),
}

/// Asks every table. The statement gets the tables' OIDs as `$1` and `texts` as `$2`, and answers rows
/// of `ledger` (the OID) and `cell` (the XML of one row with one column `c`, or NULL for a table that
/// is gone).
///
/// `shared` is a table that the statement reads for every answer; while it is locked, all are
/// [`Unreadable::NoTarget`].
pub(crate) async fn cells(
    connection: &mut PgConnection,
    statement: &str,
    texts: &[String],
    shared: Option<Oid>,
    tables: &[Oid],
) -> sqlx::Result<Vec<(Oid, Cell)>> {
    let mut found = Vec::with_capacity(tables.len());
    for chunk in tables.chunks(CHUNK) {
        found.extend(ask_chunk(connection, statement, texts, shared, chunk).await?);
    }
    Ok(found)
}

async fn ask_chunk(
    connection: &mut PgConnection,
    statement: &str,
    texts: &[String],
    shared: Option<Oid>,
    chunk: &[Oid],
) -> sqlx::Result<Vec<(Oid, Cell)>> {
    let unreadable = |oids: &[Oid], why| oids.iter().map(|oid| (*oid, Cell::Unreadable(why))).collect::<Vec<_>>();
    for _ in 0..ATTEMPTS {
        let asked: Vec<Oid> = chunk.iter().copied().chain(shared).collect();
        let locked = locked(connection, &asked).await?;
        if shared.is_some_and(|shared| locked.contains(&shared)) {
            return Ok(unreadable(chunk, Unreadable::NoTarget));
        }
        let (closed, open): (Vec<Oid>, Vec<Oid>) = chunk.iter().partition(|oid| locked.contains(*oid));
        if let Some(mut rows) = answers(connection, statement, texts, &open).await? {
            rows.extend(unreadable(&closed, Unreadable::Locked));
            return Ok(rows);
        }
    }
    Ok(unreadable(chunk, Unreadable::Locked))
}

pub(crate) async fn locked(connection: &mut PgConnection, tables: &[Oid]) -> sqlx::Result<HashSet<Oid>> {
    let rows = sqlx::query(LOCKED).persistent(false).bind(tables).fetch_all(connection).await?;
    rows.iter().map(|row| row.try_get("ledger")).collect()
}

/// The tables' answers, or `None` when a lock or a drop came in between.
async fn answers(
    connection: &mut PgConnection,
    statement: &str,
    texts: &[String],
    tables: &[Oid],
) -> sqlx::Result<Option<Vec<(Oid, Cell)>>> {
    let mut savepoint = connection.begin().await?;
    let statement = sqlx::query(statement).persistent(false).bind(tables).bind(texts);
    let rows = match statement.fetch_all(&mut *savepoint).await {
        Ok(rows) => rows,
        Err(error) if came_in_between(&error) => {
            savepoint.rollback().await?;
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    savepoint.commit().await?;
    let answer = |row: &sqlx::postgres::PgRow| {
        let cell: Option<String> = row.try_get("cell")?;
        let cell = match cell.as_deref().map(inside) {
            Some(Some(text)) => Cell::Text(text),
            Some(None) => Cell::Unreadable(Unreadable::OddShape),
            None => Cell::Unreadable(Unreadable::Vanished),
        };
        Ok((row.try_get("ledger")?, cell))
    };
    rows.iter().map(answer).collect::<sqlx::Result<_>>().map(Some)
}

/// Lock not available, or a table or schema that is gone.
pub(crate) fn came_in_between(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    matches!(code.as_deref(), Some("55P03" | "42P01" | "3F000"))
}

/// The text in `<row><c>…</c></row>`.
fn inside(cell: &str) -> Option<String> {
    let text = cell.split_once("<c>")?.1.split_once("</c>")?.0;
    // Undoes what PostgreSQL escapes in XML text.
    Some(text.replace("&lt;", "<").replace("&gt;", ">").replace("&#x0D;", "\r").replace("&amp;", "&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_taken_out_of_its_xml() {
        let cell = "<row>\n  <c>53\norders.0005_a&amp;lt;b&lt;c</c>\n</row>\n\n";
        assert_eq!(inside(cell).unwrap(), "53\norders.0005_a&lt;b<c");
        assert_eq!(inside("<row/>"), None);
    }
}
