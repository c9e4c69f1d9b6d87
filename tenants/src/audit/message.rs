//! Sentences: the object, the fact, and what follows from it.

use super::{Difference, isolation::Fault};
use crate::{Finding, Kind, Severity};

/// Longest value that is put into a sentence.
const LONGEST: usize = 120;

pub(super) fn drift(difference: &Difference, tenant: &str) -> Finding {
    let kind = kind(&difference.object);
    let severity = severity(difference, kind);
    let message = match (&*difference.rule, &difference.attribute) {
        ("missing", _) => format!("{} is missing here: {}.", difference.object, without(kind)),
        ("extra", _) => format!("{} exists only here: the next migration may collide with it.", difference.object),
        ("order", _) => format!(
            "{} has its columns in another order: {}. Only code that names no columns notices.",
            difference.object,
            clipped(difference.to.as_deref())
        ),
        (_, attribute) => format!(
            "{}: {} is {}, not {}.",
            difference.object,
            attribute.as_deref().unwrap_or("it"),
            clipped(difference.to.as_deref()),
            clipped(difference.from.as_deref())
        ),
    };
    Finding {
        tenant: tenant.to_owned(),
        kind: Kind::Drift,
        rule: difference.rule.clone(),
        object: difference.object.clone(),
        attribute: difference.attribute.clone(),
        from: difference.from.clone(),
        to: difference.to.clone(),
        severity,
        message,
    }
}

pub(super) fn isolation(fault: &Fault, tenant: &str) -> Finding {
    let object = &fault.object;
    let to = &fault.to;
    let attribute = fault.attribute.unwrap_or("it");
    let (severity, message) = match fault.rule {
        "falls_through" => (
            Severity::Critical,
            format!("{object} is missing here and {to} exists: the application reads and writes public's instead."),
        ),
        "granted_to_tenant" => (
            Severity::Critical,
            format!("{object} is open to role {to}, which belongs to another tenant: that tenant can use it."),
        ),
        "owned_by_tenant" => (
            Severity::Error,
            format!("{object} is owned by {to}, a role of another tenant: that tenant can do anything with it."),
        ),
        "reached_from_outside" => {
            (Severity::Critical, format!("{object} reads {to} ({attribute}): whoever uses it sees this tenant's data."))
        }
        "reaches_public" => (
            Severity::Warning,
            format!("{object} refers to {to} ({attribute}), which the configuration does not allow."),
        ),
        "search_path_of_role" => (
            Severity::Critical,
            format!(
                "{object} has this schema in its search_path: what names no schema reads and writes this tenant's data."
            ),
        ),
        _ => (
            Severity::Critical,
            format!("{object} refers to {to} ({attribute}): this tenant reads or writes another tenant's data."),
        ),
    };
    Finding {
        tenant: tenant.to_owned(),
        kind: Kind::Isolation,
        rule: fault.rule.to_owned(),
        object: object.clone(),
        attribute: fault.attribute.map(str::to_owned),
        from: None,
        to: Some(to.clone()),
        severity,
        message,
    }
}

/// The kind at the beginning of an object's spelling, by its first word.
fn kind(object: &str) -> &str {
    object.split(' ').next().unwrap_or(object)
}

fn without(kind: &str) -> &'static str {
    match kind {
        "table" | "partitioned" | "foreign" | "view" | "materialized" => "code that uses it fails, or reads public's",
        "column" => "code of the current release fails on it",
        "index" => "queries that rely on it read the whole table",
        "constraint" => "rows that break it are accepted",
        "policy" => "its rows are not filtered by it",
        "trigger" | "rule" => "what it maintains goes stale",
        "sequence" => "inserts that draw from it fail",
        _ => "code that relies on it fails",
    }
}

fn severity(difference: &Difference, kind: &str) -> Severity {
    match (&*difference.rule, difference.attribute.as_deref()) {
        ("missing", _) if matches!(kind, "statistics" | "publication" | "default") => Severity::Warning,
        ("missing", _) => Severity::Error,
        ("order", _) => Severity::Info,
        (_, Some("comment" | "storage" | "compression" | "statistics target" | "cost" | "rows" | "clustered")) => {
            Severity::Info
        }
        (
            _,
            Some(
                "row security"
                | "forced row security"
                | "using"
                | "with check"
                | "roles"
                | "permissive"
                | "enabled"
                | "valid"
                | "validated"
                | "enforced"
                | "grants"
                | "owner"
                | "security definer"
                | "not null"
                | "type"
                | "unique"
                | "references"
                | "expression"
                | "on delete"
                | "settings",
            ),
        ) => Severity::Error,
        _ => Severity::Warning,
    }
}

pub(crate) fn clipped(value: Option<&str>) -> String {
    let value = value.unwrap_or("none");
    let line: String = value.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST {
        return line;
    }
    let short: String = line.chars().take(LONGEST - 1).collect();
    format!("{short}…")
}
