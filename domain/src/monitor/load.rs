//! Whether the tenant database answers, how full its server is, and how it grows.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    alert::{Alert, Severity},
    ids::EnvironmentName,
    migration::Share,
    text::{bytes, clip, plain},
};

/// How many looks must agree before it is said that a database does not answer, or that connections run out.
pub const AGREEING: u32 = 3;
/// How often the size is looked at, which reads every file's length.
const SIZE_EVERY: SignedDuration = SignedDuration::from_mins(60);
/// Over what time growth is looked at, and how long sizes are kept.
const DAY: SignedDuration = SignedDuration::from_hours(24);
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);
/// A database that grew by half in a day, and by this many bytes, grew strangely.
const STRANGE_GROWTH: u64 = 1_000_000_000;

/// What a look at a server showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Sessions of clients on the whole server.
    pub connections: Share,
    /// Bytes on disk of the database, where it was asked.
    pub bytes: Option<u64>,
}

/// What is remembered of a tenant database's server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Vitals {
    /// Looks without an answer, one after the other.
    silent: u32,
    /// Since when.
    silent_since: Option<Timestamp>,
    /// Why, as the latest look said; plain text.
    why: String,
    /// Looks at which connections ran out, one after the other.
    crowded: u32,
    /// Since when.
    crowded_since: Option<Timestamp>,
    /// Whether it was said.
    is_crowded: bool,
    /// The latest of them.
    connections: Option<Share>,
    /// Sizes in bytes of the last week, the oldest first.
    sizes: Vec<(Timestamp, u64)>,
}

impl Vitals {
    /// Whether this look should ask for the size.
    #[must_use]
    pub fn wants_size(&self, now: Timestamp) -> bool {
        self.sizes.last().is_none_or(|(at, _)| now.duration_since(*at) >= SIZE_EVERY)
    }

    /// Adds what a look showed, or why it showed nothing.
    pub fn look(&mut self, found: Result<Load, String>, at: Timestamp) {
        let load = match found {
            Ok(load) => load,
            Err(why) => {
                self.silent += 1;
                self.silent_since.get_or_insert(at);
                self.why = why;
                return;
            }
        };
        (self.silent, self.silent_since) = (0, None);
        self.why.clear();
        self.connections = Some(load.connections);
        if let Some(bytes) = load.bytes {
            self.sizes.retain(|(seen, _)| at.duration_since(*seen) <= WEEK);
            self.sizes.push((at, bytes));
        }
        // Said from 80 % on, taken back below 70 %, so that it does not flap.
        let (used, limit) = (u64::from(load.connections.used), u64::from(load.connections.limit));
        if used * 10 >= limit * 8 {
            self.crowded += 1;
            self.crowded_since.get_or_insert(at);
            self.is_crowded |= self.crowded >= AGREEING;
        } else if !self.is_crowded || used * 10 < limit * 7 {
            (self.crowded, self.crowded_since, self.is_crowded) = (0, None, false);
        }
    }

    /// Every condition that this knows of, by its key; `None` where it does not hold. What a silent database could
    /// have told is left as it is.
    #[must_use]
    pub fn alerts(&self, environment: &EnvironmentName) -> Vec<(String, Option<Alert>)> {
        let mut all = vec![(format!("database:{environment}"), self.silence(environment))];
        if self.silent == 0 {
            all.push((format!("connections:{environment}"), self.crowd(environment)));
            all.push((format!("size:{environment}"), self.growth(environment)));
        }
        all
    }

    /// How it stands, after the environment's name.
    #[must_use]
    pub fn says(&self) -> String {
        match (self.silent, self.connections) {
            (0, Some(Share { used, limit })) => {
                let size = self.sizes.last().map(|(_, size)| format!(", {}", bytes(*size))).unwrap_or_default();
                format!("has {used} of {limit} connections in use{size}")
            }
            (0, None) => "was not looked at yet".into(),
            (1, _) => "did not answer".into(),
            (silent, _) => format!("did not answer {silent} looks in a row"),
        }
    }

    fn silence(&self, environment: &EnvironmentName) -> Option<Alert> {
        let since = self.silent_since.filter(|_| self.silent >= AGREEING)?;
        let why = plain(&clip(&self.why, 240));
        Some(Alert {
            environment: Some(environment.clone()),
            place: "the tenant database".into(),
            why: "Nobody can tell how its tenants are: a deployment could not be verified, and whatever happens there \
                  goes unnoticed."
                .into(),
            remedy: format!(
                "`signalbox doctor` on the machine Signalbox runs on says more. Whoever runs the database sees that it \
                 is up and lets that machine in; `/schemas {environment}` tries it at once."
            ),
            ..Alert::new(
                Severity::Warning,
                format!("database:{environment}"),
                since,
                format!("The tenant database of `{environment}` does not answer Signalbox: {why}"),
            )
        })
    }

    fn crowd(&self, environment: &EnvironmentName) -> Option<Alert> {
        let since = self.crowded_since.filter(|_| self.is_crowded)?;
        let Share { used, limit } = self.connections?;
        // In steps of a tenth, so that the message is not edited for each client that comes or goes.
        let tenths = u64::from(used) * 10 / u64::from(limit.max(1));
        let severity = if tenths >= 9 { Severity::Critical } else { Severity::Warning };
        let what = format!(
            "More than {} % of the {limit} connections of the server of `{environment}` are in use.",
            tenths * 10
        );
        Some(Alert {
            environment: Some(environment.clone()),
            place: "the tenant database's server".into(),
            why: "Once all are, the application and the next migration are turned away: too many connections.".into(),
            remedy: "Whoever runs the database looks in `pg_stat_activity` for who holds them; a pooler in session \
                     mode, fewer workers or a higher `max_connections` make room."
                .into(),
            ..Alert::new(severity, format!("connections:{environment}"), since, what)
        })
    }

    /// Held against the latest size that is at least a day old.
    fn growth(&self, environment: &EnvironmentName) -> Option<Alert> {
        let (at, now) = self.sizes.last()?;
        let (_, before) = self.sizes.iter().rev().find(|(seen, _)| at.duration_since(*seen) >= DAY)?;
        let grown = now.checked_sub(*before).filter(|grown| *grown >= STRANGE_GROWTH && *grown >= before / 2)?;
        Some(Alert {
            environment: Some(environment.clone()),
            place: "the tenant database".into(),
            why: "A full disk stops every tenant at once.".into(),
            remedy: format!(
                "`/schemas {environment}` names the largest; whoever runs the database sees to it that the disk has room."
            ),
            ..Alert::new(
                Severity::Warning,
                format!("size:{environment}"),
                *at,
                // In whole steps, so that the message is edited when it says something else.
                format!(
                    "The tenant database of `{environment}` grew by more than {} within a day.",
                    bytes(grown / STRANGE_GROWTH * STRANGE_GROWTH)
                ),
            )
        })
    }
}
