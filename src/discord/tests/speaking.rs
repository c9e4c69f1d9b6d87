//! Cards, threads and answers out; and the settings under which that works.

use std::time::Duration;

use signalbox_domain::{
    card::Card,
    gate::Reaction,
    ids::{MessageId, MessageRef, RoleId},
    ports::ChatError,
};
use signalbox_sandbox::discord::{DiscordOptions, Failure, Fault, Id};

use super::{Link, LinkError, RELEASES, World, card, config_for};

/// What the test card offers.
const SIGN_OFF: &str = "✅";

#[tokio::test]
async fn the_same_nonce_posts_one_card_that_pings_nobody() {
    let world = World::silent().await;
    world.fails(Fault::new("/messages", Failure::Reset).though_carried_out());
    let lost = world.link.chat().post(RELEASES, &card(), "card-42-0").await;
    assert!(matches!(lost, Err(ChatError::Unavailable(_))), "{lost:?}");
    let at = world.posts().await;
    let messages = world.discord.messages("releases").unwrap();
    assert_eq!(messages.iter().map(|message| message.id).collect::<Vec<_>>(), [Id(at.message.0)]);
    let card = &messages[0];
    assert_eq!(card.pings, Vec::<String>::new());
    assert_eq!(card.buttons[0].custom_id.as_deref(), Some("cancel:42"));
    assert_eq!(card.reactions[0].emoji, SIGN_OFF);
}

#[tokio::test]
async fn an_edited_card_pings_nobody_and_loses_the_buttons_it_no_longer_has() {
    let world = World::silent().await;
    let at = world.posts().await;
    let ended = Card { text: "✅ **Verified** for @everyone".into(), buttons: vec![], ..card() };
    world.link.chat().edit(at, &ended).await.unwrap();
    let shown = world.message(at);
    assert!(shown.edited && shown.plain.contains("Verified"), "{}", shown.plain);
    assert!(shown.buttons.is_empty());
    assert_eq!(shown.pings, Vec::<String>::new());
}

#[tokio::test]
async fn a_deleted_card_is_gone() {
    let world = World::silent().await;
    let (chat, at) = (world.link.chat(), world.posts().await);
    world.discord.deletes(Id(at.message.0)).unwrap();
    assert!(matches!(chat.edit(at, &card()).await, Err(ChatError::Gone(_))));
    assert!(matches!(chat.reactions(at).await, Err(ChatError::Gone(_))));
    assert!(matches!(chat.open_thread(at, "t").await, Err(ChatError::Gone(_))));
}

#[tokio::test]
async fn a_thread_is_opened_once_and_a_line_said_once() {
    let world = World::silent().await;
    let (chat, at) = (world.link.chat(), world.posts().await);
    let thread = chat.open_thread(at, &"long name ".repeat(20)).await.unwrap();
    assert_eq!(chat.open_thread(at, "again").await.unwrap(), thread);
    assert_eq!(world.discord.threads().len(), 1);
    for _ in 0..2 {
        chat.say(thread, "✅ test for @everyone", "tell-1").await.unwrap();
    }
    let thread = world.discord.threads().remove(0);
    let said: Vec<_> = thread.messages.iter().filter(|message| message.from_bot).collect();
    assert_eq!(said.iter().filter(|message| message.content == "✅ test for @everyone").count(), 1);
    assert!(said.iter().all(|message| message.pings.is_empty()));
}

#[tokio::test]
async fn reactions_come_without_our_own_and_roles_as_they_are_now() {
    let world = World::silent().await;
    let (chat, at) = (world.link.chat(), world.posts().await);
    assert_eq!(chat.reactions(at).await.unwrap(), [], "the one that is offered is our own");
    for user in ["rita", "vera"] {
        world.discord.reacts(user, Id(at.message.0), SIGN_OFF).unwrap();
    }
    world.discord.reacts("edgar", Id(at.message.0), "👍🏽").unwrap();
    let read = async || {
        let reactions = chat.reactions(at).await.unwrap();
        let roles = chat.roles(&reactions.iter().map(|reaction| reaction.by.id).collect::<Vec<_>>()).await.unwrap();
        let say = |reaction: Reaction| {
            let held = roles[&reaction.by.id].as_ref();
            let held = held.map(|held| held.iter().map(ToString::to_string).collect::<Vec<_>>().join(","));
            format!("{} {} {}", reaction.by.name, reaction.emoji, held.as_deref().unwrap_or("left"))
        };
        reactions.into_iter().map(say).collect::<Vec<_>>()
    };
    assert_eq!(read().await, ["rita ✅ 202", "vera ✅ ", "edgar 👍🏽 201"]);
    world.discord.take_role("rita", "reviewer").unwrap();
    world.discord.member_leaves("vera").unwrap();
    world.discord.unreacts("edgar", Id(at.message.0), "👍🏽").unwrap();
    assert_eq!(read().await, ["rita ✅ ", "vera ✅ left"]);
}

#[tokio::test]
async fn every_page_of_reactions_is_read() {
    let world = World::with(DiscordOptions { rate_limits: false, ..Default::default() }).await;
    let (chat, at) = (world.link.chat(), world.posts().await);
    for n in 0..120 {
        let name = format!("person{n}");
        world.discord.member_joins(&name, &["reviewer"]).unwrap();
        world.discord.reacts(&name, Id(at.message.0), SIGN_OFF).unwrap();
    }
    let reactions = chat.reactions(at).await.unwrap();
    assert_eq!(reactions.len(), 120);
    let roles = chat.roles(&reactions.iter().map(|reaction| reaction.by.id).collect::<Vec<_>>()).await.unwrap();
    assert!(roles.len() == 120 && roles.values().all(|held| held.as_deref() == Some(&[RoleId(202)])));
}

#[tokio::test]
async fn a_faulty_discord_is_told_from_one_that_refuses() {
    let world = World::silent().await;
    let chat = world.link.chat();
    for failure in [Failure::Status(503), Failure::Reset, Failure::TruncatedJson] {
        world.fails(Fault::new("/messages", failure));
        let failed = chat.post(RELEASES, &card(), "n").await;
        assert!(matches!(failed, Err(ChatError::Unavailable(_))), "{failure:?}: {failed:?}");
    }
    let nowhere = MessageRef { channel: RELEASES, message: MessageId(1) };
    assert!(matches!(chat.edit(nowhere, &card()).await, Err(ChatError::Gone(_))));
    world.discord.overrides("releases", "signalbox", 0, 1 << 11).unwrap();
    let refused = chat.post(RELEASES, &card(), "m").await;
    assert!(matches!(refused, Err(ChatError::Forbidden(_))), "{refused:?}");
}

#[tokio::test]
async fn an_interaction_of_an_earlier_process_can_still_be_answered_for_fifteen_minutes() {
    let mut world = World::listening().await;
    let closed = world.desk.deploying.acquire().await.unwrap();
    let typed = world.discord.types("erin", "releases", "/deploy uat").unwrap();
    typed.acknowledged().await;
    let token = world.desk.token();
    world.running.take().unwrap().task.abort();
    let config = config_for(&world.discord, &world.folder.path().join("ca.pem"), &world.discord.token());
    let chat = Link::new(&config.discord).unwrap().chat();
    chat.answer(&token, "🔁 Signalbox was restarted.").await.unwrap();
    assert_eq!(typed.reply().await.message.content, "🔁 Signalbox was restarted.");
    world.discord.advance(Duration::from_secs(16 * 60));
    let late = chat.answer(&token, "too late").await;
    assert!(matches!(&late, Err(ChatError::Gone(text)) if !text.contains(&token)), "{late:?}");
    drop(closed);
}

#[tokio::test]
async fn a_token_that_discord_does_not_accept_is_named() {
    let world = World::silent().await;
    let ca_file = world.folder.path().join("ca.pem");
    let config = config_for(&world.discord, &ca_file, "OTAw.wrong.token");
    let link = Link::new(&config.discord).unwrap();
    let refused = link.run(world.desk.clone(), Default::default()).await.unwrap_err();
    assert!(matches!(refused, LinkError::Token) && refused.to_string().contains("DISCORD_TOKEN"), "{refused}");
    let config = config_for(&world.discord, &ca_file, "two words");
    assert!(matches!(Link::new(&config.discord), Err(LinkError::Token)));
}

#[tokio::test]
async fn certificates_that_cannot_be_read_are_named() {
    let world = World::silent().await;
    let empty = world.folder.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    for path in [empty, world.folder.path().join("absent.pem")] {
        let mut settings = config_for(&world.discord, &world.folder.path().join("ca.pem"), "t.o.k").discord;
        settings.ca_file = Some(path.clone());
        let refused = Link::new(&settings).unwrap_err().to_string();
        assert!(refused.contains(&path.display().to_string()) && refused.contains("ca_file"), "{refused}");
    }
}

#[tokio::test]
async fn a_discord_out_of_reach_is_waited_for() {
    let mut world = World::silent().await;
    world.fails(Fault::new("/gateway/bot", Failure::Status(503)));
    world.listen();
    world.discord.gateway().ready(1).await;
    world.stop().await.unwrap();
    world.fails(Fault::new("/gateway/bot", Failure::Status(503)).times(u32::MAX));
    world.listen();
    world.stop().await.unwrap();
}
