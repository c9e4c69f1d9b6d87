//! People at their clients: what is let through and what is not.

use serde_json::json;

use crate::client::{call, discord, unrecorded};

#[tokio::test]
async fn a_command_line_is_held_against_the_registered_command() {
    let discord = discord("people").await;
    let option = |name: &str, kind: u8, extra: serde_json::Value| {
        let mut option = json!({ "type": kind, "name": name, "description": "-" });
        option.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        option
    };
    let choices = json!({ "required": true, "choices": [{ "name": "UAT", "value": "uat" }] });
    let command = json!({ "name": "scale", "description": "-", "options": [
        option("environment", 3, choices),
        option("count", 4, json!({ "min_value": 1, "max_value": 5 })),
        option("person", 6, json!({})),
    ]});
    let path = "/applications/900/guilds/100/commands";
    assert_eq!(call(&discord, "POST", path, Some(&command)).await.0, 201);
    let why = |line: &str| discord.types("erin", "releases", line).unwrap_err().0;
    assert_eq!(why("/scale"), "environment: This option is required. Specify a value");
    assert_eq!(why("/scale dev"), "environment: This option is invalid. Choose one of the list");
    assert_eq!(why("/scale uat many"), "count: Input a valid integer.");
    assert_eq!(why("/scale uat 9"), "count: Must be at most 5.");
    assert_eq!(why("/scale uat 2 nobody"), "person: Input a valid user.");
    assert_eq!(why("scale uat"), "a command starts with /");
    assert!(discord.types("erin", "releases", "/scale UAT person:@rita").is_ok());
}

#[tokio::test]
async fn a_command_for_administrators_is_not_for_others() {
    let discord = unrecorded().await;
    let command = json!({ "name": "secret", "description": "-", "default_member_permissions": "8" });
    let path = "/applications/900/guilds/100/commands";
    assert_eq!(call(&discord, "POST", path, Some(&command)).await.0, 201);
    assert!(discord.types("erin", "releases", "/secret").is_err());
    assert!(discord.types("owner", "releases", "/secret").is_ok());
}
