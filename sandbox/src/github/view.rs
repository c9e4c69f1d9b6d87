//! A snapshot of what there is, for the page and for error messages.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::faults::Faults;
use super::hook::Delivery;
use super::run::{Job, Run, Step};
use super::state::{Dispatch, State};

/// What there is at one moment.
#[derive(Clone, Debug, Serialize)]
pub struct View {
    /// GitHub's clock.
    pub now: Timestamp,
    /// How many times faster than written scripts play.
    pub speed: f64,
    /// Repositories.
    pub repositories: Vec<RepositoryView>,
    /// Script name → one line about it.
    pub scripts: BTreeMap<String, String>,
    /// Runs, newest first.
    pub runs: Vec<RunView>,
    /// Requests that reached the dispatch endpoint, newest first.
    pub dispatches: Vec<Dispatch>,
    /// Webhook deliveries, newest first.
    pub deliveries: Vec<Delivery>,
    /// What is broken.
    pub faults: Faults,
}

/// A repository in a snapshot.
#[derive(Clone, Debug, Serialize)]
pub struct RepositoryView {
    /// `owner/name`.
    pub name: String,
    /// Branch → commit.
    pub branches: BTreeMap<String, String>,
    /// Tag → commit.
    pub tags: BTreeMap<String, String>,
    /// Workflows: file, name, script.
    pub workflows: Vec<WorkflowView>,
}

/// A workflow in a snapshot.
#[derive(Clone, Debug, Serialize)]
pub struct WorkflowView {
    /// File name.
    pub file: String,
    /// Display name.
    pub name: String,
    /// Script its next run plays.
    pub script: String,
    /// GitHub environment it deploys to.
    pub environment: String,
    /// Branches whose pushes start it.
    pub push_branches: Vec<String>,
}

/// A run in a snapshot.
#[derive(Clone, Debug, Serialize)]
pub struct RunView {
    /// Run id.
    pub id: u64,
    /// `owner/name`.
    pub repository: String,
    /// Workflow file name.
    pub workflow: String,
    /// Number within the workflow.
    pub number: u64,
    /// Attempt.
    pub attempt: u32,
    /// Title.
    pub title: String,
    /// What started it.
    pub event: String,
    /// Branch or tag.
    pub branch: String,
    /// Commit.
    pub sha: String,
    /// Login of who started the attempt.
    pub actor: String,
    /// Status.
    pub status: String,
    /// Result once completed.
    pub conclusion: Option<String>,
    /// When the attempt was started.
    pub started_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Jobs that exist so far.
    pub jobs: Vec<JobView>,
}

/// A job in a snapshot.
#[derive(Clone, Debug, Serialize)]
pub struct JobView {
    /// Job id.
    pub id: u64,
    /// Name.
    pub name: String,
    /// Status.
    pub status: String,
    /// Result once completed.
    pub conclusion: Option<String>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
    /// GitHub environment.
    pub environment: Option<String>,
    /// Steps.
    pub steps: Vec<StepView>,
    /// Lines printed so far.
    pub log: Vec<String>,
}

/// A step in a snapshot.
#[derive(Clone, Debug, Serialize)]
pub struct StepView {
    /// Name.
    pub name: String,
    /// Status.
    pub status: String,
    /// Result once completed.
    pub conclusion: Option<String>,
}

impl View {
    pub(super) fn of(state: &State) -> Self {
        Self {
            now: state.now(),
            speed: state.speed,
            repositories: repositories(state),
            scripts: state.scripts.iter().map(|(name, script)| (name.clone(), script.about.clone())).collect(),
            runs: state.runs.iter().rev().map(|run| RunView::of(state, run)).collect(),
            dispatches: state.dispatches.iter().rev().cloned().collect(),
            deliveries: state.deliveries.iter().rev().cloned().collect(),
            faults: state.faults.clone(),
        }
    }
}

fn repositories(state: &State) -> Vec<RepositoryView> {
    state
        .repositories
        .iter()
        .map(|repo| RepositoryView {
            name: repo.full_name(),
            branches: repo.branches.clone(),
            tags: repo.tags.clone(),
            workflows: repo
                .workflows
                .iter()
                .map(|workflow| WorkflowView {
                    file: workflow.file.clone(),
                    name: workflow.name.clone(),
                    script: workflow.script.clone(),
                    environment: workflow.environment.clone(),
                    push_branches: workflow.push_branches.clone(),
                })
                .collect(),
        })
        .collect()
}

impl RunView {
    fn of(state: &State, run: &Run) -> Self {
        let attempt = run.latest();
        let workflow = state.repository(&run.repository).and_then(|repo| repo.workflow(&run.workflow.to_string()));
        Self {
            id: run.id,
            repository: run.repository.clone(),
            workflow: workflow.map(|workflow| workflow.file.clone()).unwrap_or_default(),
            number: run.number,
            attempt: attempt.number,
            title: run.display_title.clone(),
            event: run.event.clone(),
            branch: run.head_branch.clone(),
            sha: run.head_sha.clone(),
            actor: attempt.triggering_actor.clone(),
            status: attempt.status.clone(),
            conclusion: attempt.conclusion.clone(),
            started_at: attempt.started_at,
            updated_at: attempt.updated_at,
            jobs: attempt.jobs.iter().map(JobView::of).collect(),
        }
    }
}

impl JobView {
    fn of(job: &Job) -> Self {
        Self {
            id: job.id,
            name: job.name.clone(),
            status: job.status.clone(),
            conclusion: job.conclusion.clone(),
            started_at: job.started_at,
            completed_at: job.completed_at,
            environment: job.environment.clone(),
            steps: job.steps.iter().map(StepView::of).collect(),
            log: job.log.iter().map(|line| line.text.clone()).collect(),
        }
    }
}

impl StepView {
    fn of(step: &Step) -> Self {
        Self { name: step.name.clone(), status: step.status.clone(), conclusion: step.conclusion.clone() }
    }
}
