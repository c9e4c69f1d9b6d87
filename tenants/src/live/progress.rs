use serde::Serialize;
use sqlx::{Executor, PgConnection};

use crate::ledger_rows::{self, Listed};
use crate::sweep::{self, Cell};
use crate::{Error, TenantDatabase, Unreadable};

/// How far every schema is with a given list of migrations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// How many distinct migrations were asked for.
    pub targets: u32,
    /// Every schema with a ledger, `public` too, sorted by name.
    pub tenants: Vec<TenantProgress>,
    /// Schemas without a ledger, sorted by name. A tenant among them is not migrated by anybody.
    pub none: Vec<String>,
}

/// One schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TenantProgress {
    /// Its name.
    pub schema: String,
    /// How far it is.
    pub advance: Advance,
}

/// How many of the migrations a ledger has recorded. A migration that runs is recorded when it commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Advance {
    /// All of them.
    Done,
    /// Some of them, this many.
    Partial(u32),
    /// None of them.
    Pending,
    /// The ledger could not be read at this moment.
    Unknown(Unreadable),
}

impl Progress {
    /// Schemas that have recorded everything.
    pub fn done(&self) -> impl Iterator<Item = &str> {
        self.of(|advance| advance == Advance::Done)
    }

    /// Schemas that have recorded a part.
    pub fn partial(&self) -> impl Iterator<Item = &str> {
        self.of(|advance| matches!(advance, Advance::Partial(_)))
    }

    /// Schemas that have recorded nothing of it yet.
    pub fn pending(&self) -> impl Iterator<Item = &str> {
        self.of(|advance| advance == Advance::Pending)
    }

    /// Schemas whose ledger could not be read, mostly because somebody holds it.
    pub fn unknown(&self) -> impl Iterator<Item = &str> {
        self.of(|advance| matches!(advance, Advance::Unknown(_)))
    }

    fn of(&self, wanted: impl Fn(Advance) -> bool) -> impl Iterator<Item = &str> {
        self.tenants.iter().filter(move |tenant| wanted(tenant.advance)).map(|tenant| tenant.schema.as_str())
    }
}

impl TenantDatabase {
    /// Reads how many of these migrations (`app.name`) each schema has recorded, as of one moment.
    ///
    /// Cheap enough to be repeated every second or two at thousands of tenants (190 ms per 1,000, most of
    /// it the server's first look at each table); at most 1,000 tenants are read by one statement. A ledger
    /// that somebody holds or wants for himself is [`Advance::Unknown`] and is not waited for.
    ///
    /// # Errors
    /// When the database cannot be asked at all.
    pub async fn progress(&self, targets: &[String]) -> Result<Progress, Error> {
        let mut targets = targets.to_vec();
        targets.sort();
        targets.dedup();
        self.ask("reading the progress", async |transaction| read(transaction, &targets).await).await
    }
}

/// Only for a lock that comes up between looking and reading: the next poll is better than waiting.
const IMPATIENT: &str = "SET LOCAL lock_timeout = '20ms'";

const RECORDED: &str = r"
SELECT c.oid AS ledger, CASE WHEN to_regclass(format('%I.django_migrations', n.nspname)) IS NOT NULL THEN
    query_to_xml(format($$
        SELECT count(DISTINCT (app, name)) AS c FROM %I.django_migrations WHERE app || '.' || name = ANY (%L::text[])
    $$, n.nspname, $2::text[]), false, true, '')::text END AS cell
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = ANY ($1)";

async fn read(connection: &mut PgConnection, targets: &[String]) -> sqlx::Result<Progress> {
    connection.execute(IMPATIENT).await?;
    let listed = ledger_rows::list(connection).await?;
    let open = listed.iter().filter_map(|(_, listed)| match listed {
        Listed::Open(oid) => Some(*oid),
        _ => None,
    });
    let open: Vec<_> = open.collect();
    let cells = sweep::cells(connection, RECORDED, targets, None, &open).await?;
    let cells: std::collections::HashMap<_, _> = cells.into_iter().collect();
    let targets = u32::try_from(targets.len()).unwrap_or(u32::MAX);
    let mut progress = Progress { targets, tenants: Vec::with_capacity(open.len()), none: Vec::new() };
    for (schema, listed) in listed {
        let advance = match listed {
            Listed::None => {
                progress.none.push(schema);
                continue;
            }
            Listed::Closed(why) => Advance::Unknown(why),
            Listed::Open(oid) => advance(cells.get(&oid), targets),
        };
        progress.tenants.push(TenantProgress { schema, advance });
    }
    // By bytes, as the names of all other answers are; the server sorts by its own collation.
    progress.tenants.sort_by(|one, other| one.schema.cmp(&other.schema));
    progress.none.sort();
    Ok(progress)
}

fn advance(cell: Option<&Cell>, targets: u32) -> Advance {
    match cell {
        None => Advance::Unknown(Unreadable::Vanished),
        Some(Cell::Unreadable(why)) => Advance::Unknown(*why),
        Some(Cell::Text(text)) => match text.trim().parse::<u32>() {
            Ok(recorded) if recorded >= targets => Advance::Done,
            Ok(0) => Advance::Pending,
            Ok(recorded) => Advance::Partial(recorded),
            Err(_) => Advance::Unknown(Unreadable::OddShape),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_recorded_decides_how_far_a_tenant_is() {
        let of = |text: &str, targets| advance(Some(&Cell::Text(text.to_owned())), targets);
        assert_eq!(of("0", 2), Advance::Pending);
        assert_eq!(of("1", 2), Advance::Partial(1));
        assert_eq!(of("2", 2), Advance::Done);
        assert_eq!(of("0", 0), Advance::Done);
        assert_eq!(of("?", 2), Advance::Unknown(Unreadable::OddShape));
        assert_eq!(advance(None, 2), Advance::Unknown(Unreadable::Vanished));
    }
}
