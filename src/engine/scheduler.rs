//! Carries out what is scheduled: claims a firing, does the work while it renews the lease, records what came of it.
//!
//! Several processes may share a store: the database gives each firing to one of them. A process that dies leaves a
//! lease that ends; whoever takes the firing over does it from the start, and the dead one can settle nothing.

use std::time::Duration;

use signalbox_domain::{
    SignedDuration, Timestamp,
    evidence::Answer,
    ports::{Firing, Planned, StoreError},
    schedule::{Outcome, Ran, Schedule},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{debug, error, warn};

use super::{Engine, standing};

/// How long a firing stays with a process that does not renew its lease.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// How often a lease is renewed.
const RENEWAL: Duration = Duration::from_secs(20);
/// How long a piece of work may take before it is given up.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// Longest sleep between two looks at what is due: another process may have died.
const NAP: Duration = Duration::from_secs(30);
/// How long the store is left alone after it could not be reached.
const PAUSE: Duration = Duration::from_secs(5);

/// Carries out what is scheduled until told to stop.
#[derive(Clone)]
pub struct Scheduler {
    engine: Engine,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Scheduler {
    /// A scheduler for an engine.
    #[must_use]
    pub fn new(engine: Engine, stop: CancellationToken) -> Self {
        Self { engine, tasks: TaskTracker::new(), stop }
    }

    /// Plans what is configured, makes up once for what was missed, and goes on until told to stop. What is at work
    /// then is given back.
    pub async fn run(&self) {
        let mut planned = false;
        while !self.stop.is_cancelled() {
            let pause = match self.take(&mut planned).await {
                Ok(pause) => pause,
                Err(error) => {
                    warn!(error = &error as &dyn std::error::Error, "what is scheduled cannot be read; trying again");
                    PAUSE
                }
            };
            tokio::select! {
                () = self.stop.cancelled() => break,
                () = tokio::time::sleep(pause) => {}
            }
        }
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Takes what is due and says how long nothing more will be.
    async fn take(&self, planned: &mut bool) -> Result<Duration, StoreError> {
        let ports = &self.engine.ports;
        let now = ports.clock.now();
        if !*planned {
            let plan = |one: &Schedule| {
                let due = one.next_firing(now)?;
                Some(Planned { name: one.name.clone(), spec: one.spec(), due })
            };
            ports.schedules.plan(&self.engine.schedules.iter().filter_map(plan).collect::<Vec<_>>()).await?;
            *planned = true;
        }
        let until = now.saturating_add(LEASE).unwrap_or(now);
        for firing in ports.schedules.claim_firings(now, until).await? {
            let scheduler = self.clone();
            self.tasks.spawn(async move { scheduler.carry_out(firing).await });
        }
        let now = ports.clock.now();
        let next = ports.schedules.schedules().await?.into_iter().map(|one| one.leased_until.unwrap_or(one.due)).min();
        let wait = next.and_then(|at| Duration::try_from(at.duration_since(now)).ok()).unwrap_or(Duration::ZERO);
        Ok(wait.clamp(Duration::from_millis(100), NAP))
    }

    async fn carry_out(&self, firing: Firing) {
        let Some(schedule) = self.engine.schedules.iter().find(|one| one.name == firing.name) else {
            debug!(schedule = firing.name, "another process scheduled this");
            return;
        };
        let began = self.engine.ports.clock.now();
        let outcome = tokio::select! {
            outcome = standing::carry_out(&self.engine, schedule, firing.due) => outcome,
            () = tokio::time::sleep(LONGEST) => gave_up(),
            () = self.overtaken(&firing) => {
                warn!(schedule = firing.name, "another process has taken this over");
                return;
            }
            () = self.stop.cancelled() => return self.give_back(&firing).await,
        };
        let ended = self.engine.ports.clock.now();
        let ran = Ran { due: firing.due, began, ended, outcome };
        // From now on: what fired meanwhile is part of what was just done.
        let next = schedule.next_firing(ended.max(firing.due)).unwrap_or(Timestamp::MAX);
        while let Err(error) = self.engine.ports.schedules.ran(&firing, &ran, next).await {
            error!(schedule = firing.name, error = &error as &dyn std::error::Error, "an outcome cannot be recorded");
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    /// Renews the lease; returns once somebody else has it.
    async fn overtaken(&self, firing: &Firing) {
        loop {
            tokio::time::sleep(RENEWAL).await;
            let now = self.engine.ports.clock.now();
            let until = now.saturating_add(LEASE).unwrap_or(now);
            match self.engine.ports.schedules.renew(firing, until).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => warn!(error = &error as &dyn std::error::Error, "a lease cannot be renewed"),
            }
        }
    }

    async fn give_back(&self, firing: &Firing) {
        if let Err(error) = self.engine.ports.schedules.give_back(firing).await {
            warn!(error = &error as &dyn std::error::Error, "a firing cannot be given back; its lease ends by itself");
        }
    }
}

fn gave_up() -> Outcome {
    let minutes = LONGEST.as_secs() / 60;
    Outcome { answer: Answer::Unknown, says: format!("given up after {minutes} minutes") }
}
