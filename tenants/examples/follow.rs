//! Follows a migration of the database at `DATABASE_URL`: `follow [SECONDS [LOOKS]]` looks every so many seconds, so
//! many times; 2 and 30 where nothing is said. Prints what each look showed and how long it took.
#![expect(clippy::print_stdout, reason = "printing is what this example is for")]

use std::time::{Duration, Instant};

use anyhow::Context;
use signalbox_tenants::{Options, TenantDatabase};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "an example has no configuration file")]
    let url = std::env::var("DATABASE_URL").context("set DATABASE_URL to the tenant database")?;
    let pace: f64 = std::env::args().nth(1).map_or(Ok(2.0), |pace| pace.parse())?;
    let looks: u32 = std::env::args().nth(2).map_or(Ok(30), |looks| looks.parse())?;
    let database = TenantDatabase::connect(&url, Options::default()).await?;
    let since = database.probe().await?.server_time;
    let mut follow = database.follow(since, "migrate").await?;
    let mut ticks = tokio::time::interval(Duration::from_secs_f64(pace));
    for _ in 0..looks {
        ticks.tick().await;
        let begun = Instant::now();
        let sight = follow.look().await?;
        let took = begun.elapsed().as_secs_f64() * 1000.0;
        let counts: Vec<_> = sight.tenants.iter().filter_map(|tenant| tenant.count.as_ref().ok()).collect();
        let done = counts.iter().filter(|count| count.lacking == 0).count();
        let (rest, waits) = (sight.tenants.len() - done, sight.activity.blocked.len());
        let all = if sight.swept { ", all counted" } else { "" };
        println!("{done} done, {rest} not, {waits} wait; {took:.1} ms{all}");
    }
    Ok(())
}
