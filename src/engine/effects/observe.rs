//! Reads a run from GitHub and gives it to the deployment it belongs to. A run of a configured
//! workflow that belongs to none was started elsewhere, and is adopted.

use signalbox_domain::{
    SignedDuration, Timestamp,
    decide::opening,
    deployment::{Deployment, State},
    effect::Entry,
    environment::Environment,
    event::Event,
    git_ref::GitRef,
    ids::{DeploymentId, RepositoryName, RunId},
    ports::{Opened, Opening, Query, RunQuery, Settled, StoreError},
    pulse::Kind,
    run::{Conclusion, Job, Run},
};
use tracing::{info, warn};
use ulid::Ulid;

use super::{
    done, hold, later,
    promote::{self, Claim},
    silent,
};
use crate::engine::Engine;

/// A run that ended longer ago than this is history, not news.
const NEWS: SignedDuration = SignedDuration::from_hours(1);

pub(super) async fn observe(engine: &Engine, repository: &RepositoryName, id: RunId) -> Result<Settled, StoreError> {
    let heard = engine.ports.clock.now();
    let known = engine.ports.store.find(Query::Run(repository.clone(), id)).await?;
    let (run, jobs) = match engine.ports.forge.run(repository, id).await {
        Ok(read) => read,
        Err(error) => {
            // Each deployment plans its own next look; a run that nobody follows is found again by the sweep.
            warn!(run.id = id.0, error = &error as &dyn std::error::Error, "a run cannot be read");
            for deployment in known.iter().filter(|d| !d.state.is_over()) {
                engine.apply(deployment.id, silent(error.clone())).await?;
            }
            return Ok(done(engine));
        }
    };
    engine.pulse.heard(Kind::Run, engine.ports.clock.now());
    let attempt = |d: &&Deployment| d.run_ref.is_some_and(|known| known.attempt == run.attempt);
    let owner = known.iter().find(attempt).or_else(|| known.iter().find(|d| !d.state.is_over()));
    let asking = hold::asking(engine, repository, (&run, &jobs), &known).await;
    let settled = match owner {
        Some(owner) => {
            report(engine, owner, (run.clone(), jobs), heard).await?;
            done(engine)
        }
        None => {
            find_home(engine, repository, (run.clone(), jobs), asking.as_ref().map_or(&[], |asking| &asking.names))
                .await?
        }
    };
    if let Some(asking) = asking {
        hold::apply(engine, repository, &run, asking).await?;
    }
    Ok(settled)
}

async fn report(
    engine: &Engine,
    owner: &Deployment,
    (run, jobs): (Run, Vec<Job>),
    heard: Timestamp,
) -> Result<(), StoreError> {
    let stopped = run.conclusion == Some(Conclusion::Cancelled) && owner.cancel.is_none();
    let superseded_by = if stopped { newer(engine, owner, &run).await } else { None };
    engine.apply_heard(owner.id, Event::Observed { run, jobs, superseded_by }, heard).await?;
    Ok(())
}

/// The run that pushed this one out of its concurrency group, as far as that can be told.
async fn newer(engine: &Engine, owner: &Deployment, run: &Run) -> Option<RunId> {
    let query =
        RunQuery { repository: owner.repository.clone(), workflow: owner.workflow.clone(), since: run.created_at };
    let runs = engine.ports.forge.runs(&query).await.ok()?;
    let fits = |other: &&Run| {
        other.id != run.id
            && other.head_branch == run.head_branch
            && other.created_at >= run.created_at
            && other.created_at <= run.updated_at
    };
    runs.iter().filter(fits).map(|other| other.id).min()
}

/// Whose run is it? Ours by its key, perhaps ours while we still look for one, or somebody else's.
async fn find_home(
    engine: &Engine,
    repository: &RepositoryName,
    (run, jobs): (Run, Vec<Job>),
    asking: &[String],
) -> Result<Settled, StoreError> {
    match promote::claim(engine, repository, &run).await? {
        Claim::Of(deployment) => {
            engine.apply(deployment.id, Event::Observed { run, jobs, superseded_by: None }).await?;
            return Ok(done(engine));
        }
        Claim::Perhaps => return Ok(later(engine, 2)),
        Claim::Nobody => {}
    }
    let searching = searching(engine, repository, &run).await?;
    if let Some((deployment, _)) = searching.iter().find(|(deployment, _)| run.title.contains(&deployment.key)) {
        engine.apply(deployment.id, Event::Observed { run, jobs, superseded_by: None }).await?;
        return Ok(done(engine));
    }
    let may_be_ours =
        |sent: &Timestamp| run.created_at >= sent.saturating_sub(SignedDuration::from_secs(60)).unwrap_or(*sent);
    // While the answer to a dispatch is still out, the run may be ours even at another commit: the ref may have moved.
    let fits = |d: &Deployment| d.commit == run.head_sha || matches!(d.state, State::Dispatching { .. });
    if searching.iter().any(|(deployment, sent)| fits(deployment) && may_be_ours(sent)) {
        return Ok(later(engine, 2));
    }
    // What waits for our word is taken in whatever its ref: the gate says no to a wrong one, and nobody else would.
    let asks = |e: &&Environment| {
        let own = e.github_environment.as_deref().unwrap_or_default();
        is_of_a_ref(&run) && &e.repository == repository && asking.iter().any(|name| name.eq_ignore_ascii_case(own))
    };
    let own = home(engine, repository, &run);
    if let Some(environment) = own.filter(asks).or_else(|| engine.line.iter().find(asks)).or(own) {
        adopt(engine, environment, (run, jobs)).await?;
    }
    Ok(done(engine))
}

/// Deployments that were sent with this workflow and have no run yet, with the time of sending.
async fn searching(
    engine: &Engine,
    repository: &RepositoryName,
    run: &Run,
) -> Result<Vec<(Deployment, Timestamp)>, StoreError> {
    // Only a dispatch can be ours: a title is easily forged on any other event.
    if run.event != "workflow_dispatch" {
        return Ok(vec![]);
    }
    let active = engine.ports.store.find(Query::Active).await?;
    let sent = |d: Deployment| match d.state {
        State::Dispatching { sent: Some(at), .. } | State::Unknown { since: at, .. } => Some((d, at)),
        _ => None,
    };
    let ours = |d: &Deployment| {
        d.merge().is_none() && &d.repository == repository && d.workflow == run.workflow_file() && d.run_ref.is_none()
    };
    Ok(active.into_iter().filter(ours).filter_map(sent).collect())
}

/// Whether a run is of a branch or tag of the repository. A pull request is never a deployment: its branch may have
/// any name, and be somebody else's.
fn is_of_a_ref(run: &Run) -> bool {
    let named = run.head_branch.as_deref().is_some_and(|branch| GitRef::parse(branch).is_ok());
    named && !run.event.starts_with("pull_request") && run.event != "merge_group"
}

/// The environment whose workflow and ref the run has.
fn home<'a>(engine: &'a Engine, repository: &RepositoryName, run: &Run) -> Option<&'a Environment> {
    if !is_of_a_ref(run) {
        return None;
    }
    let now = engine.ports.clock.now();
    if run.is_over() && now.duration_since(run.updated_at) > NEWS {
        return None;
    }
    let branch = run.head_branch.as_deref()?;
    let branch = GitRef::parse(branch).ok()?;
    let same = |e: &&Environment| &e.repository == repository && e.workflow == run.workflow_file();
    let own = engine.line.iter().filter(same).find(|e| e.default_ref.short() == branch.short());
    own.or_else(|| engine.line.iter().filter(same).find(|e| e.allowed_refs.iter().any(|p| p.accepts(&branch))))
}

async fn adopt(
    engine: &Engine,
    environment: &Environment,
    (run, jobs): (Run, Vec<Job>),
) -> Result<DeploymentId, StoreError> {
    let now = engine.ports.clock.now();
    let deployment = Deployment::adopted(environment, &run, Ulid::new().to_string(), now);
    let entry = Entry {
        at: now,
        actor: run.actor.clone(),
        action: "deployment.adopted".into(),
        subject: String::new(),
        detail: format!(
            "run {} attempt {} of {} was started by {}",
            run.id,
            run.attempt,
            run.workflow_file(),
            run.event
        ),
    };
    let opened = engine.ports.store.open(Opening { deployment, plan: opening, entry }).await?;
    let (Opened::New(deployment) | Opened::Before(deployment) | Opened::Busy(deployment)) = opened;
    info!(run.id = run.id.0, deployment.id = deployment.id.0, "a run that was started elsewhere is followed");
    engine.announce(&deployment);
    // What was read is known at once: a run that waits is judged by the commit it has.
    engine.apply(deployment.id, Event::Observed { run, jobs, superseded_by: None }).await?;
    Ok(deployment.id)
}
