//! Answering interactions: the callback, and what can be sent and changed with the token after it
//! (<https://discord.com/developers/docs/interactions/receiving-and-responding>).

use axum::Json;
use axum::extract::State as Extracted;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::extract::{Ids, Params, Sent};
use crate::discord::Discord;
use crate::discord::actions::NewMessage;
use crate::discord::error::{ApiError, Faults};
use crate::discord::id::Id;
use crate::discord::interaction::{Answer, Interaction, InteractionKind};
use crate::discord::message::{CHAT_INPUT_COMMAND, EPHEMERAL, LOADING, REPLY};
use crate::discord::state::State;
use crate::discord::validate::message::{Draft, Purpose, draft};
use crate::discord::validate::schema::{Field, Kind, may, must};
use crate::discord::validate::{self, list, modal};
use crate::multipart::Part;

static CALLBACK: &[Field] = &[must("type", Kind::OneOf(&[4, 5, 6, 7, 8, 9])), may("data", Kind::Anything)];

static CHOICES: &[Field] = &[may(
    "choices",
    Kind::List(
        0,
        25,
        &Kind::Object(&[
            must("name", Kind::Text(1, 100)),
            may("name_localizations", Kind::Anything),
            must("value", Kind::Anything),
        ]),
    ),
)];

/// Query of the callback.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    with_response: Option<bool>,
}

pub(super) async fn callback(
    Extracted(discord): Extracted<Discord>,
    Ids((interaction, token)): Ids<(Id, String)>,
    Params(wanted): Params<Wanted>,
    body: Sent,
) -> Result<Response, ApiError> {
    discord.change(|state| {
        let found = state
            .interactions
            .get(&interaction)
            .filter(|found| found.token == token)
            .ok_or_else(ApiError::unknown_interaction)?
            .clone();
        if found.answer.is_some() {
            return Err(ApiError::already_acknowledged());
        }
        if !found.awaits_answer(state.now()) {
            return Err(ApiError::unknown_interaction());
        }
        validate::shape(CALLBACK, &body.json)?;
        let kind = body.json["type"].as_u64().unwrap_or_default();
        fits(&found, kind)?;
        let data = match &body.json["data"] {
            Value::Null => json!({}),
            data => data.clone(),
        };
        let (answer, original) = state.answer(&found, kind, &data, body.files)?;
        let now = state.now();
        if let Some(found) = state.interactions.get_mut(&interaction) {
            found.answer = Some((answer, now));
            found.original = original;
        }
        if wanted.with_response == Some(true) {
            return Ok(Json(state.callback_json(interaction, kind)).into_response());
        }
        Ok(StatusCode::NO_CONTENT.into_response())
    })
}

/// Refuses answers that this kind of interaction cannot be given.
fn fits(interaction: &Interaction, answer: u64) -> Result<(), ApiError> {
    let on_message = interaction.source.is_some();
    let fits = match (interaction.kind, answer) {
        (InteractionKind::Autocomplete, answer) => answer == 8,
        (_, 8) => false,
        (_, 6 | 7) => on_message,
        (InteractionKind::Modal, 9) => false,
        _ => true,
    };
    let mut faults = Faults::default();
    if !fits {
        faults.add(
            "type",
            "INTERACTION_CALLBACK_TYPE_INVALID",
            "Interaction callback type is invalid for this interaction type",
        );
    }
    faults.into_result()
}

pub(super) async fn follow_up(
    Extracted(discord): Extracted<Discord>,
    Ids((application, token)): Ids<(Id, String)>,
    body: Sent,
) -> Result<Json<Value>, ApiError> {
    discord.change(|state| {
        let interaction = state.answered(application, &token)?.clone();
        let draft = draft(&body.json, Purpose::Reply, body.files.len())?;
        // The first message after a deferral fills it in, and takes over its visibility.
        if let Some(waiting) = interaction.original.filter(|id| state.is_loading(*id)) {
            state.edit(waiting, draft, &body.files)?;
            return state.shown(waiting);
        }
        let id = state.reply(&interaction, REPLY, draft, body.files)?;
        if let Some(found) = state.interactions.get_mut(&interaction.id) {
            found.follow_ups.push(id);
        }
        state.shown(id)
    })
}

pub(super) async fn read(
    Extracted(discord): Extracted<Discord>,
    Ids((application, token, message)): Ids<(Id, String, String)>,
) -> Result<Json<Value>, ApiError> {
    discord.look(|state| {
        let id = state.own_message(application, &token, &message)?;
        state.shown(id)
    })
}

pub(super) async fn edit(
    Extracted(discord): Extracted<Discord>,
    Ids((application, token, message)): Ids<(Id, String, String)>,
    body: Sent,
) -> Result<Json<Value>, ApiError> {
    discord.change(|state| {
        let id = state.own_message(application, &token, &message)?;
        let draft = draft(&body.json, Purpose::Edit, body.files.len())?;
        state.edit(id, draft, &body.files)?;
        state.shown(id)
    })
}

pub(super) async fn remove(
    Extracted(discord): Extracted<Discord>,
    Ids((application, token, message)): Ids<(Id, String, String)>,
) -> Result<StatusCode, ApiError> {
    discord.change(|state| {
        let id = state.own_message(application, &token, &message)?;
        state.delete(id)?;
        Ok(StatusCode::NO_CONTENT)
    })
}

impl State {
    /// Carries out a callback; how the interaction was answered and what `@original` now means.
    fn answer(
        &mut self,
        interaction: &Interaction,
        kind: u64,
        data: &Value,
        files: Vec<Part>,
    ) -> Result<(Answer, Option<Id>), ApiError> {
        let reply_kind = match interaction.kind {
            InteractionKind::Command => CHAT_INPUT_COMMAND,
            _ => REPLY,
        };
        match kind {
            4 => {
                let draft = draft(data, Purpose::Reply, files.len())?;
                let id = self.reply(interaction, reply_kind, draft, files)?;
                Ok((Answer::Message, Some(id)))
            }
            5 => {
                let mut draft = draft(data, Purpose::Defer, 0)?;
                draft.flags = Some(draft.flags.unwrap_or(0) | LOADING);
                let id = self.reply(interaction, reply_kind, draft, Vec::new())?;
                Ok((Answer::DeferredMessage, Some(id)))
            }
            6 => Ok((Answer::DeferredUpdate, interaction.source)),
            7 => {
                let source = interaction.source.ok_or_else(ApiError::unknown_message)?;
                let draft = draft(data, Purpose::Edit, files.len())?;
                self.edit(source, draft, &files)?;
                Ok((Answer::Update, Some(source)))
            }
            8 => {
                validate::shape(CHOICES, data)?;
                Ok((Answer::Choices(list(data, "choices").to_vec()), None))
            }
            _ => {
                modal::check(data)?;
                Ok((Answer::Modal(data.clone()), None))
            }
        }
    }

    /// Posts a message on behalf of an interaction.
    fn reply(
        &mut self,
        interaction: &Interaction,
        kind: u8,
        mut draft: Draft,
        uploads: Vec<Part>,
    ) -> Result<Id, ApiError> {
        let ephemeral = draft.flags.unwrap_or(0) & EPHEMERAL != 0;
        if kind == REPLY {
            draft.answers = interaction.source.or(interaction.original).map(|id| id.0);
        }
        self.post(NewMessage {
            uploads,
            interaction: Some(interaction.id),
            only_for: ephemeral.then_some(interaction.user),
            ..NewMessage::new(interaction.channel, self.bot, kind, draft)
        })
    }

    fn is_loading(&self, id: Id) -> bool {
        self.messages.get(&id).is_some_and(|message| message.is_loading())
    }

    /// The interaction a token belongs to, as long as the token is good for anything.
    fn answered(&self, application: Id, token: &str) -> Result<&Interaction, ApiError> {
        let interaction = self
            .tokens
            .get(token)
            .filter(|_| application == self.application.id)
            .and_then(|id| self.interactions.get(id))
            .ok_or_else(ApiError::unknown_webhook)?;
        if interaction.token_expired(self.now()) {
            return Err(ApiError::invalid_webhook_token());
        }
        if interaction.answer.is_none() {
            return Err(ApiError::unknown_webhook());
        }
        Ok(interaction)
    }

    /// A message that the token's interaction brought about, by id or as `@original`.
    fn own_message(&self, application: Id, token: &str, message: &str) -> Result<Id, ApiError> {
        let interaction = self.answered(application, token)?;
        let id = match message {
            "@original" => interaction.original,
            id => id.parse().ok().filter(|id| interaction.original == Some(*id) || interaction.follow_ups.contains(id)),
        };
        id.filter(|id| self.messages.contains_key(id)).ok_or_else(ApiError::unknown_message)
    }

    fn callback_json(&self, id: Id, kind: u64) -> Value {
        let Some(interaction) = self.interactions.get(&id) else {
            return Value::Null;
        };
        let mut about = json!({ "id": id, "type": interaction.kind as u8 });
        let original = interaction.original.and_then(|original| self.messages.get(&original));
        let Some(message) = original.filter(|_| matches!(kind, 4 | 5 | 7)) else {
            return json!({ "interaction": about });
        };
        about["response_message_id"] = json!(message.id);
        about["response_message_loading"] = json!(message.is_loading());
        about["response_message_ephemeral"] = json!(message.is_ephemeral());
        about["channel_id"] = json!(message.channel);
        if let Some(guild) = self.channels.get(&message.channel).and_then(|c| c.guild) {
            about["guild_id"] = json!(guild);
        }
        // Discord describes a deferred message as the message that it will become.
        let resource = if kind == 7 { 7 } else { 4 };
        json!({
            "interaction": about,
            "resource": { "type": resource, "message": self.message_json(message) },
        })
    }
}
