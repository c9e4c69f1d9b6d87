//! Tells Discord which commands there are, when it does not know already. It takes 200 new commands a day.

use poise::serenity_prelude as serenity;
use serde_json::{Map, Value};
use serenity::{
    Http,
    http::{LightMethod, Request, Route},
};
use signalbox_commands::failure::Failure;
use tracing::{debug, info};

/// What a command or an option is made of. Discord adds ids, versions and places, which are not ours to compare.
const PARTS: [&str; 13] = [
    "type",
    "name",
    "description",
    "options",
    "choices",
    "value",
    "required",
    "autocomplete",
    "min_length",
    "max_length",
    "min_value",
    "max_value",
    "default_member_permissions",
];

/// Registers the commands in the guild if they differ from those that are there.
pub(super) async fn register(
    http: &Http,
    application: serenity::ApplicationId,
    guild: serenity::GuildId,
    commands: &[serenity::CreateCommand],
) -> Result<(), Failure> {
    let route = Route::GuildCommands { application_id: application, guild_id: guild };
    let known: Vec<Value> = http.fire(Request::new(route, LightMethod::Get)).await?;
    let wanted = commands.iter().map(serde_json::to_value).collect::<Result<Vec<_>, _>>();
    if same(&wanted.map_err(serenity::Error::Json)?, &known) {
        debug!("Discord knows the commands already");
        return Ok(());
    }
    guild.set_commands(http, commands.to_vec()).await?;
    info!(commands = commands.len(), "the commands were registered");
    Ok(())
}

/// Whether two sets of commands mean the same, in whatever order.
fn same(wanted: &[Value], known: &[Value]) -> bool {
    let essence = |commands: &[Value]| {
        let mut essence: Vec<Value> = commands.iter().map(command).collect();
        essence.sort_by_key(ToString::to_string);
        essence
    };
    essence(wanted) == essence(known)
}

/// A command's essence; one without a type is typed in chat.
fn command(command: &Value) -> Value {
    let mut essence = essence(command);
    if let Value::Object(parts) = &mut essence {
        parts.entry("type").or_insert(1.into());
    }
    essence
}

/// What is left when everything is taken away that says nothing: unknown parts, nulls, `false` and empty lists.
fn essence(value: &Value) -> Value {
    match value {
        Value::Object(parts) => {
            let kept = parts.iter().filter(|(name, part)| PARTS.contains(&name.as_str()) && says_something(part));
            Value::Object(kept.map(|(name, part)| (name.clone(), essence(part))).collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(essence).collect(),
        other => other.clone(),
    }
}

fn says_something(part: &Value) -> bool {
    match part {
        Value::Null | Value::Bool(false) => false,
        Value::Array(items) => !items.is_empty(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ours() -> Vec<Value> {
        let commands = poise::builtins::create_application_commands(&signalbox_commands::all());
        commands.iter().map(|command| serde_json::to_value(command).unwrap()).collect()
    }

    /// The commands as Discord gives them back: with more about them, and without what says nothing.
    fn as_known(mut commands: Vec<Value>) -> Vec<Value> {
        for (n, command) in commands.iter_mut().enumerate() {
            let options = essence(&command["options"]);
            let command = command.as_object_mut().unwrap();
            command.remove("name_localizations");
            command.remove("description_localizations");
            command.insert("options".into(), options);
            for (name, value) in [
                ("id", json!(n.to_string())),
                ("version", json!("7")),
                ("type", json!(1)),
                ("default_member_permissions", Value::Null),
                ("integration_types", json!([0])),
                ("contexts", Value::Null),
            ] {
                command.insert(name.into(), value);
            }
        }
        commands.reverse();
        commands
    }

    fn deploy(known: &mut [Value]) -> &mut Value {
        known.iter_mut().find(|command| command["name"] == "deploy").unwrap()
    }

    #[test]
    fn what_discord_adds_is_no_difference() {
        assert!(same(&ours(), &as_known(ours())));
    }

    #[test]
    fn every_change_that_people_would_notice_is_a_difference() {
        assert!(!same(&ours(), &[]));
        let changes: [fn(&mut Vec<Value>); 6] = [
            |known| drop(known.pop()),
            |known| known.push(json!({"name": "old", "type": 1, "description": "gone"})),
            |known| known[0]["description"] = json!("another"),
            |known| deploy(known)["options"][0]["required"] = json!(false),
            |known| deploy(known)["options"][1]["max_length"] = json!(10),
            |known| deploy(known)["options"][2]["autocomplete"] = json!(true),
        ];
        for (n, change) in changes.iter().enumerate() {
            let mut known = as_known(ours());
            change(&mut known);
            assert!(!same(&ours(), &known), "change {n} went unnoticed");
        }
    }
}
