//! Judging what the application believes against what exists.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{DomainRow, RegistryOptions, Rows, SchemaOwner, TenantRow};
use crate::{Finding, Kind, Severity};

/// Exist always and are never listed among the schemas.
const POSTGRESQL_OWN: [&str; 3] = ["information_schema", "pg_catalog", "pg_toast"];

/// PostgreSQL cuts longer names, in bytes.
const LONGEST_NAME: usize = 63;

/// Where the application's rows and the schemas contradict each other or themselves, sorted by tenant.
///
/// Nothing is concluded from rows that were not read.
#[must_use]
pub fn hygiene(rows: &Rows, schemas: &[SchemaOwner], options: &RegistryOptions) -> Vec<Finding> {
    let mut findings = expected(schemas, options);
    let tenants = rows.tenants.as_deref();
    if let Some(tenants) = tenants {
        findings.extend(existence(tenants, schemas));
        findings.extend(tenants.iter().flat_map(|row| names(row, options)));
        if let Some(domains) = &rows.domains {
            findings.extend(primaries(tenants, domains));
            findings.extend(duplicates(tenants, domains));
        }
    }
    findings.extend(twins(tenants.unwrap_or_default(), schemas));
    findings.extend(owners(tenants.unwrap_or_default(), schemas));
    findings
        .sort_by(|one, other| (&one.tenant, &one.rule, &one.object).cmp(&(&other.tenant, &other.rule, &other.object)));
    findings
}

fn finding(tenant: &str, rule: &str, object: String, severity: Severity, message: String) -> Finding {
    let (tenant, rule) = (tenant.to_owned(), rule.to_owned());
    Finding { tenant, kind: Kind::Registry, rule, object, attribute: None, from: None, to: None, severity, message }
}

fn expected(schemas: &[SchemaOwner], options: &RegistryOptions) -> Vec<Finding> {
    let there: HashSet<&str> = schemas.iter().map(|schema| schema.name.as_str()).collect();
    let absent = options.expected_schemas.iter().filter(|name| !there.contains(name.as_str()));
    let tell = |name: &String| {
        let message = format!("Schema {name} is expected and does not exist: whatever relies on it fails.");
        finding(name, "expected_schema_missing", format!("schema {name}"), Severity::Error, message)
    };
    absent.map(tell).collect()
}

fn existence(tenants: &[TenantRow], schemas: &[SchemaOwner]) -> Vec<Finding> {
    let there: HashSet<&str> = schemas.iter().map(|schema| schema.name.as_str()).chain(POSTGRESQL_OWN).collect();
    let known: HashSet<&str> = tenants.iter().map(|row| row.schema_name.as_str()).collect();
    let homeless = tenants.iter().map(|row| &row.schema_name).filter(|name| !there.contains(name.as_str()));
    let without_schema = homeless.map(|name| {
        let message = format!(
            "Row {name} names a schema that does not exist: requests of this tenant read and write public, \
             and migrate_schemas stops before the tenants after it."
        );
        finding(name, "row_without_schema", format!("row {name}"), Severity::Critical, message)
    });
    let is_stray =
        |schema: &&SchemaOwner| schema.has_ledger && schema.name != "public" && !known.contains(schema.name.as_str());
    let without_row = schemas.iter().filter(is_stray).map(|SchemaOwner { name, .. }| {
        let message = format!(
            "Schema {name} has migrations of its own and no tenant row: no release migrates it, \
             and the next tenant of that name adopts its data."
        );
        finding(name, "schema_without_row", format!("schema {name}"), Severity::Error, message)
    });
    without_schema.chain(without_row).collect()
}

fn names(row: &TenantRow, options: &RegistryOptions) -> Vec<Finding> {
    let name = &row.schema_name;
    let mut found = Vec::new();
    let ours = options.reserved_names.contains(name);
    if name.starts_with("pg_") || name == "information_schema" || ours {
        let owner = if ours { "the configuration" } else { "PostgreSQL" };
        let message = format!(
            "Row {name} has a name that {owner} reserves: its schema cannot be made, or is somebody else's already."
        );
        found.push(finding(name, "reserved_name", format!("row {name}"), Severity::Error, message));
    }
    let consequence = if name.len() > LONGEST_NAME {
        "is longer than the 63 bytes PostgreSQL keeps, so its schema has another name"
    } else if row.needs_quotes {
        "needs double quotes in SQL, so a script or psql command that omits them misses the schema or fails"
    } else {
        return found;
    };
    let message = format!("Row {name} has a name that {consequence}.");
    found.push(finding(name, "invalid_name", format!("row {name}"), Severity::Warning, message));
    found
}

/// Names that differ only in case; the one with a schema, else the plainer one, counts as the original.
fn twins(tenants: &[TenantRow], schemas: &[SchemaOwner]) -> Vec<Finding> {
    let there: HashSet<&str> = schemas.iter().map(|schema| schema.name.as_str()).collect();
    let of_schemas = schemas.iter().filter(|schema| schema.has_ledger).map(|schema| schema.name.as_str());
    let all: HashSet<&str> = tenants.iter().map(|row| row.schema_name.as_str()).chain(of_schemas).collect();
    let mut groups: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for name in all {
        groups.entry(name.to_lowercase()).or_default().push(name);
    }
    let mut found = Vec::new();
    for (plain, mut group) in groups {
        group.sort_by_key(|name| (!there.contains(name), *name != plain, *name));
        let Some((original, twins)) = group.split_first() else { continue };
        found.extend(twins.iter().map(|twin| {
            let message = format!(
                "Tenant {twin} differs from {original} only in case: whatever ignores case takes one for the other, \
                 and where no schema of that exact name exists it reads public."
            );
            finding(twin, "case_twin", format!("row {twin}"), Severity::Critical, message)
        }));
    }
    found
}

/// Tenants and domains that do not lead to each other.
fn primaries(tenants: &[TenantRow], domains: &[DomainRow]) -> Vec<Finding> {
    let mut of_tenant: HashMap<&str, Vec<&DomainRow>> = HashMap::new();
    for domain in domains {
        of_tenant.entry(domain.tenant_id.as_deref().unwrap_or_default()).or_default().push(domain);
    }
    let mut found = Vec::new();
    for row in tenants {
        let own = of_tenant.remove(row.id.as_str()).unwrap_or_default();
        found.extend(primaries_of(&row.schema_name, &own));
    }
    // Whatever is left belongs to nobody.
    found.extend(of_tenant.into_values().flatten().map(|row| {
        let domain = &row.domain;
        let message = match &row.tenant_id {
            Some(id) => format!("Domain {domain} leads to tenant {id}, which does not exist: its requests fail."),
            None => format!("Domain {domain} leads to no tenant: its requests fail."),
        };
        finding("public", "domain_without_tenant", format!("domain {domain}"), Severity::Error, message)
    }));
    found
}

fn primaries_of(name: &str, domains: &[&DomainRow]) -> Option<Finding> {
    let primary: Vec<&str> = domains.iter().filter(|row| row.is_primary).map(|row| row.domain.as_str()).collect();
    let (rule, severity, fact) = match (domains.len(), primary.len()) {
        // The shared schema is not visited by domain.
        (0, _) if name == "public" => return None,
        (0, _) => ("tenant_without_domain", Severity::Warning, "has no domain: nobody can reach it".to_owned()),
        (_, 0) => {
            let fact =
                "has domains and none of them is primary: get_primary_domain returns nothing, and links to it break";
            ("no_primary_domain", Severity::Warning, fact.to_owned())
        }
        (_, 1) => return None,
        _ => {
            let all = primary.join(", ");
            let fact = format!("has {} primary domains ({all}): get_primary_domain raises an error", primary.len());
            ("two_primary_domains", Severity::Error, fact)
        }
    };
    Some(finding(name, rule, format!("row {name}"), severity, format!("Tenant {name} {fact}.")))
}

/// Host names ignore case, text in a unique column does not.
fn duplicates(tenants: &[TenantRow], domains: &[DomainRow]) -> Vec<Finding> {
    let schemas: HashMap<&str, &str> = tenants.iter().map(|row| (&*row.id, &*row.schema_name)).collect();
    let mut first: HashMap<String, &str> = HashMap::new();
    let mut sorted: Vec<&DomainRow> = domains.iter().collect();
    // The spelling that browsers send counts as the original.
    sorted.sort_by_key(|row| (row.domain != row.domain.to_lowercase(), &*row.domain));
    let mut found = Vec::new();
    for row in sorted {
        let domain = row.domain.as_str();
        let Some(original) = first.get(&domain.to_lowercase()) else {
            first.insert(domain.to_lowercase(), domain);
            continue;
        };
        let tenant = row.tenant_id.as_deref().and_then(|id| schemas.get(id).copied()).unwrap_or("public");
        let message = format!(
            "Domain {domain} is the same host as {original}: browsers send it in lower case, so it never leads to {tenant}."
        );
        found.push(finding(tenant, "duplicate_domain", format!("domain {domain}"), Severity::Error, message));
    }
    found
}

/// Tenants whose schema has another owner than more than half of them.
fn owners(tenants: &[TenantRow], schemas: &[SchemaOwner]) -> Vec<Finding> {
    let known: HashSet<&str> = tenants.iter().map(|row| row.schema_name.as_str()).collect();
    let is_tenant =
        |schema: &&SchemaOwner| schema.name != "public" && (schema.has_ledger || known.contains(schema.name.as_str()));
    let fleet: Vec<&SchemaOwner> = schemas.iter().filter(is_tenant).collect();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for schema in &fleet {
        *counts.entry(&schema.owner).or_default() += 1;
    }
    let Some((usual, count)) = counts.into_iter().max_by_key(|(_, count)| *count) else {
        return Vec::new();
    };
    if count * 2 <= fleet.len() {
        return Vec::new();
    }
    let differs = |schema: &&SchemaOwner| schema.owner != usual;
    let tell = |SchemaOwner { name, owner, .. }: &SchemaOwner| Finding {
        attribute: Some("owner".to_owned()),
        from: Some(usual.to_owned()),
        to: Some(owner.clone()),
        ..finding(
            name,
            "owner_differs",
            format!("schema {name}"),
            Severity::Warning,
            format!(
                "Schema {name} belongs to {owner} and most tenants to {usual}: the next migration may not be allowed to change it."
            ),
        )
    };
    fleet.into_iter().filter(differs).map(tell).collect()
}

#[cfg(test)]
#[path = "hygiene_tests.rs"]
mod tests;
