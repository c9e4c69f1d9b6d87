use std::collections::HashMap;

use serde::Serialize;
use sqlx::postgres::types::Oid;
use sqlx::{PgConnection, Row};

use crate::ledger;

/// What a tenant database looked like at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Survey {
    /// The server's version, for example `15.18`.
    pub server_version: String,
    /// Whether the server refuses every change, being a standby.
    pub read_only: bool,
    /// All schemas but PostgreSQL's own, sorted by name.
    pub schemas: Vec<Schema>,
    /// How many migrations a complete tenant has recorded: those of `public.django_migrations`, which
    /// the shared step of a release writes first. `None` when that ledger is missing or unreadable;
    /// then nothing can be said about any tenant.
    pub target: Option<u32>,
}

/// One schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Schema {
    /// Its name, as it is, without quotes.
    pub name: String,
    /// Ordinary and partitioned tables in it.
    pub tables: u32,
    /// What it has recorded of its migrations.
    pub ledger: Ledger,
}

/// What a schema's own `django_migrations` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ledger {
    /// The schema has no such table.
    None,
    /// It has one, which could not be read.
    Unreadable(Unreadable),
    /// It was compared with the target.
    Read(Applied),
}

/// Why a ledger could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unreadable {
    /// A migration or another session holds the table for itself.
    Locked,
    /// The role lacks USAGE on the schema or SELECT on the table; `pg_read_all_data` has both.
    PermissionDenied,
    /// The table lacks the columns that Django gives it.
    OddShape,
    /// The schema was dropped while it was being read.
    Vanished,
    /// There is no target to compare with.
    NoTarget,
}

/// A ledger beside the target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Applied {
    /// Migrations recorded here, whether the target has them or not.
    pub recorded: u32,
    /// Migrations of the target that are recorded here.
    pub applied: u32,
    /// Migrations of the target that are not.
    pub lacking: u32,
    /// The first of those in the order of the target, as `app.name`, [`Applied::NAMED`] at most.
    pub missing: Vec<String>,
}

impl Applied {
    /// How many missing migrations are named.
    pub const NAMED: usize = 20;
}

impl Schema {
    /// Whether the ledger was read and lacks nothing of the target.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        matches!(&self.ledger, Ledger::Read(applied) if applied.lacking == 0)
    }
}

impl Survey {
    /// The schema of this very name.
    #[must_use]
    pub fn schema(&self, name: &str) -> Option<&Schema> {
        let index = self.schemas.binary_search_by(|schema| schema.name.as_str().cmp(name)).ok()?;
        self.schemas.get(index)
    }

    /// Which of the expected schemas do not exist.
    #[must_use]
    pub fn missing<'a>(&self, expected: &'a [String]) -> Vec<&'a str> {
        expected.iter().map(String::as_str).filter(|name| self.schema(name).is_none()).collect()
    }

    /// Schemas with a ledger that lacks migrations of the target.
    pub fn lagging(&self) -> impl Iterator<Item = &Schema> {
        let lacks = |schema: &&Schema| matches!(&schema.ledger, Ledger::Read(applied) if applied.lacking > 0);
        self.schemas.iter().filter(lacks)
    }

    /// Schemas with a ledger that could not be read: nobody knows whether they lag.
    pub fn unreadable(&self) -> impl Iterator<Item = &Schema> {
        self.schemas.iter().filter(|schema| matches!(schema.ledger, Ledger::Unreadable(_)))
    }
}

/// Raw catalogs only: they are never locked by a migration, unlike `information_schema` and `pg_get_*`.
const SCHEMAS: &str = r"
WITH counted AS (
    SELECT n.oid, n.nspname, count(c.oid) AS tables, max(c.oid) FILTER (WHERE c.relname = 'django_migrations') AS ledger
    FROM pg_namespace n
    LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p')
    WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
    GROUP BY n.oid, n.nspname
)
SELECT nspname::text, tables, ledger,
       coalesce(has_schema_privilege(oid, 'USAGE') AND has_table_privilege(ledger, 'SELECT'), false) AS open,
       (SELECT count(*) = 3 FROM pg_attribute
        WHERE attrelid = ledger AND attname IN ('id', 'app', 'name') AND NOT attisdropped) AS shaped
FROM counted";

/// Reads everything in the transaction it is given.
pub(crate) async fn read(connection: &mut PgConnection) -> sqlx::Result<Survey> {
    let server = sqlx::query("SELECT current_setting('server_version') AS version, pg_is_in_recovery() AS standby")
        .persistent(false)
        .fetch_one(&mut *connection)
        .await?;
    let rows = sqlx::query(SCHEMAS).persistent(false).fetch_all(&mut *connection).await?;
    let mut schemas = Vec::with_capacity(rows.len());
    let mut ledgers = HashMap::new();
    for row in rows {
        let (name, tables): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
        let ledger: Option<Oid> = row.try_get(2)?;
        let known = match ledger {
            None => Ledger::None,
            Some(_) if !row.try_get(3)? => Ledger::Unreadable(Unreadable::PermissionDenied),
            Some(_) if !row.try_get(4)? => Ledger::Unreadable(Unreadable::OddShape),
            Some(oid) => {
                ledgers.insert(oid, schemas.len());
                Ledger::Unreadable(Unreadable::NoTarget)
            }
        };
        schemas.push(Schema { name, tables: u32::try_from(tables).unwrap_or(u32::MAX), ledger: known });
    }
    let target = fill_ledgers(connection, &mut schemas, &ledgers).await?;
    schemas.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(Survey { server_version: server.try_get("version")?, read_only: server.try_get("standby")?, schemas, target })
}

/// Compares the readable ledgers with public's, when that is readable itself, and returns its size.
async fn fill_ledgers(
    connection: &mut PgConnection,
    schemas: &mut [Schema],
    ledgers: &HashMap<Oid, usize>,
) -> sqlx::Result<Option<u32>> {
    let is_public = |index: usize| schemas.get(index).is_some_and(|schema| schema.name == "public");
    let Some(public) = ledgers.iter().find(|(_, index)| is_public(**index)).map(|(oid, _)| *oid) else {
        return Ok(None);
    };
    let oids: Vec<Oid> = ledgers.keys().copied().collect();
    let found = ledger::read(connection, public, &oids).await?;
    let mut target = None;
    for (oid, ledger) in found {
        if let (true, Ledger::Read(applied)) = (oid == public, &ledger) {
            target = Some(applied.recorded);
        }
        if let Some(schema) = ledgers.get(&oid).and_then(|index| schemas.get_mut(*index)) {
            schema.ledger = ledger;
        }
    }
    Ok(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn survey(ledgers: &[(&str, Ledger)]) -> Survey {
        let schema =
            |(name, ledger): &(&str, Ledger)| Schema { name: (*name).to_owned(), tables: 1, ledger: ledger.clone() };
        let schemas = ledgers.iter().map(schema).collect();
        Survey { server_version: "15.18".to_owned(), read_only: false, schemas, target: Some(3) }
    }

    fn lacking(lacking: u32) -> Ledger {
        Ledger::Read(Applied { recorded: 3 - lacking, applied: 3 - lacking, lacking, missing: Vec::new() })
    }

    #[test]
    fn expected_schemas_are_looked_up_by_their_exact_names() {
        let survey = survey(&[("Acme", lacking(0)), ("public", lacking(0))]);
        let expected = ["public", "acme", "super_tenant"].map(str::to_owned);
        assert_eq!(survey.missing(&expected), ["acme", "super_tenant"]);
    }

    #[test]
    fn only_a_ledger_that_was_read_can_be_complete() {
        let locked = Ledger::Unreadable(Unreadable::Locked);
        let survey = survey(&[("a", lacking(0)), ("b", lacking(2)), ("c", Ledger::None), ("d", locked)]);
        let complete: Vec<bool> = survey.schemas.iter().map(Schema::is_complete).collect();
        assert_eq!(complete, [true, false, false, false]);
        assert_eq!(survey.lagging().map(|schema| &*schema.name).collect::<Vec<_>>(), ["b"]);
        assert_eq!(survey.unreadable().map(|schema| &*schema.name).collect::<Vec<_>>(), ["d"]);
    }
}
