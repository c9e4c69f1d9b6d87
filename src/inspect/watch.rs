//! `inspect watch`: looks at the counters every few seconds and at the tenants that changed when those moved.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use signalbox_domain::ports::Clock;
use signalbox_tenants::{Audit, Doubt, Finding, Reference, Refreshed, TenantDatabase, Watch};

use super::options::{Scope, WatchArguments};
use super::words::{many, names, number};
use super::{Fault, report, write};
use crate::clock::SystemClock;

/// A full pass is due after this time whatever the counters say: a session that stays idle keeps its counts,
/// on PostgreSQL 14 without limit.
const LOOK_ANYWAY: Duration = Duration::from_secs(300);

/// What the last look found.
struct Look {
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
    let (watch, scope) = (database.watch().await?, &arguments.scope);
    let mut watcher = Watcher { database, watch, scope, reference, read_all: Instant::now(), due: None };
    let mut last = watcher.look().await?;
    say(&last.summary())?;
    loop {
        tokio::time::sleep(arguments.every()).await;
        match watcher.next().await {
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

struct Watcher<'a> {
    database: &'a TenantDatabase,
    watch: Watch,
    scope: &'a Scope,
    reference: &'a Reference,
    /// When everything was read last.
    read_all: Instant,
    /// What was read and not looked at yet.
    due: Option<Refreshed>,
}

impl Watcher<'_> {
    /// Another look where one is due, with the reason when it is not that something was seen to change.
    async fn next(&mut self) -> Result<Option<(Look, Option<String>)>, Fault> {
        let refreshed = if self.read_all.elapsed() < LOOK_ANYWAY {
            self.watch.refresh().await?
        } else {
            self.watch.reread().await?;
            Refreshed::Everything(None)
        };
        if let Refreshed::Everything(_) = refreshed {
            self.read_all = Instant::now();
        }
        if refreshed != Refreshed::Nothing {
            self.due = Some(refreshed);
        }
        let Some(due) = self.due.clone() else { return Ok(None) };
        let look = self.look().await?;
        self.due = None;
        let reason = match due {
            // That something is gone is what is told anyway.
            Refreshed::Everything(doubt) => doubt.filter(|doubt| *doubt != Doubt::Removed),
            Refreshed::Nothing | Refreshed::Schemas(_) => None,
        };
        Ok(Some((look, reason.map(|doubt| doubt.to_string()))))
    }

    async fn look(&mut self) -> Result<Look, Fault> {
        let registry = self.database.registry(&self.scope.lists.registry()).await?;
        let tenants = report::tenants(&registry, self.scope)?;
        let audit = self.watch.audit(&self.scope.audit(self.reference, tenants, false)).await?;
        let registry = registry.findings(&self.scope.lists.registry());
        Ok(Look {
            fingerprints: fingerprints(&audit),
            findings: audit.findings.iter().chain(&registry).map(told).collect(),
            groups: audit.clusters.len(),
        })
    }
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
