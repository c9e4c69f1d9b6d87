//! Posting, reading, editing and deleting messages.

use axum::Json;
use axum::extract::State as Extracted;
use http::StatusCode;
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::Value;

use super::extract::{Ids, Params, Sent};
use crate::discord::Discord;
use crate::discord::actions::NewMessage;
use crate::discord::error::{ApiError, Faults};
use crate::discord::id::Id;
use crate::discord::message::{DEFAULT, Message, REPLY};
use crate::discord::permissions as may;
use crate::discord::state::{Channel, State};
use crate::discord::validate::message::{Draft, Purpose, draft};

/// How long an earlier message with the same nonce is found.
const NONCE_LIFE: SignedDuration = SignedDuration::from_mins(5);

/// Query of `GET /channels/{id}/messages`.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    limit: Option<usize>,
    before: Option<Id>,
    after: Option<Id>,
    around: Option<Id>,
}

pub(super) async fn create(
    Extracted(discord): Extracted<Discord>,
    Ids(channel): Ids<Id>,
    body: Sent,
) -> Result<Json<Value>, ApiError> {
    let draft = draft(&body.json, Purpose::Create, body.files.len())?;
    discord.change(|state| {
        let found = state.visible_channel(channel)?;
        state.may_send(found, &draft, !body.files.is_empty())?;
        if let Some(earlier) = state.earlier_with_nonce(channel, &draft) {
            return state.shown(earlier);
        }
        let kind = state.kind_of(channel, &draft)?;
        let id = state.post(NewMessage { uploads: body.files, ..NewMessage::new(channel, state.bot, kind, draft) })?;
        state.shown(id)
    })
}

pub(super) async fn list(
    Extracted(discord): Extracted<Discord>,
    Ids(channel): Ids<Id>,
    Params(page): Params<Page>,
) -> Result<Json<Value>, ApiError> {
    let limit = page.limit.unwrap_or(50);
    if !(1..=100).contains(&limit) {
        let mut faults = Faults::default();
        let text = "int value should be between 1 and 100.";
        faults.add("limit", "NUMBER_TYPE_RANGE", text);
        faults.into_result()?;
    }
    discord.look(|state| {
        let found = state.visible_channel(channel)?;
        if !state.bot_may(may::READ_MESSAGE_HISTORY, found) {
            return Ok(Json(Value::Array(Vec::new())));
        }
        let chosen = page.choose(state.messages_in(channel).collect(), limit);
        Ok(Json(chosen.into_iter().map(|m| state.message_json(m)).collect()))
    })
}

impl Page {
    /// The wanted slice of `all`, which is oldest first, newest first.
    fn choose<'a>(&self, all: Vec<&'a Message>, limit: usize) -> Vec<&'a Message> {
        let newest = |list: Vec<&'a Message>| list.into_iter().rev().take(limit).collect();
        if let Some(before) = self.before {
            return newest(all.into_iter().filter(|m| m.id < before).collect());
        }
        if let Some(after) = self.after {
            let later = all.into_iter().filter(|m| m.id > after).take(limit);
            return newest(later.collect());
        }
        if let Some(around) = self.around {
            let at = all.partition_point(|m| m.id < around);
            let from = at.saturating_sub(limit / 2);
            return newest(all.into_iter().skip(from).take(limit).collect());
        }
        newest(all)
    }
}

pub(super) async fn one(
    Extracted(discord): Extracted<Discord>,
    Ids((channel, message)): Ids<(Id, Id)>,
) -> Result<Json<Value>, ApiError> {
    discord.look(|state| {
        state.visible_message(channel, message)?;
        state.shown(message)
    })
}

pub(super) async fn edit(
    Extracted(discord): Extracted<Discord>,
    Ids((channel, message)): Ids<(Id, Id)>,
    body: Sent,
) -> Result<Json<Value>, ApiError> {
    let draft = draft(&body.json, Purpose::Edit, body.files.len())?;
    discord.change(|state| {
        let found = state.visible_message(channel, message)?;
        if found.author != state.bot {
            return Err(ApiError::other_author());
        }
        state.not_archived(channel)?;
        state.edit(message, draft, &body.files)?;
        state.shown(message)
    })
}

pub(super) async fn remove(
    Extracted(discord): Extracted<Discord>,
    Ids((channel, message)): Ids<(Id, Id)>,
) -> Result<StatusCode, ApiError> {
    discord.change(|state| {
        let foreign = state.visible_message(channel, message)?.author != state.bot;
        if foreign && !state.bot_may(may::MANAGE_MESSAGES, state.channel(channel)?) {
            return Err(ApiError::missing_permissions());
        }
        state.not_archived(channel)?;
        state.delete(message)?;
        Ok(StatusCode::NO_CONTENT)
    })
}

pub(super) async fn typing(
    Extracted(discord): Extracted<Discord>,
    Ids(channel): Ids<Id>,
) -> Result<StatusCode, ApiError> {
    discord.look(|state| {
        state.visible_channel(channel)?;
        Ok(StatusCode::NO_CONTENT)
    })
}

impl State {
    /// The JSON of a message that is there.
    pub(crate) fn shown(&self, id: Id) -> Result<Json<Value>, ApiError> {
        let message = self.messages.get(&id).ok_or_else(ApiError::unknown_message)?;
        Ok(Json(self.message_json(message)))
    }

    /// A message everybody in a visible channel sees.
    pub(crate) fn visible_message(&self, channel: Id, id: Id) -> Result<&Message, ApiError> {
        self.visible_channel(channel)?;
        self.messages
            .get(&id)
            .filter(|message| message.channel == channel && message.only_for.is_none())
            .ok_or_else(ApiError::unknown_message)
    }

    /// Refuses changes in an archived thread.
    pub(crate) fn not_archived(&self, channel: Id) -> Result<(), ApiError> {
        let thread = self.channel(channel)?.thread.as_ref();
        if thread.is_some_and(|thread| thread.archived) {
            return Err(ApiError::thread_archived());
        }
        Ok(())
    }

    fn may_send(&self, channel: &Channel, draft: &Draft, files: bool) -> Result<(), ApiError> {
        // The channel of a direct message opens for everybody; the message does not arrive at everybody.
        if let Some(person) = channel.recipient {
            let takes = self.guild.members.contains_key(&person) && !self.closed.contains(&person);
            let is_bot = self.users.get(&person).is_some_and(|user| user.bot);
            return if takes && !is_bot { Ok(()) } else { Err(ApiError::cannot_message_user()) };
        }
        let locked = channel.thread.as_ref().is_some_and(|thread| thread.locked);
        if locked && !self.bot_may(may::MANAGE_THREADS, channel) {
            return Err(ApiError::thread_locked());
        }
        let mut wanted = if channel.thread.is_some() { may::SEND_MESSAGES_IN_THREADS } else { may::SEND_MESSAGES };
        if draft.embeds.as_ref().is_some_and(|embeds| !embeds.is_empty()) {
            wanted |= may::EMBED_LINKS;
        }
        if files {
            wanted |= may::ATTACH_FILES;
        }
        if !self.bot_may(wanted, channel) {
            return Err(ApiError::missing_permissions());
        }
        Ok(())
    }

    /// The message sent before with the nonce that `draft` wants to be unique.
    fn earlier_with_nonce(&self, channel: Id, draft: &Draft) -> Option<Id> {
        let nonce = draft.nonce.as_ref().filter(|_| draft.enforce_nonce)?;
        let now = self.now();
        self.messages
            .values()
            .rev()
            .take_while(|message| now.duration_since(message.created) <= NONCE_LIFE)
            .find(|message| {
                message.channel == channel && message.author == self.bot && message.nonce.as_ref() == Some(nonce)
            })
            .map(|message| message.id)
    }

    fn kind_of(&self, channel: Id, draft: &Draft) -> Result<u8, ApiError> {
        let Some(answered) = draft.answers else {
            return Ok(DEFAULT);
        };
        let known = self.messages.get(&Id(answered)).is_some_and(|message| message.channel == channel);
        let mut faults = Faults::default();
        if !known {
            faults.add("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message");
        }
        faults.into_result()?;
        Ok(REPLY)
    }
}
