//! The GitHub App: signed JWTs, installation tokens scoped down, its deliveries.

use axum::http::StatusCode;
use jiff::SignedDuration;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use signalbox_sandbox::github::{Times, WebhookBreak, WebhookFault};

use crate::client::{PATIENCE, REPO, Receiver, Stage, UAT, stage};

const KEY: &str = include_str!("app-key.pem");
const PUBLIC_KEY: &str = include_str!("app-key.pub.pem");

fn jwt(stage: &Stage, issuer: &Value, life: i64) -> String {
    let now = stage.github.read(|state| state.now().as_second());
    let claims = json!({ "iat": now - 60, "exp": now + life, "iss": issuer });
    let key = EncodingKey::from_rsa_pem(KEY.as_bytes()).unwrap();
    jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &key).unwrap()
}

async fn with_app(test: &str) -> Stage {
    let stage = stage(test).await;
    stage.github.with(|state| state.app.as_mut().unwrap().public_key = Some(PUBLIC_KEY.to_owned()));
    stage
}

#[tokio::test]
async fn the_app_is_known_by_its_signature() {
    let stage = with_app("app-jwt").await;
    let app = stage.client.with_token(&jwt(&stage, &json!("4242"), 540));
    assert_eq!(app.read("/app").await["slug"], "signalbox");
    let installation = app.read(&format!("{REPO}/installation")).await;
    assert_eq!(installation["id"], 777);
    assert_eq!(app.read("/app/installations").await[0]["id"], 777);
    app.read("/app/installations/777").await;
    let long = stage.client.with_token(&jwt(&stage, &json!(4242), 900)).get("/app").await;
    assert_eq!(long.message(), "'Expiration time' claim ('exp') is too far in the future");
    let late = stage.client.with_token(&jwt(&stage, &json!(4242), -5)).get("/app").await;
    assert_eq!(late.status, 401);
    let forged = jwt(&stage, &json!(4242), 540);
    let (signed, _) = forged.rsplit_once('.').unwrap();
    let forged = stage.client.with_token(&format!("{signed}.{}", "A".repeat(342))).get("/app").await;
    assert_eq!((forged.status, forged.message().as_str()), (401, "A JSON web token could not be decoded"));
    assert_eq!(stage.client.get("/app").await.status, 401);
}

#[tokio::test]
async fn an_installation_token_can_do_what_it_was_given_until_it_expires() {
    let stage = with_app("app-tokens").await;
    let app = stage.client.with_token(&jwt(&stage, &json!(4242), 540));
    let address = "/app/installations/777/access_tokens";
    let body = json!({ "repositories": ["shop"], "permissions": { "actions": "read" } });
    let made = app.post(address, &body).await;
    assert_eq!(made.status, 201);
    assert_eq!(made.json()["permissions"], json!({ "actions": "read" }));
    let reader = stage.client.with_token(made.json()["token"].as_str().unwrap());
    reader.read(&format!("{REPO}/actions/workflows")).await;
    assert_eq!(reader.read("/installation/repositories").await["total_count"], 1);
    let dispatches = format!("{REPO}/actions/workflows/{UAT}/dispatches");
    let refused = reader.post(&dispatches, &json!({ "ref": "uat" })).await;
    assert_eq!((refused.status, refused.message().as_str()), (403, "Resource not accessible by integration"));
    let all = app.post_nothing(address).await.json();
    let writer = stage.client.with_token(all["token"].as_str().unwrap());
    assert_eq!(writer.post(&dispatches, &json!({ "ref": "uat" })).await.status, 204);
    assert_eq!(stage.github.runs()[0].actor, "signalbox[bot]");
    let much = app.post(address, &json!({ "permissions": { "administration": "write" } })).await;
    assert_eq!(much.status, 422);
    let elsewhere = app.post(address, &json!({ "repositories": ["other"] })).await;
    assert_eq!(elsewhere.status, 422);
    stage.github.with(|state| state.clock_offset = SignedDuration::from_mins(61));
    assert_eq!(reader.get(&format!("{REPO}/actions/workflows")).await.status, 401);
}

#[tokio::test]
async fn the_app_opens_its_own_gate() {
    let stage = with_app("app-gate").await;
    stage.github.with(|state| {
        let repo = state.repository_mut("acme/shop").unwrap();
        repo.environment_mut("uat2-backend").unwrap().custom_rule = true;
    });
    stage.hold();
    let id = stage.dispatch(UAT, "uat").await;
    stage.github.run(id).queue_job("migrate").unwrap();
    let app = stage.client.with_token(&jwt(&stage, &json!(4242), 540));
    let token = app.post_nothing("/app/installations/777/access_tokens").await.json();
    let bot = stage.client.with_token(token["token"].as_str().unwrap());
    let address = format!("{REPO}/actions/runs/{id}/deployment_protection_rule");
    let report = json!({ "environment_name": "uat2-backend", "comment": "checking" });
    assert_eq!(bot.post(&address, &report).await.status, 204);
    assert_eq!(stage.github.run(id).now().unwrap().latest().status, "waiting");
    let verdict = json!({ "environment_name": "uat2-backend", "state": "rejected", "comment": "no" });
    assert_eq!(bot.post(&address, &verdict).await.status, 204);
    assert_eq!(stage.completed(id).await.latest().conclusion.as_deref(), Some("failure"));
    assert_eq!(bot.post(&address, &verdict).await.status, 404);
}

#[tokio::test]
async fn failed_deliveries_can_be_found_and_repeated() {
    let stage = with_app("app-deliveries").await;
    stage.hold();
    let mut receiver = Receiver::answering(StatusCode::ACCEPTED).await;
    stage.github.add_webhook(&receiver.url, "secret", true);
    assert_eq!(receiver.next().await.what(), "ping");
    let lost = WebhookFault { event: String::new(), times: Times::Always, what: WebhookBreak::Lost };
    stage.github.faults(|faults| faults.webhooks = vec![lost]);
    let id = stage.dispatch(UAT, "uat").await;
    stage.github.run(id).complete("success").unwrap();
    let three = |state: &signalbox_sandbox::github::State| (state.deliveries.len() == 3).then_some(());
    stage.github.wait_for(PATIENCE, three).await.unwrap();
    let app = stage.client.with_token(&jwt(&stage, &json!(4242), 540));
    assert_eq!(app.read("/app/hook/config").await["url"], receiver.url.as_str());
    let page = app.get("/app/hook/deliveries?status=failure&per_page=1").await;
    assert_eq!(page.json()[0]["action"], "completed");
    let link = page.header("link");
    let next = link.split_once('?').unwrap().1.split_once('>').unwrap().0;
    let failed = app.read(&format!("/app/hook/deliveries?{next}")).await;
    assert_eq!(failed[0]["action"], "requested");
    let address = format!("/app/hook/deliveries/{}", failed[0]["id"]);
    assert_eq!(app.read(&address).await["request"]["payload"]["action"], "requested");
    assert_eq!(app.post_nothing(&format!("{address}/attempts")).await.status, 202);
    let again = receiver.next().await;
    assert_eq!(again.header("x-github-delivery"), failed[0]["guid"].as_str().unwrap());
}
