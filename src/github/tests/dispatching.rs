//! However the dispatch goes: it is sent once.

use std::time::Duration;

use serde_json::json;
use signalbox_domain::{
    deployment::{Deployment, DispatchOrder, Order, State},
    environment::Environment,
    event::DispatchAnswer,
    gate::{Facts, Fingerprint, evaluate},
    git_ref::{GitRef, RefPattern},
    ids::{ChannelId, EnvironmentName, InteractionId, Person, PersonId, RoleId, RunId},
    permit::permit,
    ports::Forge,
};

use super::{
    SetClock, forge,
    server::{Reply, Server},
    settings, shop,
};
use crate::github::GithubForge;

fn order(inputs: &[(&str, &str)]) -> DispatchOrder {
    order_for("12-uat deployment.yml", "main", inputs)
}

/// The order of a deployment. There is none without one.
pub(super) fn order_for(workflow: &str, git_ref: &str, inputs: &[(&str, &str)]) -> DispatchOrder {
    let role = signalbox_domain::environment::Role { name: "Engineer".into(), id: RoleId(1) };
    let environment = Environment {
        name: EnvironmentName::parse("uat").unwrap(),
        after: None,
        repository: shop(),
        workflow: workflow.into(),
        default_ref: GitRef::parse(git_ref).unwrap(),
        allowed_refs: vec![RefPattern::parse("*").unwrap()],
        inputs: inputs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect(),
        key_input: None,
        github_environment: None,
        migration_job: regex::Regex::new("migrate").unwrap(),
        required_secrets: Vec::new(),
        database: None,
        schemas: Vec::new(),
        images: vec![],
        allowed_schemas: Vec::new(),
        health: Vec::new(),
        migration_pace: signalbox_domain::SignedDuration::from_secs(2),
        stall: signalbox_domain::SignedDuration::from_secs(120),
        lock_wait: signalbox_domain::SignedDuration::from_secs(30),
        damping: Default::default(),
        smoke: vec![],
        smoke_concurrency: 20,
        verify_deadline: signalbox_domain::SignedDuration::from_mins(5),
        slow_after: signalbox_domain::SignedDuration::from_mins(10),
        poll: signalbox_domain::SignedDuration::from_secs(10),
        channel: ChannelId(1),
        deploy_roles: vec![role.clone()],
        sign_roles: Vec::new(),
        gate: signalbox_domain::gate::Gate::default(),
        promotion: None,
    };
    let by = Person { id: PersonId(1), name: "ada".into() };
    let commit = signalbox_domain::ids::CommitSha::parse(&"a".repeat(40)).unwrap();
    let now = "2026-11-23T10:00:00Z".parse().unwrap();
    let request = permit(&environment, by, &[role.id], None).unwrap().at(commit);
    let mut deployment = Deployment::requested(&environment, request, "KEY".into(), None, InteractionId(1), now);
    deployment.state = State::Dispatching { sent: Some(now), not_before: None, tries: 1 };
    let facts = Facts::unlocked(now, Fingerprint::of(&deployment.commit));
    let clearance = evaluate(&deployment, &environment, &facts).clearance.unwrap();
    match deployment.order(&environment, &clearance) {
        Some(Order::Dispatch(order)) => order,
        other => panic!("{other:?} is no dispatch"),
    }
}

const DISPATCH: &str = "POST /repos/acme/shop/actions/workflows/12-uat%20deployment.yml/dispatches";

/// Dispatches against one reply; what arrived must be exactly one request.
async fn once(reply: Reply) -> DispatchAnswer {
    let server = Server::scripted([reply]).await;
    let answer = forge(&server).dispatch(&order(&[("target", "blue")])).await;
    assert_eq!(server.paths(), [DISPATCH]);
    assert_eq!(server.seen()[0].body, json!({"ref": "main", "inputs": {"target": "blue"}, "return_run_details": true}));
    answer
}

fn rejected(status: u16, message: &str) -> DispatchAnswer {
    DispatchAnswer::Rejected { status, message: message.into() }
}

#[tokio::test]
async fn a_clear_answer_is_taken_at_its_word() {
    assert_eq!(
        once(Reply::json(200, json!({"workflow_run_id": 9_007_199_254_740_993_u64, "run_url": "x"}))).await,
        DispatchAnswer::Started { run: RunId(9_007_199_254_740_993) }
    );
    assert_eq!(once(Reply::empty(204)).await, DispatchAnswer::Accepted);
    assert_eq!(once(Reply::json(200, json!({}))).await, DispatchAnswer::Accepted);
    assert_eq!(
        once(Reply::json(422, json!({"message": "Validation Failed", "errors": ["Unexpected inputs: [\"target\"]"]})))
            .await,
        rejected(422, "Validation Failed; Unexpected inputs: [\"target\"]")
    );
    assert_eq!(once(Reply::not_found()).await, rejected(404, "Not Found"));
    assert_eq!(once(Reply::json(401, json!({"message": "Bad credentials"}))).await, rejected(401, "Bad credentials"));
    assert_eq!(
        once(Reply::json(403, json!({"message": "Resource not accessible by integration"}))).await,
        rejected(403, "Resource not accessible by integration")
    );
}

#[tokio::test]
async fn what_the_answer_does_not_say_is_unclear_and_never_sent_again() {
    for reply in [
        Reply::json(502, json!({"message": "Server Error"})),
        Reply::empty(500),
        Reply::empty(503),
        Reply::empty(408),
        Reply::Reset,
        Reply::Close,
        Reply::Truncated("{\"workflow_run_id\": 1".into()),
        Reply::Answer { status: 200, headers: Vec::new(), body: "<html>".into() },
        Reply::Answer { status: 200, headers: Vec::new(), body: "{\"workflow_run_id\": \"one\"}".into() },
    ] {
        let answer = once(reply.clone()).await;
        assert!(matches!(answer, DispatchAnswer::Unclear { .. }), "{reply:?}: {answer:?}");
    }
}

#[tokio::test]
async fn silence_is_unclear_and_the_request_is_not_repeated() {
    let server = Server::scripted([Reply::Hang]).await;
    let mut settings = settings(server.url.clone());
    settings.timeouts.write = Duration::from_millis(300);
    let forge = GithubForge::connect(&settings, SetClock::new()).unwrap();
    let answer = forge.dispatch(&order(&[])).await;
    assert_eq!(answer, DispatchAnswer::Unclear { why: "no answer within 0.3 s".into() });
    assert_eq!(server.paths(), [DISPATCH]);
}

#[tokio::test]
async fn a_redirect_is_a_refusal_and_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let answer = once(Reply::empty(status).with("location", "/repositories/1/dispatches")).await;
        assert!(matches!(answer, DispatchAnswer::Rejected { status: said, .. } if said == status), "{answer:?}");
    }
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", taken.local_addr().unwrap()).parse().unwrap();
    drop(taken);
    let forge = GithubForge::connect(&settings(url), SetClock::new()).unwrap();
    let answer = forge.dispatch(&order(&[])).await;
    assert!(matches!(&answer, DispatchAnswer::NotSent { why } if why.contains("refused")), "{answer:?}");
}

#[tokio::test]
async fn a_server_that_does_not_know_run_details_is_asked_once_more_without() {
    for status in [400, 422] {
        let no = Reply::json(
            status,
            json!({"message": "Invalid request.\n\n\"return_run_details\" is not a permitted key."}),
        );
        let server = Server::scripted([no, Reply::empty(204)]).await;
        assert_eq!(forge(&server).dispatch(&order(&[])).await, DispatchAnswer::Accepted);
        let seen = server.seen();
        assert_eq!(
            seen.iter().map(|seen| &seen.body).collect::<Vec<_>>(),
            [&json!({"ref": "main", "return_run_details": true}), &json!({"ref": "main"}),]
        );
        // They leave a second apart; on a busy machine the first may be late to arrive.
        assert!(seen[1].at.duration_since(seen[0].at) >= Duration::from_millis(500), "writes keep apart");
    }
}

#[tokio::test]
async fn the_second_request_of_that_case_is_not_repeated_either() {
    let no = Reply::json(422, json!({"message": "return_run_details is not permitted"}));
    let server = Server::scripted([no.clone(), no, Reply::empty(204)]).await;
    assert_eq!(forge(&server).dispatch(&order(&[])).await, rejected(422, "return_run_details is not permitted"));
    assert_eq!(server.paths().len(), 2);
}

#[tokio::test]
async fn a_rate_limit_starts_nothing_and_keeps_us_quiet() {
    let limit = json!({"message": "You have exceeded a secondary rate limit. Please wait a few minutes."});
    for reply in [Reply::json(403, limit.clone()), Reply::json(429, limit).with("retry-after", "60")] {
        let server = Server::scripted([reply]).await;
        let clock = SetClock::new();
        let forge = GithubForge::connect(&settings(server.url.clone()), clock.clone()).unwrap();
        let until = "2026-11-23T10:01:00Z".parse().unwrap();
        assert_eq!(forge.dispatch(&order(&[])).await, DispatchAnswer::RateLimited { until });
        assert_eq!(forge.dispatch(&order(&[])).await, DispatchAnswer::RateLimited { until });
        assert!(forge.refs(&shop()).await.is_err());
        assert_eq!(server.paths(), [DISPATCH], "nothing was sent before the time");
        clock.advance(signalbox_domain::SignedDuration::from_secs(61));
        assert!(matches!(forge.dispatch(&order(&[])).await, DispatchAnswer::Unclear { .. }));
        assert_eq!(server.paths().len(), 2);
    }
}

#[tokio::test]
async fn a_dispatch_never_rides_on_a_kept_connection() {
    let server = Server::start(|seen| match seen.method.as_str() {
        "GET" => Reply::json(200, json!([])),
        _ => Reply::json(200, json!({"workflow_run_id": 1})),
    })
    .await;
    let forge = forge(&server);
    forge.refs(&shop()).await.unwrap();
    for _ in 0..2 {
        assert_eq!(forge.dispatch(&order(&[])).await, DispatchAnswer::Started { run: RunId(1) });
    }
    let connections = server.seen().iter().map(|seen| seen.connection).collect::<Vec<_>>();
    assert_eq!(connections, [0, 0, 1, 2], "two reads share a connection, each dispatch has its own");
}
