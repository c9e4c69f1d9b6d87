//! Which schemas changed, by the transaction numbers on catalog rows.
//!
//! Every row version carries the number of the transaction that wrote it. Rows written since a remembered
//! moment lead to their schemas; rows removed do not, so a removal that was counted means a full pass.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, Row, postgres::types::Oid};

use super::catalogs::{CATALOGS, Catalog, Leads};
use super::{Change, Doubt, Pulse};
use crate::{Error, TenantDatabase};

/// A moment to ask about later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watermark {
    pulse: Pulse,
    /// Every transaction that was not over at that moment has this number or a higher one.
    oldest: i64,
    /// Every transaction that had not begun at that moment has this number or a higher one.
    #[serde(default)]
    next: Option<i64>,
    /// What extensions own: membership is written in `pg_depend` alone.
    members: String,
}

/// What changed since a watermark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Changed {
    /// In these schemas something was written, sorted by name; in no other. May name one that looks as before.
    Schemas(Vec<String>),
    /// Only a full pass tells.
    Unsure(Doubt),
}

impl Watermark {
    /// The pulse that was taken with it.
    #[must_use]
    pub fn pulse(&self) -> &Pulse {
        &self.pulse
    }
}

impl TenantDatabase {
    /// Remembers this moment. To be taken *before* the pass, or the [`TenantDatabase::changed_since`], after
    /// which it will serve.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn watermark(&self) -> Result<Watermark, Error> {
        let pulse = self.pulse().await?;
        let now = self.ask("reading the transaction number", async |transaction| moment(transaction).await).await?;
        Ok(Watermark { pulse, oldest: now.oldest, next: Some(now.next), members: now.members })
    }

    /// Reads in which schemas something was created or altered since then. To be asked when the pulse
    /// moved: it reads every catalog row's transaction number, a fifth of what a full pass costs.
    ///
    /// New tables, columns, indexes, constraints, grants, owners and settings are told by schema; dropped
    /// objects and changes of what has no schema (roles, global default privileges) are
    /// [`Changed::Unsure`]. A removal whose count arrives late ([`Pulse::lag`]) moves a later pulse,
    /// and is [`Doubt::Removed`] then.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn changed_since(&self, then: &Watermark) -> Result<Changed, Error> {
        self.changes(then, |_| true).await
    }

    /// The same for whoever asks after this database alone: roles, their memberships and settings, which all databases
    /// of the server share, are passed over.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn changed_here_since(&self, then: &Watermark) -> Result<Changed, Error> {
        self.changes(then, |catalog| catalog.leads != Leads::Shared).await
    }

    async fn changes(&self, then: &Watermark, counts: impl Fn(&Catalog) -> bool) -> Result<Changed, Error> {
        let found = self.ask("reading what changed", async |transaction| since(transaction, then).await).await?;
        // After the rows: a removal that the rows reflect is then counted too, unless its count is late.
        let now = self.pulse().await?;
        if let Some(doubt) = doubt(&now, &then.pulse, counts) {
            return Ok(Changed::Unsure(doubt));
        }
        Ok(found)
    }
}

impl TenantDatabase {
    /// Reads which schemas got their ledger since then, sorted by name: tenants that appeared. Read from the row that
    /// comes with a table and is never written again, so an owner or a grant that changes makes nobody new.
    ///
    /// What a transaction made that had begun by then is not told, nor anything when the watermark is of another
    /// database or too many transactions ago.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn ledgers_made_since(&self, then: &Watermark) -> Result<Vec<String>, Error> {
        let Some(next) = then.next else { return Ok(vec![]) };
        self.ask("reading which tenants are new", async |transaction| {
            let query = sqlx::query_scalar(LEDGERS_MADE).persistent(false);
            query.bind(then.pulse.identity.database).bind(next).fetch_all(&mut **transaction).await
        })
        .await
    }
}

/// Of the system columns of a table nothing is ever altered. `age` is a distance: it holds when the numbers start anew.
const LEDGERS_MADE: &str = r#"
SELECT n.nspname::text
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = -1
JOIN pg_database d ON d.datname = current_database() AND d.oid::bigint = $1
WHERE c.relname = 'django_migrations' AND c.relkind IN ('r', 'p')
  AND pg_snapshot_xmax(pg_current_snapshot())::text::bigint - $2 BETWEEN 0 AND 2147483646
  AND age(a.xmin) <= age(($2 & 4294967295)::text::xid)
ORDER BY n.nspname COLLATE "C""#;

/// What is known of each catalog, so that only those are read whose counters moved since.
#[derive(Debug)]
pub(crate) struct Horizon {
    pulse: Pulse,
    /// Row versions of a catalog that were not seen have this transaction number or a higher one.
    oldest: BTreeMap<&'static str, i64>,
    members: String,
}

impl Horizon {
    /// Everything that the session's snapshot shows was seen. The pulse was taken before the snapshot.
    pub(crate) async fn of(connection: &mut PgConnection, pulse: Pulse) -> sqlx::Result<Self> {
        let now = moment(connection).await?;
        let oldest = CATALOGS.iter().map(|catalog| (catalog.name, now.oldest)).collect();
        Ok(Self { pulse, oldest, members: now.members })
    }

    /// What the counters tell by themselves.
    pub(crate) fn change(&self, now: &Pulse) -> Change {
        doubt(now, &self.pulse, |_| true).map_or_else(|| now.since(&self.pulse), Change::Unsure)
    }

    /// The schemas, by OID and name, in which the session's snapshot shows what was not seen before.
    /// From here on that counts as seen.
    ///
    /// A catalog whose counters stand still is not read and keeps its horizon: what was written there and
    /// not yet counted is found once it is.
    pub(crate) async fn advance(
        &mut self,
        connection: &mut PgConnection,
        pulse: Pulse,
    ) -> sqlx::Result<Result<Vec<(u32, String)>, Doubt>> {
        let now = moment(connection).await?;
        if now.members != self.members {
            return Ok(Err(Doubt::Elsewhere));
        }
        let moved = |name: &str| pulse.moved(&self.pulse, name) != super::Counters::default();
        let unseen: BTreeMap<&str, i64> =
            self.oldest.iter().filter(|(name, _)| moved(name)).map(|(name, oldest)| (*name, *oldest)).collect();
        let found = written(connection, &unseen, &now).await?;
        let names: Vec<&str> = unseen.keys().copied().collect();
        for (name, oldest) in &mut self.oldest {
            if names.contains(name) {
                *oldest = now.oldest;
            }
        }
        self.pulse = pulse;
        Ok(found)
    }
}

/// What speaks against believing the rows, in the catalogs that count.
fn doubt(now: &Pulse, then: &Pulse, counts: impl Fn(&Catalog) -> bool) -> Option<Doubt> {
    if let Change::Unsure(doubt) = now.since(then) {
        return Some(doubt);
    }
    CATALOGS.iter().filter(|catalog| counts(catalog)).find_map(|catalog| {
        let moved = now.moved(then, catalog.name);
        match catalog.leads {
            Leads::Nowhere | Leads::Shared if moved != super::Counters::default() => Some(Doubt::Elsewhere),
            Leads::Schema(_) | Leads::Through(..) if moved.deleted > 0 => Some(Doubt::Removed),
            _ => None,
        }
    })
}

/// The numbers of a snapshot.
struct Moment {
    /// Every transaction that was not over has this number or a higher one.
    oldest: i64,
    next: i64,
    members: String,
}

const MOMENT: &str = r"
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest,
       pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next,
       (SELECT coalesce(md5(string_agg(concat_ws(' ', refobjid, classid, objid), ',' ORDER BY refobjid, classid, objid)), '')
        FROM pg_depend WHERE refclassid = 'pg_catalog.pg_extension'::regclass) AS members";

async fn moment(connection: &mut PgConnection) -> sqlx::Result<Moment> {
    let row = sqlx::query(MOMENT).persistent(false).fetch_one(connection).await?;
    Ok(Moment { oldest: row.try_get("oldest")?, next: row.try_get("next")?, members: row.try_get("members")? })
}

async fn since(connection: &mut PgConnection, then: &Watermark) -> sqlx::Result<Changed> {
    let now = moment(&mut *connection).await?;
    if now.members != then.members {
        return Ok(Changed::Unsure(Doubt::Elsewhere));
    }
    let present = CATALOGS.iter().filter(|catalog| then.pulse.counters.contains_key(catalog.name));
    let unseen = present.map(|catalog| (catalog.name, then.oldest)).collect();
    Ok(match written(connection, &unseen, &now).await? {
        Ok(schemas) => Changed::Schemas(schemas.into_iter().map(|(_, name)| name).collect()),
        Err(doubt) => Changed::Unsure(doubt),
    })
}

/// The schemas of rows that each catalog has from its given transaction on, sorted by name.
async fn written(
    connection: &mut PgConnection,
    unseen: &BTreeMap<&str, i64>,
    now: &Moment,
) -> sqlx::Result<Result<Vec<(u32, String)>, Doubt>> {
    // Row versions keep the lower 32 bits, whose order means something over half their range.
    let is_comparable = |oldest: &i64| (0..i64::from(i32::MAX)).contains(&(now.next - oldest));
    if !unseen.values().all(is_comparable) {
        return Ok(Err(Doubt::TooLongAgo));
    }
    let Some(statement) = statement(unseen) else { return Ok(Ok(Vec::new())) };
    let rows = sqlx::query(&statement).persistent(false).fetch_all(connection).await?;
    let mut schemas = Vec::with_capacity(rows.len());
    for row in rows {
        let (oid, schema): (Option<Oid>, Option<String>) = (row.try_get(0)?, row.try_get(1)?);
        match (oid, schema) {
            // Temporary tables, and what belongs to tables that are named themselves.
            (_, Some(name)) if name.starts_with("pg_temp_") || name.starts_with("pg_toast") => {}
            (Some(oid), Some(name)) => schemas.push((oid.0, name)),
            _ => return Ok(Err(Doubt::Elsewhere)),
        }
    }
    schemas.sort_by(|(_, one), (_, other)| one.cmp(other));
    Ok(Ok(schemas))
}

/// Names the schemas of all rows written by the given transaction of a catalog or a later one; `None` where no
/// catalog leads to any. The names in it are our own constants.
///
/// `age` is an integer distance, so that the comparison holds when the 32-bit numbers start anew; a row frozen
/// long ago may look young, which is a needless name and no missing one.
fn statement(unseen: &BTreeMap<&str, i64>) -> Option<String> {
    let parts = CATALOGS.iter().filter_map(|catalog| {
        let name = catalog.name;
        let young = format!("age(xmin) <= age('{}'::xid)", unseen.get(name)? & 0xffff_ffff);
        match catalog.leads {
            Leads::Schema(column) => Some(format!("SELECT DISTINCT {column} FROM pg_catalog.{name} WHERE {young}")),
            // The few young rows first, each then looked up by index; a join of both tables whole costs more.
            Leads::Through(column, other, schema) | Leads::Echoed(column, other, schema) => Some(format!(
                "SELECT o.{schema} FROM (SELECT DISTINCT ({column})::oid AS oid FROM pg_catalog.{name} WHERE {young}) AS r \
                 LEFT JOIN LATERAL (SELECT {schema} FROM pg_catalog.{other} WHERE oid = r.oid OFFSET 0) AS o ON true"
            )),
            Leads::Echo | Leads::Nowhere | Leads::Shared => None,
        }
    });
    let parts: Vec<String> = parts.collect();
    (!parts.is_empty()).then(|| {
        format!(
            "SELECT n.oid, n.nspname::text FROM ({}) AS written (schema) \
             LEFT JOIN pg_catalog.pg_namespace n ON n.oid = written.schema",
            parts.join(" UNION ")
        )
    })
}
