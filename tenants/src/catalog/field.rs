//! Writes the values of a row's columns.

use super::{
    columns::Columns,
    line::{Line, numbers},
    names::Missing,
    pen::{NONE, Pen},
    source::{Field, Source},
    types,
    variants::BETWEEN,
};

/// Writes all fields of a source, each after [`BETWEEN`]; says where the first begins.
pub(super) fn write(
    pen: &mut Pen<'_>,
    columns: &Columns,
    relation: u32,
    source: &Source,
    line: &Line<'_>,
) -> Result<usize, Missing> {
    let mut begun = None;
    for (name, column, field) in source.fields {
        pen.attribute = name;
        pen.text.push(BETWEEN);
        if let Some(verbatim) = &mut pen.verbatim {
            verbatim.push(BETWEEN);
        }
        begun.get_or_insert(pen.text.len());
        value(pen, columns, relation, *field, *column, line)?;
    }
    Ok(begun.unwrap_or(pen.text.len()))
}

fn value(
    pen: &mut Pen<'_>,
    columns: &Columns,
    relation: u32,
    field: Field,
    column: usize,
    line: &Line<'_>,
) -> Result<(), Missing> {
    if let Field::Rights(owner) = field {
        let owner = pen.names.named(super::names::Class::Role, line.oid(owner));
        let owner = owner.map_or(String::new(), |named| pen.names.text(named).to_owned());
        pen.rights(line.raw(column), &owner);
        return Ok(());
    }
    if let Field::ColumnRights = field {
        pen.rights(line.raw(column), "\0");
        return Ok(());
    }
    let Some(raw) = line.raw(column) else {
        pen.push(NONE);
        return Ok(());
    };
    match field {
        Field::Plain => pen.push(&line.text(column)),
        Field::Flag => pen.push(if raw == "t" { "yes" } else { "no" }),
        Field::Letter(letters) => {
            let first = raw.bytes().next();
            let known = letters.iter().find(|(letter, _)| letter.bytes().next() == first);
            pen.push(known.map_or(raw, |(_, word)| *word));
        }
        Field::Ref(class) => pen.reference(class, line.oid(column))?,
        Field::Refs(class) => pen.references(class, raw)?,
        Field::Type => {
            pen.reference(super::names::Class::Type, line.oid(column))?;
            pen.push(&types::modifier(line.oid(column), line.raw(column + 1).unwrap_or("-1")));
        }
        Field::Columns => named_columns(pen, columns, relation, numbers(raw)),
        Field::ColumnsOf(other) => named_columns(pen, columns, line.oid(other), numbers(raw)),
        Field::KeyColumns => named_columns(pen, columns, relation, numbers(raw).take(keys(line, column))),
        Field::IncludedColumns => named_columns(pen, columns, relation, numbers(raw).skip(keys(line, column))),
        Field::Directions => directions(pen, numbers(raw)),
        Field::Tree => pen.tree(raw, columns, relation)?,
        Field::Prose => pen.prose(raw),
        Field::TriggerType => trigger_type(pen, line.oid(column)),
        Field::Rights(_) | Field::ColumnRights => {}
    }
    Ok(())
}

/// How many of an index's columns are keys, as the column before the list says.
fn keys(line: &Line<'_>, column: usize) -> usize {
    line.oid(column - 1) as usize
}

fn named_columns(pen: &mut Pen<'_>, columns: &Columns, relation: u32, numbers: impl Iterator<Item = i64>) {
    let mut any = false;
    for number in numbers {
        pen.push(if any { ", " } else { "" });
        any = true;
        match columns.name(relation, number) {
            Some(name) => pen.push(name),
            // 0 stands for an expression, negative numbers for system columns.
            None if number == 0 => pen.push("(expression)"),
            None => pen.push(&number.to_string()),
        }
    }
    if !any {
        pen.push(NONE);
    }
}

/// Bit 0 is descending, bit 1 NULLs first (`pg_index.indoption`).
fn directions(pen: &mut Pen<'_>, options: impl Iterator<Item = i64>) {
    for (place, option) in options.enumerate() {
        pen.push(if place > 0 { ", " } else { "" });
        pen.push(match option & 3 {
            0 => "asc",
            1 => "desc nulls last",
            2 => "asc nulls first",
            _ => "desc",
        });
    }
}

/// `TRIGGER_TYPE_*` of PostgreSQL's pg_trigger.h.
fn trigger_type(pen: &mut Pen<'_>, bits: u32) {
    let when = if bits & 64 != 0 {
        "instead of"
    } else if bits & 2 != 0 {
        "before"
    } else {
        "after"
    };
    pen.push(when);
    for (bit, event) in [(4, " insert"), (8, " delete"), (16, " update"), (32, " truncate")] {
        pen.push(if bits & bit != 0 { event } else { "" });
    }
    pen.push(if bits & 1 != 0 { " for each row" } else { " for each statement" });
}
