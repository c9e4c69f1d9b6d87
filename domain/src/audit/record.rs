//! What the trail knows of a deployment's record: its hash after each change that has a line.

use serde_json::{Map, Value};

use super::Hash;

const RECORD: &str = "signalbox.audit.record.1";

/// What changes without a line: where the deployment is shown, what the store counts, and how far its migration is.
const LEFT_OUT: [&str; 7] = ["migration", "card", "strayed", "cards_lost", "thread", "trouble", "revision"];

/// The part of a stored deployment that the trail vouches for.
#[must_use]
pub fn record(deployment: &Map<String, Value>) -> Map<String, Value> {
    let vouched = |(key, _): &(&String, &Value)| !LEFT_OUT.contains(&key.as_str());
    deployment.iter().filter(vouched).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// The hash of a [`record`]: of its JSON without blanks, keys in the order of their code points.
#[must_use]
pub fn record_hash(record: &Map<String, Value>) -> Hash {
    let mut text = String::new();
    object(record, &mut text);
    Hash::of(&[RECORD, &text])
}

fn object(map: &Map<String, Value>, text: &mut String) {
    let mut fields: Vec<_> = map.iter().collect();
    // UTF-8 sorts as code points do.
    fields.sort_by_key(|(key, _)| key.as_str());
    text.push('{');
    for (n, (key, value)) in fields.into_iter().enumerate() {
        if n > 0 {
            text.push(',');
        }
        text.push_str(&Value::from(key.as_str()).to_string());
        text.push(':');
        put(value, text);
    }
    text.push('}');
}

fn put(value: &Value, text: &mut String) {
    match value {
        Value::Object(map) => object(map, text),
        Value::Array(items) => {
            text.push('[');
            for (n, item) in items.iter().enumerate() {
                if n > 0 {
                    text.push(',');
                }
                put(item, text);
            }
            text.push(']');
        }
        leaf => text.push_str(&leaf.to_string()),
    }
}
