//! Asks about a few schemas only, by index, whatever the size of the fleet.

use std::fmt::Write;

use sqlx::{PgConnection, Row, postgres::types::Oid};

/// The OIDs of what some schemas hold, by catalog.
#[derive(Debug, Default)]
pub(super) struct Scope {
    schemas: Vec<u32>,
    /// Tables, views and whatever else has columns, but for indexes and sequences.
    tables: Vec<u32>,
    /// Of these, such as have or had triggers, and such as have or had rules: no other can have one. Up to PostgreSQL 14
    /// a foreign key of a partitioned table has triggers on the table that it refers to and none on its own.
    triggered: Vec<u32>,
    ruled: Vec<u32>,
    partitioned: Vec<u32>,
    foreign: Vec<u32>,
    sequences: Vec<u32>,
    /// Tables, sequences and indexes.
    pub(super) relations: Vec<u32>,
    /// Types of the rows of tables.
    rows: Vec<u32>,
    /// Of other catalogs: the catalog's OID and the object's.
    others: Vec<(u32, u32)>,
}

/// Everything but toast tables depends on its schema, or, as an index does, on something that does.
/// 2615 is pg_namespace, 1259 pg_class, 1247 pg_type. `OFFSET 0` makes the server look up by index.
const HELD: &str = "
    WITH held AS MATERIALIZED (
        SELECT DISTINCT classid, objid FROM pg_depend WHERE refclassid = 2615 AND refobjid = ANY ($1)
    ), found AS MATERIALIZED (
        SELECT objid AS oid FROM held WHERE classid = 1259 UNION
        SELECT t.typrelid FROM held, LATERAL (SELECT typrelid FROM pg_type WHERE oid = objid OFFSET 0) t
        WHERE classid = 1247 AND t.typrelid <> 0
    ), relation AS MATERIALIZED (
        SELECT c.* FROM found f, LATERAL (SELECT oid, relkind, reltype, relhastriggers, relhasrules FROM pg_class WHERE oid = f.oid OFFSET 0) c
    )
    SELECT classid, objid, '-', false, false FROM held WHERE classid <> 1259 UNION ALL
    SELECT 1259, oid, relkind, relhastriggers, relhasrules FROM relation UNION ALL
    SELECT 1259, i.indexrelid, 'i', false, false FROM relation r,
        LATERAL (SELECT indexrelid FROM pg_index WHERE indrelid = r.oid OFFSET 0) i
    WHERE relkind IN ('r', 'p', 'm') UNION ALL
    SELECT 0, reltype, 't', false, false FROM relation WHERE reltype <> 0";

impl Scope {
    /// What the schemas with these OIDs hold.
    pub(super) async fn of(connection: &mut PgConnection, schemas: Vec<u32>) -> sqlx::Result<Self> {
        let oids = schemas.iter().map(|oid| Oid(*oid)).collect::<Vec<_>>();
        let rows = sqlx::query(HELD).persistent(false).bind(oids).fetch_all(connection).await?;
        let mut scope = Self { schemas, ..Self::default() };
        for row in rows {
            let oid = |column: usize| row.try_get::<Oid, _>(column).map(|oid| oid.0);
            let kind = u8::from_ne_bytes(row.try_get::<i8, _>(2)?.to_ne_bytes());
            match (oid(0)?, oid(1)?) {
                (0, row_type) => scope.rows.push(row_type),
                (1259, relation) => {
                    scope.relations.push(relation);
                    match kind {
                        b'i' | b'I' => {}
                        b'S' => scope.sequences.push(relation),
                        _ => scope.table(relation, kind, row.try_get(3)?, row.try_get(4)?),
                    }
                }
                other => scope.others.push(other),
            }
        }
        Ok(scope)
    }

    fn table(&mut self, relation: u32, kind: u8, has_triggers: bool, has_rules: bool) {
        self.tables.push(relation);
        let lists = [
            (has_triggers || kind == b'p', &mut self.triggered),
            (has_rules, &mut self.ruled),
            (kind == b'p', &mut self.partitioned),
            (kind == b'f', &mut self.foreign),
        ];
        lists.into_iter().filter(|(belongs, _)| *belongs).for_each(|(_, list)| list.push(relation));
    }

    /// The statement, with each catalog reduced to the rows of these schemas: a common table expression hides
    /// the catalog of its name. `None` where no row can be left.
    pub(super) fn restrict(&self, statement: &str) -> Option<String> {
        let mut with = Vec::new();
        let words = words(statement);
        for (catalog, by) in CATALOGS.iter().filter(|(catalog, _)| words.contains(catalog)) {
            let (column, list) = match by {
                // Joined only for what has columns or parents.
                By::Class if words.iter().any(|word| ["pg_attribute", "pg_inherits"].contains(word)) => {
                    ("oid", self.tables.clone())
                }
                By::Class => ("oid", self.relations.clone()),
                By::Table(column) => (*column, self.tables.clone()),
                By::Triggered => ("tgrelid", self.triggered.clone()),
                By::Ruled => ("ev_class", self.ruled.clone()),
                By::Partitioned => ("partrelid", self.partitioned.clone()),
                By::Foreign => ("ftrelid", self.foreign.clone()),
                By::Sequence(column) => (*column, self.sequences.clone()),
                By::Schema(column) => (*column, self.schemas.clone()),
                By::Own(class, column) => (*column, self.others(*class)),
                By::Type if words.contains(&"typrelid") => ("oid", self.rows.clone()),
                By::Type => ("oid", self.others(TYPE)),
                By::Constraint if words.contains(&"conrelid") => ("conrelid", self.tables.clone()),
                By::Constraint => ("contypid", self.others(TYPE)),
                // Such a statement joins another catalog, whose rows lead.
                By::Dependency => continue,
                By::Comment if statement.contains(" JOIN ") => continue,
                By::Comment if statement.contains("2615") => ("objoid", self.schemas.clone()),
                By::Comment => ("objoid", self.relations.clone()),
            };
            let list = numbers(&list)?;
            let of_others = match by {
                By::Triggered if words.contains(&"tgconstraint") => format!(
                    // A foreign key has triggers on the table that it refers to, too.
                    " UNION ALL SELECT t.* FROM (SELECT oid FROM pg_catalog.pg_constraint \
                     WHERE conrelid = ANY ({list}) AND contype = 'f' AND confrelid <> ALL ({list}) OFFSET 0) k, \
                     LATERAL (SELECT * FROM pg_catalog.pg_trigger WHERE tgconstraint = k.oid AND tgenabled <> 'O' OFFSET 0) t \
                     WHERE t.tgrelid <> ALL ({list})"
                ),
                _ => String::new(),
            };
            with.push(format!(
                "{catalog} AS (SELECT * FROM pg_catalog.{catalog} WHERE {column} = ANY ({list}){of_others})"
            ));
        }
        Some(if with.is_empty() { statement.to_owned() } else { format!("WITH {} {statement}", with.join(", ")) })
    }

    /// The names that these schemas add to [`super::sources::NAMES`].
    pub(super) fn names(&self) -> Option<String> {
        let arms = super::sources::NAMES.split("UNION ALL").filter(|arm| {
            // The rest belongs to the server.
            words(arm).iter().any(|word| CATALOGS.iter().any(|(catalog, _)| catalog == word))
        });
        let arms: Vec<String> = arms.filter_map(|arm| Some(format!("({})", self.restrict(arm)?))).collect();
        (!arms.is_empty()).then(|| arms.join(" UNION ALL "))
    }

    fn others(&self, class: u32) -> Vec<u32> {
        self.others.iter().filter(|(of, _)| *of == class).map(|(_, oid)| *oid).collect()
    }
}

/// pg_type.
const TYPE: u32 = 1247;

/// A list of numbers as SQL; `None` for an empty one. The planner takes a bare list apart and looks each number up in
/// its statistics, which takes longer than reading the rows; behind a `SELECT` it does not.
fn numbers(list: &[u32]) -> Option<String> {
    let (first, rest) = list.split_first()?;
    let mut text = format!("(SELECT '{{{first}");
    for number in rest {
        // Writing to a text never fails.
        let _ = write!(text, ",{number}");
    }
    text.push_str("}'::oid[])::oid[]");
    Some(text)
}

/// How the rows of some schemas are found.
#[derive(Debug, Clone, Copy)]
enum By {
    /// Relations.
    Class,
    /// The column is a table, a view or the like.
    Table(&'static str),
    /// The column is a table that has triggers.
    Triggered,
    /// The column is a table or view that has rules.
    Ruled,
    /// The column is a partitioned table.
    Partitioned,
    /// The column is a foreign table.
    Foreign,
    /// The column is a sequence.
    Sequence(&'static str),
    /// The column is a schema.
    Schema(&'static str),
    /// The column is an object of the catalog with this OID.
    Own(u32, &'static str),
    /// Types of rows or types that are made as such.
    Type,
    /// By table or type.
    Constraint,
    /// What others depend on.
    Dependency,
    /// Of relations or schemas; others are joined.
    Comment,
}

/// Each catalog of [`super::sources`] that has rows for every schema. Others are small or only joined.
const CATALOGS: &[(&str, By)] = &[
    ("pg_namespace", By::Schema("oid")),
    ("pg_class", By::Class),
    ("pg_attribute", By::Table("attrelid")),
    ("pg_attrdef", By::Table("adrelid")),
    ("pg_index", By::Table("indrelid")),
    ("pg_constraint", By::Constraint),
    ("pg_trigger", By::Triggered),
    ("pg_rewrite", By::Ruled),
    ("pg_policy", By::Table("polrelid")),
    ("pg_sequence", By::Sequence("seqrelid")),
    ("pg_inherits", By::Table("inhrelid")),
    ("pg_partitioned_table", By::Partitioned),
    ("pg_foreign_table", By::Foreign),
    ("pg_publication_rel", By::Table("prrelid")),
    ("pg_statistic_ext", By::Table("stxrelid")),
    ("pg_type", By::Type),
    ("pg_enum", By::Own(TYPE, "enumtypid")),
    ("pg_range", By::Own(TYPE, "rngtypid")),
    ("pg_proc", By::Own(1255, "oid")),
    ("pg_aggregate", By::Own(1255, "aggfnoid")),
    ("pg_operator", By::Own(2617, "oid")),
    ("pg_opclass", By::Own(2616, "oid")),
    ("pg_opfamily", By::Own(2753, "oid")),
    ("pg_collation", By::Own(3456, "oid")),
    ("pg_conversion", By::Own(2607, "oid")),
    ("pg_ts_config", By::Own(3602, "oid")),
    ("pg_ts_dict", By::Own(3600, "oid")),
    ("pg_ts_parser", By::Own(3601, "oid")),
    ("pg_ts_template", By::Own(3764, "oid")),
    ("pg_extension", By::Own(3079, "oid")),
    ("pg_default_acl", By::Own(826, "oid")),
    ("pg_publication_namespace", By::Own(6237, "oid")),
    ("pg_description", By::Comment),
    ("pg_seclabel", By::Comment),
    ("pg_depend", By::Dependency),
];

/// The names and keywords of a statement.
fn words(statement: &str) -> Vec<&str> {
    let parts = |char: char| !(char.is_ascii_alphanumeric() || char == '_');
    statement.split(parts).filter(|word| !word.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_reduced_to_what_some_schemas_hold() {
        let scope = Scope { schemas: vec![2200], ruled: vec![16_400, 16_401], ..Scope::default() };
        assert_eq!(
            scope.restrict("SELECT ev_class FROM pg_rewrite").unwrap(),
            "WITH pg_rewrite AS (SELECT * FROM pg_catalog.pg_rewrite WHERE ev_class = ANY ((SELECT '{16400,16401}'::oid[])::oid[])) \
             SELECT ev_class FROM pg_rewrite"
        );
        assert_eq!(scope.restrict("SELECT 1 FROM pg_roles").unwrap(), "SELECT 1 FROM pg_roles");
        // No function belongs to the schema.
        assert_eq!(scope.restrict("SELECT oid FROM pg_proc"), None);
    }

    #[test]
    fn a_foreign_key_of_a_partitioned_table_is_looked_at_without_triggers_of_its_own() {
        let mut scope = Scope::default();
        scope.table(16_400, b'r', false, false);
        scope.table(16_401, b'p', false, false);
        let statement = scope.restrict("SELECT tgname FROM pg_trigger WHERE tgconstraint <> 0").unwrap();
        assert!(statement.contains("WHERE conrelid = ANY ((SELECT '{16401}'::oid[])::oid[])"), "{statement}");
    }

    #[test]
    fn every_catalog_that_is_read_is_reduced_or_small() {
        let small = ["pg_am", "pg_language", "pg_roles", "pg_tablespace", "pg_foreign_server", "pg_publication"];
        let joined = ["pg_amop", "pg_amproc", "pg_ts_config_map"];
        let statements = super::super::sources::attached().map(|source| source.sql);
        for statement in statements.chain([super::super::sources::RELATIONS.sql, super::super::sources::COLUMNS.sql]) {
            for word in words(statement) {
                let is_known = CATALOGS.iter().any(|(catalog, _)| *catalog == word);
                assert!(
                    !word.starts_with("pg_") || is_known || small.contains(&word) || joined.contains(&word),
                    "{word}"
                );
            }
        }
    }
}
