//! Whether any DDL happened, in milliseconds at any fleet size.
//!
//! Each schema change writes rows of system catalogs, and PostgreSQL counts rows written per table
//! ([statistics functions](https://www.postgresql.org/docs/current/monitoring-stats.html)). Ordinary
//! INSERTs, ANALYZE and VACUUM move none of these counters; temporary tables, TRUNCATE, REINDEX and
//! rolled back DDL do, which costs a needless look and hides nothing.

mod catalogs;
mod changed;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, Row};

use crate::{Error, TenantDatabase};
use catalogs::CATALOGS;
pub(crate) use changed::Horizon;
pub use changed::{Changed, Watermark};

/// The catalogs' counters at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pulse {
    identity: Identity,
    standby: bool,
    counting: bool,
    version: i32,
    counters: BTreeMap<String, Counters>,
}

/// Which counting this is. A restart, a failover, a crash or a reset begins another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Identity {
    database: i64,
    /// Microseconds; a server that was failed over to was started at another time.
    started: i64,
    /// Microseconds.
    reset: Option<i64>,
    /// Microseconds. Moves when a crash threw the counters away, which leaves `started` as it was.
    crashed: Option<i64>,
}

/// Rows written since counting began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Counters {
    inserted: i64,
    updated: i64,
    deleted: i64,
}

/// What one pulse says about another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// No DDL was counted.
    Nothing,
    /// DDL was counted, in whichever schema.
    Something,
    /// The two cannot be compared; only a full pass tells.
    Unsure(Doubt),
}

/// Why a change cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// It is another database than before.
    OtherDatabase,
    /// The server was restarted, or another one answers.
    Restarted,
    /// The counters were reset or lost in a crash.
    Reset,
    /// A standby does not count what it replays.
    Standby,
    /// `track_counts` is off, for us or in the settings of a role or database.
    NotCounting,
    /// Something was removed, and what is gone does not say where it was.
    Removed,
    /// Something changed that belongs to no schema or to one that is not ours to name.
    Elsewhere,
    /// Too many transactions ago: their numbers have come round.
    TooLongAgo,
}

impl fmt::Display for Doubt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::OtherDatabase => "this is another database",
            Self::Restarted => "the server was restarted or replaced",
            Self::Reset => "the server's counters were reset",
            Self::Standby => "the server is a standby, which does not count changes",
            Self::NotCounting => "track_counts is off",
            Self::Removed => "something was removed",
            Self::Elsewhere => "something changed that belongs to no tenant",
            Self::TooLongAgo => "too many transactions have passed",
        })
    }
}

impl Pulse {
    /// What happened from the earlier pulse to this one.
    ///
    /// `Nothing` holds for what was committed [`Pulse::lag`] before this pulse.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Change {
        let (now, then) = (&self.identity, &earlier.identity);
        let doubts = [
            (now.database != then.database, Doubt::OtherDatabase),
            (self.standby || earlier.standby, Doubt::Standby),
            (now.started != then.started, Doubt::Restarted),
            (!self.counting || !earlier.counting, Doubt::NotCounting),
            (now.reset != then.reset || now.crashed != then.crashed || self.fell_since(earlier), Doubt::Reset),
        ];
        match doubts.into_iter().find(|(holds, _)| *holds) {
            Some((_, doubt)) => Change::Unsure(doubt),
            None if self.counters == earlier.counters => Change::Nothing,
            None => Change::Something,
        }
    }

    /// How late a session's counts may arrive. They come at once when it ends or goes on working, and after
    /// ten seconds when it stays idle. `None`: PostgreSQL 14 has no such limit: an idle session keeps its
    /// last counts until its next statement, and what it hands in is seen half a second later, so a full pass is due now and then whatever the counters say.
    #[must_use]
    pub fn lag(&self) -> Option<Duration> {
        (self.version >= 150_000).then_some(Duration::from_secs(10))
    }

    fn fell_since(&self, earlier: &Self) -> bool {
        let fell = |(name, then): (&String, &Counters)| {
            let now = self.counters.get(name).copied().unwrap_or_default();
            now.inserted < then.inserted || now.updated < then.updated || now.deleted < then.deleted
        };
        earlier.counters.iter().any(fell)
    }

    /// How the counters of one catalog moved; of a catalog the server does not have, not at all.
    fn moved(&self, earlier: &Self, catalog: &str) -> Counters {
        let of = |pulse: &Self| pulse.counters.get(catalog).copied().unwrap_or_default();
        let (now, then) = (of(self), of(earlier));
        Counters {
            inserted: now.inserted - then.inserted,
            updated: now.updated - then.updated,
            deleted: now.deleted - then.deleted,
        }
    }
}

impl TenantDatabase {
    /// Reads the counters; costs the server one or two milliseconds.
    ///
    /// Take it *before* the pass it stands for, never within or after: counters follow no snapshot, and one
    /// read later may already hold what the pass could not see.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn pulse(&self) -> Result<Pulse, Error> {
        self.ask("reading the counters", async |transaction| read(transaction).await).await
    }
}

/// A role or database may be set not to count; a session that does so by itself (superusers only) is not seen.
const SERVER: &str = r"
SELECT d.oid::bigint AS database,
       (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint AS started,
       (extract(epoch FROM pg_stat_get_db_stat_reset_time(d.oid)) * 1000000)::bigint AS reset,
       (extract(epoch FROM pg_stat_get_bgwriter_stat_reset_time()) * 1000000)::bigint AS crashed,
       pg_is_in_recovery() AS standby, current_setting('server_version_num')::int AS version,
       current_setting('track_counts')::bool AND NOT EXISTS (
           SELECT FROM pg_db_role_setting, unnest(setconfig) AS setting
           WHERE setdatabase IN (0, d.oid) AND setting LIKE 'track_counts=%' AND setting <> 'track_counts=on'
       ) AS counting
FROM pg_database d WHERE d.datname = current_database()";

const COUNTERS: &str = r"
SELECT c.name, pg_stat_get_tuples_inserted(c.oid), pg_stat_get_tuples_updated(c.oid), pg_stat_get_tuples_deleted(c.oid)
FROM (SELECT name, to_regclass('pg_catalog.' || name)::oid AS oid FROM unnest($1::text[]) AS name) AS c
WHERE c.oid IS NOT NULL";

pub(crate) async fn read(connection: &mut PgConnection) -> sqlx::Result<Pulse> {
    let server = sqlx::query(SERVER).persistent(false).fetch_one(&mut *connection).await?;
    let names: Vec<&str> = CATALOGS.iter().map(|catalog| catalog.name).collect();
    let rows = sqlx::query(COUNTERS).persistent(false).bind(names).fetch_all(connection).await?;
    let counters = |row: &sqlx::postgres::PgRow| {
        let (inserted, updated, deleted) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        Ok((row.try_get(0)?, Counters { inserted, updated, deleted }))
    };
    Ok(Pulse {
        identity: Identity {
            database: server.try_get("database")?,
            started: server.try_get("started")?,
            reset: server.try_get("reset")?,
            crashed: server.try_get("crashed")?,
        },
        standby: server.try_get("standby")?,
        counting: server.try_get("counting")?,
        version: server.try_get("version")?,
        counters: rows.iter().map(counters).collect::<sqlx::Result<_>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pulse(inserted: i64) -> Pulse {
        let counters = Counters { inserted, updated: 7, deleted: 3 };
        Pulse {
            identity: Identity { database: 5, started: 1, reset: None, crashed: Some(1) },
            standby: false,
            counting: true,
            version: 150_018,
            counters: BTreeMap::from([("pg_class".to_owned(), counters)]),
        }
    }

    #[test]
    fn counters_that_stand_still_mean_nothing_and_any_that_moves_means_something() {
        assert_eq!(pulse(10).since(&pulse(10)), Change::Nothing);
        assert_eq!(pulse(11).since(&pulse(10)), Change::Something);
        let mut new_catalog = pulse(10);
        new_catalog.counters.insert("pg_policy".to_owned(), Counters::default());
        assert_eq!(new_catalog.since(&pulse(10)), Change::Something);
    }

    #[test]
    fn another_counting_is_never_taken_for_nothing() {
        type Edit = fn(&mut Pulse);
        let cases: [(Edit, Doubt); 8] = [
            (|pulse| pulse.identity.database = 6, Doubt::OtherDatabase),
            (|pulse| pulse.identity.started = 2, Doubt::Restarted),
            (|pulse| pulse.identity.reset = Some(2), Doubt::Reset),
            (|pulse| pulse.identity.crashed = Some(2), Doubt::Reset),
            (|pulse| pulse.standby = true, Doubt::Standby),
            (|pulse| pulse.counting = false, Doubt::NotCounting),
            (|pulse| pulse.counters = pulse_counters(9), Doubt::Reset),
            (|pulse| pulse.counters = BTreeMap::new(), Doubt::Reset),
        ];
        for (edit, doubt) in cases {
            let mut now = pulse(10);
            edit(&mut now);
            assert_eq!(now.since(&pulse(10)), Change::Unsure(doubt));
        }
    }

    fn pulse_counters(inserted: i64) -> BTreeMap<String, Counters> {
        pulse(inserted).counters
    }

    #[test]
    fn only_newer_servers_bound_how_late_a_count_may_come() {
        assert_eq!(pulse(1).lag(), Some(Duration::from_secs(10)));
        assert_eq!(Pulse { version: 140_011, ..pulse(1) }.lag(), None);
    }
}
