//! Commands, buttons and reactions in.

use serde_json::json;
use signalbox_sandbox::discord::{Failure, Fault, Id};

use super::{World, card};

#[tokio::test]
async fn a_command_is_recorded_then_acknowledged_then_answered() {
    let world = World::listening().await;
    let closed = world.desk.receiving.acquire().await.unwrap();
    let typed = world.discord.types("erin", "releases", "/deploy uat ref:main note:\"for 12\"").unwrap();
    world.desk.wrote("received /deploy uat ref:main note:for 12 from erin").await;
    assert_eq!(typed.acknowledged_within(), None, "acknowledged before it was recorded");
    drop(closed);
    let reply = typed.reply().await;
    assert!(reply.ephemeral);
    insta::assert_snapshot!(reply.message.content, @"
    🚦 Deployment **42** takes `main` at `abababa` to `uat`.
    Its card will appear in <#300>.
    ");
    world.desk.wrote("answered").await;
}

#[tokio::test]
async fn a_slow_command_holds_up_nobody() {
    let world = World::listening().await;
    let closed = world.desk.deploying.acquire().await.unwrap();
    let slow = world.discord.types("erin", "releases", "/deploy uat").unwrap();
    slow.acknowledged().await;
    let quick = world.discord.types("edgar", "releases", "/status").unwrap();
    assert_eq!(quick.reply().await.message.content, "### uat: free");
    drop(closed);
    assert!(slow.reply().await.message.content.contains("Deployment **42**"));
}

#[tokio::test]
async fn a_refusal_is_for_one_person_only_and_says_what_to_do() {
    let world = World::listening().await;
    let reply = world.discord.types("vera", "releases", "/deploy uat").unwrap().reply().await;
    assert!(reply.ephemeral);
    assert!(reply.message.content.contains("role_missing"), "{}", reply.message.content);
    assert!(reply.message.content.contains("**Do this:** `/deploy uat`"), "{}", reply.message.content);
    assert_eq!(reply.message.pings, Vec::<String>::new());
    let reply = world.discord.types("erin", "releases", "/deploy production").unwrap().reply().await;
    assert!(reply.message.content.contains("unknown_environment"), "{}", reply.message.content);
    let help = world.discord.types("vera", "releases", "/help").unwrap().reply().await;
    assert!(help.message.content.contains("deployed by engineer, signed by reviewer"), "{}", help.message.content);
}

#[tokio::test]
async fn a_fault_shows_a_reference_and_nothing_internal() {
    let world = World::listening().await;
    let typed = world.discord.types("erin", "releases", "/deploy uat note:break").unwrap();
    let reply = typed.reply().await;
    assert!(reply.ephemeral);
    let text = reply.message.content;
    assert!(text.contains(&format!("reference `{}`", typed.id())), "{text}");
    assert!(!text.contains("secret internals"), "{text}");
    world.desk.wrote("answered").await;
}

#[tokio::test]
async fn outside_the_guild_nothing_is_done() {
    let world = World::listening().await;
    for typed in [
        world.discord.types_in_dm("erin", "/deploy uat").unwrap(),
        world.discord.types_from_other_guild("erin", "/deploy uat").unwrap(),
    ] {
        let reply = typed.reply().await;
        assert!(reply.ephemeral);
        assert!(reply.message.content.contains("wrong_place"), "{}", reply.message.content);
    }
    assert_eq!(world.desk.log(), Vec::<String>::new());
}

#[tokio::test]
async fn suggestions_show_nothing_to_people_who_may_not_deploy() {
    let world = World::listening().await;
    let suggested = async |user: &str, line: &str| {
        let choices = world.discord.autocompletes(user, "releases", line).await.unwrap();
        choices.into_iter().map(|choice| choice.value.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(suggested("vera", "/deploy u").await, ["uat"]);
    assert_eq!(suggested("erin", "/deploy uat ref:rel").await, ["release/7"]);
    assert_eq!(suggested("vera", "/deploy uat ref:").await, Vec::<String>::new());
    assert_eq!(suggested("erin", "/cancel 4").await, ["42"]);
    assert_eq!(suggested("vera", "/cancel 4").await, Vec::<String>::new());
}

#[tokio::test]
async fn the_button_of_a_card_does_what_the_command_does() {
    let world = World::listening().await;
    let at = world.posts().await;
    let reply = world.discord.clicks("vera", Id(at.message.0), "Cancel").unwrap().reply().await;
    assert!(reply.ephemeral);
    assert!(reply.message.content.contains("role_missing"), "{}", reply.message.content);
    let reply = world.discord.clicks("erin", Id(at.message.0), "Cancel").unwrap().reply().await;
    assert!(reply.ephemeral);
    assert!(reply.message.content.contains("is being stopped"), "{}", reply.message.content);
    world.desk.wrote("received /cancel 42 from erin").await;
    world.desk.wrote("cancel 42 by erin").await;
    assert!(world.message(at).plain.contains(&card().title), "the card was replaced");
}

#[tokio::test]
async fn reactions_and_deletions_are_hints_and_the_bots_own_are_none() {
    let world = World::listening().await;
    let at = world.posts().await;
    let (message, hint) = (Id(at.message.0), format!("changed {}", at.message));
    let hints = || world.desk.log().iter().filter(|line| **line == hint).count();
    world.discord.reacts("rita", message, "✅").unwrap();
    world.desk.wrote(&hint).await;
    assert_eq!(hints(), 1, "the reaction that the bot offers counted as one");
    let other = world.discord.says("rita", "releases", "hello").unwrap();
    world.discord.reacts("rita", other, "✅").unwrap();
    world.desk.wrote(&format!("changed {other}")).await;
    world.discord.unreacts("rita", other, "✅").unwrap();
    world.discord.deletes(other).unwrap();
    world.discord.deletes(message).unwrap();
    while hints() < 2 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_acknowledgement_whose_answer_was_lost_still_leads_to_an_answer() {
    let world = World::listening().await;
    world.fails(Fault::new("/callback", Failure::Reset).though_carried_out());
    let reply = world.discord.types("erin", "releases", "/deploy uat").unwrap().reply().await;
    assert!(reply.message.content.contains("Deployment **42**"), "{}", reply.message.content);
    assert_eq!(world.requests("POST", "/callback"), 2);
}

#[tokio::test]
async fn an_answer_that_was_lost_is_given_again() {
    let world = World::listening().await;
    world.fails(Fault::new("/messages/@original", Failure::Status(502)));
    let reply = world.discord.types("erin", "releases", "/deploy uat").unwrap().reply().await;
    assert!(reply.message.content.contains("Deployment **42**"), "{}", reply.message.content);
    world.desk.wrote("answered").await;
}

#[tokio::test]
async fn too_many_requests_only_delay_an_answer() {
    let world = World::listening().await;
    for global in [false, true] {
        world.fails(Fault::new("/callback", Failure::RateLimited { retry_after: 0.2, global }));
        let reply = world.discord.types("erin", "releases", "/deploy uat").unwrap().reply().await;
        assert!(reply.message.content.contains("Deployment **42**"), "{}", reply.message.content);
    }
}

#[tokio::test]
async fn an_interaction_that_came_too_late_begins_nothing() {
    let world = World::listening().await;
    let closed = world.desk.receiving.acquire().await.unwrap();
    world.discord.types("erin", "releases", "/deploy uat").unwrap();
    world.desk.wrote("received /deploy uat from erin").await;
    world.discord.advance(std::time::Duration::from_secs(4));
    drop(closed);
    world.desk.wrote("answered").await;
    assert_eq!(world.desk.log(), ["received /deploy uat from erin", "answered"]);
}

#[tokio::test]
async fn a_new_session_means_that_events_may_be_lost_and_a_resumed_one_does_not() {
    let mut world = World::listening().await;
    world.discord.gateway().closes(4000);
    world.discord.gateway().ready(2).await;
    world.discord.types("erin", "releases", "/status").unwrap().reply().await;
    assert!(!world.desk.log().iter().any(|line| line.starts_with("lost")));
    world.discord.gateway().invalidates(false);
    world.desk.wrote("lost: Session, after quiet: true").await;
    assert_eq!(*world.link.sessions().borrow(), 2);
    assert_eq!(world.requests("PUT", "/commands"), 1);
    world.stop().await.unwrap();
    assert_eq!(world.discord.gateway().connected(), 0, "nobody listens who has left");
}

#[tokio::test]
async fn commands_are_registered_only_when_they_differ() {
    let mut world = World::listening().await;
    world.stop().await.unwrap();
    assert_eq!(world.requests("PUT", "/commands"), 1);
    let compared = world.requests("GET", "/commands");
    world.listen();
    world.discord.gateway().ready(2).await;
    world.discord.types("erin", "releases", "/status").unwrap().reply().await;
    while world.requests("GET", "/commands") == compared {
        tokio::task::yield_now().await;
    }
    world.stop().await.unwrap();
    assert_eq!(world.requests("PUT", "/commands"), 1);
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_counted() {
    let world = World::listening().await;
    world.discord.gateway().sends_raw("TYPING_START", &json!({"odd": true}));
    world.discord.gateway().sends_raw("MESSAGE_REACTION_ADD", &json!({"odd": true}));
    while world.link.unreadable_events() == 0 {
        tokio::task::yield_now().await;
    }
    world.discord.types("erin", "releases", "/status").unwrap().reply().await;
    assert_eq!(world.link.unreadable_events(), 1);
}

#[tokio::test]
async fn stopping_leaves_the_gateway_and_lets_commands_end() {
    let mut world = World::listening().await;
    let closed = world.desk.deploying.acquire().await.unwrap();
    let typed = world.discord.types("erin", "releases", "/deploy uat").unwrap();
    world.desk.wrote("deploy uat").await;
    world.running.as_ref().unwrap().stop.cancel();
    world.discord.wait_for("the bot has left", |view| (!view.online).then_some(())).await;
    drop(closed);
    assert!(typed.reply().await.message.content.contains("Deployment **42**"));
    world.stop().await.unwrap();
}
