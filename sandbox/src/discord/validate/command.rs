//! Application commands
//! (<https://discord.com/developers/docs/interactions/application-commands>).

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::schema::Kind::{Anything, Flag, Integer, List, Number, Object, OneOf, Snowflake, Tagged, Text};
use super::schema::{Field, Kind, join, length, may, must, object};
use super::{list, text};
use crate::discord::error::{ApiError, Faults};

/// Characters allowed over all names, descriptions and choice values of a command.
const TOTAL: usize = 8000;
/// Chat-input commands allowed per guild, or globally.
const MOST_COMMANDS: usize = 100;

const NAME: Kind = Text(1, 32);
const DESCRIPTION: Kind = Text(1, 100);

macro_rules! option_fields {
    ($($extra:expr),* $(,)?) => {
        &[
            must("type", Anything),
            must("name", NAME),
            may("name_localizations", Anything),
            must("description", DESCRIPTION),
            may("description_localizations", Anything),
            may("required", Flag),
            $($extra),*
        ]
    };
}

const fn choice(value: Kind) -> [Field; 3] {
    [must("name", Text(1, 100)), may("name_localizations", Anything), must("value", value)]
}

static STRING_CHOICE: &[Field] = &choice(Text(0, 100));
static INTEGER_CHOICE: &[Field] = &choice(Integer(i64::MIN, i64::MAX));
static NUMBER_CHOICE: &[Field] = &choice(Number);

static PLAIN: &[Field] = option_fields![];
static STRING: &[Field] = option_fields![
    may("autocomplete", Flag),
    may("min_length", Integer(0, 6000)),
    may("max_length", Integer(1, 6000)),
    may("choices", List(0, 25, &Object(STRING_CHOICE))),
];
static INTEGER: &[Field] = option_fields![
    may("autocomplete", Flag),
    may("min_value", Integer(i64::MIN, i64::MAX)),
    may("max_value", Integer(i64::MIN, i64::MAX)),
    may("choices", List(0, 25, &Object(INTEGER_CHOICE))),
];
static NUMBER: &[Field] = option_fields![
    may("autocomplete", Flag),
    may("min_value", Number),
    may("max_value", Number),
    may("choices", List(0, 25, &Object(NUMBER_CHOICE))),
];
static CHANNEL: &[Field] = option_fields![may("channel_types", List(0, 25, &Integer(0, 16)))];
static SUBCOMMAND: &[Field] = option_fields![may("options", List(0, 25, &VALUE_OPTION))];
static GROUP: &[Field] = option_fields![may("options", List(0, 25, &Tagged(&[(1, SUBCOMMAND)])))];

static VALUE_OPTION: Kind = Tagged(&[
    (3, STRING),
    (4, INTEGER),
    (5, PLAIN),
    (6, PLAIN),
    (7, CHANNEL),
    (8, PLAIN),
    (9, PLAIN),
    (10, NUMBER),
    (11, PLAIN),
]);

static ANY_OPTION: Kind = Tagged(&[
    (1, SUBCOMMAND),
    (2, GROUP),
    (3, STRING),
    (4, INTEGER),
    (5, PLAIN),
    (6, PLAIN),
    (7, CHANNEL),
    (8, PLAIN),
    (9, PLAIN),
    (10, NUMBER),
    (11, PLAIN),
]);

static COMMAND: &[Field] = &[
    may("id", Snowflake),
    must("name", NAME),
    may("name_localizations", Anything),
    may("description", Text(0, 100)),
    may("description_localizations", Anything),
    may("options", List(0, 25, &ANY_OPTION)),
    may("default_member_permissions", Anything),
    may("dm_permission", Flag),
    may("default_permission", Flag),
    may("contexts", List(1, 3, &OneOf(&[0, 1, 2]))),
    may("integration_types", List(1, 2, &OneOf(&[0, 1]))),
    may("type", OneOf(&[1, 2, 3])),
    may("nsfw", Flag),
];

/// Checks one command definition.
pub(crate) fn check(command: &Value) -> Result<(), ApiError> {
    let mut faults = Faults::default();
    one(command, "", &mut faults);
    faults.into_result()
}

/// Checks a bulk overwrite.
pub(crate) fn check_all(commands: &Value) -> Result<(), ApiError> {
    let mut faults = Faults::default();
    let Some(commands) = commands.as_array() else {
        faults.add("", "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType");
        return faults.into_result();
    };
    length(commands.len(), 0, MOST_COMMANDS, "", &mut faults);
    let mut names = HashSet::new();
    for (index, command) in commands.iter().enumerate() {
        one(command, &index.to_string(), &mut faults);
        let kind = command.get("type").and_then(Value::as_u64).unwrap_or(1);
        if !names.insert((kind, text(command, "name"))) {
            faults.add(
                &format!("{index}.name"),
                "APPLICATION_COMMANDS_DUPLICATE_NAME",
                "Application command names must be unique",
            );
        }
    }
    faults.into_result()
}

fn one(command: &Value, path: &str, faults: &mut Faults) {
    object(COMMAND, command, path, faults);
    let chat_input = command.get("type").and_then(Value::as_u64).unwrap_or(1) == 1;
    if chat_input {
        well_named(command, path, faults);
        if text(command, "description").is_empty() {
            faults.add(&join(path, "description"), "BASE_TYPE_REQUIRED", "This field is required");
        }
    } else if !text(command, "description").is_empty() {
        faults.add(
            &join(path, "description"),
            "APPLICATION_COMMANDS_DESCRIPTION_NOT_ALLOWED",
            "Context menu commands cannot have description",
        );
    }
    options(list(command, "options"), &join(path, "options"), faults);
    if characters(command) > TOTAL {
        faults.add(path, "APPLICATION_COMMAND_TOO_LARGE", format!("Command exceeds maximum size ({TOTAL})"));
    }
}

fn options(options: &[Value], path: &str, faults: &mut Faults) {
    let mut names = HashSet::new();
    let mut optional_seen = false;
    for (index, option) in options.iter().enumerate() {
        let path = join(path, index);
        well_named(option, &path, faults);
        if !names.insert(text(option, "name")) {
            faults.add(
                &join(&path, "name"),
                "APPLICATION_COMMAND_OPTIONS_DUPLICATE_NAME",
                "Option names must be unique",
            );
        }
        let required = option["required"].as_bool().unwrap_or(false);
        if required && optional_seen {
            faults.add(
                &path,
                "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                "Required options must be placed before non-required options",
            );
        }
        optional_seen |= !required;
        let suggests = option["autocomplete"].as_bool().unwrap_or(false);
        if suggests && !list(option, "choices").is_empty() {
            faults.add(
                &join(&path, "autocomplete"),
                "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_INVALID",
                "Autocomplete cannot be combined with choices",
            );
        }
        choice_names(option, &path, faults);
        if matches!(option["type"].as_u64(), Some(1 | 2)) {
            self::options(list(option, "options"), &join(&path, "options"), faults);
        }
    }
    mixed_levels(options, path, faults);
}

fn choice_names(option: &Value, path: &str, faults: &mut Faults) {
    let mut names = HashSet::new();
    for (index, choice) in list(option, "choices").iter().enumerate() {
        if !names.insert(text(choice, "name")) {
            faults.add(
                &join(path, format!("choices.{index}.name")),
                "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_EXISTS",
                "The choice name is already taken",
            );
        }
    }
}

/// Subcommands and plain options cannot stand side by side.
fn mixed_levels(options: &[Value], path: &str, faults: &mut Faults) {
    let nested = options.iter().filter(|option| matches!(option["type"].as_u64(), Some(1 | 2))).count();
    if nested > 0 && nested < options.len() {
        faults.add(
            path,
            "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
            "Sub-command and sub-command group option types are mutually exclusive to all other types",
        );
    }
}

fn well_named(item: &Value, path: &str, faults: &mut Faults) {
    let name = text(item, "name");
    // ^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$ and no letter that has a lower-case form.
    let fits = name.chars().all(|c| (c.is_alphanumeric() || matches!(c, '-' | '_' | '\'')) && c.to_lowercase().eq([c]));
    if !fits {
        faults.add(&join(path, "name"), "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid");
    }
}

fn characters(item: &Value) -> usize {
    let own = ["name", "description"].map(|key| text(item, key).chars().count());
    let values: usize = list(item, "choices")
        .iter()
        .map(|choice| text(choice, "name").chars().count() + text(choice, "value").chars().count())
        .sum();
    let nested: usize = list(item, "options").iter().map(characters).sum();
    own.iter().sum::<usize>() + values + nested
}

/// A checked definition as Discord keeps it: nulls gone, defaults filled in.
pub(crate) fn kept(command: &Value) -> Map<String, Value> {
    let mut kept = match super::without_nulls(command) {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    for transient in ["id", "default_permission"] {
        kept.remove(transient);
    }
    kept.entry("type").or_insert(1.into());
    kept.entry("description").or_insert("".into());
    if let Some(Value::Number(bits)) = kept.get("default_member_permissions") {
        let bits = bits.to_string();
        kept.insert("default_member_permissions".to_owned(), bits.into());
    }
    kept
}
