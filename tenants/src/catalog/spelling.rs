//! Which object a row is about, and how it is spelled.

use std::ops::Range;

use super::{
    columns::Columns,
    line::Line,
    names::{Class, Missing, Names, Relation, SYSTEM, SchemaId},
    pen::Pen,
    source::Spelling,
    variants::BETWEEN,
};

/// What a row is about.
pub(super) struct About {
    pub(super) kind: &'static str,
    /// Where the name stands in the pen's text.
    pub(super) name: Range<usize>,
    /// The relation that it belongs to.
    pub(super) parent: Option<u32>,
    /// The relation whose columns are counted.
    pub(super) relation: u32,
}

/// How relations of a kind (`pg_class.relkind`) are called.
pub(super) fn relation_kind(kind: u8) -> &'static str {
    match kind {
        b'p' => "partitioned table",
        b'v' => "view",
        b'm' => "materialized view",
        b'f' => "foreign table",
        b'S' => "sequence",
        b'i' | b'I' => "index",
        b'c' => "composite type",
        _ => "table",
    }
}

/// The schema that a row belongs to, and the relation by which it does; `None` where that is not looked at.
pub(super) fn home(names: &Names, spelling: Spelling, line: &Line<'_>) -> Option<(SchemaId, Option<Relation>)> {
    let of_relation = |oid| names.relation(oid).map(|row| (row.schema, Some(row)));
    let of_schema = |oid| Some((names.schema(oid)?, None));
    let home = match spelling {
        Spelling::Relation | Spelling::Schema => of_schema(line.oid(1)),
        Spelling::OfRelation | Spelling::Part(_) | Spelling::Beside(_) | Spelling::Column => of_relation(line.oid(0)),
        Spelling::Owned(_, own) => of_relation(line.oid(own)),
        Spelling::InSchema(_) | Spelling::Function | Spelling::Operator | Spelling::Type => of_schema(line.oid(0)),
        Spelling::PartOfType(_) => names.named(Class::Type, line.oid(0)).ok().map(|named| (named.schema, None)),
    };
    home.filter(|(schema, _)| *schema != SYSTEM)
}

/// Writes kind and name.
pub(super) fn write(
    pen: &mut Pen<'_>,
    columns: &Columns,
    spelling: Spelling,
    line: &Line<'_>,
) -> Result<About, Missing> {
    let relation = if spelling.is_of_relation() { line.oid(0) } else { 0 };
    let kind_of = |pen: &Pen<'_>, oid| pen.names.relation(oid).map_or("table", |row| relation_kind(row.kind()));
    let (kind, parent) = match spelling {
        Spelling::Relation => (relation_kind(line.raw(3).and_then(|kind| kind.bytes().next()).unwrap_or(b'r')), None),
        Spelling::OfRelation => (kind_of(pen, relation), None),
        Spelling::Column if line.oid(1) == 0 => (kind_of(pen, relation), None),
        Spelling::Column => ("column", Some(relation)),
        Spelling::Part(kind) | Spelling::Owned(kind, _) | Spelling::Beside(kind) => (kind, Some(relation)),
        Spelling::InSchema(kind) | Spelling::PartOfType(kind) => (kind, None),
        Spelling::Operator => ("operator", None),
        Spelling::Schema => ("schema", None),
        Spelling::Function => (function_kind(line.raw(3)), None),
        Spelling::Type => (type_kind(line.raw(2)), None),
    };
    pen.push(kind);
    pen.text.push(BETWEEN);
    let begun = pen.text.len();
    write_name(pen, columns, spelling, line)?;
    Ok(About { kind, name: begun..pen.text.len(), parent, relation })
}

fn write_name(pen: &mut Pen<'_>, columns: &Columns, spelling: Spelling, line: &Line<'_>) -> Result<(), Missing> {
    let names = pen.names;
    let relation = |oid| names.relation(oid).map_or("", |row| names.relation_name(row));
    match spelling {
        Spelling::Relation => pen.push(&line.text(2)),
        Spelling::OfRelation => pen.push(relation(line.oid(0))),
        Spelling::Owned(_, own) => pen.push(relation(line.oid(own))),
        Spelling::InSchema(_) | Spelling::Type | Spelling::Beside(_) => pen.push(&line.text(1)),
        Spelling::Schema => {}
        Spelling::Part(_) => {
            pen.push(relation(line.oid(0)));
            pen.push(".");
            pen.push(&line.text(1));
        }
        Spelling::Column => {
            pen.push(relation(line.oid(0)));
            let number = line.oid(1);
            if number != 0 {
                pen.push(".");
                pen.push(columns.name(line.oid(0), number.into()).unwrap_or_default());
            }
        }
        Spelling::PartOfType(_) => {
            if let Ok(named) = names.named(Class::Type, line.oid(0)) {
                pen.push(names.text(named));
            }
            pen.push(".");
            pen.push(&line.text(1));
        }
        Spelling::Function | Spelling::Operator => {
            pen.push(&line.text(1));
            pen.push("(");
            pen.attribute = "arguments";
            pen.references(Class::Type, line.raw(2).unwrap_or_default())?;
            pen.push(")");
        }
    }
    Ok(())
}

fn function_kind(letter: Option<&str>) -> &'static str {
    match letter {
        Some("p") => "procedure",
        Some("a") => "aggregate",
        Some("w") => "window function",
        _ => "function",
    }
}

fn type_kind(letter: Option<&str>) -> &'static str {
    match letter {
        Some("e") => "enum",
        Some("d") => "domain",
        Some("c") => "composite type",
        Some("r") => "range type",
        Some("p") => "shell type",
        _ => "base type",
    }
}
