//! Says what changed in the database at `DATABASE_URL` since the last time, and keeps a snapshot in the folder that
//! the first argument names.
#![expect(clippy::print_stdout, reason = "printing is what this example is for")]

use anyhow::Context;
use signalbox_tenants::snapshot::Store;
use signalbox_tenants::{AuditOptions, Options, TenantDatabase};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "an example has no configuration file")]
    let url = std::env::var("DATABASE_URL").context("set DATABASE_URL to the tenant database")?;
    let store = Store::new(std::env::args().nth(1).context("which folder?")?);
    let database = TenantDatabase::connect(&url, Options::default()).await?;
    let earlier = store.latest()?;
    let (audit, now) = database.audit_and_snapshot(&AuditOptions::default(), earlier.as_ref()).await?;
    if let Some(earlier) = earlier {
        let diff = earlier.until(&now);
        println!("since {earlier}: {} tenants unchanged", diff.unchanged);
        for cluster in diff.clusters {
            println!("{} alike: {:#?}", cluster.tenants.len(), cluster.differences);
        }
    }
    println!("kept as {} ({:?})", store.save(&now)?.display(), audit.timing);
    Ok(())
}
