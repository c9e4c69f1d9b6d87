//! Thousands of tenants in a handful of groups.

use std::collections::BTreeMap;

use super::{Fault, Inspection, Kind, Weight};

/// Faults that say the same of several tenants.
pub(super) struct Group<'a> {
    pub(super) weight: Weight,
    pub(super) rule: &'a str,
    pub(super) object: &'a str,
    /// The sentence about the first of them.
    pub(super) says: &'a str,
    pub(super) tenants: Vec<&'a str>,
}

/// Faults of one kind in groups, the gravest and then the largest first.
pub(super) fn groups(inspection: &Inspection, kind: Kind) -> Vec<Group<'_>> {
    let mut groups: BTreeMap<(&str, &str), Group<'_>> = BTreeMap::new();
    for fault in inspection.faults.iter().filter(|fault| fault.kind == kind) {
        let group = groups.entry((&fault.rule, alike(fault))).or_insert_with(|| Group {
            weight: fault.weight,
            rule: &fault.rule,
            object: &fault.object,
            says: &fault.says,
            tenants: Vec::new(),
        });
        // Faults come by tenant.
        if group.tenants.last() != Some(&fault.tenant.as_str()) {
            group.tenants.push(&fault.tenant);
        }
    }
    let mut groups: Vec<Group<'_>> = groups.into_values().collect();
    groups.sort_by_key(|group| (std::cmp::Reverse((group.weight, group.tenants.len())), group.rule));
    groups
}

/// What faults of one rule have in common when they are told together: in the registry each is about
/// another row, elsewhere the object or the sentence tells them apart.
fn alike(fault: &Fault) -> &str {
    match fault.kind {
        Kind::Isolation => &fault.object,
        Kind::Registry => "",
        Kind::Ledger => &fault.says,
    }
}
