//! Following a migration at the price of what moved.
//!
//! Counting every ledger of 1,000 tenants costs the server a fifth of a second of processor time, too much for
//! every other second. So the statistics say which ledgers were written to (two milliseconds), and only those are
//! counted, with those of tenants that are at work. The statistics may be ten seconds late, so everything is counted
//! as often as that costs little: twice a minute at 1,000 tenants, every other second at 50.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use sqlx::postgres::types::Oid;
use sqlx::{Connection, Executor, PgConnection, Postgres, Row, Transaction};

use super::activity::{self, Activity};
use crate::ledger_rows::{self, Listed};
use crate::sweep::{self, Cell};
use crate::{Error, TenantDatabase, Unreadable};

/// Everything is counted again after this, at the earliest.
const SWEEP: Duration = Duration::from_secs(1);
/// And after this many times what counting everything took.
const SHARE: u32 = 150;
/// Only for a lock that comes up between looking and reading: the next look is better than waiting.
const IMPATIENT: &str = "SET LOCAL lock_timeout = '20ms'";

/// What one look at a running migration showed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sight {
    /// The migrations in public's ledger, in the order they were applied in, as `app.name`; `None` where public has
    /// no ledger that can be read. The shared step of a release records all of them first, so until that has ended the
    /// list grows.
    pub target: Option<Vec<String>>,
    /// Those of the target that public has recorded since the migration began.
    pub released: Vec<String>,
    /// Every schema with a ledger but `public`, sorted by name.
    pub tenants: Vec<TenantSight>,
    /// What sessions do.
    pub activity: Activity,
    /// Whether every ledger was counted, or only those that moved.
    pub swept: bool,
}

/// One tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TenantSight {
    /// Its schema.
    pub schema: String,
    /// What its ledger said when it was last counted.
    pub count: Result<Count, Unreadable>,
}

/// A ledger in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Migrations of the target that it has.
    pub recorded: u32,
    /// Migrations of the target that it lacks.
    pub lacking: u32,
    /// Those that it has recorded since the migration began, by the clock of whoever migrates.
    pub fresh: u32,
    /// The first one that it lacks.
    pub next: Option<String>,
    /// When the latest of the target was recorded, by that same clock.
    pub latest: Option<SystemTime>,
}

/// Looks at a migration again and again, over a connection that it keeps.
#[derive(Debug)]
pub struct Follow {
    database: TenantDatabase,
    connection: PgConnection,
    since: SystemTime,
    mark: String,
    target: Option<Vec<String>>,
    ledgers: BTreeMap<String, Ledger>,
    /// When everything was counted, and how long that took.
    swept: Option<(Instant, Duration)>,
}

#[derive(Debug)]
struct Ledger {
    oid: Option<Oid>,
    /// Rows that were written to it, as the statistics have it.
    writes: i64,
    count: Result<Count, Unreadable>,
}

impl Follow {
    /// Whether it follows what began at `since`.
    #[must_use]
    pub fn is_since(&self, since: SystemTime) -> bool {
        self.since == since
    }

    /// Looks once. After an error this value is of no use any more: follow anew.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn look(&mut self) -> Result<Sight, Error> {
        let database = self.database.clone();
        let work = async {
            let Self { connection, since, mark, target, ledgers, swept, .. } = self;
            let mut transaction = connection.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
            transaction.execute(&*database.settings()).await?;
            transaction.execute(IMPATIENT).await?;
            let activity = activity::read(&mut transaction, mark).await?;
            let (now_target, released) = public(&mut transaction, *since).await?;
            let due = swept.is_none_or(|(at, took)| at.elapsed() >= SWEEP.max(took * SHARE));
            let all = due || now_target != *target;
            *target = now_target;
            let begun = Instant::now();
            if all {
                list(&mut transaction, ledgers).await?;
            }
            let touched = written(&mut transaction, ledgers, &activity).await?;
            let labels = target.clone().unwrap_or_default();
            count(&mut transaction, ledgers, &labels, *since, if all { None } else { Some(&touched) }).await?;
            transaction.rollback().await?;
            if all {
                *swept = Some((Instant::now(), begun.elapsed()));
            }
            let tenants = ledgers.iter().filter(|(schema, _)| *schema != "public");
            let tenants =
                tenants.map(|(schema, ledger)| TenantSight { schema: schema.clone(), count: ledger.count.clone() });
            Ok(Sight { target: target.clone(), released, tenants: tenants.collect(), activity, swept: all })
        };
        database.within(database.longest(), "following the migration", work).await
    }
}

impl TenantDatabase {
    /// Follows a migration that began at `since`. Sessions whose client gave a name with `mark` in it are told by name,
    /// whatever they do; an empty mark names nobody.
    ///
    /// # Errors
    /// When there is no connection.
    pub async fn follow(&self, since: SystemTime, mark: &str) -> Result<Follow, Error> {
        Ok(Follow {
            database: self.clone(),
            connection: self.open().await?,
            since,
            mark: mark.to_owned(),
            target: None,
            ledgers: BTreeMap::new(),
            swept: None,
        })
    }
}

/// Public's own ledger, unless somebody holds it, and what of it was recorded since a time.
async fn public(
    connection: &mut Transaction<'_, Postgres>,
    since: SystemTime,
) -> sqlx::Result<(Option<Vec<String>>, Vec<String>)> {
    let oid: Option<Oid> = sqlx::query_scalar(
        "SELECT c.oid FROM pg_class c WHERE c.oid = to_regclass('public.django_migrations') AND has_table_privilege(c.oid, 'SELECT')",
    )
    .persistent(false)
    .fetch_optional(&mut **connection)
    .await?;
    let nothing = (None, vec![]);
    let Some(oid) = oid else { return Ok(nothing) };
    if sweep::locked(connection, &[oid]).await?.contains(&oid) {
        return Ok(nothing);
    }
    let mut savepoint = connection.begin().await?;
    let rows = "SELECT app || '.' || name AS label, (extract(epoch FROM applied) * 1000000)::bigint >= $1 AS released
        FROM public.django_migrations ORDER BY id";
    match sqlx::query(rows).persistent(false).bind(micros(since)).fetch_all(&mut *savepoint).await {
        Ok(rows) => {
            savepoint.commit().await?;
            let (mut target, mut released, mut seen) = (vec![], vec![], BTreeSet::new());
            for row in &rows {
                let label: String = row.try_get("label")?;
                if seen.insert(label.clone()) {
                    if row.try_get::<Option<bool>, _>("released")? == Some(true) {
                        released.push(label.clone());
                    }
                    target.push(label);
                }
            }
            Ok((Some(target), released))
        }
        Err(error) if sweep::came_in_between(&error) => {
            savepoint.rollback().await?;
            Ok(nothing)
        }
        Err(error) => Err(error),
    }
}

/// Brings the list of ledgers up to date. What was counted before is kept until it is counted again.
async fn list(connection: &mut PgConnection, ledgers: &mut BTreeMap<String, Ledger>) -> sqlx::Result<()> {
    let mut now = BTreeMap::new();
    for (schema, listed) in ledger_rows::list(connection).await? {
        let (oid, count) = match listed {
            Listed::None => continue,
            Listed::Closed(why) => (None, Err(why)),
            Listed::Open(oid) => (Some(oid), Err(Unreadable::Vanished)),
        };
        let known = ledgers.remove(&schema).filter(|known| known.oid == oid && oid.is_some());
        now.insert(schema, known.unwrap_or(Ledger { oid, writes: -1, count }));
    }
    *ledgers = now;
    Ok(())
}

/// The ledgers that were written to since the last look, and those of tenants at work: the statistics come up to a
/// second late, and only after a commit.
async fn written(
    connection: &mut PgConnection,
    ledgers: &mut BTreeMap<String, Ledger>,
    activity: &Activity,
) -> sqlx::Result<Vec<Oid>> {
    let oids: Vec<Oid> = ledgers.values().filter_map(|ledger| ledger.oid).collect();
    let writes =
        "SELECT oid, pg_stat_get_tuples_inserted(oid) + pg_stat_get_tuples_deleted(oid) FROM unnest($1::oid[]) AS oid";
    let rows = sqlx::query(writes).persistent(false).bind(&oids).fetch_all(connection).await?;
    let writes: HashMap<Oid, i64> =
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect::<sqlx::Result<_>>()?;
    let at_work: BTreeSet<&str> = activity.migrating.iter().map(|work| work.schema.as_str()).collect();
    let mut touched = Vec::new();
    for (schema, ledger) in ledgers.iter_mut() {
        let Some(oid) = ledger.oid else { continue };
        let now = writes.get(&oid).copied().unwrap_or(ledger.writes);
        let begun = ledger.count.as_ref().map_or(true, |count| count.fresh > 0 && count.lacking > 0);
        if now != ledger.writes || begun || at_work.contains(schema.as_str()) {
            touched.push(oid);
        }
        ledger.writes = now;
    }
    Ok(touched)
}

const COUNTED: &str = r"
SELECT c.oid AS ledger, CASE WHEN to_regclass(format('%I.django_migrations', n.nspname)) IS NOT NULL THEN
    query_to_xml(format($$
        SELECT concat_ws(E'\n', count(m.label), count(*) FILTER (WHERE m.label IS NULL),
                         count(*) FILTER (WHERE m.applied >= %s), coalesce(max(m.applied), 0),
                         (array_agg(p.label ORDER BY p.n) FILTER (WHERE m.label IS NULL))[1]) AS c
        FROM unnest(%L::text[]) WITH ORDINALITY AS p(label, n)
        LEFT JOIN (SELECT app || '.' || name AS label, (extract(epoch FROM max(applied)) * 1000000)::bigint AS applied
                   FROM %I.django_migrations GROUP BY 1) AS m USING (label)
    $$, $2[1], $2[2:], n.nspname), false, true, '')::text END AS cell
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = ANY ($1)";

/// Counts these ledgers, or all of them.
async fn count(
    connection: &mut PgConnection,
    ledgers: &mut BTreeMap<String, Ledger>,
    target: &[String],
    since: SystemTime,
    which: Option<&[Oid]>,
) -> sqlx::Result<()> {
    let all: Vec<Oid>;
    let which = match which {
        Some(which) => which,
        None => {
            all = ledgers.values().filter_map(|ledger| ledger.oid).collect();
            &all
        }
    };
    let texts: Vec<String> = std::iter::once(micros(since).to_string()).chain(target.iter().cloned()).collect();
    let cells: HashMap<Oid, Cell> = sweep::cells(connection, COUNTED, &texts, None, which).await?.into_iter().collect();
    for ledger in ledgers.values_mut() {
        let Some(cell) = ledger.oid.and_then(|oid| cells.get(&oid)) else { continue };
        ledger.count = match cell {
            Cell::Text(text) => parse(text).ok_or(Unreadable::OddShape),
            // What is known stays known while somebody holds the table.
            Cell::Unreadable(Unreadable::Locked) if ledger.count.is_ok() => continue,
            Cell::Unreadable(why) => Err(*why),
        };
    }
    Ok(())
}

fn micros(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
    i64::try_from(since).unwrap_or(i64::MAX)
}

/// Reads `50\n3\n1\n1700000000000000\norders.0005_priority`, the last only where something lacks.
fn parse(text: &str) -> Option<Count> {
    let mut lines = text.lines();
    let mut number = || lines.next()?.trim().parse::<u64>().ok();
    let (recorded, lacking, fresh, micros) = (number()?, number()?, number()?, number()?);
    let small = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    Some(Count {
        recorded: small(recorded),
        lacking: small(lacking),
        fresh: small(fresh),
        next: lines.next().map(str::to_owned),
        latest: (micros > 0).then(|| UNIX_EPOCH + Duration::from_micros(micros)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_read_back() {
        let count = parse("50\n3\n1\n1700000000000000\norders.0005_priority").unwrap();
        assert_eq!((count.recorded, count.lacking, count.fresh), (50, 3, 1));
        assert_eq!(count.next.as_deref(), Some("orders.0005_priority"));
        assert_eq!(count.latest, Some(UNIX_EPOCH + Duration::from_secs(1_700_000_000)));
        let count = parse("0\n0\n0\n0").unwrap();
        assert_eq!((count.next, count.latest), (None, None));
        assert_eq!(parse("no number"), None);
    }
}
