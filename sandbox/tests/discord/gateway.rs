//! Sessions that break and come back.

use serde_json::json;
use serenity::all::{Event, GatewayIntents};
use signalbox_sandbox::discord::Discord;

use crate::client::{Bot, discord};

async fn hears(bot: &mut Bot, discord: &Discord, text: &str) {
    discord.says("erin", "releases", text).unwrap();
    bot.until(|event| match event {
        // Without the privileged intent the bot hears that somebody spoke, not what.
        Event::MessageCreate(created) => {
            assert_eq!(created.message.content, "");
            Some(())
        }
        _ => None,
    })
    .await;
}

#[tokio::test]
async fn a_dropped_connection_resumes_and_loses_nothing() {
    let discord = discord("resume").await;
    let mut bot = Bot::connect(&discord).await;
    discord.gateway().ready(1).await;
    hears(&mut bot, &discord, "before").await;
    discord.gateway().drops_connections();
    discord.says("erin", "releases", "while away").unwrap();
    bot.until(|event| matches!(event, Event::MessageCreate(_)).then_some(())).await;
    bot.until(|event| matches!(event, Event::Resumed(_)).then_some(())).await;
    assert_eq!((discord.gateway().identifies(), discord.gateway().resumes()), (1, 1));
    discord.gateway().asks_to_reconnect();
    discord.gateway().ready(3).await;
    hears(&mut bot, &discord, "after").await;
    assert_eq!(discord.gateway().identifies(), 1);
}

#[tokio::test]
async fn a_forgotten_session_starts_anew() {
    let discord = discord("forgotten").await;
    let mut bot = Bot::connect(&discord).await;
    discord.gateway().refuses_resumes(true);
    discord.gateway().drops_connections();
    discord.says("erin", "releases", "lost").unwrap();
    bot.until(|event| matches!(event, Event::Ready(_)).then_some(())).await;
    assert_eq!((discord.gateway().identifies(), discord.gateway().resumes()), (2, 0));
}

#[tokio::test]
async fn privileged_intents_are_refused() {
    let discord = discord("intents").await;
    let bot = Bot::start(&discord, GatewayIntents::MESSAGE_CONTENT).await;
    discord.wait_for("the gateway turned the bot away", |view| (!view.online).then_some(())).await;
    assert_eq!(discord.gateway().identifies(), 0);
    drop(bot);
}

#[tokio::test]
async fn an_event_outside_the_model_reaches_no_handler_as_itself() {
    let discord = discord("unknown").await;
    let mut bot = Bot::connect(&discord).await;
    discord.gateway().sends_raw("INTERACTION_CREATE", &json!({ "id": "1" }));
    let name = bot
        .until(|event| match event {
            Event::Unknown(unknown) => Some(unknown.kind),
            _ => None,
        })
        .await;
    assert_eq!(name, "INTERACTION_CREATE");
}

#[tokio::test]
async fn a_client_that_says_goodbye_ends_its_session() {
    let discord = discord("goodbye").await;
    let bot = Bot::connect(&discord).await;
    bot.shards.shutdown_all().await;
    discord.wait_for("the bot is offline", |view| (!view.online).then_some(())).await;
    assert_eq!(discord.gateway().connected(), 0);
}

#[tokio::test]
async fn an_invalid_session_that_may_be_resumed_is_resumed() {
    let discord = discord("invalid").await;
    let mut bot = Bot::connect(&discord).await;
    discord.gateway().invalidates(true);
    bot.until(|event| matches!(event, Event::Resumed(_)).then_some(())).await;
    assert_eq!(discord.gateway().identifies(), 1);
    discord.gateway().closes(4000);
    discord.gateway().ready(3).await;
    hears(&mut bot, &discord, "still here").await;
    assert_eq!((discord.gateway().identifies(), discord.gateway().resumes()), (1, 2));
}

#[tokio::test]
async fn only_what_was_asked_for_is_sent() {
    let discord = discord("asked").await;
    let mut bot = Bot::start(&discord, GatewayIntents::GUILDS | GatewayIntents::GUILD_MESSAGE_REACTIONS).await;
    bot.until(|event| matches!(event, Event::Ready(_)).then_some(())).await;
    let message = discord.says("erin", "releases", "hi").unwrap();
    discord.give_role("vera", "engineer").unwrap();
    discord.reacts("rita", message, "✅").unwrap();
    discord.adds_channel("hotfix").unwrap();
    let mut heard = Vec::new();
    while heard.last() != Some(&"channel") {
        let name = bot.until(|event| match event {
            Event::GuildCreate(_) | Event::Resumed(_) => None,
            Event::ReactionAdd(_) => Some("reaction"),
            Event::ChannelCreate(_) => Some("channel"),
            _ => Some("something else"),
        });
        heard.push(name.await);
    }
    heard.sort_unstable();
    assert_eq!(heard, ["channel", "reaction"]);
}
