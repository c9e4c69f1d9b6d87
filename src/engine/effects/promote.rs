//! What a promotion looks at: its pull request and both branches before it is merged, and the run of its push after.

use signalbox_domain::{
    SignedDuration,
    deployment::{Deployment, State},
    event::Event,
    git_ref::GitRef,
    ids::{CommitSha, RepositoryName},
    ports::{Query, Resolved, RunQuery, StoreError},
    promotion::{Merge, MergeAnswer},
    run::Run,
};

use super::silent;
use crate::engine::Engine;

/// GitHub's clock and ours may differ by this much.
const SKEW: SignedDuration = SignedDuration::from_secs(60);

/// What happened at GitHub since the promotion was asked for; nothing when all stands as it did.
pub(super) async fn moved(engine: &Engine, deployment: &Deployment, merge: &Merge) -> Option<Event> {
    match engine.ports.pulls.pull(&deployment.repository, merge.number).await {
        Ok(pull) if pull.merged.is_some() => {
            return Some(Event::PullClosed { merged_by: Some(pull.merged_by.unwrap_or_else(|| "somebody".into())) });
        }
        Ok(pull) if !pull.open => return Some(Event::PullClosed { merged_by: None }),
        Ok(_) => {}
        Err(error) => return Some(silent(error)),
    }
    match points_elsewhere(engine, deployment, &merge.from, &merge.head).await {
        Ok(None) => {}
        Ok(Some(to)) => return Some(Event::RefMoved { to }),
        Err(event) => return Some(event),
    }
    match points_elsewhere(engine, deployment, &deployment.git_ref, &merge.base).await {
        Ok(to) => to.map(|to| Event::BaseMoved { to }),
        Err(event) => Some(event),
    }
}

/// Where a branch points by now; nothing when it points where it did.
async fn points_elsewhere(
    engine: &Engine,
    deployment: &Deployment,
    name: &GitRef,
    at: &CommitSha,
) -> Result<Option<CommitSha>, Event> {
    match engine.ports.forge.resolve(&deployment.repository, name).await {
        Ok(Resolved::Ref(to)) => Ok(Some(to).filter(|to| to != at)),
        Ok(_) => Err(Event::RefGone),
        Err(error) => Err(silent(error)),
    }
}

/// Whether a merge without an answer took place; after a merge, the run that its push started.
///
/// # Errors
/// [`StoreError`] when it could not be read which runs are taken.
pub(super) async fn looked_up(engine: &Engine, deployment: &Deployment, merge: &Merge) -> Result<Event, StoreError> {
    let State::Merged { since, .. } = deployment.state else {
        return Ok(match engine.ports.pulls.pull(&deployment.repository, merge.number).await {
            Ok(pull) => match pull.merged {
                Some(commit) => Event::Merged(MergeAnswer::Merged { commit }),
                None => Event::NotMerged,
            },
            Err(error) => silent(error),
        });
    };
    let query = RunQuery {
        repository: deployment.repository.clone(),
        workflow: deployment.workflow.clone(),
        since: since.saturating_sub(SKEW).unwrap_or(since),
    };
    let runs = match engine.ports.forge.runs(&query).await {
        Ok(runs) => runs,
        Err(error) => return Ok(silent(error)),
    };
    // The first one: whatever ran the commit later was started by somebody.
    let Some(run) = runs.into_iter().filter(|run| is_of(run, deployment)).min_by_key(|run| run.created_at) else {
        return Ok(Event::NotFound);
    };
    if !engine.ports.store.find(Query::Run(deployment.repository.clone(), run.id)).await?.is_empty() {
        return Ok(Event::NotFound);
    }
    Ok(match engine.ports.forge.run(&deployment.repository, run.id).await {
        Ok((run, jobs)) => Event::Observed { run, jobs, superseded_by: None },
        Err(error) => silent(error),
    })
}

/// Whether a run is the one that the merge of this promotion started: nothing else pushed that commit there.
fn is_of(run: &Run, deployment: &Deployment) -> bool {
    run.head_sha == deployment.commit
        && run.workflow_file() == deployment.workflow
        && run.head_branch.as_deref() == Some(deployment.git_ref.short())
        && !run.event.starts_with("pull_request")
}

/// Whose a run is that nobody knows yet.
pub(super) enum Claim {
    /// The run of this promotion's push.
    Of(Box<Deployment>),
    /// Perhaps that of a promotion whose merge has no answer yet.
    Perhaps,
    /// No promotion's.
    Nobody,
}

/// Which promotion a run belongs to.
///
/// # Errors
/// [`StoreError`] when the deployments at work could not be read.
pub(super) async fn claim(engine: &Engine, repository: &RepositoryName, run: &Run) -> Result<Claim, StoreError> {
    let active = engine.ports.store.find(Query::Active).await?;
    let mut perhaps = false;
    for deployment in active {
        let fits = deployment.merge().is_some() && &deployment.repository == repository && deployment.run_ref.is_none();
        if !fits || deployment.workflow != run.workflow_file() {
            continue;
        }
        match deployment.state {
            State::Merged { .. } if is_of(run, &deployment) => return Ok(Claim::Of(deployment.into())),
            State::Dispatching { sent: Some(at), .. } | State::Unknown { since: at, .. } => {
                let on_it = run.head_branch.as_deref() == Some(deployment.git_ref.short());
                perhaps |= on_it && run.created_at >= at.saturating_sub(SKEW).unwrap_or(at);
            }
            _ => {}
        }
    }
    Ok(if perhaps { Claim::Perhaps } else { Claim::Nobody })
}
