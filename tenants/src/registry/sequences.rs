//! Sequences that will hand out numbers their table already has, as after a restore.
//!
//! Unlike everything else this opens the tables: each costs locks and memory of the server, so the work
//! is cut into statements, and the locks are given back after each.

use std::collections::HashSet;

use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::postgres::types::Oid;
use sqlx::{Connection, PgConnection, Row};

use crate::{Error, Finding, Kind, Severity, TenantDatabase, sweep};

/// A pair opens a sequence and a table with its indexes: 300 relations and their indexes a statement.
const CHUNK: usize = 150;

/// A server process remembers every relation it has opened, so a connection is left after this many pairs.
const PER_CONNECTION: usize = 1_500;

/// How often a chunk is tried again when a lock came up between looking and reading.
const ATTEMPTS: u32 = 3;

/// What reading sequences beside their tables found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Sequences {
    /// One per sequence that is behind, rule `sequence_behind`.
    pub behind: Vec<Finding>,
    /// How many were compared with their table.
    pub checked: usize,
    /// Those that were not.
    pub unknown: Vec<UnknownSequence>,
}

/// A sequence that was not compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnknownSequence {
    /// The tenant's schema.
    pub tenant: String,
    /// Its name.
    pub sequence: String,
    /// Why.
    pub why: Unknown,
}

/// Why a sequence was not compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unknown {
    /// A migration or another session holds the table or the sequence for itself.
    Locked,
    /// The role lacks USAGE on the schema or SELECT on the table or the sequence.
    PermissionDenied,
    /// No index leads to the highest number, and reading the whole table would be rude.
    NotIndexed,
    /// It was dropped while it was being read.
    Vanished,
}

/// A sequence that counts up for an integer column.
#[derive(Debug, Clone)]
struct Pair {
    sequence: Oid,
    table: Oid,
    column: i16,
    tenant: String,
    name: String,
}

/// Identity columns (`i`) and serial ones (`a`); ones that count down are left alone.
const PAIRS: &str = r"
SELECT s.oid AS sequence, d.refobjid AS owner, a.attnum AS attnum, n.nspname::text AS tenant, s.relname::text AS name,
       EXISTS (SELECT FROM pg_index i WHERE i.indrelid = d.refobjid AND i.indkey[0] = a.attnum
               AND i.indisvalid AND i.indpred IS NULL
               AND (SELECT amname FROM pg_class x JOIN pg_am ON pg_am.oid = x.relam WHERE x.oid = i.indexrelid) = 'btree') AS indexed
FROM pg_namespace n
JOIN pg_class s ON s.relnamespace = n.oid AND s.relkind = 'S'
JOIN pg_sequence q ON q.seqrelid = s.oid AND q.seqincrement > 0
JOIN pg_depend d ON d.classid = 1259 AND d.objid = s.oid AND d.objsubid = 0 AND d.refclassid = 1259 AND d.deptype IN ('a', 'i')
JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid AND a.atttypid IN (20, 21, 23)
WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema' AND ($1 IS NULL OR n.nspname::text = ANY ($1))
ORDER BY n.nspname, s.relname";

/// `held` and `next` where the next number is not above the highest, else an empty cell; NULL when a right
/// is missing, or when something is gone, which `there` tells apart: the snapshot of the catalogs may still
/// show it. A sequence lies in the schema of its table.
const COMPARE: &str = r"
SELECT p.place, t.relname::text || '.' || a.attname::text AS of,
  CASE has_schema_privilege(n.oid, 'USAGE')
    WHEN true THEN to_regclass(format('%I.%I', n.nspname, s.relname)) IS NOT NULL
               AND to_regclass(format('%I.%I', n.nspname, t.relname)) IS NOT NULL
    WHEN false THEN true ELSE false END AS there,
  CASE WHEN NOT has_schema_privilege(n.oid, 'USAGE') THEN NULL
       WHEN has_table_privilege(s.oid, 'SELECT') AND has_column_privilege(t.oid, a.attnum, 'SELECT') THEN
    query_to_xml(format('SELECT held || '' '' || next AS c FROM (
        SELECT (SELECT max(%1$I) FROM %2$I.%3$I) AS held,
               CASE WHEN is_called THEN last_value::numeric + %5$s ELSE last_value END AS next FROM %2$I.%4$I) AS pair
        WHERE held >= next', a.attname, n.nspname, t.relname, s.relname, q.seqincrement), false, true, '')::text END AS cell
FROM unnest($1::oid[], $2::oid[], $3::int2[]) WITH ORDINALITY AS p (sequence, owner, attnum, place)
LEFT JOIN pg_class s ON s.oid = p.sequence LEFT JOIN pg_sequence q ON q.seqrelid = s.oid
LEFT JOIN pg_class t ON t.oid = p.owner LEFT JOIN pg_namespace n ON n.oid = t.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = p.attnum
ORDER BY p.place";

impl TenantDatabase {
    /// Compares every sequence that feeds an integer column with the highest number in that column, in all
    /// schemas or in these.
    ///
    /// This opens every such table, a millisecond or more for each, in short transactions of their own:
    /// for many tenants it is not the state of one moment. A table that a migration holds is told as
    /// unknown and not waited for.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn sequences_behind(&self, schemas: Option<&[String]>) -> Result<Sequences, Error> {
        let mut found = Sequences::default();
        let listing = async |transaction: &mut sqlx::PgTransaction<'_>| pairs(transaction, schemas).await;
        let (pairs, unindexed): (Vec<_>, Vec<_>) =
            self.ask("listing sequences", listing).await?.into_iter().partition(|(_, indexed)| *indexed);
        found.unknown.extend(unindexed.iter().map(|(pair, _)| pair.unknown(Unknown::NotIndexed)));
        let pairs: Vec<Pair> = pairs.into_iter().map(|(pair, _)| pair).collect();
        for load in pairs.chunks(PER_CONNECTION) {
            let reading = async |transaction: &mut sqlx::PgTransaction<'_>| {
                let mut found = Sequences::default();
                for chunk in load.chunks(CHUNK) {
                    read_chunk(transaction, chunk, &mut found).await?;
                }
                Ok(found)
            };
            let more = self.ask("comparing sequences with their tables", reading).await?;
            found.checked += more.checked;
            found.behind.extend(more.behind);
            found.unknown.extend(more.unknown);
        }
        Ok(found)
    }
}

impl Pair {
    fn unknown(&self, why: Unknown) -> UnknownSequence {
        UnknownSequence { tenant: self.tenant.clone(), sequence: self.name.clone(), why }
    }

    /// `held` is the highest number in the column `of`, `next` what the sequence gives next.
    fn behind(&self, held: &str, next: &str, of: &str) -> Finding {
        let Self { tenant, name, .. } = self;
        Finding {
            tenant: tenant.clone(),
            kind: Kind::Registry,
            rule: "sequence_behind".to_owned(),
            object: format!("sequence {name}"),
            attribute: Some("next value".to_owned()),
            from: Some(format!("above {held}")),
            to: Some(next.to_owned()),
            severity: Severity::Error,
            message: format!(
                "Sequence {name} of {tenant} gives {next} next while {of} already holds {held}: \
                 inserts will fail with a duplicate key."
            ),
        }
    }
}

async fn pairs(connection: &mut PgConnection, schemas: Option<&[String]>) -> sqlx::Result<Vec<(Pair, bool)>> {
    let rows = sqlx::query(PAIRS).persistent(false).bind(schemas).fetch_all(connection).await?;
    let pair = |row: &PgRow| {
        let pair = Pair {
            sequence: row.try_get("sequence")?,
            table: row.try_get("owner")?,
            column: row.try_get("attnum")?,
            tenant: row.try_get("tenant")?,
            name: row.try_get("name")?,
        };
        Ok((pair, row.try_get("indexed")?))
    };
    rows.iter().map(pair).collect()
}

async fn read_chunk(connection: &mut PgConnection, chunk: &[Pair], found: &mut Sequences) -> sqlx::Result<()> {
    for _ in 0..ATTEMPTS {
        let oids: Vec<Oid> = chunk.iter().flat_map(|pair| [pair.sequence, pair.table]).collect();
        let locked: HashSet<Oid> = sweep::locked(connection, &oids).await?;
        let held = |pair: &&Pair| locked.contains(&pair.sequence) || locked.contains(&pair.table);
        let (closed, open): (Vec<&Pair>, Vec<&Pair>) = chunk.iter().partition(held);
        if let Some(rows) = compare(connection, &open).await? {
            found.unknown.extend(closed.iter().map(|pair| pair.unknown(Unknown::Locked)));
            return rows.iter().try_for_each(|row| take(row, &open, found));
        }
    }
    found.unknown.extend(chunk.iter().map(|pair| pair.unknown(Unknown::Locked)));
    Ok(())
}

/// The rows, or `None` when a lock or a drop came in between.
async fn compare(connection: &mut PgConnection, pairs: &[&Pair]) -> sqlx::Result<Option<Vec<PgRow>>> {
    let sequences: Vec<Oid> = pairs.iter().map(|pair| pair.sequence).collect();
    let tables: Vec<Oid> = pairs.iter().map(|pair| pair.table).collect();
    let columns: Vec<i16> = pairs.iter().map(|pair| pair.column).collect();
    let mut savepoint = connection.begin().await?;
    let statement = sqlx::query(COMPARE).persistent(false).bind(sequences).bind(tables).bind(columns);
    let rows = statement.fetch_all(&mut *savepoint).await;
    // Rolling back, unlike committing, gives the tables' locks back.
    savepoint.rollback().await?;
    match rows {
        Ok(rows) => Ok(Some(rows)),
        Err(error) if sweep::came_in_between(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn take(row: &PgRow, pairs: &[&Pair], found: &mut Sequences) -> sqlx::Result<()> {
    let place: i64 = row.try_get("place")?;
    let Some(pair) = usize::try_from(place - 1).ok().and_then(|index| pairs.get(index)) else {
        return Ok(());
    };
    let cell: Option<String> = row.try_get("cell")?;
    match cell {
        Some(cell) => {
            found.checked += 1;
            let of: Option<String> = row.try_get("of")?;
            if let Some((held, next)) = parse(&cell) {
                found.behind.push(pair.behind(held, next, &of.unwrap_or_default()));
            }
        }
        None if row.try_get("there")? => found.unknown.push(pair.unknown(Unknown::PermissionDenied)),
        None => found.unknown.push(pair.unknown(Unknown::Vanished)),
    }
    Ok(())
}

/// Reads `<row><c>40 5</c></row>`.
fn parse(cell: &str) -> Option<(&str, &str)> {
    cell.split_once("<c>")?.1.split_once("</c>")?.0.split_once(' ')
}
