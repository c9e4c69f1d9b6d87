//! What is right.

use roaring::RoaringBitmap;
use std::cmp::Reverse;

use super::Reference;
use crate::Error;
use crate::catalog::{Aspect, Catalog, Values, Variant};

/// What each aspect of each object should look like, by the aspect's place among all; `None` where there should be none.
pub(crate) struct Expected<'a>(Vec<Option<&'a Values>>);

impl<'a> Expected<'a> {
    /// What the aspect of a place should look like.
    pub(super) fn of(&self, place: usize) -> Option<&'a Values> {
        self.0.get(place).copied().flatten()
    }
}

/// Chooses what is right.
pub(super) fn of<'a>(catalog: &'a Catalog, tenants: &RoaringBitmap, by: &Reference) -> Result<Expected<'a>, Error> {
    let one = match by {
        Reference::Majority => None,
        Reference::Tenant(name) => {
            let place = catalog.schemas.iter().position(|schema| schema.name == *name);
            let missing = || Error::NoReference { name: name.clone() };
            Some(place.and_then(|place| u32::try_from(place).ok()).ok_or_else(missing)?)
        }
        Reference::Snapshot(_) => Some(beyond(catalog)),
    };
    if let Some(one) = one {
        return Ok(at(catalog, one));
    }
    Ok(Expected(catalog.variants.aspects.values().map(|aspect| majority(aspect, tenants)).collect()))
}

/// What the schema of a place has.
pub(crate) fn at<'a>(catalog: &'a Catalog, place: u32) -> Expected<'a> {
    let has = |aspect: &'a Aspect| aspect.variants.iter().find(|variant| variant.members.contains(place));
    Expected(catalog.variants.aspects.values().map(|aspect| has(aspect).map(|variant| &*variant.values)).collect())
}

/// The place after the last schema's: what a snapshot says of most of its tenants is put there.
pub(crate) fn beyond(catalog: &Catalog) -> u32 {
    u32::try_from(catalog.schemas.len()).unwrap_or(u32::MAX)
}

/// What most tenants have: first whether they have it at all, then how it looks with most of those.
fn majority<'a>(aspect: &'a Aspect, tenants: &RoaringBitmap) -> Option<&'a Values> {
    let having: u64 = aspect.variants.iter().map(|variant| variant.members.intersection_len(tenants)).sum();
    if let [only] = aspect.variants.as_slice() {
        return (having > 0 && having * 2 >= tenants.len()).then_some(&*only.values);
    }
    // Of equals that of the oldest schema, so that the answer does not depend on the order of reading.
    let rank = |variant: &&Variant| {
        (variant.members.intersection_len(tenants), Reverse((&variant.members & tenants).min().unwrap_or(u32::MAX)))
    };
    let best = aspect.variants.iter().max_by_key(rank).filter(|variant| !variant.members.is_disjoint(tenants));
    best.filter(|_| having * 2 >= tenants.len()).map(|variant| &*variant.values)
}
