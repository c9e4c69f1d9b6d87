//! What changed between two snapshots.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use roaring::RoaringBitmap;
use serde::Serialize;

use super::{PUBLIC, Snapshot, rank};
use crate::audit::{drift, message, reference};
use crate::catalog::{Catalog, Variants};
use crate::{Cluster, Difference, Finding, Kind, Severity, Standing, State};

/// What is not as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// The earlier one.
    pub from: Moment,
    /// The later one.
    pub to: Moment,
    /// Tenants that only the later one has.
    pub added: Vec<String>,
    /// Tenants that only the earlier one has.
    pub removed: Vec<String>,
    /// How many tenants are as they were.
    pub unchanged: usize,
    /// Tenants, or `public`, that changed alike, the largest group first. Rules are `added`, `removed`, `changed`
    /// and `order`; the object `ledger` stands for what [`State`] says.
    pub clusters: Vec<Cluster>,
    /// Tenants that were equal to others before and are no longer, where those others are more.
    pub uneven: Vec<String>,
}

/// Which snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Moment {
    /// The database's name.
    pub database: String,
    /// When it was taken, by the server's clock.
    pub taken_at: Timestamp,
    /// How many tenants there were.
    pub tenants: usize,
}

impl Snapshot {
    /// What changed from this snapshot to a later one.
    #[must_use]
    pub fn until(&self, later: &Self) -> Diff {
        let mut known: HashMap<(u128, u128), Vec<Difference>> = HashMap::new();
        // Tenants by what they were and what changed.
        let mut groups: BTreeMap<Vec<Difference>, Vec<&str>> = BTreeMap::new();
        let mut fates: BTreeMap<u128, BTreeMap<Vec<Difference>, Vec<&str>>> = BTreeMap::new();
        let mut unchanged = 0;
        for (name, then) in &self.schemas {
            let Some(now) = later.schemas.get(name) else { continue };
            let pair = (then.fingerprint, now.fingerprint);
            let differences = known.entry(pair).or_insert_with(|| self.differences(pair.0, later, pair.1));
            let mut differences = differences.clone();
            differences.extend(standing(then.standing.as_ref(), now.standing.as_ref()));
            if name != PUBLIC {
                fates.entry(then.fingerprint).or_default().entry(differences.clone()).or_default().push(name);
            }
            if !differences.is_empty() {
                groups.entry(differences).or_default().push(name);
            } else if name != PUBLIC {
                unchanged += 1;
            }
        }
        let absent = |from: &Self, of: &Self| -> Vec<String> {
            from.states()
                .map(|(name, _)| name)
                .filter(|name| !of.schemas.contains_key(*name))
                .map(str::to_owned)
                .collect()
        };
        let mut clusters: Vec<Cluster> = groups
            .into_iter()
            .map(|(differences, tenants)| Cluster {
                fingerprint: later.fingerprint(tenants.first().copied().unwrap_or_default()),
                tenants: tenants.into_iter().map(str::to_owned).collect(),
                differences,
            })
            .collect();
        clusters.sort_by_key(|cluster| std::cmp::Reverse(cluster.tenants.len()));
        Diff {
            from: self.moment(),
            to: later.moment(),
            added: absent(later, self),
            removed: absent(self, later),
            unchanged,
            clusters,
            uneven: uneven(fates.into_values()),
        }
    }

    fn moment(&self) -> Moment {
        Moment { database: self.database.clone(), taken_at: self.taken_at, tenants: self.states().count() }
    }

    fn fingerprint(&self, schema: &str) -> String {
        self.schemas.get(schema).map_or_else(String::new, |state| format!("{:032x}", state.fingerprint))
    }

    /// Holds one structure against another. Only what one of them has and the other has not is looked at.
    fn differences(&self, then: u128, later: &Self, now: u128) -> Vec<Difference> {
        if then == now {
            return Vec::new();
        }
        let mut catalog = Catalog {
            server_version: String::new(),
            database: String::new(),
            taken_at: 0,
            schemas: Arc::default(),
            variants: Variants::default(),
            settings: Vec::new(),
            bytes: 0,
        };
        // With no schema in the catalog, the place beyond them is the reference's.
        let (before, after) = (reference::beyond(&catalog), reference::beyond(&catalog) + 1);
        self.add_unless(&mut catalog, then, before, later, now);
        later.add_unless(&mut catalog, now, after, self, then);
        let tenants = RoaringBitmap::from_iter([after]);
        let expected = reference::at(&catalog, before);
        let mut found = drift::differences(&catalog, &tenants, &expected);
        found.sort_by(|(one, _), (other, _)| rank(&one.object).cmp(&rank(&other.object)).then_with(|| one.cmp(other)));
        found.into_iter().map(|(difference, _)| told(difference)).collect()
    }

    /// Adds the facts of a structure that another structure has not.
    fn add_unless(&self, catalog: &mut Catalog, print: u128, place: u32, other: &Self, others: u128) {
        let Some(structure) = self.structures.get(&print) else { return };
        let theirs = other.structures.get(&others);
        let members = RoaringBitmap::from_iter([place]);
        for (hash, fact) in structure.iter().filter_map(|at| self.facts.get_index(at as usize)) {
            let at = other.facts.get_index_of(hash).and_then(|at| u32::try_from(at).ok());
            if !at.is_some_and(|at| theirs.is_some_and(|theirs| theirs.contains(at))) {
                fact.add_to(catalog, *hash, &members);
            }
        }
    }
}

/// In the words of time.
fn told(mut difference: Difference) -> Difference {
    match &*difference.rule {
        "missing" => "removed".clone_into(&mut difference.rule),
        "extra" => "added".clone_into(&mut difference.rule),
        _ => {}
    }
    difference
}

/// What the object of a changed standing is called.
pub(super) const LEDGER: &str = "ledger";

fn standing(then: Option<&Standing>, now: Option<&Standing>) -> Option<Difference> {
    let (then, now) = (then?.state, now?.state);
    // Not being able to tell is no change.
    let unknown = then == State::Unknown || now == State::Unknown;
    (then != now && !unknown).then(|| Difference {
        rule: "changed".to_owned(),
        object: LEDGER.to_owned(),
        attribute: Some("standing".to_owned()),
        from: Some(then.to_string()),
        to: Some(now.to_string()),
    })
}

/// Of tenants that were equal, those that did not go the way of most.
fn uneven<'a>(fates: impl Iterator<Item = BTreeMap<Vec<Difference>, Vec<&'a str>>>) -> Vec<String> {
    let mut found = Vec::new();
    for fates in fates {
        // Of two equal groups the one that changed is the odd one.
        let most = fates.iter().max_by_key(|(changes, tenants)| (tenants.len(), changes.is_empty()));
        let most = most.map(|(changes, _)| changes.clone());
        let odd = fates.into_iter().filter(|(changes, _)| Some(changes) != most.as_ref());
        found.extend(odd.flat_map(|(_, tenants)| tenants).map(str::to_owned));
    }
    found.sort();
    found
}

impl Diff {
    /// Whether nothing at all changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.clusters.is_empty()
    }

    /// One for each tenant and change, by tenant.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings: Vec<Finding> = Vec::new();
        for cluster in &self.clusters {
            for tenant in &cluster.tenants {
                findings.extend(cluster.differences.iter().map(|difference| change(difference, tenant)));
            }
        }
        let whole = |tenant: &String, rule: &str, severity, message: &str| Finding {
            tenant: tenant.clone(),
            kind: Kind::Change,
            rule: rule.to_owned(),
            object: "schema".to_owned(),
            attribute: None,
            from: None,
            to: None,
            severity,
            message: message.to_owned(),
        };
        let came = "This tenant was not there before.";
        findings.extend(self.added.iter().map(|tenant| whole(tenant, "tenant_added", Severity::Info, came)));
        let went = "This tenant was there before and is gone, with its data.";
        findings.extend(self.removed.iter().map(|tenant| whole(tenant, "tenant_removed", Severity::Warning, went)));
        let odd = "It was equal to others before, and most of those went another way: it is different now.";
        findings.extend(self.uneven.iter().map(|tenant| whole(tenant, "uneven", Severity::Error, odd)));
        findings.sort_by_cached_key(|finding| (finding.tenant.clone(), rank(&finding.object), finding.object.clone()));
        findings
    }
}

fn change(difference: &Difference, tenant: &str) -> Finding {
    let Difference { rule, object, attribute, from, to } = difference;
    let (then, now) = (message::clipped(from.as_deref()), message::clipped(to.as_deref()));
    let what = attribute.as_deref().unwrap_or("it");
    let (severity, message) = match &**rule {
        "removed" if holds_data(object) => (Severity::Warning, format!("{object} was removed, with its data.")),
        "removed" => (Severity::Info, format!("{object} was removed.")),
        "added" => (Severity::Info, format!("{object} was added.")),
        "order" => (Severity::Info, format!("{object} has its columns in another order than before: {now}.")),
        _ if object == LEDGER => (standings_severity(to.as_deref()), format!("The ledger was {then} and is {now}.")),
        _ => (Severity::Info, format!("{object}: {what} was {then} and is {now}.")),
    };
    Finding {
        tenant: tenant.to_owned(),
        kind: Kind::Change,
        rule: rule.clone(),
        object: object.clone(),
        attribute: attribute.clone(),
        from: from.clone(),
        to: to.clone(),
        severity,
        message,
    }
}

fn holds_data(object: &str) -> bool {
    ["table ", "partitioned table ", "materialized view ", "column "].iter().any(|kind| object.starts_with(kind))
}

fn standings_severity(to: Option<&str>) -> Severity {
    let is = |state: State| to == Some(&*state.to_string());
    if is(State::Complete) {
        Severity::Info
    } else if is(State::Lying) || is(State::NoLedger) {
        Severity::Critical
    } else if is(State::Torn) || is(State::Lagging) {
        Severity::Error
    } else {
        Severity::Warning
    }
}
