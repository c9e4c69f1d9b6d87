//! Every catalog that holds something of a schema, and what each of its columns means.
//! <https://www.postgresql.org/docs/current/catalogs.html>

mod comments;
mod other;
mod relations;

pub(super) use relations::{COLUMNS, COMPOSITE, INDEX_STORAGE, RELATIONS};

use super::source::{Field, Source};

/// When a trigger or rule fires.
const ENABLED: Field = Field::Letter(&[("O", "enabled"), ("D", "disabled"), ("R", "on replicas"), ("A", "always")]);

/// What is read once relations and their columns are known.
pub(super) fn attached() -> impl Iterator<Item = &'static Source> {
    relations::ATTACHED.iter().chain(other::OTHER).chain(comments::COMMENTS)
}

/// The names that references need: `kind, oid, name, schema`. `t` is a type, `f` a function.
/// Row types of tables and arrays of them are left out; a rare reference to one is looked up by itself.
pub(super) const NAMES: &str = "
    SELECT 'a', oid, amname, 11::oid FROM pg_am UNION ALL
    SELECT 'l', oid, lanname, 11 FROM pg_language UNION ALL
    SELECT 'r', oid, rolname, 11 FROM pg_roles UNION ALL
    SELECT 's', oid, spcname, 11 FROM pg_tablespace UNION ALL
    SELECT 'w', oid, srvname, 11 FROM pg_foreign_server UNION ALL
    SELECT 'c', oid, collname, collnamespace FROM pg_collation UNION ALL
    SELECT 'o', oid, oprname, oprnamespace FROM pg_operator UNION ALL
    SELECT 'k', oid, opcname, opcnamespace FROM pg_opclass UNION ALL
    SELECT 'm', oid, opfname, opfnamespace FROM pg_opfamily UNION ALL
    SELECT 'p', oid, prsname, prsnamespace FROM pg_ts_parser UNION ALL
    SELECT 'p', oid, dictname, dictnamespace FROM pg_ts_dict UNION ALL
    SELECT 'p', oid, tmplname, tmplnamespace FROM pg_ts_template UNION ALL
    SELECT 'p', oid, cfgname, cfgnamespace FROM pg_ts_config UNION ALL
    SELECT 'f', oid, proname, pronamespace FROM pg_proc UNION ALL
    SELECT 't', oid, typname, typnamespace FROM pg_type WHERE typtype <> 'c' AND (oid < 16384 OR typelem = 0)";

/// The schemas that are looked at: all but the server's own and the temporary ones.
pub(super) const SCHEMAS: &str = "
    SELECT n.oid, n.nspname FROM pg_namespace n
    WHERE n.oid NOT IN (11, 99) AND n.nspname <> 'information_schema'
      AND n.nspname NOT LIKE 'pg\\_temp\\_%' AND n.nspname NOT LIKE 'pg\\_toast\\_temp\\_%' ORDER BY n.oid";

/// A few types or functions that were referred to and not known.
pub(super) fn missing(types: &[u32], functions: &[u32]) -> String {
    let list = |oids: &[u32]| oids.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    format!(
        "SELECT 't', oid, typname, typnamespace FROM pg_type WHERE oid = ANY ('{{{}}}') UNION ALL
         SELECT 'f', oid, proname, pronamespace FROM pg_proc WHERE oid = ANY ('{{{}}}')",
        list(types),
        list(functions)
    )
}

/// Settings of roles and of the database that hold for sessions here.
pub(super) const SETTINGS: &str = "
    SELECT CASE WHEN s.setrole = 0 THEN 'database ' || current_database() ELSE 'role ' || r.rolname END,
           array_to_string(s.setconfig, E'\\n')
    FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole
    WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))";
