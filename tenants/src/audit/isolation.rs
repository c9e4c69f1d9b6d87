//! What reaches from one tenant into another.

use roaring::RoaringBitmap;

use super::{AuditOptions, drift::Differences, shown};
use crate::catalog::{Catalog, Variant};

/// One thing that crosses a border.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// Whose data is in danger: the schema's place.
    pub(super) tenant: u32,
    /// `reaches_tenant`, `falls_through`…
    pub(super) rule: &'static str,
    pub(super) object: String,
    pub(super) attribute: Option<&'static str>,
    /// What it reaches.
    pub(super) to: String,
}

/// Looks for everything that crosses.
pub(super) fn faults(
    catalog: &Catalog,
    tenants: &RoaringBitmap,
    options: &AuditOptions,
    drift: &Differences,
) -> Vec<Fault> {
    let mut found = Vec::new();
    for ((object, _), aspect) in &catalog.variants.aspects {
        for variant in aspect.variants.iter().filter(|variant| !variant.reaches.is_empty()) {
            crossings(catalog, tenants, options, &shown(&object.spelled()), variant, &mut found);
        }
    }
    falls_through(catalog, drift, &mut found);
    for (who, reach) in &catalog.settings {
        if tenants.contains(reach.schema) {
            found.push(Fault {
                tenant: reach.schema,
                rule: "search_path_of_role",
                object: who.clone(),
                attribute: Some("search_path"),
                to: name(catalog, reach.schema).to_owned(),
            });
        }
    }
    found
}

/// Everything that one variant refers to outside of the schemas that have it.
fn crossings(
    catalog: &Catalog,
    tenants: &RoaringBitmap,
    options: &AuditOptions,
    object: &str,
    variant: &Variant,
    found: &mut Vec<Fault>,
) {
    for reach in &variant.reaches {
        let target = name(catalog, reach.schema);
        let whole = if reach.target == target { target.to_owned() } else { format!("{target}.{}", reach.target) };
        let fault = |tenant, rule, object: String| Fault {
            tenant,
            rule,
            object,
            attribute: Some(reach.attribute),
            to: whole.clone(),
        };
        if tenants.contains(reach.schema) {
            for member in variant.members.iter().filter(|member| *member != reach.schema) {
                if tenants.contains(member) {
                    let rule = match reach.attribute {
                        "grants" => "granted_to_tenant",
                        "owner" => "owned_by_tenant",
                        _ => "reaches_tenant",
                    };
                    found.push(fault(member, rule, object.to_owned()));
                } else {
                    // Something outside of all tenants looks into this one.
                    let outside = format!("{object} of {}", name(catalog, member));
                    found.push(fault(reach.schema, "reached_from_outside", outside));
                }
            }
        } else if target == "public" && is_forbidden(options, &reach.target) {
            found.extend(
                (&variant.members & tenants).iter().map(|member| fault(member, "reaches_public", object.to_owned())),
            );
        }
    }
}

fn is_forbidden(options: &AuditOptions, target: &str) -> bool {
    options.allowed_in_public.as_ref().is_some_and(|allowed| !allowed.iter().any(|name| name == target))
}

/// What a tenant lacks and `public` has: with `search_path = tenant, public` the application then reads
/// and writes public's.
fn falls_through(catalog: &Catalog, drift: &Differences, found: &mut Vec<Fault>) {
    let Some(public) = catalog.schemas.iter().position(|schema| schema.name == "public") else { return };
    let Ok(public) = u32::try_from(public) else { return };
    for (difference, members) in drift.iter().filter(|(difference, _)| difference.rule == "missing") {
        let Some((kind, relation)) =
            ["table", "partitioned table", "view", "materialized view", "foreign table", "sequence"]
                .iter()
                .find_map(|kind| Some((*kind, difference.object.strip_prefix(kind)?.strip_prefix(' ')?)))
        else {
            continue;
        };
        if catalog.variants.holders(kind, relation).contains(public) {
            found.extend(members.iter().map(|tenant| Fault {
                tenant,
                rule: "falls_through",
                object: difference.object.clone(),
                attribute: None,
                to: format!("public.{relation}"),
            }));
        }
    }
}

fn name(catalog: &Catalog, schema: u32) -> &str {
    catalog.schemas.get(schema as usize).map_or("", |schema| &schema.name)
}
