//! Bodies as GitHub writes them, complete enough for its own description of them.

pub(super) mod app;
pub(super) mod check;
pub(super) mod commit;
pub(super) mod deployment;
pub(super) mod environment;
pub(super) mod hook;
pub(super) mod pull;
pub(super) mod repository;
pub(super) mod run;
pub(super) mod user;
pub(super) mod workflow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// An opaque node id, stable for what it names.
pub(super) fn node_id(kind: &str, id: impl std::fmt::Display) -> String {
    STANDARD.encode(format!("{kind}:{id}"))
}

/// An object out of address fields: name and the part after `base`.
pub(super) fn links(base: &str, fields: &[(&str, &str)]) -> Map<String, Value> {
    fields.iter().map(|(name, path)| ((*name).to_owned(), Value::String(format!("{base}{path}")))).collect()
}

/// Adds the fields of `more` to `object`.
pub(super) fn extend(object: &mut Map<String, Value>, more: Value) {
    if let Value::Object(more) = more {
        object.extend(more);
    }
}
