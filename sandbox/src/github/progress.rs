//! How runs move: every change of a run, job or step, with the webhooks it causes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;

use super::run::{Attempt, Job, Key, LogLine, Run, Step};
use super::script::{JobScript, Script};
use super::state::{Effect, State};
use super::wire;

/// What a new run is made from.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// `owner/name` of the repository.
    pub repository: String,
    /// Workflow id.
    pub workflow: u64,
    /// `workflow_dispatch`, `push`, …
    pub event: String,
    /// Branch or tag.
    pub head_branch: String,
    /// Commit.
    pub head_sha: String,
    /// Login of who started it.
    pub actor: String,
    /// Inputs with defaults filled in.
    pub inputs: BTreeMap<String, String>,
}

impl State {
    /// Makes a run and lets it start as far as its concurrency group allows.
    pub fn start_run(&mut self, new: NewRun) -> Option<u64> {
        let id = self.fresh_id();
        let (now, made_at) = (self.now(), self.exactly_now());
        let repo = self.repository(&new.repository)?;
        let workflow = repo.workflow(&new.workflow.to_string())?;
        let headline =
            repo.commits.get(&new.head_sha).and_then(|commit| commit.message.lines().next()).unwrap_or(&workflow.name);
        let fallback = if new.event == "push" { headline } else { &workflow.name };
        let context = [
            ("github.ref_name", new.head_branch.as_str()),
            ("github.actor", new.actor.as_str()),
            ("github.sha", new.head_sha.as_str()),
            ("github.event_name", new.event.as_str()),
        ];
        let display_title = workflow.title(&new.inputs, &context, fallback);
        let script = self.scripts.get(&workflow.script).cloned().unwrap_or_default();
        let number = self.runs.iter().filter(|run| run.workflow == new.workflow).count() as u64 + 1;
        let first = attempt(1, new.actor.clone(), now, script);
        self.runs.push(Run {
            id,
            repository: repo.full_name(),
            workflow: new.workflow,
            number,
            event: new.event,
            head_branch: new.head_branch,
            head_sha: new.head_sha,
            display_title,
            actor: new.actor,
            inputs: new.inputs,
            created_at: now,
            made_at,
            attempts: vec![first],
            approvals: Vec::new(),
            reports: Vec::new(),
        });
        self.announce_run(id, "requested");
        self.admit(id);
        Some(id)
    }

    /// Starts another attempt of a completed run; with `failed_only` what succeeded is kept.
    pub fn rerun(&mut self, id: u64, failed_only: bool, actor: &str) -> bool {
        let now = self.now();
        let Some(run) = self.run(id).filter(|run| run.is_completed()) else {
            return false;
        };
        let script = self
            .repository(&run.repository)
            .and_then(|repo| repo.workflow(&run.workflow.to_string()))
            .and_then(|workflow| self.scripts.get(&workflow.script))
            .cloned()
            .unwrap_or_default();
        let Some(run) = self.run_mut(id) else { return false };
        let mut next = attempt(run.latest().number + 1, actor.to_owned(), now, script);
        if failed_only {
            let done = |job: &&Job| job.conclusion.as_deref() == Some("success");
            next.jobs = run.latest().jobs.iter().filter(done).cloned().collect();
        }
        run.attempts.push(next);
        self.announce_run(id, "requested");
        self.admit(id);
        true
    }

    /// The attempt named by `key`, if it is the latest and still going.
    pub(super) fn open(&mut self, key: Key) -> Option<&mut Attempt> {
        let now = self.now();
        let attempt = self.run_mut(key.run)?.latest_mut();
        let open = attempt.number == key.attempt && !attempt.is_completed();
        open.then(|| {
            attempt.updated_at = now;
            attempt
        })
    }

    /// Makes a job, `waiting` when its environment has a gate, else `queued`.
    pub(super) fn create_job(&mut self, key: Key, script: &JobScript) -> Option<()> {
        let now = self.now();
        let id = self.fresh_id();
        let environment = self.environment_of(key.run, script);
        let gated = script.gated || self.is_gated(key.run, environment.as_deref());
        let deployment = environment.as_deref().and_then(|environment| self.deploy_for_job(key.run, environment));
        let attempt = self.open(key)?;
        if attempt.jobs.iter().any(|job| job.name == script.name) {
            return None;
        }
        let status = if gated { "waiting" } else { "queued" };
        let steps = script.steps.iter().map(|step| Step {
            name: step.name.clone(),
            status: "queued".to_owned(),
            conclusion: None,
            started_at: None,
            completed_at: None,
        });
        attempt.jobs.push(Job {
            id,
            name: script.name.clone(),
            status: status.to_owned(),
            conclusion: None,
            environment,
            deployment,
            cleared: !gated,
            steps: steps.collect(),
            log: Vec::new(),
            lost: false,
            created_at: now,
            started_at: now,
            completed_at: None,
        });
        refresh(attempt);
        self.announce_job(key, &script.name, status);
        if gated {
            self.ask_protection_rule(key, &script.name);
        }
        Some(())
    }

    /// Marks a job as skipped because something it needs did not succeed.
    pub(super) fn skip_job(&mut self, key: Key, script: &JobScript) -> Option<()> {
        self.create_job(key, &JobScript { gated: false, environment: None, ..script.clone() })?;
        self.finish_job(key, &script.name, "skipped")
    }

    /// A job begins; so does the run with its first one.
    pub(super) fn start_job(&mut self, key: Key, name: &str) -> Option<()> {
        let now = self.now();
        let attempt = self.open(key)?;
        let job = attempt.job_mut(name).filter(|job| job.status != "completed")?;
        job.status = "in_progress".to_owned();
        job.cleared = true;
        job.started_at = now;
        let deployment = job.deployment;
        refresh(attempt);
        let first = !std::mem::replace(&mut attempt.announced, true);
        if first {
            self.announce_run(key.run, "in_progress");
        }
        self.deployment_status(key.run, deployment, "in_progress");
        self.announce_job(key, name, "in_progress");
        Some(())
    }

    /// A step begins. Steps are counted from 0.
    pub(super) fn start_step(&mut self, key: Key, job: &str, step: usize) -> Option<()> {
        let now = self.now();
        let step = self.open(key)?.job_mut(job)?.steps.get_mut(step)?;
        step.status = "in_progress".to_owned();
        step.started_at = Some(now);
        Some(())
    }

    /// A step ends.
    pub(super) fn finish_step(&mut self, key: Key, job: &str, step: usize, conclusion: &str) -> Option<()> {
        let now = self.now();
        let step = self.open(key)?.job_mut(job)?.steps.get_mut(step)?;
        end_step(step, now, conclusion);
        Some(())
    }

    /// A job prints a line.
    pub(super) fn say(&mut self, key: Key, job: &str, text: &str) -> Option<()> {
        let at = self.exactly_now();
        let text = text.to_owned();
        self.open(key)?.job_mut(job)?.log.push(LogLine { at, text });
        Some(())
    }

    /// The machine that a job runs on is gone.
    pub(super) fn lose_runner(&mut self, key: Key, name: &str) -> Option<()> {
        self.open(key)?.job_mut(name)?.lost = true;
        self.finish_job(key, name, "failure")
    }

    /// A job ends with all its steps.
    pub(super) fn finish_job(&mut self, key: Key, name: &str, conclusion: &str) -> Option<()> {
        let now = self.now();
        let attempt = self.open(key)?;
        let job = attempt.job_mut(name).filter(|job| !job.is_completed())?;
        let began = job.status == "in_progress";
        let at_work = |step: &&mut Step| step.status != "completed" && !(job.lost && step.status == "in_progress");
        for step in job.steps.iter_mut().filter(at_work) {
            let outcome = if began { conclusion } else { "skipped" };
            end_step(step, now, outcome);
        }
        job.status = "completed".to_owned();
        job.conclusion = Some(conclusion.to_owned());
        job.completed_at = Some(now);
        let deployment = job.deployment;
        refresh(attempt);
        let state = if conclusion == "success" { "success" } else { "failure" };
        self.deployment_status(key.run, deployment, state);
        self.announce_job(key, name, "completed");
        Some(())
    }

    /// The run ends; jobs that are still going end with it. The next of its group may start.
    pub(super) fn complete_run(&mut self, key: Key, conclusion: &str) -> Option<()> {
        let unfinished: Vec<String> =
            self.open(key)?.jobs.iter().filter(|job| !job.is_completed()).map(|job| job.name.clone()).collect();
        for job in unfinished {
            self.finish_job(key, &job, conclusion);
        }
        let attempt = self.open(key)?;
        attempt.status = "completed".to_owned();
        attempt.conclusion = Some(conclusion.to_owned());
        self.announce_run(key.run, "completed");
        self.release_next(key.run);
        Some(())
    }

    /// The status of the run as its jobs make it.
    fn announce_run(&mut self, id: u64, action: &str) {
        let Some(run) = self.run(id) else { return };
        let Some(repo) = self.repository(&run.repository) else { return };
        let Some(workflow) = repo.workflow(&run.workflow.to_string()) else { return };
        let body = json!({
            "action": action,
            "workflow": wire::workflow::body(self, repo, workflow),
            "workflow_run": wire::run::run(self, repo, run, run.latest()),
        });
        let (repository, sender) = (run.repository.clone(), run.latest().triggering_actor.clone());
        self.notify(&repository, "workflow_run", &sender, body);
    }

    fn announce_job(&mut self, key: Key, name: &str, action: &str) {
        let Some(run) = self.run(key.run) else { return };
        let Some(repo) = self.repository(&run.repository) else { return };
        let Some(job) = run.job(name) else { return };
        let mut body = json!({
            "action": action,
            "workflow_job": wire::run::job(self, repo, run, run.latest(), job),
        });
        let deployment = job.deployment.and_then(|id| repo.deployments.iter().find(|one| one.id == id));
        if let Some(deployment) = deployment {
            body["deployment"] = wire::deployment::body(self, repo, deployment);
        }
        let (repository, sender) = (run.repository.clone(), run.latest().triggering_actor.clone());
        self.notify(&repository, "workflow_job", &sender, body);
    }

    /// Lets the player have the attempt.
    pub(super) fn play(&mut self, id: u64) {
        if let Some(key) = self.run(id).map(Run::key) {
            self.effects.push(Effect::Play(key));
        }
    }
}

fn attempt(number: u32, actor: String, now: Timestamp, script: Script) -> Attempt {
    Attempt {
        number,
        triggering_actor: actor,
        status: "queued".to_owned(),
        conclusion: None,
        started_at: now,
        updated_at: now,
        jobs: Vec::new(),
        script,
        announced: false,
    }
}

fn end_step(step: &mut Step, now: Timestamp, conclusion: &str) {
    step.started_at.get_or_insert(now);
    step.status = "completed".to_owned();
    step.conclusion = Some(conclusion.to_owned());
    step.completed_at = Some(now);
}

/// The status that the jobs of a running attempt add up to.
fn refresh(attempt: &mut Attempt) {
    let any = |status: &str| attempt.jobs.iter().any(|job| job.status == status);
    let begun = attempt.announced || any("in_progress") || any("completed");
    let running = attempt.script.running_status.as_deref().unwrap_or("in_progress");
    let status = if any("in_progress") {
        running
    } else if any("waiting") {
        "waiting"
    } else if begun {
        running
    } else {
        "queued"
    };
    attempt.status = status.to_owned();
}
