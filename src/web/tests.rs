//! The routes over a real socket.

mod events;
mod gates;
mod openapi;

use std::{
    collections::{BTreeSet, HashSet},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use hmac::{Hmac, Mac};
use reqwest::{Client, RequestBuilder, StatusCode};
use secrecy::SecretString;
use serde_json::{Value, json};
use sha2::Sha256;
use signalbox_domain::{
    Timestamp,
    deployment::Deployment,
    effect::{Due, Effect, Entry},
    environment::Line,
    ids::{InteractionId, RepositoryName, RunId},
    ports::{Asked, Change, Clock, Inbox, Opened, Opening, Query, Store, StoreError},
};
use signalbox_sandbox::github::{Github, Setup};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

use super::{Gates, Issuer, Web, Webhooks, router};
use crate::pulse::Meter;

const SECRET: &str = "It's a Secret to Everybody";

/// Records deliveries in memory, unless it is broken.
#[derive(Default)]
struct Memory {
    broken: bool,
    guids: Mutex<HashSet<String>>,
    effects: Mutex<Vec<Due>>,
}

impl Memory {
    fn check(&self) -> Result<(), StoreError> {
        if self.broken { Err(StoreError::Unavailable("disk full".into())) } else { Ok(()) }
    }
}

#[async_trait]
impl Inbox for Memory {
    async fn asked(&self, _: Vec<Asked>) -> Result<(), StoreError> {
        self.check()
    }
    async fn answered(&self, _: Vec<InteractionId>) -> Result<(), StoreError> {
        self.check()
    }
    async fn unanswered(&self, _: Timestamp) -> Result<Vec<Asked>, StoreError> {
        self.check().map(|()| Vec::new())
    }
    async fn known(&self, guids: &[String]) -> Result<Vec<String>, StoreError> {
        self.check()?;
        let known = self.guids.lock().unwrap();
        Ok(guids.iter().filter(|guid| known.contains(*guid)).cloned().collect())
    }
    async fn delivered(&self, guid: &str, _: Timestamp, effects: Vec<Due>) -> Result<bool, StoreError> {
        self.check()?;
        let new = self.guids.lock().unwrap().insert(guid.to_owned());
        if new {
            self.effects.lock().unwrap().extend(effects);
        }
        Ok(new)
    }
}

#[async_trait]
impl Store for Memory {
    async fn open(&self, opening: Opening) -> Result<Opened, StoreError> {
        self.check().map(|()| Opened::New(opening.deployment))
    }
    async fn find(&self, _: Query) -> Result<Vec<Deployment>, StoreError> {
        self.check().map(|()| Vec::new())
    }
    async fn active(&self) -> Result<Vec<Result<Deployment, StoreError>>, StoreError> {
        self.check().map(|()| Vec::new())
    }
    async fn commit(&self, change: Change) -> Result<Deployment, StoreError> {
        self.check().map(|()| change.deployment)
    }
    async fn note(&self, _: Vec<Entry>) -> Result<(), StoreError> {
        self.check()
    }
    async fn trail(&self, _: u32) -> Result<Vec<Entry>, StoreError> {
        self.check().map(|()| Vec::new())
    }
}

struct Noon;
impl Clock for Noon {
    fn now(&self) -> Timestamp {
        "2026-11-23T12:00:00Z".parse().unwrap()
    }
}

struct Service {
    address: String,
    memory: Arc<Memory>,
    wake: Arc<Notify>,
}

impl Service {
    async fn start(memory: Memory) -> Self {
        let (memory, wake) = (Arc::new(memory), Arc::new(Notify::new()));
        let web = Web {
            inbox: memory.clone(),
            store: memory.clone(),
            clock: Arc::new(Noon),
            pulse: Arc::new(Meter::new(Noon.now())),
            wake: wake.clone(),
            webhooks: Some(webhooks()),
            gates: Gates {
                keeper: Arc::new(gates::Book::default()),
                line: Arc::new(Line::new(vec![]).unwrap()),
                secret: None,
                issuer: Issuer::new("http://127.0.0.1:9".into()).unwrap(),
            },
            events: events::holders(600),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { axum::serve(listener, router(web)).await.unwrap() });
        Self { address, memory, wake }
    }

    fn post(&self, body: impl Into<Vec<u8>>) -> RequestBuilder {
        Client::new().post(format!("http://{}/webhooks/github", self.address)).body(body.into())
    }

    /// A delivery as GitHub sends it.
    fn delivery(&self, guid: &str, event: &str, body: &str) -> RequestBuilder {
        self.post(body)
            .header("content-type", "application/json")
            .header("x-github-event", event)
            .header("x-github-delivery", guid)
            .header("x-hub-signature-256", sign(body))
    }

    fn observed(&self) -> Vec<Effect> {
        self.memory.effects.lock().unwrap().iter().map(|due| due.effect.clone()).collect()
    }
}

fn webhooks() -> Webhooks {
    Webhooks {
        secret: SecretString::from(SECRET),
        repositories: BTreeSet::from([RepositoryName::parse("acme/shop").unwrap()]),
        api_url: "https://api.github.com/".parse().unwrap(),
        answers_rules: true,
    }
}

fn sign(body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

fn run(id: u64) -> String {
    json!({"action": "completed", "repository": {"full_name": "Acme/Shop"}, "workflow_run": {"id": id, "conclusion": "success"}})
        .to_string()
}

fn observe(run: u64) -> Effect {
    Effect::Observe { repository: RepositoryName::parse("acme/shop").unwrap(), run: RunId(run) }
}

async fn said(request: RequestBuilder) -> (StatusCode, String) {
    let response = request.send().await.unwrap();
    let status = response.status();
    let body: Value = response.json().await.unwrap();
    (status, body["status"].as_str().unwrap().to_owned())
}

#[test]
fn the_signature_is_the_one_of_githubs_documentation() {
    assert_eq!(sign("Hello, World!"), "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
}

#[tokio::test]
async fn a_signed_delivery_is_recorded_with_what_it_asks_for_and_wakes_the_worker() {
    let service = Service::start(Memory::default()).await;
    let queued = (StatusCode::ACCEPTED, "queued".to_owned());
    assert_eq!(said(service.delivery("g-1", "workflow_run", &run(5))).await, queued);
    service.wake.notified().await;
    let job = json!({"repository": {"full_name": "acme/shop"}, "workflow_job": {"run_id": 6}}).to_string();
    assert_eq!(said(service.delivery("g-2", "workflow_job", &job)).await, queued);
    assert_eq!(service.observed(), [observe(5), observe(6)]);
    assert!(service.memory.effects.lock().unwrap().iter().all(|due| due.at == Noon.now()));
}

#[tokio::test]
async fn a_run_at_github_is_noticed_by_its_own_deliveries() {
    let service = Service::start(Memory::default()).await;
    let github = Github::start(Setup::default()).await.unwrap();
    github.add_webhook(&format!("http://{}/webhooks/github", service.address), SECRET, false);
    let sha = github.commit("acme/shop", "development", "Fix the cart").unwrap();
    let run = github.push("acme/shop", "development", &sha, "dana")[0];
    service.wake.notified().await;
    assert_eq!(service.observed()[0], observe(run));
    let known = ["ping", "push", "workflow_run", "workflow_job"];
    let refused =
        github.deliveries().into_iter().find(|one| known.contains(&one.event.as_str()) && !one.was_accepted());
    assert!(refused.is_none(), "{refused:?}");
}

#[tokio::test]
async fn a_delivery_that_comes_twice_has_one_effect() {
    let service = Service::start(Memory::default()).await;
    assert_eq!(said(service.delivery("g-1", "workflow_run", &run(5))).await.1, "queued");
    let again = said(service.delivery("g-1", "workflow_run", &run(5))).await;
    assert_eq!(again, (StatusCode::ACCEPTED, "duplicate".into()));
    assert_eq!(service.observed(), [observe(5)]);
}

#[tokio::test]
async fn what_concerns_nobody_is_ignored() {
    let service = Service::start(Memory::default()).await;
    let elsewhere = run(5).replace("Acme/Shop", "acme/other");
    let ignored = (StatusCode::ACCEPTED, "ignored".to_owned());
    assert_eq!(said(service.delivery("g-1", "workflow_run", &elsewhere)).await, ignored);
    assert_eq!(said(service.delivery("g-2", "ping", r#"{"zen": "Keep it logically awesome."}"#)).await, ignored);
    assert_eq!(said(service.delivery("g-3", "star", &run(5))).await, ignored);
    assert_eq!(service.observed(), []);
}

/// A protection rule asks, and wants the answer at this address.
fn rule(callback: &str) -> String {
    json!({"action": "requested", "environment": "uat2-backend", "deployment_callback_url": callback,
        "repository": {"full_name": "Acme/Shop"}, "installation": {"id": 777}})
    .to_string()
}

#[tokio::test]
async fn a_protection_rule_makes_us_look_at_the_run_that_its_callback_names() {
    let service = Service::start(Memory::default()).await;
    let good = rule("https://api.github.com/repos/acme/shop/actions/runs/5/deployment_protection_rule");
    assert_eq!(said(service.delivery("g-1", "deployment_protection_rule", &good)).await.1, "queued");
    assert_eq!(said(service.delivery("g-1", "deployment_protection_rule", &good)).await.1, "duplicate");
    for (n, elsewhere) in [
        "http://api.github.com/repos/acme/shop/actions/runs/6/deployment_protection_rule",
        "https://api.github.com:8443/repos/acme/shop/actions/runs/6/deployment_protection_rule",
        "https://api.github.com.evil.example/repos/acme/shop/actions/runs/6/deployment_protection_rule",
        "https://acme@api.github.com/repos/acme/shop/actions/runs/6/deployment_protection_rule",
        "https://api.github.com/repos/acme/other/actions/runs/6/deployment_protection_rule",
        "https://api.github.com/repos/acme/shop/actions/runs/6/pending_deployments",
        "https://api.github.com/repos/acme/shop/actions/runs/../6/deployment_protection_rule",
        "https://api.github.com/repos/acme/shop/actions/runs/-6/deployment_protection_rule",
        "/repos/acme/shop/actions/runs/6/deployment_protection_rule",
    ]
    .into_iter()
    .enumerate()
    {
        let delivery = service.delivery(&format!("h-{n}"), "deployment_protection_rule", &rule(elsewhere));
        assert_eq!(said(delivery).await.1, "ignored", "{elsewhere}");
    }
    assert_eq!(service.observed(), [observe(5)]);
}

#[tokio::test]
async fn without_the_one_right_signature_nothing_is_believed() {
    let service = Service::start(Memory::default()).await;
    let body = run(5);
    let good = sign(&body);
    let bare =
        || service.post(body.clone()).header("x-github-event", "workflow_run").header("x-github-delivery", "g-1");
    let signed =
        |signature: &str| bare().header("content-type", "application/json").header("x-hub-signature-256", signature);
    let sha1 = bare().header("content-type", "application/json").header("x-hub-signature", "sha1=7571");
    let other_bytes: Value = serde_json::from_str(&body).unwrap();
    let other_bytes = serde_json::to_string_pretty(&other_bytes).unwrap();
    for (what, request) in [
        ("missing", bare()),
        ("sha1 only", sha1),
        ("wrong", signed(&sign("another body"))),
        ("cut short", signed(&good[..good.len() - 2])),
        ("too long", signed(&format!("{good}00"))),
        ("not hexadecimal", signed(&format!("sha256={}", "z".repeat(64)))),
        ("without its prefix", signed(good.trim_start_matches("sha256="))),
        ("twice", signed(&good).header("x-hub-signature-256", &good)),
        ("of the same JSON in other bytes", signed(&sign(&other_bytes))),
    ] {
        assert_eq!(said(request).await.0, StatusCode::UNAUTHORIZED, "{what}");
    }
    assert_eq!(service.observed(), []);
}

#[tokio::test]
async fn what_is_signed_and_malformed_is_said_to_be_so() {
    let service = Service::start(Memory::default()).await;
    let signed = |body: &str| service.post(body).header("x-hub-signature-256", sign(body));
    let json = |body: &str| signed(body).header("content-type", "application/json");
    let named = |body: &str| json(body).header("x-github-event", "workflow_run").header("x-github-delivery", "g-1");
    let body = run(5);
    let form = signed("payload=%7B%7D")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-github-event", "workflow_run")
        .header("x-github-delivery", "g-1");
    for (what, request) in [
        ("a form", form),
        ("no event", json(&body).header("x-github-delivery", "g-1")),
        ("no GUID", json(&body).header("x-github-event", "workflow_run")),
        ("an empty GUID", json(&body).header("x-github-event", "workflow_run").header("x-github-delivery", "")),
        ("no JSON", named("{")),
        ("a list", named("[1]")),
        ("a list of what an object may hold", named("[null, null]")),
        ("no run", named(r#"{"repository": {"full_name": "acme/shop"}, "workflow_run": {"id": null}}"#)),
        ("a negative run", named(r#"{"repository": {"full_name": "acme/shop"}, "workflow_run": {"id": -1}}"#)),
        ("no repository", named(r#"{"workflow_run": {"id": 5}}"#)),
    ] {
        assert_eq!(said(request).await.0, StatusCode::BAD_REQUEST, "{what}");
    }
    assert_eq!(service.observed(), []);
    let deep = format!(r#"{{"x": {}, "workflow_run": {{}}}}"#, "[".repeat(100_000));
    assert_eq!(said(named(&deep)).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_unread_or_at_the_limit() {
    let service = Service::start(Memory::default()).await;
    let head = |length: &str| {
        format!("POST /webhooks/github HTTP/1.1\r\nhost: x\r\nx-hub-signature-256: {}\r\n{length}\r\n\r\n", sign(""))
    };
    let mut declared = TcpStream::connect(&service.address).await.unwrap();
    declared.write_all(head("content-length: 27000000").as_bytes()).await.unwrap();
    assert!(status_line(&mut declared).await.contains("413"), "without a byte of the body");

    let mut chunked = TcpStream::connect(&service.address).await.unwrap();
    chunked.write_all(head("transfer-encoding: chunked").as_bytes()).await.unwrap();
    let (mut reading, mut writing) = chunked.into_split();
    let endless = tokio::spawn(async move {
        let chunk = [b"100000\r\n".as_slice(), &vec![b' '; 0x10_0000], b"\r\n"].concat();
        while writing.write_all(&chunk).await.is_ok() {}
    });
    assert!(status_line(&mut reading).await.contains("413"), "of a body without an end");
    endless.abort();
}

async fn status_line(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut buffer = [0; 64];
    let read = stream.read(&mut buffer).await.unwrap();
    String::from_utf8_lossy(&buffer[..read]).lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_delivery_that_could_not_be_recorded_fails_for_its_sender_to_see() {
    let service = Service::start(Memory { broken: true, ..Memory::default() }).await;
    let answer = said(service.delivery("g-1", "workflow_run", &run(5))).await;
    assert_eq!(answer, (StatusCode::SERVICE_UNAVAILABLE, "refused".into()));
}

#[tokio::test]
async fn the_process_is_up_even_while_its_store_is_not_ready() {
    for (broken, ready) in [(false, StatusCode::OK), (true, StatusCode::SERVICE_UNAVAILABLE)] {
        let service = Service::start(Memory { broken, ..Memory::default() }).await;
        let get = |path: &str| Client::new().get(format!("http://{}{path}", service.address));
        assert_eq!(said(get("/healthz")).await, (StatusCode::OK, "up".into()));
        let (status, said) = said(get("/readyz")).await;
        assert_eq!((status, said.as_str()), (ready, if broken { "not ready" } else { "ready" }));
    }
}
