//! Starting, listing and changing threads.

use axum::Json;
use axum::extract::State as Extracted;
use http::StatusCode;
use serde_json::{Value, json};

use super::extract::{Ids, Sent};
use crate::discord::Discord;
use crate::discord::error::ApiError;
use crate::discord::id::Id;
use crate::discord::permissions as may;
use crate::discord::state::{Channel, State, TEXT_CHANNEL};
use crate::discord::validate::{self, text, thread};
use crate::discord::wire::time;

type Created = Result<(StatusCode, Json<Value>), ApiError>;

pub(super) async fn from_message(
    Extracted(discord): Extracted<Discord>,
    Ids((channel, message)): Ids<(Id, Id)>,
    body: Sent,
) -> Created {
    validate::shape(thread::FROM_MESSAGE, &body.json)?;
    discord.change(|state| {
        let parent = state.thread_parent(channel)?;
        if state.visible_message(channel, message)?.thread.is_some() {
            return Err(ApiError::thread_exists());
        }
        let id = state.open_thread(&parent, Some(message), state.bot, &body.json);
        state.created_thread(id)
    })
}

pub(super) async fn alone(Extracted(discord): Extracted<Discord>, Ids(channel): Ids<Id>, body: Sent) -> Created {
    validate::shape(thread::ALONE, &body.json)?;
    discord.change(|state| {
        let parent = state.thread_parent(channel)?;
        let id = state.open_thread(&parent, None, state.bot, &body.json);
        state.created_thread(id)
    })
}

pub(super) async fn active(
    Extracted(discord): Extracted<Discord>,
    Ids(guild): Ids<Id>,
) -> Result<Json<Value>, ApiError> {
    discord.look(|state| {
        state.same_guild(guild)?;
        let open = |channel: &&Channel| channel.thread.as_ref().is_some_and(|t| !t.archived);
        let threads: Vec<Value> =
            state.channels.values().filter(open).map(|channel| state.channel_json(channel)).collect();
        Ok(Json(json!({ "threads": threads, "members": [], "has_more": false })))
    })
}

/// `PATCH /channels/{id}`.
pub(super) async fn change(
    Extracted(discord): Extracted<Discord>,
    Ids(channel): Ids<Id>,
    body: Sent,
) -> Result<Json<Value>, ApiError> {
    discord.change(|state| {
        let found = state.visible_channel(channel)?;
        if found.thread.is_some() {
            state.change_thread(channel, &body.json)?;
        } else {
            validate::shape(thread::CHANGE_CHANNEL, &body.json)?;
            // A chat-ops bot is not invited with MANAGE_CHANNELS.
            return Err(ApiError::missing_permissions());
        }
        state.channel(channel).map(|channel| Json(state.channel_json(channel)))
    })
}

impl State {
    fn thread_parent(&self, channel: Id) -> Result<Channel, ApiError> {
        let parent = self.visible_channel(channel)?;
        if parent.kind != TEXT_CHANNEL {
            return Err(ApiError::wrong_channel_type());
        }
        if !self.bot_may(may::CREATE_PUBLIC_THREADS, parent) {
            return Err(ApiError::missing_permissions());
        }
        Ok(parent.clone())
    }

    fn created_thread(&self, id: Id) -> Created {
        let channel = self.channel(id)?;
        let mut value = self.channel_json(channel);
        if let Some(thread) = &channel.thread {
            value["member"] = json!({
                "id": id,
                "user_id": thread.owner,
                "join_timestamp": time(thread.created),
                "flags": 0,
            });
        }
        Ok((StatusCode::CREATED, Json(value)))
    }

    fn change_thread(&mut self, id: Id, body: &Value) -> Result<(), ApiError> {
        validate::shape(thread::CHANGE, body)?;
        let now = self.now();
        let manager = self.bot_may(may::MANAGE_THREADS, self.channel(id)?);
        let bot = self.bot;
        let channel = self.channels.get_mut(&id).ok_or_else(ApiError::unknown_channel)?;
        let Some(thread) = &mut channel.thread else {
            return Err(ApiError::wrong_channel_type());
        };
        let locks = body.get("locked").is_some_and(|locked| !locked.is_null());
        if !manager && (locks || thread.locked || thread.owner != bot) {
            return Err(ApiError::missing_permissions());
        }
        let reopens = body["archived"] == json!(false);
        if thread.archived && !reopens {
            return Err(ApiError::thread_archived());
        }
        if let Some(archived) = body["archived"].as_bool() {
            thread.archived = archived;
            thread.archive_changed = now;
        }
        thread.locked = body["locked"].as_bool().unwrap_or(thread.locked);
        thread.auto_archive = body["auto_archive_duration"].as_u64().unwrap_or(thread.auto_archive);
        thread.slow_mode = body["rate_limit_per_user"].as_u64().unwrap_or(thread.slow_mode);
        let name = text(body, "name");
        if !name.is_empty() {
            name.clone_into(&mut channel.name);
        }
        self.announce_channel("THREAD_UPDATE", id);
        Ok(())
    }
}
