//! Whether the running applications are well, looked at again and again.

use futures::future;
use signalbox_domain::{
    deployment::State as DeploymentState,
    environment::{Environment, HealthCheck},
    evidence::{Answer, Finding},
    health::{self, Damping, KEY, Seen, State, Watch},
    ids::CommitSha,
    ports::{Query, StoreError},
    schedule::Outcome,
};

use crate::engine::Engine;

/// Looks at each of these environments, and says which of them are unwell.
pub(super) async fn watch(engine: &Engine, environments: &[&Environment]) -> Result<Outcome, StoreError> {
    let at_work = engine.ports.store.find(Query::Active).await?;
    let is_deployed = |environment: &Environment| {
        let changes =
            |state: &DeploymentState| matches!(state, DeploymentState::Running | DeploymentState::Verifying { .. });
        at_work.iter().any(|d| d.environment == environment.name && changes(&d.state))
    };
    let looks = environments.iter().map(|environment| look(engine, environment, is_deployed(environment)));
    let states = future::try_join_all(looks).await?;
    let answer = match states.iter().max() {
        None | Some(State::Up) => Answer::Pass,
        Some(State::Degraded) => Answer::Warn,
        Some(State::CannotTell) => Answer::Unknown,
        Some(State::WrongHost | State::Down) => Answer::Fail,
    };
    let says = environments
        .iter()
        .zip(&states)
        .map(|(environment, state)| format!("`{}` is {}", environment.name, state.word()));
    Ok(Outcome { answer, says: says.collect::<Vec<_>>().join(", ") })
}

/// Looks at one environment; what this very look showed.
async fn look(engine: &Engine, environment: &Environment, maintenance: bool) -> Result<State, StoreError> {
    // No check compares it.
    let none = CommitSha::parse(&"0".repeat(40)).map_err(|bad| StoreError::Corrupt(Box::new(bad)))?;
    let seen = ask(engine, environment, &none).await;
    let now = engine.ports.clock.now();
    let subject = format!("{KEY}{}", environment.name);
    let known = engine.ports.observations.observed(&subject).await?;
    // One of a later version is as good as none: it fills up again within minutes.
    let mut watch: Watch = known.and_then(|(text, _)| serde_json::from_str(&text).ok()).unwrap_or_default();
    watch.look(now, seen, maintenance, Damping::default());
    if let Ok(document) = serde_json::to_string(&watch) {
        engine.ports.observations.observe(&subject, &document, now).await?;
    }
    match watch.held.as_ref().and_then(|held| health::alert(&environment.name, held)) {
        Some(alert) => engine.raise(alert).await,
        None => engine.clear(&subject).await?,
    }
    Ok(watch.looks.last().map_or(State::CannotTell, |look| look.state))
}

/// Asks all checks at once. Which commit runs is for those to know who deployed it.
async fn ask(engine: &Engine, environment: &Environment, commit: &CommitSha) -> Vec<Seen> {
    let checks = environment.health.iter().map(|check| HealthCheck { commit_header: None, ..check.clone() });
    let checks: Vec<HealthCheck> = checks.collect();
    let asked = checks.iter().map(|check| engine.ports.probe.ask(check, commit));
    future::join_all(asked).await.into_iter().map(seen).collect()
}

fn seen(finding: Finding) -> Seen {
    let state = match finding.answer {
        Answer::Pass => State::Up,
        Answer::Warn => State::Degraded,
        Answer::Unknown | Answer::Fail => State::Down,
    };
    Seen { check: finding.check, state, says: finding.says, latency: None }
}
