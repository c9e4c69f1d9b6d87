//! The fleet's state at a time: taken from a reading, kept in files, held against another.
//!
//! A [`Snapshot`] holds what every tenant, and `public`, had: the facts as the audit words them, each once, and
//! who had which; how each tenant's ledger stood; and which findings there were, so that new ones can be told
//! from old. [`Store`] keeps snapshots in a folder, [`Snapshot::until`] says what changed between two.

mod blame;
mod diff;
mod file;
mod precedent;
mod store;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use indexmap::IndexMap;
use jiff::Timestamp;
use roaring::RoaringBitmap;
use xxhash_rust::xxh3::xxh3_64;

use crate::audit::shown;
use crate::catalog::{Catalog, NONE, Object, Values, is_hidden};
use crate::{Audit, Difference, Finding, Kind, Standing};

pub use blame::{AttributeChange, Blame, Turn, Turned};
pub use diff::{Diff, Moment};
pub use file::FORMAT;
pub use precedent::Precedent;
pub use store::{Entry, Store};

/// A fleet at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    taken_at: Timestamp,
    database: String,
    server_version: String,
    /// By their hash, in its order. Only those that some schema has.
    facts: IndexMap<u128, Fact>,
    /// By fingerprint, the places of their facts.
    structures: BTreeMap<u128, RoaringBitmap>,
    /// Tenants and `public`, by name.
    schemas: BTreeMap<String, State>,
    /// Which questions were asked.
    kinds: BTreeSet<Kind>,
    /// What was found, by [`key`].
    found: BTreeSet<u64>,
}

/// One aspect of one object, as some schemas have it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fact {
    object: Object,
    aspect: &'static str,
    /// The relation that the object belongs to.
    parent: Option<String>,
    values: Values,
}

/// One schema.
#[derive(Debug, Clone, PartialEq, Eq)]
struct State {
    fingerprint: u128,
    /// `None` for `public`, and where ledgers were not read.
    standing: Option<Standing>,
}

/// One attribute of one object, in words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attribute {
    /// `column orders.total`.
    pub object: String,
    /// `type`.
    pub attribute: String,
    /// `numeric(10,2)`; `none` where there is none.
    pub value: String,
}

const PUBLIC: &str = "public";

impl Snapshot {
    /// Keeps what was read. Needs an audit that listed all of its findings.
    pub(crate) fn of(catalog: &Catalog, tenants: &RoaringBitmap, audit: &Audit) -> Self {
        let prints = catalog.variants.fingerprints(catalog.schemas.len());
        let standings: HashMap<&str, &Standing> =
            audit.standings.iter().map(|standing| (&*standing.tenant, standing)).collect();
        let (mut schemas, mut models) = (BTreeMap::new(), BTreeMap::new());
        for (place, schema) in (0..).zip(catalog.schemas.iter()) {
            let Some(fingerprint) = prints.get(place as usize).copied() else { continue };
            if tenants.contains(place) || schema.name == PUBLIC {
                models.entry(fingerprint).or_insert(place);
                let standing = standings.get(&*schema.name).map(|standing| (*standing).clone());
                schemas.insert(schema.name.clone(), State { fingerprint, standing });
            }
        }
        let mut facts: BTreeMap<u128, (Fact, Vec<u128>)> = BTreeMap::new();
        for ((object, aspect), found) in &catalog.variants.aspects {
            for variant in &found.variants {
                let with = models.iter().filter(|(_, place)| variant.members.contains(**place));
                let with: Vec<u128> = with.map(|(fingerprint, _)| *fingerprint).collect();
                if !with.is_empty() {
                    let (parent, values) = (found.parent.clone(), Values::clone(&variant.values));
                    facts.insert(variant.hash, (Fact { object: object.clone(), aspect, parent, values }, with));
                }
            }
        }
        let mut structures: BTreeMap<u128, RoaringBitmap> =
            models.keys().map(|fingerprint| (*fingerprint, RoaringBitmap::new())).collect();
        for (place, (_, with)) in (0..).zip(facts.values()) {
            for fingerprint in with {
                structures.entry(*fingerprint).or_default().insert(place);
            }
        }
        let mut kinds = BTreeSet::from([Kind::Drift, Kind::Isolation]);
        kinds.extend((!audit.standings.is_empty()).then_some(Kind::Ledger));
        Self {
            taken_at: Timestamp::from_microsecond(catalog.taken_at).unwrap_or_default(),
            database: catalog.database.clone(),
            server_version: catalog.server_version.clone(),
            facts: facts.into_iter().map(|(hash, (fact, _))| (hash, fact)).collect(),
            structures,
            schemas,
            kinds,
            found: audit.findings.iter().map(key).collect(),
        }
    }

    /// Adds what another question found at the same time.
    pub fn add_findings<'a>(&mut self, kind: Kind, findings: impl IntoIterator<Item = &'a Finding>) {
        self.kinds.insert(kind);
        self.found.extend(findings.into_iter().map(key));
    }

    /// When it was taken, by the server's clock.
    #[must_use]
    pub fn taken_at(&self) -> Timestamp {
        self.taken_at
    }

    /// The database's name.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.database
    }

    /// Such as `15.18`.
    #[must_use]
    pub fn server_version(&self) -> &str {
        &self.server_version
    }

    /// Each tenant's schema with its fingerprint, by name.
    pub fn tenants(&self) -> impl Iterator<Item = (&str, String)> {
        self.states().map(|(name, state)| (name, format!("{:032x}", state.fingerprint)))
    }

    /// How each tenant's ledger stood; nothing where ledgers were not read.
    pub fn standings(&self) -> impl Iterator<Item = &Standing> {
        self.states().filter_map(|(_, state)| state.standing.as_ref())
    }

    /// Everything that a schema had, sorted; `None` where the snapshot has no such schema.
    #[must_use]
    pub fn attributes(&self, schema: &str) -> Option<Vec<Attribute>> {
        let structure = self.structures.get(&self.schemas.get(schema)?.fingerprint)?;
        let facts = structure.iter().filter_map(|place| self.facts.get_index(place as usize));
        let mut all: Vec<Attribute> = facts
            .flat_map(|(_, fact)| {
                let object = shown(&fact.object.spelled());
                fact.values.iter().map(move |(attribute, value)| {
                    let attribute = (*attribute).to_owned();
                    Attribute { object: object.clone(), attribute, value: shown(value) }
                })
            })
            .collect();
        all.sort();
        Some(all)
    }

    /// Whether a question was asked when it was taken.
    #[must_use]
    pub fn asked(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }

    /// Whether something was found already.
    #[must_use]
    pub fn found(&self, finding: &Finding) -> bool {
        self.found.contains(&key(finding))
    }

    /// Whether a tenant had a difference from the reference already.
    #[must_use]
    pub fn had(&self, tenant: &str, difference: &Difference) -> bool {
        let Difference { rule, object, attribute, to, .. } = difference;
        self.found.contains(&key_of(tenant, Kind::Drift, rule, object, attribute.as_deref(), to.as_deref()))
    }

    fn states(&self) -> impl Iterator<Item = (&str, &State)> {
        self.schemas.iter().filter(|(name, _)| *name != PUBLIC).map(|(name, state)| (&**name, state))
    }

    /// The values of a fact, where all of it could be shown.
    pub(crate) fn shown(&self, hash: u128) -> Option<&Values> {
        let values = &self.facts.get(&hash)?.values;
        values.iter().all(|(_, value)| !is_hidden(value)).then_some(values)
    }

    /// Adds what most tenants had to a catalog, as a schema of the given place.
    pub(crate) fn majority_into(&self, catalog: &mut Catalog, place: u32) {
        let mut sizes: BTreeMap<u128, usize> = BTreeMap::new();
        for (_, state) in self.states() {
            *sizes.entry(state.fingerprint).or_default() += 1;
        }
        let all: usize = sizes.values().sum();
        // How many have it at all, and how it looks with most of those.
        type Votes<'a> = (usize, Option<(usize, u128, &'a Fact)>);
        let mut aspects: IndexMap<(&Object, &str), Votes<'_>> = IndexMap::new();
        for (at, (hash, fact)) in (0..).zip(&self.facts) {
            let with = sizes.iter().filter(|(print, _)| self.structures.get(print).is_some_and(|one| one.contains(at)));
            let count: usize = with.map(|(_, size)| size).sum();
            let (having, best) = aspects.entry((&fact.object, fact.aspect)).or_default();
            *having += count;
            if count > best.map_or(0, |(most, ..)| most) {
                *best = Some((count, *hash, fact));
            }
        }
        let members = RoaringBitmap::from_iter([place]);
        // As an audit would meet them.
        aspects
            .sort_by_cached_key(|(object, aspect), _| (rank(object.kind), object.name.clone(), (*aspect).to_owned()));
        for (having, best) in aspects.into_values() {
            if let (true, Some((_, hash, fact))) = (having * 2 >= all, best) {
                fact.add_to(catalog, hash, &members);
            }
        }
    }
}

impl Fact {
    fn add_to(&self, catalog: &mut Catalog, hash: u128, members: &RoaringBitmap) {
        let key = (self.object.clone(), self.aspect);
        catalog.variants.add_known(key, self.parent.as_deref(), hash, &self.values, members);
    }
}

/// Relations come first, then columns, then the rest. Takes a kind, or an object's spelling.
fn rank(object: &str) -> usize {
    const RELATIONS: [&str; 5] = ["table", "partitioned table", "foreign table", "view", "materialized view"];
    let is = |kind: &str| object.strip_prefix(kind).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
    match RELATIONS.iter().any(|kind| is(kind)) {
        true => 0,
        false if is("column") => 1,
        false => 2,
    }
}

/// What makes a finding the same one at another time. The reference's value may have changed meanwhile.
fn key(finding: &Finding) -> u64 {
    let Finding { tenant, kind, rule, object, attribute, to, .. } = finding;
    key_of(tenant, *kind, rule, object, attribute.as_deref(), to.as_deref())
}

fn key_of(tenant: &str, kind: Kind, rule: &str, object: &str, attribute: Option<&str>, to: Option<&str>) -> u64 {
    let (attribute, to) = (attribute.unwrap_or(NONE), to.unwrap_or(NONE));
    xxh3_64([tenant, &*kind.to_string(), rule, object, attribute, to].join("\u{1f}").as_bytes())
}

impl fmt::Display for Snapshot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} at {:.0}", self.database, self.taken_at)
    }
}
