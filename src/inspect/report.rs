//! What was found, ready to be written in whichever form.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde::Serialize;
use signalbox_tenants::{
    Cluster, Finding, Inventory, Kind, OtherList, Registry, Severity, Standing, State, TenantDatabase, Timing, Unknown,
    pooler,
};

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
    pub(super) findings: Vec<Finding>,
    /// Of `drift` and `all`; else empty.
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
    /// What was asked and could not be read, each with the reason.
    pub(super) unanswered: Vec<String>,
    /// Such as `15.18`; `None` when no catalog was read.
    pub(super) server_version: Option<String>,
    pub(super) timing: Timing,
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
    ) -> Result<Self, Fault> {
        let begun = Instant::now();
        let options = arguments.scope.registry();
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
        if topic.compares() {
            report.compare(database, topic, arguments.scope.audit(tenants, topic.reads_ledgers())).await?;
        }
        if arguments.probe_pooler && topic.wants(Kind::Isolation) {
            report.findings.extend(pooler::probe(url, ROUNDS).await?.finding());
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
            clusters: Vec::new(),
            standings: None,
            inventory: None,
            registry: None,
            unanswered: Vec::new(),
            server_version: None,
            timing: Timing { read_ms: 0, total_ms: 0, bytes: 0 },
        }
    }

    async fn compare(
        &mut self,
        database: &TenantDatabase,
        topic: Topic,
        options: signalbox_tenants::AuditOptions,
    ) -> Result<(), Fault> {
        let audit = database.audit(&options).await?;
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
            let unread = |standing: &Standing| standing.state == State::Unknown;
            if !audit.standings.is_empty() && audit.standings.iter().all(unread) {
                self.unanswered
                    .push("no tenant's django_migrations could be read; GRANT pg_read_all_data lets it".to_owned());
            }
            self.standings = Some(audit.standings);
        }
        Ok(())
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
    let there: BTreeSet<&str> =
        registry.schemas.iter().map(|schema| schema.name.as_str()).filter(|name| *name != "public").collect();
    let rows = registry.rows.tenants.iter().flatten().map(|row| &row.schema_name);
    let known: Vec<String> = rows.filter(|name| there.contains(name.as_str())).cloned().collect();
    Ok((!known.is_empty()).then_some(known))
}

fn with_ledgers(registry: &Registry) -> usize {
    registry.schemas.iter().filter(|schema| schema.has_ledger && schema.name != "public").count()
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
