//! Comments and security labels, by what they are attached to.

use super::super::source::{Field, Field::*, Source, Spelling};

const COMMENT: &[(&str, usize, Field)] = &[("comment", 2, Plain)];

/// Each asks for one kind of object; what has no OID column of its own in our facts is joined by the server.
pub(super) const COMMENTS: &[Source] = &[
    // 1259 is pg_class; number 0 is the relation itself.
    Source {
        sql: "SELECT objoid, objsubid, description FROM pg_description WHERE classoid = 1259 AND objoid >= 16384",
        object: Spelling::Column,
        aspect: "comment",
        fields: COMMENT,
    },
    Source {
        sql: "SELECT objoid, objsubid, provider || ': ' || label FROM pg_seclabel WHERE classoid = 1259 AND objoid >= 16384",
        object: Spelling::Column,
        aspect: "security label",
        fields: &[("security label", 2, Plain)],
    },
    Source {
        sql: "SELECT NULL, d.objoid, d.description FROM pg_description d \
              WHERE d.classoid = 2615 AND d.objoid NOT IN (11, 99)",
        object: Spelling::Schema,
        aspect: "comment",
        fields: COMMENT,
    },
    Source {
        sql: "SELECT c.conrelid, c.conname, d.description FROM pg_description d JOIN pg_constraint c ON c.oid = d.objoid \
              WHERE d.classoid = 2606 AND d.objoid >= 16384 AND c.conrelid <> 0",
        object: Spelling::Part("constraint"),
        aspect: "comment",
        fields: COMMENT,
    },
    // Of the server's own, only those are asked that a partition has from its parent: up to 14 they count among them.
    Source {
        sql: "SELECT t.tgrelid, t.tgname, d.description FROM pg_description d JOIN pg_trigger t ON t.oid = d.objoid \
              WHERE d.classoid = 2620 AND d.objoid >= 16384 AND (NOT t.tgisinternal OR t.tgparentid <> 0)",
        object: Spelling::Part("trigger"),
        aspect: "comment",
        fields: COMMENT,
    },
    Source {
        sql: "SELECT p.polrelid, p.polname, d.description FROM pg_description d JOIN pg_policy p ON p.oid = d.objoid \
              WHERE d.classoid = 3256 AND d.objoid >= 16384",
        object: Spelling::Part("policy"),
        aspect: "comment",
        fields: COMMENT,
    },
    Source {
        sql: "SELECT r.ev_class, r.rulename, d.description FROM pg_description d JOIN pg_rewrite r ON r.oid = d.objoid \
              WHERE d.classoid = 2618 AND d.objoid >= 16384",
        object: Spelling::Part("rule"),
        aspect: "comment",
        fields: COMMENT,
    },
    Source {
        sql: "SELECT s.stxrelid, s.stxname, d.description FROM pg_description d JOIN pg_statistic_ext s ON s.oid = d.objoid \
              WHERE d.classoid = 3381 AND d.objoid >= 16384",
        object: Spelling::Beside("statistics"),
        aspect: "comment",
        fields: COMMENT,
    },
    Source {
        sql: "SELECT p.pronamespace, p.proname, p.proargtypes, p.prokind, d.description FROM pg_description d \
              JOIN pg_proc p ON p.oid = d.objoid WHERE d.classoid = 1255 AND d.objoid >= 16384",
        object: Spelling::Function,
        aspect: "comment",
        fields: &[("comment", 4, Plain)],
    },
    Source {
        sql: "SELECT t.typnamespace, t.typname, t.typtype, \
              d.description FROM pg_description d JOIN pg_type t ON t.oid = d.objoid \
              WHERE d.classoid = 1247 AND d.objoid >= 16384",
        object: Spelling::Type,
        aspect: "comment",
        fields: &[("comment", 3, Plain)],
    },
];
