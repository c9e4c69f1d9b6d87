//! Scripts that speak through the bot, and addresses that are told of what happens.

use std::process::Command;

use crate::{
    receiver::{Received, Receiver},
    world::{Given, HOST, World},
};

const TOKEN: &str = "a token of stories, with characters enough for one";
const SECRET: &str = "whsec_c2lnbmFsYm94LXNlY3JldC1vZi1zdG9yaWVzLTMy";

/// What a pipeline's notification script does: one `curl`. Its answer, with the status at the end.
async fn curl(w: &World, body: &str, more: &[&str]) -> String {
    let url = format!("{}/v1/events", w.url().await);
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--write-out", " %{http_code}", "--max-time", "20"]);
    command.args(["--header", &format!("Authorization: Bearer {TOKEN}"), "--json", body]).args(more).arg(url);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().expect("curl is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn spoken(environments: &'static str) -> Given {
    Given { environments, secrets: &[("UAT_EVENTS_TOKEN", TOKEN), ("PAGER_SECRET", SECRET)], ..Given::default() }
}

const SCRIPTS: &str = "
[[environment]]
name = \"prod\"
workflow = \"13-prod-deployment.yml\"
ref = \"main\"
deploy_roles = [\"engineer\"]
events_token = \"UAT_EVENTS_TOKEN\"
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_speaks_through_the_bot_with_one_curl() {
    World::given(spoken(SCRIPTS), async |w| {
        let line = r#"{"environment":"prod","title":"Backup of @everyone","severity":"info",
            "text":"312 tenants\n4.1 GB <@&201>","link":"https://ci.example.com/5"}"#;
        assert_eq!(
            curl(w, line, &["--header", "Idempotency-Key: run-5"]).await,
            r#"{"id":"run-5","status":"accepted"} 202"#
        );
        assert_eq!(
            curl(w, line, &["--header", "Idempotency-Key: run-5"]).await,
            r#"{"id":"run-5","status":"duplicate"} 202"#
        );
        let said = w.discord.expect_message("releases", "the line", |m| m.text().contains("A script of `prod`")).await;
        assert!(said.text().contains("312 tenants\n4.1 GB"), "{}", said.text());

        let alert = |state: &str| {
            format!(
                r#"{{"environment":"prod","title":"Backup failed","severity":"critical","text":"pg_dump: no route",
                "key":"backup"{state}}}"#
            )
        };
        assert!(curl(w, &alert(""), &[]).await.ends_with("202"));
        let text = w.alert("Backup failed").await.text();
        assert!(text.contains("🔴 Critical · prod") && text.contains("event:prod:backup"), "{text}");
        assert!(text.contains("no route") && text.contains("`\"state\":\"resolved\"`"), "{text}");
        assert!(curl(w, &alert(r#","state":"firing""#), &[]).await.ends_with("202"));
        assert!(w.asks("erin", "/alerts ack 1").await.text().contains("You look after alert 1"));
        w.alert("@erin looks after it").await;
        let resolved = r#"{"environment":"prod","key":"backup","state":"resolved"}"#;
        assert!(curl(w, resolved, &[]).await.ends_with("202"));
        w.alert("cleared by itself").await;
        assert!(w.asks("erin", "/alerts list").await.text().contains("No alert is open"));

        let elsewhere = curl(w, &line.replace("prod", "uat"), &[]).await;
        assert!(
            elsewhere.contains("the token is for another environment") && elsewhere.ends_with("403"),
            "{elsewhere}"
        );
        assert!(w.pinged_nobody());
    })
    .await;
}

/// The configuration names an address that is known when the story begins.
fn hooked(receiver: &Receiver) -> Given {
    let text = format!(
        "[[webhook]]\nname = \"pager\"\nurl = \"{}\"\nsecret = \"PAGER_SECRET\"\nkinds = [\"finished\", \"alerts\"]\n",
        receiver.url()
    );
    spoken(text.leak())
}

fn kind(received: &Received) -> String {
    let body: serde_json::Value = serde_json::from_str(&received.body).unwrap();
    body["type"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_leaves_signed_until_it_is_taken() {
    let receiver = Receiver::start(500).await.unwrap();
    World::given(hooked(&receiver), async |w| {
        w.application.deploy(HOST, &"0".repeat(40));
        w.asks("erin", "/deploy uat").await;
        w.the_run().await.complete("success").unwrap();
        w.card(1, "Untrue").await;
        w.thread(1, "Untrue").await;
        let alert = w.alert("truth:uat").await;
        receiver.wait_for("a first attempt", |received| !received.is_empty()).await;
        receiver.answers(302);
        let about_us = w.alert("The webhook `pager` takes no events").await;
        assert!(about_us.text().contains("redirects are not followed"), "{}", about_us.text());
        receiver.answers(200);
        w.alert("cleared by itself").await;
        w.discord.reacts("erin", alert.id, "👀").unwrap();
        w.alert("@erin looks after it").await;
        let taken = |wanted: &'static str, about: &'static str| {
            move |received: &[Received]| {
                received.iter().any(|one| one.status == 200 && kind(one) == wanted && one.body.contains(about))
            }
        };
        for (wanted, about) in [
            ("alert.opened", "truth:uat"),
            ("alert.acknowledged", "\"by\":\"erin\""),
            ("alert.opened", "webhook:pager"),
            ("alert.resolved", "webhook:pager"),
        ] {
            receiver.wait_for(&format!("{wanted} about {about}"), taken(wanted, about)).await;
        }
        let received = receiver.received();
        assert!(received.iter().all(|one| one.path == "/hooks"), "no redirect is followed");
        assert!(received.iter().all(|one| kind(one).starts_with("alert.")), "nothing else is wanted");
        let truth = |one: &&Received| kind(one) == "alert.opened" && one.body.contains("truth:uat");
        let attempts: Vec<&Received> = received.iter().filter(truth).collect();
        let statuses: Vec<u16> = attempts.iter().map(|one| one.status).collect();
        assert!(statuses.first() == Some(&500) && statuses.contains(&302), "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "once taken it is told no more");
        let (first, last) = (attempts[0], attempts[attempts.len() - 1]);
        assert_eq!((&first.headers["webhook-id"], &first.body), (&last.headers["webhook-id"], &last.body));
        verifies(last);
        conform(&received);
    })
    .await;
}

/// The example of the documentation takes what was received, and nothing else.
fn verifies(received: &Received) {
    const DOCS: &str = include_str!("../../docs/api.md");
    let example = DOCS.split("```python\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let run = |body: &str| {
        let call = format!(
            "{example}\nimport json\nverify({SECRET:?}, json.loads({headers:?}), {body:?}.encode(), now=int({at}))",
            headers = serde_json::to_string(&received.headers).unwrap(),
            at = received.headers["webhook-timestamp"],
        );
        Command::new("python3").arg("-c").arg(call).output().unwrap()
    };
    let good = run(&received.body);
    assert!(good.status.success(), "{}", String::from_utf8_lossy(&good.stderr));
    let forged = run(&received.body.replace("critical", "info"));
    assert!(String::from_utf8_lossy(&forged.stderr).contains("ValueError: not from Signalbox"), "{forged:?}");
}

/// The published library takes the signature, and the description fits what was told.
fn conform(received: &[Received]) {
    const CHECK: &str = r##"
import json, sys
from jsonschema import Draft202012Validator
from standardwebhooks.webhooks import Webhook
told, secret, path = json.load(sys.stdin), sys.argv[1], sys.argv[2]
document = json.load(open(path))
validator = Draft202012Validator({**document, "$ref": "#/components/schemas/Told"})
for one in told:
    Webhook(secret).verify(one["body"], one["headers"])
    validator.validate(json.loads(one["body"]))
print(len(told))
"##;
    let python = concat!(env!("CARGO_MANIFEST_DIR"), "/target/api-venv/bin/python");
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");
    let told: Vec<_> =
        received.iter().map(|one| serde_json::json!({"headers": one.headers, "body": one.body})).collect();
    let mut child = Command::new(python)
        .args(["-c", CHECK, SECRET, document])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("scripts/setup api has made target/api-venv");
    serde_json::to_writer(child.stdin.take().unwrap(), &told).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), told.len().to_string());
}
