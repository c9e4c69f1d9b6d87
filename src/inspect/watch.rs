//! `inspect watch`: looks at the counters every few seconds and at the tenants only when those moved.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use signalbox_domain::ports::Clock;
use signalbox_tenants::{Audit, Change, Error, Finding, Pulse, Reference, TenantDatabase};

use super::options::{Scope, WatchArguments};
use super::words::{many, names, number};
use super::{Fault, report, write};
use crate::clock::SystemClock;

/// A full pass is due after this time whatever the counters say: a session that stays idle keeps its counts,
/// on PostgreSQL 14 without limit.
const LOOK_ANYWAY: Duration = Duration::from_secs(300);

/// What the last look found.
struct Look {
    pulse: Pulse,
    at: Instant,
    /// By tenant.
    fingerprints: BTreeMap<String, String>,
    findings: BTreeSet<String>,
    groups: usize,
}

/// Prints a line for the first look and one for every change.
pub(super) async fn run(
    database: &TenantDatabase,
    arguments: &WatchArguments,
    reference: &Reference,
) -> Result<(), Fault> {
    let mut last = look(database, &arguments.scope, reference).await?;
    say(&last.summary())?;
    loop {
        tokio::time::sleep(arguments.every()).await;
        match next(database, &arguments.scope, reference, &last).await {
            Ok(None) => {}
            Ok(Some((look, reason))) => {
                let changes = look.since(&last);
                let changed = !changes.is_empty();
                if changed {
                    let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
                    say(&format!("{}{reason}; now {}", changes.join("; "), look.summary()))?;
                }
                last = look;
                if changed && arguments.once {
                    return Ok(());
                }
            }
            // The server may be back at the next look; nothing is concluded until then.
            Err(Fault::Database(error)) if error.is_transient() => eprintln!("signalbox: {error}; trying again"),
            Err(error) => return Err(error),
        }
    }
}

/// Another look where one is due, with the reason when it is not that the counters moved.
async fn next(
    database: &TenantDatabase,
    scope: &Scope,
    reference: &Reference,
    last: &Look,
) -> Result<Option<(Look, Option<String>)>, Fault> {
    let reason = match database.pulse().await?.since(&last.pulse) {
        Change::Something => None,
        Change::Unsure(doubt) => Some(doubt.to_string()),
        Change::Nothing if last.at.elapsed() < LOOK_ANYWAY => return Ok(None),
        Change::Nothing => None,
    };
    Ok(Some((look(database, scope, reference).await?, reason)))
}

async fn look(database: &TenantDatabase, scope: &Scope, reference: &Reference) -> Result<Look, Fault> {
    // Before looking, so that what happens meanwhile is seen by the next look.
    let pulse: Result<Pulse, Error> = database.pulse().await;
    let pulse = pulse?;
    let registry = database.registry(&scope.lists.registry()).await?;
    let tenants = report::tenants(&registry, scope)?;
    let audit = database.audit(&scope.audit(reference, tenants, false)).await?;
    let registry = registry.findings(&scope.lists.registry());
    Ok(Look {
        pulse,
        at: Instant::now(),
        fingerprints: fingerprints(&audit),
        findings: audit.findings.iter().chain(&registry).map(told).collect(),
        groups: audit.clusters.len(),
    })
}

fn fingerprints(audit: &Audit) -> BTreeMap<String, String> {
    let of = |cluster: &signalbox_tenants::Cluster| {
        let fingerprint = cluster.fingerprint.clone();
        cluster.tenants.iter().map(move |tenant| (tenant.clone(), fingerprint.clone())).collect::<Vec<_>>()
    };
    audit.clusters.iter().flat_map(of).collect()
}

fn told(finding: &Finding) -> String {
    format!("{}: {}", finding.tenant, finding.message.trim_end_matches('.'))
}

impl Look {
    fn summary(&self) -> String {
        let tenants = many(self.fingerprints.len(), "tenant");
        format!("{tenants} in {}, {}", many(self.groups, "group"), many(self.findings.len(), "finding"))
    }

    /// In words, what is not as it was.
    fn since(&self, last: &Self) -> Vec<String> {
        let absent = |of: &BTreeMap<String, String>, from: &BTreeMap<String, String>| -> Vec<String> {
            from.keys().filter(|tenant| !of.contains_key(*tenant)).cloned().collect()
        };
        let differs =
            |(tenant, now): &(&String, &String)| last.fingerprints.get(*tenant).is_some_and(|then| then != *now);
        let changed: Vec<&String> = self.fingerprints.iter().filter(differs).map(|(tenant, _)| tenant).collect();
        let mut words = Vec::new();
        let mut name = |what: &str, tenants: &[String]| {
            if !tenants.is_empty() {
                words.push(format!("{} {what}: {}", many(tenants.len(), "tenant"), names(tenants)));
            }
        };
        name("changed", &changed.into_iter().cloned().collect::<Vec<_>>());
        name("new", &absent(&last.fingerprints, &self.fingerprints));
        name("gone", &absent(&self.fingerprints, &last.fingerprints));
        let (new, gone) = (self.findings.difference(&last.findings), last.findings.difference(&self.findings).count());
        let new: Vec<&String> = new.collect();
        match new.as_slice() {
            [] => {}
            [first] => words.push(format!("new: {first}")),
            [first, rest @ ..] => words.push(format!("new: {first} (and {} more)", number(rest.len()))),
        }
        if gone > 0 {
            words.push(format!("{} resolved", many(gone, "finding")));
        }
        words
    }
}

fn say(line: &str) -> Result<(), Fault> {
    let now = SystemClock.now().to_string();
    // Seconds are enough: `2026-11-26T12:01:03`.
    let time: String = now.chars().take(19).collect();
    write(&format!("{time}Z {line}\n"))
}
