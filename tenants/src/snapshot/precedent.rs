//! What a migration made in one fleet, held against another that has recorded the same migration.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::diff::LEDGER;
use super::{PUBLIC, Snapshot};
use crate::audit::shown;
use crate::{Cluster, Difference};

/// What most tenants of a fleet got between two snapshots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Precedent {
    changes: Vec<Difference>,
}

impl Snapshot {
    /// What most tenants got from this snapshot to a later one; `None` where the structure of most stayed as it was.
    #[must_use]
    pub fn precedent(&self, later: &Self) -> Option<Precedent> {
        let diff = self.until(later);
        let all = self.states().filter(|(name, _)| later.schemas.contains_key(*name)).count();
        let tenants = |cluster: &Cluster| cluster.tenants.iter().filter(|name| *name != PUBLIC).count();
        let most = diff.clusters.iter().find(|cluster| tenants(cluster) * 2 > all)?;
        let tells = |change: &&Difference| change.object != LEDGER && change.rule != "order";
        let changes: Vec<Difference> = most.differences.iter().filter(tells).cloned().collect();
        (!changes.is_empty()).then_some(Precedent { changes })
    }
}

impl Precedent {
    /// What came, went or changed, such as `column orders.total`.
    #[must_use]
    pub fn objects(&self) -> Vec<String> {
        let all: BTreeSet<&String> = self.changes.iter().map(|change| &change.object).collect();
        all.into_iter().cloned().collect()
    }

    /// Tenants of a snapshot, of whatever fleet, in which some of it is still as it was before, with what.
    #[must_use]
    pub fn lacking(&self, fleet: &Snapshot) -> BTreeMap<String, Vec<String>> {
        let mut known: HashMap<u128, Vec<String>> = HashMap::new();
        let mut lacking = BTreeMap::new();
        for (name, state) in fleet.states() {
            let print = state.fingerprint;
            let open = known.entry(print).or_insert_with(|| self.open(fleet, print));
            if !open.is_empty() {
                lacking.insert(name.to_owned(), open.clone());
            }
        }
        lacking
    }

    /// What a structure has still as it was before.
    fn open(&self, fleet: &Snapshot, fingerprint: u128) -> Vec<String> {
        let facts = fleet.structures.get(&fingerprint).into_iter().flatten();
        let mut has: HashMap<String, Vec<(&str, String)>> = HashMap::new();
        for (_, fact) in facts.filter_map(|place| fleet.facts.get_index(place as usize)) {
            let values = fact.values.iter().map(|(attribute, value)| (*attribute, shown(value)));
            has.entry(shown(&fact.object.spelled())).or_default().extend(values);
        }
        let is_open = |change: &&Difference| match (has.get(&change.object), &*change.rule) {
            (None, rule) => rule == "added",
            (Some(_), "removed") => true,
            // Another value than before and after is somebody else's matter.
            (Some(values), "changed") => {
                let same = |(name, value): &(&str, String)| {
                    change.attribute.as_deref() == Some(*name) && change.from.as_ref() == Some(value)
                };
                values.iter().any(same)
            }
            (Some(_), _) => false,
        };
        let open: BTreeSet<&String> = self.changes.iter().filter(is_open).map(|change| &change.object).collect();
        open.into_iter().cloned().collect()
    }
}
