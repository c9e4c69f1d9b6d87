//! Buttons and selects (<https://discord.com/developers/docs/components/reference>).

use std::collections::HashSet;

use serde_json::Value;

use super::schema::Kind::{Anything, Flag, Integer, List, Object, OneOf, Snowflake, Tagged, Text, Url};
use super::schema::{Field, Kind, join, may, must};
use super::{list, text};
use crate::discord::error::Faults;

/// Most rows of a message.
const MOST_ROWS: usize = 5;
/// Most buttons in a row.
const MOST_IN_ROW: usize = 5;
/// Largest `id` a component can be given.
const LARGEST_ID: i64 = i32::MAX as i64;

const BUTTON: i64 = 2;
const STRING_SELECT: i64 = 3;
/// Link buttons open a page and send no interaction.
const LINK: i64 = 5;
/// Premium buttons have neither label nor emoji.
const PREMIUM: i64 = 6;

static EMOJI: &[Field] = &[may("id", Snowflake), may("name", Text(0, 32)), may("animated", Flag)];

static BUTTON_FIELDS: &[Field] = &[
    must("type", OneOf(&[BUTTON])),
    may("id", Integer(0, LARGEST_ID)),
    must("style", OneOf(&[1, 2, 3, 4, LINK, PREMIUM])),
    may("custom_id", Text(1, 100)),
    may("label", Text(0, 80)),
    may("emoji", Object(EMOJI)),
    may("url", Url(&["http", "https", "discord"])),
    may("sku_id", Snowflake),
    may("disabled", Flag),
];

static OPTION: &[Field] = &[
    must("label", Text(1, 100)),
    must("value", Text(1, 100)),
    may("description", Text(0, 100)),
    may("emoji", Object(EMOJI)),
    may("default", Flag),
];

static STRING_SELECT_FIELDS: &[Field] = &[
    must("type", OneOf(&[STRING_SELECT])),
    may("id", Integer(0, LARGEST_ID)),
    must("custom_id", Text(1, 100)),
    may("placeholder", Text(0, 150)),
    may("min_values", Integer(0, 25)),
    may("max_values", Integer(1, 25)),
    may("disabled", Flag),
    may("required", Flag),
    must("options", List(1, 25, &Object(OPTION))),
];

/// Selects of users, roles, mentionables and channels.
static ENTITY_SELECT_FIELDS: &[Field] = &[
    must("type", OneOf(&[5, 6, 7, 8])),
    may("id", Integer(0, LARGEST_ID)),
    must("custom_id", Text(1, 100)),
    may("placeholder", Text(0, 150)),
    may("min_values", Integer(0, 25)),
    may("max_values", Integer(1, 25)),
    may("disabled", Flag),
    may("required", Flag),
    may("default_values", List(0, 25, &Anything)),
    may("channel_types", List(0, 25, &Integer(0, 16))),
];

static IN_ROW: Kind = Tagged(&[
    (BUTTON, BUTTON_FIELDS),
    (STRING_SELECT, STRING_SELECT_FIELDS),
    (5, ENTITY_SELECT_FIELDS),
    (6, ENTITY_SELECT_FIELDS),
    (7, ENTITY_SELECT_FIELDS),
    (8, ENTITY_SELECT_FIELDS),
]);

static ROW: &[Field] =
    &[must("type", OneOf(&[1])), may("id", Integer(0, LARGEST_ID)), must("components", List(1, MOST_IN_ROW, &IN_ROW))];

/// The kind of a message's `components`.
pub(super) static ROWS: Kind = List(0, MOST_ROWS, &Tagged(&[(1, ROW)]));

/// Rules over several fields or components.
pub(super) fn check(rows: &[Value], faults: &mut Faults) {
    let mut ids = HashSet::new();
    for (row_index, row) in rows.iter().enumerate() {
        let items = list(row, "components");
        let row_path = format!("components.{row_index}.components");
        let selects = items.iter().filter(|item| item["type"] != BUTTON).count();
        if selects > 0 && items.len() > 1 {
            faults.add(
                &row_path,
                "COMPONENT_LAYOUT_WIDTH_EXCEEDED",
                "The specified component exceeds the maximum width",
            );
        }
        for (index, item) in items.iter().enumerate() {
            let path = join(&row_path, index);
            if item["type"] == BUTTON {
                button(item, &path, faults);
            }
            let id = text(item, "custom_id");
            if !id.is_empty() && !ids.insert(id.to_owned()) {
                faults.add(
                    &join(&path, "custom_id"),
                    "COMPONENT_CUSTOM_ID_DUPLICATED",
                    "Component custom id cannot be duplicated",
                );
            }
        }
    }
}

fn button(button: &Value, path: &str, faults: &mut Faults) {
    let has = |key: &str| button.get(key).is_some_and(|value| !value.is_null());
    let mut required = |key: &str| {
        faults.add(&join(path, key), "BASE_TYPE_REQUIRED", "This field is required");
    };
    let style = button["style"].as_i64().unwrap_or_default();
    match style {
        LINK if !has("url") => required("url"),
        PREMIUM if !has("sku_id") => required("sku_id"),
        1..=4 if !has("custom_id") => required("custom_id"),
        _ => {}
    }
    let foreign = match style {
        LINK | PREMIUM => "custom_id",
        _ => "url",
    };
    if has(foreign) {
        faults.add(
            &join(path, foreign),
            "BUTTON_COMPONENT_INVALID_FIELD",
            format!("A button of style {style} cannot have a {foreign}"),
        );
    }
    if style != PREMIUM && text(button, "label").is_empty() && !has("emoji") {
        faults.add(&join(path, "label"), "BUTTON_COMPONENT_LABEL_REQUIRED", "A button must have a label or an emoji");
    }
}

/// `rows` as Discord gives them back: nulls gone, every component numbered.
pub(crate) fn numbered(rows: &[Value]) -> Vec<Value> {
    let mut next = 0;
    let mut number = |component: &mut Value| {
        next += 1;
        if component.get("id").is_none() {
            component["id"] = next.into();
        }
        let kind = component["type"].as_i64().unwrap_or_default();
        if matches!(kind, STRING_SELECT | 5..=8) {
            for key in ["min_values", "max_values"] {
                if component.get(key).is_none() {
                    component[key] = 1.into();
                }
            }
            if let Some(map) = component.as_object_mut() {
                map.remove("required");
            }
        }
    };
    rows.iter()
        .map(|row| {
            let mut row = super::without_nulls(row);
            number(&mut row);
            if let Some(items) = row["components"].as_array_mut() {
                items.iter_mut().for_each(&mut number);
            }
            row
        })
        .collect()
}
