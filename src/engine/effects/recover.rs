//! Events that GitHub could not deliver, while Signalbox was away or could not be reached: they are asked for, the
//! runs that they tell of are read, and whoever follows those hears how many there were.

use std::collections::BTreeMap;

use signalbox_domain::{
    SignedDuration,
    event::Event,
    ids::{RepositoryName, RunId},
    ports::{Query, Settled, StoreError},
    pulse::{Cause, Gap},
};
use tracing::{debug, info};

use super::{later, observe};
use crate::engine::Engine;

/// GitHub tells of deliveries of the last three days.
const REACH: SignedDuration = SignedDuration::from_hours(3 * 24);
/// Seconds until they are asked for again.
const PAUSE: i64 = 600;

pub(super) async fn recover(engine: &Engine) -> Result<Settled, StoreError> {
    let now = engine.ports.clock.now();
    let since = now.saturating_sub(REACH).unwrap_or(now);
    let undelivered = match engine.ports.deliveries.undelivered(since).await {
        Ok(undelivered) => undelivered,
        Err(error) => {
            debug!(error = &error as &dyn std::error::Error, "undelivered events cannot be listed");
            return Ok(later(engine, PAUSE));
        }
    };
    let guids: Vec<String> = undelivered.iter().map(|one| one.guid.clone()).collect();
    let known = engine.ports.inbox.known(&guids).await?;
    let mut events: BTreeMap<(RepositoryName, RunId), u32> = BTreeMap::new();
    for one in undelivered.iter().filter(|one| !known.contains(&one.guid)) {
        let told = match engine.ports.deliveries.told_of(one.id).await {
            Ok(told) => told.filter(|(repository, _)| engine.line.iter().any(|e| &e.repository == repository)),
            Err(error) => {
                debug!(delivery = one.id, error = &error as &dyn std::error::Error, "an event cannot be read");
                continue;
            }
        };
        // Recorded before the runs are read: they are read by polling too, and no event is counted twice.
        if engine.ports.inbox.delivered(&one.guid, now, vec![]).await?
            && let Some(run) = told
        {
            *events.entry(run).or_default() += 1;
        }
    }
    let again = events.values().sum();
    if again > 0 {
        engine.pulse.missed(Gap { cause: Cause::Undelivered, from: None, until: now, again });
    }
    for ((repository, run), events) in events {
        info!(run.id = run.0, events, "events that GitHub could not deliver are made up for");
        observe::observe(engine, &repository, run).await?;
        let executions = engine.ports.store.find(Query::Run(repository, run)).await?;
        if let Some(deployment) = executions.first() {
            engine.apply(deployment.id, Event::Recovered { events }).await?;
        }
    }
    Ok(later(engine, PAUSE))
}
