//! Registering commands and running them.

use serde_json::json;
use serenity::all::{
    CommandOptionType, CreateAutocompleteResponse, CreateCommand, CreateCommandOption, CreateInteractionResponse,
    CreateInteractionResponseFollowup, CreateInteractionResponseMessage, EditInteractionResponse, Interaction,
};
use signalbox_sandbox::discord::Discord;

use crate::client::{Bot, call, discord, guild, unrecorded};

pub(crate) fn deploy() -> CreateCommand {
    let text = |name, about| CreateCommandOption::new(CommandOptionType::String, name, about);
    CreateCommand::new("deploy")
        .description("Deploys to an environment")
        .add_option(text("environment", "Where to").required(true).set_autocomplete(true))
        .add_option(text("ref", "What to deploy"))
        .add_option(text("note", "Why").max_length(100))
}

/// A connected bot with `/deploy` registered.
pub(crate) async fn bot_with_deploy(discord: &Discord) -> Bot {
    let bot = Bot::connect(discord).await;
    guild(discord).set_commands(&bot.http, vec![deploy()]).await.unwrap();
    bot
}

#[tokio::test]
async fn a_deferred_reply_is_filled_in_by_the_first_follow_up() {
    let discord = discord("deferred").await;
    let mut bot = bot_with_deploy(&discord).await;
    let handle = discord.types("erin", "releases", "/deploy uat ref:main note:\"hello world\"").unwrap();
    let Interaction::Command(command) = bot.interaction().await else { panic!("not a command") };
    let options: Vec<_> = command.data.options.iter().map(|o| (o.name.as_str(), o.value.as_str().unwrap())).collect();
    assert_eq!(options, [("environment", "uat"), ("ref", "main"), ("note", "hello world")]);
    let roles = &command.member.as_ref().unwrap().roles;
    assert_eq!(roles.iter().map(|role| role.get()).collect::<Vec<_>>(), [201]);

    let hidden = CreateInteractionResponseMessage::new().ephemeral(true);
    command.create_response(&bot.http, CreateInteractionResponse::Defer(hidden)).await.unwrap();
    handle.acknowledged().await;
    assert!(discord.view().channels[0].messages[0].loading);
    let said = CreateInteractionResponseFollowup::new().content("Deploying");
    let first = command.create_followup(&bot.http, said).await.unwrap();
    assert_eq!(first.id, command.get_response(&bot.http).await.unwrap().id);
    let reply = handle.reply().await;
    assert!(reply.ephemeral);
    assert_eq!(reply.text(), "Deploying");

    command.edit_response(&bot.http, EditInteractionResponse::new().content("Deployed")).await.unwrap();
    assert_eq!(discord.unread(), ["#releases (only for erin): Deployed"]);
    assert_eq!(handle.reply().await.text(), "Deployed");
    assert!(discord.unread().is_empty());
    command.delete_response(&bot.http).await.unwrap();
    assert_eq!(discord.transcript("releases").unwrap(), "");
}

#[tokio::test]
async fn a_second_answer_and_a_late_one_are_refused() {
    let discord = discord("late").await;
    let mut bot = bot_with_deploy(&discord).await;
    let answer = || CreateInteractionResponse::Message(CreateInteractionResponseMessage::new().content("Done"));
    discord.types("erin", "releases", "/deploy uat").unwrap();
    let Interaction::Command(command) = bot.interaction().await else { panic!("not a command") };
    command.create_response(&bot.http, answer()).await.unwrap();
    let twice = command.create_response(&bot.http, answer()).await.unwrap_err();
    assert!(twice.to_string().contains("already been acknowledged"), "{twice}");

    discord.types("erin", "releases", "/deploy uat").unwrap();
    let Interaction::Command(late) = bot.interaction().await else { panic!("not a command") };
    discord.advance(std::time::Duration::from_secs(4));
    let refused = late.create_response(&bot.http, answer()).await.unwrap_err();
    assert!(refused.to_string().contains("Unknown interaction"), "{refused}");
    assert!(discord.view().pending[0].failed);

    discord.advance(std::time::Duration::from_secs(15 * 60));
    let expired = command.edit_response(&bot.http, EditInteractionResponse::new().content("x")).await.unwrap_err();
    assert!(expired.to_string().contains("Invalid Webhook Token"), "{expired}");
}

#[tokio::test]
async fn suggestions_come_from_the_bot() {
    let discord = discord("suggestions").await;
    let mut bot = bot_with_deploy(&discord).await;
    let typing = {
        let discord = discord.clone();
        tokio::spawn(async move { discord.autocompletes("erin", "releases", "/deploy u").await })
    };
    let Interaction::Autocomplete(asked) = bot.interaction().await else { panic!("no autocomplete") };
    assert_eq!(asked.data.autocomplete().unwrap().value, "u");
    let choices = CreateAutocompleteResponse::new().add_string_choice("UAT", "uat");
    asked.create_response(&bot.http, CreateInteractionResponse::Autocomplete(choices)).await.unwrap();
    let choices = typing.await.unwrap().unwrap();
    assert_eq!((choices[0].name.as_str(), &choices[0].value), ("UAT", &json!("uat")));
}

#[tokio::test]
async fn registering_again_keeps_ids_and_leaves_no_trace_of_removed_commands() {
    let discord = discord("registering").await;
    let http = crate::client::http(&discord);
    let guild = guild(&discord);
    let help = CreateCommand::new("help").description("Says what can be typed");
    let before = guild.set_commands(&http, vec![deploy(), help]).await.unwrap();
    let after = guild.set_commands(&http, vec![deploy()]).await.unwrap();
    assert_eq!(after.len(), 1);
    assert_eq!((after[0].id, after[0].version), (before[0].id, before[0].version));
    let path = format!("/applications/900/guilds/100/commands/{}", after[0].id);
    let (status, changed) = call(&discord, "PATCH", &path, Some(&json!({ "description": "Else" }))).await;
    assert_eq!((status, &changed["description"]), (200, &json!("Else")));
    assert_ne!(changed["version"], json!(after[0].version));
    assert_eq!(call(&discord, "GET", &path, None).await.1, changed);
    guild.delete_command(&http, after[0].id).await.unwrap();
    assert!(guild.get_commands(&http).await.unwrap().is_empty());
    let fresh = json!({ "name": "deploy", "description": "-" });
    for (path, statuses) in
        [("/applications/900/commands", [201, 200]), ("/applications/900/guilds/100/commands", [201, 200])]
    {
        for expected in statuses {
            assert_eq!(call(&discord, "POST", path, Some(&fresh)).await.0, expected);
        }
    }
    assert_eq!(call(&discord, "PUT", "/applications/900/commands", Some(&json!([]))).await, (200, json!([])));
    let refused = discord.types("erin", "releases", "/help").unwrap_err();
    assert_eq!(refused.0, "there is no command /help here; there is /deploy");
}

#[tokio::test]
async fn commands_from_elsewhere_say_so() {
    let discord = discord("elsewhere").await;
    let mut bot = bot_with_deploy(&discord).await;
    let answer = || CreateInteractionResponse::Message(CreateInteractionResponseMessage::new().content("No"));
    let handle = discord.types_in_dm("erin", "/deploy uat").unwrap();
    let Interaction::Command(dm) = bot.interaction().await else { panic!("not a command") };
    assert!(dm.guild_id.is_none() && dm.member.is_none());
    dm.create_response(&bot.http, answer()).await.unwrap();
    assert!(!handle.reply().await.ephemeral);

    let handle = discord.types_from_other_guild("erin", "/deploy uat").unwrap();
    let Interaction::Command(other) = bot.interaction().await else { panic!("not a command") };
    assert_ne!(other.guild_id.unwrap(), guild(&discord));
    assert!(other.member.as_ref().unwrap().roles.is_empty());
    other.create_response(&bot.http, answer()).await.unwrap();
    assert_eq!(handle.reply().await.text(), "No");
}

#[tokio::test]
async fn a_callback_must_suit_its_interaction() {
    let discord = unrecorded().await;
    let mut bot = bot_with_deploy(&discord).await;
    discord.types("erin", "releases", "/deploy uat").unwrap();
    let Interaction::Command(command) = bot.interaction().await else { panic!("not a command") };
    let path = format!("/interactions/{}/{}/callback", command.id, command.token);
    for kind in [6, 7, 8] {
        let (status, answer) = call(&discord, "POST", &path, Some(&json!({ "type": kind }))).await;
        assert_eq!((status, answer["code"].as_u64()), (400, Some(50035)), "type {kind}: {answer}");
    }
    let path = format!("/interactions/{}/{}/callback?with_response=true", command.id, command.token);
    let (status, answer) = call(&discord, "POST", &path, Some(&json!({ "type": 5 }))).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["interaction"]["response_message_loading"], true);
}

#[tokio::test]
async fn follow_ups_can_be_changed_and_taken_back() {
    let discord = discord("followups").await;
    let mut bot = bot_with_deploy(&discord).await;
    let handle = discord.types("erin", "releases", "/deploy uat").unwrap();
    let Interaction::Command(command) = bot.interaction().await else { panic!("not a command") };
    let answer = CreateInteractionResponseMessage::new().content("Checking");
    command.create_response(&bot.http, CreateInteractionResponse::Message(answer)).await.unwrap();
    assert_eq!(handle.reply().await.text(), "Checking");
    let said = |text: &str| CreateInteractionResponseFollowup::new().content(text).ephemeral(true);
    let more = command.create_followup(&bot.http, said("Only you")).await.unwrap();
    assert!(handle.reply().await.ephemeral);
    command
        .edit_followup(&bot.http, more.id, CreateInteractionResponseFollowup::new().content("Still only you"))
        .await
        .unwrap();
    let transcript = discord.transcript("releases").unwrap();
    assert_eq!(
        transcript,
        "signalbox (to erin's /deploy):\n  Checking\n\
         signalbox (to erin's /deploy) (only erin sees this) (edited):\n  Still only you\n"
    );
    command.delete_followup(&bot.http, more.id).await.unwrap();
    assert_eq!(discord.messages("releases").unwrap().len(), 1);
    let gone = command.get_followup(&bot.http, more.id).await.unwrap_err();
    assert!(gone.to_string().contains("Unknown Message"), "{gone}");
}
