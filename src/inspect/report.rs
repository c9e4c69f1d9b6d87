//! What was found, ready to be written in whichever form.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use serde::Serialize;
use signalbox_tenants::{
    Audit, Cluster, Difference, Finding, Inventory, Kind, OtherList, Reference, Registry, Severity, Snapshot, Standing,
    State, TenantDatabase, Timing, Unknown, pooler,
};

use super::diff::Changes;
use super::options::{Arguments, Scope, Topic};
use super::{Fault, words};

/// Of the JSON form: raised when something that was there changes its name or meaning.
const VERSION: u32 = 1;

/// Looks through a pooler's two clients; a handful settles it.
const ROUNDS: u32 = 10;

/// An answer. Its JSON form is described by `docs/inspect.schema.json`.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Report {
    pub(super) version: u32,
    /// How many tenants were looked at.
    pub(super) tenants: usize,
    /// What they were held against, `majority` or `tenant acme`; `None` when nothing was compared.
    pub(super) reference: Option<String>,
    /// Written by [`Report::answer`], each with its query.
    #[serde(skip)]
    pub(super) findings: Vec<Finding>,
    /// With `--sql`, by difference: a tenant that has it otherwise.
    #[serde(skip)]
    pub(super) beside: Option<HashMap<Difference, String>>,
    /// Of `drift`, `all` and `diff`; else empty.
    pub(super) clusters: Vec<Cluster>,
    /// Of `ledger` and `all`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) standings: Option<Vec<Standing>>,
    /// Of `inventory` and `all`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) inventory: Option<Inventory>,
    /// Of `inventory`, `registry` and `all`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) registry: Option<Tables>,
    /// Of `diff`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) changes: Option<Changes>,
    /// The snapshot after which only new findings are told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<String>,
    /// What was asked and could not be read, each with the reason.
    pub(super) unanswered: Vec<String>,
    /// Such as `15.18`; `None` when no catalog was read.
    pub(super) server_version: Option<String>,
    pub(super) timing: Timing,
}

#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    report: &'a Report,
    findings: Vec<Told<'a>>,
}

#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    finding: &'a Finding,
    #[serde(skip_serializing_if = "Option::is_none")]
    sql: Option<String>,
}

/// Where the application keeps its tenants.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Tables {
    pub(super) tenants_table: Option<String>,
    pub(super) domains_table: Option<String>,
    /// Lists that look like one and are not used.
    pub(super) others: Vec<OtherList>,
    /// Rows in the two; `None` when they could not be read.
    pub(super) tenants: Option<usize>,
    pub(super) domains: Option<usize>,
}

impl Report {
    /// Asks the database whatever belongs to the topic.
    pub(super) async fn of(
        database: &TenantDatabase,
        url: &str,
        topic: Topic,
        arguments: &Arguments,
        reference: &Reference,
    ) -> Result<Self, Fault> {
        let begun = Instant::now();
        // Before anything is asked: a wrong time is told at once.
        let since = arguments.since.as_deref().map(|point| arguments.history.folder.find(point)).transpose()?;
        let options = arguments.scope.lists.registry();
        let registry = database.registry(&options).await?;
        let tenants = tenants(&registry, &arguments.scope)?;
        let mut report = Self::empty(tenants.as_ref().map_or_else(|| with_ledgers(&registry), Vec::len));
        if topic.wants(Kind::Registry) {
            report.findings.extend(registry.findings(&options));
            report.unanswered.extend(registry.unreadable.clone());
            report.registry = Some(Tables::of(&registry));
            if arguments.sequences {
                report.sequences(database, tenants.as_deref()).await?;
            }
        }
        if topic.counts() {
            report.inventory = Some(database.inventory().await?);
        }
        report.beside = arguments.form.sql.then(HashMap::new);
        let mut taken = None;
        if topic.compares() {
            let options = arguments.scope.audit(reference, tenants, topic.reads_ledgers());
            let audit = if arguments.history.save {
                let earlier = arguments.history.latest();
                let (audit, snapshot) = database.audit_and_snapshot(&options, earlier.as_ref()).await?;
                taken = Some(snapshot);
                audit
            } else {
                database.audit(&options).await?
            };
            if arguments.form.sql {
                report.beside = Some(beside(&audit, reference));
            }
            report.compare(topic, audit);
        }
        if arguments.probe_pooler && topic.wants(Kind::Isolation) {
            report.findings.extend(pooler::probe(url, ROUNDS).await?.finding());
        }
        if let Some(mut snapshot) = taken {
            for kind in [Kind::Isolation, Kind::Registry].into_iter().filter(|kind| topic.wants(*kind)) {
                snapshot.add_findings(kind, report.findings.iter().filter(|finding| finding.kind == kind));
            }
            arguments.history.keep(&snapshot)?;
        }
        if let Some(since) = since {
            report.only_new(topic, &since);
        }
        report.timing.total_ms = ms(begun.elapsed());
        Ok(report)
    }

    pub(super) fn empty(tenants: usize) -> Self {
        Self {
            version: VERSION,
            tenants,
            reference: None,
            findings: Vec::new(),
            beside: None,
            clusters: Vec::new(),
            standings: None,
            inventory: None,
            registry: None,
            changes: None,
            since: None,
            unanswered: Vec::new(),
            server_version: None,
            timing: Timing { read_ms: 0, total_ms: 0, bytes: 0 },
        }
    }

    fn compare(&mut self, topic: Topic, audit: Audit) {
        self.tenants = audit.tenants.len();
        self.reference = Some(audit.reference);
        self.server_version = Some(audit.server_version);
        self.timing = audit.timing;
        self.findings.extend(audit.findings.into_iter().filter(|finding| topic.wants(finding.kind)));
        if topic.wants(Kind::Drift) {
            self.clusters = audit.clusters;
            // What is as it should be comes first, then the largest groups; the rest by name.
            self.clusters.sort_by_cached_key(|cluster| {
                (!cluster.differences.is_empty(), Reverse(cluster.tenants.len()), cluster.tenants.first().cloned())
            });
        }
        if topic.reads_ledgers() {
            self.unanswered.extend(unread(&audit.standings.iter().collect::<Vec<_>>()));
            self.standings = Some(audit.standings);
        }
    }

    /// Leaves out what was found already when a snapshot was taken.
    fn only_new(&mut self, topic: Topic, since: &Snapshot) {
        self.since = Some(since.to_string());
        let kinds = [Kind::Drift, Kind::Isolation, Kind::Ledger, Kind::Registry].into_iter();
        for kind in kinds.filter(|kind| topic.wants(*kind) && !since.asked(*kind)) {
            self.unanswered.push(format!("{since} knows nothing of {kind}, so all of it is told as new"));
        }
        self.findings.retain(|finding| !since.found(finding));
        for cluster in &mut self.clusters {
            let tenants = &cluster.tenants;
            cluster.differences.retain(|difference| tenants.iter().any(|tenant| !since.had(tenant, difference)));
        }
        self.clusters.retain(|cluster| !cluster.differences.is_empty());
    }

    async fn sequences(&mut self, database: &TenantDatabase, tenants: Option<&[String]>) -> Result<(), Fault> {
        let sequences = database.sequences_behind(tenants).await?;
        self.findings.extend(sequences.behind);
        for (why, reason) in [
            (Unknown::Locked, "another session holds them or their table"),
            (Unknown::PermissionDenied, "the role lacks SELECT on them or their table"),
        ] {
            let number = sequences.unknown.iter().filter(|sequence| sequence.why == why).count();
            if number > 0 {
                self.unanswered.push(format!("{}: {reason}", words::many(number, "sequence")));
            }
        }
        Ok(())
    }

    /// With `--sql`: the query that shows a finding.
    pub(super) fn query(&self, finding: &Finding) -> Option<String> {
        let Finding { rule, object, attribute, from, to, .. } = finding.clone();
        let beside = self.beside.as_ref()?.get(&Difference { rule, object, attribute, from, to });
        finding.query(beside.map(String::as_str))
    }

    /// With `--sql`: the query that shows a difference of a cluster.
    pub(super) fn query_of(&self, cluster: &Cluster, difference: &Difference) -> Option<String> {
        let beside = self.beside.as_ref()?.get(difference);
        let tenants: Vec<&str> = cluster.tenants.iter().take(1).chain(beside).map(String::as_str).collect();
        difference.query(&tenants)
    }

    /// The JSON form.
    pub(super) fn answer(&self) -> impl Serialize {
        let told = |finding| Told { finding, sql: self.query(finding) };
        Answer { report: self, findings: self.findings.iter().map(told).collect() }
    }

    /// How many findings there are of a severity.
    pub(super) fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}

impl Tables {
    fn of(registry: &Registry) -> Self {
        Self {
            tenants_table: registry.tenants_table.clone(),
            domains_table: registry.domains_table.clone(),
            others: registry.others.clone(),
            tenants: registry.rows.tenants.as_ref().map(Vec::len),
            domains: registry.rows.domains.as_ref().map(Vec::len),
        }
    }
}

/// The schemas to compare: those that were named, else those of the application's rows that exist. `None` where
/// neither is known: then every schema with a ledger of its own counts.
pub(super) fn tenants(registry: &Registry, scope: &Scope) -> Result<Option<Vec<String>>, Fault> {
    let exists = |name: &String| registry.schemas.iter().any(|schema| schema.name == *name);
    if let Some(named) = &scope.tenants {
        return match named.iter().find(|name| !exists(name)) {
            Some(absent) => Err(Fault::NoSchema(absent.clone())),
            None => Ok(Some(named.clone())),
        };
    }
    Ok(registry.existing_tenants())
}

/// For each difference a tenant without it: the reference itself, else one of the largest group.
fn beside(audit: &Audit, reference: &Reference) -> HashMap<Difference, String> {
    let all: HashSet<&Difference> = audit.clusters.iter().flat_map(|cluster| &cluster.differences).collect();
    let find = |difference: &Difference| match reference {
        Reference::Tenant(name) => Some(name),
        _ => audit.clusters.iter().find(|cluster| !cluster.differences.contains(difference))?.tenants.first(),
    };
    all.into_iter().filter_map(|difference| Some((difference.clone(), find(difference)?.clone()))).collect()
}

/// What to say when no ledger could be read.
pub(super) fn unread(standings: &[&Standing]) -> Option<String> {
    let none = !standings.is_empty() && standings.iter().all(|standing| standing.state == State::Unknown);
    none.then(|| "no tenant's django_migrations could be read; GRANT pg_read_all_data lets it".to_owned())
}

fn with_ledgers(registry: &Registry) -> usize {
    registry.schemas.iter().filter(|schema| schema.has_ledger && schema.name != "public").count()
}

pub(super) fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
