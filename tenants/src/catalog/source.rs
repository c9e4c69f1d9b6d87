//! How a catalog is read: which rows, which object each is about, and what each column means.

use super::names::Class;

/// A question to one catalog.
#[derive(Debug)]
pub(super) struct Source {
    /// The statement. `[15? x : y]` is `x` from PostgreSQL 15 on, else `y`. Its last column may be `«x=0, y=f»`: those
    /// columns, none of which is NULL or has a blank in it, as one that is NULL while all have the value given. That
    /// spares the server writing and us reading what nearly every row repeats.
    pub(super) sql: &'static str,
    /// Which object a row is about; reads the first columns.
    pub(super) object: Spelling,
    /// What a row tells of the object; empty for its definition, without which there is no such object.
    pub(super) aspect: &'static str,
    /// Attribute, column, meaning.
    pub(super) fields: &'static [(&'static str, usize, Field)],
}

/// Which object a row is about.
#[derive(Debug, Clone, Copy)]
pub(super) enum Spelling {
    /// Columns: OID, schema, name, kind letter, owner. Makes the relation known.
    Relation,
    /// Columns: relation. The relation itself, by its kind.
    OfRelation,
    /// Columns: relation, name. `trigger orders.name`.
    Part(&'static str),
    /// Columns: relation. `index name`: the relation is called so itself and belongs to the one in the column.
    Owned(&'static str, usize),
    /// Columns: relation, number of the column; 0 is the relation itself.
    Column,
    /// Columns: schema, name.
    InSchema(&'static str),
    /// Columns: schema, name, list of argument types, letter of the kind.
    Function,
    /// Columns: schema, name, list of two operand types.
    Operator,
    /// Columns: schema, name, letter of the kind.
    Type,
    /// Columns: type, name. `constraint domain.name`.
    PartOfType(&'static str),
    /// Columns: relation, name. `statistics name`: belongs to the relation, with a name of its own.
    Beside(&'static str),
    /// Columns: anything, schema. The schema itself.
    Schema,
}

/// What a column means.
#[derive(Debug, Clone, Copy)]
pub(super) enum Field {
    /// As it is written.
    Plain,
    /// `t` or `f`.
    Flag,
    /// A letter, with what it stands for.
    Letter(&'static [(&'static str, &'static str)]),
    /// An OID.
    Ref(Class),
    /// A list of OIDs.
    Refs(Class),
    /// A type, with its modifier in the column after it.
    Type,
    /// Numbers of columns of the relation the object belongs to.
    Columns,
    /// The key columns among them: as many as the column before says.
    KeyColumns,
    /// The others.
    IncludedColumns,
    /// Numbers of columns of the relation in the given column.
    ColumnsOf(usize),
    /// Directions of an index's columns.
    Directions,
    /// An expression.
    Tree,
    /// Free text.
    Prose,
    /// Rights; the owner stands in the given column.
    Rights(usize),
    /// Rights on a column, which has no owner of its own.
    ColumnRights,
    /// The bits of `pg_trigger.tgtype`.
    TriggerType,
}

impl Spelling {
    /// Whether the first column is a relation.
    pub(super) fn is_of_relation(self) -> bool {
        matches!(
            self,
            Self::Relation | Self::OfRelation | Self::Part(_) | Self::Owned(..) | Self::Beside(_) | Self::Column
        )
    }
}

impl Field {
    /// Whether the server can show it as SQL better than we can.
    pub(super) fn is_expression(self) -> bool {
        matches!(self, Self::Tree)
    }
}

impl Source {
    /// The statement for a server of this major version.
    pub(super) fn statement(&self, version: u32) -> String {
        let mut text = String::with_capacity(self.sql.len());
        let mut rest = self.sql;
        while let Some((before, choice)) = rest.split_once('[') {
            text.push_str(before);
            let parts = choice.split_once(']').and_then(|(choice, after)| {
                let (since, both) = choice.split_once('?')?;
                let (new, old) = both.split_once(':')?;
                Some((since.trim().parse::<u32>().ok()?, new, old, after))
            });
            match parts {
                Some((since, new, old, after)) => {
                    text.push_str(if version >= since { new.trim() } else { old.trim() });
                    rest = after;
                }
                // An array's bracket.
                None => {
                    text.push('[');
                    rest = choice;
                }
            }
        }
        text.push_str(rest);
        match text.split_once('«').and_then(|(before, rest)| Some((before, rest.split_once('»')?))) {
            Some((before, (columns, after))) => format!("{before}{}{after}", folded(columns)),
            None => text,
        }
    }

    /// The usual values of the columns that are folded into one.
    pub(super) fn usual(&self) -> Vec<&'static str> {
        let columns = self.sql.split_once('«').and_then(|(_, rest)| rest.split_once('»'));
        let value = |column: &'static str| column.rsplit_once('=').map_or("", |(_, value)| value);
        columns.map(|(columns, _)| columns.split(", ").map(value).collect()).unwrap_or_default()
    }
}

/// One column in place of several: NULL while all of them are as usual.
fn folded(columns: &str) -> String {
    let columns: Vec<(&str, &str)> = columns.split(", ").filter_map(|column| column.rsplit_once('=')).collect();
    let unusual: Vec<String> = columns.iter().map(|(column, usual)| format!("{column} <> '{usual}'")).collect();
    let names: Vec<&str> = columns.iter().map(|(column, _)| *column).collect();
    format!("CASE WHEN {} THEN concat({}) END", unusual.join(" OR "), names.join(", ' ', "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_fits_the_servers_version() {
        let sql = "SELECT a[1], [15? x : NULL], [18? y :] FROM t";
        let source = Source { sql, object: Spelling::OfRelation, aspect: "", fields: &[] };
        assert_eq!(source.statement(14), "SELECT a[1], NULL,  FROM t");
        assert_eq!(source.statement(17), "SELECT a[1], x,  FROM t");
        assert_eq!(source.statement(18), "SELECT a[1], x, y FROM t");
        let sql = "SELECT a, «[18? b : true]=t, c=» FROM t";
        let source = Source { sql, object: Spelling::OfRelation, aspect: "", fields: &[] };
        let statement = "SELECT a, CASE WHEN true <> 't' OR c <> '' THEN concat(true, ' ', c) END FROM t";
        assert_eq!((&*source.statement(17), source.usual()), (statement, vec!["t", ""]));
    }
}
