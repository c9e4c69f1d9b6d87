//! How a snapshot is written: two lines of JSON.
//!
//! The first line says what the file is: `{"signalbox_snapshot":1,"checksum":"…"}`, with the xxh3-128 of the second
//! line. The second is the snapshot, or what changed since another one that `since` names:
//!
//! | member | meaning |
//! |---|---|
//! | `taken_at`, `database`, `server_version` | when and where |
//! | `words` | the edition of the words that facts are told with; others cannot be compared |
//! | `since`, `depth` | the file this one continues, and how many it needs in all |
//! | `facts` | aspects of objects that the earlier files do not have: `id` (a hash), `kind`, `name`, `aspect`, `parent` and `values`, pairs of attribute and value; `null` is none, `§` the schema itself |
//! | `structures` | sets of facts that they do not have: `fingerprint`, and the facts `with` and `without` which it is `like` another |
//! | `standings` | what `schemas` refer to: `state`, `missing`, `foreign`, `lacks` |
//! | `schemas` | of each schema that is not as before `[structure, standing]`; `null` for one that is gone |
//! | `kinds` | which questions were asked |
//! | `found`, `resolved` | hashes of findings that are new, and that are gone |

use std::collections::{BTreeMap, BTreeSet, HashMap};

use indexmap::{IndexMap, IndexSet};
use jiff::Timestamp;
use roaring::RoaringBitmap;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use super::{Fact, Snapshot, State};
use crate::catalog::{NONE, Object, words};
use crate::{Kind, Standing};

/// The version of the files. Others are refused.
pub const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Head {
    signalbox_snapshot: u32,
    checksum: String,
}

/// The second line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Body {
    taken_at: Timestamp,
    database: String,
    server_version: String,
    words: String,
    pub(super) since: Option<String>,
    pub(super) depth: u32,
    facts: Vec<WrittenFact>,
    structures: Vec<WrittenStructure>,
    standings: Vec<WrittenStanding>,
    schemas: BTreeMap<String, Option<(Hex, Option<usize>)>>,
    kinds: BTreeSet<Kind>,
    found: Vec<String>,
    resolved: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct WrittenFact {
    id: Hex,
    kind: String,
    name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    aspect: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parent: Option<String>,
    values: Vec<(String, Option<String>)>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct WrittenStructure {
    fingerprint: Hex,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    like: Option<Hex>,
    with: Vec<Hex>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    without: Vec<Hex>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct WrittenStanding {
    state: crate::State,
    missing: Vec<String>,
    foreign: Vec<String>,
    lacks: Vec<String>,
}

/// 128 bits as 32 digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Hex(u128);

impl From<Hex> for String {
    fn from(hex: Hex) -> Self {
        format!("{:032x}", hex.0)
    }
}

impl TryFrom<String> for Hex {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        u128::from_str_radix(&text, 16).map(Self)
    }
}

/// The bytes of a file.
pub(super) fn written(body: &Body) -> serde_json::Result<Vec<u8>> {
    let body = serde_json::to_vec(body)?;
    let head = Head { signalbox_snapshot: FORMAT, checksum: Hex(xxh3_128(&body)).into() };
    let mut bytes = serde_json::to_vec(&head)?;
    bytes.push(b'\n');
    bytes.extend(body);
    bytes.push(b'\n');
    Ok(bytes)
}

/// What the bytes of a file say, or why they are not to be believed.
pub(super) fn read(bytes: &[u8]) -> Result<Body, String> {
    let foreign = || "this is no snapshot of a tenant fleet".to_owned();
    let (head, body) = memchr::memchr(b'\n', bytes).and_then(|at| bytes.split_at_checked(at)).ok_or_else(foreign)?;
    let head: Head = serde_json::from_slice(head).map_err(|_| foreign())?;
    if head.signalbox_snapshot != FORMAT {
        return Err(format!("it is written in format {}, and this program reads {FORMAT}", head.signalbox_snapshot));
    }
    let body = body.strip_prefix(b"\n").and_then(|body| body.strip_suffix(b"\n")).unwrap_or_default();
    if String::from(Hex(xxh3_128(body))) != head.checksum {
        return Err("it is damaged: its contents do not fit its checksum".to_owned());
    }
    let body: Body = serde_json::from_slice(body).map_err(|error| format!("it is not understood: {error}"))?;
    if body.words != words::edition() {
        return Err("another version of this program wrote it, in words that cannot be compared; take a new one".into());
    }
    Ok(body)
}

impl Body {
    /// What is to be written of a snapshot: all of it, or what a file before it does not say.
    pub(super) fn of(snapshot: &Snapshot, before: Option<(&str, u32, &Snapshot)>) -> Self {
        let base = before.map(|(_, _, base)| base);
        let fact = |(id, fact): (&u128, &Fact)| {
            let known = base.is_some_and(|base| base.facts.get(id) == Some(fact));
            (!known).then(|| WrittenFact::of(*id, fact))
        };
        let mut standings: IndexSet<WrittenStanding> = IndexSet::new();
        let mut schemas = BTreeMap::new();
        for (name, state) in &snapshot.schemas {
            if base.is_none_or(|base| base.schemas.get(name) != Some(state)) {
                let standing = state.standing.as_ref().map(|one| standings.insert_full(WrittenStanding::of(one)).0);
                schemas.insert(name.clone(), Some((Hex(state.fingerprint), standing)));
            }
        }
        let gone = base.into_iter().flat_map(|base| base.schemas.keys());
        schemas.extend(gone.filter(|name| !snapshot.schemas.contains_key(*name)).map(|name| (name.clone(), None)));
        let nothing = BTreeSet::new();
        let earlier = base.map_or(&nothing, |base| &base.found);
        let keys =
            |keys: std::collections::btree_set::Difference<'_, u64>| keys.map(|key| format!("{key:016x}")).collect();
        Self {
            taken_at: snapshot.taken_at,
            database: snapshot.database.clone(),
            server_version: snapshot.server_version.clone(),
            words: words::edition().to_owned(),
            since: before.map(|(file, ..)| file.to_owned()),
            depth: before.map_or(0, |(_, depth, _)| depth + 1),
            facts: snapshot.facts.iter().filter_map(fact).collect(),
            structures: structures(snapshot, base),
            standings: standings.into_iter().collect(),
            schemas,
            kinds: snapshot.kinds.clone(),
            found: keys(snapshot.found.difference(earlier)),
            resolved: keys(earlier.difference(&snapshot.found)),
        }
    }
}

/// Structures that are new, each told by what it differs in from one that is written before it.
fn structures(snapshot: &Snapshot, base: Option<&Snapshot>) -> Vec<WrittenStructure> {
    let ids = |of: &Snapshot, structure: &RoaringBitmap| -> BTreeSet<u128> {
        structure.iter().filter_map(|at| of.facts.get_index(at as usize)).map(|(id, _)| *id).collect()
    };
    // What its tenants were before is nearest.
    let mut earlier: HashMap<u128, u128> = HashMap::new();
    for (name, state) in &snapshot.schemas {
        if let Some(then) = base.and_then(|base| base.schemas.get(name)) {
            earlier.entry(state.fingerprint).or_insert(then.fingerprint);
        }
    }
    let mut sizes: HashMap<u128, usize> = HashMap::new();
    for state in snapshot.schemas.values() {
        *sizes.entry(state.fingerprint).or_default() += 1;
    }
    let mut new: Vec<(&u128, &RoaringBitmap)> = snapshot
        .structures
        .iter()
        .filter(|(print, _)| base.is_none_or(|base| !base.structures.contains_key(print)))
        .collect();
    new.sort_by_key(|(print, _)| std::cmp::Reverse(sizes.get(*print).copied()));
    let mut first: Option<(u128, BTreeSet<u128>)> = None;
    let mut written = Vec::new();
    for (print, structure) in new {
        let own = ids(snapshot, structure);
        let nearest = earlier.get(print).and_then(|then| {
            let base = base?;
            Some((*then, ids(base, base.structures.get(then)?)))
        });
        let like = nearest.or_else(|| first.clone());
        let (with, without) = match &like {
            Some((_, theirs)) => (&own - theirs, theirs - &own),
            None => (own.clone(), BTreeSet::new()),
        };
        let hex = |ids: BTreeSet<u128>| ids.into_iter().map(Hex).collect();
        let like = like.map(|(print, _)| Hex(print));
        written.push(WrittenStructure { fingerprint: Hex(*print), like, with: hex(with), without: hex(without) });
        first.get_or_insert((*print, own));
    }
    written
}

/// Files put together, the oldest first.
#[derive(Default)]
pub(super) struct Pile {
    facts: HashMap<u128, Fact>,
    structures: HashMap<u128, WrittenStructure>,
    schemas: BTreeMap<String, State>,
    found: BTreeSet<u64>,
    latest: Option<(Timestamp, String, String, BTreeSet<Kind>)>,
}

impl Pile {
    pub(super) fn add(&mut self, body: Body) -> Result<(), String> {
        for fact in body.facts {
            let (id, fact) = fact.read()?;
            self.facts.insert(id, fact);
        }
        for structure in body.structures {
            // One that went and came again is what it was. Each is like one that was there before it, so keeping the
            // first closes no circle.
            self.structures.entry(structure.fingerprint.0).or_insert(structure);
        }
        for (name, state) in body.schemas {
            let Some((fingerprint, standing)) = state else {
                self.schemas.remove(&name);
                continue;
            };
            let standing = match standing {
                Some(at) => Some(body.standings.get(at).ok_or("it refers to a standing it does not have")?.read(&name)),
                None => None,
            };
            self.schemas.insert(name, State { fingerprint: fingerprint.0, standing });
        }
        let keys = |keys: Vec<String>| -> Result<BTreeSet<u64>, String> {
            let read = |key: &String| u64::from_str_radix(key, 16).map_err(|error| error.to_string());
            keys.iter().map(read).collect()
        };
        let resolved = keys(body.resolved)?;
        self.found.retain(|key| !resolved.contains(key));
        self.found.extend(keys(body.found)?);
        self.latest = Some((body.taken_at, body.database, body.server_version, body.kinds));
        Ok(())
    }

    /// The snapshot that the last file is about.
    pub(super) fn finish(mut self) -> Result<Snapshot, String> {
        let (taken_at, database, server_version, kinds) = self.latest.take().ok_or("it is empty")?;
        let prints: BTreeSet<u128> = self.schemas.values().map(|state| state.fingerprint).collect();
        let mut resolved: HashMap<u128, BTreeSet<u128>> = HashMap::new();
        for print in &prints {
            self.resolve(*print, &mut resolved)?;
        }
        let used: BTreeSet<u128> = prints.iter().filter_map(|print| resolved.get(print)).flatten().copied().collect();
        let mut facts = IndexMap::with_capacity(used.len());
        for id in used {
            let fact = self.facts.remove(&id).ok_or("it refers to a fact that no file has")?;
            facts.insert(id, fact);
        }
        let places = |ids: &BTreeSet<u128>| -> RoaringBitmap {
            ids.iter().filter_map(|id| u32::try_from(facts.get_index_of(id)?).ok()).collect()
        };
        let structures = prints.iter().filter_map(|print| Some((*print, places(resolved.get(print)?)))).collect();
        let (schemas, found) = (self.schemas, self.found);
        Ok(Snapshot { taken_at, database, server_version, facts, structures, schemas, kinds, found })
    }

    /// The facts of a structure. What it is like is settled first; a circle of likenesses is damage.
    fn resolve(&self, print: u128, known: &mut HashMap<u128, BTreeSet<u128>>) -> Result<(), String> {
        let mut path = Vec::new();
        let mut next = Some(print);
        while let Some(print) = next.filter(|print| !known.contains_key(print)) {
            let structure = self.structures.get(&print).ok_or("it refers to a structure that no file has")?;
            if path.len() > self.structures.len() {
                return Err("its structures refer to each other in a circle".to_owned());
            }
            path.push(structure);
            next = structure.like.map(|like| like.0);
        }
        for structure in path.into_iter().rev() {
            let mut facts = structure.like.and_then(|like| known.get(&like.0)).cloned().unwrap_or_default();
            for id in &structure.without {
                facts.remove(&id.0);
            }
            facts.extend(structure.with.iter().map(|id| id.0));
            known.insert(structure.fingerprint.0, facts);
        }
        Ok(())
    }
}

impl WrittenFact {
    fn of(id: u128, fact: &Fact) -> Self {
        let value = |(name, value): &(&str, String)| ((*name).to_owned(), (value != NONE).then(|| value.clone()));
        Self {
            id: Hex(id),
            kind: fact.object.kind.to_owned(),
            name: fact.object.name.clone(),
            aspect: fact.aspect.to_owned(),
            parent: fact.parent.clone(),
            values: fact.values.iter().map(value).collect(),
        }
    }

    fn read(self) -> Result<(u128, Fact), String> {
        let word = |word: &str| words::known(word).ok_or_else(|| format!("it has a word that is not known: {word}"));
        let value = |(name, value): (String, Option<String>)| {
            Ok::<_, String>((word(&name)?, value.unwrap_or_else(|| NONE.to_owned())))
        };
        let object = Object { kind: word(&self.kind)?, name: self.name };
        let values = self.values.into_iter().map(value).collect::<Result<_, _>>()?;
        Ok((self.id.0, Fact { object, aspect: word(&self.aspect)?, parent: self.parent, values }))
    }
}

impl WrittenStanding {
    fn of(standing: &Standing) -> Self {
        let Standing { state, missing, foreign, lacks, .. } = standing.clone();
        Self { state, missing, foreign, lacks }
    }

    fn read(&self, tenant: &str) -> Standing {
        let Self { state, missing, foreign, lacks } = self.clone();
        Standing { tenant: tenant.to_owned(), state, missing, foreign, lacks }
    }
}
