//! Whether the running applications are well, looked at again and again; and `/health`.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use futures::future;
use signalbox_domain::{
    Timestamp,
    environment::Environment,
    evidence::Answer,
    health::{self, Report, SMOKE, Seen, State, Watch},
    ids::EnvironmentName,
    ports::StoreError,
    refusal::Refusal,
    schedule::Outcome,
};
use tracing::warn;

use super::Round;
use crate::engine::{
    Engine,
    desk::{ServiceDesk, fault},
};

/// What is known of each environment, for when the store is out of reach.
#[derive(Debug, Clone, Default)]
pub(in crate::engine) struct Watches(Arc<Mutex<HashMap<EnvironmentName, Watch>>>);

impl Watches {
    fn get(&self, name: &EnvironmentName) -> Watch {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned().unwrap_or_default()
    }

    fn put(&self, name: &EnvironmentName, watch: Watch) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone(), watch);
    }
}

/// Looks at each of these environments, and says which of them are unwell.
pub(super) async fn watch(engine: &Engine, environments: &[&Environment]) -> Result<Outcome, StoreError> {
    let round = Round::begin(engine).await;
    let looks = environments.iter().map(|one| look(&round, one));
    let states = future::try_join_all(looks).await?;
    let says = environments.iter().zip(&states).map(|(one, state)| format!("`{}` is {}", one.name, state.word()));
    Ok(Outcome { answer: answer(states.iter().max().copied()), says: says.collect::<Vec<_>>().join(", ") })
}

/// How it went to look at what is in this state.
pub(super) fn answer(worst: Option<State>) -> Answer {
    match worst {
        None | Some(State::Up) => Answer::Pass,
        Some(State::Degraded) => Answer::Warn,
        Some(State::CannotTell) => Answer::Unknown,
        Some(State::WrongHost | State::Down) => Answer::Fail,
    }
}

/// Looks at one environment; what this very look showed. What the store does not take is said all the same.
async fn look(round: &Round<'_>, environment: &Environment) -> Result<State, StoreError> {
    let engine = round.engine;
    let seen = ask(engine, environment).await;
    let now = engine.ports.clock.now();
    let subject = health::key(&environment.name);
    let mut watch: Watch = engine.remembered(&subject).await.unwrap_or_else(|error| {
        warn!(error = &error as &dyn std::error::Error, "what was seen before cannot be read");
        engine.watches.get(&environment.name)
    });
    watch.look(now, seen, round.deployed.contains(&environment.name), environment.damping);
    engine.watches.put(&environment.name, watch.clone());
    if let Err(error) = engine.remember(&subject, &watch).await {
        warn!(error = &error as &dyn std::error::Error, "what was seen cannot be recorded");
    }
    let alert = watch.held.as_ref().and_then(|held| health::alert(&environment.name, held));
    round.settle(&subject, alert).await?;
    Ok(watch.looks.last().map_or(State::CannotTell, |look| look.state))
}

/// Asks all checks at once.
async fn ask(engine: &Engine, environment: &Environment) -> Vec<Seen> {
    let asked = environment.health.iter().map(async |check| {
        let heard = engine.ports.probe.ask(check).await;
        health::seen(check, &heard, engine.ports.clock.now())
    });
    future::join_all(asked).await
}

impl ServiceDesk {
    /// What is known of the health of an environment, or of all. `ask`: the checks are asked now; that is shown and
    /// counts for nothing, so that nobody can have people called by asking often.
    pub(in crate::engine) async fn health_of(&self, typed: Option<&str>, ask: bool) -> Result<Vec<Report>, Refusal> {
        let line = &self.engine.line;
        let chosen: Vec<&Environment> = match typed {
            Some(typed) => {
                let environment = self.environment("health", typed)?;
                if environment.health.is_empty() && environment.smoke.is_empty() {
                    return Err(Refusal::no_health_checks(environment, line));
                }
                vec![environment]
            }
            None => line.iter().filter(|one| !one.health.is_empty() || !one.smoke.is_empty()).collect(),
        };
        future::try_join_all(chosen.into_iter().map(|environment| self.report(environment, ask))).await
    }

    async fn report(&self, environment: &Environment, ask: bool) -> Result<Report, Refusal> {
        let engine = &self.engine;
        let watch = engine.remembered(&health::key(&environment.name)).await.map_err(fault)?;
        let fresh: Option<(Timestamp, Vec<Seen>)> = match ask && !environment.health.is_empty() {
            true => Some((engine.ports.clock.now(), self::ask(engine, environment).await)),
            false => None,
        };
        let smoke = engine.remembered(&format!("{SMOKE}{}", environment.name)).await.map_err(fault)?;
        Ok(Report { environment: environment.name.clone(), watch, fresh, smoke })
    }
}
