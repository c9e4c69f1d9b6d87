//! Snapshots: those that are kept, and those that something is held against.

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use signalbox_domain::ports::Clock;
use signalbox_tenants::Snapshot;
use signalbox_tenants::snapshot::Store;

use super::Fault;
use crate::clock::SystemClock;

/// Where snapshots are kept.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Folder {
    /// The folder with snapshots of this database
    #[arg(long, value_name = "DIR")]
    snapshots: Option<PathBuf>,
}

/// Where snapshots are kept, and whether this look is.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct History {
    #[command(flatten)]
    pub(super) folder: Folder,
    /// Keep a snapshot of what is read now
    #[arg(long, requires = "snapshots")]
    pub(super) save: bool,
    /// With --save: forget all but this many of the latest
    #[arg(long, value_name = "COUNT", requires = "save", value_parser = keep)]
    keep: Option<usize>,
}

impl Folder {
    /// The snapshot that a file, a time or `latest` means.
    pub(super) fn find(&self, point: &str) -> Result<Snapshot, Fault> {
        if Path::new(point).is_file() {
            return Ok(Snapshot::load(Path::new(point))?);
        }
        let time = match point {
            "latest" => None,
            _ => Some(time(point, SystemClock.now()).ok_or_else(|| Fault::NoPoint(point.to_owned()))?),
        };
        let store = self.store().ok_or(Fault::NoFolder)?;
        let found = match time {
            None => store.latest()?,
            Some(time) => store.at(time)?,
        };
        found.ok_or_else(|| match store.list().ok().and_then(|list| list.into_iter().next()) {
            Some(oldest) => {
                Fault::NoSnapshot(format!("that is as old as {point}; the oldest is of {}", oldest.taken_at))
            }
            None => Fault::NoSnapshot("yet; --save keeps one".to_owned()),
        })
    }

    pub(super) fn store(&self) -> Option<Store> {
        self.snapshots.as_ref().map(Store::new)
    }
}

impl History {
    /// The latest one that can be read, where there is any: what it knows need not be asked again.
    pub(super) fn latest(&self) -> Option<Snapshot> {
        self.folder.store()?.latest().ok().flatten()
    }

    /// Keeps a snapshot where that was asked for, and says so on standard error.
    pub(super) fn keep(&self, snapshot: &Snapshot) -> Result<(), Fault> {
        let (true, Some(store)) = (self.save, self.folder.store()) else { return Ok(()) };
        let file = store.save(snapshot)?;
        if let Some(keep) = self.keep {
            store.prune(keep)?;
        }
        eprintln!("signalbox: kept as {}", file.display());
        Ok(())
    }
}

fn keep(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or_else(|| "expected a number from 1 on".to_owned())
}

/// `2026-11-26T13:40:00Z`, `2026-11-26` (its beginning in UTC), or how long ago: `90m`, `2h`, `7d`.
fn time(text: &str, now: Timestamp) -> Option<Timestamp> {
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    if let Ok(date) = text.parse::<Date>() {
        return Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp());
    }
    let unit = text.chars().last()?;
    let number: i64 = text.strip_suffix(unit)?.parse().ok().filter(|number| *number >= 0)?;
    let seconds = match unit {
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    now.checked_sub(SignedDuration::from_secs(number.checked_mul(seconds)?)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_absolute_or_ago() {
        let now: Timestamp = "2026-11-26T13:40:00Z".parse().unwrap();
        let told = |text| time(text, now).map(|time| time.to_string());
        assert_eq!(told("2026-11-20T08:00:00Z").as_deref(), Some("2026-11-20T08:00:00Z"));
        assert_eq!(told("2026-11-20T08:00:00+01:00").as_deref(), Some("2026-11-20T07:00:00Z"));
        assert_eq!(told("2026-11-20").as_deref(), Some("2026-11-20T00:00:00Z"));
        assert_eq!(told("90m").as_deref(), Some("2026-11-26T12:10:00Z"));
        assert_eq!(told("7d").as_deref(), Some("2026-11-19T13:40:00Z"));
        for odd in ["", "h", "-2h", "yesterday", "2", "9223372036854775807d"] {
            assert_eq!(told(odd), None, "{odd}");
        }
    }
}
