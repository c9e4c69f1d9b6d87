//! The daily digest and the weekly report: counted from the store, and posted once.

use signalbox_domain::{
    SignedDuration, Timestamp,
    card::Calls,
    effect::Effect,
    evidence::Answer,
    notice::Recipient,
    ports::{Query, StoreError, WhichAlerts},
    report::{Open, Period, Scope, Seen, Summary, digest, summary, weekly, weekly_chart},
    schedule::{Outcome, Schedule},
};

use crate::engine::Engine;

/// What a digest tells of.
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// What a weekly report tells of.
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Says what is open, and what happened in a day.
pub(super) async fn daily(engine: &Engine, schedule: &Schedule, due: Timestamp) -> Result<Outcome, StoreError> {
    let now = engine.ports.clock.now();
    let day = counted(engine, schedule, DAY, now).await?;
    let ports = &engine.ports;
    let glass = ports.store.find(Query::Glass).await?;
    let open = Open {
        alerts: ports.alerts.alerts(WhichAlerts::Open).await?,
        deployments: ports.store.find(Query::Active).await?,
        glass: glass.into_iter().filter(|d| d.break_glass.as_ref().is_some_and(|glass| glass.is_open())).collect(),
        locks: ports.locks.locks(now).await?,
        incidents: ports.incidents.incidents(0).await?,
    };
    let open = open.within(&Scope::of(&schedule.environments, &engine.line));
    let (channel, matter) = (engine.routing.home, matter(schedule, due));
    let (to, text) = (Recipient::Channel(channel), digest(&day, &open, now, &schedule.zone));
    engine.plan(Effect::Deliver { to, matter, text, calls: Calls::default() }).await?;
    Ok(posted())
}

/// Says what a week was like, with a picture.
pub(super) async fn week(engine: &Engine, schedule: &Schedule, due: Timestamp) -> Result<Outcome, StoreError> {
    let now = engine.ports.clock.now();
    let week = counted(engine, schedule, WEEK, now).await?;
    let (channel, matter, text) = (engine.routing.home, matter(schedule, due), weekly(&week, &schedule.zone));
    let chart = weekly_chart(&week, &schedule.zone);
    engine.plan(Effect::Picture { channel, matter, text, chart }).await?;
    Ok(posted())
}

/// A firing that is carried out late, or again because its outcome was not recorded, is still the one that was due.
fn matter(schedule: &Schedule, due: Timestamp) -> String {
    format!("report {} {due}", schedule.name)
}

fn posted() -> Outcome {
    Outcome { answer: Answer::Pass, says: "posted".into() }
}

async fn counted(
    engine: &Engine,
    schedule: &Schedule,
    length: SignedDuration,
    now: Timestamp,
) -> Result<Summary, StoreError> {
    let period = Period { from: now.saturating_sub(length).unwrap_or(now), until: now };
    let deployments = engine.ports.store.find(Query::Since(period.from)).await?;
    let alerts = engine.ports.alerts.alerts(WhichAlerts::Since(period.from)).await?;
    let scope = Scope::of(&schedule.environments, &engine.line);
    let seen = Seen { scope, deployments: &deployments, alerts: &alerts };
    Ok(summary(period, &seen))
}
