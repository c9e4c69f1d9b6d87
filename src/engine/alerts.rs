//! Alerts: conditions are raised and cleared, and what follows is committed. Where nothing can be committed an alert
//! is said all the same: gates fail closed, alerts fail open.

use std::{
    collections::{HashMap, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
};

use signalbox_domain::{
    SignedDuration, Timestamp,
    alert::{ACKNOWLEDGE, Alert, Event, Record, Severity, bare, follow},
    card::Calls,
    effect::Effect,
    gate::Reaction,
    hook,
    ids::MessageRef,
    ports::{ChatError, StoreError, WhichAlerts},
    pulse::Cause,
};
use tracing::{error, warn};

use super::{
    Engine, PATIENCE,
    effects::channel::{With, say},
};

/// How often an alert is said again that cannot be recorded.
const UNRECORDED: SignedDuration = SignedDuration::from_mins(30);

/// How long the store may not answer before somebody hears of it.
const OUTAGE: SignedDuration = SignedDuration::from_secs(20);

/// When what could not be recorded was said, by the alert's key.
#[derive(Debug, Clone, Default)]
pub(super) struct Unrecorded(Arc<Mutex<HashMap<String, Timestamp>>>);

impl Unrecorded {
    /// Whether an alert is to be said now; then it counts as said.
    fn is_news(&self, key: &str, now: Timestamp) -> bool {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        said.retain(|_, at| now.duration_since(*at) < UNRECORDED);
        said.insert(key.to_owned(), now).is_none()
    }

    fn forget(&self, key: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

/// The store does not answer: nothing is carried out, and nobody would hear of it.
#[derive(Debug, Default)]
pub(super) struct Outage {
    since: Option<Timestamp>,
    told: bool,
}

impl Outage {
    /// It did not answer (again).
    pub(super) async fn lasts(&mut self, engine: &Engine) {
        let now = engine.ports.clock.now();
        let since = *self.since.get_or_insert(now);
        if now.duration_since(since) < OUTAGE {
            return;
        }
        self.told = true;
        let alert = Alert {
            place: "Signalbox's own store".into(),
            why: "Nothing is started, followed or verified, and every gate stays closed.".into(),
            remedy: "Whoever runs Signalbox: `signalbox doctor` says what is wrong with the store. What is at work at \
                     GitHub goes on, and is looked at when the store answers again."
                .into(),
            ..Alert::new(Severity::Critical, "store", since, "Signalbox's own store does not answer.")
        };
        engine.raise(alert).await;
    }

    /// It answers. What people and GitHub did meanwhile may not have been taken down, so all is read again.
    pub(super) async fn is_over(&mut self, engine: &Engine) {
        let missed = engine.missed.swap(false, Ordering::Relaxed);
        if self.since.is_none() && !missed {
            return;
        }
        if let Err(error) = engine.reconcile(Cause::Store, self.since).await {
            warn!(error = &error as &dyn std::error::Error, "the store answers, but not to everything");
            if matches!(error, StoreError::Unavailable(_)) {
                engine.missed.store(true, Ordering::Relaxed);
                return;
            }
        }
        let Some(since) = self.since.take() else { return };
        if !std::mem::take(&mut self.told) {
            return;
        }
        engine.unrecorded.forget("store");
        let text = format!(
            "✅ Signalbox's own store answers again. It did not since <t:{}:t>; what is at work is looked at now.",
            since.as_second()
        );
        let nonce = format!("store-{}", since.as_millisecond());
        if let Err(error) = engine.ports.chat.say(engine.routing.home, &text, &nonce).await {
            warn!(error = &error as &dyn std::error::Error, "nobody hears that the store answers again");
        }
        // It may have been recorded in between.
        if let Err(error) = engine.clear("store").await {
            warn!(error = &error as &dyn std::error::Error, "an alert about the store may stay open");
        }
    }
}

impl Engine {
    /// Says that a condition holds. It may be said at every look.
    pub(super) async fn raise(&self, alert: Alert) {
        if let Err(error) = self.plan(Effect::Raise { alert: alert.clone() }).await {
            self.say_unrecorded(&alert, &error).await;
        }
    }

    /// Says that a condition does not hold (any more).
    ///
    /// # Errors
    /// [`StoreError`] when that could not be recorded: then it is to be said again.
    pub(super) async fn clear(&self, key: &str) -> Result<(), StoreError> {
        self.plan(Effect::Clear { key: key.to_owned() }).await
    }

    /// Lets something happen to the latest alert of a key. `None`: nothing followed.
    ///
    /// # Errors
    /// [`StoreError`] when nothing could be recorded; then nothing has happened.
    pub(super) async fn alert(&self, key: &str, event: Event) -> Result<Option<Record>, StoreError> {
        for _ in 0..PATIENCE {
            let latest = self.latest_alert(key).await?;
            let now = self.ports.clock.now();
            let followed = follow(latest.as_ref(), event.clone(), &self.routing, now);
            let Some(mut followed) = followed else { return Ok(None) };
            followed.effects.extend(hook::of_alert(&self.hooks, &followed, now));
            match self.ports.alerts.record_alert(followed).await {
                Ok(record) => {
                    self.wake.notify_one();
                    if record.alert.severity == Severity::Critical {
                        let active: Vec<_> = self.ports.store.active().await?.into_iter().flatten().collect();
                        self.hasten(&active).await?;
                    }
                    return Ok(Some(record));
                }
                Err(StoreError::Overtaken) => tokio::task::yield_now().await,
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Overtaken)
    }

    pub(super) async fn latest_alert(&self, key: &str) -> Result<Option<Record>, StoreError> {
        Ok(self.ports.alerts.alerts(WhichAlerts::Key(key.to_owned())).await?.pop())
    }

    /// The store does not take an alert: it is said whole in one message, and again after a while.
    pub(super) async fn say_unrecorded(&self, alert: &Alert, cause: &StoreError) {
        error!(
            alert.key,
            error = cause as &dyn std::error::Error,
            "an alert could not be recorded and is said as it is"
        );
        if !self.unrecorded.is_news(&alert.key, self.ports.clock.now()) {
            return;
        }
        let mut hasher = DefaultHasher::new();
        alert.key.hash(&mut hasher);
        let channel = self.routing.channel(alert, &self.line);
        let calls = Calls { roles: self.routing.asked(alert, 0), people: vec![] };
        let nonce = format!("bare-{:016x}", hasher.finish());
        if let Err(error) = say(self, channel, &bare(alert), With::Calls(&calls), &nonce).await {
            error!(alert.key, error = &error as &dyn std::error::Error, "nor can the chat be reached");
            self.unrecorded.forget(&alert.key);
        }
    }

    /// Reads who has acknowledged an alert with a reaction; the first who may counts.
    ///
    /// # Errors
    /// [`StoreError`] when that could not be recorded.
    pub(super) async fn read_acknowledgement(&self, record: &Record, at: MessageRef) -> Result<(), StoreError> {
        let reactions = match self.ports.chat.reactions(at).await {
            Ok(reactions) => reactions,
            Err(ChatError::Gone(_)) => {
                self.alert(&record.alert.key, Event::MessageGone).await?;
                return Ok(());
            }
            Err(error) => {
                warn!(error = &error as &dyn std::error::Error, "who has acknowledged an alert cannot be read");
                return Ok(());
            }
        };
        let means = |reaction: &Reaction| !reaction.bot && reaction.emoji == ACKNOWLEDGE;
        for reaction in reactions.into_iter().filter(means) {
            let person = reaction.by.id;
            let known = self.members.known([person]).remove(&person);
            let held = match known {
                Some(held) => held,
                None => self.ports.chat.roles(&[person]).await.unwrap_or_default().remove(&person).flatten(),
            };
            if held.is_some_and(|held| self.routing.may_answer(&record.alert, &held, &self.line)) {
                self.alert(&record.alert.key, Event::Acknowledged { by: reaction.by }).await?;
                return Ok(());
            }
        }
        Ok(())
    }
}
