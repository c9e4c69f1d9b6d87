//! What an audit compares and what it does not, so that nothing is passed over in silence.

use serde::Serialize;

/// How far a kind of object is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Covered {
    /// In everything that a migration or a person can set.
    Yes,
    /// In most; the note says what is left out.
    Partly,
    /// Not at all; the note says why.
    No,
}

/// One kind of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// What it is called in findings, or the nearest to it.
    pub object: &'static str,
    /// How far it is compared.
    pub covered: Covered,
    /// What is compared, and what is not.
    pub note: &'static str,
}

const fn yes(object: &'static str, note: &'static str) -> Coverage {
    Coverage { object, covered: Covered::Yes, note }
}

const fn partly(object: &'static str, note: &'static str) -> Coverage {
    Coverage { object, covered: Covered::Partly, note }
}

const fn no(object: &'static str, note: &'static str) -> Coverage {
    Coverage { object, covered: Covered::No, note }
}

/// Every kind of object that a schema of PostgreSQL 14 to 18 can hold, or that acts on one from outside.
#[must_use]
pub fn coverage() -> &'static [Coverage] {
    COVERAGE
}

const COVERAGE: &[Coverage] = &[
    yes("schema", "owner, grants, comment"),
    partly(
        "table",
        "persistence, access method, options, row security, replica identity, tablespace, inheritance, owner, grants; \
         not the options of its TOAST table",
    ),
    yes("partitioned table", "as table, with strategy, key and default partition; partitions with their bounds"),
    yes("foreign table", "as table, with its server's name and options"),
    yes("view", "definition, options, owner, grants, columns"),
    partly("materialized view", "as view, with its indexes; not whether it is populated, nor its data"),
    partly(
        "column",
        "type, length, collation, default, identity, generated, not null, storage, compression, statistics target, \
         options, grants, order; not the value kept for rows older than the column, which is no structure",
    ),
    yes(
        "index",
        "columns, expressions, operator classes, order, predicate, uniqueness, validity, clustering, replica identity, \
         method, options, tablespace",
    ),
    yes(
        "constraint",
        "of tables and domains: columns, references, actions, deferrability, validity, enforcement, expression, \
         inheritance; the triggers behind a foreign key where somebody turned them off",
    ),
    partly("sequence", "type, start, increment, bounds, cache, cycle, ownership; its position by sequences_behind"),
    yes("rule", "event, condition, definition, enabled state"),
    yes("trigger", "function, events, columns, condition, arguments, transition tables, enabled state"),
    yes("policy", "command, roles, expressions, permissive or not"),
    yes("function", "arguments, body, settings, volatility, security, cost, owner, grants; procedures alike"),
    yes("aggregate", "as function, with its parts"),
    yes("enum", "labels in their order"),
    yes("domain", "base type, default, not null, constraints"),
    yes("composite type", "its columns"),
    yes("range type", "subtype, operator class, collation, functions"),
    partly("base type", "its numbers, input and output function; not its other support functions"),
    yes("statistics", "columns, expressions, kinds, target; what ANALYZE gathered is data"),
    partly("publication", "which tables, columns, rows and schemas it publishes; not its own settings"),
    yes("default privileges", "of a schema, by role and kind of object; those for all schemas act everywhere alike"),
    partly("extension", "version, owner, relocatable; what it brought is taken to be what its version brings"),
    yes("collation", "provider, locale, determinism"),
    yes("conversion", "encodings, function"),
    yes("operator", "types, function, commutator, negator, estimators"),
    yes("operator class", "method, family, type, default"),
    yes("operator family", "operators and functions in their order"),
    yes("text search configuration", "parser, and dictionaries by token"),
    yes("text search dictionary", "template, options"),
    yes("text search parser", "functions"),
    yes("text search template", "functions"),
    partly(
        "comment",
        "on schemas, relations, columns, constraints of tables, triggers, policies, rules, statistics, functions and \
         types; not on other objects",
    ),
    partly("security label", "on relations and columns; not on other objects"),
    partly("search_path of a role or the database", "whether it names a tenant's schema, as isolation"),
    no("publication for all tables", "belongs to the database and publishes every tenant alike"),
    no("subscription", "belongs to the database; its address may hold a password"),
    no("large object", "data without a schema"),
    no("event trigger", "belongs to the database and fires in every tenant alike"),
    no("user mapping", "belongs to a server and a role; its options may hold a password"),
    no("foreign server", "belongs to the database; foreign tables are compared by its name"),
    no("cast", "belongs to the database"),
    no("transform", "belongs to the database"),
    no("language", "belongs to the database"),
    no("access method", "belongs to the database; tables and indexes are compared by its name"),
    no("temporary object", "gone with its session"),
    no("row of a table", "data; only django_migrations and the tables of tenants and domains are read"),
];

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCES: [&str; 3] = [
        include_str!("catalog/sources/relations.rs"),
        include_str!("catalog/sources/other.rs"),
        include_str!("catalog/sources/comments.rs"),
    ];

    /// The kinds that the catalog reader spells out itself.
    fn read() -> Vec<&'static str> {
        let marks = [
            "Spelling::Part(\"",
            "Spelling::Beside(\"",
            "Spelling::InSchema(\"",
            "Spelling::Owned(\"",
            "Spelling::PartOfType(\"",
        ];
        let kinds = |text: &'static str| {
            marks.iter().flat_map(move |mark| text.split(mark).skip(1).filter_map(|rest| rest.split('"').next()))
        };
        SOURCES.iter().flat_map(|text| kinds(text)).collect()
    }

    #[test]
    fn whatever_is_read_is_listed_and_not_as_left_out() {
        let read = read();
        assert!(read.len() > 15, "{read:?}");
        for kind in read {
            let listed = |one: &&Coverage| one.object == kind.trim_end_matches(" of");
            let one = coverage().iter().find(listed).unwrap_or_else(|| panic!("{kind} is read and not listed"));
            assert_ne!(one.covered, Covered::No, "{kind}");
        }
    }

    #[test]
    fn nothing_is_listed_twice_or_without_a_note() {
        let mut objects: Vec<&str> = coverage().iter().map(|one| one.object).collect();
        objects.sort_unstable();
        objects.dedup();
        assert_eq!(objects.len(), coverage().len());
        assert!(coverage().iter().all(|one| !one.note.is_empty()));
    }
}
