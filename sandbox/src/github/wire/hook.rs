//! Webhook configuration and deliveries.

use serde_json::{Value, json};

use crate::github::hook::{Delivery, Hook};
use crate::github::state::State;

/// Greeting of a new hook.
pub(in crate::github) fn ping(state: &State, hook: &Hook) -> Value {
    let now = state.now();
    let url = match &hook.repository {
        Some(repository) => format!("{}/repos/{repository}/hooks/{}", state.api, hook.id),
        None => format!("{}/app/hook", state.api),
    };
    json!({
        "zen": "Keep it logically awesome.",
        "hook_id": hook.id,
        "hook": {
            "type": if hook.of_app { "App" } else { "Repository" },
            "id": hook.id,
            "name": "web",
            "active": hook.active,
            "events": hook.events,
            "config": config(hook),
            "created_at": now,
            "updated_at": now,
            "url": url,
            "deliveries_url": format!("{url}/deliveries"),
        },
    })
}

/// Where a hook goes; its secret is never shown.
pub(in crate::github) fn config(hook: &Hook) -> Value {
    json!({ "url": hook.url, "content_type": "json", "insecure_ssl": "0", "secret": "********" })
}

/// A delivery as lists carry it.
pub(in crate::github) fn item(state: &State, delivery: &Delivery) -> Value {
    let of_app = state.hooks.iter().any(|hook| hook.id == delivery.hook && hook.of_app);
    let installation = state.installations.first().filter(|_| of_app).map(|one| one.id);
    json!({
        "id": delivery.id,
        "guid": delivery.guid,
        "delivered_at": delivery.delivered_at,
        "redelivery": delivery.redelivery,
        "duration": delivery.duration,
        "status": delivery.status,
        "status_code": delivery.status_code,
        "event": delivery.event,
        "action": delivery.action,
        "installation_id": installation,
        "repository_id": delivery.repository_id,
        "throttled_at": null,
    })
}

/// One delivery with what was sent and answered.
pub(in crate::github) fn full(state: &State, delivery: &Delivery) -> Value {
    let mut body = item(state, delivery);
    let url = state.hooks.iter().find(|hook| hook.id == delivery.hook).map(|hook| &hook.url);
    body["url"] = json!(url);
    body["request"] = json!({
        "headers": { "X-GitHub-Event": delivery.event, "X-GitHub-Delivery": delivery.guid },
        "payload": serde_json::from_str::<Value>(&delivery.payload).unwrap_or(Value::Null),
    });
    body["response"] = json!({ "headers": {}, "payload": delivery.response });
    body
}
