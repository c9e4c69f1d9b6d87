//! The standing watch: what is done on a schedule, each in its own file. Each looks at the world, and says with
//! [`Engine::raise`] and [`Engine::clear`] which conditions hold; both may be said at every look.

mod expected;
mod health;
mod monitors;
mod reports;
mod smoke;

pub(super) use self::health::Watches;

use std::collections::{BTreeSet, HashMap};

use serde::{Serialize, de::DeserializeOwned};
use signalbox_domain::{
    SignedDuration, Timestamp,
    alert::Alert,
    deployment::{Deployment, State},
    environment::Environment,
    evidence::Answer,
    ids::EnvironmentName,
    monitor::Kind,
    ports::{StoreError, WhichAlerts},
    refusal::Refusal,
    schedule::{Outcome, Schedule, Standing, Work},
};
use tracing::warn;

use self::monitors::Look;
use super::{
    Engine,
    desk::{ServiceDesk, fault},
};

/// How long a deployment may keep its environment from being judged.
const PATIENCE: SignedDuration = SignedDuration::from_hours(2);

/// What all looks of one firing know.
struct Round<'e> {
    engine: &'e Engine,
    /// Environments in which a deployment is at work. When nobody can tell, none: an outage is worth a false alarm.
    deployed: BTreeSet<EnvironmentName>,
    /// Keys of open alerts: what is not open need not be closed. `None` when nobody can tell.
    open: Option<BTreeSet<String>>,
}

impl<'e> Round<'e> {
    async fn begin(engine: &'e Engine) -> Self {
        let now = engine.ports.clock.now();
        let changes = |d: &Deployment| {
            let begun = d.run.as_ref().and_then(|run| run.started_at).unwrap_or(d.requested_at);
            matches!(d.state, State::Running | State::Verifying { .. }) && now.duration_since(begun) < PATIENCE
        };
        let unknown = |error: StoreError| {
            warn!(error = &error as &dyn std::error::Error, "what is at work and what is open is not known");
        };
        let active = engine.ports.store.active().await.map_err(unknown).unwrap_or_default();
        let open = engine.ports.alerts.alerts(WhichAlerts::Open).await.map_err(unknown).ok();
        Self {
            engine,
            deployed: active.into_iter().flatten().filter(changes).map(|d| d.environment).collect(),
            open: open.map(|open| open.into_iter().map(|record| record.alert.key).collect()),
        }
    }

    fn is_open(&self, key: &str) -> bool {
        self.open.as_ref().is_some_and(|open| open.contains(key))
    }

    /// Says that a condition holds, or that it does not.
    async fn settle(&self, key: &str, alert: Option<Alert>) -> Result<(), StoreError> {
        match alert {
            Some(alert) => self.engine.raise(alert).await,
            None if self.open.is_none() || self.is_open(key) => self.engine.clear(key).await?,
            None => {}
        }
        Ok(())
    }
}

impl Engine {
    /// What was seen of a subject before. One of a later version is as good as none: it fills up again.
    pub(super) async fn remembered<T: DeserializeOwned + Default>(&self, subject: &str) -> Result<T, StoreError> {
        let known = self.ports.observations.observed(subject).await?;
        Ok(known.and_then(|(text, _)| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    /// What was seen of several subjects before, by subject.
    pub(super) async fn all_remembered<T>(&self, subjects: &[String]) -> Result<HashMap<String, T>, StoreError>
    where
        T: DeserializeOwned + Default,
    {
        let known = self.ports.observations.all_observed(subjects).await?;
        Ok(known
            .into_iter()
            .map(|(subject, text)| (subject, serde_json::from_str(&text).unwrap_or_default()))
            .collect())
    }

    pub(super) async fn remember<T: Serialize>(&self, subject: &str, what: &T) -> Result<(), StoreError> {
        // Nothing that is kept has anything that JSON cannot hold.
        let Ok(document) = serde_json::to_string(what) else { return Ok(()) };
        self.ports.observations.observe(subject, &document, self.ports.clock.now()).await
    }
}

/// Does what a schedule is for; `due` is for when it was planned.
pub(super) async fn carry_out(engine: &Engine, schedule: &Schedule, due: Timestamp) -> Outcome {
    let environments: Vec<&Environment> =
        schedule.environments.iter().filter_map(|name| engine.line.get(name)).collect();
    let monitor = |look| monitors::watch(engine, look, &environments);
    let done = match schedule.work {
        Work::Health => health::watch(engine, &environments).await,
        Work::Smoke => smoke::watch(engine, &environments).await,
        Work::Schemas => monitor(Look::Schemas).await,
        Work::Drift => monitor(Look::Fleet(Kind::Drift)).await,
        Work::Isolation => monitor(Look::Fleet(Kind::Isolation)).await,
        Work::Registry => monitor(Look::Fleet(Kind::Registry)).await,
        Work::Ledger => monitor(Look::Fleet(Kind::Ledger)).await,
        Work::Pooler => monitor(Look::Pooler).await,
        Work::Database => monitor(Look::Database).await,
        Work::Secrets => monitor(Look::Secrets).await,
        Work::Digest => reports::daily(engine, schedule, due).await,
        Work::Weekly => reports::week(engine, schedule, due).await,
    };
    done.unwrap_or_else(|error| came_to_nothing(schedule, &error))
}

impl ServiceDesk {
    /// What is done by itself, with how it stands and now.
    pub(super) async fn scheduled(&self) -> Result<(Vec<(Schedule, Option<Standing>)>, Timestamp), Refusal> {
        let standings = self.engine.ports.schedules.schedules().await.map_err(fault)?;
        let of = |schedule: &Schedule| standings.iter().find(|one| one.name == schedule.name).cloned();
        let all = self.engine.schedules.iter().map(|schedule| (schedule.clone(), of(schedule))).collect();
        Ok((all, self.engine.ports.clock.now()))
    }
}

/// The store did not give what was asked for, or take what was seen: it is looked at again at the next firing.
fn came_to_nothing(schedule: &Schedule, error: &StoreError) -> Outcome {
    warn!(
        schedule = schedule.name,
        error = error as &dyn std::error::Error,
        "a scheduled look came to nothing, or what it showed cannot be recorded"
    );
    let says = match error {
        StoreError::Corrupt(_) => "something in Signalbox's own store cannot be read; its log says what",
        _ => "Signalbox's own store did not answer",
    };
    Outcome { answer: Answer::Unknown, says: says.into() }
}
