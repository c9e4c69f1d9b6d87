//! Buttons, forms and what an update does to a message.

use serde_json::json;
use serenity::all::{
    ButtonStyle, ChannelId, CreateActionRow, CreateAttachment, CreateButton, CreateEmbed, CreateInputText,
    CreateInteractionResponse, CreateInteractionResponseMessage, CreateMessage, CreateModal, EditMessage,
    InputTextStyle, Interaction,
};
use signalbox_sandbox::discord::Id;

use crate::client::{Bot, call, discord};

const RELEASES: ChannelId = ChannelId::new(300);

fn card() -> CreateMessage {
    let approve = CreateButton::new("approve").label("Approve").style(ButtonStyle::Success);
    let logs = CreateButton::new_link("https://example.org/logs").label("Logs");
    CreateMessage::new()
        .embed(CreateEmbed::new().title("uat").description("waiting").field("ref", "main", true))
        .button(approve)
        .button(logs)
        .add_file(CreateAttachment::bytes(&b"\x89PNG"[..], "chart.png"))
}

#[tokio::test]
async fn an_update_drops_files_and_an_edit_keeps_them() {
    let discord = discord("update").await;
    let mut bot = Bot::connect(&discord).await;
    let mut message = RELEASES.send_message(&bot.http, card()).await.unwrap();
    let id = Id(message.id.get());
    assert_eq!(discord.message(id).unwrap().attachments, ["chart.png"]);

    let handle = discord.clicks("rita", id, "Approve").unwrap();
    let Interaction::Component(click) = bot.interaction().await else { panic!("not a click") };
    assert_eq!(click.data.custom_id, "approve");
    click.create_response(&bot.http, CreateInteractionResponse::Acknowledge).await.unwrap();
    handle.acknowledged().await;
    message.edit(&bot.http, EditMessage::new().content("approved by rita")).await.unwrap();
    assert_eq!(handle.reply().await.message.attachments, ["chart.png"]);

    let handle = discord.clicks("rita", id, "approve").unwrap();
    let Interaction::Component(click) = bot.interaction().await else { panic!("not a click") };
    let update = CreateInteractionResponseMessage::new().content("approved twice");
    click.create_response(&bot.http, CreateInteractionResponse::UpdateMessage(update)).await.unwrap();
    let reply = handle.reply().await;
    assert_eq!(
        reply.text(),
        "approved twice\n| uat\n| waiting\n| ref: main\n[Approve] [Logs](https://example.org/logs)"
    );
    assert!(reply.message.attachments.is_empty());
}

#[tokio::test]
async fn a_form_is_opened_filled_in_and_answered() {
    let discord = discord("form").await;
    let mut bot = Bot::connect(&discord).await;
    let message = RELEASES.send_message(&bot.http, card()).await.unwrap();
    let handle = discord.clicks("rita", Id(message.id.get()), "Approve").unwrap();
    let Interaction::Component(click) = bot.interaction().await else { panic!("not a click") };
    let input = CreateInputText::new(InputTextStyle::Short, "Reason", "reason").max_length(20);
    let form = CreateModal::new("why", "Why?").components(vec![CreateActionRow::InputText(input)]);
    click.create_response(&bot.http, CreateInteractionResponse::Modal(form)).await.unwrap();
    assert_eq!(handle.modal().await.title, "Why?");
    assert!(handle.submits_modal(&[("Reason", "")]).is_err());
    let sent = handle.submits_modal(&[("Reason", "tested")]).unwrap();
    let Interaction::Modal(form) = bot.interaction().await else { panic!("not a form") };
    let thanks = CreateInteractionResponseMessage::new().content("Thanks").ephemeral(true);
    form.create_response(&bot.http, CreateInteractionResponse::Message(thanks)).await.unwrap();
    assert_eq!(sent.reply().await.text(), "Thanks");
    // The metadata of such a message names the click that opened the form.
    let own = form.get_response(&bot.http).await.unwrap();
    assert_eq!(own.content, "Thanks");
}

#[tokio::test]
async fn what_a_person_cannot_click_is_refused() {
    let discord = discord("unclickable").await;
    let http = crate::client::http(&discord);
    let disabled = CreateButton::new("stop").label("Stop").disabled(true);
    let message = RELEASES.send_message(&http, card().button(disabled)).await.unwrap();
    let id = Id(message.id.get());
    let why = |button: &str| discord.clicks("rita", id, button).unwrap_err().0;
    assert_eq!(why("Logs"), "“Logs” only opens a page");
    assert_eq!(why("Stop"), "the button “Stop” is disabled");
    assert_eq!(why("Reject"), "there is no button “Reject”");
    assert!(discord.unread()[0].starts_with("#releases: "));
    let (status, _) =
        call(&discord, "PATCH", &format!("/channels/300/messages/{id}"), Some(&json!({ "components": [] }))).await;
    assert_eq!(status, 200);
    assert_eq!(why("Stop"), "there is no button “Stop”");
}
