//! Measures Signalbox beside the smallest discord.js bot, both as processes of their own against the
//! same stand-in for Discord, and prints one table. `benches/README.md` says what its rows mean.
#![expect(clippy::print_stdout, reason = "the table is what was asked for")]

mod bots;
mod load;
mod reactions;
mod table;

use std::time::Duration;

use anyhow::{Context, Result};
use bots::{Bot, Contender};
use load::Latencies;

/// Starts whose median is reported.
const STARTS: usize = 5;
/// How long a bot is left alone before its idle memory is read.
const IDLE: Duration = Duration::from_secs(5);
/// Interactions of one person alone, and of a crowd that reads.
const MEASURED: usize = 1000;
/// Interactions of a crowd that never pauses.
const CROWDED: usize = EVENTS - 2 * MEASURED;
/// People who type at the same time in the concurrent phases.
const CROWD: u32 = 50;
/// How long each of them reads an answer before typing again, where they do.
const READING: Duration = Duration::from_secs(1);
/// Interactions after which the memory is read again.
const EVENTS: usize = 10_000;
/// Webhook deliveries sent, and the connections they come over.
const DELIVERIES: usize = 5000;
const CONNECTIONS: usize = 32;

/// What was measured of one bot.
pub(crate) struct Figures {
    ready: Duration,
    idle_kib: u64,
    alone: Latencies,
    reading: Latencies,
    crowd: Latencies,
    per_second: f64,
    busy_kib: u64,
    /// Only of bots that take webhooks.
    deliveries_per_second: Option<f64>,
    /// Only of bots that take signatures.
    reactions: Option<Latencies>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let ours = measure(Contender::Signalbox).await.context("measuring signalbox")?;
    let theirs = measure(Contender::DiscordJs).await.context("measuring discord.js")?;
    println!("{}", table::of(&ours, &theirs));
    Ok(())
}

async fn measure(contender: Contender) -> Result<Figures> {
    let mut starts = Vec::new();
    for _ in 1..STARTS {
        starts.push(Bot::start(contender).await?.ready);
    }
    let bot = Bot::start(contender).await?;
    starts.push(bot.ready);
    starts.sort();

    tokio::time::sleep(IDLE).await;
    let idle_kib = bot.resident_kib()?;
    let (alone, _) = load::interactions(bot.discord(), MEASURED, 1, Duration::ZERO).await?;
    let (reading, _) = load::interactions(bot.discord(), MEASURED, CROWD, READING).await?;
    let (crowd, took) = load::interactions(bot.discord(), CROWDED, CROWD, Duration::ZERO).await?;
    let busy_kib = bot.resident_kib()?;
    let deliveries_per_second = match bot.webhooks() {
        Some(url) => Some(load::deliveries(&url, DELIVERIES, CONNECTIONS).await?),
        None => None,
    };
    let reactions = match bot.store() {
        Some(store) => Some(reactions::recorded(bot.discord(), &store).await?),
        None => None,
    };
    Ok(Figures {
        ready: starts[STARTS / 2],
        idle_kib,
        alone,
        reading,
        crowd,
        per_second: load::per_second(CROWDED, took),
        busy_kib,
        deliveries_per_second,
        reactions,
    })
}
