//! Where tenants differ from the reference.

use std::collections::{HashMap, HashSet};

use roaring::RoaringBitmap;

use super::{Difference, reference::Expected, shown};
use crate::catalog::{Aspect, Catalog, NONE, ORDER, OWN, Object, Values};

/// Differences and the schemas that have them.
pub(crate) type Differences = Vec<(Difference, RoaringBitmap)>;

/// Compares every object.
pub(crate) fn differences(catalog: &Catalog, tenants: &RoaringBitmap, reference: &Expected<'_>) -> Differences {
    let absent = Absent::of(catalog, tenants, reference);
    let mut found = Vec::new();
    for (place, ((object, name), aspect)) in catalog.variants.aspects.iter().enumerate() {
        let expected = reference.of(place);
        if expected.is_some_and(|expected| all_have(aspect, expected, tenants)) {
            continue;
        }
        let told = absent.told_elsewhere(catalog, object, aspect);
        if name.is_empty() {
            let holders = aspect.holders(tenants);
            let (rule, differing) = match expected {
                Some(_) => ("missing", tenants - holders),
                None => ("extra", holders),
            };
            let differing = differing - &told;
            if !differing.is_empty() {
                found.push((difference(rule, object, None, None, None), differing));
            }
        }
        // Whether an object is there at all is told by its definition, and then nothing more of it.
        let defined = catalog.variants.aspects.get_index_of(&(object.clone(), ""));
        if defined.is_some_and(|place| reference.of(place).is_none()) {
            continue;
        }
        changes(object, name, aspect, expected, &absent.comparable(object, tenants, &told), &mut found);
    }
    found
}

/// Nearly every aspect of a healthy fleet: nobody can differ in it.
fn all_have(aspect: &Aspect, expected: &Values, tenants: &RoaringBitmap) -> bool {
    let [only] = aspect.variants.as_slice() else { return false };
    (std::ptr::eq(&raw const *only.values, expected) || *only.values == *expected) && tenants.is_subset(&only.members)
}

/// Compares the attributes of one aspect among tenants that have the object.
fn changes(
    object: &Object,
    name: &str,
    aspect: &Aspect,
    expected: Option<&Values>,
    comparable: &RoaringBitmap,
    found: &mut Differences,
) {
    let none = Values::new();
    let expected = expected.unwrap_or(&none);
    for variant in &aspect.variants {
        let members = &variant.members & comparable;
        if members.is_empty() || *variant.values == *expected {
            continue;
        }
        if name == ORDER {
            order(object, expected, &variant.values, members, found);
            continue;
        }
        for (attribute, value) in variant.values.iter() {
            let from = expected.iter().find(|(other, _)| other == attribute).map(|(_, value)| value);
            if from != Some(value) && !(from.is_none() && value == NONE) {
                let from = from.map_or(NONE, String::as_str);
                found.push((difference("changed", object, Some(attribute), Some(from), Some(value)), members.clone()));
            }
        }
    }
    if !name.is_empty() && name != ORDER && !expected.is_empty() {
        let without = comparable - aspect.holders(comparable);
        if !without.is_empty() {
            for (attribute, from) in expected.iter().filter(|(_, from)| from != NONE) {
                found.push((difference("changed", object, Some(attribute), Some(from), Some(NONE)), without.clone()));
            }
        }
    }
}

/// Columns that both have, in another order. A missing or an extra column is told by itself.
fn order(object: &Object, expected: &Values, values: &Values, members: RoaringBitmap, found: &mut Differences) {
    let list = |values: &Values| values.first().map_or(String::new(), |(_, order)| order.clone());
    let (from, to) = (list(expected), list(values));
    let (theirs, ours): (Vec<&str>, Vec<&str>) = (from.split(", ").collect(), to.split(", ").collect());
    let common: HashSet<&str> = theirs.iter().copied().filter(|name| ours.contains(name)).collect();
    let in_common = |names: &[&str]| {
        names.iter().copied().filter(|name| common.contains(name)).map(str::to_owned).collect::<Vec<_>>()
    };
    if in_common(&theirs) != in_common(&ours) {
        found.push((difference("order", object, Some(ORDER), Some(&from), Some(&to)), members));
    }
}

fn difference(
    rule: &str,
    object: &Object,
    attribute: Option<&str>,
    from: Option<&str>,
    to: Option<&str>,
) -> Difference {
    Difference {
        rule: rule.to_owned(),
        object: shown(&object.spelled()),
        attribute: attribute.map(str::to_owned),
        from: from.map(shown),
        to: to.map(shown),
    }
}

/// Who lacks an object that is expected, or has one that is not. What belongs to it is not told again.
struct Absent {
    /// By the name of a relation or type.
    relations: HashMap<String, RoaringBitmap>,
    /// Constraints, by `table.name`: their indexes are called alike.
    constraints: HashMap<String, RoaringBitmap>,
    /// Who has an object.
    holders: HashMap<(&'static str, String), RoaringBitmap>,
}

impl Absent {
    fn of(catalog: &Catalog, tenants: &RoaringBitmap, reference: &Expected<'_>) -> Self {
        let mut absent = Self { relations: HashMap::new(), constraints: HashMap::new(), holders: HashMap::new() };
        for (place, ((object, name), aspect)) in catalog.variants.aspects.iter().enumerate() {
            if !name.is_empty() {
                continue;
            }
            let expected = reference.of(place);
            if expected.is_some_and(|expected| all_have(aspect, expected, tenants)) {
                continue;
            }
            let holders = aspect.holders(tenants);
            let odd = if expected.is_some() { tenants - &holders } else { holders.clone() };
            if holders.len() < tenants.len() {
                absent.holders.insert((object.kind, object.name.clone()), holders);
            }
            if odd.is_empty() {
                continue;
            }
            match object.kind {
                "constraint" => absent.constraints.entry(object.name.clone()).or_default().extend(odd),
                "table" | "partitioned table" | "foreign table" | "view" | "materialized view" | "domain"
                | "composite type" => absent.relations.entry(object.name.clone()).or_default().extend(odd),
                _ => {}
            }
        }
        absent
    }

    /// Tenants for which a difference of this object is a consequence of another.
    fn told_elsewhere(&self, catalog: &Catalog, object: &Object, aspect: &Aspect) -> RoaringBitmap {
        let mut told = RoaringBitmap::new();
        let owner = if object.kind == "sequence" { owning_table(catalog, object) } else { aspect.parent.as_deref() };
        let domain =
            if object.kind == "constraint" { object.name.split_once('.').map(|(domain, _)| domain) } else { None };
        for parent in [owner, domain].into_iter().flatten() {
            told |= self.relations.get(parent).cloned().unwrap_or_default();
        }
        if let ("index", Some(table)) = (object.kind, owner) {
            told |= self.constraints.get(&format!("{table}.{}", object.name)).cloned().unwrap_or_default();
        }
        told
    }

    /// Tenants that have the object and whose difference is not told elsewhere.
    fn comparable(&self, object: &Object, tenants: &RoaringBitmap, told: &RoaringBitmap) -> RoaringBitmap {
        let holders = self.holders.get(&(object.kind, object.name.clone())).unwrap_or(tenants);
        holders & (tenants - told)
    }
}

/// The table whose column a sequence serves.
fn owning_table<'a>(catalog: &'a Catalog, sequence: &Object) -> Option<&'a str> {
    let key = (sequence.clone(), "owned by");
    let values = &catalog.variants.aspects.get(&key)?.variants.first()?.values;
    values.first()?.1.strip_prefix(OWN)?.strip_prefix('.')
}
