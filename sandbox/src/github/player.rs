//! Plays a run's script: time passes, jobs move, and the world outside changes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;

use super::Github;
use super::hooks::{Migration, Release, StepFailed, Tenants};
use super::run::{Key, Run};
use super::script::{Action, JobScript, Script};

/// Longest sleep in one piece, so that a changed speed is soon felt.
const LONGEST_NAP: Duration = Duration::from_millis(200);

/// Plays an attempt to its end, or until it is ended from outside.
pub(super) async fn play(github: Github, key: Key) {
    tokio::select! {
        () = ended(&github, key) => {}
        () = perform(&github, key) => {}
    }
}

async fn ended(github: &Github, key: Key) {
    let mut changes = github.changes();
    while github.with_quietly(|state| state.open(key).is_some()) {
        if changes.changed().await.is_err() {
            return;
        }
    }
}

async fn perform(github: &Github, key: Key) {
    let Some(script) = github.with_quietly(|state| Some(state.open(key)?.script.clone())) else {
        return;
    };
    if script.held {
        return;
    }
    pause(github, script.queue_seconds).await;
    let worst = play_jobs(github, key, &script).await;
    let conclusion = script.conclusion.clone().unwrap_or(worst);
    github.with(|state| state.complete_run(key, &conclusion));
}

/// Plays the jobs in the order of their needs and gives what they add up to.
async fn play_jobs(github: &Github, key: Key, script: &Script) -> String {
    // A re-run of failed jobs brings those along that had succeeded.
    let mut finished: BTreeMap<String, String> = github.run_now(key.run).map(|run| kept_jobs(&run)).unwrap_or_default();
    let mut begun: BTreeSet<String> = finished.keys().cloned().collect();
    let mut playing = FuturesUnordered::new();
    loop {
        let ready =
            |job: &&JobScript| !begun.contains(&job.name) && job.needs.iter().all(|name| finished.contains_key(name));
        let next: Vec<JobScript> = script.jobs.iter().filter(ready).cloned().collect();
        for job in next {
            begun.insert(job.name.clone());
            let succeeded = |name: &String| finished.get(name).is_some_and(|one| one == "success");
            if job.needs.iter().all(succeeded) {
                playing.push(play_job_named(github, key, job));
            } else {
                github.with(|state| state.skip_job(key, &job));
                finished.insert(job.name, "skipped".to_owned());
            }
        }
        match playing.next().await {
            Some((name, conclusion)) => {
                finished.insert(name, conclusion);
            }
            None if script.jobs.iter().all(|job| begun.contains(&job.name)) => break,
            // Skipped jobs may have made others ready.
            None if script
                .jobs
                .iter()
                .any(|job| !begun.contains(&job.name) && job.needs.iter().all(|name| finished.contains_key(name))) => {}
            // What is left needs jobs that do not exist.
            None => return "startup_failure".to_owned(),
        }
    }
    let has = |conclusion: &str| finished.values().any(|one| one == conclusion);
    let worst = ["failure", "timed_out", "cancelled"].into_iter().find(|one| has(one));
    worst.unwrap_or("success").to_owned()
}

fn kept_jobs(run: &Run) -> BTreeMap<String, String> {
    run.latest().jobs.iter().filter_map(|job| Some((job.name.clone(), job.conclusion.clone()?))).collect()
}

async fn play_job_named(github: &Github, key: Key, job: JobScript) -> (String, String) {
    let conclusion = play_job(github, key, &job).await;
    (job.name, conclusion)
}

/// Plays one job from being made to its end and gives its conclusion.
pub(super) async fn play_job(github: &Github, key: Key, script: &JobScript) -> String {
    github.with(|state| state.create_job(key, script));
    wait_for_gate(github, key, &script.name).await;
    pause(github, 0.5).await;
    github.with(|state| state.start_job(key, &script.name));
    let mut conclusion = "success".to_owned();
    for (index, step) in script.steps.iter().enumerate() {
        github.with(|state| state.start_step(key, &script.name, index));
        for line in step.heading() {
            github.with(|state| state.say(key, &script.name, &line));
        }
        let mut failed = Ok(());
        for action in &step.actions {
            failed = act(github, key, &script.name, action).await;
            if failed.is_err() {
                break;
            }
        }
        if let Err(error) = failed {
            conclusion = "failure".to_owned();
            github.with(|state| {
                state.say(key, &script.name, &error.to_string());
                state.say(key, &script.name, "##[error]Process completed with exit code 1.")
            });
        }
        if let Some(wanted) = &step.conclusion {
            conclusion.clone_from(wanted);
        }
        github.with(|state| state.finish_step(key, &script.name, index, &conclusion));
        if conclusion != "success" {
            break;
        }
    }
    if let Some(wanted) = &script.conclusion {
        conclusion.clone_from(wanted);
    }
    github.with(|state| {
        skip_rest(state, key, &script.name);
        state.finish_job(key, &script.name, &conclusion)
    });
    conclusion
}

/// Steps after a failed one are skipped, not failed.
fn skip_rest(state: &mut super::State, key: Key, job: &str) {
    let waiting: Vec<usize> = state
        .open(key)
        .and_then(|attempt| attempt.job_mut(job))
        .map(|job| {
            let queued = |(_, step): &(usize, &super::run::Step)| step.status == "queued";
            job.steps.iter().enumerate().filter(queued).map(|(index, _)| index).collect()
        })
        .unwrap_or_default();
    for index in waiting {
        state.finish_step(key, job, index, "skipped");
    }
}

async fn act(github: &Github, key: Key, job: &str, action: &Action) -> Result<(), StepFailed> {
    match action {
        Action::Say(line) => {
            github.with(|state| state.say(key, job, line));
            Ok(())
        }
        Action::Wait(seconds) => {
            pause(github, *seconds).await;
            Ok(())
        }
        Action::Migrate { tenants, seconds_per_tenant } => {
            migrate(github, key, job, *tenants, *seconds_per_tenant).await
        }
        Action::Deploy => deploy(github, key).await,
    }
}

async fn migrate(github: &Github, key: Key, job: &str, tenants: Tenants, seconds: f64) -> Result<(), StepFailed> {
    let Some(target) = release(github, key) else { return Ok(()) };
    let speed = github.with_quietly(|state| state.speed);
    let migration = Migration {
        repository: target.repository,
        workflow: target.workflow,
        environment: target.environment,
        sha: target.sha,
        tenants,
        pace: Duration::try_from_secs_f64(seconds / speed).unwrap_or_default(),
    };
    let mut on_line = |line: String| {
        github.with(|state| state.say(key, job, &line));
    };
    github.world().migrate(&migration, &mut on_line).await
}

async fn deploy(github: &Github, key: Key) -> Result<(), StepFailed> {
    match release(github, key) {
        Some(target) => github.world().deploy(&target).await,
        None => Ok(()),
    }
}

/// What the run of `key` puts where.
fn release(github: &Github, key: Key) -> Option<Release> {
    github.with_quietly(|state| {
        let run = state.run(key.run)?;
        let workflow = state.repository(&run.repository)?.workflow(&run.workflow.to_string())?;
        Some(Release {
            repository: run.repository.clone(),
            workflow: workflow.file.clone(),
            environment: workflow.environment.clone(),
            sha: run.head_sha.clone(),
        })
    })
}

/// Waits until somebody lets the job pass, or its environment's wait timer has run off.
async fn wait_for_gate(github: &Github, key: Key, job: &str) {
    let mut changes = github.changes();
    if let Some(minutes) = only_timer(github, key, job) {
        pause(github, f64::from(minutes) * 60.0).await;
        github.with(|state| state.clear(key, job));
    }
    let waits = || {
        github.with_quietly(|state| {
            let job = state.open(key).and_then(|attempt| attempt.job_mut(job));
            job.is_some_and(|job| !job.cleared)
        })
    };
    while waits() {
        if changes.changed().await.is_err() {
            return;
        }
    }
}

/// Minutes of the wait timer, when the environment has no other gate.
fn only_timer(github: &Github, key: Key, job: &str) -> Option<u32> {
    github.with_quietly(|state| {
        let run = state.run(key.run)?;
        let name = run.job(job)?.environment.as_deref()?;
        let environment = state.repository(&run.repository)?.environment(name)?;
        let only = !environment.custom_rule && environment.reviewers.is_empty();
        Some(environment.wait_minutes).filter(|minutes| only && *minutes > 0)
    })
}

/// Lets so many seconds pass at the speed in force.
async fn pause(github: &Github, seconds: f64) {
    let mut left = seconds;
    while left > 0.0 {
        let speed = github.with_quietly(|state| state.speed).max(0.001);
        let nap = Duration::try_from_secs_f64(left / speed).unwrap_or(LONGEST_NAP).min(LONGEST_NAP);
        tokio::time::sleep(nap).await;
        // Far below a millisecond of script time nothing is left that anyone could see.
        left -= (nap.as_secs_f64() * speed).max(0.001);
    }
}
