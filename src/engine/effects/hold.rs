//! Runs that wait for our word: found, judged like everything else, and answered.

use signalbox_domain::{
    deployment::Deployment,
    effect::{Due, Effect},
    event::Event,
    gate::Judgement,
    hold::RuleOutcome,
    ids::{DeploymentId, RepositoryName, RunId},
    ports::{Claimed, Query, Settled, StoreError},
    run::{Job, Run, Status},
};
use tracing::warn;

use super::{done, later};
use crate::engine::Engine;

/// After so many tries nobody will listen any more: GitHub has given the run up long before.
const MOST_TRIES: u32 = 1000;

/// What asks for our word about a run.
pub(super) struct Asking {
    /// Environments at GitHub whose rule is ours.
    pub(super) names: Vec<String>,
    /// The jobs that wait.
    jobs: Vec<u64>,
}

/// What asks for our word about a run. `None`: there is no need to ask, or it cannot be told.
pub(super) async fn asking(
    engine: &Engine,
    repository: &RepositoryName,
    (run, jobs): (&Run, &[Job]),
    known: &[Deployment],
) -> Option<Asking> {
    let waits = run.status == Status::Waiting || jobs.iter().any(|job| job.status == Status::Waiting);
    let asked = known.iter().any(|d| d.hold.as_ref().is_some_and(|hold| hold.rule.is_some() && hold.answer.is_none()));
    if run.is_over() || !(waits || asked) {
        return None;
    }
    match engine.ports.rules.asking(repository, run.id).await {
        Ok(names) => {
            let waiting = jobs.iter().filter(|job| job.status == Status::Waiting);
            Some(Asking { names, jobs: waiting.map(|job| job.id).collect() })
        }
        Err(error) => {
            warn!(run.id = run.id.0, error = &error as &dyn std::error::Error, "what a run waits for cannot be read");
            None
        }
    }
}

/// Tells the deployment of a run that our word is asked for, or no more.
pub(super) async fn apply(
    engine: &Engine,
    repository: &RepositoryName,
    run: &Run,
    Asking { names, jobs }: Asking,
) -> Result<(), StoreError> {
    let known = engine.ports.store.find(Query::Run(repository.clone(), run.id)).await?;
    let of_attempt = |d: &&Deployment| d.run_ref.is_some_and(|known| known.attempt == run.attempt);
    let Some(deployment) = known.iter().find(of_attempt) else { return Ok(()) };
    let Some(environment) = engine.environment_of(deployment) else { return Ok(()) };
    let own = environment.github_environment.as_deref().unwrap_or_default();
    let event = match names.iter().find(|name| name.eq_ignore_ascii_case(own)) {
        Some(rule) => Event::Held { rule: Some(rule.clone()), jobs },
        None => Event::Released,
    };
    for other in names.iter().filter(|name| !name.eq_ignore_ascii_case(own)) {
        warn!(run.id = run.id.0, environment = other, "a run asks for an environment that its deployment is not to");
    }
    engine.apply(deployment.id, event).await?;
    Ok(())
}

/// Judges the gate for a run that waits and, if it is open, lets it through at once.
pub(super) async fn pass(engine: &Engine, deployment: &Deployment) -> Result<Settled, StoreError> {
    let id = deployment.id;
    // While it waits the run may end, or be let through by somebody else.
    if let Some(run) = deployment.run_ref {
        let effect = Effect::Observe { repository: deployment.repository.clone(), run: run.id };
        engine.ports.outbox.put(vec![Due { effect, at: engine.ports.clock.now() }]).await?;
    }
    if !deployment.holds {
        let active = engine.ports.store.find(Query::Active).await?;
        if !active.iter().any(|other| other.holds && other.environment == deployment.environment) {
            engine.apply(id, Event::Freed).await?;
        }
    }
    let Some(Judgement { verdict, clearance, .. }) = engine.judge(id).await? else { return Ok(done(engine)) };
    let Some(clearance) = clearance else {
        engine.apply(id, Event::Judged(verdict)).await?;
        return Ok(done(engine));
    };
    // Signatures that changed meanwhile are judged again; what ended meanwhile is found to have ended.
    let Some(begun) = engine.apply(id, Event::PassBegun { clearance, verdict }).await? else {
        return Ok(later(engine, 1));
    };
    if let Some(answer) = begun.rule_answer() {
        let outcome = engine.ports.rules.tell(&answer).await;
        engine.apply(id, Event::RuleAnswered(outcome)).await?;
    }
    Ok(done(engine))
}

/// Gives an answer that needs no more judging: yes to what left with a clearance, no to what has ended.
pub(super) async fn answer(engine: &Engine, id: DeploymentId, claimed: &Claimed) -> Result<Settled, StoreError> {
    let Some(deployment) = engine.deployment(id).await? else { return Ok(done(engine)) };
    // What waits at the gate is judged first.
    let Some(answer) = deployment.rule_answer().filter(|_| !deployment.is_held()) else { return Ok(done(engine)) };
    let outcome = engine.ports.rules.tell(&answer).await;
    let failed = matches!(outcome, RuleOutcome::Failed { .. });
    engine.apply(id, Event::RuleAnswered(outcome)).await?;
    Ok(if failed && claimed.attempts < MOST_TRIES { later(engine, 10) } else { done(engine) })
}

/// Tells GitHub what is open. A report that is lost is made up for by the next.
pub(super) async fn report(engine: &Engine, id: DeploymentId) -> Result<Settled, StoreError> {
    let Some(deployment) = engine.deployment(id).await? else { return Ok(done(engine)) };
    let Some((report, open)) = deployment.rule_report() else { return Ok(done(engine)) };
    match engine.ports.rules.tell(&report).await {
        RuleOutcome::Taken => {
            engine.apply(id, Event::Reported { open }).await?;
        }
        outcome => warn!(deployment.id = id.0, ?outcome, "GitHub did not take a report"),
    }
    Ok(done(engine))
}

/// Runs that wait, and that nobody told us of.
pub(super) async fn unknown(engine: &Engine, repository: &RepositoryName) -> Result<Vec<RunId>, StoreError> {
    let waiting = match engine.ports.rules.waiting(repository).await {
        Ok(waiting) => waiting,
        Err(error) => {
            warn!(%repository, error = &error as &dyn std::error::Error, "waiting runs cannot be listed");
            return Ok(vec![]);
        }
    };
    let mut unknown = vec![];
    for run in waiting {
        let Some(known) = engine.known(repository, run).await? else { continue };
        if known.iter().all(|d| d.state.is_over()) {
            unknown.push(run);
        }
    }
    Ok(unknown)
}
