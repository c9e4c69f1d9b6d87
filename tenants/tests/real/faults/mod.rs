//! The fault catalogue: what can go wrong in a tenant's schema, planted in a fleet that Django made,
//! and what an audit must say about it.

mod benign;
mod columns;
mod constraints;
mod functions;
mod indexes;
mod rare;
mod rights;
pub(crate) mod stories;
mod tables;
mod types;
mod views;

use signalbox_tenants::{Finding, Kind};

/// One thing that an audit says.
#[derive(Debug, Clone)]
pub(crate) struct Expect {
    kind: Kind,
    rule: &'static str,
    /// As the audit spells it; a `*` at its end stands for anything.
    object: &'static str,
    /// `None` when the audit is free to say which.
    attribute: Option<&'static str>,
}

impl Expect {
    fn drift(rule: &'static str, object: &'static str) -> Self {
        Self { kind: Kind::Drift, rule, object, attribute: None }
    }

    /// Whether this finding says it.
    fn is(&self, finding: &Finding) -> bool {
        finding.kind == self.kind
            && finding.rule == self.rule
            && matches(self.object, &finding.object)
            && self.attribute.is_none_or(|attribute| finding.attribute.as_deref() == Some(attribute))
    }
}

fn missing(object: &'static str) -> Expect {
    Expect::drift("missing", object)
}

fn extra(object: &'static str) -> Expect {
    Expect::drift("extra", object)
}

fn changed(object: &'static str, attribute: &'static str) -> Expect {
    Expect { attribute: Some(attribute), ..Expect::drift("changed", object) }
}

/// Changed in an attribute that has no name people would agree on.
fn touched(object: &'static str) -> Expect {
    Expect::drift("changed", object)
}

fn order(relation: &'static str) -> Expect {
    Expect { attribute: Some("column order"), ..Expect::drift("order", relation) }
}

fn isolation(rule: &'static str, object: &'static str) -> Expect {
    Expect { kind: Kind::Isolation, ..Expect::drift(rule, object) }
}

/// Reaches into another tenant.
fn crosses(object: &'static str) -> Expect {
    isolation("reaches_tenant", object)
}

/// A change to one tenant, and what an audit must say about it.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    name: &'static str,
    /// Runs as a migration would, with the victim's schema first in `search_path`; `{s}` is that
    /// schema and `{o}` another tenant's, both quoted.
    sql: String,
    /// Each must be said.
    expect: Vec<Expect>,
    /// Objects about which something may be said, too, because they go along with the others.
    with: Vec<&'static str>,
    /// The oldest major version of PostgreSQL that knows the statements.
    since: u32,
}

fn fault<const N: usize>(name: &'static str, sql: impl Into<String>, expect: [Expect; N]) -> Fault {
    Fault { name, sql: sql.into(), expect: expect.into(), with: Vec::new(), since: 14 }
}

impl Fault {
    fn with<const N: usize>(mut self, objects: [&'static str; N]) -> Self {
        self.with.extend(objects);
        self
    }

    fn and(mut self, expect: Expect) -> Self {
        self.expect.push(expect);
        self
    }

    fn since(mut self, major: u32) -> Self {
        self.since = major;
        self
    }

    /// Statements that go first.
    fn before(mut self, sql: String) -> Self {
        self.sql = format!("{sql}; {}", self.sql);
        self
    }

    /// No function body is looked at when it is made.
    fn unchecked(self) -> Self {
        self.before("SET check_function_bodies = off".to_owned())
    }

    /// Whether this finding is one that the fault explains.
    fn explains(&self, finding: &Finding) -> bool {
        self.expect.iter().any(|expect| expect.is(finding))
            || self.with.iter().any(|object| matches(object, &finding.object))
            || self.expect.iter().any(|expect| {
                expect.rule == finding.rule && expect.rule != "changed" && has_part(expect.object, &finding.object)
            })
    }
}

/// Whether `part` is a column, a constraint, a trigger and so on of a relation that is missing or
/// extra as a whole: it may be reported along with it.
fn has_part(relation: &str, part: &str) -> bool {
    let is_part = ["column ", "constraint ", "trigger ", "rule ", "policy "].iter().any(|kind| part.starts_with(kind));
    let (Some(relation), Some(part)) = (relation.rsplit(' ').next(), part.split(' ').nth(1)) else {
        return false;
    };
    is_part && part.strip_prefix(relation).is_some_and(|rest| rest.starts_with('.'))
}

fn matches(pattern: &str, text: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == text, |start| text.starts_with(start))
}

/// The whole catalogue.
pub(crate) fn catalogue() -> Vec<Fault> {
    let groups = [
        tables::all(),
        columns::all(),
        constraints::all(),
        indexes::all(),
        functions::all(),
        views::all(),
        types::all(),
        rights::all(),
        rare::all(),
    ];
    groups.concat()
}
