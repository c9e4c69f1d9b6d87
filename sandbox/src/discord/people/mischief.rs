//! What people with other clients, other bots and stolen tokens can do.

use serde_json::{Value, json};

use super::handle::InteractionHandle;
use super::open::NewInteraction;
use super::{Refused, unexpected};
use crate::discord::Discord;
use crate::discord::actions::NewMessage;
use crate::discord::id::Id;
use crate::discord::interaction::{Interaction, InteractionKind};
use crate::discord::message::DEFAULT;
use crate::discord::validate::message::Draft;

impl Discord {
    /// Another bot joins the guild, with these roles.
    ///
    /// # Errors
    /// When the name is taken or a role does not exist.
    pub fn bot_joins(&self, name: &str, roles: &[&str]) -> Result<Id, Refused> {
        let id = self.member_joins(name, roles)?;
        self.change(|state| {
            if let Some(user) = state.users.get_mut(&id) {
                user.bot = true;
            }
            Ok(id)
        })
    }

    /// Somebody posts a message that looks exactly like another one, its buttons included.
    ///
    /// # Errors
    /// When there is no such person or message.
    pub fn copies(&self, user: &str, message: Id) -> Result<Id, Refused> {
        self.change(|state| {
            let user = state.person(user)?;
            let original = state.messages.get(&message).ok_or_else(|| Refused::new("that message is gone"))?;
            let (channel, draft) = (
                original.channel,
                Draft {
                    content: Some(original.content.clone()),
                    embeds: Some(original.embeds.clone()),
                    components: Some(original.components.clone()),
                    ..Draft::default()
                },
            );
            state.post(NewMessage::new(channel, user, DEFAULT, draft)).map_err(unexpected)
        })
    }

    /// Somebody who has the bot's token changes what a message says.
    ///
    /// # Errors
    /// When the message is gone.
    pub fn tampers(&self, message: Id, from: &str, to: &str) -> Result<(), Refused> {
        self.change(|state| {
            let original = state.messages.get(&message).ok_or_else(|| Refused::new("that message is gone"))?;
            let embeds = original.embeds.iter().map(|embed| replaced(embed, from, to)).collect();
            state.edit(message, Draft { embeds: Some(embeds), ..Draft::default() }, &[]).map_err(unexpected)
        })
    }

    /// Somebody presses a button that is not there, with a client of their own.
    ///
    /// # Errors
    /// When there is no such person or message.
    pub fn forges_click(&self, user: &str, message: Id, custom_id: &str) -> Result<InteractionHandle, Refused> {
        self.change(|state| {
            let user = state.person(user)?;
            if !state.messages.contains_key(&message) {
                return Err(Refused::new("that message is gone"));
            }
            let data = json!({ "id": 1, "custom_id": custom_id, "component_type": 2 });
            Ok(state.open_component(user, message, data))
        })
        .map(|id| InteractionHandle::new(self, id))
    }

    /// Somebody sends a form of their own instead of one that the bot has opened. Values go by custom id.
    ///
    /// # Errors
    /// When there is no such person or message, or the person has pressed nothing yet.
    pub fn forges_form(
        &self,
        user: &str,
        message: Id,
        custom_id: &str,
        values: &[(&str, &str)],
    ) -> Result<InteractionHandle, Refused> {
        self.change(|state| {
            let user = state.person(user)?;
            let channel = state.messages.get(&message).map(|found| found.channel);
            let channel = channel.ok_or_else(|| Refused::new("that message is gone"))?;
            let pressed = |interaction: &Interaction| interaction.kind == InteractionKind::Component;
            let own = |interaction: &&Interaction| interaction.user == user && pressed(interaction);
            let opener = state.interactions.values().rev().find(own).map(|interaction| interaction.id);
            let opener = opener.ok_or_else(|| Refused::new("no form is open"))?;
            let row = |(name, value): &(&str, &str)| {
                json!({ "type": 1, "id": 1, "components": [{ "type": 4, "id": 2, "custom_id": name, "value": value }] })
            };
            let rows: Vec<Value> = values.iter().map(row).collect();
            let (data, place) = (json!({ "custom_id": custom_id, "components": rows }), state.where_is(channel));
            Ok(state.open_interaction(NewInteraction {
                source: Some(message),
                opened_by: Some(opener),
                ..NewInteraction::new(InteractionKind::Modal, user, place, data)
            }))
        })
        .map(|id| InteractionHandle::new(self, id))
    }
}

/// The same with other text, however deep it stands.
fn replaced(value: &Value, from: &str, to: &str) -> Value {
    match value {
        Value::String(text) => json!(text.replace(from, to)),
        Value::Array(items) => items.iter().map(|item| replaced(item, from, to)).collect(),
        Value::Object(fields) => fields.iter().map(|(key, item)| (key.clone(), replaced(item, from, to))).collect(),
        other => other.clone(),
    }
}
