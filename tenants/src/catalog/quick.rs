//! Recognises a row that says the same as one before it, without putting it into words.
//!
//! Nearly every row of a large fleet repeats what the same row of another tenant said, with other OIDs.
//! The key of a row is its raw text with each OID exchanged for what it names, seen from the row's own
//! schema. Rows with equal keys have equal facts; rows with equal facts may have different keys, and are then
//! put into words and found equal.

use super::{
    columns::Columns,
    line::{Line, numbers},
    names::{Class, FIRST_USER_OID, Names, SYSTEM, SchemaId},
    source::{Field, Source, Spelling},
    tree,
};

/// Writes a row's key. `None` where only words tell.
pub(super) fn key(
    names: &Names,
    columns: &Columns,
    home: SchemaId,
    source: &Source,
    line: &Line<'_>,
    buffer: &mut Vec<u8>,
) -> Option<()> {
    buffer.clear();
    let mut key = Key { names, columns, home, buffer };
    // Which question it is: no two share both.
    key.push(&source.sql.as_ptr().addr().to_le_bytes());
    key.push(&source.fields.as_ptr().addr().to_le_bytes());
    key.object(source.object, line)?;
    let relation = source.object.is_of_relation().then(|| line.oid(0));
    for (_, column, field) in source.fields {
        // No usual column leads to another.
        if line.is_usual(*column) {
            continue;
        }
        match line.raw(*column) {
            Some(raw) => key.field(*field, *column, raw, relation, line)?,
            None => key.push(&[0]),
        }
        key.push(&[1]);
    }
    Some(())
}

struct Key<'a> {
    names: &'a Names,
    columns: &'a Columns,
    home: SchemaId,
    buffer: &'a mut Vec<u8>,
}

impl Key<'_> {
    fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    fn raw(&mut self, line: &Line<'_>, column: usize) {
        self.push(line.raw(column).unwrap_or_default().as_bytes());
        self.push(&[1]);
    }

    /// A relation of the row's own schema, by name and kind.
    fn relation(&mut self, oid: u32) -> Option<()> {
        let row = self.names.relation(oid)?;
        self.push(&row.name_and_kind().to_le_bytes());
        Some(())
    }

    /// How a relation's columns are numbered.
    fn layout(&mut self, oid: u32) {
        self.push(&self.columns.layout_id(oid).unwrap_or(u32::MAX).to_le_bytes());
    }

    fn object(&mut self, spelling: Spelling, line: &Line<'_>) -> Option<()> {
        match spelling {
            Spelling::Relation => {
                self.raw(line, 2);
                self.raw(line, 3);
            }
            Spelling::OfRelation => self.relation(line.oid(0))?,
            Spelling::Part(_) | Spelling::Beside(_) => {
                self.relation(line.oid(0))?;
                self.raw(line, 1);
            }
            Spelling::Owned(_, own) => {
                self.relation(line.oid(0))?;
                self.relation(line.oid(own))?;
            }
            Spelling::Column => {
                self.relation(line.oid(0))?;
                self.layout(line.oid(0));
                self.raw(line, 1);
            }
            // There are few of these.
            Spelling::InSchema(_)
            | Spelling::Function
            | Spelling::Operator
            | Spelling::Type
            | Spelling::PartOfType(_)
            | Spelling::Schema => return None,
        }
        Some(())
    }

    fn field(&mut self, field: Field, column: usize, raw: &str, relation: Option<u32>, line: &Line<'_>) -> Option<()> {
        match field {
            Field::Plain | Field::Flag | Field::Letter(_) | Field::Directions | Field::TriggerType => {
                self.push(raw.as_bytes());
            }
            Field::Ref(class) => self.reference(class, line.oid(column), raw)?,
            Field::Refs(class) => {
                for oid in numbers(raw) {
                    self.reference(class, u32::try_from(oid).ok()?, "")?;
                    self.push(&oid.min(i64::from(FIRST_USER_OID)).to_le_bytes());
                }
            }
            Field::Type => {
                self.reference(Class::Type, line.oid(column), raw)?;
                self.raw(line, column + 1);
            }
            Field::Columns | Field::KeyColumns | Field::IncludedColumns => {
                self.layout(relation?);
                // How many of an index's columns are keys stands before them.
                self.raw(line, column.checked_sub(1)?);
                self.push(raw.as_bytes());
            }
            Field::ColumnsOf(other) => {
                self.layout(line.oid(other));
                self.push(raw.as_bytes());
            }
            Field::Tree => {
                self.layout(relation?);
                self.tree(raw)?;
            }
            Field::Prose | Field::Rights(_) | Field::ColumnRights => return None,
        }
        Some(())
    }

    fn reference(&mut self, class: Class, oid: u32, raw: &str) -> Option<()> {
        if oid < FIRST_USER_OID {
            self.push(raw.as_bytes());
            return Some(());
        }
        match class {
            // A role is the same for everybody, unless it is called like a tenant.
            Class::Role if self.names.is_tenants(oid) => None,
            Class::Role => {
                self.push(&oid.to_le_bytes());
                Some(())
            }
            Class::Schema => None,
            _ => {
                let named = self.names.named(class, oid).ok()?;
                let schema = if named.schema == self.home { SYSTEM - 1 } else { named.schema };
                self.push(&schema.to_le_bytes());
                self.push(&named.word().to_le_bytes());
                Some(())
            }
        }
    }

    /// A stored expression. Only numbers of five digits and more can be OIDs of users' objects.
    fn tree(&mut self, tree: &str) -> Option<()> {
        let bytes = tree.as_bytes();
        let (mut done, mut at, mut colon) = (0, 0, 0);
        while let Some(byte) = bytes.get(at) {
            if *byte == b':' {
                colon = at;
            }
            if !byte.is_ascii_digit() {
                at += 1;
                continue;
            }
            let begun = at;
            while bytes.get(at).is_some_and(u8::is_ascii_digit) {
                at += 1;
            }
            let oid = tree.get(begun..at)?.parse().unwrap_or(0);
            if bytes.get(colon + 1..)?.starts_with(b"consttype ") {
                self.constant(oid, tree.get(at..)?)?;
            }
            if at - begun < 5 {
                continue;
            }
            let field = tree.get(colon + 1..begun)?.split(' ').next()?;
            if let (true, Some(class)) = (oid >= FIRST_USER_OID, tree::class(field)) {
                self.push(bytes.get(done..begun)?);
                self.reference(class, oid, "")?;
                done = at;
            }
        }
        self.push(bytes.get(done..)?);
        Some(())
    }

    /// A constant that holds an OID, or a text with the schema's own name in it, means something else in
    /// another schema.
    fn constant(&self, kind: u32, rest: &str) -> Option<()> {
        if tree::pointer(kind).is_some() {
            return None;
        }
        let own = self.names.schema_name(self.home);
        let value = rest.split_once(" [ ").and_then(|(_, after)| after.split_once(" ]")).map_or("", |(value, _)| value);
        let is_of_next = rest.split_once(":consttype").is_some_and(|(before, _)| !before.contains(" [ "));
        let bytes: Vec<u8> = value.split(' ').map(tree::byte).collect();
        let names_own = tree::text(kind, &bytes).is_some_and(|text| text.contains(own));
        (is_of_next || !names_own).then_some(())
    }
}
