//! What the page shows, and to whom.

use std::time::Duration;

use futures::StreamExt;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::Stage;
use crate::client::call;

#[tokio::test]
async fn nothing_that_was_said_becomes_markup() {
    let stage = Stage::set().await;
    stage.discord.says("erin", "releases", "<script>alert(1)</script> **bold**").unwrap();
    let embed =
        json!({ "embeds": [{ "title": "<img src=x onerror=y>", "fields": [{ "name": "a\"b", "value": "</dl>" }] }] });
    call(&stage.discord, "POST", "/channels/300/messages", Some(&embed)).await;
    let html = stage.html("/").await;
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt; <strong>bold</strong>"), "{html}");
    for tag in ["<script>alert", "<img src=x", "</dl></dl>"] {
        assert!(!html.contains(tag), "{tag}");
    }
}

#[tokio::test]
async fn the_page_keeps_everything_foreign_out() {
    let stage = Stage::set().await;
    let answer = stage.get("/").await;
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    let html = answer.text().await.unwrap();
    assert!(!html.contains(" style=") && !html.contains(" onclick="));

    let request = Client::new().post(stage.url("/control/discord/says")).header("Origin", "https://elsewhere.test");
    let body = json!({ "as": "erin", "channel": "releases", "line": "hello" });
    let refused = request.json(&body).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let own = Client::new().post(stage.url("/control/discord/says")).header("Origin", stage.url(""));
    assert_eq!(own.json(&body).send().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn a_card_is_shown_with_all_its_parts() {
    let stage = Stage::set().await;
    let card = json!({
        "embeds": [{
            "title": "Deployment D-1 · uat", "url": "https://example.org/run/1", "color": 0x002e_a043,
            "description": "✅ **Verified** by <@503> in <#302>",
            "fields": [{ "name": "Commit", "value": "`abc`", "inline": true }, { "name": "Jobs", "value": "✓ a\n✓ b" }],
            "footer": { "text": "acme/shop" },
        }],
        "components": [{ "type": 1, "components": [
            { "type": 2, "style": 4, "label": "Cancel", "custom_id": "cancel:1" },
            { "type": 2, "style": 5, "label": "Run", "url": "https://example.org/run/1" },
        ] }],
    });
    let (_, message) = call(&stage.discord, "POST", "/channels/300/messages", Some(&card)).await;
    let id = message["id"].as_str().unwrap();
    let path = format!("/channels/300/messages/{id}/threads");
    let (_, thread) = call(&stage.discord, "POST", &path, Some(&json!({ "name": "D-1 details" }))).await;
    let thread = thread["id"].as_str().unwrap();
    stage.discord.says("rita", thread, "looks good").unwrap();
    stage.discord.reacts("rita", id.parse().unwrap(), "✅").unwrap();
    stage.discord.reacts("erin", id.parse().unwrap(), "✅").unwrap();

    let html = stage.html("/?as=erin").await;
    for part in [
        r##"fill="#2ea043""##,
        r#"<a href="https://example.org/run/1" target="_blank" rel="noopener noreferrer">Deployment D-1 · uat</a>"#,
        r#"<span class="mention">@rita</span> in <span class="mention">#uat</span>"#,
        r#"class="field inline""#,
        r#"data-button="cancel:1""#,
        r#"aria-pressed="true" aria-label="✅ by rita, erin""#,
        r#"data-summary="signalbox: Deployment D-1 · uat, ✅ Verified by &lt;@503&gt; in &lt;#302&gt;""#,
        "1 message",
        "looks good",
    ] {
        assert!(html.contains(part), "{part} is not in {html}");
    }
    let html = stage.html(&format!("/?channel={thread}")).await;
    assert!(html.contains("Back to #releases") && html.contains("looks good"), "{html}");
}

#[tokio::test]
async fn an_address_of_nothing_leads_to_something() {
    let stage = Stage::set().await;
    let html = stage.html("/?channel=nowhere&as=%3Cb%3E&environment=mars").await;
    assert!(html.contains(r#"data-me="erin" data-channel="300" data-environment="uat2-backend""#), "{html}");
    assert_eq!(stage.get("/files/1/x.png").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_run_and_its_tenants_are_shown_and_links_lead_to_it() {
    let stage = Stage::set().await;
    stage.fleet.release_next().await.unwrap();
    let html = stage.html("/").await;
    assert!(html.contains(r#"title="Acme: 1 pending""#) && html.contains("No run yet."), "{html}");

    let push = json!({ "branch": "uat", "message": "Add <b>", "pusher": "erin" });
    let (status, pushed) = stage.act("github/push", push).await;
    assert_eq!(status, StatusCode::OK);
    let run = pushed["runs"][0].as_u64().unwrap();
    let over = |state: &signalbox_sandbox::github::State| state.runs.iter().any(|run| run.is_completed()).then_some(());
    stage.github.wait_for(Duration::from_secs(30), over).await.unwrap();

    let html = stage.html("/").await;
    assert!(html.contains(&format!(r#"id="run-{run}" open"#)), "{html}");
    assert!(html.contains("3/3 (100%) standard:globex"), "{html}");
    assert!(html.contains(r#"title="Acme: migrated""#), "{html}");
    assert!(html.contains(&pushed["sha"].as_str().unwrap()[..7]), "{html}");
    let landed = stage.get(&format!("/github/acme/shop/actions/runs/{run}")).await;
    assert_eq!(landed.url().query(), Some("environment=uat2%2Dbackend"));
}

#[tokio::test]
async fn changes_reach_an_open_page() {
    let stage = Stage::set().await;
    let mut stream = stage.get("/live?as=erin").await.bytes_stream();
    let mut text = String::new();
    let mut said = false;
    // First every part comes; what is said then comes by itself.
    while !text.contains("good morning") {
        let bytes = tokio::time::timeout(Duration::from_secs(10), stream.next()).await;
        text += std::str::from_utf8(&bytes.expect("an event").unwrap().unwrap()).unwrap();
        if !said && text.contains("\"part\":\"runs\"") {
            stage.discord.says("rita", "releases", "good morning").unwrap();
            (said, text) = (true, String::new());
        }
    }
    let event = text.lines().find(|line| line.contains("good morning")).unwrap();
    let event: Value = serde_json::from_str(event.trim_start_matches("data: ")).unwrap();
    assert_eq!(event["part"], "messages");
}
