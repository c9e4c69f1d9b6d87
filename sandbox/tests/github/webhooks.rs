//! Webhooks: signed, repeated, lost, held back, sent again.

use axum::http::StatusCode;
use signalbox_sandbox::github::{Times, WebhookBreak, WebhookFault, signature};

use crate::client::{PATIENCE, Receiver, Stage, UAT, stage};

const SECRET: &str = "It's a Secret to Everybody";

async fn listening(test: &str, status: StatusCode) -> (Stage, Receiver) {
    let stage = stage(test).await;
    stage.hold();
    let mut receiver = Receiver::answering(status).await;
    stage.github.add_webhook(&receiver.url, SECRET, true);
    assert_eq!(receiver.next().await.what(), "ping");
    (stage, receiver)
}

fn fault(event: &str, what: WebhookBreak) -> WebhookFault {
    WebhookFault { event: event.to_owned(), times: Times::default(), what }
}

#[tokio::test]
async fn a_run_is_told_step_by_step_and_signed() {
    let (stage, mut receiver) = listening("webhooks-run", StatusCode::OK).await;
    let id = stage.dispatch(UAT, "uat").await;
    let first = receiver.next().await;
    assert_eq!(first.what(), "workflow_run.requested");
    assert_eq!(first.header("x-hub-signature-256"), signature(SECRET, &first.body));
    assert!(first.header("user-agent").starts_with("GitHub-Hookshot/"));
    assert!(!first.header("x-github-hook-id").is_empty());
    let body = first.json();
    assert_eq!(body["workflow_run"]["id"], id);
    assert_eq!(body["installation"]["id"], 777);
    stage.github.run(id).finish_job("test-backend", "success").unwrap();
    stage.github.run(id).complete("success").unwrap();
    let rest = receiver.names(5).await;
    assert_eq!(
        rest,
        [
            "workflow_job.queued",
            "workflow_run.in_progress",
            "workflow_job.in_progress",
            "workflow_job.completed",
            "workflow_run.completed"
        ]
    );
}

#[tokio::test]
async fn a_job_with_an_environment_tells_of_its_deployment() {
    let (stage, mut receiver) = listening("webhooks-deployment", StatusCode::OK).await;
    stage.github.with(|state| {
        let repo = state.repository_mut("acme/shop").unwrap();
        repo.environment_mut("uat2-backend").unwrap().custom_rule = true;
    });
    let id = stage.dispatch(UAT, "uat").await;
    stage.github.run(id).queue_job("migrate").unwrap();
    let told = receiver.names(4).await;
    assert_eq!(
        told,
        [
            "workflow_run.requested",
            "deployment_status.created",
            "workflow_job.waiting",
            "deployment_protection_rule.requested"
        ]
    );
    assert!(stage.github.run(id).approve("uat2-backend", "lead"));
}

#[tokio::test]
async fn a_push_is_told() {
    let (stage, mut receiver) = listening("webhooks-push", StatusCode::OK).await;
    let sha = stage.github.commit("acme/shop", "uat", "Fix").unwrap();
    stage.github.push("acme/shop", "uat", &sha, "kim");
    let push = receiver.next().await;
    assert_eq!(push.what(), "push");
    assert_eq!(push.json()["after"], sha.as_str());
    assert_eq!(receiver.next().await.what(), "workflow_run.requested");
}

#[tokio::test]
async fn a_lost_webhook_is_on_record_and_can_be_sent_again_with_its_guid() {
    let (stage, mut receiver) = listening("webhooks-lost", StatusCode::OK).await;
    stage.github.faults(|faults| faults.webhooks = vec![fault("workflow_run.requested", WebhookBreak::Lost)]);
    let id = stage.dispatch(UAT, "uat").await;
    stage.github.run(id).complete("success").unwrap();
    assert_eq!(receiver.next().await.what(), "workflow_run.completed");
    let lost = stage.github.deliveries().into_iter().find(|one| !one.was_accepted()).unwrap();
    assert!(stage.github.with(|state| state.redeliver(lost.id)));
    let again = receiver.next().await;
    assert_eq!(again.what(), "workflow_run.requested");
    assert_eq!(again.header("x-github-delivery"), lost.guid);
}

#[tokio::test]
async fn a_webhook_can_come_twice_late_or_badly_signed() {
    let (stage, mut receiver) = listening("webhooks-broken", StatusCode::OK).await;
    stage.github.faults(|faults| {
        faults.webhooks = vec![
            fault("workflow_run.requested", WebhookBreak::Duplicated),
            fault("workflow_job.queued", WebhookBreak::Delayed(300)),
            fault("workflow_run.completed", WebhookBreak::BadSignature),
        ];
    });
    let id = stage.dispatch(UAT, "uat").await;
    let (first, second) = (receiver.next().await, receiver.next().await);
    assert_eq!(first.header("x-github-delivery"), second.header("x-github-delivery"));
    assert_eq!(first.body, second.body);
    stage.github.run(id).finish_job("test-backend", "success").unwrap();
    stage.github.run(id).complete("success").unwrap();
    let mut late = Vec::new();
    for _ in 0..5 {
        let arrival = receiver.next().await;
        let well_signed = arrival.header("x-hub-signature-256") == signature(SECRET, &arrival.body);
        assert_eq!(well_signed, arrival.what() != "workflow_run.completed");
        late.push(arrival.what());
    }
    assert_eq!(late.last().map(String::as_str), Some("workflow_job.queued"));
}

#[tokio::test]
async fn webhooks_can_be_held_back_and_let_go_in_reverse() {
    let (stage, mut receiver) = listening("webhooks-held", StatusCode::OK).await;
    stage.github.faults(|faults| faults.hold_webhooks = true);
    let id = stage.dispatch(UAT, "uat").await;
    stage.github.run(id).complete("success").unwrap();
    let held = stage.github.wait_for(PATIENCE, |state| (state.held_webhooks() == 2).then_some(()));
    held.await.unwrap();
    stage.github.release_webhooks(true);
    assert_eq!(receiver.names(2).await, ["workflow_run.completed", "workflow_run.requested"]);
}

#[tokio::test]
async fn a_receiver_that_refuses_is_on_record() {
    let (stage, _receiver) = listening("webhooks-refused", StatusCode::INTERNAL_SERVER_ERROR).await;
    let refused = |state: &signalbox_sandbox::github::State| state.deliveries.first().cloned();
    let delivery = stage.github.wait_for(PATIENCE, refused).await.unwrap();
    assert_eq!((delivery.status_code, delivery.status.as_str()), (500, "Invalid HTTP Response: 500"));
}
