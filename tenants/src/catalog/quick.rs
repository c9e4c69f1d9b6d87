//! Recognises a row that says the same as one before it, without putting it into words.
//!
//! Nearly every row of a large fleet repeats what the same row of another tenant said, with other OIDs.
//! The key of a row is its raw text with each OID exchanged for what it names, seen from the row's own
//! schema. Rows with equal keys have equal facts; rows with equal facts may have different keys, and are then
//! put into words and found equal.

use std::sync::LazyLock;

use memchr::memmem;

use super::{
    columns::Columns,
    line::{Line, NULL, number, numbers},
    names::{Class, FIRST_USER_OID, Names, Relation, SYSTEM, SchemaId},
    source::{Field, Source, Spelling},
    tree,
};

/// How the rows of a source are read.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) source: &'static Source,
    /// What the last column stands for.
    pub(super) usual: Vec<&'static str>,
    /// Columns that do not go into the key as they came.
    steps: Vec<(usize, Step)>,
    /// Whether numbers of the relation's columns are told.
    counts_columns: bool,
    /// Whether keys can be made.
    is_quick: bool,
}

/// What goes into the key in place of a column.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// Nothing: it tells which tenant it is.
    Leave,
    /// The relation by which the row belongs to its schema.
    Relation,
    /// What the field means.
    Field(Field),
}

impl Plan {
    pub(super) fn of(source: &'static Source) -> Self {
        use Spelling::{
            Beside, Column, Function, InSchema, OfRelation, Operator, Owned, Part, PartOfType, Schema, Type,
        };
        const TYPES: Step = Step::Field(Field::Refs(Class::Type));
        let usual = source.usual();
        let of_object: &[(usize, Step)] = match source.object {
            Spelling::Relation => &[(0, Step::Leave), (1, Step::Leave)],
            OfRelation | Part(_) | Beside(_) | Column => &[(0, Step::Relation)],
            Owned(_, own) => &[(0, Step::Field(Field::Ref(Class::Relation))), (own, Step::Relation)],
            InSchema(_) | Type => &[(0, Step::Leave)],
            Function | Operator => &[(0, Step::Leave), (2, TYPES)],
            Schema => &[(1, Step::Leave)],
            // There are few of these.
            PartOfType(_) => &[],
        };
        let mut steps = of_object.to_vec();
        let is_verbatim = |field| {
            matches!(field, Field::Plain | Field::Flag | Field::Letter(_) | Field::Directions | Field::TriggerType)
        };
        let own = |field| matches!(field, Field::Columns | Field::KeyColumns | Field::IncludedColumns);
        for (_, column, field) in source.fields {
            if !is_verbatim(*field) && !own(*field) && !of_object.iter().any(|(of, _)| of == column) {
                steps.push((*column, Step::Field(*field)));
            }
        }
        steps.sort_by_key(|(column, _)| *column);
        let counts = |field| own(field) || matches!(field, Field::Tree);
        let counts_columns =
            matches!(source.object, Column) || source.fields.iter().any(|(_, _, field)| counts(*field));
        Self { source, usual, steps, counts_columns, is_quick: !of_object.is_empty() }
    }
}

/// Writes a row's key. `None` where only words tell.
pub(super) fn key(
    names: &Names,
    columns: &Columns,
    (home, relation): (SchemaId, Option<Relation>),
    plan: &Plan,
    line: &Line<'_>,
    buffer: &mut Vec<u8>,
) -> Option<()> {
    if !plan.is_quick {
        return None;
    }
    buffer.clear();
    let mut key = Key { names, columns, home, buffer };
    // Which question it is: no two share both.
    key.push(&plan.source.sql.as_ptr().addr().to_le_bytes());
    key.push(&plan.source.fields.as_ptr().addr().to_le_bytes());
    if plan.counts_columns {
        key.layout(line.oid(0));
    }
    let mut done = 0;
    for (column, step) in &plan.steps {
        // No usual column leads to another.
        if line.is_usual(*column) {
            break;
        }
        let (begun, end) = line.range(*column)?;
        key.push(line.between(done, begun));
        match step {
            Step::Leave => {}
            Step::Relation => key.push(&relation?.name_and_kind().to_le_bytes()),
            Step::Field(field) => key.field(*field, line.text.get(begun..end)?, line)?,
        }
        done = end;
    }
    key.push(line.between(done, usize::MAX));
    Some(())
}

struct Key<'a> {
    names: &'a Names,
    columns: &'a Columns,
    home: SchemaId,
    buffer: &'a mut Vec<u8>,
}

/// Comes before what is no text.
const MARK: &[u8] = &[1];

impl Key<'_> {
    fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// How a relation's columns are numbered.
    fn layout(&mut self, oid: u32) {
        self.push(&self.columns.layout_id(oid).unwrap_or(u32::MAX).to_le_bytes());
    }

    fn field(&mut self, field: Field, raw: &str, line: &Line<'_>) -> Option<()> {
        match field {
            _ if raw == NULL => self.push(raw.as_bytes()),
            Field::Ref(class) => self.reference(class, number(raw), raw)?,
            Field::Type => self.reference(Class::Type, number(raw), raw)?,
            Field::Refs(class) => {
                if class != Class::Role && numbers(raw).all(|oid| oid < i64::from(FIRST_USER_OID)) {
                    self.push(raw.as_bytes());
                    return Some(());
                }
                for oid in numbers(raw) {
                    self.push(&oid.min(i64::from(FIRST_USER_OID)).to_le_bytes());
                    self.reference(class, u32::try_from(oid).ok()?, "")?;
                }
            }
            Field::ColumnsOf(other) => {
                self.layout(line.oid(other));
                self.push(raw.as_bytes());
            }
            Field::Tree => self.tree(raw)?,
            Field::Prose | Field::Rights(_) | Field::ColumnRights if self.may_name_own(raw) => return None,
            Field::Plain
            | Field::Flag
            | Field::Letter(_)
            | Field::Directions
            | Field::TriggerType
            | Field::Columns
            | Field::KeyColumns
            | Field::IncludedColumns
            | Field::Prose
            | Field::Rights(_)
            | Field::ColumnRights => self.push(raw.as_bytes()),
        }
        Some(())
    }

    fn reference(&mut self, class: Class, oid: u32, raw: &str) -> Option<()> {
        // A role is the same for everybody, unless it is called like a tenant, as even the first one may be.
        if class == Class::Role && self.names.is_tenants(oid) {
            return None;
        }
        if oid < FIRST_USER_OID {
            self.push(raw.as_bytes());
            return Some(());
        }
        match class {
            Class::Role => {
                self.push(MARK);
                self.push(&oid.to_le_bytes());
                Some(())
            }
            Class::Schema => None,
            _ => {
                let named = self.names.named(class, oid).ok()?;
                let schema = if named.schema == self.home { SYSTEM - 1 } else { named.schema };
                self.push(MARK);
                self.push(&schema.to_le_bytes());
                self.push(&named.word().to_le_bytes());
                Some(())
            }
        }
    }

    /// A stored expression. Only numbers of five digits and more can be OIDs of users' objects.
    fn tree(&mut self, tree: &str) -> Option<()> {
        self.constants(tree)?;
        let bytes = tree.as_bytes();
        let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        // Five digits cover every place that is looked at, or the one five further on.
        let (mut done, mut at) = (0, 4);
        while at < bytes.len() {
            if !is_digit(at) {
                at += 5;
                continue;
            }
            let (mut begun, mut end) = (at, at + 1);
            while begun > 0 && is_digit(begun - 1) {
                begun -= 1;
            }
            while is_digit(end) {
                end += 1;
            }
            at = end + 5;
            if end - begun < 5 {
                continue;
            }
            let oid = tree.get(begun..end)?.parse().unwrap_or(0);
            let colon = memchr::memrchr(b':', bytes.get(..begun)?).unwrap_or(0);
            let field = tree.get(colon + 1..begun)?.split(' ').next()?;
            if let (true, Some(class)) = (oid >= FIRST_USER_OID, tree::class(field)) {
                self.push(bytes.get(done..begun)?);
                self.reference(class, oid, "")?;
                done = end;
            }
        }
        self.push(bytes.get(done..)?);
        Some(())
    }

    /// A constant that holds an OID, or a text with the schema's own name in it, means something else in
    /// another schema.
    fn constants(&self, tree: &str) -> Option<()> {
        for at in CONSTANT.find_iter(tree.as_bytes()) {
            let rest = tree.get(at + CONSTANT.needle().len()..)?;
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let kind = number(rest.get(..digits)?);
            if tree::pointer(kind).is_some() {
                return None;
            }
            if tree::is_text(kind) && self.holds_own(&tree::value(rest)) {
                return None;
            }
        }
        Some(())
    }

    /// Whether a text may hold the schema's own name, in whichever case.
    fn may_name_own(&self, raw: &str) -> bool {
        !raw.is_ascii() || self.holds_own(raw.as_bytes())
    }

    fn holds_own(&self, text: &[u8]) -> bool {
        let own = self.names.schema_name(self.home);
        // Any other name may be folded, quoted or escaped.
        let is_simple = own.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
        let find = || memmem::find(&text.to_ascii_lowercase(), own.to_ascii_lowercase().as_bytes());
        !is_simple || find().is_some()
    }
}

static CONSTANT: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new(":consttype "));
