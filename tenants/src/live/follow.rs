//! Following a migration at the price of what moved.
//!
//! Counting every ledger of 1,000 tenants costs the server a fifth of a second of processor time, too much for
//! every other second. So the statistics say which ledgers were written to (two milliseconds), and only those are
//! counted, with those of tenants that are at work. The statistics may be ten seconds late, so everything is counted
//! as often as that costs little: every two minutes at 1,000 tenants, every six seconds at 50.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use sqlx::postgres::types::Oid;
use sqlx::{Connection, Executor, PgConnection, Postgres, Row, Transaction};

use super::activity::{self, Activity};
use crate::ledger_rows::{self, Listed};
use crate::sweep::{self, Cell};
use crate::{Error, TenantDatabase, Unreadable, ledger_since};

/// Everything is counted again after this, at the earliest.
const SWEEP: Duration = Duration::from_secs(1);
/// And after this many times what counting everything took.
const SHARE: u32 = 400;
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
    labels: Labels,
    ledgers: BTreeMap<String, Ledger>,
    /// When everything was counted, and how long that took.
    swept: Option<(Instant, Duration)>,
}

#[derive(Debug)]
struct Ledger {
    oid: Option<Oid>,
    /// Rows that were written to it, as the statistics have it.
    writes: i64,
    /// Its rows when it was last read: the label, and microseconds since 1970.
    rows: Vec<(u32, i64)>,
    count: Result<Count, Unreadable>,
}

impl Ledger {
    /// The target has grown, the ledger has not.
    fn hold_against(&mut self, target: &Target) {
        if self.count.is_ok() {
            self.count = Ok(target.count(&self.rows));
        }
    }
}

/// A number for each label: a thousand ledgers have the same few.
#[derive(Debug, Default)]
struct Labels(HashMap<String, u32>);

impl Labels {
    fn number(&mut self, label: &str) -> u32 {
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        self.0.get(label).copied().unwrap_or_else(|| *self.0.entry(label.to_owned()).or_insert(next))
    }

    /// Reads rows as [`ROWS`] writes them; `None`: they are no such rows.
    fn rows(&mut self, text: &str) -> Option<Vec<(u32, i64)>> {
        let row = |line| ledger_since::row(line).map(|(micros, label)| (self.number(label), micros));
        text.lines().map(row).collect()
    }
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
            let Self { connection, since, mark, target, labels, ledgers, swept, .. } = self;
            let mut transaction = connection.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
            transaction.execute(&*database.settings()).await?;
            transaction.execute(IMPATIENT).await?;
            let activity = activity::read(&mut transaction, mark).await?;
            let (now_target, released) = public(&mut transaction, *since).await?;
            let all = swept.is_none_or(|(at, took)| at.elapsed() >= SWEEP.max(took * SHARE));
            let grown = now_target != *target;
            *target = now_target;
            let wanted = Target::new(target.as_deref().unwrap_or_default(), labels, *since);
            if grown && !all {
                ledgers.values_mut().for_each(|ledger| ledger.hold_against(&wanted));
            }
            let begun = Instant::now();
            if all {
                list(&mut transaction, ledgers).await?;
            }
            let touched = written(&mut transaction, ledgers, &activity).await?;
            count(&mut transaction, ledgers, (&wanted, labels), if all { None } else { Some(&touched) }).await?;
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
            labels: Labels::default(),
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
        now.insert(schema, known.unwrap_or(Ledger { oid, writes: -1, rows: vec![], count }));
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

/// All of a ledger: microseconds and label of each row, one a line. To compare it with the target on the server would
/// cost twice as much. `$2` is given to every such statement and used by others.
const ROWS: &str = r"
SELECT c.oid AS ledger, CASE WHEN to_regclass(format('%I.django_migrations', n.nspname)) IS NOT NULL THEN
    query_to_xml(format($$
        SELECT coalesce(string_agg((extract(epoch FROM applied) * 1000000)::bigint || ' ' || app || '.' || name, E'\n'), '') AS c
        FROM %I.django_migrations
    $$, n.nspname), false, true, '')::text END AS cell
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = ANY ($1) AND $2::text[] IS NOT NULL";

/// Counts these ledgers, or all of them.
async fn count(
    connection: &mut PgConnection,
    ledgers: &mut BTreeMap<String, Ledger>,
    (target, labels): (&Target, &mut Labels),
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
    let cells: HashMap<Oid, Cell> = sweep::cells(connection, ROWS, &[], None, which).await?.into_iter().collect();
    for ledger in ledgers.values_mut() {
        let Some(cell) = ledger.oid.and_then(|oid| cells.get(&oid)) else { continue };
        ledger.count = match cell {
            Cell::Text(text) => match labels.rows(text) {
                Some(rows) => {
                    ledger.rows = rows;
                    Ok(target.count(&ledger.rows))
                }
                None => Err(Unreadable::OddShape),
            },
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

/// What a tenant must have, and since when it is new.
struct Target {
    labels: Vec<String>,
    /// Where each label stands in the order, by its number.
    places: HashMap<u32, usize>,
    since: i64,
}

impl Target {
    fn new(target: &[String], labels: &mut Labels, since: SystemTime) -> Self {
        let places = target.iter().map(|label| labels.number(label)).zip(0..).collect();
        Self { labels: target.to_vec(), places, since: micros(since) }
    }

    /// Compares the rows of a ledger with it.
    fn count(&self, rows: &[(u32, i64)]) -> Count {
        let mut found: Vec<Option<i64>> = vec![None; self.labels.len()];
        for (label, micros) in rows {
            if let Some(place) = self.places.get(label).and_then(|place| found.get_mut(*place)) {
                *place = (*place).max(Some(*micros));
            }
        }
        let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let recorded = small(found.iter().flatten().count());
        let latest = found.iter().flatten().max().and_then(|micros| u64::try_from(*micros).ok());
        Count {
            recorded,
            lacking: small(found.len()).saturating_sub(recorded),
            fresh: small(found.iter().flatten().filter(|micros| **micros >= self.since).count()),
            next: found.iter().position(Option::is_none).and_then(|place| self.labels.get(place)).cloned(),
            latest: latest.map(|micros| UNIX_EPOCH + Duration::from_micros(micros)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_is_compared_with_the_target() {
        let mut labels = Labels::default();
        let wanted = ["shop.0001_a", "shop.0002_b c", "shop.0003"].map(str::to_owned);
        let target = Target::new(&wanted, &mut labels, UNIX_EPOCH + Duration::from_micros(35));
        // Another app's, one twice, in any order.
        let rows = "30 shop.0003\n10 shop.0001_a\n99 other.0001\n40 shop.0001_a";
        let rows = labels.rows(rows).unwrap();
        let count = target.count(&rows);
        assert_eq!((count.recorded, count.lacking, count.fresh), (2, 1, 1));
        assert_eq!(count.next.as_deref(), Some("shop.0002_b c"));
        assert_eq!(count.latest, Some(UNIX_EPOCH + Duration::from_micros(40)));
        // The target grows by what the ledger has already.
        let grown: Vec<String> = wanted.iter().cloned().chain(["other.0001".to_owned()]).collect();
        let count = Target::new(&grown, &mut labels, UNIX_EPOCH).count(&rows);
        assert_eq!((count.recorded, count.lacking, count.fresh), (3, 1, 3));
        let nothing = target.count(&labels.rows("").unwrap());
        assert_eq!((nothing.lacking, nothing.latest), (3, None));
        assert_eq!(labels.rows("no number"), None);
    }
}
