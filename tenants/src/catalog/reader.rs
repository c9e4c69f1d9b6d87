//! Turns rows into facts.

use std::collections::HashSet;

use roaring::RoaringBitmap;
use rustc_hash::{FxHashMap, FxHashSet};
use xxhash_rust::xxh3::xxh3_128;

use super::{
    columns::Columns,
    field,
    line::Line,
    names::{Class, Missing, Names, SYSTEM, Schema, SchemaId},
    pen::{Pen, Reach, mentions},
    quick::{self, Plan},
    source::Source,
    sources::{COLUMNS, COMPOSITE, INDEX_STORAGE, RELATIONS},
    spelling::{self, relation_kind},
    types,
    variants::{BETWEEN, Fact, Fields, Object, Place, Variants},
};

/// Most keys that are remembered; a healthy fleet has some thousands.
const QUICK: usize = 100_000;

/// What has been read so far.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) names: Names,
    pub(super) columns: Columns,
    pub(super) variants: Variants,
    /// Rows that refer to something that is not known yet.
    waiting: Vec<(&'static Source, String)>,
    missing: HashSet<Missing>,
    /// Whether rows refer to a role, or something else outside the schemas, that was not there when names were read.
    strangers: bool,
    /// Schemas that settings of roles or of the database name.
    pub(super) settings: Vec<(String, Reach)>,
    /// Facts by the keys of rows that said them.
    quick: FxHashMap<u128, Place>,
    key: Vec<u8>,
    buffer: String,
    /// What free text says that schemas hold, and they do not.
    absent: FxHashSet<(SchemaId, String)>,
    /// Names of nothing, written after a schema's own in free text.
    unknown: FxHashSet<String>,
}

impl Reader {
    /// Some schemas and their relations are about to be read again: drops what is known of them.
    pub(super) fn forget(&mut self, schemas: &RoaringBitmap, relations: &[u32]) {
        self.strangers = false;
        self.names.reopen();
        self.columns.reopen(relations);
        self.variants.forget(schemas);
    }

    /// Whether free text that was read before means something else now, because of what these schemas hold, or
    /// whether they refer to what has come to the server since.
    pub(super) fn is_outdated(&self, schemas: &RoaringBitmap) -> bool {
        let appeared =
            |(schema, name): &(SchemaId, String)| schemas.contains(*schema) && self.names.holds(*schema, name);
        self.strangers || self.absent.iter().any(appeared) || self.unknown.iter().any(|name| self.names.knows(name))
    }

    /// Takes a row of a source.
    pub(super) fn take(&mut self, plan: &Plan, row: &str) {
        self.take_line(plan, &Line::folded(row, &plan.usual), row);
    }

    fn take_line(&mut self, plan: &Plan, line: &Line<'_>, row: &str) {
        if let Err(missing) = self.row(plan, line) {
            self.missing.insert(missing);
            self.waiting.push((plan.source, row.to_owned()));
        }
    }

    fn row(&mut self, plan: &Plan, line: &Line<'_>) -> Result<(), Missing> {
        let source = plan.source;
        let Some((home, relation)) = spelling::home(&self.names, source.object, line) else { return Ok(()) };
        let quick = quick::key(&self.names, &self.columns, (home, relation), plan, line, &mut self.key);
        let quick = quick.map(|()| xxh3_128(&self.key));
        if let Some(place) = quick.and_then(|key| self.quick.get(&key)) {
            self.variants.again(home, *place);
            return Ok(());
        }
        let mut pen = Pen::new(&self.names, home, std::mem::take(&mut self.buffer));
        pen.push(source.aspect);
        pen.text.push(BETWEEN);
        let about = spelling::write(&mut pen, &self.columns, source.object, line)?;
        let begun = field::write(&mut pen, &self.columns, about.relation, source, line)?;
        let Pen { text, verbatim, mut reaches, prose, unknown, .. } = pen;
        self.unknown.extend(unknown);
        let (names, absent) = (&self.names, &mut self.absent);
        let place = self.variants.add(home, &text, verbatim.as_deref(), || {
            for (attribute, from, to) in prose {
                reaches.extend(mentions(names, attribute, text.get(from..to).unwrap_or_default(), absent));
            }
            let parent = about.parent.and_then(|parent| names.relation(parent));
            let object = Object { kind: about.kind, name: text.get(about.name).unwrap_or_default().to_owned() };
            let parent = parent.map(|parent| names.relation_name(parent).to_owned());
            let fields = Fields::Of(source, text.get(begun..).unwrap_or_default());
            Fact { object, parent, aspect: source.aspect, fields, reaches }
        });
        if let (Some(key), None, true) = (quick, verbatim, self.quick.len() < QUICK) {
            self.quick.insert(key, place);
        }
        self.buffer = text;
        Ok(())
    }

    /// OIDs of types and functions that have to be looked up before [`Reader::again`].
    pub(super) fn missing(&mut self) -> Option<(Vec<u32>, Vec<u32>)> {
        let missing = std::mem::take(&mut self.missing);
        self.strangers |= missing.iter().any(|one| !matches!(one.class, Class::Type | Class::Function));
        let of = |class| missing.iter().filter(|one| one.class == class).map(|one| one.oid).collect::<Vec<_>>();
        (!missing.is_empty()).then(|| (of(Class::Type), of(Class::Function)))
    }

    /// Takes the rows again that had to wait.
    pub(super) fn again(&mut self) {
        self.names.everything_is_known = true;
        for (source, row) in std::mem::take(&mut self.waiting) {
            self.take(&Plan::of(source), &row);
        }
    }

    /// A row of [`super::sources::SCHEMAS`].
    pub(super) fn schema(&mut self, row: &str) {
        let line = Line::new(row);
        self.names.add_schema(Schema { oid: line.oid(0), name: line.text(1).into_owned() });
    }

    /// A row of [`super::sources::SETTINGS`].
    pub(super) fn setting(&mut self, row: &str) {
        let line = Line::new(row);
        for setting in line.text(1).lines().filter(|setting| setting.starts_with("search_path=")) {
            let reaches = mentions(&self.names, "settings", setting, &mut self.absent);
            self.settings.extend(reaches.into_iter().map(|reach| (line.text(0).into_owned(), reach)));
        }
    }

    /// A row of [`super::sources::NAMES`].
    pub(super) fn name(&mut self, row: &str) {
        let line = Line::new(row);
        let Some(schema) = self.names.schema(line.oid(3)) else { return };
        let class = match line.raw(0) {
            Some("a") => Class::AccessMethod,
            Some("l") => Class::Language,
            Some("r") => Class::Role,
            Some("s") => Class::Tablespace,
            Some("w") => Class::Server,
            Some("c") => Class::Collation,
            Some("o") => Class::Operator,
            Some("k") => Class::Opclass,
            Some("m") => Class::Opfamily,
            Some("p") => Class::Search,
            Some("f") => Class::Function,
            _ => Class::Type,
        };
        let name = line.text(2);
        match (class, name.strip_prefix('_')) {
            (Class::Type, _) if schema == SYSTEM => self.names.add(class, line.oid(1), schema, &types::name(&name)),
            (Class::Type, Some(element)) => self.names.add(class, line.oid(1), schema, &format!("{element}[]")),
            _ => self.names.add(class, line.oid(1), schema, &name),
        }
    }

    /// A row of [`RELATIONS`]; the plans are those of [`RELATION_PLANS`].
    pub(super) fn relation(&mut self, row: &str, plans: &[Plan]) {
        let [relation, index, composite] = plans else { return };
        let line = Line::folded(row, &relation.usual);
        let Some(schema) = self.names.schema(line.oid(1)) else { return };
        let kind = line.raw(3).and_then(|kind| kind.bytes().next()).unwrap_or(b'r');
        self.names.add_relation(line.oid(0), schema, &line.text(2), kind);
        let plan = match kind {
            b'i' | b'I' => index,
            b'c' => composite,
            _ => relation,
        };
        self.take_line(plan, &line, row);
    }

    /// All relations and columns have come. Says which types of columns have to be looked up.
    pub(super) fn relations_are_complete(&mut self) -> Vec<u32> {
        self.names.relations_are_complete();
        self.columns.complete();
        let types = self.columns.layouts().iter().flat_map(|layout| &layout.own_types).copied();
        let unknown: HashSet<u32> = types.filter(|kind| self.names.named(Class::Type, *kind).is_err()).collect();
        unknown.into_iter().collect()
    }

    /// Makes facts of the columns, once for each way a table is laid out.
    pub(super) fn lay_out(&mut self) {
        let mut tables: FxHashMap<(u32, u32, Option<SchemaId>), RoaringBitmap> = FxHashMap::default();
        for row in self.names.relations() {
            let id = if row.has_columns() { self.columns.layout_id(row.oid) } else { None };
            let Some(id) = id else { continue };
            // What refers to types or collations that are not the server's own, or to roles, is read within each schema.
            let own = self.columns.layout(id).is_some_and(|layout| layout.is_own);
            tables.entry((row.name_and_kind(), id, own.then_some(row.schema))).or_default().insert(row.schema);
        }
        for ((table, layout, own), schemas) in &tables {
            let home = own.or_else(|| schemas.min()).unwrap_or_default();
            self.lay_out_table(*table, *layout, home, schemas);
        }
    }

    fn lay_out_table(&mut self, table: u32, layout: u32, home: SchemaId, schemas: &RoaringBitmap) {
        let Some(layout) = self.columns.layout(layout) else { return };
        let (table, kind) = self.names.unpack(table);
        let usual = COLUMNS.usual();
        for (row, column) in layout.rows.iter().zip(layout.names()) {
            let line = Line::folded(row, &usual);
            let mut pen = Pen::new(&self.names, home, String::new());
            pen.push(&format!("{BETWEEN}column{BETWEEN}{table}.{column}"));
            // Their types were looked up before; a missing one is written as a number.
            let Ok(begun) = field::write(&mut pen, &self.columns, 0, &COLUMNS, &line) else { continue };
            let fields = Fields::Of(&COLUMNS, pen.text.get(begun..).unwrap_or_default());
            let object = Object { kind: "column", name: format!("{table}.{column}") };
            let fact = Fact { object, parent: Some(table.to_owned()), aspect: "", fields, reaches: pen.reaches };
            self.variants.add_all(schemas, &pen.text, fact);
        }
        let order = layout.names().collect::<Vec<_>>().join(", ");
        let kind = relation_kind(kind);
        let object = Object { kind, name: table.to_owned() };
        let key = format!("{ORDER}{BETWEEN}{kind}{BETWEEN}{table}{BETWEEN}{order}");
        let fact =
            Fact { object, parent: None, aspect: ORDER, fields: Fields::One(ORDER, &order), reaches: Vec::new() };
        self.variants.add_all(schemas, &key, fact);
    }
}

/// What the rows of [`RELATIONS`] tell: of a relation, of an index, of a composite type.
pub(super) const RELATION_PLANS: [&Source; 3] = [&RELATIONS, &INDEX_STORAGE, &COMPOSITE];

/// The order of a table's columns is one fact, so that it is told once.
pub(crate) const ORDER: &str = "column order";
