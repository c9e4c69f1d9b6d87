//! Moving a run by hand, for stories in which nothing may happen by itself.

use super::Github;
use super::oidc::{self, IdTokenRequest};
use super::player;
use super::run::{Approval, Key, Run};
use super::script::{JobScript, StepScript};
use super::state::State;

/// One run, to look at it or to move it.
#[derive(Clone, Debug)]
pub struct RunHandle {
    github: Github,
    id: u64,
}

/// There is nothing that could be moved so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSuch {
    /// The run does not exist.
    #[error("there is no run {0}")]
    Run(u64),
    /// The run is over.
    #[error("run {0} is completed already")]
    Open(u64),
    /// The job does not exist or is over.
    #[error("run {run} has no unfinished job `{job}`")]
    Job {
        /// Run id.
        run: u64,
        /// Name that was asked for.
        job: String,
    },
}

impl RunHandle {
    pub(super) fn new(github: Github, id: u64) -> Self {
        Self { github, id }
    }

    /// Run id.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The run as it is now.
    ///
    /// # Errors
    /// When it does not exist.
    pub fn now(&self) -> Result<Run, NoSuch> {
        self.github.run_now(self.id).ok_or(NoSuch::Run(self.id))
    }

    /// How a job of the run asks for its OIDC token.
    #[must_use]
    pub fn id_token_request(&self) -> IdTokenRequest {
        self.github.read(|state| oidc::request(state, self.id))
    }

    fn key(&self) -> Result<Key, NoSuch> {
        self.now().map(|run| run.key())
    }

    /// Makes a job as its script has it, without starting it: `queued`, or `waiting` at a gate.
    ///
    /// # Errors
    /// When the run is not open or has the job already.
    pub fn queue_job(&self, job: &str) -> Result<(), NoSuch> {
        let script = self.script_of(job)?;
        self.change(job, |state, key| state.create_job(key, &script))
    }

    /// Starts a job, making it first when it does not exist yet.
    ///
    /// # Errors
    /// When the run is not open or the job is over.
    pub fn start_job(&self, job: &str) -> Result<(), NoSuch> {
        let script = self.script_of(job)?;
        self.change(job, |state, key| {
            state.create_job(key, &script);
            state.start_job(key, job)?;
            state.start_step(key, job, 0);
            Some(())
        })
    }

    /// Prints what a step of a job prints: its script as the runner shows it, what came of it, and how it ended.
    ///
    /// # Errors
    /// When the run is not open or has no such job.
    pub fn prints(&self, job: &str, script: &[&str], output: &str, exit: u8) -> Result<(), NoSuch> {
        let shell = script.iter().map(|line| (*line).to_owned()).collect();
        let ended = (exit != 0).then(|| format!("##[error]Process completed with exit code {exit}."));
        let heading = StepScript { shell, ..StepScript::default() }.heading();
        let lines: Vec<String> = heading.into_iter().chain(output.lines().map(str::to_owned)).chain(ended).collect();
        lines.iter().try_for_each(|line| self.say(job, line))
    }

    /// Prints a line into a job's log.
    ///
    /// # Errors
    /// When the run is not open or has no such job.
    pub fn say(&self, job: &str, line: &str) -> Result<(), NoSuch> {
        self.change(job, |state, key| state.say(key, job, line))
    }

    /// Ends a job with its steps. A job that was not started is started first.
    ///
    /// # Errors
    /// When the run is not open or the job is over.
    pub fn finish_job(&self, job: &str, conclusion: &str) -> Result<(), NoSuch> {
        let begun = self.now()?.job(job).is_some_and(|job| job.status == "in_progress");
        if !begun && conclusion != "skipped" {
            self.start_job(job)?;
        }
        let script = self.script_of(job)?;
        self.change(job, |state, key| {
            state.create_job(key, &script);
            state.finish_job(key, job, conclusion)
        })
    }

    /// The runner of a job is lost: GitHub fails the job after a while, has no log of it and says so in an annotation.
    ///
    /// # Errors
    /// When the run is not open or the job is over.
    pub fn loses_runner(&self, job: &str) -> Result<(), NoSuch> {
        self.change(job, |state, key| state.lose_runner(key, job))
    }

    /// Plays one job of the script from its start to its end, migrations included.
    ///
    /// # Errors
    /// When the run is not open.
    pub async fn play_job(&self, job: &str) -> Result<String, NoSuch> {
        let (script, key) = (self.script_of(job)?, self.key()?);
        Ok(player::play_job(&self.github, key, &script).await)
    }

    /// Ends the run; jobs that are still going end with it.
    ///
    /// # Errors
    /// When the run is not open.
    pub fn complete(&self, conclusion: &str) -> Result<(), NoSuch> {
        let key = self.key()?;
        self.github.with(|state| state.complete_run(key, conclusion)).ok_or(NoSuch::Open(self.id))
    }

    /// Cancels the run.
    ///
    /// # Errors
    /// When the run is not open.
    pub fn cancel(&self) -> Result<(), NoSuch> {
        self.complete("cancelled")
    }

    /// Starts another attempt of a completed run; `false` when it is not completed.
    pub fn rerun(&self, failed_only: bool, actor: &str) -> bool {
        self.github.with(|state| state.rerun(self.id, failed_only, actor))
    }

    /// Lets the jobs that wait for an environment pass, as a reviewer would.
    pub fn approve(&self, environment: &str, reviewer: &str) -> bool {
        let approval = Approval {
            environments: vec![environment.to_owned()],
            state: "approved".to_owned(),
            user: reviewer.to_owned(),
            comment: String::new(),
        };
        self.github.with(|state| state.review(self.id, approval))
    }

    fn change(&self, job: &str, change: impl FnOnce(&mut State, Key) -> Option<()>) -> Result<(), NoSuch> {
        if self.now()?.is_completed() {
            return Err(NoSuch::Open(self.id));
        }
        let key = self.key()?;
        let missing = || NoSuch::Job { run: self.id, job: job.to_owned() };
        self.github.with(|state| change(state, key)).ok_or_else(missing)
    }

    /// What the run's script says of a job; a job of one step when it says nothing.
    fn script_of(&self, job: &str) -> Result<JobScript, NoSuch> {
        let run = self.now()?;
        let known = run.latest().script.jobs.iter().find(|script| script.name == job);
        Ok(known.cloned().unwrap_or_else(|| JobScript {
            name: job.to_owned(),
            steps: vec![StepScript { name: format!("Run {job}"), ..StepScript::default() }],
            ..JobScript::default()
        }))
    }
}
