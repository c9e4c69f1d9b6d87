//! What Discord refuses, and where its answer points.

use serde_json::{Value, json};

use crate::client::{call, unrecorded};

fn button(extra: &Value) -> Value {
    let mut button = json!({ "type": 2, "style": 1, "label": "Go", "custom_id": "go" });
    button.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    button
}

fn rows(rows: &[Vec<Value>]) -> Value {
    let rows: Vec<Value> = rows.iter().map(|row| json!({ "type": 1, "components": row })).collect();
    json!({ "content": "x", "components": rows })
}

fn embeds(embeds: &Value) -> Value {
    json!({ "embeds": embeds })
}

/// Sends each body and expects 50035 with a fault of this code at this path.
async fn refused(method: &str, path: &str, cases: Vec<(Value, &str, &str)>) {
    let discord = unrecorded().await;
    for (body, at, code) in cases {
        let (status, answer) = call(&discord, method, path, Some(&body)).await;
        assert_eq!((status, answer["code"].as_u64()), (400, Some(50035)), "{at}: {answer}");
        let node = at.split('.').filter(|step| !step.is_empty()).fold(&answer["errors"], |node, step| &node[step]);
        assert_eq!(node["_errors"][0]["code"], code, "{at}: {answer}");
    }
}

#[tokio::test]
async fn messages() {
    let custom = |id: usize| button(&json!({ "custom_id": format!("b{id}") }));
    let row = |count: usize| (0..count).map(custom).collect::<Vec<_>>();
    let long = |length| "x".repeat(length);
    let field = json!({ "name": "n", "value": "v" });
    let cases = vec![
        (json!({ "content": long(2001) }), "content", "BASE_TYPE_MAX_LENGTH"),
        (json!({ "content": "x", "colour": 1 }), "colour", "BASE_TYPE_UNKNOWN_FIELD"),
        (json!({ "content": "x", "nonce": long(26) }), "nonce", "BASE_TYPE_MAX_LENGTH"),
        (json!({ "content": "x", "flags": 64 }), "flags", "MESSAGE_FLAGS_INVALID"),
        (
            json!({ "content": "x", "message_reference": { "message_id": "1" } }),
            "message_reference",
            "REPLIES_UNKNOWN_MESSAGE",
        ),
        (json!({ "content": "x", "attachments": [{ "id": 0 }] }), "attachments.0.id", "ATTACHMENT_NOT_FOUND"),
        (
            json!({ "content": "x", "allowed_mentions": { "parse": ["users"], "users": ["1"] } }),
            "allowed_mentions",
            "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
        ),
        (
            json!({ "content": "x", "allowed_mentions": { "parse": ["all"] } }),
            "allowed_mentions.parse.0",
            "BASE_TYPE_CHOICES",
        ),
        (embeds(&json!([{ "title": long(257) }])), "embeds.0.title", "BASE_TYPE_MAX_LENGTH"),
        (embeds(&json!([{ "description": long(4097) }])), "embeds.0.description", "BASE_TYPE_MAX_LENGTH"),
        (embeds(&json!([{ "fields": vec![field; 26] }])), "embeds.0.fields", "BASE_TYPE_MAX_LENGTH"),
        (
            embeds(&json!([{ "fields": [{ "name": "n", "value": long(1025) }] }])),
            "embeds.0.fields.0.value",
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            embeds(&json!([{ "fields": [{ "name": "", "value": "v" }] }])),
            "embeds.0.fields.0.name",
            "BASE_TYPE_REQUIRED",
        ),
        (embeds(&json!([{ "color": 0x100_0000 }])), "embeds.0.color", "NUMBER_TYPE_MAX"),
        (embeds(&json!([{ "url": "ftp://x/" }])), "embeds.0.url", "URL_TYPE_INVALID_SCHEME"),
        (embeds(&json!(vec![json!({ "title": "x" }); 11])), "embeds", "BASE_TYPE_MAX_LENGTH"),
        (
            embeds(&json!([{ "description": long(4000) }, { "description": long(2001) }])),
            "embeds",
            "MAX_EMBED_SIZE_EXCEEDED",
        ),
        (rows(&[row(6)]), "components.0.components", "BASE_TYPE_BAD_LENGTH"),
        (rows(&(0..6).map(|id| vec![custom(id)]).collect::<Vec<_>>()), "components", "BASE_TYPE_MAX_LENGTH"),
        (
            rows(&[vec![button(&json!({})), button(&json!({}))]]),
            "components.0.components.1.custom_id",
            "COMPONENT_CUSTOM_ID_DUPLICATED",
        ),
        (
            rows(&[vec![button(&json!({ "custom_id": null }))]]),
            "components.0.components.0.custom_id",
            "BASE_TYPE_REQUIRED",
        ),
        (
            rows(&[vec![button(&json!({ "custom_id": long(101) }))]]),
            "components.0.components.0.custom_id",
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            rows(&[vec![button(&json!({ "label": null }))]]),
            "components.0.components.0.label",
            "BUTTON_COMPONENT_LABEL_REQUIRED",
        ),
        (
            rows(&[vec![button(&json!({ "label": long(81) }))]]),
            "components.0.components.0.label",
            "BASE_TYPE_MAX_LENGTH",
        ),
        (rows(&[vec![button(&json!({ "style": 9 }))]]), "components.0.components.0.style", "BASE_TYPE_CHOICES"),
        (rows(&[vec![button(&json!({ "style": 5 }))]]), "components.0.components.0.url", "BASE_TYPE_REQUIRED"),
        (
            json!({ "content": "x", "components": [{ "type": 17, "components": [] }] }),
            "components.0.type",
            "BASE_TYPE_CHOICES",
        ),
    ];
    for chunk in cases.chunks(5) {
        refused("POST", "/channels/300/messages", chunk.to_vec()).await;
    }
}

#[tokio::test]
async fn nothing_to_say() {
    let discord = unrecorded().await;
    for body in [json!({}), json!({ "content": " \n" }), json!({ "embeds": [] })] {
        let (status, answer) = call(&discord, "POST", "/channels/300/messages", Some(&body)).await;
        assert_eq!((status, answer["code"].as_u64()), (400, Some(50006)));
    }
    let (_, message) = call(&discord, "POST", "/channels/300/messages", Some(&json!({ "content": "x" }))).await;
    let path = format!("/channels/300/messages/{}", message["id"].as_str().unwrap());
    let (status, answer) = call(&discord, "PATCH", &path, Some(&json!({ "content": "" }))).await;
    assert_eq!((status, answer["code"].as_u64()), (400, Some(50006)), "an edit may not empty a message");
}

#[tokio::test]
async fn commands() {
    let command = |extra: Value| {
        let mut command = json!({ "name": "deploy", "description": "-" });
        command.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        command
    };
    let option =
        |name: &str, required: bool| json!({ "type": 3, "name": name, "description": "-", "required": required });
    let long = |length| "x".repeat(length);
    let choices = vec![json!({ "name": "a", "value": "a" }); 26];
    let cases = vec![
        (command(json!({ "name": "Deploy" })), "name", "APPLICATION_COMMAND_INVALID_NAME"),
        (command(json!({ "name": "de ploy" })), "name", "APPLICATION_COMMAND_INVALID_NAME"),
        (command(json!({ "name": long(33) })), "name", "BASE_TYPE_BAD_LENGTH"),
        (command(json!({ "description": null })), "description", "BASE_TYPE_REQUIRED"),
        (command(json!({ "description": long(101) })), "description", "BASE_TYPE_MAX_LENGTH"),
        (command(json!({ "options": [{ "type": 3, "name": "a" }] })), "options.0.description", "BASE_TYPE_REQUIRED"),
        (
            command(json!({ "options": [option("a", false), option("b", true)] })),
            "options.1",
            "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
        ),
        (
            command(json!({ "options": [option("a", true), option("a", true)] })),
            "options.1.name",
            "APPLICATION_COMMAND_OPTIONS_DUPLICATE_NAME",
        ),
        (
            command(json!({ "options": [{ "type": 3, "name": "a", "description": "-", "choices": choices }] })),
            "options.0.choices",
            "BASE_TYPE_MAX_LENGTH",
        ),
        (
            command(json!({ "options": [{ "type": 12, "name": "a", "description": "-" }] })),
            "options.0.type",
            "BASE_TYPE_CHOICES",
        ),
        (command(json!({ "colour": 1 })), "colour", "BASE_TYPE_UNKNOWN_FIELD"),
    ];
    for chunk in cases.chunks(5) {
        refused("POST", "/applications/900/guilds/100/commands", chunk.to_vec()).await;
    }
    let twice = json!([command(json!({})), command(json!({}))]);
    let all = vec![(twice, "1.name", "APPLICATION_COMMANDS_DUPLICATE_NAME")];
    refused("PUT", "/applications/900/guilds/100/commands", all).await;
}
