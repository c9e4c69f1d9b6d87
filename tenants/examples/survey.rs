//! Prints every schema of the database at `DATABASE_URL` with its tables and its ledger.
#![expect(clippy::print_stdout, reason = "printing is what this example is for")]

use anyhow::Context;
use signalbox_tenants::{Ledger, Options, TenantDatabase};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "an example has no configuration file")]
    let url = std::env::var("DATABASE_URL").context("set DATABASE_URL to the tenant database")?;
    let database = TenantDatabase::connect(&url, Options::default()).await?;

    let access = database.probe().await?;
    println!("{} on PostgreSQL {} as {}", access.database, access.server_version, access.role);
    if let Some(right) = access.write_right {
        println!("This role could change data: {right}");
    }

    let survey = database.survey().await?;
    println!("{:<32} {:>6}  ledger", "schema", "tables");
    for schema in &survey.schemas {
        let ledger = match &schema.ledger {
            Ledger::None => "none".to_owned(),
            Ledger::Unreadable(why) => format!("unreadable: {why:?}"),
            Ledger::Read(applied) if applied.lacking == 0 => "complete".to_owned(),
            Ledger::Read(applied) => format!("lacks {}: {}", applied.lacking, applied.missing.join(", ")),
        };
        println!("{:<32} {:>6}  {ledger}", schema.name, schema.tables);
    }
    Ok(())
}
