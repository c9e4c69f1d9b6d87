//! Rate limits that are kept and faults that are asked for.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use serenity::all::{ChannelId, CreateMessage};
use signalbox_sandbox::discord::{Failure, Fault};

use crate::client::{call, discord, http, unrecorded};

const RELEASES: ChannelId = ChannelId::new(300);

#[tokio::test]
async fn the_client_waits_out_an_injected_rate_limit() {
    let discord = discord("limited").await;
    let limited = Failure::RateLimited { retry_after: 0.2, global: false };
    discord.fails(Fault::new("/channels/300/messages", limited).on(Method::POST).times(2));
    let message = CreateMessage::new().content("patience");
    RELEASES.send_message(http(&discord), message).await.unwrap();
    assert!(discord.faults().is_empty());
    assert_eq!(discord.messages("releases").unwrap().len(), 1);
}

#[tokio::test]
async fn the_sixth_message_at_once_is_refused_with_its_waiting_time() {
    let discord = discord("bucket").await;
    let body = json!({ "content": "x" });
    for _ in 0..5 {
        assert_eq!(call(&discord, "POST", "/channels/300/messages", Some(&body)).await.0, 200);
    }
    let (status, answer) = call(&discord, "POST", "/channels/300/messages", Some(&body)).await;
    assert_eq!(status, 429);
    assert!(answer["retry_after"].as_f64().unwrap() > 0.0);
    assert_eq!(answer["global"], false);
    assert_eq!(call(&discord, "POST", "/channels/301/messages", Some(&body)).await.0, 200);
}

#[tokio::test]
async fn an_answer_can_be_lost_although_the_message_was_posted() {
    let discord = discord("lost").await;
    let send = |text: &'static str| {
        let client = reqwest::Client::builder().timeout(Duration::from_millis(300)).build().unwrap();
        client
            .post(format!("{}/v10/channels/300/messages", discord.rest_url()))
            .header("Authorization", format!("Bot {}", discord.token()))
            .json(&json!({ "content": text }))
            .send()
    };
    discord.fails(Fault::new("/messages", Failure::Status(502)).though_carried_out());
    assert_eq!(send("a").await.unwrap().status(), 502);
    discord.fails(Fault::new("/messages", Failure::Reset).though_carried_out());
    assert!(!send("b").await.unwrap_err().is_timeout());
    discord.fails(Fault::new("/messages", Failure::Silence).though_carried_out());
    assert!(send("c").await.unwrap_err().is_timeout());
    discord.fails(Fault::new("/messages", Failure::TruncatedJson));
    assert!(send("d").await.unwrap().json::<serde_json::Value>().await.is_err());
    let said: Vec<_> = discord.messages("releases").unwrap().into_iter().map(|m| m.content).collect();
    assert_eq!(said, ["a", "b", "c"]);
}

#[tokio::test]
async fn every_answer_carries_its_bucket() {
    let discord = unrecorded().await;
    let answer = reqwest::Client::new()
        .get(format!("{}/v10/channels/300", discord.rest_url()))
        .header("Authorization", format!("Bot {}", discord.token()))
        .send()
        .await
        .unwrap();
    for name in ["limit", "remaining", "reset", "reset-after", "bucket"] {
        assert!(answer.headers().contains_key(format!("x-ratelimit-{name}")), "{name}");
    }
}
