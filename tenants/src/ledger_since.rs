//! What every ledger got between two times: a few rows a tenant, however long the ledgers are.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;
use sqlx::PgConnection;
use sqlx::postgres::types::Oid;

use crate::ledger_rows::{self, Listed};
use crate::sweep::{self, Cell};
use crate::{Error, TenantDatabase, Unreadable};

/// Rows of `django_migrations` that were written between two times.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RecordedSince {
    /// Sorted by schema, and in a schema in the order of their ids.
    pub rows: Vec<RecordedRow>,
    /// Schemas whose ledger could not be read, sorted by name.
    pub unreadable: Vec<(String, Unreadable)>,
}

/// One migration of one schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordedRow {
    /// The schema.
    pub schema: String,
    /// `app.name`.
    pub migration: String,
    /// When it had ended, by the clock of whoever migrated.
    pub applied: Timestamp,
}

impl TenantDatabase {
    /// Reads which migrations each schema, `public` too, recorded from one time to another, both included.
    ///
    /// A ledger that is locked or closed to us is told in [`RecordedSince::unreadable`] and spoils nothing else. At
    /// most 1,000 tenants are read by one statement.
    ///
    /// # Errors
    /// When the database cannot be asked at all.
    pub async fn recorded(&self, from: Timestamp, until: Timestamp) -> Result<RecordedSince, Error> {
        self.ask("reading what the ledgers got", async |transaction| read(transaction, from, until).await).await
    }
}

/// One cell per ledger: microseconds and label of each row, one a line.
const ROWS: &str = r"
SELECT c.oid AS ledger, CASE WHEN to_regclass(format('%I.django_migrations', n.nspname)) IS NOT NULL THEN
    query_to_xml(format($$
        SELECT coalesce(string_agg((extract(epoch FROM applied) * 1000000)::bigint || ' ' || app || '.' || name,
                                   E'\n' ORDER BY id), '') AS c
        FROM %I.django_migrations
        WHERE applied BETWEEN to_timestamp(%L::float8) AND to_timestamp(%L::float8)
    $$, n.nspname, ($2::text[])[1], ($2::text[])[2]), false, true, '')::text END AS cell
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = ANY ($1)";

async fn read(connection: &mut PgConnection, from: Timestamp, until: Timestamp) -> sqlx::Result<RecordedSince> {
    // Django without time zones writes times as it sees them, which is UTC unless the project says otherwise.
    sqlx::query("SET LOCAL timezone = 'UTC'").persistent(false).execute(&mut *connection).await?;
    let mut found = RecordedSince::default();
    let mut open: HashMap<Oid, String> = HashMap::new();
    for (schema, listed) in ledger_rows::list(connection).await? {
        match listed {
            Listed::None => {}
            Listed::Closed(why) => found.unreadable.push((schema, why)),
            Listed::Open(oid) => drop(open.insert(oid, schema)),
        }
    }
    let oids: Vec<Oid> = open.keys().copied().collect();
    let window = [seconds(from), seconds(until)];
    for (oid, cell) in sweep::cells(connection, ROWS, &window, None, &oids).await? {
        let Some(schema) = open.remove(&oid) else { continue };
        match rows(&schema, cell) {
            Ok(rows) => found.rows.extend(rows),
            Err(why) => found.unreadable.push((schema, why)),
        }
    }
    // Dropped between the list and the sweep.
    found.unreadable.extend(open.into_values().map(|schema| (schema, Unreadable::Vanished)));
    // Stable, so that a schema's rows stay in the order they were applied in.
    found.rows.sort_by(|one, other| one.schema.cmp(&other.schema));
    found.unreadable.sort();
    Ok(found)
}

fn seconds(time: Timestamp) -> String {
    let micros = time.as_microsecond();
    format!("{}.{:06}", micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000))
}

fn rows(schema: &str, cell: Cell) -> Result<Vec<RecordedRow>, Unreadable> {
    let text = match cell {
        Cell::Text(text) => text,
        Cell::Unreadable(why) => return Err(why),
    };
    let row = |line: &str| {
        let (micros, migration) = row(line)?;
        let applied = Timestamp::from_microsecond(micros).ok()?;
        Some(RecordedRow { schema: schema.to_owned(), migration: migration.to_owned(), applied })
    };
    text.lines().map(|line| row(line).ok_or(Unreadable::OddShape)).collect()
}

/// Reads `1700000000000001 orders.0005_a`.
pub(crate) fn row(line: &str) -> Option<(i64, &str)> {
    let (micros, migration) = line.split_once(' ')?;
    Some((micros.parse().ok()?, migration))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_back_to_the_microsecond() {
        let cell = Cell::Text("1700000000000001 orders.0005_a b\n1700000000250000 orders.0006".to_owned());
        let rows = rows("acme", cell).unwrap();
        assert_eq!(rows[0].migration, "orders.0005_a b");
        assert_eq!(rows[1].applied.duration_since(rows[0].applied).as_micros(), 249_999);
        assert_eq!(seconds(rows[0].applied), "1700000000.000001");
        assert_eq!(seconds(Timestamp::from_microsecond(-1).unwrap()), "-1.999999");
        assert_eq!(super::rows("acme", Cell::Text("x y".to_owned())), Err(Unreadable::OddShape));
        assert_eq!(super::rows("acme", Cell::Text(String::new())), Ok(vec![]));
    }
}
