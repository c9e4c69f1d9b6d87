//! What the tenant library found, in the words of the domain.

use std::collections::HashMap;

use signalbox_domain::fleet::{Behind, Cluster, Difference, Fault, Inspection, Kind, Known, Size, Weight};
use signalbox_tenants::{Audit, Finding, Inventory, Registry, Severity, State};

/// A fact by rule, object and attribute.
type Fact<'a> = (&'a str, &'a str, Option<&'a str>);

/// Puts three readings together; `registry_findings` are those of `registry`.
pub(super) fn inspection(
    audit: Audit,
    registry: &Registry,
    registry_findings: Vec<Finding>,
    inventory: Inventory,
) -> Inspection {
    let clusters = clusters(&audit);
    let behind = audit.standings.into_iter().filter(|standing| standing.state != State::Complete);
    let behind = behind
        .map(|one| Behind { tenant: one.tenant, missing: one.missing, foreign: one.foreign, lacks: one.lacks })
        .collect();
    let faults = audit.findings.into_iter().chain(registry_findings).filter_map(fault).collect();
    let sizes = inventory.schemas.into_iter().map(|schema| Size {
        name: schema.name,
        owner: schema.owner,
        tables: schema.tables,
        indexes: schema.indexes,
        bytes: schema.bytes,
    });
    Inspection { schemas: sizes.collect(), known: known(registry), tenants: audit.tenants, clusters, faults, behind }
}

/// Every name somebody may ask for: schemas, and rows without one.
pub(super) fn names(registry: Registry) -> Vec<String> {
    let schemas = registry.schemas.into_iter().map(|schema| schema.name);
    let rows = registry.rows.tenants.into_iter().flatten().map(|row| row.schema_name);
    let mut names: Vec<String> = schemas.chain(rows).collect();
    names.sort();
    names.dedup();
    names
}

fn clusters(audit: &Audit) -> Vec<Cluster> {
    let mut sentences: HashMap<Fact<'_>, &str> = HashMap::new();
    for finding in audit.of_kind(signalbox_tenants::Kind::Drift) {
        let fact = (finding.rule.as_str(), finding.object.as_str(), finding.attribute.as_deref());
        sentences.entry(fact).or_insert(&finding.message);
    }
    let difference = |one: &signalbox_tenants::Difference| Difference {
        rule: one.rule.clone(),
        object: one.object.clone(),
        attribute: one.attribute.clone(),
        from: one.from.clone(),
        to: one.to.clone(),
        says: sentences
            .get(&(one.rule.as_str(), one.object.as_str(), one.attribute.as_deref()))
            .map(|says| (*says).to_owned())
            .unwrap_or_default(),
    };
    let cluster = |one: &signalbox_tenants::Cluster| Cluster {
        tenants: one.tenants.clone(),
        differences: one.differences.iter().map(difference).collect(),
    };
    audit.clusters.iter().map(cluster).collect()
}

/// Drift is told by cluster instead.
fn fault(finding: Finding) -> Option<Fault> {
    let kind = match finding.kind {
        signalbox_tenants::Kind::Drift | signalbox_tenants::Kind::Change => return None,
        signalbox_tenants::Kind::Isolation => Kind::Isolation,
        signalbox_tenants::Kind::Registry => Kind::Registry,
        signalbox_tenants::Kind::Ledger => Kind::Ledger,
    };
    let weight = match finding.severity {
        Severity::Info => Weight::Info,
        Severity::Warning => Weight::Warning,
        Severity::Error => Weight::Error,
        Severity::Critical => Weight::Critical,
    };
    Some(Fault {
        tenant: finding.tenant,
        kind,
        rule: finding.rule,
        object: finding.object,
        weight,
        says: finding.message,
    })
}

fn known(registry: &Registry) -> Known {
    let tenants = registry.rows.tenants.as_ref();
    let schema_of: HashMap<&str, &str> =
        tenants.into_iter().flatten().map(|row| (row.id.as_str(), row.schema_name.as_str())).collect();
    let domains = registry.rows.domains.as_ref().map(|domains| {
        let schema = |id: &Option<String>| id.as_deref().and_then(|id| schema_of.get(id)).copied().unwrap_or_default();
        domains.iter().map(|row| (row.domain.clone(), schema(&row.tenant_id).to_owned())).collect()
    });
    Known {
        tenants_table: registry.tenants_table.clone(),
        rows: tenants.map(Vec::len),
        domains,
        unreadable: registry.unreadable.clone(),
    }
}
