//! Who did this? What snapshots tell of an object, and which deployment migrated meanwhile.

use jiff::Timestamp;

use super::{MigrationJob, Window};
use crate::{
    ids::EnvironmentName,
    text::{clip, code, some},
};

/// What the kept structures tell of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Blame {
    /// Nothing is kept yet.
    NoSnapshots,
    /// No schema has a name that what is sought begins with.
    NoSchema,
    /// It was in none of those that were looked at.
    Never {
        /// The oldest.
        oldest: Timestamp,
        /// The latest.
        latest: Timestamp,
    },
    /// It was the same in all that were looked at.
    Always {
        /// What it is: `column orders.total`.
        objects: Vec<String>,
        /// The oldest.
        oldest: Timestamp,
    },
    /// It became what it is between two of them.
    Turned(Turned),
}

/// A change between two snapshots with none between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turned {
    /// What it is: `column orders.total`.
    pub objects: Vec<String>,
    /// How it changed.
    pub turn: Turn,
    /// The last snapshot that is otherwise.
    pub before: Timestamp,
    /// The first that is as the latest.
    pub first: Timestamp,
    /// What is not as before, each as `type: numeric(10,2) → numeric(12,2)`; only for [`Turn::Changed`].
    pub changes: Vec<String>,
}

/// How an object changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It was not there before.
    Came,
    /// It was there before.
    Went,
    /// It was otherwise before.
    Changed,
    /// The whole schema was not there before.
    SchemaCame,
}

/// Most objects, and most changes, that are named.
const NAMED: usize = 4;
/// Longest name or value.
const LENGTH: usize = 160;

/// The answer to `/drift … blame:…`: the change, and whose window it falls into. `jobs` are the environment's
/// migration jobs, oldest first.
#[must_use]
pub fn blamed(environment: &EnvironmentName, sought: &str, blame: &Blame, jobs: &[MigrationJob]) -> String {
    let what = code(&clip(sought.trim(), LENGTH));
    let title = format!("### {what} in `{environment}`");
    let time = |at: &Timestamp| format!("<t:{}:f>", at.as_second());
    let said = match blame {
        Blame::NoSnapshots => format!(
            "🔍 No structure of `{environment}` is kept yet. One is kept before and after each deployment and once a \
             day; ask again then. What differs now: `/drift {environment}`"
        ),
        Blame::NoSchema => format!(
            "🔍 What is sought is a schema, a dot and a name, such as `acme.orders.total`; no schema of \
             `{environment}` begins {what}. The schemas: `/schemas {environment}`"
        ),
        Blame::Never { oldest, latest } => format!(
            "🔍 It is in none of the snapshots that were looked at, from {} to {}. A name is written as `/drift \
             {environment}` writes it, with the table before a column.",
            time(oldest),
            time(latest)
        ),
        Blame::Always { objects, oldest } => {
            format!("🔍 {} is as it is since the oldest snapshot, {}.", named(objects), time(oldest))
        }
        Blame::Turned(turned) => found(environment, turned, jobs),
    };
    format!("{title}\n{said}")
}

fn found(environment: &EnvironmentName, turned: &Turned, jobs: &[MigrationJob]) -> String {
    let Turned { objects, turn, before, first, changes } = turned;
    let what = match turn {
        Turn::Came => format!("{} came", named(objects)),
        Turn::Went => format!("{} went", named(objects)),
        Turn::Changed => format!("{} changed", named(objects)),
        Turn::SchemaCame => format!("{} came with its schema", named(objects)),
    };
    let mut text =
        format!("🔍 {what} between <t:{}:f> and <t:{}:f>, two snapshots.", before.as_second(), first.as_second());
    for change in changes.iter().take(NAMED) {
        text.push_str(&format!("\n- {}", code(&clip(change, LENGTH))));
    }
    if changes.len() > NAMED {
        text.push_str(&format!("\n- and {} more", changes.len() - NAMED));
    }
    let window = Window { from: *before, until: *first };
    let suspects: Vec<&MigrationJob> = jobs.iter().filter(|job| job.touches(window)).collect();
    match suspects.as_slice() {
        [] => text.push_str(&format!(
            "\n⚠️ **No deployment in that window**: no migration of `{environment}` ran then, so somebody changed the \
             database by hand, or with something that Signalbox does not follow."
        )),
        [only] => text.push_str(&format!("\nIn that window {}.", migrated(only))),
        several => {
            text.push_str("\nIn that window, so it is one of these or a hand between them:");
            let latest = several.iter().rev().take(NAMED);
            latest.for_each(|job| text.push_str(&format!("\n- {}", migrated(job))));
            if several.len() > NAMED {
                text.push_str(&format!("\n- and {} earlier", several.len() - NAMED));
            }
        }
    }
    text
}

fn migrated(job: &MigrationJob) -> String {
    format!(
        "deployment **{}** migrated to `{}` <t:{}:f> ({})",
        job.deployment,
        job.commit.short(),
        job.started_at.as_second(),
        job.outcome.word()
    )
}

fn named(objects: &[String]) -> String {
    let all: Vec<String> = objects.iter().map(|object| code(&clip(object, LENGTH))).collect();
    if all.is_empty() { "it".to_owned() } else { some(&all, NAMED) }
}

impl MigrationJob {
    /// Whether it ran at a time of the window.
    fn touches(&self, window: Window) -> bool {
        let own = Window { from: self.started_at, until: self.ended_at() }.widened();
        own.from <= window.until && own.until >= window.from
    }
}
