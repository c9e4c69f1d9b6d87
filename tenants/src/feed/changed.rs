//! Which schemas changed, by the transaction numbers on catalog rows.
//!
//! Every row version carries the number of the transaction that wrote it. Rows written since a remembered
//! moment lead to their schemas; rows removed do not, so a removal that was counted means a full pass.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, Row};

use super::catalogs::{CATALOGS, Leads};
use super::{Change, Doubt, Pulse};
use crate::{Error, TenantDatabase};

/// A moment to ask about later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watermark {
    pulse: Pulse,
    /// Every transaction that was not over at that moment has this number or a higher one.
    oldest: i64,
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
        let (oldest, members) =
            self.ask("reading the transaction number", async |transaction| moment(transaction).await).await?;
        Ok(Watermark { pulse, oldest, members })
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
        let found = self.ask("reading what changed", async |transaction| written(transaction, then).await).await?;
        // After the rows: a removal that the rows reflect is then counted too, unless its count is late.
        let now = self.pulse().await?;
        if let Some(doubt) = doubt(&now, &then.pulse) {
            return Ok(Changed::Unsure(doubt));
        }
        Ok(found)
    }
}

/// What speaks against believing the rows.
fn doubt(now: &Pulse, then: &Pulse) -> Option<Doubt> {
    if let Change::Unsure(doubt) = now.since(then) {
        return Some(doubt);
    }
    CATALOGS.iter().find_map(|catalog| {
        let moved = now.moved(then, catalog.name);
        match catalog.leads {
            Leads::Nowhere if moved != super::Counters::default() => Some(Doubt::Elsewhere),
            Leads::Schema(_) | Leads::Through(..) if moved.deleted > 0 => Some(Doubt::Removed),
            _ => None,
        }
    })
}

const MOMENT: &str = r"
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest,
       pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next,
       (SELECT coalesce(md5(string_agg(concat_ws(' ', refobjid, classid, objid), ',' ORDER BY refobjid, classid, objid)), '')
        FROM pg_depend WHERE refclassid = 'pg_catalog.pg_extension'::regclass) AS members";

async fn moment(connection: &mut PgConnection) -> sqlx::Result<(i64, String)> {
    let row = sqlx::query(MOMENT).persistent(false).fetch_one(connection).await?;
    Ok((row.try_get("oldest")?, row.try_get("members")?))
}

async fn written(connection: &mut PgConnection, then: &Watermark) -> sqlx::Result<Changed> {
    let row = sqlx::query(MOMENT).persistent(false).fetch_one(&mut *connection).await?;
    let (next, members): (i64, String) = (row.try_get("next")?, row.try_get("members")?);
    // Row versions keep the lower 32 bits, whose order means something over half their range.
    let passed = next - then.oldest;
    if !(0..i64::from(i32::MAX)).contains(&passed) {
        return Ok(Changed::Unsure(Doubt::TooLongAgo));
    }
    if members != then.members {
        return Ok(Changed::Unsure(Doubt::Elsewhere));
    }
    let present = "SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass('pg_catalog.' || name) IS NOT NULL";
    let names: Vec<&str> = CATALOGS.iter().map(|catalog| catalog.name).collect();
    let present: BTreeSet<String> = sqlx::query_scalar(present)
        .persistent(false)
        .bind(names)
        .fetch_all(&mut *connection)
        .await?
        .into_iter()
        .collect();
    let oldest = (then.oldest & 0xffff_ffff).to_string();
    let rows = sqlx::query(&statement(&present)).persistent(false).bind(oldest).fetch_all(connection).await?;
    let mut schemas = Vec::with_capacity(rows.len());
    for row in rows {
        let schema: Option<String> = row.try_get(0)?;
        match schema {
            None => return Ok(Changed::Unsure(Doubt::Elsewhere)),
            // Temporary tables, and what belongs to tables that are named themselves.
            Some(name) if name.starts_with("pg_temp_") || name.starts_with("pg_toast") => {}
            Some(name) => schemas.push(name),
        }
    }
    schemas.sort();
    Ok(Changed::Schemas(schemas))
}

/// Names the schemas of all rows written by the transaction `$1` or a later one. The names in it are our own
/// constants.
///
/// `age` is an integer distance, so that the comparison holds when the 32-bit numbers start anew; a row frozen
/// long ago may look young, which is a needless name and no missing one.
fn statement(present: &BTreeSet<String>) -> String {
    let young = "age(xmin) <= age($1::text::xid)";
    let followed = CATALOGS.iter().filter(|catalog| present.contains(catalog.name));
    let parts = followed.filter_map(|catalog| {
        let name = catalog.name;
        match catalog.leads {
            Leads::Schema(column) => Some(format!("SELECT DISTINCT {column} FROM pg_catalog.{name} WHERE {young}")),
            // The few young rows first, each then looked up by index; a join of both tables whole costs more.
            Leads::Through(column, other, schema) | Leads::Echoed(column, other, schema) => Some(format!(
                "SELECT o.{schema} FROM (SELECT DISTINCT ({column})::oid AS oid FROM pg_catalog.{name} WHERE {young}) AS r \
                 LEFT JOIN LATERAL (SELECT {schema} FROM pg_catalog.{other} WHERE oid = r.oid OFFSET 0) AS o ON true"
            )),
            Leads::Echo | Leads::Nowhere => None,
        }
    });
    let parts: Vec<String> = parts.collect();
    format!(
        "SELECT n.nspname::text FROM ({}) AS written (schema) LEFT JOIN pg_catalog.pg_namespace n ON n.oid = written.schema",
        parts.join(" UNION ")
    )
}
