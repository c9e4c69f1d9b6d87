//! What became of the app's webhooks.

use serde_json::{Value, json};

use super::call::Call;
use super::reply::{Answer, Refusal, Reply};
use crate::github::hook::Delivery;
use crate::github::identity::Identity;
use crate::github::state::State;
use crate::github::wire::hook;

fn only_the_app(call: &Call) -> Result<(), Refusal> {
    match call.identity {
        Identity::App => Ok(()),
        _ => Err(Refusal::new(401, "A JSON web token could not be decoded")),
    }
}

fn of_app(state: &State, delivery: &Delivery) -> bool {
    state.hooks.iter().any(|hook| hook.id == delivery.hook && hook.of_app)
}

pub(super) fn config(state: &mut State, call: &Call) -> Answer {
    only_the_app(call)?;
    let found = state.hooks.iter().find(|hook| hook.of_app).ok_or_else(Refusal::not_found)?;
    Ok(Reply::ok(hook::config(found)))
}

/// Newest first, in pages that a cursor leads through.
pub(super) fn list(state: &mut State, call: &Call) -> Answer {
    only_the_app(call)?;
    let size = call.query("per_page").and_then(|size| size.parse().ok()).unwrap_or(30_usize).clamp(1, 100);
    let before = match call.query("cursor") {
        None => u64::MAX,
        Some(cursor) => cursor.parse().map_err(|_| Refusal::new(400, "Invalid cursor"))?,
    };
    let wanted = |delivery: &&Delivery| match call.query("status") {
        Some("success") => delivery.was_accepted(),
        Some("failure") => !delivery.was_accepted(),
        _ => true,
    };
    let found: Vec<&Delivery> = state
        .deliveries
        .iter()
        .rev()
        .filter(|one| one.id < before && of_app(state, one))
        .filter(wanted)
        .take(size + 1)
        .collect();
    let shown = &found[..found.len().min(size)];
    let bodies: Vec<Value> = shown.iter().map(|one| hook::item(state, one)).collect();
    let mut reply = Reply::ok(json!(bodies));
    if let Some(last) = shown.last().filter(|_| found.len() > size) {
        let status = call.query("status").map(|status| format!("&status={status}")).unwrap_or_default();
        let next = format!("<{}{}?per_page={size}&cursor={}{status}>; rel=\"next\"", state.api, call.path, last.id);
        reply.headers.push(("link", next));
    }
    Ok(reply)
}

fn in_path<'s>(state: &'s State, call: &Call) -> Result<&'s Delivery, Refusal> {
    only_the_app(call)?;
    let id = call.number("delivery")?;
    let found = state.deliveries.iter().find(|one| one.id == id && of_app(state, one));
    found.ok_or_else(Refusal::not_found)
}

pub(super) fn one(state: &mut State, call: &Call) -> Answer {
    let found = in_path(state, call)?;
    Ok(Reply::ok(hook::full(state, found)))
}

pub(super) fn again(state: &mut State, call: &Call) -> Answer {
    let id = in_path(state, call)?.id;
    state.redeliver(id);
    Ok(Reply::json(202, json!({})))
}
