//! Compares the tenants of the database at `DATABASE_URL` and prints what differs.
#![expect(clippy::print_stdout, reason = "printing is what this example is for")]

use anyhow::Context;
use signalbox_tenants::{AuditOptions, Options, TenantDatabase};

// An audit is one task, which need not be handed from thread to thread.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "an example has no configuration file")]
    let url = std::env::var("DATABASE_URL").context("set DATABASE_URL to the tenant database")?;
    let database = TenantDatabase::connect(&url, Options::default()).await?;
    let audit = database.audit(&AuditOptions::default()).await?;
    println!("{} tenants, {} clusters, {} findings", audit.tenants.len(), audit.clusters.len(), audit.total_findings);
    for finding in audit.findings.iter().take(100) {
        println!(
            "{:<10} {:<9} {}: {}",
            format!("{:?}", finding.severity),
            finding.kind,
            finding.tenant,
            finding.message
        );
    }
    println!("{:?}", audit.timing);
    Ok(())
}
