//! The one dispatch or merge, the search for a run whose id we were not told, and the request to stop.

use signalbox_domain::{
    SignedDuration, Timestamp,
    deployment::{Deployment, Order, State},
    event::{CancelAnswer, DispatchAnswer, Event},
    gate::Judgement,
    ids::DeploymentId,
    ports::{ForgeError, Query, Resolved, RunQuery, Settled, StoreError},
    promotion::{MergeAnswer, Start},
    run::Run,
};

use super::{done, hold, later, promote, silent};
use crate::engine::Engine;

/// GitHub's clock and ours may differ by this much.
const SKEW: SignedDuration = SignedDuration::from_secs(60);

/// Judges the gate over facts that are read now and, if it is open, sends the dispatch. The intent is committed
/// first: a process that dies in between leaves `Unknown` behind, never a second dispatch.
pub(super) async fn dispatch(engine: &Engine, id: DeploymentId) -> Result<Settled, StoreError> {
    let Some(deployment) = engine.deployment(id).await? else { return Ok(done(engine)) };
    match deployment.state {
        State::Waiting { .. } if deployment.is_held() => return hold::pass(engine, &deployment).await,
        State::Waiting { .. } | State::Dispatching { sent: None, .. } => {}
        State::Dispatching { sent: Some(_), .. } => {
            let why = "Signalbox was stopped between sending it and hearing the answer".into();
            let lost = match deployment.start {
                Start::Dispatch => Event::Dispatched(DispatchAnswer::Unclear { why }),
                Start::Merge(_) => Event::Merged(MergeAnswer::Unclear { why }),
            };
            engine.apply(id, lost).await?;
            return Ok(done(engine));
        }
        _ => return Ok(done(engine)),
    }
    let Some(Judgement { verdict, clearance, .. }) = engine.judge(id).await? else { return Ok(done(engine)) };
    let moved = match &deployment.start {
        Start::Dispatch => moved(engine, &deployment).await,
        Start::Merge(merge) => promote::moved(engine, &deployment, merge).await,
    };
    if let Some(event) = moved {
        engine.apply(id, event).await?;
        return Ok(done(engine));
    }
    let Some(clearance) = clearance else {
        engine.apply(id, Event::Judged(verdict)).await?;
        return Ok(done(engine));
    };
    // Who commits the intent is the one who sends.
    let begun = engine.apply(id, Event::DispatchBegun { clearance: clearance.clone(), verdict }).await?;
    // Signatures that changed meanwhile are judged again; what ended meanwhile is found to have ended.
    let Some(begun) = begun else { return Ok(later(engine, 0)) };
    let order = engine.environment_of(&begun).and_then(|environment| begun.order(environment, &clearance));
    let event = match order {
        Some(Order::Dispatch(order)) => Event::Dispatched(engine.ports.forge.dispatch(&order).await),
        Some(Order::Merge(order)) => Event::Merged(engine.ports.pulls.merge(&order).await),
        None => return Ok(done(engine)),
    };
    engine.apply(id, event).await?;
    Ok(done(engine))
}

/// What happened to the ref since it was asked for; nothing when it points where it did.
async fn moved(engine: &Engine, deployment: &Deployment) -> Option<Event> {
    match engine.ports.forge.resolve(&deployment.repository, &deployment.git_ref).await {
        Ok(Resolved::Ref(to)) if to == deployment.commit => None,
        Ok(Resolved::Ref(to)) => Some(Event::RefMoved { to }),
        Ok(_) => Some(Event::RefGone),
        Err(error) => Some(silent(error)),
    }
}

/// Looks for the run that is ours: by our key in its title, else the only one that fits.
pub(super) async fn locate(engine: &Engine, id: DeploymentId) -> Result<(), StoreError> {
    let Some(deployment) = engine.deployment(id).await? else { return Ok(()) };
    let since = match (&deployment.state, deployment.merge()) {
        (State::Unknown { .. } | State::Merged { .. }, Some(merge)) => {
            let event = promote::looked_up(engine, &deployment, merge).await?;
            engine.apply(id, event).await?;
            return Ok(());
        }
        (State::Unknown { since, .. }, None) => *since,
        _ => return Ok(()),
    };
    let query = RunQuery {
        repository: deployment.repository.clone(),
        workflow: deployment.workflow.clone(),
        since: since.saturating_sub(SKEW).unwrap_or(since),
    };
    let event = match candidates(engine, &deployment, &query).await? {
        Err(error) => silent(error),
        Ok(found) => match found.as_slice() {
            [] => Event::NotFound,
            [one] => match engine.ports.forge.run(&deployment.repository, one.id).await {
                Ok((run, jobs)) => Event::Observed { run, jobs, superseded_by: None },
                Err(error) => silent(error),
            },
            many => Event::Ambiguous { candidates: many.iter().map(|run| run.id).collect() },
        },
    };
    engine.apply(id, event).await?;
    Ok(())
}

async fn candidates(
    engine: &Engine,
    deployment: &Deployment,
    query: &RunQuery,
) -> Result<Result<Vec<Run>, ForgeError>, StoreError> {
    let forge = &engine.ports.forge;
    let runs = match forge.runs(query).await {
        Ok(runs) => runs,
        Err(error) => return Ok(Err(error)),
    };
    let (with_key, others): (Vec<Run>, Vec<Run>) = runs
        .into_iter()
        .filter(|run| run.event == "workflow_dispatch")
        .partition(|run| run.title.contains(&deployment.key));
    if !with_key.is_empty() {
        return Ok(Ok(with_key));
    }
    let login = match forge.login().await {
        Ok(login) => login,
        Err(error) => return Ok(Err(error)),
    };
    let mut free = Vec::new();
    for run in others.into_iter().filter(|run| fits(run, deployment, &login, query.since)) {
        let taken = engine.ports.store.find(Query::Run(deployment.repository.clone(), run.id)).await?;
        if taken.is_empty() {
            free.push(run);
        }
    }
    Ok(Ok(free))
}

/// Whether a run without our key can be ours: same commit, our login, not older than the dispatch.
fn fits(run: &Run, deployment: &Deployment, login: &str, since: Timestamp) -> bool {
    run.head_sha == deployment.commit && run.actor.eq_ignore_ascii_case(login) && run.created_at >= since
}

/// Asks GitHub to stop the run, until it has answered.
pub(super) async fn cancel(engine: &Engine, id: DeploymentId) -> Result<Settled, StoreError> {
    let Some(deployment) = engine.deployment(id).await? else { return Ok(done(engine)) };
    let Some(run) = deployment.run_ref.filter(|_| !deployment.state.is_over()) else { return Ok(done(engine)) };
    let answer = match engine.ports.forge.cancel(&deployment.repository, run.id).await {
        Ok(answer) => answer,
        Err(ForgeError::NotFound(why) | ForgeError::Forbidden(why)) => CancelAnswer::Refused { why },
        Err(error) => {
            engine.apply(id, silent(error)).await?;
            return Ok(later(engine, 5));
        }
    };
    engine.apply(id, Event::CancelAnswered(answer)).await?;
    Ok(done(engine))
}
