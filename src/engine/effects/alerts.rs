//! What is said of alerts. The message is only a view: what it shows is read from the store when it is sent.

use signalbox_domain::{
    Timestamp,
    alert::{Alert, Event, Record, card, reminder},
    card::{Calls, Posted},
    ports::{ChatError, Claimed, Settled, StoreError},
};
use tracing::warn;

use super::{
    channel::{With, edit, post, say},
    done, later,
};
use crate::engine::Engine;

/// Records that a condition holds. What cannot be recorded is said all the same, and recorded later.
pub(super) async fn raise(engine: &Engine, alert: &Alert) -> Result<Settled, StoreError> {
    match engine.alert(&alert.key, Event::Raised(alert.clone())).await {
        Ok(_) => Ok(done(engine)),
        Err(error) => {
            engine.say_unrecorded(alert, &error).await;
            Err(error)
        }
    }
}

pub(super) async fn show(engine: &Engine, key: &str, attempts: u32) -> Result<Settled, StoreError> {
    let Some(record) = engine.latest_alert(key).await? else { return Ok(done(engine)) };
    let shown = card(&record, &engine.routing, engine.ports.clock.now());
    let outcome = match record.message {
        Some(at) => edit(engine, Posted { at, strayed: record.strayed }, &shown).await,
        // It came and went before anybody was told.
        None if !record.is_open() => Ok(()),
        None => {
            let channel = engine.routing.channel(&record.alert, &engine.line);
            let nonce = format!("alert-{}-{}", record.id, record.messages_lost);
            match post(engine, channel, &shown, &nonce).await {
                Ok(posted) => {
                    engine.alert(key, Event::Posted(posted)).await?;
                    // An earlier attempt whose answer was lost may have posted it: then the chat kept that one's text.
                    if attempts > 0 { edit(engine, posted, &shown).await } else { Ok(()) }
                }
                Err(error) => Err(error),
            }
        }
    };
    match outcome {
        Ok(()) => Ok(done(engine)),
        Err(ChatError::Gone(_)) if record.message.is_some() => {
            engine.alert(key, Event::MessageGone).await?;
            Ok(done(engine))
        }
        Err(error) => Ok(retry(engine, &record, &error)),
    }
}

/// Calls people, unless somebody looks after it by now.
pub(super) async fn call(
    engine: &Engine,
    key: &str,
    opened: Timestamp,
    claimed: &Claimed,
) -> Result<Settled, StoreError> {
    let Some(record) = engine.latest_alert(key).await? else { return Ok(done(engine)) };
    if record.opened != opened || !record.is_unanswered(engine.ports.clock.now()) {
        return Ok(done(engine));
    }
    let channel = engine.routing.channel(&record.alert, &engine.line);
    let calls = Calls { roles: engine.routing.asked(&record.alert, record.asks()), people: vec![] };
    let text = reminder(&record, &engine.routing);
    match say(engine, channel, &text, With::Calls(&calls), &format!("call-{}", claimed.id)).await {
        Ok(()) => Ok(done(engine)),
        // Asking again cannot help; the alert's own message stands.
        Err(ChatError::Rejected(why)) => {
            warn!(alert = key, why, "the chat did not take the call of an alert");
            Ok(done(engine))
        }
        Err(error) => Ok(retry(engine, &record, &error)),
    }
}

pub(super) async fn read(engine: &Engine, key: &str) -> Result<Settled, StoreError> {
    if let Some(record) = engine.latest_alert(key).await?.filter(Record::is_open)
        && let Some(at) = record.message
    {
        engine.read_acknowledgement(&record, at).await?;
    }
    Ok(done(engine))
}

/// The chat is out of reach, or the bot lacks a right there: somebody may mend that, so it is tried again.
fn retry(engine: &Engine, record: &Record, error: &ChatError) -> Settled {
    warn!(
        alert.id = record.id.0,
        alert.key = record.alert.key,
        error = error as &dyn std::error::Error,
        "the chat did not take an alert; trying again"
    );
    later(engine, if matches!(error, ChatError::Unavailable(_)) { 5 } else { 60 })
}
