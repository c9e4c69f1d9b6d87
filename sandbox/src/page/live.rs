//! Tells a browser which parts of its page have changed, as server-sent events.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::stream::{self, Stream, StreamExt};
use serde_json::json;
use tokio::sync::watch;

use super::Desk;
use super::document::PARTS;
use super::scene::{Look, Scene};

/// Changes that come within this time are told together.
const PAUSE: Duration = Duration::from_millis(60);
/// The tenant database tells nobody when it changes, so it is asked this often.
const TICK: Duration = Duration::from_millis(1000);

/// One browser that watches.
struct Watcher {
    desk: Desk,
    look: Look,
    discord: watch::Receiver<u64>,
    github: watch::Receiver<u64>,
    /// What was last sent, by part.
    sent: HashMap<&'static str, String>,
}

pub(super) async fn stream(
    State(desk): State<Desk>,
    Query(look): Query<Look>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let (discord, github) = (desk.discord.changes(), desk.github.changes());
    let watcher = Watcher { desk, look, discord, github, sent: HashMap::new() };
    let batches = stream::unfold(watcher, |mut watcher| async {
        let events = watcher.next().await;
        Some((stream::iter(events), watcher))
    });
    Sse::new(batches.flatten()).keep_alive(KeepAlive::default())
}

impl Watcher {
    /// Waits for changes, unless nothing was sent yet, and renders what differs from what was sent.
    async fn next(&mut self) -> Vec<Result<Event, Infallible>> {
        loop {
            if !self.sent.is_empty() {
                self.wait().await;
            }
            let scene = Scene::gather(&self.desk, self.look.clone()).await;
            let mut events = Vec::new();
            for (part, render) in PARTS {
                let html = render(&scene).into_string();
                if self.sent.get(part) != Some(&html) {
                    let data = json!({ "part": part, "html": html });
                    events.push(Ok(Event::default().data(data.to_string())));
                    self.sent.insert(part, html);
                }
            }
            if !events.is_empty() {
                return events;
            }
        }
    }

    async fn wait(&mut self) {
        // A stand-in that is gone changes no more; the tick still comes.
        tokio::select! {
            Ok(()) = self.discord.changed() => {}
            Ok(()) = self.github.changed() => {}
            () = tokio::time::sleep(TICK) => {}
        }
        tokio::time::sleep(PAUSE).await;
        self.discord.mark_unchanged();
        self.github.mark_unchanged();
    }
}
