//! What is right.

use std::collections::HashMap;

use roaring::RoaringBitmap;

use super::Reference;
use crate::Error;
use crate::catalog::{Aspect, Catalog, Object};

/// An aspect's attributes with their values.
pub(super) type Values = Vec<(&'static str, String)>;

/// What each aspect of each object should look like.
pub(super) type Expected<'a> = HashMap<(&'a Object, &'static str), &'a Values>;

/// Chooses what is right.
pub(super) fn of<'a>(catalog: &'a Catalog, tenants: &RoaringBitmap, by: &Reference) -> Result<Expected<'a>, Error> {
    let one = match by {
        Reference::Majority => None,
        Reference::Tenant(name) => {
            let place = catalog.schemas.iter().position(|schema| schema.name == *name);
            let missing = || Error::NoReference { name: name.clone() };
            Some(place.and_then(|place| u32::try_from(place).ok()).ok_or_else(missing)?)
        }
    };
    let choose = |aspect: &'a Aspect| match one {
        Some(tenant) => {
            aspect.variants.iter().find(|variant| variant.members.contains(tenant)).map(|variant| &variant.values)
        }
        None => majority(aspect, tenants),
    };
    let aspects = catalog.variants.aspects.iter();
    Ok(aspects.filter_map(|((object, name), aspect)| Some(((object, *name), choose(aspect)?))).collect())
}

/// What most tenants have: first whether they have it at all, then how it looks with most of those.
fn majority<'a>(aspect: &'a Aspect, tenants: &RoaringBitmap) -> Option<&'a Values> {
    let with = aspect.variants.iter().map(|variant| (variant.members.intersection_len(tenants), variant));
    let (mut having, mut best) = (0, None);
    for (count, variant) in with {
        having += count;
        // The first of two equals, so that the answer does not depend on chance.
        if count > best.map_or(0, |(most, _)| most) {
            best = Some((count, variant));
        }
    }
    best.filter(|_| having * 2 >= tenants.len()).map(|(_, variant)| &variant.values)
}
