//! From rows of ledgers to how long each migration took in each tenant.
//!
//! Django writes a row when a migration has ended, never when it begins. Within a tenant each row begins where the
//! one before it ended. A tenant's first row begins when a worker was free for it: with `n` workers, when the n-th
//! tenant before it ended. The first tenants of a job begin where the shared step ended, if the ledger of `public`
//! shows one; where no ledger shows a beginning no lap is told, since the job's own start is before its checkout and
//! installation. How many workers there were shows in tenants whose rows alternate. Tenants that got a single row
//! each never do: they count as one worker's, so that their laps say how fast the fleet went, not how long each took.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::Lap;

/// A row that a ledger got.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Recorded {
    /// Whose ledger.
    pub schema: String,
    /// When the migration had ended, by the clock of whoever migrated.
    pub applied: Timestamp,
    /// `app.name`.
    pub migration: String,
}

/// From when to when a job ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Its start.
    pub from: Timestamp,
    /// Its end.
    pub until: Timestamp,
}

impl Window {
    /// GitHub cuts times to whole seconds: a job began within the second it names, and ended within it too.
    const SECOND: SignedDuration = SignedDuration::from_secs(1);

    /// The window with the whole of its last second.
    #[must_use]
    pub fn widened(self) -> Self {
        Self { until: self.until.saturating_add(Self::SECOND).unwrap_or(self.until), ..self }
    }

    /// Whether a time lies within it.
    #[must_use]
    pub fn holds(&self, at: Timestamp) -> bool {
        (self.from..=self.until).contains(&at)
    }
}

/// How long each migration took in each tenant, from the rows that the ledgers got during a job, in any order.
#[must_use]
pub fn laps(job: u64, rows: &[Recorded]) -> Vec<Lap> {
    let (shared, tenants) = ledgers(rows);
    let workers = at_once(&tenants);
    let mut ends: Vec<Timestamp> = tenants.iter().filter_map(|ledger| Some(ledger.last()?.applied)).collect();
    ends.sort();
    let mut laps = Vec::new();
    for (place, ledger) in tenants.iter().enumerate() {
        let first = ledger[0].applied;
        let free = match place.checked_sub(workers) {
            Some(before) => ends.get(before).copied(),
            None => shared,
        };
        let mut begun = free.filter(|at| *at <= first);
        for row in ledger {
            if let Some(begun) = begun {
                let took = row.applied.duration_since(begun);
                laps.push(Lap { job, tenant: row.schema.clone(), migration: row.migration.clone(), took, bytes: None });
            }
            begun = Some(row.applied);
        }
    }
    laps
}

/// How many tenants were migrated side by side, as far as the rows show it; at least one.
#[must_use]
pub fn workers(rows: &[Recorded]) -> usize {
    at_once(&ledgers(rows).1)
}

type Ledger<'a> = Vec<&'a Recorded>;

/// When the shared step ended, and the rows of each tenant in their order, those of the first tenant first.
fn ledgers(rows: &[Recorded]) -> (Option<Timestamp>, Vec<Ledger<'_>>) {
    let mut ledgers: BTreeMap<&str, Ledger<'_>> = BTreeMap::new();
    for row in rows {
        ledgers.entry(&row.schema).or_default().push(row);
    }
    for ledger in ledgers.values_mut() {
        ledger.sort_by_key(|row| row.applied);
    }
    let shared = ledgers.remove("public").and_then(|ledger| Some(ledger.last()?.applied));
    let mut tenants: Vec<Ledger<'_>> = ledgers.into_values().collect();
    tenants.sort_by_key(|ledger| (ledger[0].applied, &ledger[0].schema));
    (shared, tenants)
}

/// The most tenants that were between their first and their last row at the same time.
fn at_once(tenants: &[Ledger<'_>]) -> usize {
    let spans = tenants.iter().filter_map(|ledger| Some((ledger.first()?.applied, ledger.last()?.applied)));
    // Of what happens at the same time an end comes first.
    let mut turns: Vec<(Timestamp, i32)> =
        spans.filter(|(first, last)| first < last).flat_map(|(first, last)| [(first, 1), (last, -1)]).collect();
    turns.sort();
    let mut open = 0;
    let most = turns.into_iter().map(|(_, turn)| {
        open += turn;
        open
    });
    usize::try_from(most.max().unwrap_or(1)).unwrap_or(1).max(1)
}
