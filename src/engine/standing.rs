//! The standing watch: what is done on a schedule, each in its own file. Each looks at the world, and says with
//! [`Engine::raise`] and [`Engine::clear`] which conditions hold; both may be said at every look.

mod expected;
mod health;
mod monitors;
mod smoke;

pub(super) use self::health::Watches;

use signalbox_domain::{
    Timestamp,
    environment::Environment,
    evidence::Answer,
    ports::StoreError,
    refusal::Refusal,
    schedule::{Outcome, Schedule, Standing, Work},
};
use tracing::warn;

use super::{
    Engine,
    desk::{ServiceDesk, fault},
};

/// Does what a schedule is for.
pub(super) async fn carry_out(engine: &Engine, schedule: &Schedule) -> Outcome {
    let environments: Vec<&Environment> =
        schedule.environments.iter().filter_map(|name| engine.line.get(name)).collect();
    let done = match schedule.work {
        Work::Health => health::watch(engine, &environments).await,
        Work::Smoke => smoke::watch(engine, &environments).await,
        Work::Schemas
        | Work::Drift
        | Work::Isolation
        | Work::Registry
        | Work::Ledger
        | Work::Pooler
        | Work::Database
        | Work::Secrets => monitors::watch(engine, schedule.work, &environments).await,
    };
    done.unwrap_or_else(|error| unrecorded(schedule, &error))
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

/// The store did not take what was seen: it is looked at again at the next firing.
fn unrecorded(schedule: &Schedule, error: &StoreError) -> Outcome {
    warn!(
        schedule = schedule.name,
        error = error as &dyn std::error::Error,
        "what a scheduled look showed cannot be recorded"
    );
    Outcome { answer: Answer::Unknown, says: "Signalbox's own store did not answer".into() }
}
