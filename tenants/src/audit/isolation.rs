//! What reaches from one tenant into another.

use roaring::RoaringBitmap;

use super::{
    AuditOptions,
    drift::Differences,
    reference::{Expected, beyond},
    shown,
};
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
    reference: &Expected<'_>,
    drift: &Differences,
) -> Vec<Fault> {
    let mut found = Vec::new();
    for (place, ((object, _), aspect)) in catalog.variants.aspects.iter().enumerate() {
        let expected = reference.of(place);
        for variant in aspect.variants.iter().filter(|variant| !variant.reaches.is_empty()) {
            let is_odd = expected != Some(&*variant.values);
            let border = Border { catalog, tenants, options, is_odd };
            border.crossings(&shown(&object.spelled()), variant, &mut found);
        }
    }
    falls_through(catalog, drift, &mut found);
    for (who, reach) in catalog.settings.iter().filter(|(_, reach)| tenants.contains(reach.schema)) {
        let attribute = Some("search_path");
        let to = name(catalog, reach.schema).to_owned();
        let own = tenants.iter().find(|tenant| who.strip_prefix("role ") == Some(name(catalog, *tenant)));
        match own {
            // A tenant's own role may work in its own schema and in no other's.
            Some(own) if own == reach.schema => {}
            Some(own) => found.push(Fault { tenant: own, rule: "reaches_tenant", object: who.clone(), attribute, to }),
            None => {
                let tenant = reach.schema;
                found.push(Fault { tenant, rule: "search_path_of_role", object: who.clone(), attribute, to });
            }
        }
    }
    found
}

/// What one variant may not cross.
struct Border<'a> {
    catalog: &'a Catalog,
    tenants: &'a RoaringBitmap,
    options: &'a AuditOptions,
    /// Whether the variant differs from the reference.
    is_odd: bool,
}

impl Border<'_> {
    /// Everything that a variant refers to outside of the schemas that have it.
    fn crossings(&self, object: &str, variant: &Variant, found: &mut Vec<Fault>) {
        for reach in &variant.reaches {
            let target = name(self.catalog, reach.schema);
            let whole = if reach.target == target { target.to_owned() } else { format!("{target}.{}", reach.target) };
            let fault = |tenant, rule, object: String| Fault {
                tenant,
                rule,
                object,
                attribute: Some(reach.attribute),
                to: whole.clone(),
            };
            if self.tenants.contains(reach.schema) {
                // The place beyond the schemas is a snapshot's.
                let schemas = variant.members.iter().filter(|member| *member < beyond(self.catalog));
                for member in schemas.filter(|member| *member != reach.schema) {
                    if self.tenants.contains(member) {
                        found.push(fault(member, between_tenants(reach.attribute), object.to_owned()));
                    } else {
                        // Something outside of all tenants looks into this one.
                        let outside = format!("{object} of {}", name(self.catalog, member));
                        found.push(fault(reach.schema, "reached_from_outside", outside));
                    }
                }
            } else if target == "public" && reach.target != target && self.is_forbidden(&reach.target) {
                let members = &variant.members & self.tenants;
                found.extend(members.iter().map(|member| fault(member, "reaches_public", object.to_owned())));
            }
        }
    }

    fn is_forbidden(&self, target: &str) -> bool {
        match &self.options.allowed_in_public {
            Some(allowed) => !allowed.iter().any(|name| name == target),
            None => self.is_odd,
        }
    }
}

fn between_tenants(attribute: &str) -> &'static str {
    match attribute {
        "grants" => "granted_to_tenant",
        "owner" => "owned_by_tenant",
        _ => "reaches_tenant",
    }
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
