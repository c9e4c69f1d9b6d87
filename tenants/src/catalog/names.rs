//! What numbers stand for. A catalog names its objects by OID; facts name them by words, so that
//! equal tenants have equal facts.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use indexmap::IndexSet;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

use super::by_oid::{ByOid, HasOid};

/// OIDs below belong to the server itself and mean the same in every database of its version.
pub(super) const FIRST_USER_OID: u32 = 16_384;

/// A schema's place in [`Names::schemas`].
pub(super) type SchemaId = u32;

/// `pg_catalog`: its objects are named without a schema.
pub(super) const SYSTEM: SchemaId = u32::MAX;

/// A word's place among all words that were met.
type WordId = u32;

/// Catalogs whose rows are referred to by OID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Class {
    Relation,
    Type,
    Function,
    Role,
    Collation,
    Operator,
    Opclass,
    Opfamily,
    AccessMethod,
    Language,
    Tablespace,
    Server,
    Schema,
    Search,
}

/// A schema that is looked at.
#[derive(Debug, Clone)]
pub(crate) struct Schema {
    pub(super) oid: u32,
    pub(crate) name: String,
}

/// All schemas that are looked at, by their places.
#[derive(Debug, Clone, Default)]
pub(crate) struct Schemas {
    all: Vec<Schema>,
    /// Sorted when it is first asked for: a fleet that is compared again and again has the same names.
    alphabetical: OnceLock<Vec<SchemaId>>,
}

impl Schemas {
    fn add(&mut self, schema: Schema) {
        self.all.push(schema);
        self.alphabetical.take();
    }

    /// Their places, sorted by name.
    pub(crate) fn alphabetical(&self) -> &[SchemaId] {
        self.alphabetical.get_or_init(|| {
            let mut sorted: Vec<(&str, SchemaId)> = self.all.iter().map(|schema| &*schema.name).zip(0..).collect();
            sorted.sort_unstable();
            sorted.into_iter().map(|(_, place)| place).collect()
        })
    }
}

impl Deref for Schemas {
    type Target = [Schema];

    fn deref(&self) -> &[Schema] {
        &self.all
    }
}

/// What an OID names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named {
    pub(super) schema: SchemaId,
    word: WordId,
}

/// A reference whose target is not known yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Missing {
    pub(super) class: Class,
    pub(super) oid: u32,
}

/// All names of one snapshot.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) schemas: Arc<Schemas>,
    by_oid: FxHashMap<u32, SchemaId>,
    by_name: FxHashMap<String, SchemaId>,
    words: IndexSet<Box<str>, FxBuildHasher>,
    named: FxHashMap<(Class, u32), Named>,
    relations: Relations,
    /// Roles that are called like a schema.
    tenants_roles: FxHashSet<u32>,
    /// Whatever is not known by now never will be: it is written as a number.
    pub(super) everything_is_known: bool,
}

impl Names {
    pub(super) fn add_schema(&mut self, schema: Schema) {
        let id = u32::try_from(self.schemas.len()).unwrap_or(SYSTEM - 1);
        self.by_oid.insert(schema.oid, id);
        self.by_name.insert(schema.name.clone(), id);
        Arc::make_mut(&mut self.schemas).add(schema);
    }

    /// The schema with this OID; `None` for those that nobody looks at, such as `pg_toast`.
    pub(super) fn schema(&self, oid: u32) -> Option<SchemaId> {
        if oid == 11 { Some(SYSTEM) } else { self.by_oid.get(&oid).copied() }
    }

    pub(super) fn schema_named(&self, name: &str) -> Option<SchemaId> {
        self.by_name.get(name).copied()
    }

    pub(super) fn schema_name(&self, id: SchemaId) -> &str {
        self.schemas.get(id as usize).map_or("pg_catalog", |schema| &schema.name)
    }

    fn word(&mut self, text: &str) -> WordId {
        let index = match self.words.get_index_of(text) {
            Some(index) => index,
            None => self.words.insert_full(text.into()).0,
        };
        u32::try_from(index).unwrap_or(WORDS)
    }

    pub(super) fn add(&mut self, class: Class, oid: u32, schema: SchemaId, name: &str) {
        if class == Class::Role && self.by_name.contains_key(name) {
            self.tenants_roles.insert(oid);
        }
        let word = self.word(name);
        self.named.insert((class, oid), Named { schema, word });
    }

    pub(super) fn add_relation(&mut self, oid: u32, schema: SchemaId, name: &str, kind: u8) {
        let word = self.word(name);
        let word = word & WORDS | u32::from(kind_code(kind)) << KIND_SHIFT;
        self.relations.add(Relation { oid, schema, word });
    }

    /// Whether a role is called like a schema, and so belongs to that tenant.
    pub(super) fn is_tenants(&self, role: u32) -> bool {
        self.tenants_roles.contains(&role)
    }

    /// Relations can be looked up from here on.
    pub(super) fn relations_are_complete(&mut self) {
        self.relations.complete();
    }

    /// Some schemas are about to be read again; what is known of others stays.
    pub(super) fn reopen(&mut self) {
        self.everything_is_known = false;
        self.relations.again = Some(Vec::new());
    }

    /// The relations that were read last: all, or those of the schemas that were read again.
    pub(super) fn relations(&self) -> &[Relation] {
        self.relations.again.as_deref().unwrap_or(self.relations.rows.rows())
    }

    pub(super) fn relation(&self, oid: u32) -> Option<Relation> {
        self.relations.find(oid)
    }

    /// What an OID names.
    ///
    /// # Errors
    /// [`Missing`] when nothing of that OID has been met.
    pub(super) fn named(&self, class: Class, oid: u32) -> Result<Named, Missing> {
        let found = match class {
            Class::Relation => self.relation(oid).map(|row| Named { schema: row.schema, word: row.word & WORDS }),
            Class::Schema => None,
            _ => self.named.get(&(class, oid)).copied(),
        };
        found.ok_or(Missing { class, oid })
    }

    pub(super) fn text(&self, named: Named) -> &str {
        self.words.get_index(named.word as usize).map_or("", |word| word)
    }

    pub(super) fn relation_name(&self, row: Relation) -> &str {
        self.text(Named { schema: row.schema, word: row.word & WORDS })
    }

    /// Name and kind of relations, of which [`Relation::name_and_kind`] is the number.
    pub(super) fn unpack(&self, name_and_kind: u32) -> (&str, u8) {
        let row = Relation { oid: 0, schema: SYSTEM, word: name_and_kind };
        (self.relation_name(row), row.kind())
    }

    /// Whether anything at all has that name.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.words.contains(name)
    }

    /// Whether a schema has a relation, type or function of that name. Only asked of words in free text.
    pub(super) fn holds(&self, schema: SchemaId, name: &str) -> bool {
        let Some(word) = self.words.get_index_of(name).and_then(|index| u32::try_from(index).ok()) else {
            return false;
        };
        self.named.values().any(|named| named.schema == schema && named.word == word)
            || self.relations.all().any(|row| row.schema == schema && row.word & WORDS == word)
    }
}

/// A relation: 12 bytes, because a large fleet has millions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Relation {
    pub(super) oid: u32,
    pub(super) schema: SchemaId,
    word: u32,
}

impl Named {
    /// The number of the name.
    pub(super) fn word(self) -> u32 {
        self.word
    }
}

impl Relation {
    /// The same for all relations of that name and kind.
    pub(super) fn name_and_kind(self) -> u32 {
        self.word
    }

    /// Whether its columns are read: those of indexes and sequences are not.
    pub(super) fn has_columns(self) -> bool {
        !matches!(self.kind(), b'i' | b'I' | b'S')
    }

    /// `pg_class.relkind`.
    pub(super) fn kind(self) -> u8 {
        KINDS.get((self.word >> KIND_SHIFT) as usize).copied().unwrap_or(b'r')
    }
}

impl HasOid for Relation {
    fn oid(&self) -> u32 {
        self.oid
    }
}

#[derive(Debug, Default)]
struct Relations {
    rows: ByOid<Relation>,
    /// What was read again since, by OID; it holds instead of the row above.
    later: FxHashMap<u32, Relation>,
    /// Of these, what was read last. `None` while everything is read for the first time.
    again: Option<Vec<Relation>>,
}

impl Relations {
    fn add(&mut self, row: Relation) {
        match &mut self.again {
            None => self.rows.add(row),
            Some(again) => {
                again.push(row);
                self.later.insert(row.oid, row);
            }
        }
    }

    fn all(&self) -> impl Iterator<Item = &Relation> {
        self.rows.rows().iter().filter(|row| !self.later.contains_key(&row.oid)).chain(self.later.values())
    }

    fn complete(&mut self) {
        if self.again.is_none() {
            self.rows.complete();
        }
    }

    fn find(&self, oid: u32) -> Option<Relation> {
        if self.later.is_empty() {
            self.rows.find(oid)
        } else {
            self.later.get(&oid).copied().or_else(|| self.rows.find(oid))
        }
    }
}

/// Kinds of relations share a word with the name: four bits for the kind, 28 for the name.
const KINDS: &[u8; 9] = b"rpvmfSiIc";
const KIND_SHIFT: u32 = 28;
const WORDS: u32 = (1 << KIND_SHIFT) - 1;

fn kind_code(kind: u8) -> u8 {
    KINDS.iter().position(|known| *known == kind).and_then(|at| u8::try_from(at).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_are_found_wherever_their_numbers_lie() {
        let mut names = Names::default();
        names.add_schema(Schema { oid: 16_384, name: "acme".to_owned() });
        let oids = [4_000_000_000, 1_000_000, 16_400, 16_640, 16_639, 20_000, 16_400];
        for oid in oids {
            names.add_relation(oid, 0, &format!("r{oid}"), b'm');
        }
        names.relations_are_complete();
        for oid in oids {
            let row = names.relation(oid).unwrap();
            assert_eq!((names.relation_name(row), row.kind()), (&*format!("r{oid}"), b'm'));
        }
        assert!([0, 16_401, 16_641, 999_999, 1_000_001, u32::MAX].iter().all(|oid| names.relation(*oid).is_none()));
        assert!(Names::default().relation(5).is_none());
    }
}
