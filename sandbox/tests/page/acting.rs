//! What a person does on the page and what the bot gets of it.

use reqwest::StatusCode;
use serde_json::json;
use serenity::all::{
    AutocompleteChoice, ButtonStyle, ChannelId, CreateActionRow, CreateAutocompleteResponse, CreateButton,
    CreateInputText, CreateInteractionResponse, CreateInteractionResponseMessage, CreateMessage, CreateModal,
    InputTextStyle, Interaction,
};

use crate::client::{Bot, guild};
use crate::{Stage, deploy};

#[tokio::test]
async fn an_ephemeral_answer_is_shown_to_one_person() {
    let stage = Stage::set().await;
    let mut bot = Bot::connect(&stage.discord).await;
    guild(&stage.discord).create_command(&bot.http, deploy()).await.unwrap();
    let typed = stage.act("discord/types", json!({ "as": "erin", "channel": "releases", "line": "/deploy uat" }));
    let answers = async {
        let Interaction::Command(command) = bot.interaction().await else { panic!("no command came") };
        let message = CreateInteractionResponseMessage::new().content("Not yet").ephemeral(true);
        command.create_response(&bot.http, CreateInteractionResponse::Message(message)).await.unwrap();
    };
    let ((status, answer), ()) = tokio::join!(typed, answers);
    assert_eq!((status, &answer["answered"]), (StatusCode::OK, &json!(true)));

    let html = stage.html("/?as=erin").await;
    assert!(html.contains("Not yet") && html.contains("Only you can see this"), "{html}");
    assert!(html.contains("<strong>erin</strong> used <code>/deploy</code>"), "{html}");
    let html = stage.html("/?as=rita").await;
    assert!(!html.contains("Not yet"), "{html}");
}

#[tokio::test]
async fn commands_are_suggested_and_then_what_the_bot_suggests() {
    let stage = Stage::set().await;
    let mut bot = Bot::connect(&stage.discord).await;
    guild(&stage.discord).create_command(&bot.http, deploy()).await.unwrap();
    let of = |line: &str| format!("/control/discord/suggestions?as=erin&channel=releases&line={line}");

    let commands: serde_json::Value = stage.get(&of("/de")).await.json().await.unwrap();
    let expected = json!([{ "label": "/deploy <environment>", "detail": "Deploy something", "line": "/deploy " }]);
    assert_eq!(commands, expected);
    let none: serde_json::Value = stage.get(&of("hello")).await.json().await.unwrap();
    assert_eq!(none, json!([]));

    let path = of("/deploy%20u");
    let asked = stage.get(&path);
    let answers = async {
        let Interaction::Autocomplete(asking) = bot.interaction().await else { panic!("nobody asked") };
        let choice = AutocompleteChoice::new("UAT (uat2)", "uat");
        let choices = CreateAutocompleteResponse::new().set_choices(vec![choice]);
        asking.create_response(&bot.http, CreateInteractionResponse::Autocomplete(choices)).await.unwrap();
    };
    let (asked, ()) = tokio::join!(asked, answers);
    let choices: serde_json::Value = asked.json().await.unwrap();
    assert_eq!(choices, json!([{ "label": "UAT (uat2)", "detail": "", "line": "/deploy uat " }]));
}

#[tokio::test]
async fn a_form_is_opened_by_a_button_and_sent() {
    let stage = Stage::set().await;
    let mut bot = Bot::connect(&stage.discord).await;
    let button = CreateButton::new("why").label("Why").style(ButtonStyle::Primary);
    let message = CreateMessage::new().content("?").button(button);
    let message = ChannelId::new(300).send_message(&bot.http, message).await.unwrap();
    let click = json!({ "as": "erin", "message": message.id.to_string(), "button": "why" });
    let answers = async {
        let Interaction::Component(click) = bot.interaction().await else { panic!("no click came") };
        let input = CreateInputText::new(InputTextStyle::Short, "Reason", "reason").max_length(20);
        let form = CreateModal::new("reason-form", "Why?").components(vec![CreateActionRow::InputText(input)]);
        click.create_response(&bot.http, CreateInteractionResponse::Modal(form)).await.unwrap();
    };
    let ((_, opened), ()) = tokio::join!(stage.act("discord/clicks", click), answers);
    assert_eq!(opened["form"]["title"], "Why?");

    let form = &opened["interaction"];
    let too_long = json!({ "form": form, "values": { "reason": "x".repeat(21) } });
    let (status, refused) = stage.act("discord/submits", too_long).await;
    assert_eq!(
        (status, &refused["error"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("Reason: 0 to 20 characters, please"))
    );

    let sent = stage.act("discord/submits", json!({ "form": form, "values": { "reason": "hotfix" } }));
    let answers = async {
        let Interaction::Modal(form) = bot.interaction().await else { panic!("no form came") };
        form.create_response(&bot.http, CreateInteractionResponse::Acknowledge).await.unwrap();
        serde_json::to_string(&form.data).unwrap()
    };
    let ((status, _), data) = tokio::join!(sent, answers);
    assert_eq!(status, StatusCode::OK);
    assert!(data.contains("hotfix"), "{data}");
}

#[tokio::test]
async fn reactions_are_put_and_taken_away() {
    let stage = Stage::set().await;
    let message = stage.discord.says("rita", "releases", "ready").unwrap();
    let react = |remove| json!({ "as": "erin", "message": message, "emoji": "👍", "remove": remove });
    assert_eq!(stage.act("discord/reacts", react(false)).await.0, StatusCode::OK);
    assert!(stage.html("/?as=erin").await.contains(r#"aria-pressed="true" aria-label="👍 by erin""#));
    assert_eq!(stage.act("discord/reacts", react(true)).await.0, StatusCode::OK);
    assert!(!stage.html("/").await.contains("👍 by"));
}

#[tokio::test]
async fn what_cannot_be_done_is_told() {
    let stage = Stage::set().await;
    let line = |me, channel, line| json!({ "as": me, "channel": channel, "line": line });
    for (path, body, problem) in [
        ("discord/says", line("nobody", "releases", "hi"), "there is nobody called nobody"),
        ("discord/says", line("erin", "nowhere", "hi"), "there is no channel #nowhere"),
        ("discord/clicks", json!({ "as": "erin", "message": "1", "button": "x" }), "that message is gone"),
    ] {
        let (status, answer) = stage.act(path, body).await;
        assert_eq!((status, &answer["error"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(problem)));
    }
    let (status, _) = stage.act("discord/submits", json!({ "form": "1", "values": {} })).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, answer) = stage.act("tenants/mars/acme/break", json!({})).await;
    assert_eq!((status, &answer["error"]), (StatusCode::NOT_FOUND, &json!("there is no environment mars")));
}

#[tokio::test]
async fn a_tenant_is_broken_and_mended() {
    let stage = Stage::set().await;
    let (_, broken) = stage.act("tenants/uat2-backend/acme/break", json!({})).await;
    assert_eq!(broken["will_fail"], "orders.0005_order_priority");
    stage.fleet.release_next().await.unwrap();
    let refused = stage.fleet.migrate("acme").await.unwrap_err();
    assert!(refused.to_string().contains("already exists"), "{refused}");
    assert_eq!(stage.act("tenants/uat2-backend/acme/mend", json!({})).await.0, StatusCode::OK);
    stage.fleet.migrate("acme").await.unwrap();
    let tenants: serde_json::Value = stage.get("/control/tenants/uat2-backend").await.json().await.unwrap();
    let pending: Vec<u64> = tenants.as_array().unwrap().iter().filter_map(|one| one["pending"].as_u64()).collect();
    assert_eq!(pending, [1, 0, 1]);
}
