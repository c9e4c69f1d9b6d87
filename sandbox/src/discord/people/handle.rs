//! What a person sees of an interaction they started.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use super::Refused;
use super::open::NewInteraction;
use crate::discord::Discord;
use crate::discord::id::Id;
use crate::discord::interaction::{Answer, InteractionKind};
use crate::discord::read::MessageView;
use crate::discord::state::State;
use crate::discord::validate::{list, text};

/// An interaction somebody started, and the means to wait for its answer.
#[derive(Clone, Debug)]
pub struct InteractionHandle {
    discord: Discord,
    id: Id,
}

/// An answer that can be seen: no longer "thinking…".
#[derive(Clone, Debug, Serialize)]
pub struct Reply {
    /// Whether only the person who acted sees it.
    pub ephemeral: bool,
    /// The message.
    pub message: MessageView,
}

impl Reply {
    /// The message as plain text.
    #[must_use]
    pub fn text(&self) -> String {
        self.message.text()
    }
}

/// A form that the bot opened.
#[derive(Clone, Debug, Serialize)]
pub struct Modal {
    /// Its custom id.
    pub custom_id: String,
    /// Its title.
    pub title: String,
    /// Its inputs, from top to bottom.
    pub inputs: Vec<ModalInput>,
}

/// An input of a form.
#[derive(Clone, Debug, Serialize)]
pub struct ModalInput {
    /// Its custom id.
    pub custom_id: String,
    /// Its label.
    pub label: String,
    /// What it is filled with.
    pub value: String,
    /// Whether it must not stay empty.
    pub required: bool,
    /// Fewest characters.
    pub min_length: u64,
    /// Most characters.
    pub max_length: u64,
}

impl InteractionHandle {
    pub(super) fn new(discord: &Discord, id: Id) -> Self {
        Self { discord: discord.clone(), id }
    }

    /// Id of the interaction.
    #[must_use]
    pub fn id(&self) -> Id {
        self.id
    }

    /// How long the first answer took; `None` while there is none.
    #[must_use]
    pub fn acknowledged_within(&self) -> Option<Duration> {
        self.discord.look(|state| acknowledged(state, self.id))
    }

    /// Waits for the first answer, which may be a mere acknowledgement, and says how long it took.
    ///
    /// # Panics
    /// When it does not come within the stand-in's patience.
    pub async fn acknowledged(&self) -> Duration {
        self.discord.wait_until("the interaction is acknowledged", |state| acknowledged(state, self.id)).await
    }

    /// Waits for the next answer that can be seen and was not seen before: the reply once it is no
    /// longer "thinking…", an edit of it, a follow-up, or the edited message a button belongs to.
    ///
    /// # Panics
    /// When none comes within the stand-in's patience.
    pub async fn reply(&self) -> Reply {
        self.discord.wait_until("there is a reply", |state| next_reply(state, self.id)).await
    }

    /// The same without waiting: `None` while there is none.
    #[must_use]
    pub fn reply_now(&self) -> Option<Reply> {
        self.discord.search(|state| next_reply(state, self.id))
    }

    /// Waits for the answer that does not say this any more, such as that more is to come. Who is quick replaces one that
    /// does before anybody saw it.
    ///
    /// # Panics
    /// When none comes within the stand-in's patience.
    pub async fn reply_without(&self, part: &str) -> Reply {
        let is_last = |reply: &Reply| !reply.text().contains(part);
        let next = |state: &mut State| next_reply(state, self.id).filter(is_last);
        self.discord.wait_until(&format!("a reply no longer says {part:?}"), next).await
    }

    /// Waits for the form that the bot opens in answer.
    ///
    /// # Panics
    /// When none comes within the stand-in's patience.
    pub async fn modal(&self) -> Modal {
        self.discord.wait_until("a form opens", |state| opened(state, self.id).ok()).await
    }

    /// Fills in the form that the bot opened, naming inputs by custom id or label, and sends it.
    ///
    /// # Errors
    /// When no form is open, an input is unknown, or a value is missing or too long.
    pub fn submits_modal(&self, values: &[(&str, &str)]) -> Result<Self, Refused> {
        self.discord
            .change(|state| {
                let modal = opened(state, self.id)?;
                let rows = filled(&modal, values)?;
                let Some(opener) = state.interactions.get(&self.id).cloned() else {
                    return Err(Refused::new("the form is gone"));
                };
                let place = state.where_is(opener.channel);
                let data = json!({ "custom_id": modal.custom_id, "components": rows });
                Ok(state.open_interaction(NewInteraction {
                    source: opener.source,
                    opened_by: Some(opener.id),
                    ..NewInteraction::new(InteractionKind::Modal, opener.user, place, data)
                }))
            })
            .map(|id| Self::new(&self.discord, id))
    }
}

fn acknowledged(state: &State, id: Id) -> Option<Duration> {
    let interaction = state.interactions.get(&id)?;
    let (_, at) = interaction.answer.as_ref()?;
    Some(at.duration_since(interaction.created).unsigned_abs())
}

fn next_reply(state: &mut State, id: Id) -> Option<Reply> {
    let interaction = state.interactions.get(&id)?;
    let first = match interaction.answer.as_ref()?.0 {
        Answer::Message | Answer::DeferredMessage | Answer::Update => !interaction.shown,
        _ => false,
    };
    let candidates = interaction.original.into_iter();
    let found = candidates
        .chain(interaction.follow_ups.iter().copied())
        .filter_map(|id| state.messages.get(&id))
        .find(|message| {
            let original = Some(message.id) == interaction.original;
            let fresh = message.read < message.revision;
            !message.is_loading() && (fresh || (original && first))
        })?
        .id;
    if let Some(interaction) = state.interactions.get_mut(&id) {
        interaction.shown |= interaction.original == Some(found);
    }
    let message = state.read(found)?;
    Some(Reply { ephemeral: message.only_for.is_some(), message })
}

fn opened(state: &State, id: Id) -> Result<Modal, Refused> {
    let answer = state.interactions.get(&id).and_then(|interaction| interaction.answer.as_ref());
    let Some((Answer::Modal(modal), _)) = answer else {
        return Err(Refused::new("no form is open"));
    };
    let inputs = list(modal, "components")
        .iter()
        .flat_map(|row| list(row, "components"))
        .map(|input| ModalInput {
            custom_id: text(input, "custom_id").to_owned(),
            label: text(input, "label").to_owned(),
            value: text(input, "value").to_owned(),
            required: input["required"].as_bool().unwrap_or(true),
            min_length: input["min_length"].as_u64().unwrap_or(0),
            max_length: input["max_length"].as_u64().unwrap_or(4000),
        })
        .collect();
    Ok(Modal { custom_id: text(modal, "custom_id").to_owned(), title: text(modal, "title").to_owned(), inputs })
}

fn filled(modal: &Modal, values: &[(&str, &str)]) -> Result<Vec<Value>, Refused> {
    let fits = |input: &ModalInput, name: &str| input.custom_id == name || input.label == name;
    for (name, _) in values {
        if !modal.inputs.iter().any(|input| fits(input, name)) {
            return Err(Refused::new(format!("the form has no input “{name}”")));
        }
    }
    let mut rows = Vec::new();
    for (index, input) in modal.inputs.iter().enumerate() {
        let given = values.iter().find(|(name, _)| fits(input, name));
        let value = given.map_or(input.value.as_str(), |(_, value)| value);
        let length = value.chars().count() as u64;
        let missing = input.required && length == 0;
        let short = length > 0 && length < input.min_length;
        if missing || short || length > input.max_length {
            return Err(Refused::new(format!(
                "{}: {} to {} characters, please",
                input.label, input.min_length, input.max_length
            )));
        }
        rows.push(json!({
            "type": 1,
            "id": index * 2 + 1,
            "components": [{
                "type": 4, "id": index * 2 + 2, "custom_id": input.custom_id, "value": value,
            }],
        }));
    }
    Ok(rows)
}
