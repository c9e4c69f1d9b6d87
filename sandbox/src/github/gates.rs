//! What makes a run wait or end early: concurrency groups, gates of environments, cancelling.

use serde_json::json;

use super::repository::{Deployment, DeploymentStatus, Repository};
use super::run::{Approval, Key, Run};
use super::script::JobScript;
use super::state::State;
use super::wire;
use super::workflow::Concurrency;

impl State {
    /// Lets a new attempt start, or wait for its concurrency group.
    pub(super) fn admit(&mut self, id: u64) {
        let Some(concurrency) = self.concurrency_of(id) else {
            self.play(id);
            return;
        };
        let others = self.group(&concurrency.group, id);
        let (pending, running): (Vec<Key>, Vec<Key>) =
            others.into_iter().partition(|key| self.run(key.run).is_some_and(|run| run.latest().status == "pending"));
        if concurrency.cancel_in_progress {
            for key in pending.into_iter().chain(running) {
                self.complete_run(key, "cancelled");
            }
            self.play(id);
        } else if running.is_empty() {
            self.play(id);
        } else {
            if !concurrency.queue_many {
                for key in pending {
                    self.complete_run(key, "cancelled");
                }
            }
            if let Some(run) = self.run_mut(id) {
                run.latest_mut().status = "pending".to_owned();
            }
        }
    }

    /// Starts the oldest run that waited for the group of the one that just ended.
    pub(super) fn release_next(&mut self, ended: u64) {
        let Some(concurrency) = self.concurrency_of(ended) else { return };
        let waiting = self.group(&concurrency.group, ended);
        let busy = |run: &Run| run.latest().status != "pending";
        if waiting.iter().any(|key| self.run(key.run).is_some_and(busy)) {
            return;
        }
        let Some(next) = waiting.first().copied() else { return };
        if let Some(attempt) = self.open(next) {
            attempt.status = "queued".to_owned();
        }
        self.play(next.run);
    }

    /// Ends a run as cancelled; `false` when it had ended already.
    pub fn cancel(&mut self, id: u64) -> bool {
        let Some(key) = self.run(id).map(Run::key) else { return false };
        self.complete_run(key, "cancelled").is_some()
    }

    /// Opens or closes the gate of the jobs that wait for one of `environments`.
    pub fn review(&mut self, id: u64, approval: Approval) -> bool {
        let Some(run) = self.run_mut(id) else { return false };
        let key = run.key();
        let waiting: Vec<String> = run
            .latest()
            .jobs
            .iter()
            .filter(|job| job.status == "waiting")
            .filter(|job| job.environment.as_ref().is_some_and(|name| approval.environments.contains(name)))
            .map(|job| job.name.clone())
            .collect();
        let approved = approval.state == "approved";
        run.approvals.push(approval);
        for name in &waiting {
            if approved {
                self.clear(key, name);
            } else {
                self.finish_job(key, name, "failure");
            }
        }
        if !approved && !waiting.is_empty() {
            self.complete_run(key, "failure");
        }
        !waiting.is_empty()
    }

    /// Lets a waiting job go on.
    pub(super) fn clear(&mut self, key: Key, name: &str) -> Option<()> {
        let attempt = self.open(key)?;
        let job = attempt.job_mut(name).filter(|job| job.status == "waiting")?;
        job.cleared = true;
        job.status = "queued".to_owned();
        if !attempt.jobs.iter().any(|job| job.status == "waiting") {
            attempt.status = if attempt.announced { "in_progress" } else { "queued" }.to_owned();
        }
        Some(())
    }

    /// Environment a job deploys to, with the workflow's own filled in.
    pub(super) fn environment_of(&self, run: u64, script: &JobScript) -> Option<String> {
        let named = script.environment.as_deref()?;
        if named != "$environment" {
            return Some(named.to_owned());
        }
        let run = self.run(run)?;
        let workflow = self.repository(&run.repository)?.workflow(&run.workflow.to_string())?;
        Some(workflow.environment.clone())
    }

    pub(super) fn is_gated(&self, run: u64, environment: Option<&str>) -> bool {
        let repo = self.run(run).and_then(|run| self.repository(&run.repository));
        repo.zip(environment)
            .and_then(|(repo, name)| repo.environment(name))
            .is_some_and(|found| found.custom_rule || found.wait_minutes > 0 || !found.reviewers.is_empty())
    }

    /// Asks the app's own protection rule, if the environment has one.
    pub(super) fn ask_protection_rule(&mut self, key: Key, job: &str) -> Option<()> {
        let run = self.run(key.run)?;
        let repo = self.repository(&run.repository)?;
        let job = run.job(job)?;
        let environment = repo.environment(job.environment.as_deref()?)?;
        if !environment.custom_rule {
            return None;
        }
        let deployment = repo.deployments.iter().find(|one| Some(one.id) == job.deployment)?;
        let body = json!({
            "action": "requested",
            "environment": environment.name,
            "event": run.event,
            "deployment_callback_url": format!(
                "{}/repos/{}/actions/runs/{}/deployment_protection_rule",
                self.api, run.repository, run.id
            ),
            "deployment": wire::deployment::body(self, repo, deployment),
            "pull_requests": [],
        });
        let (repository, sender) = (run.repository.clone(), run.actor.clone());
        self.notify(&repository, "deployment_protection_rule", &sender, body);
        Some(())
    }

    /// The deployment that GitHub makes for a job with an environment.
    pub(super) fn deploy_for_job(&mut self, run: u64, environment: &str) -> Option<u64> {
        let now = self.now();
        let id = self.fresh_id();
        let run = self.run(run)?;
        let (repository, sha) = (run.repository.clone(), run.head_sha.clone());
        let (ref_name, creator) = (run.head_branch.clone(), run.latest().triggering_actor.clone());
        let run_id = run.id;
        let repo = self.repository_mut(&repository)?;
        repo.deployments.push(Deployment {
            id,
            sha,
            ref_name,
            task: "deploy".to_owned(),
            environment: environment.to_owned(),
            production: false,
            transient: false,
            payload: json!({}),
            description: None,
            creator,
            statuses: Vec::new(),
            created_at: now,
        });
        self.deployment_status(run_id, Some(id), "queued");
        Some(id)
    }

    /// Adds a status to a job's deployment and tells about it.
    pub(super) fn deployment_status(&mut self, run: u64, deployment: Option<u64>, state: &str) -> Option<()> {
        let deployment = deployment?;
        let run = self.run(run)?;
        let repository = run.repository.clone();
        let creator = run.latest().triggering_actor.clone();
        let log_url = format!("{}/{repository}/actions/runs/{}", self.html, run.id);
        let status = DeploymentStatus {
            id: 0,
            state: state.to_owned(),
            description: String::new(),
            log_url,
            environment_url: String::new(),
            creator,
            created_at: self.now(),
        };
        self.add_deployment_status(&repository, deployment, status)?;
        Some(())
    }

    /// Adds a status to a deployment and tells about it; gives its id.
    pub(super) fn add_deployment_status(
        &mut self,
        repository: &str,
        deployment: u64,
        status: DeploymentStatus,
    ) -> Option<u64> {
        let id = self.fresh_id();
        let creator = status.creator.clone();
        let repo = self.repository_mut(repository)?;
        let target = repo.deployments.iter_mut().find(|one| one.id == deployment)?;
        target.statuses.push(DeploymentStatus { id, ..status });
        let repo = self.repository(repository)?;
        let target = repo.deployments.iter().find(|one| one.id == deployment)?;
        let status = target.statuses.last()?;
        let body = json!({
            "action": "created",
            "deployment_status": wire::deployment::status(self, repo, target, status),
            "deployment": wire::deployment::body(self, repo, target),
        });
        self.notify(repository, "deployment_status", &creator, body);
        Some(id)
    }

    fn concurrency_of(&self, id: u64) -> Option<Concurrency> {
        let run = self.run(id)?;
        self.repository(&run.repository)?.workflow(&run.workflow.to_string())?.concurrency.clone()
    }

    /// The unfinished runs of a group, oldest first, without `except`.
    pub(super) fn group(&self, group: &str, except: u64) -> Vec<Key> {
        let Some(own) = self.run(except) else { return Vec::new() };
        self.runs
            .iter()
            .filter(|run| run.id != except && run.repository == own.repository && !run.is_completed())
            .filter(|run| in_group(self.repository(&run.repository), run, group))
            .map(Run::key)
            .collect()
    }
}

fn in_group(repo: Option<&Repository>, run: &Run, group: &str) -> bool {
    repo.and_then(|repo| repo.workflow(&run.workflow.to_string()))
        .and_then(|workflow| workflow.concurrency.as_ref())
        .is_some_and(|concurrency| concurrency.group == group)
}
