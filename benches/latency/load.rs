//! What is thrown at a bot: people who type, and GitHub's webhooks.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use hmac::{Hmac, Mac};
use serde_json::json;
use sha2::Sha256;
use signalbox_sandbox::discord::{Discord, InteractionHandle};
use tokio::task::JoinSet;

use crate::bots::WEBHOOK_SECRET;

/// Runs that the deliveries are about; GitHub sends many deliveries for each.
const RUNS: usize = 50;

/// After this long without anything happening the bot is stuck.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long first answers took, as seen at the stand-in.
pub(crate) struct Latencies {
    pub(crate) median: Duration,
    pub(crate) p99: Duration,
}

/// What somebody does.
enum Person {
    /// Until they type.
    Pauses(Instant),
    /// For the acknowledgement of what they typed.
    Waits(InteractionHandle),
    /// Acknowledged, until the reply is there.
    Thinks(InteractionHandle),
    /// Everything is typed.
    Rests,
}

/// `people` type `/status`, `count` times in all, each again once the answer before is there and they have paused;
/// they begin spread over one pause. Gives the latencies of the acknowledgements and how long it all took.
///
/// One task looks after all of them: fifty that wake at each change would take time from the bot that is measured.
pub(crate) async fn interactions(
    discord: &Discord,
    count: usize,
    people: u32,
    pause: Duration,
) -> Result<(Latencies, Duration)> {
    let mut changes = discord.changes();
    let mut latencies = Vec::with_capacity(count);
    let mut left = count;
    let began = Instant::now();
    let mut crowd: Vec<_> = (0..people).map(|person| Person::Pauses(began + pause * person / people)).collect();
    loop {
        changes.borrow_and_update();
        for person in &mut crowd {
            if let Person::Waits(interaction) = person
                && let Some(latency) = interaction.acknowledged_within()
            {
                latencies.push(latency);
                *person = Person::Thinks(interaction.clone());
            }
            if let Person::Thinks(interaction) = person
                && interaction.reply_now().is_some()
            {
                *person = Person::Pauses(Instant::now() + pause);
            }
            if let Person::Pauses(until) = person
                && *until <= Instant::now()
            {
                if left == 0 {
                    *person = Person::Rests;
                    continue;
                }
                left -= 1;
                *person = Person::Waits(discord.types("erin", "releases", "/status")?);
            }
        }
        if crowd.iter().all(|person| matches!(person, Person::Rests)) {
            break;
        }
        let pausing =
            crowd.iter().filter_map(|person| if let Person::Pauses(until) = person { Some(*until) } else { None });
        let wakes = pausing.min();
        let at_the_latest = wakes.unwrap_or_else(|| Instant::now() + PATIENCE);
        tokio::select! {
            _ = changes.changed() => {}
            () = tokio::time::sleep_until(at_the_latest.into()) => {
                ensure!(wakes.is_some(), "nothing happened for {PATIENCE:?} after {} of {count}", latencies.len());
            }
        }
    }
    let took = began.elapsed();
    latencies.sort();
    let at = |percent: usize| latencies.get(count * percent / 100).copied().context("nothing was measured");
    Ok((Latencies { median: at(50)?, p99: at(99)? }, took))
}

/// Sends signed deliveries over `connections` kept alive; how many were taken per second.
pub(crate) async fn deliveries(url: &str, count: usize, connections: usize) -> Result<f64> {
    let left = Arc::new(AtomicUsize::new(count));
    let began = Instant::now();
    let mut sending = JoinSet::new();
    for connection in 0..connections {
        let (url, left) = (url.to_owned(), left.clone());
        sending.spawn(async move {
            // A client of its own: one connection that is kept.
            let client = reqwest::Client::builder().no_proxy().build()?;
            let mut sent = 0;
            while take_one(&left) {
                sent += 1;
                deliver(&client, &url, &format!("bench-{connection}-{sent}"), sent % RUNS).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(sent) = sending.join_next().await {
        sent??;
    }
    Ok(per_second(count, began.elapsed()))
}

async fn deliver(client: &reqwest::Client, url: &str, guid: &str, run: usize) -> Result<()> {
    let body = json!({
        "action": "in_progress",
        "repository": { "full_name": "acme/shop" },
        "workflow_run": { "id": run + 1, "status": "in_progress" },
    })
    .to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(WEBHOOK_SECRET.as_bytes())?;
    mac.update(body.as_bytes());
    let response = client
        .post(url)
        .header("content-type", "application/json")
        .header("x-github-event", "workflow_run")
        .header("x-github-delivery", guid)
        .header("x-hub-signature-256", format!("sha256={}", hex::encode(mac.finalize().into_bytes())))
        .body(body)
        .send()
        .await?;
    let status = response.status();
    let answer: serde_json::Value = response.json().await?;
    ensure!(status == 202, "a delivery was answered with {status}: {answer}");
    if answer["status"] != "queued" {
        bail!("a delivery was not queued: {answer}");
    }
    Ok(())
}

fn take_one(left: &AtomicUsize) -> bool {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
}

/// How many of `count` fit into a second.
#[expect(clippy::cast_precision_loss, reason = "counts are small")]
pub(crate) fn per_second(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}
