//! What every tenant has recorded, told as few distinct ledgers: a fleet of thousands has a handful.
//!
//! The first pass brings one hash per schema; the second brings the rows of one schema per hash.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use sqlx::postgres::types::Oid;
use sqlx::{PgConnection, Row};

use crate::sweep::{self, Cell};
use crate::{Error, TenantDatabase, Unreadable};

/// The `django_migrations` of every schema, as of one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Ledgers {
    /// Distinct ledgers, the most frequent first.
    pub kinds: Vec<LedgerKind>,
    /// What was read of each schema, sorted by name.
    pub states: Vec<LedgerState>,
    /// Schemas that have no such table, sorted by name.
    pub none: Vec<String>,
    /// Schemas that have one which could not be read, sorted by name.
    pub unreadable: Vec<(String, Unreadable)>,
}

/// Schemas that recorded the same migrations in the same order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LedgerKind {
    /// `app.name` of each row, in the order of their ids, which is the order they were applied in.
    pub rows: Vec<String>,
    /// The schemas, sorted by name.
    pub schemas: Vec<String>,
}

/// One schema's ledger in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LedgerState {
    /// The schema.
    pub schema: String,
    /// Its rows, one recorded twice counted twice.
    pub rows: u32,
    /// MD5 of all `app.name`, sorted: equal for the same migrations in whatever order.
    pub set: String,
    /// MD5 of all `app.name` in applied order.
    pub order: String,
    /// When the latest row was written; `None` for an empty ledger.
    pub latest: Option<SystemTime>,
}

impl TenantDatabase {
    /// Reads what every schema has recorded, `public` too, as of one moment.
    ///
    /// A ledger that is locked or closed to us is told in [`Ledgers::unreadable`] and spoils nothing else.
    /// Memory grows with the number of schemas and of distinct ledgers, not with their rows.
    ///
    /// # Errors
    /// When the database cannot be asked at all.
    pub async fn ledgers(&self) -> Result<Ledgers, Error> {
        self.ask("reading the ledgers", async |transaction| read(transaction).await).await
    }
}

/// Whether a schema has a ledger, and how it can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listed {
    None,
    Closed(Unreadable),
    Open(Oid),
}

/// Every schema but PostgreSQL's own. The join is driven by names: only ledgers are looked up.
const SCHEMAS: &str = r"
SELECT n.nspname::text, c.oid,
       coalesce(has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'), false) AS open,
       (SELECT count(*) = 4 FROM pg_attribute
        WHERE attrelid = c.oid AND NOT attisdropped
          AND (attname IN ('app', 'name') AND atttypid IN ('text'::regtype, 'varchar'::regtype)
               OR attname = 'id' AND atttypid IN ('int'::regtype, 'bigint'::regtype)
               OR attname = 'applied' AND atttypid IN ('timestamptz'::regtype, 'timestamp'::regtype))) AS shaped
FROM pg_namespace n
LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = 'django_migrations' AND c.relkind IN ('r', 'p')
WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
ORDER BY n.nspname";

/// Lists all schemas, sorted by name, from the raw catalogs.
pub(crate) async fn list(connection: &mut PgConnection) -> sqlx::Result<Vec<(String, Listed)>> {
    let rows = sqlx::query(SCHEMAS).persistent(false).fetch_all(connection).await?;
    let listed = |row: &sqlx::postgres::PgRow| {
        let ledger: Option<Oid> = row.try_get(1)?;
        let listed = match ledger {
            None => Listed::None,
            Some(_) if !row.try_get(2)? => Listed::Closed(Unreadable::PermissionDenied),
            Some(_) if !row.try_get(3)? => Listed::Closed(Unreadable::OddShape),
            Some(oid) => Listed::Open(oid),
        };
        Ok((row.try_get(0)?, listed))
    };
    rows.iter().map(listed).collect()
}

/// One cell per ledger: rows, hash of the set, hash of the order, microseconds of the latest row.
const STATES: &str = r#"
SELECT c.oid AS ledger, CASE WHEN to_regclass(format('%I.django_migrations', n.nspname)) IS NOT NULL THEN
    query_to_xml(format($$
        SELECT concat_ws(E'\n', count(*),
                         md5(coalesce(string_agg(app || '.' || name, E'\n' ORDER BY app COLLATE "C", name COLLATE "C"), '')),
                         md5(coalesce(string_agg(app || '.' || name, E'\n' ORDER BY id), '')),
                         (extract(epoch FROM max(applied)) * 1000000)::bigint) AS c
        FROM %I.django_migrations
    $$, n.nspname), false, true, '')::text END AS cell
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = ANY ($1) AND $2::text[] IS NOT NULL"#;

/// One cell per ledger: its rows, one a line.
const ROWS: &str = r"
SELECT c.oid AS ledger, CASE WHEN to_regclass(format('%I.django_migrations', n.nspname)) IS NOT NULL THEN
    query_to_xml(format($$
        SELECT coalesce(string_agg(app || '.' || name, E'\n' ORDER BY id), '') AS c FROM %I.django_migrations
    $$, n.nspname), false, true, '')::text END AS cell
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = ANY ($1) AND $2::text[] IS NOT NULL";

/// How many schemas of a kind are asked for its rows, should locks come up.
const REPRESENTATIVES: usize = 3;

pub(crate) async fn read(connection: &mut PgConnection) -> sqlx::Result<Ledgers> {
    let mut ledgers = Ledgers::default();
    let mut open = HashMap::new();
    for (schema, listed) in list(connection).await? {
        match listed {
            Listed::None => ledgers.none.push(schema),
            Listed::Closed(why) => ledgers.unreadable.push((schema, why)),
            Listed::Open(oid) => drop(open.insert(oid, schema)),
        }
    }
    let oids: Vec<Oid> = open.keys().copied().collect();
    let mut kinds: BTreeMap<String, Vec<(String, Oid)>> = BTreeMap::new();
    for (oid, cell) in sweep::cells(connection, STATES, &[], None, &oids).await? {
        let Some(schema) = open.remove(&oid) else { continue };
        match state(&schema, cell) {
            Ok(state) => {
                kinds.entry(state.order.clone()).or_default().push((schema, oid));
                ledgers.states.push(state);
            }
            Err(why) => ledgers.unreadable.push((schema, why)),
        }
    }
    // Dropped between the list and the sweep.
    ledgers.unreadable.extend(open.into_values().map(|schema| (schema, Unreadable::Vanished)));
    for schemas in kinds.into_values() {
        let rows = rows(connection, &schemas).await?;
        let mut schemas: Vec<String> = schemas.into_iter().map(|(schema, _)| schema).collect();
        schemas.sort();
        match rows {
            Ok(rows) => ledgers.kinds.push(LedgerKind { rows, schemas }),
            Err(why) => {
                ledgers.states.retain(|state| schemas.binary_search(&state.schema).is_err());
                ledgers.unreadable.extend(schemas.into_iter().map(|schema| (schema, why)));
            }
        }
    }
    ledgers
        .kinds
        .sort_by(|one, other| other.schemas.len().cmp(&one.schemas.len()).then(one.schemas.cmp(&other.schemas)));
    ledgers.states.sort_by(|one, other| one.schema.cmp(&other.schema));
    ledgers.unreadable.sort();
    Ok(ledgers)
}

/// The rows of the first of these equal ledgers that is not locked.
async fn rows(connection: &mut PgConnection, equal: &[(String, Oid)]) -> sqlx::Result<Result<Vec<String>, Unreadable>> {
    let mut refused = Unreadable::Vanished;
    for (_, oid) in equal.iter().take(REPRESENTATIVES) {
        match sweep::cells(connection, ROWS, &[], None, &[*oid]).await?.pop() {
            Some((_, Cell::Text(text))) => return Ok(Ok(text.lines().map(str::to_owned).collect())),
            Some((_, Cell::Unreadable(why))) => refused = why,
            None => {}
        }
    }
    Ok(Err(refused))
}

fn state(schema: &str, cell: Cell) -> Result<LedgerState, Unreadable> {
    match cell {
        Cell::Text(text) => parse(schema, &text).ok_or(Unreadable::OddShape),
        Cell::Unreadable(why) => Err(why),
    }
}

/// Reads `53\n<md5>\n<md5>\n1700000000000000`, the last only where there are rows.
fn parse(schema: &str, text: &str) -> Option<LedgerState> {
    let mut lines = text.lines();
    let rows = lines.next()?.parse().ok()?;
    let (set, order) = (lines.next()?.to_owned(), lines.next()?.to_owned());
    let micros: Option<u64> = lines.next().and_then(|line| line.parse().ok());
    let latest = micros.map(|micros| UNIX_EPOCH + Duration::from_micros(micros));
    Some(LedgerState { schema: schema.to_owned(), rows, set, order, latest })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_read_back_with_and_without_rows() {
        let read = parse("acme", "2\naa\nbb\n1700000000000000").unwrap();
        assert_eq!((read.rows, &*read.set, &*read.order), (2, "aa", "bb"));
        assert_eq!(read.latest, Some(UNIX_EPOCH + Duration::from_secs(1_700_000_000)));
        assert_eq!(parse("acme", "0\naa\nbb").unwrap().latest, None);
        assert!(parse("acme", "no number").is_none());
    }
}
