//! What was found: objects, the variants each has across the fleet, and who has which.
//!
//! A healthy fleet has one variant of each object, however many tenants there are, so memory grows with
//! what differs.

use std::sync::Arc;

use indexmap::IndexMap;
use roaring::RoaringBitmap;
use rustc_hash::{FxBuildHasher, FxHashMap};
use xxhash_rust::xxh3::xxh3_128;

use super::{pen::Reach, source::Source};

/// Something that a schema can hold, named without the schema.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Object {
    /// `table`, `index`, `column`…
    pub(crate) kind: &'static str,
    /// `orders`, `orders.total`, `total(integer)`.
    pub(crate) name: String,
}

/// Attributes with their values.
pub(crate) type Values = Vec<(&'static str, String)>;

/// One way an aspect of an object looks.
#[derive(Debug, Clone)]
pub(crate) struct Variant {
    /// What it looks like: attributes with their values.
    pub(crate) values: Arc<Values>,
    pub(crate) reaches: Vec<Reach>,
    /// Attributes that are stored expressions; people want to see them as SQL.
    pub(crate) expressions: Vec<&'static str>,
    /// The same in every fleet and every process.
    pub(crate) hash: u128,
    /// The schemas that have it.
    pub(crate) members: RoaringBitmap,
}

/// The variants of one aspect of an object.
#[derive(Debug, Clone, Default)]
pub(crate) struct Aspect {
    /// The relation that the object belongs to.
    pub(crate) parent: Option<String>,
    pub(crate) variants: Vec<Variant>,
}

impl Object {
    /// `column orders.total`.
    pub(crate) fn spelled(&self) -> String {
        if self.name.is_empty() { self.kind.to_owned() } else { format!("{} {}", self.kind, self.name) }
    }
}

impl Aspect {
    /// Which of these schemas have any variant.
    pub(crate) fn holders(&self, schemas: &RoaringBitmap) -> RoaringBitmap {
        let all = self.variants.iter().fold(RoaringBitmap::new(), |all, variant| all | &variant.members);
        all & schemas
    }

    /// Takes variants together that turned out to look alike.
    pub(super) fn merge(&mut self) {
        let mut kept: Vec<Variant> = Vec::new();
        for variant in std::mem::take(&mut self.variants) {
            match kept.iter_mut().find(|one| one.values == variant.values && one.reaches == variant.reaches) {
                Some(one) => {
                    one.members |= variant.members;
                    // Whichever came first, fingerprints stay what they are.
                    one.hash = one.hash.min(variant.hash);
                }
                None => kept.push(variant),
            }
        }
        self.variants = kept;
    }
}

/// Parts a value from the next within a fact.
pub(super) const BETWEEN: char = '\u{1f}';

/// A fact as it was written, before anybody knows whether it is new.
pub(super) struct Fact<'a> {
    pub(super) object: Object,
    pub(super) parent: Option<String>,
    pub(super) aspect: &'static str,
    pub(super) fields: Fields<'a>,
    pub(super) reaches: Vec<Reach>,
}

/// How a fact's text is to be read.
pub(super) enum Fields<'a> {
    /// Values of a source's fields, parted by [`BETWEEN`].
    Of(&'static Source, &'a str),
    /// One value.
    One(&'static str, &'a str),
}

/// Where a variant is found again: its number among those that were read.
pub(super) type Place = u32;

/// A variant, and some schemas that it was met in and that are no members yet. Rows come a tenant at a time, each about
/// another fact: what is kept of all facts for each row has to be small, or it is fetched from memory for each.
#[derive(Debug, Clone)]
struct Met {
    aspect: u32,
    variant: u32,
    /// Which 64 schemas.
    block: u32,
    schemas: u64,
}

/// Everything that was found.
#[derive(Debug, Clone, Default)]
pub(crate) struct Variants {
    pub(crate) aspects: IndexMap<(Object, &'static str), Aspect, FxBuildHasher>,
    /// By [`Place`].
    met: Vec<Met>,
    known: FxHashMap<u128, Place>,
    /// Free text with the schema's own name left out, and the hash of the same text with it: where another
    /// tenant has that very text, the name was there by chance.
    chance: Vec<(Place, u32, u128)>,
    reopened: Option<Reopened>,
}

/// Schemas that are being read again, and what they were found to have. Sets of members stay untouched until all
/// is read: most schemas have what they had, and a large set that is touched takes another, larger form.
#[derive(Debug, Clone)]
struct Reopened {
    schemas: RoaringBitmap,
    found: FxHashMap<Place, RoaringBitmap>,
}

impl Variants {
    /// Records that a schema has a fact that is known already.
    pub(super) fn again(&mut self, schema: u32, place: Place) {
        if let Some(reopened) = self.reopened.as_mut().filter(|reopened| reopened.schemas.contains(schema)) {
            reopened.found.entry(place).or_default().insert(schema);
            return;
        }
        let Some(met) = self.met.get_mut(place as usize) else { return };
        let block = schema / 64;
        if met.block == block {
            met.schemas |= 1 << (schema % 64);
            return;
        }
        let full = std::mem::replace(met, Met { block, schemas: 1 << (schema % 64), ..*met });
        self.join(&full);
    }

    /// Makes members of the schemas that a variant was met in.
    fn join(&mut self, met: &Met) {
        let aspect = self.aspects.get_index_mut(met.aspect as usize).map(|(_, aspect)| aspect);
        let Some(variant) = aspect.and_then(|aspect| aspect.variants.get_mut(met.variant as usize)) else { return };
        let first = met.block * 64;
        if met.schemas == u64::MAX {
            variant.members.insert_range(first..=first + 63);
        } else {
            variant.members.extend((0..64).filter(|bit| met.schemas >> bit & 1 == 1).map(|bit| first + bit));
        }
    }

    /// Members are complete from here on, until more is read.
    pub(super) fn join_all(&mut self) {
        let mut all = std::mem::take(&mut self.met);
        for met in &mut all {
            self.join(met);
            met.schemas = 0;
        }
        self.met = all;
    }

    /// Records that a schema has a fact. `key` is all of the fact; `fact` makes it when it is new. Says where
    /// it is found again.
    pub(super) fn add<'a>(
        &mut self,
        schema: u32,
        key: &str,
        verbatim: Option<&str>,
        fact: impl FnOnce() -> Fact<'a>,
    ) -> Place {
        let hash = xxh3_128(key.as_bytes());
        let place = match self.known.get(&hash) {
            Some(place) => *place,
            None => {
                let place = self.insert(hash, fact());
                self.known.insert(hash, place);
                place
            }
        };
        self.again(schema, place);
        if let Some(verbatim) = verbatim {
            self.chance.push((place, schema, xxh3_128(verbatim.as_bytes())));
        }
        place
    }

    /// Records that many schemas have a fact.
    pub(super) fn add_all(&mut self, schemas: &RoaringBitmap, key: &str, fact: Fact<'_>) {
        let hash = xxh3_128(key.as_bytes());
        let place = match self.known.get(&hash) {
            Some(place) => *place,
            None => self.insert(hash, fact),
        };
        self.known.insert(hash, place);
        let mut outside = schemas.clone();
        if let Some(reopened) = &mut self.reopened {
            *reopened.found.entry(place).or_default() |= schemas & &reopened.schemas;
            outside -= &reopened.schemas;
        }
        if let Some(variant) = self.at(place).filter(|_| !outside.is_empty()) {
            variant.members |= outside;
        }
    }

    /// Adds what was known of an object at another time or in another database, for schemas of these places.
    pub(crate) fn add_known(
        &mut self,
        (object, aspect): (Object, &'static str),
        parent: Option<&str>,
        hash: u128,
        values: &Values,
        members: &RoaringBitmap,
    ) {
        let aspect = self.aspects.entry((object, aspect)).or_default();
        if aspect.parent.is_none() {
            aspect.parent = parent.map(str::to_owned);
        }
        match aspect.variants.iter_mut().find(|variant| variant.hash == hash) {
            Some(variant) => variant.members |= members,
            None => aspect.variants.push(Variant {
                values: Arc::new(values.clone()),
                reaches: Vec::new(),
                expressions: Vec::new(),
                hash,
                members: members.clone(),
            }),
        }
    }

    /// The schemas that have an object.
    pub(crate) fn holders(&self, kind: &'static str, name: &str) -> RoaringBitmap {
        let aspect = self.aspects.get(&(Object { kind, name: name.to_owned() }, ""));
        aspect.map_or_else(RoaringBitmap::new, |aspect| {
            aspect.variants.iter().fold(RoaringBitmap::new(), |all, variant| all | &variant.members)
        })
    }

    /// A number for all that each schema holds, by the schema's place: equal schemas have equal numbers.
    pub(crate) fn fingerprints(&self, schemas: usize) -> Vec<u128> {
        let mut sums = vec![0_u128; schemas];
        for variant in self.aspects.values().flat_map(|aspect| &aspect.variants) {
            for member in &variant.members {
                if let Some(sum) = sums.get_mut(member as usize) {
                    *sum = sum.wrapping_add(variant.hash);
                }
            }
        }
        sums
    }

    /// The same for a few schemas.
    pub(crate) fn fingerprints_of(&self, schemas: &RoaringBitmap) -> FxHashMap<u32, u128> {
        let mut sums: FxHashMap<u32, u128> = schemas.iter().map(|schema| (schema, 0)).collect();
        for variant in self.aspects.values().flat_map(|aspect| &aspect.variants) {
            for member in &variant.members & schemas {
                if let Some(sum) = sums.get_mut(&member) {
                    *sum = sum.wrapping_add(variant.hash);
                }
            }
        }
        sums
    }

    fn insert(&mut self, hash: u128, fact: Fact<'_>) -> Place {
        let (values, expressions) = match fact.fields {
            Fields::Of(source, text) => {
                let values = source.fields.iter().zip(text.split(BETWEEN));
                let expressions = source.fields.iter().filter(|(_, _, field)| field.is_expression());
                (
                    values.map(|((name, _, _), value)| (*name, value.to_owned())).collect(),
                    expressions.map(|(name, _, _)| *name).collect(),
                )
            }
            Fields::One(name, value) => (vec![(name, value.to_owned())], Vec::new()),
        };
        let entry = self.aspects.entry((fact.object, fact.aspect));
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let index = number(entry.index());
        let aspect = entry.or_default();
        aspect.parent = aspect.parent.take().or(fact.parent);
        let members = RoaringBitmap::new();
        let mut reaches: Vec<Reach> = Vec::new();
        for reach in fact.reaches {
            if !reaches.contains(&reach) {
                reaches.push(reach);
            }
        }
        aspect.variants.push(Variant { values: Arc::new(values), reaches, expressions, hash, members });
        let variant = number(aspect.variants.len() - 1);
        self.met.push(Met { aspect: index, variant, block: 0, schemas: 0 });
        number(self.met.len() - 1)
    }

    fn at(&mut self, place: Place) -> Option<&mut Variant> {
        let met = self.met.get(place as usize)?;
        let (_, aspect) = self.aspects.get_index_mut(met.aspect as usize)?;
        aspect.variants.get_mut(met.variant as usize)
    }

    /// Drops what is known of these schemas, which are about to be read again.
    pub(super) fn forget(&mut self, schemas: &RoaringBitmap) {
        self.reopened = Some(Reopened { schemas: schemas.clone(), found: FxHashMap::default() });
        self.chance.retain(|(_, schema, _)| !schemas.contains(*schema));
    }

    /// They have been read: records what became of them.
    pub(super) fn close(&mut self) {
        let Some(Reopened { schemas, found }) = self.reopened.take() else { return };
        let none = RoaringBitmap::new();
        self.join_all();
        for place in 0..u32::try_from(self.met.len()).unwrap_or(u32::MAX) {
            let having = found.get(&place).unwrap_or(&none);
            let Some(variant) = self.at(place) else { continue };
            if schemas.iter().any(|schema| variant.members.contains(schema) != having.contains(schema)) {
                variant.members -= &schemas;
                variant.members |= having;
                variant.members.optimize();
            }
        }
    }

    /// Makes what is kept small.
    pub(super) fn optimize(&mut self) {
        self.join_all();
        for variant in self.aspects.values_mut().flat_map(|aspect| &mut aspect.variants) {
            variant.members.optimize();
        }
    }

    /// The schemas outside of `schemas` whose facts refer to something in one of them.
    pub(super) fn reaching(&self, schemas: &RoaringBitmap) -> RoaringBitmap {
        let variants = self.aspects.values().flat_map(|aspect| &aspect.variants);
        let reaching = variants.filter(|variant| variant.reaches.iter().any(|reach| schemas.contains(reach.schema)));
        reaching.fold(RoaringBitmap::new(), |all, variant| all | (&variant.members - schemas))
    }

    /// Everything has come: settles what looked like a schema's own name by chance.
    pub(super) fn complete(&mut self) {
        let (chance, known) = (std::mem::take(&mut self.chance), std::mem::take(&mut self.known));
        self.settle(&chance, &known);
        self.met = Vec::new();
    }

    /// The same for a copy; more can be read into this one.
    pub(super) fn completed(&self) -> Self {
        let mut copy = Self { aspects: self.aspects.clone(), met: self.met.clone(), ..Self::default() };
        copy.settle(&self.chance, &self.known);
        copy.met = Vec::new();
        copy
    }

    fn settle(&mut self, chance: &[(Place, u32, u128)], known: &FxHashMap<u128, Place>) {
        self.join_all();
        for (place, schema, verbatim) in chance.iter().copied() {
            let Some(other) = known.get(&verbatim).copied().filter(|other| *other != place) else { continue };
            let count = |variant: Option<&mut Variant>| variant.map_or(0, |variant| variant.members.len());
            // A text that few have is their fault rather than this schema's luck.
            if count(self.at(other)) <= count(self.at(place)) {
                continue;
            }
            if let Some(variant) = self.at(place) {
                variant.members.remove(schema);
            }
            if let Some(variant) = self.at(other) {
                variant.members.insert(schema);
            }
        }
        for aspect in self.aspects.values_mut() {
            aspect.variants.retain(|variant| !variant.members.is_empty());
            for variant in &mut aspect.variants {
                variant.members.optimize();
            }
        }
        self.aspects.retain(|_, aspect| !aspect.variants.is_empty());
    }
}
