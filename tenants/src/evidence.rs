//! Queries that a person can run to see a finding with their own eyes.
//!
//! Each reads catalogs only, names everything with its schema, and shows the object's attributes in a row for each
//! tenant. They use the server's own `pg_get_*` functions, which wait behind a migration of that one object.

mod kinds;

use crate::{Difference, Finding, Kind};
use kinds::{KINDS, Question, RELATION, SCHEMA_PUBLICATION};

impl Finding {
    /// A read-only query that shows it, for a person to run on the same database; `None` where the catalogs do not
    /// show it. `beside` is a tenant that has it otherwise.
    #[must_use]
    pub fn query(&self, beside: Option<&str>) -> Option<String> {
        let tenant = self.tenant.as_str();
        let both: Vec<&str> = std::iter::once(tenant).chain(beside.filter(|beside| *beside != tenant)).collect();
        match (self.kind, &*self.rule) {
            (Kind::Drift, _) => objects(&both, &self.object),
            (Kind::Change, "tenant_added" | "tenant_removed") | (Kind::Registry, _) => registry(tenant, &self.rule),
            (Kind::Change, "uneven") => None,
            (Kind::Change, _) if self.object == "ledger" => Some(ledgers(tenant)),
            (Kind::Change, _) => objects(&[tenant], &self.object),
            (Kind::Ledger, "no_ledger") => objects(&[tenant, "public"], &self.object),
            (Kind::Ledger, "unknown") => Some(holders(tenant)),
            // What a lying tenant lacks is told as drift; its ledger looks like any other.
            (Kind::Ledger, "lying") => None,
            (Kind::Ledger, _) => Some(ledgers(tenant)),
            (Kind::Isolation, "falls_through") => objects(&[tenant, "public"], &self.object),
            (Kind::Isolation, "transaction_pooling") => None,
            (Kind::Isolation, "reached_from_outside") => {
                let (object, schema) = self.object.rsplit_once(" of ")?;
                objects(&[schema], object)
            }
            (Kind::Isolation, _) => settings(&self.object).or_else(|| objects(&[tenant], &self.object)),
        }
    }
}

impl Difference {
    /// A read-only query that shows the object in each of these tenants.
    #[must_use]
    pub fn query(&self, tenants: &[&str]) -> Option<String> {
        objects(tenants, &self.object)
    }
}

/// An object in each of some schemas, a row for each that has it.
fn objects(schemas: &[&str], object: &str) -> Option<String> {
    let of_kind = |(kind, question): &'static (&str, Question)| {
        let rest = object.strip_prefix(kind)?;
        Some((question, if rest.is_empty() { rest } else { rest.strip_prefix(' ')? }))
    };
    let (mut question, name) = KINDS.iter().find_map(of_kind)?;
    // That of a single table is called `table.publication`.
    if object.starts_with("publication ") && !name.contains('.') {
        question = &SCHEMA_PUBLICATION;
    }
    // What is told apart by its arguments is shown with all of that name.
    let name = if name.ends_with(')') { name.split_once('(').map_or(name, |(name, _)| name) } else { name };
    let schemas: Vec<String> = schemas.iter().map(|schema| literal(schema)).collect();
    Some(format!(
        "SELECT n.nspname AS schema, {} FROM {} WHERE n.nspname IN ({}) AND {} = {} ORDER BY 1",
        question.columns,
        question.from,
        schemas.join(", "),
        question.name,
        literal(name)
    ))
}

/// What a tenant has recorded and `public` has not, and the other way round.
fn ledgers(tenant: &str) -> String {
    let (own, label) = (identifier(tenant), literal(tenant));
    format!(
        "SELECT * FROM (SELECT {label} AS recorded_only_in, app, name FROM (SELECT app, name FROM {own}.django_migrations \
         EXCEPT SELECT app, name FROM public.django_migrations) own UNION ALL SELECT 'public', app, name FROM \
         (SELECT app, name FROM public.django_migrations EXCEPT SELECT app, name FROM {own}.django_migrations) target) recorded \
         ORDER BY 1, 2, 3"
    )
}

/// Who may read a ledger, and who holds it.
fn holders(tenant: &str) -> String {
    format!(
        "SELECT n.nspname AS schema, pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS usage, \
         pg_catalog.has_table_privilege(c.oid, 'SELECT') AS select, l.pid, l.mode, l.granted, a.usename, a.state \
         FROM {RELATION} LEFT JOIN pg_catalog.pg_locks l ON l.relation = c.oid \
         LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid \
         WHERE n.nspname = {} AND c.relname = 'django_migrations' ORDER BY l.pid",
        literal(tenant)
    )
}

/// The settings of a role or a database.
fn settings(object: &str) -> Option<String> {
    let (column, name) = match object.split_once(' ')? {
        ("role", name) => ("r.rolname", name),
        ("database", name) => ("d.datname", name),
        _ => return None,
    };
    Some(format!(
        "SELECT r.rolname AS role, d.datname AS database, s.setconfig FROM pg_catalog.pg_db_role_setting s \
         LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase \
         WHERE {column} = {} ORDER BY 1, 2",
        literal(name)
    ))
}

/// Schemas called like that, in whatever case. What the application's tables say differs from one to the next.
fn registry(name: &str, rule: &str) -> Option<String> {
    if rule.contains("domain") || matches!(rule, "old_tenant_list" | "sequence_behind") {
        return None;
    }
    Some(format!(
        "SELECT n.nspname AS schema, pg_catalog.pg_get_userbyid(n.nspowner) AS owner, (SELECT count(*) FROM \
         pg_catalog.pg_class WHERE relnamespace = n.oid AND relkind IN ('r', 'p')) AS tables \
         FROM pg_catalog.pg_namespace n WHERE lower(n.nspname) = lower({}) ORDER BY 1",
        literal(name)
    ))
}

fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Whatever `standard_conforming_strings` says.
fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') { format!("E'{}'", quoted.replace('\\', "\\\\")) } else { format!("'{quoted}'") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_names() {
        assert_eq!(literal("O'Brien"), "'O''Brien'");
        assert_eq!(literal("a\\'; DROP TABLE x; --"), "E'a\\\\''; DROP TABLE x; --'");
        assert_eq!(identifier("Acme\"Corp"), "\"Acme\"\"Corp\"");
        let query = objects(&["it's"], "column a.b.c").unwrap();
        assert!(query.ends_with("n.nspname IN ('it''s') AND c.relname || '.' || a.attname = 'a.b.c' ORDER BY 1"));
        assert_eq!(objects(&["a"], "tablespoon x"), None);
    }
}
