//! Faults of any request, and the whole of GitHub down.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use signalbox_sandbox::github::{Break, RequestFault, Times};

use crate::client::{REPO, UAT, answer, stage};

fn broken(path: &str, breaks: Break) -> RequestFault {
    RequestFault { path: path.to_owned(), breaks: Some(breaks), ..RequestFault::default() }
}

#[tokio::test]
async fn a_fault_strikes_the_requests_it_fits() {
    let stage = stage("request-faults").await;
    stage.github.faults(|faults| {
        faults.requests = vec![
            broken("*/branches", Break::Status { status: 500, headers: [].into(), body: json!(null) }),
            broken("*/tags", Break::SecondaryRateLimit { status: 429, retry_after: Some(7) }),
            broken("/user", Break::PrimaryRateLimit),
            broken("*/environments", Break::Truncated),
        ];
    });
    let client = &stage.client;
    assert_eq!(client.get(&format!("{REPO}/branches")).await.status, 500);
    assert_eq!(client.get(&format!("{REPO}/branches")).await.status, 200);
    let limited = client.get(&format!("{REPO}/tags")).await;
    assert_eq!((limited.status, limited.header("retry-after")), (429, "7"));
    assert!(limited.message().starts_with("You have exceeded a secondary rate limit."));
    let spent = client.get("/user").await;
    assert_eq!((spent.status, spent.header("x-ratelimit-remaining")), (403, "0"));
    let cut = client.get(&format!("{REPO}/environments")).await;
    assert!(serde_json::from_str::<serde_json::Value>(&cut.text).is_err());
}

#[tokio::test]
async fn a_request_can_be_carried_out_and_its_answer_lost() {
    let stage = stage("request-carried-out").await;
    stage.hold();
    let id = stage.dispatch(UAT, "uat").await;
    let path = format!("{REPO}/actions/runs/{id}/cancel");
    stage.github.faults(|faults| {
        let lost = RequestFault { method: "POST".to_owned(), carried_out: true, ..broken("*/cancel", Break::Reset) };
        faults.requests = vec![lost];
    });
    let error = stage.client.request(Method::POST, &path).send().await.unwrap_err();
    assert!(!error.is_timeout(), "{error:?}");
    assert!(stage.github.run(id).now().unwrap().is_completed());
    assert_eq!(stage.client.post_nothing(&path).await.status, 409);
}

#[tokio::test]
async fn an_answer_can_be_late_or_never_come() {
    let stage = stage("request-late").await;
    stage.github.faults(|faults| {
        let late = RequestFault { delay_ms: 30_000, ..RequestFault::default() };
        faults.requests = vec![late, broken("", Break::Hang)];
    });
    for _ in 0..2 {
        let request = stage.client.request(Method::GET, "/user").timeout(Duration::from_millis(200));
        assert!(request.send().await.unwrap_err().is_timeout());
    }
    assert_eq!(stage.client.get("/user").await.status, 200);
}

#[tokio::test]
async fn github_can_be_down() {
    let stage = stage("outage").await;
    stage.github.faults(|faults| faults.outage = Some(503));
    let down = stage.client.get(REPO).await;
    assert_eq!((down.status, down.header("content-type")), (503, "text/html; charset=utf-8"));
    stage.github.faults(|faults| faults.outage = None);
    assert_eq!(stage.client.get(REPO).await.status, 200);
}

#[tokio::test]
async fn a_fault_lasts_as_long_as_it_says() {
    let stage = stage("request-always").await;
    stage.github.faults(|faults| {
        let gone = Break::Status { status: 502, headers: [].into(), body: json!(null) };
        faults.requests = vec![RequestFault { times: Times::Always, ..broken("/user", gone) }];
    });
    for _ in 0..3 {
        assert_eq!(answer(stage.client.request(Method::GET, "/user")).await.status, 502);
    }
}
