//! Conditions that only time brings about: a lock that is about to end, an audit trail that was damaged.

use signalbox_domain::{
    alert::{Alert, Severity},
    audit::{Head, Known, Verifier},
    gate::{Lock, Reach},
    ports::{Rows, Settled, StoreError},
    text::{clip, plain},
};
use tracing::{error, info};

use super::{done, later};
use crate::engine::Engine;

/// Rows of the audit trail that are read at a time.
const PAGE: u32 = 1_000;
/// Seconds until what could not be read is read again.
const AGAIN: i64 = 60;
/// What the keys of alerts about locks begin with.
const LOCK: &str = "lock:";

/// Raises and clears alerts about locks that are about to end, and looks again when the next one is.
pub(super) async fn locks(engine: &Engine) -> Result<Settled, StoreError> {
    let now = engine.ports.clock.now();
    let warning = engine.routing.lock_warning;
    let locks = engine.ports.locks.locks(now).await?;
    let mut next = None;
    let mut ending = vec![];
    for lock in &locks {
        let Some(until) = lock.until else { continue };
        let from = until.saturating_sub(warning).unwrap_or(until);
        // Who sets a short lock knows that it ends soon.
        let is_short = lock.at >= from;
        if now >= from && !is_short {
            ending.push(key(&lock.reach));
            engine.raise(about_to_end(lock)).await;
        }
        let due = if now < from && !is_short { from } else { until };
        next = next.min(Some(due)).or(Some(due));
    }
    let open = engine.ports.alerts.open_alerts().await?;
    for record in open.into_iter().flatten().filter(|record| record.alert.key.starts_with(LOCK)) {
        if !ending.contains(&record.alert.key) {
            engine.clear(&record.alert.key).await?;
        }
    }
    Ok(next.map_or_else(|| done(engine), |at| Settled::Later { at }))
}

fn key(reach: &Reach) -> String {
    format!("{LOCK}{reach}")
}

fn about_to_end(lock: &Lock) -> Alert {
    let (reach, until) = (&lock.reach, lock.until.unwrap_or(lock.at));
    let what = match reach {
        Reach::All => format!("The freeze of all environments ends <t:{}:R>.", until.as_second()),
        Reach::Only(name) => format!("The lock on `{name}` ends <t:{}:R>.", until.as_second()),
    };
    let environment = match reach {
        Reach::All => None,
        Reach::Only(name) => Some(name.clone()),
    };
    Alert {
        environment,
        place: if *reach == Reach::All { "all environments".into() } else { String::new() },
        why: format!(
            "What waits at the gate may leave then. <@{}> set it: {}",
            lock.by.id,
            plain(&clip(&lock.reason, 300))
        ),
        remedy: format!("To keep it: `/unlock {reach}`, then `/lock {reach}` again for longer. Else nothing."),
        // The same for the same lock, so that every look at it says the same.
        ..Alert::new(Severity::Info, key(reach), lock.at, what)
    }
}

/// Verifies every row of the audit trail against its chain and its head.
pub(super) async fn audit(engine: &Engine) -> Result<Settled, StoreError> {
    let now = engine.ports.clock.now();
    match whole(engine).await {
        Ok(head) => {
            info!(rows = head.seq, "the audit trail is whole");
            engine.clear("audit").await?;
        }
        Err(Damage::Unreadable(StoreError::Corrupt(why))) => damaged(engine, &why.to_string()).await,
        // It says nothing about the trail that it cannot be read.
        Err(Damage::Unreadable(error)) => {
            error!(error = &error as &dyn std::error::Error, "the audit trail cannot be verified now");
            return Ok(later(engine, AGAIN));
        }
        Err(Damage::Fault(why)) => damaged(engine, &why).await,
    }
    let at = now.saturating_add(engine.routing.verify_audit).unwrap_or(now);
    Ok(Settled::Later { at })
}

enum Damage {
    Unreadable(StoreError),
    Fault(String),
}

impl From<StoreError> for Damage {
    fn from(error: StoreError) -> Self {
        Self::Unreadable(error)
    }
}

/// The last row is read first: what is appended meanwhile only comes after it.
async fn whole(engine: &Engine) -> Result<Head, Damage> {
    let trail = &engine.ports.trail;
    let known = [Known::Head(trail.head().await?)];
    let mut verifier = Verifier::new(Head::START, &known);
    let mut after = 0;
    loop {
        let page = trail.rows(Rows::After(after, PAGE)).await?;
        for row in &page {
            verifier.take(row).map_err(|fault| Damage::Fault(fault.to_string()))?;
        }
        match page.last() {
            Some(row) => after = row.seq,
            None => return verifier.end().map_err(|fault| Damage::Fault(fault.to_string())),
        }
    }
}

/// Signalbox goes on writing: what happens from now on must be recorded all the same.
async fn damaged(engine: &Engine, why: &str) {
    error!(why, "the audit trail is damaged");
    let what = format!("The audit trail is damaged: {}.", plain(&clip(why, 300)));
    let alert = Alert {
        place: "Signalbox's own store".into(),
        why: "What it says of the past proves nothing from there on. Somebody changed the store behind Signalbox's \
              back, or a backup was put in its place; what happens now is recorded all the same."
            .into(),
        remedy:
            "Whoever runs Signalbox: copy the store before anything else, then `signalbox audit verify --head` with \
                 each line of the channel for the audit trail says since when it is so (docs/audit.md, When it is \
                 damaged)."
                .into(),
        ..Alert::new(Severity::Critical, "audit", engine.ports.clock.now(), what)
    };
    engine.raise(alert).await;
}
