//! Which tenants differ and in what, and which reach into each other.

pub(crate) mod drift;
mod isolation;
pub(crate) mod message;
pub(crate) mod reference;
mod truth;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use roaring::RoaringBitmap;
use serde::{Deserialize, Serialize};

use crate::catalog::{Catalog, NONE, OWN, Show, Shown};
use crate::{Error, Finding, Kind, Ledgers, Snapshot, TenantDatabase};
pub use truth::{Standing, State};

/// What tenants are held against, and how far they may reach.
#[derive(Debug, Clone)]
pub struct AuditOptions {
    /// What is right.
    pub reference: Reference,
    /// The schemas of tenants; one that does not exist is an error. `None`: every schema but `public` that has a `django_migrations` of its own.
    pub tenants: Option<Vec<String>>,
    /// What of `public` tenants may refer to, by name; `None` allows what the reference refers to.
    pub allowed_in_public: Option<Vec<String>>,
    /// Whether to hold each tenant's recorded migrations against its structure, too. Needs `SELECT` on
    /// every `django_migrations`, most simply `pg_read_all_data`.
    pub ledgers: bool,
    /// The migrations that a complete tenant has recorded, as `app.name`. `None`: those of `public`.
    pub migrations: Option<Vec<String>>,
    /// Findings beyond this many are counted and not listed.
    pub most_findings: usize,
}

impl Default for AuditOptions {
    fn default() -> Self {
        Self {
            reference: Reference::Majority,
            tenants: None,
            allowed_in_public: None,
            ledgers: false,
            migrations: None,
            most_findings: 100_000,
        }
    }
}

/// What tenants are held against.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Reference {
    /// For each object, what most tenants have.
    #[default]
    Majority,
    /// One tenant, by its schema's name.
    Tenant(String),
    /// For each object, what most tenants of a snapshot had: at another time, or in another database.
    Snapshot(Arc<Snapshot>),
}

/// A fleet, compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// The server's version, for example `15.18`.
    pub server_version: String,
    /// Schemas that were compared, in alphabetical order.
    pub tenants: Vec<String>,
    /// What they were held against: `majority`, `tenant acme`, `saas at 2026-11-26T13:40:00Z`.
    pub reference: String,
    /// One for each tenant and fact, by tenant.
    pub findings: Vec<Finding>,
    /// How many there are, listed or not.
    pub total_findings: usize,
    /// Tenants that are equal, in groups, the largest first.
    pub clusters: Vec<Cluster>,
    /// How each tenant's records and structure fit; empty when ledgers were not read.
    pub standings: Vec<Standing>,
    /// What it took.
    pub timing: Timing,
}

/// Tenants that differ from the reference in the same way, or not at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    /// The same for equal structures, in this database and in others.
    pub fingerprint: String,
    /// Their schemas.
    pub tenants: Vec<String>,
    /// What they differ in.
    pub differences: Vec<Difference>,
}

/// One fact that differs from the reference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Difference {
    /// `missing`, `extra`, `changed` or `order`.
    pub rule: String,
    /// `column orders.total`.
    pub object: String,
    /// Which attribute changed.
    pub attribute: Option<String>,
    /// The reference's value.
    pub from: Option<String>,
    /// The tenants' value.
    pub to: Option<String>,
}

/// What an audit took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    /// Until the snapshot had ended.
    pub read_ms: u64,
    /// Until differing expressions had been shown and everything compared.
    pub total_ms: u64,
    /// Bytes of catalog rows that the server sent.
    pub bytes: u64,
}

impl TenantDatabase {
    /// Reads all catalogs in one snapshot, compares the tenants and looks for what reaches from one into
    /// another. Needs no rights at all.
    ///
    /// # Errors
    /// When the database cannot be asked, or the reference or a named tenant is not there.
    pub async fn audit(&self, options: &AuditOptions) -> Result<Audit, Error> {
        Ok(self.reading(options, &Show::Differing).await?.audit)
    }

    /// The same, and keeps what was read. `earlier` spares the server from showing expressions again that an
    /// earlier snapshot has.
    ///
    /// # Errors
    /// As [`TenantDatabase::audit`].
    pub async fn audit_and_snapshot(
        &self,
        options: &AuditOptions,
        earlier: Option<&Snapshot>,
    ) -> Result<(Audit, Snapshot), Error> {
        let known = |hash| earlier.and_then(|earlier| earlier.shown(hash));
        let Compared { audit, catalog, tenants } = self.reading(options, &Show::All(&known)).await?;
        let snapshot = Snapshot::of(&catalog, &tenants, &audit);
        Ok((audit, snapshot))
    }

    async fn reading(&self, options: &AuditOptions, show: &Show<'_>) -> Result<Compared, Error> {
        let begun = Instant::now();
        let (catalog, ledgers) = self.catalog(options.ledgers).await?;
        let read = begun.elapsed();
        let mut compared = self.compare(catalog, ledgers.as_ref(), options, show, &mut Shown::new()).await?;
        let bytes = compared.catalog.bytes;
        compared.audit.timing = Timing { read_ms: ms(read), total_ms: ms(begun.elapsed()), bytes };
        Ok(compared)
    }

    /// Compares what was read. The timing is left to the caller.
    pub(crate) async fn compare(
        &self,
        mut catalog: Catalog,
        ledgers: Option<&Ledgers>,
        options: &AuditOptions,
        show: &Show<'_>,
        shown: &mut Shown,
    ) -> Result<Compared, Error> {
        let mut tenants = tenants(&catalog, options)?;
        // In runs, as the members of what all have: sets of the same form are compared at once.
        tenants.optimize();
        let mut looked_at = tenants.clone();
        if let Reference::Snapshot(snapshot) = &options.reference {
            let beyond = reference::beyond(&catalog);
            snapshot.majority_into(&mut catalog, beyond);
            looked_at.insert(beyond);
        }
        if let Show::All(_) = show {
            looked_at.extend(place(&catalog, "public"));
        }
        let deparse = self.deparse(&mut catalog, &looked_at, show, shown);
        self.within(self.longest(), "reading what differs", deparse).await?;
        let audit = judge(&catalog, &tenants, ledgers, options)?;
        Ok(Compared { audit, catalog, tenants })
    }
}

/// What was found, with what it was found in.
pub(crate) struct Compared {
    pub(crate) audit: Audit,
    catalog: Catalog,
    tenants: RoaringBitmap,
}

pub(crate) fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn place(catalog: &Catalog, name: &str) -> Option<u32> {
    catalog.schemas.iter().position(|schema| schema.name == name).and_then(|at| u32::try_from(at).ok())
}

/// The schemas that are compared.
fn tenants(catalog: &Catalog, options: &AuditOptions) -> Result<RoaringBitmap, Error> {
    match &options.tenants {
        Some(names) => {
            let known = |name: &String| place(catalog, name).ok_or_else(|| Error::NoTenant { name: name.clone() });
            names.iter().map(known).collect()
        }
        None => {
            let mut ledgers = catalog.variants.holders("table", "django_migrations");
            if let Some(public) = place(catalog, "public") {
                ledgers.remove(public);
            }
            Ok(ledgers)
        }
    }
}

/// Compares what was read. Pure.
fn judge(
    catalog: &Catalog,
    tenants: &RoaringBitmap,
    ledgers: Option<&Ledgers>,
    options: &AuditOptions,
) -> Result<Audit, Error> {
    let reference = reference::of(catalog, tenants, &options.reference)?;
    let differences = drift::differences(catalog, tenants, &reference);
    let reaches = isolation::faults(catalog, tenants, options, &reference, &differences);
    let name = |place: u32| catalog.schemas.get(place as usize).map_or("", |schema| schema.name.as_str());
    let mut findings = Vec::new();
    let mut total = 0;
    let mut add = |place: u32, finding: &dyn Fn(&str) -> Finding| {
        total += 1;
        if findings.len() < options.most_findings {
            findings.push(finding(name(place)));
        }
    };
    // What endangers data comes first: findings beyond the most are not listed.
    for fault in &reaches {
        add(fault.tenant, &|tenant| message::isolation(fault, tenant));
    }
    for (difference, members) in &differences {
        for place in members {
            add(place, &|tenant| message::drift(difference, tenant));
        }
    }
    let standings = match ledgers {
        Some(ledgers) => standings(catalog, tenants, ledgers, options)?,
        None => Vec::new(),
    };
    if let Some(ledgers) = ledgers {
        let more = truth::findings(&standings, ledgers);
        total += more.len();
        findings.extend(more);
    }
    findings
        .sort_by(|one, other| (&one.tenant, one.kind, &one.object).cmp(&(&other.tenant, other.kind, &other.object)));
    let alphabetical = catalog.schemas.alphabetical().iter().copied();
    let names = alphabetical.filter(|place| tenants.contains(*place)).map(|place| name(place).to_owned()).collect();
    Ok(Audit {
        server_version: catalog.server_version.clone(),
        tenants: names,
        reference: match &options.reference {
            Reference::Majority => "majority".to_owned(),
            Reference::Tenant(name) => format!("tenant {name}"),
            Reference::Snapshot(snapshot) => snapshot.to_string(),
        },
        findings,
        total_findings: total,
        clusters: clusters(catalog, tenants, &differences),
        standings,
        timing: Timing { read_ms: 0, total_ms: 0, bytes: 0 },
    })
}

/// By the schema's place.
fn fingerprints(catalog: &Catalog) -> Vec<String> {
    catalog.variants.fingerprints(catalog.schemas.len()).iter().map(|sum| format!("{sum:032x}")).collect()
}

/// Holds what tenants have recorded against what they have, as tenants with a complete ledger have it.
fn standings(
    catalog: &Catalog,
    tenants: &RoaringBitmap,
    ledgers: &Ledgers,
    options: &AuditOptions,
) -> Result<Vec<Standing>, Error> {
    let fingerprints = fingerprints(catalog);
    let names: Vec<(u32, &str, &str)> = tenants
        .iter()
        .filter_map(|place| {
            let schema = catalog.schemas.get(place as usize)?;
            Some((place, schema.name.as_str(), fingerprints.get(place as usize)?.as_str()))
        })
        .collect();
    let target = truth::target(ledgers, options.migrations.as_deref());
    let by_name = names.iter().map(|(_, name, fingerprint)| (*name, *fingerprint)).collect();
    let model = truth::model(ledgers, &target, &by_name).map(str::to_owned);
    let reference = reference::of(catalog, tenants, &model.map_or(Reference::Majority, Reference::Tenant))?;
    let mut lists: BTreeMap<u32, Vec<Difference>> = BTreeMap::new();
    for (difference, members) in drift::differences(catalog, tenants, &reference) {
        for place in &members {
            lists.entry(place).or_default().push(difference.clone());
        }
    }
    let known = names.iter().map(|(place, name, fingerprint)| {
        let differences = lists.get(place).map(Vec::as_slice).unwrap_or_default();
        (*name, truth::Known { fingerprint, differences })
    });
    Ok(truth::standings(ledgers, &target, &known.collect()))
}

/// Groups tenants by what they differ in.
fn clusters(catalog: &Catalog, tenants: &RoaringBitmap, differences: &[(Difference, RoaringBitmap)]) -> Vec<Cluster> {
    let mut of: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (place, (_, members)) in differences.iter().enumerate() {
        for member in members & tenants {
            of.entry(member).or_default().push(place);
        }
    }
    let equal: Vec<u32> = tenants.iter().filter(|tenant| !of.contains_key(tenant)).collect();
    let mut groups: BTreeMap<Vec<usize>, Vec<u32>> = BTreeMap::new();
    if !equal.is_empty() {
        groups.insert(Vec::new(), equal);
    }
    for (tenant, list) in of {
        groups.entry(list).or_default().push(tenant);
    }
    let first = groups.values().filter_map(|members| members.first().copied()).collect();
    let fingerprints = catalog.variants.fingerprints_of(&first);
    let fingerprint = |members: &[u32]| members.first().and_then(|member| fingerprints.get(member));
    let cluster = |(list, members): (Vec<usize>, Vec<u32>)| Cluster {
        fingerprint: fingerprint(&members).map(|sum| format!("{sum:032x}")).unwrap_or_default(),
        tenants: members
            .iter()
            .filter_map(|member| catalog.schemas.get(*member as usize))
            .map(|schema| schema.name.clone())
            .collect(),
        differences: list.iter().filter_map(|place| differences.get(*place)).map(|(one, _)| one.clone()).collect(),
    };
    let mut clusters: Vec<Cluster> = groups.into_iter().map(cluster).collect();
    clusters.sort_by_key(|cluster| std::cmp::Reverse(cluster.tenants.len()));
    clusters
}

/// A value as people read it: the schema's own name is left out.
pub(crate) fn shown(value: &str) -> String {
    value.replace(NONE, "none").replace(&format!("{OWN}."), "").replace(OWN, "(own schema)")
}

impl Audit {
    /// Findings of one kind.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.kind == kind)
    }
}
