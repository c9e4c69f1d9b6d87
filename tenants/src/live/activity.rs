use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use crate::{Error, TenantDatabase};

/// What sessions do to the tenants at this moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Activity {
    /// Who holds locks in a schema that a migration takes and ordinary reading and writing does not.
    pub migrating: Vec<AtWork>,
    /// Who waits for a lock, the longest wait first.
    pub blocked: Vec<Blocked>,
    /// Who makes others wait without waiting itself, the longest queue first.
    pub blockers: Vec<Blocker>,
    /// Sessions that have written something and not yet committed, other than ours, the oldest first.
    pub writing: Vec<Session>,
    /// Sessions whose client gave the name that was asked for.
    pub named: Vec<Session>,
    /// How full the server is.
    pub connections: Connections,
    /// How full its table of locks is.
    pub locks: Locks,
    /// How many seconds the slowest standby is behind; `None` without one, or without the right to see it.
    pub replay_lag: Option<f64>,
    /// Whether the role may not see what other roles' sessions do: states, waits, durations and queries
    /// of theirs are `None`. `pg_read_all_stats` (or `pg_monitor`) shows them; locks and queues are whole.
    pub partial: bool,
}

/// A session at work in one schema.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AtWork {
    /// The schema.
    pub schema: String,
    /// The relation under the strongest lock, a table rather than its indexes.
    pub relation: String,
    /// That lock's mode, for example `AccessExclusiveLock`.
    pub mode: String,
    /// How many relations of the schema the session holds in such modes.
    pub relations: u32,
    /// The session.
    pub session: Session,
}

/// A session that waits for a lock.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Blocked {
    /// The session.
    pub session: Session,
    /// The mode it wants.
    pub mode: String,
    /// Schema and relation; `None` when it waits for a transaction or something else without a name.
    pub relation: Option<(String, String)>,
    /// How long it has waited, in seconds. `None` when it began this very moment.
    pub waited: Option<f64>,
    /// Who it waits for: holders, and those ahead in the queue. 0 is a prepared transaction.
    pub blocked_by: Vec<i32>,
    /// Who waits for it in turn, directly or not.
    pub queue: Vec<i32>,
}

/// The head of a queue.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Blocker {
    /// The session.
    pub session: Session,
    /// Who waits for it, directly or not.
    pub queue: Vec<i32>,
}

/// One session of `pg_stat_activity`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Session {
    /// Its process on the server.
    pub pid: i32,
    /// The name its client gave; empty when none.
    pub application_name: String,
    /// The role.
    pub role: Option<String>,
    /// For example `active` or `idle in transaction`.
    pub state: Option<String>,
    /// What it waits for, as `Lock:relation` or `Client:ClientRead`.
    pub wait: Option<String>,
    /// How long its transaction has been open, in seconds.
    pub seconds: Option<f64>,
    /// When its client connected, in microseconds since 1970: a number of a process is used again.
    pub started: Option<i64>,
    /// The first 120 characters of the statement it runs or ran last. May hold a customer's data.
    pub query: Option<String>,
}

/// Connections of the whole server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Connections {
    /// Sessions of clients, ours among them.
    pub used: u32,
    /// How many an ordinary role may fill up to: `max_connections` without what is reserved.
    pub limit: u32,
}

/// Locks of the whole server. All share one table; when it is full statements fail with "out of shared memory".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Locks {
    /// Locks in the table.
    pub used: u32,
    /// How many it surely has room for: `max_locks_per_transaction` for each session and prepared transaction.
    pub limit: u32,
}

impl TenantDatabase {
    /// Reads who is at work, who waits and for whom, in a few milliseconds at any fleet size.
    ///
    /// Reads [`pg_locks`](https://www.postgresql.org/docs/current/view-pg-locks.html),
    /// [`pg_stat_activity`](https://www.postgresql.org/docs/current/monitoring-stats.html) and
    /// [`pg_blocking_pids`](https://www.postgresql.org/docs/current/functions-info.html), which follow no
    /// snapshot: a lock taken or released while they are read may appear in one and not in another.
    /// A table that a transaction has just created is not named until that commits. VACUUM and ANALYZE run
    /// by hand appear as `ShareUpdateExclusiveLock`; autovacuum is left out.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn activity(&self) -> Result<Activity, Error> {
        self.ask("reading what runs", async |transaction| read(transaction, "").await).await
    }
}

/// Modes that stop at least all other schema changes, with the strongest lock of each session and schema.
const MIGRATING: &str = r"
SELECT DISTINCT ON (n.nspname, l.pid) n.nspname::text AS schema, c.relname::text AS relation, l.mode, l.pid,
       count(*) OVER (PARTITION BY n.nspname, l.pid) AS relations
FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE l.locktype = 'relation' AND l.granted AND l.pid <> pg_backend_pid()
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND l.mode IN ('AccessExclusiveLock', 'ExclusiveLock', 'ShareRowExclusiveLock', 'ShareLock', 'ShareUpdateExclusiveLock')
  AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
ORDER BY n.nspname, l.pid,
         array_position(ARRAY['AccessExclusiveLock', 'ExclusiveLock', 'ShareRowExclusiveLock', 'ShareLock'], l.mode),
         c.relkind NOT IN ('r', 'p', 'v', 'm', 'f'), c.relname";

/// `pg_blocking_pids` stops the lock manager for a moment, so it is asked for those alone who wait.
const BLOCKED: &str = r"
WITH waiting AS MATERIALIZED (
    SELECT pid, mode, waitstart, database, relation FROM pg_locks WHERE NOT granted
)
SELECT w.pid, w.mode, n.nspname::text AS schema, c.relname::text AS relation,
       extract(epoch FROM clock_timestamp() - w.waitstart)::float8 AS waited,
       (SELECT array_agg(DISTINCT blocker ORDER BY blocker) FROM unnest(pg_blocking_pids(w.pid)) AS blocker) AS blocked_by
FROM waiting w
LEFT JOIN pg_database d ON d.oid = w.database
LEFT JOIN pg_class c ON c.oid = w.relation AND d.datname = current_database()
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE d.datname IS NULL OR d.datname = current_database()
ORDER BY w.waitstart NULLS LAST, w.pid";

const SESSIONS: &str = r"
SELECT pid, application_name, usename::text AS role, state, wait_event_type || ':' || wait_event AS wait,
       extract(epoch FROM clock_timestamp() - xact_start)::float8 AS seconds,
       (extract(epoch FROM backend_start) * 1000000)::bigint AS started,
       CASE WHEN query <> '<insufficient privilege>' THEN left(query, 120) END AS query,
       backend_xid IS NOT NULL AS writing, $2 <> '' AND position($2 IN application_name) > 0 AS named
FROM pg_stat_activity
WHERE (pid = ANY ($1) OR backend_xid IS NOT NULL OR $2 <> '' AND position($2 IN application_name) > 0)
  AND pid <> pg_backend_pid() AND usesysid IS NOT NULL AND datname = current_database()
ORDER BY xact_start NULLS LAST, pid";

/// Columns that [`connections`] reads. `reserved_connections` came with PostgreSQL 16.
pub(super) const CONNECTIONS: &str = "
(SELECT count(*) FROM pg_stat_activity WHERE usesysid IS NOT NULL AND datid IS NOT NULL AND leader_pid IS NULL) AS used,
current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
    - coalesce(current_setting('reserved_connections', true), '0')::int AS room";

/// After [`CONNECTIONS`].
const SERVER: &str = r"
NOT pg_has_role('pg_read_all_stats', 'USAGE') AS partial,
(SELECT count(*) FROM pg_locks WHERE NOT fastpath) AS locks,
current_setting('max_locks_per_transaction')::bigint
    * (current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint) AS lock_room,
(SELECT extract(epoch FROM max(replay_lag))::float8 FROM pg_stat_replication) AS replay_lag";

/// Reads the columns of [`CONNECTIONS`].
pub(super) fn connections(row: &PgRow) -> sqlx::Result<Connections> {
    let (used, room): (i64, i32) = (row.try_get("used")?, row.try_get("room")?);
    Ok(Connections { used: u32::try_from(used).unwrap_or(u32::MAX), limit: u32::try_from(room).unwrap_or(0) })
}

/// `name` is what the client of some sessions may have given as a part of its name; empty names nobody.
pub(super) async fn read(connection: &mut PgConnection, name: &str) -> sqlx::Result<Activity> {
    let migrating = sqlx::query(MIGRATING).persistent(false).fetch_all(&mut *connection).await?;
    let blocked = sqlx::query(BLOCKED).persistent(false).fetch_all(&mut *connection).await?;
    let waits: BTreeMap<i32, Vec<i32>> = blocked
        .iter()
        .map(|row| Ok((row.try_get("pid")?, row.try_get::<Option<Vec<i32>>, _>("blocked_by")?.unwrap_or_default())))
        .collect::<sqlx::Result<_>>()?;
    let mut pids: BTreeSet<i32> = waits.iter().flat_map(|(pid, ahead)| ahead.iter().chain([pid])).copied().collect();
    for row in &migrating {
        pids.insert(row.try_get("pid")?);
    }
    let pids: Vec<i32> = pids.into_iter().collect();
    let sessions = sqlx::query(SESSIONS).persistent(false).bind(&pids).bind(name).fetch_all(&mut *connection).await?;
    let such = |what: &str| {
        let such =
            sessions.iter().filter_map(|row| row.try_get(what).map(|is: bool| is.then(|| session(row))).transpose());
        such.map(|found| found?).collect::<sqlx::Result<Vec<Session>>>()
    };
    let (writing, named) = (such("writing")?, such("named")?);
    let sessions: BTreeMap<i32, Session> =
        sessions.iter().map(|row| session(row).map(|session| (session.pid, session))).collect::<sqlx::Result<_>>()?;
    let server = format!("SELECT {CONNECTIONS}, {SERVER}");
    let server = sqlx::query(&server).persistent(false).fetch_one(connection).await?;

    let at_work = migrating.iter().filter_map(|row| at_work(row, &sessions).transpose());
    let waiting = blocked.iter().filter_map(|row| waiting(row, &waits, &sessions).transpose());
    let (locks, lock_room): (i64, i64) = (server.try_get("locks")?, server.try_get("lock_room")?);
    Ok(Activity {
        migrating: at_work.collect::<sqlx::Result<_>>()?,
        blocked: waiting.collect::<sqlx::Result<_>>()?,
        blockers: heads(&waits, &sessions),
        writing,
        named,
        locks: Locks {
            used: u32::try_from(locks).unwrap_or(u32::MAX),
            limit: u32::try_from(lock_room).unwrap_or(u32::MAX),
        },
        replay_lag: server.try_get("replay_lag")?,
        connections: connections(&server)?,
        partial: server.try_get("partial")?,
    })
}

fn session(row: &PgRow) -> sqlx::Result<Session> {
    Ok(Session {
        pid: row.try_get("pid")?,
        application_name: row.try_get::<Option<String>, _>("application_name")?.unwrap_or_default(),
        role: row.try_get("role")?,
        state: row.try_get("state")?,
        wait: row.try_get("wait")?,
        seconds: row.try_get("seconds")?,
        started: row.try_get("started")?,
        query: row.try_get("query")?,
    })
}

/// `None` for a session that is gone, or is autovacuum.
fn at_work(row: &PgRow, sessions: &BTreeMap<i32, Session>) -> sqlx::Result<Option<AtWork>> {
    let Some(session) = sessions.get(&row.try_get("pid")?).cloned() else { return Ok(None) };
    let relations: i64 = row.try_get("relations")?;
    Ok(Some(AtWork {
        schema: row.try_get("schema")?,
        relation: row.try_get("relation")?,
        mode: row.try_get("mode")?,
        relations: u32::try_from(relations).unwrap_or(u32::MAX),
        session,
    }))
}

/// `None` for a session that is gone, or belongs to another database.
fn waiting(
    row: &PgRow,
    waits: &BTreeMap<i32, Vec<i32>>,
    sessions: &BTreeMap<i32, Session>,
) -> sqlx::Result<Option<Blocked>> {
    let pid: i32 = row.try_get("pid")?;
    let Some(session) = sessions.get(&pid).cloned() else { return Ok(None) };
    let schema: Option<String> = row.try_get("schema")?;
    Ok(Some(Blocked {
        session,
        mode: row.try_get("mode")?,
        relation: schema.zip(row.try_get("relation")?),
        waited: row.try_get("waited")?,
        blocked_by: waits.get(&pid).cloned().unwrap_or_default(),
        queue: queue(pid, waits),
    }))
}

/// Those who are waited for and do not wait. A prepared transaction or a session of another database has
/// a number and nothing more.
fn heads(waits: &BTreeMap<i32, Vec<i32>>, sessions: &BTreeMap<i32, Session>) -> Vec<Blocker> {
    let ours = waits.iter().filter(|(pid, _)| sessions.contains_key(pid));
    let heads: BTreeSet<i32> =
        ours.flat_map(|(_, ahead)| ahead).copied().filter(|pid| !waits.contains_key(pid)).collect();
    let blocker = |pid| Blocker {
        session: sessions.get(&pid).cloned().unwrap_or(Session { pid, ..Session::default() }),
        queue: queue(pid, waits),
    };
    let mut blockers: Vec<Blocker> = heads.into_iter().map(blocker).collect();
    blockers.sort_by_key(|blocker| std::cmp::Reverse(blocker.queue.len()));
    blockers
}

/// Everybody who waits for this one, directly or through others.
fn queue(pid: i32, waits: &BTreeMap<i32, Vec<i32>>) -> Vec<i32> {
    let mut behind = BTreeSet::new();
    let mut reached = vec![pid];
    while let Some(ahead) = reached.pop() {
        let direct = waits.iter().filter(|(_, blockers)| blockers.contains(&ahead)).map(|(pid, _)| *pid);
        reached.extend(direct.filter(|next| *next != pid && behind.insert(*next)).collect::<Vec<_>>());
    }
    behind.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_followed_to_its_end_and_through_circles() {
        // 2 waits for 1; 3 for 2 and 1; 4 for 3. 5 and 6 wait for each other, a deadlock not yet broken.
        let waits = BTreeMap::from([(2, vec![1]), (3, vec![1, 2]), (4, vec![3]), (5, vec![6]), (6, vec![5])]);
        assert_eq!(queue(1, &waits), [2, 3, 4]);
        assert_eq!(queue(3, &waits), [4]);
        assert_eq!(queue(5, &waits), [6]);
        let sessions = waits.keys().map(|pid| (*pid, Session { pid: *pid, ..Session::default() })).collect();
        let heads = heads(&waits, &sessions);
        assert_eq!(heads.len(), 1);
        assert_eq!((heads[0].session.pid, &*heads[0].queue), (1, &[2, 3, 4][..]));
    }
}
