//! How long it takes from a reaction on a card until it is a row in the store, as a reader of the store sees it.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use signalbox_sandbox::discord::{Discord, MessageView};
use sqlx::SqlitePool;

use crate::load::Latencies;

/// Deployments that wait, and reactions on the card of each.
const DEPLOYMENTS: usize = 5;
const REACTIONS: usize = 50;
/// Between two reactions: people do not react in the same moment.
const PAUSE: Duration = Duration::from_millis(100);
/// Between two looks into the store.
const LOOK: Duration = Duration::from_micros(500);
/// After this long a reaction is lost.
const PATIENCE: Duration = Duration::from_secs(30);

const STANDING: &str = "SELECT count(*) FROM sign_offs WHERE ended_at IS NULL";

/// A reviewer reacts on waiting deployments, and takes each reaction back; the latencies of the reactions.
pub(crate) async fn recorded(discord: &Discord, store: &Path) -> Result<Latencies> {
    let store = SqlitePool::connect(&format!("sqlite:{}?mode=ro", store.display())).await?;
    let mut latencies = Vec::with_capacity(DEPLOYMENTS * REACTIONS);
    for number in 1..=DEPLOYMENTS {
        discord.types("erin", "releases", "/deploy prod")?.reply().await;
        let title = format!("Deployment {number} ·");
        let waits = |card: &MessageView| card.text().contains(&title) && card.text().contains("Gate:");
        let card = discord.expect_message("releases", "a card that waits", waits).await;
        for _ in 0..REACTIONS {
            tokio::time::sleep(PAUSE).await;
            let began = Instant::now();
            discord.reacts("rita", card.id, "✅")?;
            latencies.push(until(&store, 1, began).await?);
            discord.unreacts("rita", card.id, "✅")?;
            until(&store, 0, Instant::now()).await?;
        }
        discord.types("erin", "releases", &format!("/cancel {number}"))?.reply().await;
    }
    store.close().await;
    latencies.sort();
    let at = |percent: usize| latencies.get(latencies.len() * percent / 100).copied().context("nothing was measured");
    Ok(Latencies { median: at(50)?, p99: at(99)? })
}

/// Waits until so many signatures stand; how long that took.
async fn until(store: &SqlitePool, standing: i64, began: Instant) -> Result<Duration> {
    loop {
        let found: i64 = sqlx::query_scalar(STANDING).fetch_one(store).await?;
        let took = began.elapsed();
        if found == standing {
            return Ok(took);
        }
        ensure!(took < PATIENCE, "{found} signatures stand instead of {standing}");
        tokio::time::sleep(LOOK).await;
    }
}
