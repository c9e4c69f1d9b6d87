//! Reactions. The emoji comes percent-encoded in the path, a custom one as `name:id`.

use axum::Json;
use axum::extract::State as Extracted;
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::extract::{Ids, Params};
use crate::discord::Discord;
use crate::discord::error::ApiError;
use crate::discord::id::Id;
use crate::discord::message::Emoji;
use crate::discord::permissions as may;

/// Query of the list of those who reacted.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    limit: Option<usize>,
    after: Option<Id>,
    r#type: Option<u8>,
}

type Target = Ids<(Id, Id, String)>;

fn parse(emoji: &str) -> Result<Emoji, ApiError> {
    Emoji::parse(emoji).ok_or_else(ApiError::unknown_emoji)
}

pub(super) async fn add(
    Extracted(discord): Extracted<Discord>,
    Ids((channel, message, emoji)): Target,
) -> Result<StatusCode, ApiError> {
    let emoji = parse(&emoji)?;
    discord.change(|state| {
        let found = state.visible_message(channel, message)?;
        let known = found.reactions.iter().any(|r| r.emoji == emoji);
        let mut wanted = may::READ_MESSAGE_HISTORY;
        if !known {
            wanted |= may::ADD_REACTIONS;
        }
        if !state.bot_may(wanted, state.channel(channel)?) {
            return Err(ApiError::missing_permissions());
        }
        state.not_archived(channel)?;
        state.react(message, state.bot, &emoji)?;
        Ok(StatusCode::NO_CONTENT)
    })
}

pub(super) async fn remove_own(
    Extracted(discord): Extracted<Discord>,
    Ids((channel, message, emoji)): Target,
) -> Result<StatusCode, ApiError> {
    let emoji = parse(&emoji)?;
    discord.change(|state| {
        state.visible_message(channel, message)?;
        state.unreact(message, state.bot, &emoji)?;
        Ok(StatusCode::NO_CONTENT)
    })
}

pub(super) async fn remove(
    Extracted(discord): Extracted<Discord>,
    Ids((channel, message, emoji, user)): Ids<(Id, Id, String, Id)>,
) -> Result<StatusCode, ApiError> {
    let emoji = parse(&emoji)?;
    discord.change(|state| {
        state.visible_message(channel, message)?;
        if !state.bot_may(may::MANAGE_MESSAGES, state.channel(channel)?) {
            return Err(ApiError::missing_permissions());
        }
        state.unreact(message, user, &emoji)?;
        Ok(StatusCode::NO_CONTENT)
    })
}

pub(super) async fn clear(
    Extracted(discord): Extracted<Discord>,
    Ids((channel, message)): Ids<(Id, Id)>,
) -> Result<StatusCode, ApiError> {
    clear_some(&discord, channel, message, None)
}

pub(super) async fn clear_emoji(
    Extracted(discord): Extracted<Discord>,
    Ids((channel, message, emoji)): Target,
) -> Result<StatusCode, ApiError> {
    clear_some(&discord, channel, message, Some(parse(&emoji)?))
}

fn clear_some(discord: &Discord, channel: Id, message: Id, emoji: Option<Emoji>) -> Result<StatusCode, ApiError> {
    discord.change(|state| {
        state.visible_message(channel, message)?;
        if !state.bot_may(may::MANAGE_MESSAGES, state.channel(channel)?) {
            return Err(ApiError::missing_permissions());
        }
        state.clear_reactions(message, emoji.as_ref())?;
        Ok(StatusCode::NO_CONTENT)
    })
}

/// Those who reacted, by id, at most 100 a page (25 unless told).
pub(super) async fn list(
    Extracted(discord): Extracted<Discord>,
    Ids((channel, message, emoji)): Target,
    Params(page): Params<Page>,
) -> Result<Json<Value>, ApiError> {
    let emoji = parse(&emoji)?;
    discord.look(|state| {
        let found = state.visible_message(channel, message)?;
        // Type 1 are super reactions, of which there are none here.
        if page.r#type == Some(1) {
            return Ok(Json(Value::Array(Vec::new())));
        }
        let mut users: Vec<Id> = found
            .reactions
            .iter()
            .filter(|reaction| reaction.emoji == emoji)
            .flat_map(|reaction| reaction.users.iter().copied())
            .filter(|user| page.after.is_none_or(|after| *user > after))
            .collect();
        users.sort_unstable();
        users.truncate(page.limit.unwrap_or(25).clamp(1, 100));
        Ok(Json(users.into_iter().map(|id| state.user_json(id)).collect()))
    })
}
