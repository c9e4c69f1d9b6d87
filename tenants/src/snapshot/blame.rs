//! When an object became what it is: looked for among the snapshots in a folder.
//!
//! Nothing says that an object comes once and stays. So the search goes back from the latest snapshot in steps that
//! double, until one is not as the latest, and then halves what lies between: of several turns the last is found, as
//! long as those before it are older than the steps are wide, with a handful of snapshots read.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::{Attribute, Entry, Snapshot, Store};
use crate::Error;

/// What the snapshots tell of an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Blame {
    /// There is no snapshot that can be read.
    NoSnapshots,
    /// No schema of the latest snapshot has a name that what is sought begins with.
    NoSchema {
        /// The latest snapshot.
        latest: Timestamp,
    },
    /// No snapshot that was looked at has it.
    Never {
        /// The schema.
        schema: String,
        /// The oldest snapshot.
        oldest: Timestamp,
        /// The latest one.
        latest: Timestamp,
    },
    /// It is as it is since all snapshots.
    Always {
        /// The schema.
        schema: String,
        /// What it is: `column orders.total`.
        objects: Vec<String>,
        /// The oldest snapshot.
        oldest: Timestamp,
    },
    /// It became what it is between two snapshots.
    Turned(Turned),
}

/// A change between two snapshots with none between them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Turned {
    /// The schema.
    pub schema: String,
    /// What it is: `column orders.total`.
    pub objects: Vec<String>,
    /// How it changed.
    pub turn: Turn,
    /// The last snapshot that is not as the latest.
    pub before: Timestamp,
    /// The first that is.
    pub first: Timestamp,
    /// The latest one.
    pub latest: Timestamp,
    /// What is not as before; only for [`Turn::Changed`].
    pub changes: Vec<AttributeChange>,
}

/// How an object changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
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

/// An attribute before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttributeChange {
    /// `column orders.total`.
    pub object: String,
    /// `type`.
    pub attribute: String,
    /// What it was; `None` where there was none.
    pub from: Option<String>,
    /// What it is.
    pub to: Option<String>,
}

impl fmt::Display for AttributeChange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
        let Self { object, attribute, from, to } = self;
        write!(formatter, "{object}: {attribute} {} → {}", value(from), value(to))
    }
}

/// What a snapshot has of what is sought; `None` without the schema.
type Seen = Option<Vec<Attribute>>;

impl Store {
    /// Looks for when an object became what the latest snapshot has. What is sought is the schema's name, a dot and
    /// the object's name as everywhere, with or without its kind: `acme.orders.total`, `acme.index orders_total_idx`.
    ///
    /// Snapshots that cannot be read, such as those of another version, count as not there.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn blame(&self, sought: &str) -> Result<Blame, Error> {
        let mut entries = self.list()?;
        let latest = loop {
            let Some(entry) = entries.last() else { return Ok(Blame::NoSnapshots) };
            match Snapshot::load(&entry.file) {
                Ok(snapshot) => break snapshot,
                Err(_) => drop(entries.pop()),
            }
        };
        let Some((schema, object)) = latest.split(sought) else {
            return Ok(Blame::NoSchema { latest: latest.taken_at() });
        };
        let now = latest.seen(schema, object);
        let (before, first) = turn(&mut entries, |entry| {
            let seen = Snapshot::load(&entry.file).ok()?.seen(schema, object);
            Some((seen != now).then_some(seen))
        });
        let schema = schema.to_owned();
        let now = now.unwrap_or_default();
        Ok(match before {
            Some((before, then)) => Blame::Turned(turned(schema, (before, then), (first, now), latest.taken_at())),
            None if now.is_empty() => Blame::Never { schema, oldest: first, latest: latest.taken_at() },
            None => Blame::Always { schema, objects: objects(&now), oldest: first },
        })
    }
}

/// The last entry that differs, with what was seen there, and the first after it that does not. `look` answers
/// `None` for an entry that cannot be read, and `Some(None)` for one that does not differ; the last one does not.
fn turn<T>(
    entries: &mut Vec<Entry>,
    look: impl Fn(&Entry) -> Option<Option<T>>,
) -> (Option<(Timestamp, T)>, Timestamp) {
    let mut same = entries.len() - 1;
    let mut differs: Option<(usize, T)> = None;
    let mut step = 1;
    while differs.as_ref().map_or(same, |(place, _)| same - place - 1) > 0 {
        let place = match &differs {
            None => same.saturating_sub(step),
            Some((place, _)) => (place + same) / 2,
        };
        match look(&entries[place]) {
            Some(Some(seen)) => differs = Some((place, seen)),
            Some(None) => (same, step) = (place, step * 2),
            // It is as if it had never been taken; all that is known lies beyond it.
            None => {
                entries.remove(place);
                same -= 1;
            }
        }
    }
    let before = differs.map(|(place, seen)| (entries[place].taken_at, seen));
    (before, entries[same].taken_at)
}

impl Snapshot {
    /// The schema and the rest; of two schemas that fit, the one with the longer name.
    fn split<'a>(&'a self, sought: &'a str) -> Option<(&'a str, &'a str)> {
        let fits = |name: &'a String| Some((name.as_str(), sought.strip_prefix(name.as_str())?.strip_prefix('.')?));
        self.schemas.keys().filter_map(fits).max_by_key(|(name, _)| name.len())
    }

    /// What a schema has of an object.
    fn seen(&self, schema: &str, object: &str) -> Seen {
        let is = |one: &Attribute| {
            one.object.strip_suffix(object).is_some_and(|kind| kind.is_empty() || kind.ends_with(' '))
        };
        Some(self.attributes(schema)?.into_iter().filter(is).collect())
    }
}

fn turned(
    schema: String,
    (before, then): (Timestamp, Seen),
    (first, now): (Timestamp, Vec<Attribute>),
    latest: Timestamp,
) -> Turned {
    let turn = match &then {
        None => Turn::SchemaCame,
        Some(then) if then.is_empty() => Turn::Came,
        Some(_) if now.is_empty() => Turn::Went,
        Some(_) => Turn::Changed,
    };
    let then = then.unwrap_or_default();
    let objects = if now.is_empty() { objects(&then) } else { objects(&now) };
    let changes = if turn == Turn::Changed { changes(&then, &now) } else { Vec::new() };
    Turned { schema, objects, turn, before, first, latest, changes }
}

fn objects(attributes: &[Attribute]) -> Vec<String> {
    let mut objects: Vec<String> = attributes.iter().map(|one| one.object.clone()).collect();
    objects.dedup();
    objects
}

fn changes(then: &[Attribute], now: &[Attribute]) -> Vec<AttributeChange> {
    let value = |of: &[Attribute], like: &Attribute| {
        let same = |one: &&Attribute| (&one.object, &one.attribute) == (&like.object, &like.attribute);
        of.iter().find(same).map(|one| one.value.clone())
    };
    let mut all: Vec<&Attribute> = then.iter().chain(now).collect();
    all.sort_by(|one, other| (&one.object, &one.attribute).cmp(&(&other.object, &other.attribute)));
    all.dedup_by(|one, other| (&one.object, &one.attribute) == (&other.object, &other.attribute));
    let change = |one: &Attribute| AttributeChange {
        object: one.object.clone(),
        attribute: one.attribute.clone(),
        from: value(then, one),
        to: value(now, one),
    };
    all.into_iter().map(change).filter(|change| change.from != change.to).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(count: i64) -> Vec<Entry> {
        (0..count).map(|n| Entry { taken_at: at(n), file: n.to_string().into() }).collect()
    }

    fn at(n: i64) -> Timestamp {
        Timestamp::from_second(n).unwrap()
    }

    /// Which turn is found, and how many snapshots were read.
    fn search(count: i64, as_latest: impl Fn(i64) -> Option<bool>) -> ((Option<i64>, i64), usize) {
        let looks = std::cell::Cell::new(0);
        let (before, first) = turn(&mut entries(count), |entry| {
            looks.set(looks.get() + 1);
            as_latest(entry.taken_at.as_second()).map(|same| (!same).then_some(()))
        });
        ((before.map(|(at, ())| at.as_second()), first.as_second()), looks.get())
    }

    #[test]
    fn the_turn_is_found_wherever_it_lies_with_few_looks() {
        for count in [1, 2, 3, 7, 64, 500] {
            for first in 0..count {
                let (found, looks) = search(count, |n| Some(n >= first));
                assert_eq!(found, ((first > 0).then_some(first - 1), first), "of {count}");
                assert!(looks <= 2 * count.ilog2() as usize + 2, "{looks} looks among {count}");
            }
        }
    }

    #[test]
    fn of_two_turns_the_last_is_found() {
        // There from 10 on, gone from 40 on, and again from 90 on.
        let (found, _) = search(100, |n| Some((10..40).contains(&n) || n >= 90));
        assert_eq!(found, (Some(89), 90));
    }

    #[test]
    fn what_cannot_be_read_counts_as_never_taken() {
        for bad in 0..19 {
            let (found, _) = search(20, |n| (n != bad).then_some(n >= 12));
            let expected = match bad {
                11 => (Some(10), 12),
                12 => (Some(11), 13),
                _ => (Some(11), 12),
            };
            assert_eq!(found, expected, "{bad} cannot be read");
        }
        assert_eq!(search(20, |n| (n == 19).then_some(true)).0, (None, 19));
    }
}
