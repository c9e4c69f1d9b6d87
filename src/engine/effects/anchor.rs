//! The head of the audit trail, posted where Signalbox cannot take it back: whoever cuts the trail off or computes
//! it anew is found out by the line that stands there.

use std::{
    fs::OpenOptions,
    io::{self, Read as _, Write as _},
    path::PathBuf,
};

use signalbox_domain::{
    Timestamp,
    audit::{ANCHORED, Head},
    effect::{Due, Effect, Entry},
    ports::{ChatError, Claimed, Settled, StoreError},
};
use tracing::warn;

use super::{done, later};
use crate::engine::Engine;

const DAY: i64 = 24 * 60 * 60;

/// Plans today's post, and looks again at the next midnight in UTC. A day whose post is done or planned already has
/// no other; days that went by while Signalbox was down have none.
pub(super) async fn daily(engine: &Engine) -> Result<Settled, StoreError> {
    if engine.anchor.channel.is_none() && engine.anchor.file.is_none() {
        return Ok(done(engine));
    }
    let now = engine.ports.clock.now();
    let head = engine.ports.trail.head().await?;
    if head == Head::START {
        return Ok(later(engine, 60 * 60));
    }
    let effect = Effect::PostHead { day: day(now), head };
    engine.ports.outbox.put(vec![Due { effect, at: now }]).await?;
    let midnight = (now.as_second().div_euclid(DAY) + 1) * DAY;
    Ok(Settled::Later { at: Timestamp::from_second(midnight).unwrap_or(now) })
}

pub(super) async fn post(engine: &Engine, on: &str, head: Head, claimed: &Claimed) -> Result<Settled, StoreError> {
    let now = engine.ports.clock.now();
    // What could not be posted on its day is made up for by the post of today.
    if on != day(now) {
        return Ok(done(engine));
    }
    if let Some(file) = &engine.anchor.file
        && let Err(error) = keep(file.clone(), format!("{on} {head}")).await
    {
        warn!(file = %file.display(), %error, "the audit trail's head could not be added to the file; trying again");
        return Ok(later(engine, 300));
    }
    let Some(channel) = engine.anchor.channel else { return posted(engine, now, head).await };
    let text = format!(
        "🔏 Audit trail, {on}: row {}\n`{head}`\nThis line vouches for every row up to it: \
         `signalbox audit verify --head {head}`",
        head.seq
    );
    match engine.ports.chat.say(channel, &text, &format!("head-{}", claimed.id)).await {
        Ok(()) => posted(engine, now, head).await,
        Err(error) => {
            warn!(
                channel = channel.0,
                error = &error as &dyn std::error::Error,
                "the audit trail's head could not be posted; trying again"
            );
            Ok(later(engine, if matches!(error, ChatError::Unavailable(_)) { 10 } else { 300 }))
        }
    }
}

/// It stands there whether or not that can be written down, and must not be posted again.
async fn posted(engine: &Engine, at: Timestamp, head: Head) -> Result<Settled, StoreError> {
    let entry = Entry {
        at,
        actor: "signalbox".into(),
        action: ANCHORED.into(),
        subject: "audit".into(),
        detail: head.to_string(),
    };
    if let Err(error) = engine.ports.store.note(vec![entry]).await {
        warn!(error = &error as &dyn std::error::Error, "the trail does not tell that its head was posted");
    }
    Ok(done(engine))
}

/// Adds a line to a file, unless it is there already. The disk may be another machine's, and slow.
async fn keep(file: PathBuf, line: String) -> io::Result<()> {
    let add = move || {
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(file)?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        if text.lines().any(|known| known == line) {
            return Ok(());
        }
        let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        file.write_all(format!("{end}{line}\n").as_bytes())?;
        file.sync_all()
    };
    tokio::task::spawn_blocking(add).await.map_err(io::Error::other)?
}

/// The day of a time in UTC, `2026-11-26`.
fn day(at: Timestamp) -> String {
    at.to_string().chars().take_while(|character| *character != 'T').collect()
}
