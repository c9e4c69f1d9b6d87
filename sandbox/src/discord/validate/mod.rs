//! Holds request bodies to Discord's rules and says what is wrong the way Discord does.
//!
//! [`schema`] knows shapes (types, lengths, required and unknown fields); the other files hold
//! the tables for each kind of body and the rules that span several fields.

pub(crate) mod command;
pub(crate) mod component;
pub(crate) mod embed;
pub(crate) mod message;
pub(crate) mod modal;
pub(crate) mod schema;
pub(crate) mod thread;

use serde_json::Value;

use super::error::{ApiError, Faults};
use schema::Field;

/// Checks `body` against `fields` alone.
pub(crate) fn shape(fields: &'static [Field], body: &Value) -> Result<(), ApiError> {
    let mut faults = Faults::default();
    schema::object(fields, body, "", &mut faults);
    faults.into_result()
}

/// `value` without its null members, at every depth: what Discord keeps of a body.
pub(crate) fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| (key.clone(), without_nulls(value)))
                .collect(),
        ),
        Value::Array(list) => list.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}

/// The array at `key`; empty when it is missing or null.
pub(crate) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The text at `key`; empty when it is missing or null.
pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}
