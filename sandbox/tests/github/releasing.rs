//! Pull requests and deployments.

use serde_json::json;

use crate::client::{REPO, Stage, stage};

async fn promotion(stage: &Stage) -> u64 {
    let body = json!({ "title": "Promote UAT to Main (Production Release)", "head": "uat", "base": "main" });
    let made = stage.client.post(&format!("{REPO}/pulls"), &body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()["number"].as_u64().unwrap()
}

#[tokio::test]
async fn a_pull_request_is_opened_once() {
    let stage = stage("pull-open").await;
    let number = promotion(&stage).await;
    let address = format!("{REPO}/pulls");
    let twice = stage.client.post(&address, &json!({ "title": "x", "head": "uat", "base": "main" })).await;
    assert_eq!(twice.status, 422);
    assert_eq!(twice.json()["errors"][0]["message"], "A pull request already exists for acme:uat.");
    let nothing = stage.client.post(&address, &json!({ "title": "x", "head": "main", "base": "uat" })).await;
    assert_eq!(nothing.json()["errors"][0]["message"], "No commits between uat and main");
    let labels = format!("{REPO}/issues/{number}/labels");
    assert_eq!(stage.client.post(&labels, &json!({ "labels": ["auto-promotion"] })).await.status, 200);
    let found = stage.client.read(&format!("{address}?state=open&head=acme:uat&base=main")).await;
    assert_eq!(found[0]["number"], number);
    assert_eq!(found[0]["labels"][0]["name"], "auto-promotion");
    assert_eq!(stage.client.read(&format!("{address}/{number}")).await["commits"], 2);
}

#[tokio::test]
async fn a_merge_is_guarded_by_the_head() {
    let stage = stage("pull-merge").await;
    stage.hold();
    let number = promotion(&stage).await;
    let address = format!("{REPO}/pulls/{number}");
    let seen = stage.client.read(&address).await["head"]["sha"].clone();
    stage.github.commit("acme/shop", "uat", "Slip in").unwrap();
    let moved = stage.client.put(&format!("{address}/merge"), &json!({ "sha": seen })).await;
    assert_eq!(moved.status, 409);
    assert_eq!(moved.message(), "Head branch was modified. Review and try the merge again.");
    let unmergeable = |yes: bool| {
        stage.github.with(|state| state.repository_mut("acme/shop").unwrap().pulls[0].mergeable = yes);
    };
    unmergeable(false);
    let head = stage.client.read(&address).await["head"]["sha"].clone();
    assert_eq!(stage.client.put(&format!("{address}/merge"), &json!({ "sha": head })).await.status, 405);
    unmergeable(true);
    let merged = stage.client.put(&format!("{address}/merge"), &json!({ "sha": head, "merge_method": "merge" })).await;
    assert_eq!(merged.status, 200);
    let main = stage.client.read(&format!("{REPO}/commits/main")).await;
    assert_eq!(main["sha"], merged.json()["sha"]);
    assert_eq!(main["parents"][1]["sha"], head);
    assert_eq!(stage.github.runs()[0].event, "push");
    assert_eq!(stage.client.read(&address).await["merged"], true);
    assert_eq!(stage.client.put(&format!("{address}/merge"), &json!({})).await.status, 405);
}

#[tokio::test]
async fn a_deployment_merges_first_unless_told_not_to() {
    let stage = stage("deployments").await;
    stage.github.commit("acme/shop", "main", "Hotfix").unwrap();
    let address = format!("{REPO}/deployments");
    let merged = stage.client.post(&address, &json!({ "ref": "uat", "required_contexts": [] })).await;
    assert_eq!(merged.status, 202);
    let body = json!({
        "ref": "uat", "environment": "uat", "auto_merge": false, "required_contexts": [],
        "payload": { "sb_key": "01ABC" }, "production_environment": false, "transient_environment": false,
    });
    let made = stage.client.post(&address, &body).await;
    assert_eq!(made.status, 201);
    assert_eq!(made.json()["payload"]["sb_key"], "01ABC");
    let one = format!("{address}/{}", made.json()["id"]);
    stage.client.read(&one).await;
    let status = json!({ "state": "success", "description": "verified", "log_url": "http://127.0.0.1/" });
    assert_eq!(stage.client.post(&format!("{one}/statuses"), &status).await.status, 201);
    assert_eq!(stage.client.read(&format!("{one}/statuses")).await[0]["description"], "verified");
    assert_eq!(stage.client.read(&format!("{address}?environment=uat")).await.as_array().unwrap().len(), 1);
    let unknown = stage.client.post(&address, &json!({ "ref": "nowhere" })).await;
    assert_eq!(unknown.message(), "No ref found for: nowhere");
}
