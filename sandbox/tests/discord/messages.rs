//! Messages, reactions and threads.

use serde_json::json;
use serenity::all::{
    AutoArchiveDuration, ChannelId, CreateAllowedMentions, CreateMessage, CreateThread, EditMessage, EditThread, Event,
    GetMessages, Nonce, ReactionType,
};
use signalbox_sandbox::discord::Id;

use crate::client::{Bot, call, discord, guild, http, unrecorded};

const RELEASES: ChannelId = ChannelId::new(300);

#[tokio::test]
async fn the_same_nonce_gives_the_same_message_for_some_minutes() {
    let discord = discord("nonce").await;
    let http = http(&discord);
    let send = || {
        let message = CreateMessage::new().content("once").nonce(Nonce::String("outbox-1".into())).enforce_nonce(true);
        RELEASES.send_message(&http, message)
    };
    let first = send().await.unwrap();
    assert_eq!(send().await.unwrap().id, first.id);
    assert_eq!(discord.messages("releases").unwrap().len(), 1);
    discord.advance(std::time::Duration::from_secs(3600));
    assert_ne!(send().await.unwrap().id, first.id);
}

#[tokio::test]
async fn reactions_are_told_with_the_member_and_read_page_by_page() {
    let discord = discord("reactions").await;
    let mut bot = Bot::connect(&discord).await;
    let message = RELEASES.send_message(&bot.http, CreateMessage::new().content("Sign?")).await.unwrap();
    let (id, yes) = (Id(message.id.get()), ReactionType::Unicode("✅".into()));
    message.react(&bot.http, yes.clone()).await.unwrap();
    for person in ["rita", "lena"] {
        discord.reacts(person, id, "✅").unwrap();
    }
    let added = bot
        .until(|event| match event {
            Event::ReactionAdd(added) if added.reaction.user_id.unwrap().get() == 504 => Some(added.reaction),
            _ => None,
        })
        .await;
    assert_eq!(added.member.unwrap().roles.len(), 2);

    let page = RELEASES.reaction_users(&bot.http, message.id, yes.clone(), Some(2), None).await.unwrap();
    let rest = RELEASES.reaction_users(&bot.http, message.id, yes.clone(), Some(2), page[1].id).await.unwrap();
    let names: Vec<_> = page.iter().chain(&rest).map(|user| user.name.as_str()).collect();
    assert_eq!(names, ["rita", "lena", "signalbox"]);

    discord.unreacts("rita", id, "✅").unwrap();
    let removed = bot
        .until(|event| match event {
            Event::ReactionRemove(removed) => Some(removed.reaction),
            _ => None,
        })
        .await;
    assert!(removed.member.is_none());
    RELEASES.delete_reaction(&bot.http, message.id, None, yes.clone()).await.unwrap();
    assert_eq!(discord.read(id).unwrap().reactions[0].users, ["lena"]);
    assert_eq!(
        guild(&discord).member(&bot.http, 504).await.unwrap().roles.len(),
        2,
        "roles are read one member at a time"
    );
    discord.member_leaves("lena").unwrap();
    let gone = guild(&discord).member(&bot.http, 504).await.unwrap_err();
    assert!(gone.to_string().contains("Unknown Member"), "{gone}");
}

#[tokio::test]
async fn an_edit_without_closed_mentions_pings_again() {
    let discord = discord("mentions").await;
    let http = http(&discord);
    let closed = || CreateAllowedMentions::new();
    let text = "@everyone <@501> <@&203>";
    let message = CreateMessage::new().content(text).allowed_mentions(closed());
    let mut message = RELEASES.send_message(&http, message).await.unwrap();
    let pings = || discord.message(Id(message.id.get())).unwrap().pings;
    assert!(pings().is_empty());
    message.clone().edit(&http, EditMessage::new().content(text)).await.unwrap();
    // @everyone takes a permission that the bot was not given.
    assert_eq!(pings(), ["@lead", "@erin"]);
    message.edit(&http, EditMessage::new().content(text).allowed_mentions(closed())).await.unwrap();
    assert_eq!(discord.transcript("releases").unwrap(), "signalbox (edited):\n  @everyone @erin @lead\n");
}

#[tokio::test]
async fn a_thread_hangs_on_its_message_and_can_be_closed() {
    let discord = discord("thread").await;
    let http = http(&discord);
    let message = RELEASES.send_message(&http, CreateMessage::new().content("uat")).await.unwrap();
    let started = || CreateThread::new("details").auto_archive_duration(AutoArchiveDuration::OneDay);
    let mut thread = RELEASES.create_thread_from_message(&http, message.id, started()).await.unwrap();
    assert_eq!(thread.id.get(), message.id.get());
    let again = RELEASES.create_thread_from_message(&http, message.id, started()).await.unwrap_err();
    assert!(again.to_string().contains("already been created"), "{again}");
    thread.id.send_message(&http, CreateMessage::new().content("job 1")).await.unwrap();
    thread.edit_thread(&http, EditThread::new().archived(true).locked(true)).await.unwrap();
    assert!(discord.threads()[0].archived && discord.threads()[0].locked);
    thread.id.send_message(&http, CreateMessage::new().content("job 2")).await.unwrap();
    assert!(!discord.threads()[0].archived, "sending opens it again");
    let active = guild(&discord).get_active_threads(&http).await.unwrap();
    assert_eq!(active.threads[0].message_count, Some(2));
    assert_eq!(discord.transcript("details").unwrap(), "signalbox:\n  job 1\nsignalbox:\n  job 2\n");
    let alone =
        RELEASES.create_thread(&http, CreateThread::new("alone").kind(serenity::all::ChannelType::PublicThread));
    assert_eq!(alone.await.unwrap().parent_id, Some(RELEASES));
}

#[tokio::test]
async fn messages_are_listed_newest_first_and_deleted() {
    let discord = discord("list").await;
    let http = http(&discord);
    let mut ids = Vec::new();
    for text in ["a", "b", "c"] {
        ids.push(RELEASES.send_message(&http, CreateMessage::new().content(text)).await.unwrap().id);
    }
    let texts = |page: Vec<serenity::all::Message>| page.into_iter().map(|m| m.content).collect::<Vec<_>>();
    let newest = RELEASES.messages(&http, GetMessages::new().limit(2)).await.unwrap();
    assert_eq!(texts(newest), ["c", "b"]);
    let before = RELEASES.messages(&http, GetMessages::new().before(ids[1])).await.unwrap();
    assert_eq!(texts(before), ["a"]);
    let after = RELEASES.messages(&http, GetMessages::new().after(ids[0])).await.unwrap();
    assert_eq!(texts(after), ["c", "b"]);
    RELEASES.delete_message(&http, ids[0]).await.unwrap();
    let gone = RELEASES.message(&http, ids[0]).await.unwrap_err();
    assert!(gone.to_string().contains("Unknown Message"), "{gone}");
    assert_eq!(RELEASES.message(&http, ids[1]).await.unwrap().content, "b");
}

#[tokio::test]
async fn permissions_are_kept() {
    let discord = discord("permissions").await;
    let write = json!({ "content": "x" });
    let post = || call(&discord, "POST", "/channels/300/messages", Some(&write));
    discord.overrides("releases", "signalbox", 0, 1 << 11).unwrap();
    assert_eq!(post().await.1["code"], 50013);
    discord.overrides("releases", "signalbox", 0, 1 << 10).unwrap();
    assert_eq!(post().await.1["code"], 50001);
    discord.overrides("releases", "signalbox", 0, 0).unwrap();
    assert_eq!(post().await.0, 200);
    discord.overrides("uat", "engineer", 0, 1 << 10).unwrap();
    assert_eq!(discord.says("erin", "uat", "hi").unwrap_err().0, "erin may not do that in #uat");
}

#[tokio::test]
async fn reading_what_is_around_the_bot() {
    let discord = discord("around").await;
    let http = http(&discord);
    assert_eq!(http.get_current_user().await.unwrap().name, "signalbox");
    assert_eq!(http.get_current_application_info().await.unwrap().id.get(), 900);
    assert_eq!(guild(&discord).channels(&http).await.unwrap().len(), 4);
    assert_eq!(guild(&discord).roles(&http).await.unwrap().len(), 5);
    assert_eq!(guild(&discord).to_partial_guild(&http).await.unwrap().name, "Release room");
    assert_eq!(RELEASES.to_channel(&http).await.unwrap().guild().unwrap().name, "releases");
    RELEASES.broadcast_typing(&http).await.unwrap();
    assert!(http.get_bot_gateway().await.unwrap().url.starts_with("ws://127.0.0.1:"));
    assert_eq!(http.get_user(501.into()).await.unwrap().name, "erin");
}

#[tokio::test]
async fn credentials_and_routes_are_checked() {
    let discord = unrecorded().await;
    let url = format!("{}/v10/users/@me", discord.rest_url());
    let answer = reqwest::Client::new().get(url).header("Authorization", "Bot wrong").send().await.unwrap();
    assert_eq!(answer.status(), 401);
    assert_eq!(call(&discord, "GET", "/nowhere", None).await, (404, json!({ "message": "404: Not Found", "code": 0 })));
    assert_eq!(call(&discord, "PUT", "/users/@me", None).await.0, 405);
    assert_eq!(call(&discord, "GET", "/channels/1", None).await.1["code"], 10003);
    assert_eq!(call(&discord, "GET", "/guilds/1", None).await.1["code"], 10004);
}
