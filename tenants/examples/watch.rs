//! Keeps the fleet of the database at `DATABASE_URL` read. Each line on standard input is an order, each line on
//! standard output its answer: `refresh` reads what changed, `look acme` reads that tenant whatever the counters say;
//! after either the tenants are compared. `counters` asks only whether anything happened.
#![expect(clippy::print_stdout, reason = "printing is what this example is for")]

use std::io::BufRead;
use std::time::Duration;

use anyhow::Context;
use signalbox_tenants::{AuditOptions, Options, Refreshed, TenantDatabase};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "an example has no configuration file")]
    let url = std::env::var("DATABASE_URL").context("set DATABASE_URL to the tenant database")?;
    // The first reading of a very large fleet takes its time.
    let options = Options { statement_timeout: Duration::from_secs(300), ..Options::default() };
    let database = TenantDatabase::connect(&url, options).await?;
    let mut watch = database.watch().await?;
    let options = AuditOptions::default();
    println!("{} findings", watch.audit(&options).await?.total_findings);
    for order in std::io::stdin().lock().lines() {
        let order = order?;
        let (refreshed, compare) = match order.split_once(' ') {
            Some(("look", tenant)) => (watch.look_at(&[tenant]).await?, true),
            _ => (watch.refresh().await?, order != "counters"),
        };
        let findings = if compare && refreshed != Refreshed::Nothing {
            format!(", {} findings", watch.audit(&options).await?.total_findings)
        } else {
            String::new()
        };
        println!("{refreshed:?}{findings}");
    }
    watch.close().await;
    Ok(())
}
