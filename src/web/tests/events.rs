//! Who may speak through us, how often, and what becomes of it.

use std::collections::BTreeMap;

use signalbox_domain::{ids::EnvironmentName, notice::Recipient};

use super::{gates::line, *};
use crate::web::Events;

pub(super) const TOKEN: &str = "a token of uat with characters enough for tests";
const OTHER: &str = "a token of site, with other characters in it";

/// Tokens for two environments, each so often in a minute.
pub(super) fn holders(per_minute: u32) -> Events {
    let token = |name: &str, token: &str| (EnvironmentName::parse(name).unwrap(), SecretString::from(token));
    let tokens = BTreeMap::from([token("uat", TOKEN), token("site", OTHER)]);
    Events::new(Arc::new(line()), &tokens, per_minute)
}

const LINE: &str = r#"{"environment":"uat","title":"Backup","severity":"info","text":"done"}"#;

impl Service {
    fn event(&self, token: &str, body: impl Into<Vec<u8>>) -> RequestBuilder {
        Client::new()
            .post(format!("http://{}/v1/events", self.address))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .body(body.into())
    }
}

async fn refused(request: RequestBuilder) -> (u16, String) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, response.json::<Value>().await.unwrap()["error"].as_str().unwrap_or("-").to_owned())
}

#[tokio::test]
async fn an_event_is_recorded_and_wakes_the_worker() {
    let service = Service::start(Memory::default()).await;
    assert_eq!(said(service.event(TOKEN, LINE)).await, (StatusCode::ACCEPTED, "accepted".into()));
    service.wake.notified().await;
    let Effect::Deliver { to: Recipient::Channel(channel), text, .. } = &service.observed()[0] else {
        panic!("a line")
    };
    assert_eq!(channel.0, 1_200_000_000_000_000_001);
    assert!(text.contains("A script of `uat`") && text.contains("**Backup**"), "{text}");
}

#[tokio::test]
async fn what_is_sent_again_with_its_key_is_said_once() {
    let service = Service::start(Memory::default()).await;
    let send = |key: &str, body: &'static str| service.event(TOKEN, body).header("idempotency-key", key);
    assert_eq!(said(send("job-5", LINE)).await.1, "accepted");
    assert_eq!(said(send("job-5", LINE)).await, (StatusCode::ACCEPTED, "duplicate".into()));
    let site = service.event(OTHER, LINE.replace("uat", "site")).header("idempotency-key", "job-5");
    assert_eq!(said(site).await.1, "accepted", "another environment has its own keys");
    assert_eq!(said(service.event(TOKEN, LINE)).await.1, "accepted");
    assert_eq!(said(service.event(TOKEN, LINE)).await.1, "accepted", "without a key nothing is a repetition");
    assert_eq!(service.observed().len(), 4);
    for bad in ["", "two words", &"x".repeat(65)] {
        assert_eq!(refused(send(bad, LINE)).await, (400, "bad_request".into()), "{bad:?}");
    }
}

#[tokio::test]
async fn a_token_opens_its_own_environment_and_no_other() {
    let service = Service::start(Memory::default()).await;
    for (what, token) in
        [("wrong", "wrong"), ("empty", ""), ("cut short", &TOKEN[1..]), ("longer", &format!("{TOKEN}x"))]
    {
        assert_eq!(refused(service.event(token, LINE)).await, (401, "unauthorized".into()), "{what}");
    }
    let bare = Client::new().post(format!("http://{}/v1/events", service.address)).body(LINE);
    assert_eq!(refused(bare).await.0, 401);
    let twice = service.event(TOKEN, LINE).header("authorization", format!("Bearer {TOKEN}"));
    assert_eq!(refused(twice).await.0, 401);
    assert_eq!(refused(service.event(OTHER, LINE)).await, (403, "other_environment".into()));
    let nowhere = LINE.replace("uat", "prod");
    assert_eq!(refused(service.event(TOKEN, nowhere)).await.0, 403, "whether it is there is nobody's business");
    assert_eq!(service.observed(), []);
}

#[tokio::test]
async fn what_is_malformed_or_too_large_is_said_to_be_so() {
    let service = Service::start(Memory::default()).await;
    for (body, why) in [
        ("{", "the JSON of an event"),
        (r#"["uat","Backup","info","done",null,null,null]"#, "it is no object"),
        (r#"{"environment":"uat","colour":"red"}"#, "unknown field `colour`"),
        (r#"{"environment":"uat"}"#, "`title` is missing"),
        (r#"{"environment":"UAT"}"#, "not an environment name"),
    ] {
        let response = service.event(TOKEN, body).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{body}");
        let said = response.text().await.unwrap();
        assert!(said.contains(why), "{body}: {said}");
    }
    let form = service.event(TOKEN, LINE).header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(refused(form).await, (415, "not_json".into()), "two content types are none");
    let large = service.event(TOKEN, vec![b' '; 16 * 1024 + 1]);
    assert_eq!(refused(large).await, (413, "too_large".into()));
    assert_eq!(service.observed(), []);
    let broken = Service::start(Memory { broken: true, ..Memory::default() }).await;
    assert_eq!(refused(broken.event(TOKEN, LINE)).await, (503, "unavailable".into()));
}

#[tokio::test]
async fn who_speaks_too_often_waits_and_others_do_not() {
    let service = Service::start(Memory::default()).await;
    for _ in 0..600 {
        assert_eq!(said(service.event(TOKEN, LINE)).await.1, "accepted");
    }
    let response = service.event(TOKEN, LINE).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(response.headers()["retry-after"], "1");
    assert_eq!(said(service.event(OTHER, LINE.replace("uat", "site"))).await.1, "accepted");
}
