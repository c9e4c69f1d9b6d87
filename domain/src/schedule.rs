//! When Signalbox looks after things by itself: minutes of local time as cron writes them, and what is done then.
//!
//! A firing is a row in the store. Whoever claims it does the work; the next one is planned when it has ended, from
//! that time on: so one that takes long is not overtaken by the next, and what was missed is made up for once.

mod say;
#[cfg(test)]
mod tests;

use jiff::{
    Timestamp, ToSpan, Unit,
    civil::{Date, DateTime, Time},
    tz::TimeZone,
};
use serde::{Deserialize, Serialize};

pub use self::say::schedules;
use crate::{environment::Environment, evidence::Answer, gate::Minutes, ids::EnvironmentName};

/// How far firings are looked for, in days: the 29th of February is at most eight years away.
const HORIZON: i32 = 8 * 366 + 2;

/// Something that is done on a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// Ask the running applications whether they are well.
    Health,
    /// Ask many addresses, such as those of all tenants.
    Smoke,
    /// Look for schemas that appear or vanish.
    Schemas,
    /// Look for tenants that differ from the others.
    Drift,
    /// Look for tenants that reach into others.
    Isolation,
    /// Look for rows, domains and schemas that contradict each other.
    Registry,
    /// Look for ledgers that are not the truth.
    Ledger,
    /// Try out whether a pooler mixes tenants up.
    Pooler,
    /// See whether the database answers, how full its server is, and how it grows.
    Database,
    /// Look for secrets and variables that are missing or old.
    Secrets,
    /// Say what is open, and what happened since yesterday.
    Digest,
    /// Say what the week was like.
    Weekly,
}

impl Work {
    /// All of it.
    pub const ALL: [Self; 12] = [
        Self::Health,
        Self::Smoke,
        Self::Schemas,
        Self::Drift,
        Self::Isolation,
        Self::Registry,
        Self::Ledger,
        Self::Pooler,
        Self::Database,
        Self::Secrets,
        Self::Digest,
        Self::Weekly,
    ];

    /// A word for it, as the configuration writes it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Health => "health",
            Self::Smoke => "smoke",
            Self::Schemas => "schemas",
            Self::Drift => "drift",
            Self::Isolation => "isolation",
            Self::Registry => "registry",
            Self::Ledger => "ledger",
            Self::Pooler => "pooler",
            Self::Database => "database",
            Self::Secrets => "secrets",
            Self::Digest => "digest",
            Self::Weekly => "weekly",
        }
    }

    /// The other way round.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|work| work.word() == text)
    }

    /// When it is done where no schedule says so, in UTC; `None`: then it is not.
    #[must_use]
    pub fn usual(self) -> Option<&'static str> {
        match self {
            Self::Health => Some("* * * * *"),
            Self::Smoke => Some("*/15 * * * *"),
            Self::Schemas => Some("*/5 * * * *"),
            // In the same minute, so that they share one reading.
            Self::Drift | Self::Isolation | Self::Registry | Self::Ledger => Some("11 * * * *"),
            // It may disturb an application behind a pooler for milliseconds, so somebody must want it.
            Self::Pooler => None,
            Self::Database => Some("*/2 * * * *"),
            Self::Secrets => Some("23 * * * *"),
            // When people want to read it is for them to say.
            Self::Digest | Self::Weekly => None,
        }
    }

    /// Whether there is anything to do for an environment.
    ///
    /// # Errors
    /// What it lacks, after its name.
    pub fn concerns(self, environment: &Environment) -> Result<(), &'static str> {
        let (is_there, lacks) = match self {
            Self::Health => (!environment.health.is_empty(), "has no [[environment.health]]"),
            Self::Smoke => (!environment.smoke.is_empty(), "has no [[environment.smoke]]"),
            Self::Schemas
            | Self::Drift
            | Self::Isolation
            | Self::Registry
            | Self::Ledger
            | Self::Pooler
            | Self::Database => (environment.database.is_some(), "has no tenant `database`"),
            Self::Secrets => (
                environment.github_environment.is_some() || !environment.required_secrets.is_empty(),
                "has no `github_environment`",
            ),
            Self::Digest | Self::Weekly => (true, ""),
        };
        is_there.then_some(()).ok_or(lacks)
    }
}

/// When something is done.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// Its name; each has its own.
    pub name: String,
    /// In which minutes.
    pub minutes: Minutes,
    /// Whose local time that is.
    pub zone: TimeZone,
    /// What is done.
    pub work: Work,
    /// For which environments.
    pub environments: Vec<EnvironmentName>,
}

/// A schedule never fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such day, so it would never fire")]
pub struct Never;

impl Schedule {
    /// What it fires by. Once this has changed, it is planned anew.
    #[must_use]
    pub fn spec(&self) -> String {
        format!("{} {}", self.minutes.as_str(), self.zone.iana_name().unwrap_or("UTC"))
    }

    /// The first firing after a time; `None` when there is none.
    ///
    /// What fires in every hour fires by elapsed time, also in the night in which clocks change. A time of day comes
    /// once a day: where clocks skip it, as much later as they skip; where they repeat it, the first time.
    #[must_use]
    pub fn next_firing(&self, after: Timestamp) -> Option<Timestamp> {
        let today = self.zone.to_datetime(after).date();
        // What was skipped at the end of a day comes on the next one.
        let first = if self.minutes.is_hourly() { today } else { today.yesterday().unwrap_or(today) };
        let days = (0..HORIZON).map_while(|n| first.checked_add(n.days()).ok());
        days.filter(|day| self.minutes.fits_day(DateTime::from_parts(*day, Time::midnight())))
            .find_map(|day| self.first_of(day, after))
    }

    fn first_of(&self, day: Date, after: Timestamp) -> Option<Timestamp> {
        if self.minutes.is_hourly() {
            let (begin, end) = (self.begin_of(day)?, self.begin_of(day.tomorrow().ok()?)?);
            let mut at = begin.max(next_minute(after)?);
            while at < end {
                let minute = self.zone.to_datetime(at).minute();
                if self.minutes.fits_minute(minute) {
                    return Some(at);
                }
                at = at.checked_add(i64::from(self.minutes.minutes_after(minute)).minutes()).ok()?;
            }
            return None;
        }
        let times = self.minutes.times().filter_map(|(hour, minute)| {
            let local = day.at(hour, minute, 0, 0);
            self.zone.to_ambiguous_timestamp(local).compatible().ok()
        });
        times.filter(|at| *at > after).min()
    }

    fn begin_of(&self, day: Date) -> Option<Timestamp> {
        self.zone.to_ambiguous_timestamp(day.at(0, 0, 0, 0)).compatible().ok()
    }

    /// The next firings after a time, at most `count`.
    #[must_use]
    pub fn next_firings(&self, after: Timestamp, count: usize) -> Vec<Timestamp> {
        std::iter::successors(self.next_firing(after), |at| self.next_firing(*at)).take(count).collect()
    }

    /// Whether it ever fires.
    ///
    /// # Errors
    /// [`Never`], such as on the 30th of February.
    pub fn check(&self, now: Timestamp) -> Result<(), Never> {
        self.next_firing(now).map(|_| ()).ok_or(Never)
    }
}

/// The first whole minute after a time.
fn next_minute(after: Timestamp) -> Option<Timestamp> {
    let minute = jiff::TimestampRound::new().smallest(Unit::Minute).mode(jiff::RoundMode::Floor);
    after.round(minute).ok()?.checked_add(1.minute()).ok()
}

/// What came of a firing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// How it went; [`Answer::Unknown`] when it could not be done.
    pub answer: Answer,
    /// One sentence that says it, safe to show.
    pub says: String,
}

/// A firing that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ran {
    /// For when it was planned.
    pub due: Timestamp,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// What came of it.
    pub outcome: Outcome,
}

/// How a schedule stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its name.
    pub name: String,
    /// For when its next firing is planned; in the past: it is to be made up for.
    pub due: Timestamp,
    /// Until when somebody has taken it, if somebody has.
    pub leased_until: Option<Timestamp>,
    /// What came of the last one.
    pub last: Option<Ran>,
}
