//! Reading many ledgers in one statement, without a function of our own on the server.
//!
//! `query_to_xml` runs a query per schema from within plain SQL. A statement that touches one locked
//! table waits as a whole, so tables that are locked are left out beforehand and told as such.

use std::collections::HashSet;

use sqlx::postgres::types::Oid;
use sqlx::{Connection, PgConnection, Row};

use crate::{Applied, Ledger, Unreadable};

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

/// One cell per schema: recorded, applied, lacking, then the names of what is missing, one a line.
const LEDGERS: &str = r"
SELECT c.oid AS ledger, CASE WHEN to_regclass(format('%I.django_migrations', n.nspname)) IS NOT NULL THEN
    query_to_xml(format($$
        SELECT concat_ws(E'\n', (SELECT count(DISTINCT (app, name)) FROM %1$I.django_migrations),
                         count(own.app), count(*) FILTER (WHERE own.app IS NULL),
                         array_to_string((array_agg(all_of.app || '.' || all_of.name ORDER BY all_of.id)
                                          FILTER (WHERE own.app IS NULL))[1:%2$s], E'\n')) AS c
        FROM (SELECT app, name, min(id) AS id FROM public.django_migrations GROUP BY app, name) AS all_of
        LEFT JOIN (SELECT DISTINCT app, name FROM %1$I.django_migrations) AS own USING (app, name)
    $$, n.nspname, $2), false, true, '')::text END AS cell
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = ANY ($1)";

/// Compares these ledgers with public's. All of them are [`Unreadable::NoTarget`] when that is locked.
pub(crate) async fn read(
    connection: &mut PgConnection,
    public: Oid,
    ledgers: &[Oid],
) -> sqlx::Result<Vec<(Oid, Ledger)>> {
    let mut found = Vec::with_capacity(ledgers.len());
    for chunk in ledgers.chunks(CHUNK) {
        read_chunk(connection, public, chunk, &mut found).await?;
    }
    Ok(found)
}

async fn read_chunk(
    connection: &mut PgConnection,
    public: Oid,
    chunk: &[Oid],
    found: &mut Vec<(Oid, Ledger)>,
) -> sqlx::Result<()> {
    for _ in 0..ATTEMPTS {
        let mut asked = chunk.to_vec();
        asked.push(public);
        let locked = locked(connection, &asked).await?;
        let unreadable = |oids: &[Oid], why| oids.iter().map(|oid| (*oid, Ledger::Unreadable(why))).collect::<Vec<_>>();
        if locked.contains(&public) {
            found.extend(unreadable(chunk, Unreadable::NoTarget));
            return Ok(());
        }
        let (closed, open): (Vec<Oid>, Vec<Oid>) = chunk.iter().partition(|oid| locked.contains(*oid));
        if let Some(rows) = compare(connection, &open).await? {
            found.extend(unreadable(&closed, Unreadable::Locked));
            found.extend(rows);
            return Ok(());
        }
    }
    found.extend(chunk.iter().map(|oid| (*oid, Ledger::Unreadable(Unreadable::Locked))));
    Ok(())
}

/// Which of these tables somebody keeps readers out of.
pub(crate) async fn locked(connection: &mut PgConnection, ledgers: &[Oid]) -> sqlx::Result<HashSet<Oid>> {
    let rows = sqlx::query(LOCKED).persistent(false).bind(ledgers).fetch_all(connection).await?;
    rows.iter().map(|row| row.try_get("ledger")).collect()
}

/// The ledgers' rows, or `None` when a lock or a drop came in between.
async fn compare(connection: &mut PgConnection, ledgers: &[Oid]) -> sqlx::Result<Option<Vec<(Oid, Ledger)>>> {
    let named = i32::try_from(Applied::NAMED).unwrap_or(i32::MAX);
    let mut savepoint = connection.begin().await?;
    let statement = sqlx::query(LEDGERS).persistent(false).bind(ledgers).bind(named);
    let rows = match statement.fetch_all(&mut *savepoint).await {
        Ok(rows) => rows,
        Err(error) if came_in_between(&error) => {
            savepoint.rollback().await?;
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    savepoint.commit().await?;
    let ledger = |row: &sqlx::postgres::PgRow| {
        let cell: Option<String> = row.try_get("cell")?;
        let ledger = match cell {
            Some(cell) => parse(&cell).map_or(Ledger::Unreadable(Unreadable::OddShape), Ledger::Read),
            None => Ledger::Unreadable(Unreadable::Vanished),
        };
        Ok((row.try_get("ledger")?, ledger))
    };
    rows.iter().map(ledger).collect::<sqlx::Result<_>>().map(Some)
}

/// Lock not available, or a table or schema that is gone.
pub(crate) fn came_in_between(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    matches!(code.as_deref(), Some("55P03" | "42P01" | "3F000"))
}

/// Reads `<row><c>53\n51\n2\norders.0005_x\norders.0006_y</c></row>`.
fn parse(cell: &str) -> Option<Applied> {
    let inside = cell.split_once("<c>")?.1.split_once("</c>")?.0;
    let mut lines = inside.lines();
    let mut number = || lines.next()?.trim().parse().ok();
    let (recorded, applied, lacking) = (number()?, number()?, number()?);
    Some(Applied { recorded, applied, lacking, missing: lines.map(unescape).collect() })
}

/// Undoes what PostgreSQL escapes in XML text.
fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&#x0D;", "\r").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_read_back_as_it_was() {
        let cell = "<row>\n  <c>53\n51\n2\norders.0005_a&amp;lt;b\ncrm.0001_initial</c>\n</row>\n\n";
        let applied = parse(cell).unwrap();
        assert_eq!((applied.recorded, applied.applied, applied.lacking), (53, 51, 2));
        assert_eq!(applied.missing, ["orders.0005_a&lt;b", "crm.0001_initial"]);
    }

    #[test]
    fn a_complete_ledger_names_nothing() {
        assert!(parse("<row>\n  <c>53\n53\n0</c>\n</row>").unwrap().missing.is_empty());
        assert!(parse("<row/>").is_none());
    }
}
