//! `inspect diff`: what changed between two snapshots, or from one until now.

use std::collections::HashMap;
use std::time::Instant;

use serde::Serialize;
use signalbox_tenants::snapshot::{Diff, Moment};
use signalbox_tenants::{AuditOptions, Kind, Snapshot, Standing, TenantDatabase};

use super::options::DiffArguments;
use super::report::{Report, ms};
use super::{Fault, report};

/// What changed, beside the groups of tenants that changed alike.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Changes {
    pub(super) from: Moment,
    pub(super) to: Moment,
    /// Tenants that are new.
    pub(super) added: Vec<String>,
    /// Tenants that are gone.
    pub(super) removed: Vec<String>,
    /// How many tenants are as they were.
    pub(super) unchanged: usize,
    /// Tenants that were equal to others and went another way than most of those.
    pub(super) uneven: Vec<String>,
}

/// From one snapshot to another; no database is asked.
pub(super) fn between(from: &Snapshot, to: &Snapshot, sql: bool) -> Report {
    let begun = Instant::now();
    let mut report = Report::empty(to.tenants().count());
    report.beside = sql.then(HashMap::new);
    report.tell(from.until(to));
    report.timing.total_ms = ms(begun.elapsed());
    report
}

/// From a snapshot until now.
pub(super) async fn until_now(
    database: &TenantDatabase,
    arguments: &DiffArguments,
    from: &Snapshot,
) -> Result<Report, Fault> {
    let begun = Instant::now();
    let registry = database.registry(&arguments.lists.registry()).await?;
    let options = AuditOptions {
        tenants: registry.existing_tenants(),
        ledgers: from.asked(Kind::Ledger),
        most_findings: usize::MAX,
        ..AuditOptions::default()
    };
    let (audit, now) = database.audit_and_snapshot(&options, Some(from)).await?;
    let mut report = Report::empty(audit.tenants.len());
    report.server_version = Some(audit.server_version);
    report.timing = audit.timing;
    report.beside = arguments.form.sql.then(HashMap::new);
    report.unanswered.extend(registry.unreadable);
    let standings: Vec<&Standing> = now.standings().collect();
    report.unanswered.extend(report::unread(&standings));
    report.tell(from.until(&now));
    arguments.history.keep(&now)?;
    report.timing.total_ms = ms(begun.elapsed());
    Ok(report)
}

impl Report {
    fn tell(&mut self, diff: Diff) {
        self.findings = diff.findings();
        let Diff { from, to, added, removed, unchanged, clusters, uneven } = diff;
        self.clusters = clusters;
        self.changes = Some(Changes { from, to, added, removed, unchanged, uneven });
    }
}
