//! Forms (<https://discord.com/developers/docs/interactions/receiving-and-responding>).

use std::collections::HashSet;

use serde_json::Value;

use super::schema::Kind::{Flag, Integer, List, OneOf, Tagged, Text};
use super::schema::{Field, Kind, join, may, must, object};
use super::{list, text};
use crate::discord::error::{ApiError, Faults};

static INPUT: &[Field] = &[
    must("type", OneOf(&[4])),
    may("id", Integer(0, i32::MAX as i64)),
    must("custom_id", Text(1, 100)),
    must("style", OneOf(&[1, 2])),
    must("label", Text(1, 45)),
    may("value", Text(0, 4000)),
    may("placeholder", Text(0, 100)),
    may("required", Flag),
    may("min_length", Integer(0, 4000)),
    may("max_length", Integer(1, 4000)),
];

static ROW: &[Field] = &[
    must("type", OneOf(&[1])),
    may("id", Integer(0, i32::MAX as i64)),
    must("components", List(1, 1, &Tagged(&[(4, INPUT)]))),
];

static MODAL: &[Field] =
    &[must("custom_id", Text(1, 100)), must("title", Text(1, 45)), must("components", List(1, 5, &ROWS))];

static ROWS: Kind = Tagged(&[(1, ROW)]);

/// Checks the `data` of a callback of type 9.
pub(crate) fn check(modal: &Value) -> Result<(), ApiError> {
    let mut faults = Faults::default();
    object(MODAL, modal, "data", &mut faults);
    let mut ids = HashSet::new();
    for (index, row) in list(modal, "components").iter().enumerate() {
        for input in list(row, "components") {
            if !ids.insert(text(input, "custom_id").to_owned()) {
                faults.add(
                    &join("data.components", format!("{index}.components.0.custom_id")),
                    "COMPONENT_CUSTOM_ID_DUPLICATED",
                    "Component custom id cannot be duplicated",
                );
            }
        }
    }
    faults.into_result()
}
