//! The control interface does over HTTP what the handle does in-process.

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{PATIENCE, Stage, UAT, answer, unrecorded};

async fn steer(stage: &Stage, method: Method, path: &str, body: &Value) -> u16 {
    answer(stage.client.request(method, &format!("/_control{path}")).json(body)).await.status
}

#[tokio::test]
async fn a_run_can_be_steered_over_http() {
    let stage = unrecorded().await;
    let held = json!({ "script": "held" });
    assert_eq!(steer(&stage, Method::PUT, &format!("/workflows/{UAT}/script"), &held).await, 204);
    let unknown = json!({ "script": "nothing" });
    assert_eq!(steer(&stage, Method::PUT, &format!("/workflows/{UAT}/script"), &unknown).await, 404);
    let id = stage.dispatch(UAT, "uat").await;
    let job = format!("/runs/{id}/jobs/build-and-push%20(backend)");
    assert_eq!(steer(&stage, Method::POST, &format!("{job}/start"), &json!({})).await, 204);
    assert_eq!(steer(&stage, Method::POST, &format!("{job}/say"), &json!({ "line": "hello" })).await, 204);
    assert_eq!(steer(&stage, Method::POST, &format!("{job}/finish"), &json!({ "conclusion": "failure" })).await, 204);
    assert_eq!(steer(&stage, Method::POST, &format!("{job}/dance"), &json!({})).await, 404);
    assert_eq!(
        steer(&stage, Method::POST, &format!("/runs/{id}/complete"), &json!({ "conclusion": "failure" })).await,
        204
    );
    let view = stage.client.read("/_control/view").await;
    assert_eq!(view["runs"][0]["conclusion"], "failure");
    assert_eq!(view["runs"][0]["jobs"][0]["log"], json!(["hello"]));
    assert_eq!(view["dispatches"][0]["run_id"], id);
    assert_eq!(steer(&stage, Method::POST, &format!("/runs/{id}/cancel"), &json!({})).await, 404);
    assert_eq!(steer(&stage, Method::POST, &format!("/runs/{id}/rerun"), &json!({})).await, 204);
}

#[tokio::test]
async fn faults_are_a_document_to_read_and_to_write() {
    let stage = unrecorded().await;
    let mut faults = stage.client.read("/_control/faults").await;
    faults["dispatches"] = json!(["bad_gateway_started"]);
    faults["requests"] =
        json!([{ "path": "/user", "breaks": { "status": { "status": 500 } }, "times": { "next": 2 } }]);
    assert_eq!(steer(&stage, Method::PUT, "/faults", &faults).await, 204);
    assert_eq!(stage.client.get("/user").await.status, 500);
    assert_eq!(steer(&stage, Method::PUT, "/faults", &json!({ "rain": true })).await, 422);
    assert_eq!(steer(&stage, Method::PUT, "/speed", &json!({ "factor": 1000.0 })).await, 204);
}

#[tokio::test]
async fn a_new_script_can_be_given_as_data() {
    let stage = unrecorded().await;
    let script = json!({
        "about": "One job",
        "jobs": [{ "name": "only", "steps": [{ "name": "Speak", "actions": [{ "say": "hi" }, { "wait": 1.0 }, "deploy"] }] }],
    });
    assert_eq!(steer(&stage, Method::PUT, "/scripts/short", &script).await, 204);
    assert_eq!(
        steer(&stage, Method::PUT, &format!("/workflows/{UAT}/script"), &json!({ "script": "short" })).await,
        204
    );
    assert_eq!(steer(&stage, Method::POST, "/push", &json!({ "branch": "uat", "message": "Go" })).await, 200);
    let over = |state: &signalbox_sandbox::github::State| state.runs.first().filter(|run| run.is_completed()).cloned();
    let run = stage.github.wait_for(PATIENCE, over).await.unwrap();
    assert_eq!(run.event, "push");
    assert_eq!(run.job("only").unwrap().log[0].text, "hi");
}
