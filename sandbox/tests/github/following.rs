//! Runs as they go: scripts, moves by hand, attempts, groups, gates, logs, filters.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use reqwest::Method;
use serde_json::{Value, json};
use signalbox_sandbox::github::{Migration, NoSuch, Release, StepFailed, Tenants, World};

use crate::client::{DEV, PATIENCE, REPO, UAT, answer, stage};

fn names(jobs: &Value) -> Vec<&str> {
    jobs["jobs"].as_array().unwrap().iter().map(|job| job["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_script_plays_to_its_end() {
    let stage = stage("script-success").await;
    let id = stage.dispatch(UAT, "uat").await;
    let run = stage.completed(id).await;
    assert_eq!(run.latest().conclusion.as_deref(), Some("success"));
    let jobs = stage.client.read(&format!("{REPO}/actions/runs/{id}/jobs?per_page=100")).await;
    assert_eq!(jobs["total_count"], 9);
    assert!(jobs["jobs"].as_array().unwrap().iter().all(|job| job["conclusion"] == "success"));
    assert_eq!(names(&jobs).first(), Some(&"pre-deployment-checks"));
    assert_eq!(names(&jobs).last(), Some(&"post-deployment-validation"));
    let attempt = stage.client.read(&format!("{REPO}/actions/runs/{id}/attempts/1")).await;
    assert_eq!(attempt["conclusion"], "success");
    let deployments = stage.client.read(&format!("{REPO}/deployments?environment=uat2-backend")).await;
    let statuses = format!("{REPO}/deployments/{}/statuses", deployments[0]["id"]);
    assert_eq!(stage.client.read(&statuses).await[0]["state"], "success");
}

#[tokio::test]
async fn what_needs_a_failed_job_is_skipped() {
    let stage = stage("script-failing").await;
    stage.github.set_script("acme/shop", UAT, "failing_job");
    let id = stage.dispatch(UAT, "uat").await;
    let run = stage.completed(id).await;
    assert_eq!(run.latest().conclusion.as_deref(), Some("failure"));
    assert_eq!(run.job("test-backend").unwrap().conclusion.as_deref(), Some("failure"));
    assert_eq!(run.job("migrate").unwrap().conclusion.as_deref(), Some("skipped"));
    assert_eq!(run.job("post-deployment-validation").unwrap().conclusion.as_deref(), Some("skipped"));
    stage.client.read(&format!("{REPO}/actions/runs/{id}/jobs")).await;
}

#[tokio::test]
async fn other_ends_of_a_run() {
    let stage = stage("script-other-ends").await;
    stage.github.set_script("acme/shop", UAT, "startup_failure");
    let id = stage.dispatch(UAT, "uat").await;
    assert_eq!(stage.completed(id).await.latest().conclusion.as_deref(), Some("startup_failure"));
    assert_eq!(stage.client.read(&format!("{REPO}/actions/runs/{id}/jobs")).await["total_count"], 0);
    stage.github.set_script("acme/shop", UAT, "unknown_values");
    let id = stage.dispatch(UAT, "uat").await;
    let hibernates = |state: &signalbox_sandbox::github::State| {
        state.run(id).filter(|run| run.latest().status == "hibernating" || run.is_completed()).map(|_| ())
    };
    stage.github.wait_for(PATIENCE, hibernates).await.unwrap();
    assert_eq!(stage.completed(id).await.latest().conclusion.as_deref(), Some("evaporated"));
    stage.client.read(&format!("{REPO}/actions/runs/{id}")).await;
}

/// Remembers what it was asked to do and prints a line.
#[derive(Default)]
struct Diary(Mutex<Vec<String>>);

#[async_trait]
impl World for Diary {
    async fn migrate(&self, migration: &Migration, on_line: &mut (dyn FnMut(String) + Send)) -> Result<(), StepFailed> {
        on_line("[standard:public] === Starting migration".to_owned());
        self.0.lock().unwrap().push(format!("migrate {} {:?}", migration.environment, migration.tenants));
        match migration.tenants {
            Tenants::UpTo(_) => Err(StepFailed("CommandError: duplicate key".to_owned())),
            _ => Ok(()),
        }
    }

    async fn deploy(&self, deployment: &Release) -> Result<(), StepFailed> {
        self.0.lock().unwrap().push(format!("deploy {} {}", deployment.environment, deployment.sha));
        Ok(())
    }
}

#[tokio::test]
async fn a_run_changes_the_world() {
    let stage = stage("script-world").await;
    let diary = Arc::new(Diary::default());
    stage.github.set_world(diary.clone());
    stage.github.set_script("acme/shop", UAT, "green_but_unmigrated");
    let id = stage.dispatch(UAT, "uat").await;
    let run = stage.completed(id).await;
    assert_eq!(run.latest().conclusion.as_deref(), Some("success"));
    let done = diary.0.lock().unwrap().drain(..).collect::<Vec<_>>();
    assert_eq!(done, ["migrate uat2-backend None".to_owned(), format!("deploy uat2-backend {}", run.head_sha)]);
    let log = run.job("migrate").unwrap().log_text();
    assert!(log.contains("⚠ migrate_schemas --tenant failed or not available"), "{log}");
    assert!(log.contains("Z ✓ Migrations completed successfully"), "{log}");
    stage.github.set_script("acme/shop", UAT, "failing_migration");
    let id = stage.dispatch(UAT, "uat").await;
    let run = stage.completed(id).await;
    assert_eq!(run.latest().conclusion.as_deref(), Some("failure"));
    assert!(run.job("migrate").unwrap().log_text().contains("CommandError: duplicate key"));
    assert_eq!(run.job("deploy-backend").unwrap().conclusion.as_deref(), Some("skipped"));
}

#[tokio::test]
async fn a_held_run_moves_only_by_hand() {
    let stage = stage("held").await;
    stage.hold();
    let id = stage.dispatch(UAT, "uat").await;
    let run = stage.github.run(id);
    let jobs = format!("{REPO}/actions/runs/{id}/jobs");
    assert_eq!(stage.client.read(&jobs).await["total_count"], 0);
    run.start_job("migrate").unwrap();
    run.say("migrate", "[1/3 (33%) standard:t0001] === Starting migration").unwrap();
    let listed = stage.client.read(&jobs).await;
    assert_eq!(listed["jobs"][0]["status"], "in_progress");
    assert_eq!(listed["jobs"][0]["steps"][0]["status"], "in_progress");
    assert_eq!(stage.client.read(&format!("{REPO}/actions/runs/{id}")).await["status"], "in_progress");
    run.finish_job("migrate", "success").unwrap();
    run.finish_job("deploy-backend", "success").unwrap();
    run.complete("success").unwrap();
    assert_eq!(stage.client.read(&jobs).await["total_count"], 2);
    assert_eq!(run.complete("success"), Err(NoSuch::Open(id)));
    assert_eq!(run.start_job("migrate"), Err(NoSuch::Open(id)));
    assert_eq!(stage.github.run(1).start_job("migrate"), Err(NoSuch::Run(1)));
}

#[tokio::test]
async fn one_job_of_a_held_run_can_be_played() {
    let stage = stage("held-play").await;
    stage.hold();
    let diary = Arc::new(Diary::default());
    stage.github.set_world(diary.clone());
    let id = stage.dispatch(UAT, "uat").await;
    assert_eq!(stage.github.run(id).play_job("migrate").await.as_deref(), Ok("success"));
    assert_eq!(diary.0.lock().unwrap().as_slice(), ["migrate uat2-backend All"]);
    let run = stage.github.run(id).now().unwrap();
    assert!(!run.is_completed());
    let log = &run.job("migrate").unwrap().log;
    assert!(log.iter().any(|line| line.text == "[standard:public] === Starting migration"), "{log:?}");
}

#[tokio::test]
async fn a_cancelled_run_is_over_and_cannot_be_cancelled_again() {
    let stage = stage("cancel").await;
    stage.hold();
    let id = stage.dispatch(UAT, "uat").await;
    stage.github.run(id).start_job("migrate").unwrap();
    let address = format!("{REPO}/actions/runs/{id}");
    stage.github.faults(|faults| faults.cancel_has_no_effect = true);
    assert_eq!(stage.client.post_nothing(&format!("{address}/cancel")).await.status, 202);
    assert_eq!(stage.client.read(&address).await["status"], "in_progress");
    assert_eq!(stage.client.post_nothing(&format!("{address}/force-cancel")).await.status, 202);
    let run = stage.client.read(&address).await;
    assert_eq!((&run["status"], &run["conclusion"]), (&json!("completed"), &json!("cancelled")));
    let again = stage.client.post_nothing(&format!("{address}/cancel")).await;
    assert_eq!((again.status, again.message().as_str()), (409, "Cannot cancel a workflow run that is completed."));
}

#[tokio::test]
async fn a_rerun_is_another_attempt_of_the_same_run() {
    let stage = stage("rerun").await;
    stage.github.set_script("acme/shop", UAT, "failing_job");
    let id = stage.dispatch(UAT, "uat").await;
    let address = format!("{REPO}/actions/runs/{id}");
    stage.completed(id).await;
    stage.github.set_script("acme/shop", UAT, "success");
    assert_eq!(stage.client.post_nothing(&format!("{address}/rerun-failed-jobs")).await.status, 201);
    let second = |state: &signalbox_sandbox::github::State| {
        state.run(id).filter(|run| run.attempts.len() == 2 && run.is_completed()).cloned()
    };
    let run = stage.github.wait_for(PATIENCE, second).await.unwrap();
    assert_eq!(run.latest().conclusion.as_deref(), Some("success"));
    let kept = run.attempts[0].jobs.iter().find(|job| job.name == "test-frontend").unwrap().id;
    assert_eq!(run.job("test-frontend").unwrap().id, kept);
    let body = stage.client.read(&address).await;
    assert_eq!((&body["id"], &body["run_attempt"]), (&json!(id), &json!(2)));
    assert!(body["previous_attempt_url"].as_str().unwrap().ends_with("/attempts/1"));
    let latest = stage.client.read(&format!("{address}/jobs?per_page=100")).await;
    let all = stage.client.read(&format!("{address}/jobs?filter=all&per_page=100")).await;
    assert_eq!((&latest["total_count"], &all["total_count"]), (&json!(9), &json!(18)));
    let first = stage.client.read(&format!("{address}/attempts/1/jobs")).await;
    assert!(names(&first).contains(&"test-backend"));
    let nothing = stage.client.post_nothing(&format!("{address}/rerun-failed-jobs")).await;
    assert_eq!(nothing.status, 403);
    assert_eq!(stage.client.post_nothing(&format!("{address}/rerun")).await.status, 201);
}

#[tokio::test]
async fn a_newer_run_cancels_the_older_of_its_group() {
    let stage = stage("concurrency").await;
    stage.hold();
    let older = stage.dispatch(DEV, "development").await;
    stage.github.run(older).start_job("migrate").unwrap();
    let newer = stage.dispatch(DEV, "development").await;
    assert_eq!(stage.completed(older).await.latest().conclusion.as_deref(), Some("cancelled"));
    assert_eq!(stage.github.run(newer).now().unwrap().latest().status, "queued");
    let running = stage.dispatch(UAT, "uat").await;
    let pending = stage.dispatch(UAT, "uat").await;
    assert_eq!(stage.client.read(&format!("{REPO}/actions/runs/{pending}")).await["status"], "pending");
    let group = stage.client.read(&format!("{REPO}/actions/concurrency_groups/deploy-uat2")).await;
    assert_eq!(group["group_members"][1]["status"], "pending");
    let last = stage.dispatch(UAT, "uat").await;
    assert_eq!(stage.completed(pending).await.latest().conclusion.as_deref(), Some("cancelled"));
    stage.github.run(running).complete("success").unwrap();
    assert_eq!(stage.github.run(last).now().unwrap().latest().status, "queued");
}

#[tokio::test]
async fn a_gate_holds_a_job_until_somebody_approves() {
    let stage = stage("gate").await;
    stage.github.set_script("acme/shop", UAT, "waiting");
    let id = stage.dispatch(UAT, "uat").await;
    let waits = |state: &signalbox_sandbox::github::State| {
        state.run(id).filter(|run| run.latest().status == "waiting").map(|_| ())
    };
    stage.github.wait_for(PATIENCE, waits).await.unwrap();
    let address = format!("{REPO}/actions/runs/{id}/pending_deployments");
    let pending = stage.client.read(&address).await;
    let environment = &pending[0]["environment"];
    assert_eq!(environment["name"], "uat2-backend");
    let body = json!({ "environment_ids": [environment["id"]], "state": "approved", "comment": "go" });
    assert_eq!(stage.client.post(&address, &body).await.status, 200);
    assert_eq!(stage.completed(id).await.latest().conclusion.as_deref(), Some("success"));
    let approvals = stage.client.read(&format!("{REPO}/actions/runs/{id}/approvals")).await;
    assert_eq!(approvals[0]["user"]["login"], "signalbox-bot");
    assert_eq!(stage.client.post(&address, &body).await.status, 422);
}

#[tokio::test]
async fn a_push_starts_what_nobody_dispatched() {
    let stage = stage("push").await;
    stage.hold();
    let sha = stage.github.commit("acme/shop", "uat", "Fix the totals (#130)").unwrap();
    let runs = stage.github.push("acme/shop", "uat", &sha, "kim");
    let run = stage.client.read(&format!("{REPO}/actions/runs/{}", runs[0])).await;
    assert_eq!((&run["event"], &run["actor"]["login"]), (&json!("push"), &json!("kim")));
    assert_eq!(run["head_sha"], sha.as_str());
    assert_eq!(run["head_commit"]["message"], "Fix the totals (#130)");
    assert_eq!(stage.github.dispatches().len(), 0);
}

#[tokio::test]
async fn a_list_of_runs_can_be_narrowed() {
    let stage = stage("run-filters").await;
    stage.hold();
    let uat = stage.dispatch(UAT, "uat").await;
    let dev = stage.dispatch(DEV, "development").await;
    stage.github.run(dev).complete("failure").unwrap();
    let sha = stage.github.commit("acme/shop", "development", "More").unwrap();
    let pushed = stage.github.push("acme/shop", "development", &sha, "kim")[0];
    let created = stage.github.run(uat).now().unwrap().created_at;
    let ids = async |query: &str| -> Vec<u64> {
        let list = stage.client.read(&format!("{REPO}/actions/{query}")).await;
        list["workflow_runs"].as_array().unwrap().iter().map(|run| run["id"].as_u64().unwrap()).collect()
    };
    assert_eq!(ids("runs").await, [pushed, dev, uat]);
    assert_eq!(ids("runs?event=workflow_dispatch").await, [dev, uat]);
    assert_eq!(ids("runs?status=failure").await, [dev]);
    assert_eq!(ids("runs?status=completed&branch=uat").await, [0; 0]);
    assert_eq!(ids("runs?actor=kim").await, [pushed]);
    assert_eq!(ids(&format!("runs?head_sha={sha}")).await, [pushed]);
    assert_eq!(ids("runs?per_page=1&page=2").await, [dev]);
    assert_eq!(ids(&format!("workflows/{UAT}/runs?created=%3E%3D{created}")).await, [uat]);
    assert_eq!(ids(&format!("workflows/{UAT}/runs?created=%3C{created}")).await, [0; 0]);
    stage.github.faults(|faults| faults.listing_delay_ms = 3_600_000);
    assert_eq!(ids("runs").await, [0; 0]);
    stage.client.read(&format!("{REPO}/actions/runs/{uat}")).await;
}

#[tokio::test]
async fn logs_are_on_another_host_that_takes_no_credentials() {
    let stage = stage("logs").await;
    stage.hold();
    let id = stage.dispatch(UAT, "uat").await;
    let run = stage.github.run(id);
    run.start_job("migrate").unwrap();
    run.say("migrate", "Parsed database configuration:").unwrap();
    let job = run.now().unwrap().job("migrate").unwrap().id;
    let address = format!("{REPO}/actions/jobs/{job}/logs");
    assert_eq!(stage.client.get(&address).await.status, 404);
    run.complete("success").unwrap();
    assert_eq!(stage.client.read(&format!("{REPO}/actions/jobs/{job}")).await["conclusion"], "success");
    let link = stage.client.get(&address).await;
    assert_eq!(link.status, 302);
    let plain = reqwest::Client::builder().no_proxy().build().unwrap();
    let log = answer(plain.request(Method::GET, link.header("location"))).await;
    assert!(log.text.ends_with("Z Parsed database configuration:\n"), "{}", log.text);
    let leaked = answer(plain.request(Method::GET, link.header("location")).header("authorization", "Bearer x")).await;
    assert_eq!(leaked.status, 400);
    let archive = stage.client.get(&format!("{REPO}/actions/runs/{id}/logs")).await;
    let zip = plain.get(archive.header("location")).send().await.unwrap().bytes().await.unwrap();
    assert!(zip.starts_with(b"PK\x03\x04"));
    stage.github.with(|state| state.clock_offset = jiff::SignedDuration::from_mins(2));
    assert_eq!(answer(plain.request(Method::GET, link.header("location"))).await.status, 403);
}
