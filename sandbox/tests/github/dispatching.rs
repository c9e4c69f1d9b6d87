//! Starting a workflow: once asked, once started, whatever the answer says.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use signalbox_sandbox::github::DispatchFault;

use crate::client::{DEV, REPO, Stage, UAT, stage, unrecorded};

fn address(workflow: &str) -> String {
    format!("{REPO}/actions/workflows/{workflow}/dispatches")
}

#[tokio::test]
async fn a_dispatch_returns_the_run_when_asked_to() {
    let stage = stage("dispatch-with-id").await;
    stage.hold();
    let body = json!({ "ref": "uat", "inputs": { "sb_key": "01ABC" }, "return_run_details": true });
    let answer = stage.client.post(&address(UAT), &body).await;
    assert_eq!(answer.status, 200);
    let id = answer.json()["workflow_run_id"].as_u64().unwrap();
    let run = stage.client.read(&format!("{REPO}/actions/runs/{id}")).await;
    assert_eq!(run["display_title"], "Deploy UAT from uat [sb:01ABC]");
    assert_eq!(run["event"], "workflow_dispatch");
    assert_eq!(run["status"], "queued");
    assert_eq!(run["head_branch"], "uat");
    assert_eq!(answer.json()["html_url"], run["html_url"]);
    let dispatches = stage.github.dispatches();
    assert_eq!(dispatches.len(), 1);
    assert_eq!(dispatches[0].run_id, Some(id));
    assert_eq!(dispatches[0].body["inputs"]["sb_key"], "01ABC");
}

#[tokio::test]
async fn a_dispatch_that_does_not_ask_gets_nothing_back() {
    let stage = stage("dispatch-without-id").await;
    stage.hold();
    let answer = stage.client.post(&address(DEV), &json!({ "ref": "refs/heads/development" })).await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    assert_eq!(stage.github.runs().len(), 1);
}

#[tokio::test]
async fn the_newer_api_version_always_returns_the_run() {
    let stage = stage("dispatch-new-version").await;
    stage.hold();
    let request = stage.client.request(Method::POST, &address(DEV)).header("x-github-api-version", "2026-03-10");
    let answer = crate::client::answer(request.json(&json!({ "ref": "development" }))).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-github-api-version-selected"), "2026-03-10");
}

/// What is wrong with a dispatch is said in GitHub's words, and nothing starts.
#[tokio::test]
async fn a_wrong_dispatch_is_refused() {
    let stage = stage("dispatch-refused").await;
    let wrong = [
        (UAT, json!({ "ref": "nowhere" }), "No ref found for: nowhere"),
        (DEV, json!({ "ref": "development", "inputs": { "x": "1" } }), "Unexpected inputs provided: [\"x\"]"),
    ];
    for (workflow, body, message) in wrong {
        let answer = stage.client.post(&address(workflow), &body).await;
        assert_eq!((answer.status, answer.message().as_str()), (422, message));
    }
    stage.github.with(|state| {
        let repo = state.repository_mut("acme/shop").unwrap();
        repo.workflow_mut(UAT).unwrap().dispatch.as_mut().unwrap().get_mut("note").unwrap().required = true;
        repo.workflow_mut(DEV).unwrap().dispatch = None;
    });
    let wrong = [
        (UAT, json!({ "ref": "uat" }), "Required input 'note' not provided"),
        (DEV, json!({ "ref": "development" }), "Workflow does not have 'workflow_dispatch' trigger"),
    ];
    for (workflow, body, message) in wrong {
        let answer = stage.client.post(&address(workflow), &body).await;
        assert_eq!((answer.status, answer.message().as_str()), (422, message));
    }
    let unknown = stage.client.post(&address("99-nothing.yml"), &json!({ "ref": "uat" })).await;
    assert_eq!((unknown.status, unknown.message().as_str()), (404, "Not Found"));
    assert_eq!(stage.github.runs().len(), 0);
    assert_eq!(stage.github.dispatches().len(), 5);
}

#[tokio::test]
async fn nonsense_is_refused_before_anything_starts() {
    let stage = unrecorded().await;
    let many: serde_json::Map<_, _> = (0..26).map(|n| (format!("i{n}"), json!("x"))).collect();
    let wrong = [
        (json!({ "inputs": {} }), "\"ref\" wasn't supplied"),
        (json!({ "ref": 7 }), "not a string"),
        (json!({ "ref": "uat", "inputs": many }), "No more than 25"),
        (json!({ "ref": "uat", "inputs": [] }), "not an object"),
        (json!({ "ref": "uat", "branch": "uat" }), "\"branch\" is not a permitted key"),
    ];
    for (body, part) in wrong {
        let answer = stage.client.post(&address(UAT), &body).await;
        assert_eq!(answer.status, 422);
        assert!(answer.message().contains(part), "{}", answer.message());
    }
    let broken = stage.client.request(Method::POST, &address(UAT)).body("{");
    let answer = crate::client::answer(broken).await;
    assert_eq!((answer.status, answer.message().as_str()), (400, "Problems parsing JSON"));
    assert_eq!(stage.github.runs().len(), 0);
}

#[tokio::test]
async fn an_older_server_rejects_the_parameter_and_then_works_without() {
    let stage = stage("dispatch-older-server").await;
    stage.hold();
    stage.github.faults(|faults| faults.every_dispatch = Some(DispatchFault::RejectsRunDetails));
    let answer = stage.client.post(&address(UAT), &json!({ "ref": "uat", "return_run_details": true })).await;
    assert_eq!(answer.status, 422);
    assert!(answer.message().contains("\"return_run_details\" is not a permitted key"));
    assert_eq!(stage.github.runs().len(), 0);
    let answer = stage.client.post(&address(UAT), &json!({ "ref": "uat" })).await;
    assert_eq!(answer.status, 204);
    assert_eq!(stage.github.runs().len(), 1);
}

/// Sends one dispatch with a short patience; `Ok` is the status and the body.
async fn sent(stage: &Stage) -> Result<(u16, String), reqwest::Error> {
    let body = json!({ "ref": "uat", "return_run_details": true });
    let request = stage.client.request(Method::POST, &address(UAT)).timeout(Duration::from_millis(300)).json(&body);
    let response = request.send().await?;
    let status = response.status().as_u16();
    Ok((status, response.text().await?))
}

#[tokio::test]
async fn an_answer_can_be_lost_with_or_without_a_run() {
    let stage = stage("dispatch-lost").await;
    stage.hold();
    let statuses = [
        (DispatchFault::BadGatewayStarted, 502, 1),
        (DispatchFault::BadGateway, 502, 0),
        (DispatchFault::WithoutId, 204, 1),
        (DispatchFault::Unprocessable, 422, 0),
        (DispatchFault::SecondaryRateLimit, 403, 0),
        (DispatchFault::TruncatedStarted, 200, 1),
    ];
    for (fault, status, runs) in statuses {
        let before = stage.github.runs().len();
        stage.github.faults(|faults| faults.dispatches = vec![fault]);
        let (answered, text) = sent(&stage).await.unwrap();
        assert_eq!((answered, stage.github.runs().len() - before), (status, runs), "{fault:?}");
        if fault == DispatchFault::TruncatedStarted {
            assert!(serde_json::from_str::<serde_json::Value>(&text).is_err(), "{text}");
        }
    }
    let silences = [
        (DispatchFault::HangStarted, 1),
        (DispatchFault::Hang, 0),
        (DispatchFault::ResetStarted, 1),
        (DispatchFault::Reset, 0),
    ];
    for (fault, runs) in silences {
        let before = stage.github.runs().len();
        stage.github.faults(|faults| faults.dispatches = vec![fault]);
        let error = sent(&stage).await.unwrap_err();
        let hangs = matches!(fault, DispatchFault::Hang | DispatchFault::HangStarted);
        assert_eq!(error.is_timeout(), hangs, "{fault:?}: {error:?}");
        assert_eq!(stage.github.runs().len() - before, runs, "{fault:?}");
    }
    assert_eq!(stage.github.dispatches().len(), 10);
}

#[tokio::test]
async fn a_branch_can_move_in_the_moment_of_the_dispatch() {
    let stage = stage("dispatch-moving-branch").await;
    stage.hold();
    let seen = stage.client.read(&format!("{REPO}/commits/uat")).await["sha"].clone();
    let moved = "c0ffee".repeat(7)[..40].to_owned();
    stage.github.faults(|faults| {
        faults.branch_moves.insert("uat".to_owned(), moved.clone());
    });
    let id = stage.dispatch(UAT, "uat").await;
    let run = stage.client.read(&format!("{REPO}/actions/runs/{id}")).await;
    assert_eq!(run["head_sha"], moved.as_str());
    assert_ne!(run["head_sha"], seen);
}
