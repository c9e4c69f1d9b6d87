//! How Signalbox itself does: kept once a minute, and told by `/doctor`; and how it watches environments, for `/status`.

use std::collections::HashMap;

use signalbox_commands::desk::Watched;
use signalbox_domain::{
    Timestamp,
    alert::Record,
    environment::Environment,
    gate::Lock,
    health,
    ids::EnvironmentName,
    ports::StoreError,
    pulse::{Cause, Checkup, Gap, Pulse},
    refusal::Refusal,
    schedule::Schedule,
};
use tracing::warn;

use super::{
    Engine,
    desk::{ServiceDesk, fault},
};

/// What the store calls it.
const SUBJECT: &str = "pulse";

impl Engine {
    /// What an earlier process remembered, and when it wrote that down.
    pub(super) async fn pulse_before(&self) -> Result<Option<(Pulse, Timestamp)>, StoreError> {
        let kept = self.ports.observations.observed(SUBJECT).await?;
        // One of a later version is as good as none: it fills up again.
        Ok(kept.map(|(document, at)| (serde_json::from_str(&document).unwrap_or_default(), at)))
    }

    /// Goes on where an earlier process ended; what was not seen since was read `again` by now.
    pub(super) fn follow_pulse(&self, before: Option<(Pulse, Timestamp)>, again: u32) {
        let Some((pulse, at)) = before else { return };
        self.pulse.follow(pulse);
        self.pulse.missed(Gap { cause: Cause::Away, from: Some(at), until: self.pulse.since(), again });
    }

    /// Writes it down. What cannot be is written with the next.
    pub(super) async fn keep_pulse(&self) {
        if let Err(error) = self.remember(SUBJECT, &self.pulse.pulse()).await {
            warn!(error = &error as &dyn std::error::Error, "what Signalbox knows of itself cannot be recorded");
        }
    }
}

/// What is known of environments at once.
pub(super) struct Watch {
    alerts: Vec<Record>,
    /// By [`health::key`]; of those that have health checks.
    health: HashMap<String, health::Watch>,
    locks: Vec<Lock>,
    schedules: Vec<(Schedule, Timestamp)>,
    now: Timestamp,
}

impl Watch {
    /// What is known of one.
    pub(super) fn of(&self, name: &EnvironmentName) -> Watched {
        let concerned = self.schedules.iter().filter(|(schedule, _)| schedule.environments.contains(name));
        Watched {
            health: self.health.get(&health::key(name)).and_then(|watch| watch.held.clone()),
            alerts: self.alerts.iter().filter(|record| record.alert.environment.as_ref() == Some(name)).count(),
            lock: self.locks.iter().find(|lock| lock.holds(name, self.now)).cloned(),
            looks: concerned.map(|(schedule, due)| (schedule.work, *due)).collect(),
        }
    }
}

impl ServiceDesk {
    /// What `/status` tells of how these environments are watched.
    pub(super) async fn watch(&self, environments: &[&Environment]) -> Result<Watch, Refusal> {
        let ports = &self.engine.ports;
        let checked = environments.iter().filter(|environment| !environment.health.is_empty());
        let subjects: Vec<_> = checked.map(|environment| health::key(&environment.name)).collect();
        let health = self.engine.all_remembered(&subjects).await.map_err(fault)?;
        let alerts = ports.alerts.open_alerts().await.map_err(fault)?.into_iter().flatten().collect();
        let (schedules, now) = self.due().await?;
        let locks = ports.locks.locks(now).await.map_err(fault)?;
        Ok(Watch { alerts, health, locks, schedules, now })
    }

    /// What is done by itself and when next, the soonest first; and now.
    async fn due(&self) -> Result<(Vec<(Schedule, Timestamp)>, Timestamp), Refusal> {
        let (schedules, now) = self.scheduled().await?;
        let due = schedules.into_iter().filter_map(|(schedule, standing)| {
            let due = standing.map(|standing| standing.due).or_else(|| schedule.next_firing(now))?;
            Some((schedule, due))
        });
        let mut due: Vec<_> = due.collect();
        due.sort_by_key(|(_, due)| *due);
        Ok((due, now))
    }

    /// All that `/doctor` tells.
    pub(super) async fn examined(&self) -> Result<Checkup, Refusal> {
        let (engine, ports) = (&self.engine, &self.engine.ports);
        let active = ports.store.active().await.map_err(fault)?.len();
        let alerts = ports.alerts.open_alerts().await.map_err(fault)?.len();
        let (due, now) = self.due().await?;
        Ok(Checkup {
            now,
            since: engine.pulse.since(),
            line: (*engine.line).clone(),
            active,
            alerts,
            next: due.into_iter().map(|(schedule, due)| (schedule.name, schedule.work, due)).collect(),
            budget: ports.forge.budget(),
            pulse: engine.pulse.pulse(),
        })
    }
}
