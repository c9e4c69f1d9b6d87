//! One attempt to bring one commit to one environment.

mod order;
mod state;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    environment::Environment,
    gate::{BreakGlass, Cleared, SignOff, Verdict},
    git_ref::GitRef,
    hold::Hold,
    ids::{
        ChannelId, CommitSha, DeploymentId, EnvironmentName, InteractionId, MessageRef, Person, RepositoryName, RunId,
    },
    log::JobLog,
    migration::Migration,
    permit::Request,
    promotion::{Merge, Start},
    run::{Job, Run},
    text::plain,
};

pub use self::{
    order::{DispatchOrder, Order},
    state::{CancelCause, Lost, State},
};

/// Where a deployment came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Origin {
    /// Somebody typed `/deploy`.
    Chat {
        /// Who.
        by: Person,
        /// The interaction that carried it; one interaction opens at most one deployment.
        interaction: InteractionId,
    },
    /// The run was started elsewhere and is only followed.
    Adopted {
        /// GitHub login of who started it.
        actor: String,
        /// GitHub's event, such as `push`.
        event: String,
    },
}

/// Which execution of which run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRef {
    /// The run.
    pub id: RunId,
    /// 1 for the first execution.
    pub attempt: u32,
}

/// One attempt to bring one commit to one environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// Its number.
    pub id: DeploymentId,
    /// Its key, echoed by the workflow's `run-name`.
    pub key: String,
    /// Where to.
    pub environment: EnvironmentName,
    /// Whose workflow.
    pub repository: RepositoryName,
    /// Which workflow.
    pub workflow: String,
    /// The branch or tag it was started on.
    pub git_ref: GitRef,
    /// The commit, whole. A promotion has the head of its pull request here, and once that is merged the commit that
    /// it was merged as.
    pub commit: CommitSha,
    /// How it is started.
    #[serde(default, skip_serializing_if = "Start::is_dispatch")]
    pub start: Start,
    /// What the person added.
    pub note: Option<String>,
    /// Where it came from.
    pub origin: Origin,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// How far it is.
    pub state: State,
    /// Whether it holds its environment. An adopted run beside another one does not.
    pub holds: bool,
    /// Which execution it is, as soon as that is known.
    pub run_ref: Option<RunRef>,
    /// What GitHub last said of the run.
    pub run: Option<Run>,
    /// What GitHub last said of its jobs.
    pub jobs: Vec<Job>,
    /// What the logs of its jobs say, of those that say something.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<JobLog>,
    /// Why it was asked to stop.
    pub cancel: Option<CancelCause>,
    /// What keeps us from seeing further right now; plain text.
    pub trouble: Option<String>,
    /// Its message.
    pub card: Option<MessageRef>,
    /// The channel that its message was for, when that was not there any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strayed: Option<ChannelId>,
    /// How many cards were lost before this one; each has its own nonce.
    pub cards_lost: u32,
    /// The thread under its message.
    pub thread: Option<ChannelId>,
    /// Whether somebody wants it, or wanted it, past its gate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub break_glass: Option<BreakGlass>,
    /// Who signed, those whose signature has ended included.
    pub sign_offs: Vec<SignOff>,
    /// The record of the clearance with which it left, for the execution that it left as.
    #[serde(default)]
    pub cleared: Option<Cleared>,
    /// What waits for our word, if its run does or did.
    #[serde(default)]
    pub hold: Option<Hold>,
    /// What the gate said when it let the deployment leave.
    #[serde(default)]
    pub verdict: Option<Verdict>,
    /// The migration of the tenants, once its job was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migration: Option<Migration>,
    /// How many events about its run GitHub could not deliver, and were made up for.
    #[serde(default, skip_serializing_if = "is_none")]
    pub recovered: u32,
    /// How often it was changed; the store uses it to notice a second writer.
    pub revision: i64,
}

/// Old records, whose hash was taken without it, stay as they are.
fn is_none(count: &u32) -> bool {
    *count == 0
}

impl Deployment {
    /// A deployment that somebody asked for. Where the gate has rules it waits for them.
    #[must_use]
    pub fn requested(
        environment: &Environment,
        request: Request,
        key: String,
        note: Option<String>,
        interaction: InteractionId,
        now: Timestamp,
    ) -> Self {
        let origin = Origin::Chat { by: request.by().clone(), interaction };
        let state = if environment.gate.has_rules() {
            let until = now.saturating_add(environment.gate.wait).unwrap_or(now);
            State::Waiting { since: now, until, verdict: None }
        } else {
            State::Dispatching { sent: None, not_before: None, tries: 0 }
        };
        let (git_ref, commit) = (request.git_ref().clone(), request.commit().clone());
        Self { note, ..Self::new(environment, key, origin, git_ref, commit, state, now) }
    }

    /// A promotion that somebody asked for: the same, but it leaves by merging a pull request. It waits at least for
    /// GitHub to say that this can be merged.
    #[must_use]
    pub fn promoted(
        environment: &Environment,
        request: Request,
        merge: Merge,
        key: String,
        note: Option<String>,
        interaction: InteractionId,
        now: Timestamp,
    ) -> Self {
        let until = now.saturating_add(environment.gate.wait).unwrap_or(now);
        let state = State::Waiting { since: now, until, verdict: None };
        let requested = Self::requested(environment, request, key, note, interaction, now);
        Self { state, start: Start::Merge(merge), ..requested }
    }

    /// A run that was started elsewhere.
    #[must_use]
    pub fn adopted(environment: &Environment, run: &Run, key: String, now: Timestamp) -> Self {
        let origin = Origin::Adopted { actor: run.actor.clone(), event: run.event.clone() };
        let git_ref = run
            .head_branch
            .as_deref()
            .and_then(|branch| GitRef::parse(branch).ok())
            .unwrap_or_else(|| environment.default_ref.clone());
        let run_ref = Some(RunRef { id: run.id, attempt: run.attempt });
        // Another workflow may ask for the same environment at GitHub.
        let workflow = match run.workflow_file() {
            "" => environment.workflow.clone(),
            file => file.to_owned(),
        };
        let new = Self::new(environment, key, origin, git_ref, run.head_sha.clone(), State::Queued, now);
        Self { run_ref, workflow, ..new }
    }

    fn new(
        environment: &Environment,
        key: String,
        origin: Origin,
        git_ref: GitRef,
        commit: CommitSha,
        state: State,
        now: Timestamp,
    ) -> Self {
        Self {
            id: DeploymentId(0),
            key,
            environment: environment.name.clone(),
            repository: environment.repository.clone(),
            workflow: environment.workflow.clone(),
            git_ref,
            commit,
            start: Start::Dispatch,
            note: None,
            origin,
            requested_at: now,
            state,
            holds: true,
            run_ref: None,
            run: None,
            jobs: Vec::new(),
            logs: Vec::new(),
            cancel: None,
            trouble: None,
            card: None,
            strayed: None,
            cards_lost: 0,
            recovered: 0,
            thread: None,
            break_glass: None,
            sign_offs: Vec::new(),
            cleared: None,
            hold: None,
            verdict: None,
            migration: None,
            revision: 0,
        }
    }

    /// Whether its run was green, so that what it brought is what the environment has, true or not.
    #[must_use]
    pub fn is_live(&self) -> bool {
        matches!(self.state, State::Succeeded { .. } | State::Untrue { .. } | State::Unverified { .. })
    }

    /// Who started it, safe to show.
    #[must_use]
    pub fn started_by(&self) -> String {
        match &self.origin {
            Origin::Chat { by, .. } => format!("<@{}>", by.id),
            Origin::Adopted { actor, .. } => format!("{} at GitHub", plain(actor)),
        }
    }

    /// The same without a mention, for logs and records; not escaped.
    #[must_use]
    pub fn actor(&self) -> &str {
        match &self.origin {
            Origin::Chat { by, .. } => &by.name,
            Origin::Adopted { actor, .. } => actor,
        }
    }

    /// The pull request that it merges, if it is a promotion.
    #[must_use]
    pub fn merge(&self) -> Option<&Merge> {
        match &self.start {
            Start::Merge(merge) => Some(merge),
            Start::Dispatch => None,
        }
    }

    /// What to type to ask for the same again.
    #[must_use]
    pub fn again(&self) -> String {
        match self.start {
            Start::Merge(_) => format!("/promote {}", self.environment),
            Start::Dispatch => format!("/deploy {} ref:{}", self.environment, self.git_ref),
        }
    }

    /// The job that migrates the tenants, if the run has one.
    #[must_use]
    pub fn migration_job<'a>(&'a self, environment: &Environment) -> Option<&'a Job> {
        self.jobs.iter().find(|job| environment.is_migration(&job.name))
    }
}
