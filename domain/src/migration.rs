//! A migration while it runs, as the tenant database shows it: how far it is, how long it may take, who stands in
//! its way. The log of the job is no part of this.

mod estimate;
mod say;
#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::log::Executor;

pub use self::{
    estimate::{Estimate, Learnt, Source, learnt},
    say::{after, blocked_line, field, place, session},
};

/// What one look at a tenant database showed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sight {
    /// How many migrations `public` has recorded: what a tenant must have. `None` where that cannot be read.
    pub target: Option<u32>,
    /// How many of them were recorded since the job began. None at first: the shared step comes before the tenants.
    pub released: u32,
    /// Those, as `app.name`.
    #[serde(skip)]
    pub released_names: Vec<String>,
    /// Tenants with a ledger of their own.
    pub tenants: u32,
    /// Those that have recorded all of the target.
    pub done: u32,
    /// Those that lack some, and have recorded some since the job began or are being changed.
    pub in_work: u32,
    /// Those whose ledger could not be read.
    pub unknown: u32,
    /// The first few in work.
    pub at_work: Vec<AtWork>,
    /// Migrations that tenants have recorded since the job began, all together.
    pub applied: u64,
    /// Migrations that tenants lack, all together.
    pub left: u64,
    /// Who holds and who waits.
    pub sentinel: Sentinel,
    /// This moment as the database knows it, to ask later what was changed since; an adapter's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moment: Option<String>,
}

/// A tenant at work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtWork {
    /// Its schema.
    pub tenant: String,
    /// The first migration that it lacks, as `app.name`.
    pub next: Option<String>,
    /// How many it lacks.
    pub left: u32,
}

/// Who holds and who waits, and how full the server is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sentinel {
    /// Those who want to change a schema and wait for a lock, the longest first; a few.
    pub waits: Vec<Wait>,
    /// Processes of sessions that hold locks as a migration does.
    pub migrating: Vec<i32>,
    /// Processes of sessions whose name has the number of the run in it (`PGAPPNAME`).
    pub named: Vec<i32>,
    /// Processes of sessions that have written something and not yet committed.
    pub writing: Vec<i32>,
    /// Sessions on the server, against how many there may be.
    pub connections: Share,
    /// Locks in the server's table, against how many surely fit.
    pub locks: Share,
    /// How many seconds the slowest standby is behind.
    pub replay_lag: Option<u64>,
}

/// How full something is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Taken.
    pub used: u32,
    /// All there is.
    pub limit: u32,
}

impl Share {
    /// Whether at least so many hundredths are taken.
    #[must_use]
    pub fn is_over(self, percent: u64) -> bool {
        self.limit > 0 && u64::from(self.used) * 100 >= u64::from(self.limit) * percent
    }
}

/// Somebody who waits for a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// The process that waits.
    pub pid: i32,
    /// What it wants, as in `ACCESS EXCLUSIVE`.
    pub mode: String,
    /// On what, as `schema.table`.
    pub relation: Option<String>,
    /// For how many seconds.
    pub seconds: u64,
    /// How many wait behind it.
    pub behind: u32,
    /// Who is at the head of the queue.
    pub by: Option<Session>,
}

/// A session of the tenant database.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its process on the server; 0 is a transaction that was prepared and left.
    pub pid: i32,
    /// The name its client gave.
    pub name: String,
    /// Its role.
    pub role: Option<String>,
    /// What it does, such as `idle in transaction`; `None` when we may not see that.
    pub state: Option<String>,
    /// For how many seconds its transaction has been open.
    pub seconds: Option<u64>,
    /// When it began, in microseconds since 1970: a process' number is used again.
    pub started: Option<i64>,
}

impl Session {
    /// Whether it does nothing and keeps its transaction open. Then there is no statement to cancel.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.state.as_deref().is_some_and(|state| state.starts_with("idle"))
    }

    /// What ends what it does, as one would type it into psql.
    #[must_use]
    pub fn sql(&self) -> String {
        let function = if self.is_idle() { "pg_terminate_backend" } else { "pg_cancel_backend" };
        format!("SELECT {function}({});", self.pid)
    }
}

/// How far a migration was at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// When.
    pub at: Timestamp,
    /// How many migrations had been applied to tenants, all together.
    pub applied: u64,
}

/// The database does not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silent {
    /// Since when.
    pub since: Timestamp,
    /// Why; plain text.
    pub why: String,
}

/// What the tenants were like when the job had ended, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// When that was read.
    pub at: Timestamp,
    /// Whether all is as it should be.
    pub good: bool,
    /// One sentence; plain text.
    pub says: String,
    /// The first few tenants that are not; plain text.
    pub lines: Vec<String>,
    /// How many more there are.
    pub more: u32,
}

/// A migration job that is or was followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Migration {
    /// GitHub's number of the job.
    pub job: u64,
    /// When the job began, by GitHub's clock.
    pub since: Timestamp,
    /// When it had ended.
    #[serde(default)]
    pub over: Option<Timestamp>,
    /// What the latest look showed.
    #[serde(default)]
    pub sight: Option<Sight>,
    /// When something last moved in the ledgers, by our clock.
    pub moved: Timestamp,
    /// How far it was when.
    #[serde(default)]
    pub samples: Vec<Sample>,
    /// What earlier migrations of this fleet took.
    #[serde(default)]
    pub learnt: Option<Learnt>,
    /// The database does not answer.
    #[serde(default)]
    pub silent: Option<Silent>,
    /// Processes that were last seen to migrate.
    #[serde(default)]
    pub sessions: Vec<i32>,
    /// Whether sessions had the number of the run in their name.
    #[serde(default)]
    pub is_named: bool,
    /// Processes that have been writing at every look since something moved.
    #[serde(default)]
    pub steady: Vec<i32>,
    /// Since when it is held to hang.
    #[serde(default)]
    pub stuck: Option<Timestamp>,
    /// Sessions that the job left behind, once it is over.
    #[serde(default)]
    pub orphans: Vec<i32>,
    /// Whether the sessions were looked at after its end.
    #[serde(default)]
    pub is_looked_after: bool,
    /// The moment of the first look, when nothing had been applied yet.
    #[serde(default)]
    pub moment: Option<String>,
    /// What the tenants were like afterwards.
    #[serde(default)]
    pub found: Option<Found>,
    /// What migrated, as the log had it in the end.
    #[serde(default)]
    pub executor: Option<Executor>,
    /// The wait that was told.
    #[serde(default)]
    pub told_wait: Option<String>,
}

/// How many samples are kept; then every other one is dropped.
const SAMPLES: usize = 64;
/// For how long a database that does not answer is asked what a job left behind.
const ORPHANED: SignedDuration = SignedDuration::from_hours(1);
/// How often that is looked at, and a database that does not answer.
const SLOWLY: SignedDuration = SignedDuration::from_secs(10);

impl Migration {
    /// A job that has just been seen to migrate.
    #[must_use]
    pub fn begun(job: u64, since: Timestamp, now: Timestamp) -> Self {
        Self {
            job,
            since,
            over: None,
            sight: None,
            moved: now,
            samples: vec![],
            learnt: None,
            silent: None,
            sessions: vec![],
            is_named: false,
            steady: vec![],
            stuck: None,
            orphans: vec![],
            is_looked_after: false,
            moment: None,
            found: None,
            executor: None,
            told_wait: None,
        }
    }

    /// How long to wait before the next look; `None`: there is nothing more to see.
    #[must_use]
    pub fn next_look(&self, pace: SignedDuration, now: Timestamp) -> Option<SignedDuration> {
        match self.over {
            None if self.silent.is_some() => Some(pace.max(SLOWLY)),
            None => Some(pace),
            Some(_) if !self.orphans.is_empty() => Some(pace.max(SLOWLY)),
            Some(over) if !self.is_looked_after && now.duration_since(over) < ORPHANED => Some(pace.max(SLOWLY)),
            Some(_) => None,
        }
    }

    /// Takes in what a look showed.
    pub fn take_in(&mut self, sight: Sight, now: Timestamp) {
        self.silent = None;
        let far = |sight: &Sight| (sight.target, sight.tenants, sight.applied, sight.left);
        let first = self.sight.is_none();
        if first && sight.applied == 0 {
            self.moment.clone_from(&sight.moment);
        }
        let writing = &sight.sentinel.writing;
        if self.sight.as_ref().map(far) == Some(far(&sight)) {
            self.steady.retain(|pid| writing.contains(pid));
        } else {
            self.moved = now;
            self.steady.clone_from(writing);
            self.samples.push(Sample { at: now, applied: sight.applied });
            if self.samples.len() > SAMPLES {
                let mut n = 0;
                self.samples.retain(|_| {
                    n += 1;
                    n % 2 == 1 || n > SAMPLES
                });
            }
        }
        let Sentinel { named, migrating, waits, .. } = &sight.sentinel;
        if self.over.is_some() {
            let left = |pid: &i32| named.contains(pid) || self.sessions.contains(pid);
            let all = named.iter().chain(migrating).copied().chain(waits.iter().map(|wait| wait.pid));
            let mut orphans: Vec<i32> = all.filter(left).collect();
            orphans.sort_unstable();
            orphans.dedup();
            self.orphans = orphans;
            self.is_looked_after = true;
        } else {
            self.is_named |= !named.is_empty();
            let mut sessions: Vec<i32> =
                named.iter().chain(migrating).copied().chain(waits.iter().map(|wait| wait.pid)).collect();
            sessions.sort_unstable();
            sessions.dedup();
            if !sessions.is_empty() {
                self.sessions = sessions;
            }
        }
        self.sight = Some(Sight { moment: None, released_names: vec![], ..sight });
    }

    /// Whether it hangs: the job is at work and its migrations are not, for so long that nothing explains it. A worker
    /// of the multiprocessing executor that is killed leaves its parent waiting for ever.
    #[must_use]
    pub fn hangs(&self, patience: SignedDuration, now: Timestamp) -> bool {
        let Some(sight) = &self.sight else { return false };
        let Sentinel { waits, migrating, named, .. } = &sight.sentinel;
        let begun = sight.applied > 0 || !self.sessions.is_empty();
        // Without names, whoever has been writing all the time may be the migration.
        let nobody = if self.is_named { named.is_empty() } else { self.steady.is_empty() };
        self.over.is_none()
            && self.silent.is_none()
            && begun
            && sight.left > 0
            && waits.is_empty()
            && migrating.is_empty()
            && nobody
            && now.duration_since(self.moved) >= patience
    }

    /// The longest wait that somebody causes, if there is one.
    #[must_use]
    pub fn blocked(&self) -> Option<&Wait> {
        let sight = self.sight.as_ref().filter(|_| self.silent.is_none())?;
        let ours = |wait: &&Wait| self.over.is_none() || self.orphans.contains(&wait.pid);
        sight.sentinel.waits.iter().find(ours)
    }
}
