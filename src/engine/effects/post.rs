//! Events that leave over HTTP: each address is told until it takes them, and an address that does not is an alert.

use signalbox_domain::{
    alert::{Alert, Record, Severity},
    hook::alert_key,
    ports::{Parcel, Settled, StoreError},
    text::{code, plain},
};
use tracing::{error, warn};

use super::{done, later};
use crate::engine::Engine;

/// Failures in a row of one event before somebody hears of it: half a minute, in which most receivers have restarted.
const PATIENCE: u32 = 4;
/// Longest pause between two attempts, in seconds.
const LONGEST_PAUSE: i64 = 3_600;
/// Attempts before an event is given up: about three days.
const GIVEN_UP: u32 = 80;

pub(super) async fn post(
    engine: &Engine,
    hook: &str,
    id: &str,
    body: &str,
    attempts: u32,
) -> Result<Settled, StoreError> {
    if !engine.hooks.iter().any(|known| known.name == hook) {
        return Ok(done(engine));
    }
    let now = engine.ports.clock.now();
    let Err(refused) = engine.ports.courier.post(Parcel { hook, id, body, at: now }).await else {
        let key = alert_key(hook);
        if engine.latest_alert(&key).await?.as_ref().is_some_and(Record::is_open) {
            engine.clear(&key).await?;
        }
        return Ok(done(engine));
    };
    warn!(hook, event = id, attempts, error = &refused as &dyn std::error::Error, "an event was not taken");
    if refused.is_lasting || attempts + 1 >= PATIENCE {
        let alert = Alert {
            place: format!("`[[webhook]]` {}", code(hook)),
            why: format!("{}. Whoever relies on it hears nothing of deployments and alerts.", plain(&refused.says)),
            remedy:
                "Whoever runs the receiver, or names it in signalbox.toml. Signalbox goes on trying each event for \
                     three days, and this closes by itself with the next one that is taken."
                    .into(),
            ..Alert::new(
                Severity::Warning,
                alert_key(hook),
                now,
                format!("The webhook {} takes no events.", code(hook)),
            )
        };
        engine.raise(alert).await;
    }
    if attempts >= GIVEN_UP {
        error!(hook, event = id, "an event is given up: its address did not take it for three days");
        return Ok(done(engine));
    }
    Ok(later(engine, LONGEST_PAUSE.min(2 << attempts.min(16))))
}
