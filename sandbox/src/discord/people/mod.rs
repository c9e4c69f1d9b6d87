//! What people do in their Discord client: type commands, click, react, fill in forms, come and go.
//!
//! People and channels are named the way a story names them: a user name, a channel or thread name
//! (with or without `#`), or an id.

mod command_line;
mod handle;
mod lookup;
mod membership;
mod mischief;
mod open;

use serde::Serialize;
use serde_json::{Value, json};

pub use handle::{InteractionHandle, Modal, ModalInput, Reply};

use super::Discord;
use super::actions::NewMessage;
use super::error::ApiError;
use super::id::Id;
use super::interaction::Answer;
use super::message::DEFAULT;
use super::permissions as may;
use super::state::State;
use super::validate::message::Draft;
use super::validate::{list, text};
use open::Where;

/// Why the client did not let a person do something, in its words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

impl Refused {
    fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// A suggestion shown while a command is typed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Choice {
    /// What the person sees.
    pub name: String,
    /// What the bot gets, a text or a number.
    pub value: Value,
}

impl Discord {
    /// Types a command in a channel and sends it, such as `/deploy uat ref:main note:"hello world"`.
    /// Words fill the options in order; `name:value` fills one by name.
    ///
    /// # Errors
    /// What the client shows when the command or an option does not fit, or is not shown to this person.
    pub fn types(&self, user: &str, channel: &str, line: &str) -> Result<InteractionHandle, Refused> {
        self.change(|state| {
            let user = state.person(user)?;
            let channel = state.place(channel)?;
            let typed = state.typed(user, Some(channel), line)?;
            Ok(state.open_command(user, Where::Here(channel), typed))
        })
        .map(|id| InteractionHandle::new(self, id))
    }

    /// Types a command in a direct message to the bot.
    ///
    /// # Errors
    /// As [`Self::types`]. Commands of the guild are let through as well, to show that a bot must not
    /// rely on the client to hide them.
    pub fn types_in_dm(&self, user: &str, line: &str) -> Result<InteractionHandle, Refused> {
        self.change(|state| {
            let user = state.person(user)?;
            let typed = state.typed(user, None, line)?;
            let channel = state.open_dm(user);
            Ok(state.open_command(user, Where::Dm(channel), typed))
        })
        .map(|id| InteractionHandle::new(self, id))
    }

    /// Types a command in a guild that the service was not set up for.
    ///
    /// # Errors
    /// As [`Self::types_in_dm`].
    pub fn types_from_other_guild(&self, user: &str, line: &str) -> Result<InteractionHandle, Refused> {
        self.change(|state| {
            let user = state.person(user)?;
            let typed = state.typed(user, None, line)?;
            Ok(state.open_command(user, Where::Elsewhere, typed))
        })
        .map(|id| InteractionHandle::new(self, id))
    }

    /// Types part of a command and waits for the suggestions for its last option.
    ///
    /// # Errors
    /// When the option gives no suggestions, or the client shows "Loading options failed".
    pub async fn autocompletes(&self, user: &str, channel: &str, line: &str) -> Result<Vec<Choice>, Refused> {
        let id = self.change(|state| {
            let user = state.person(user)?;
            let channel = state.place(channel)?;
            state.may_use_commands(user, channel)?;
            let typed = state.line().unfinished(line, state)?;
            Ok(state.open_autocomplete(user, channel, typed))
        })?;
        let choices = |state: &mut State| match state.interactions.get(&id)?.answer.as_ref()? {
            (Answer::Choices(choices), _) => Some(choices.clone()),
            _ => None,
        };
        let waiting = self.wait_until("suggestions are there", choices);
        // The client gives up where the token does.
        let choices = tokio::time::timeout(super::interaction::ANSWER_WITHIN, waiting)
            .await
            .map_err(|_| Refused::new("Loading options failed"))?;
        Ok(choices
            .iter()
            .map(|choice| Choice { name: text(choice, "name").to_owned(), value: choice["value"].clone() })
            .collect())
    }

    /// Sends a plain message.
    ///
    /// # Errors
    /// When the person cannot write there.
    pub fn says(&self, user: &str, channel: &str, content: &str) -> Result<Id, Refused> {
        self.change(|state| {
            let user = state.person(user)?;
            let channel = state.place(channel)?;
            let wanted = may::VIEW_CHANNEL | may::SEND_MESSAGES;
            state.person_may(user, wanted, channel)?;
            let draft = Draft { content: Some(content.to_owned()), ..Draft::default() };
            state.post(NewMessage::new(channel, user, DEFAULT, draft)).map_err(unexpected)
        })
    }

    /// Puts a reaction on a message.
    ///
    /// # Errors
    /// When the message is gone or the person may not react to it.
    pub fn reacts(&self, user: &str, message: Id, emoji: &str) -> Result<(), Refused> {
        self.change(|state| {
            let (user, emoji) = state.reaction(user, message, emoji)?;
            state.react(message, user, &emoji).map_err(unexpected)
        })
    }

    /// Takes a reaction away.
    ///
    /// # Errors
    /// When the message is gone or the person did not react so.
    pub fn unreacts(&self, user: &str, message: Id, emoji: &str) -> Result<(), Refused> {
        self.change(|state| {
            let (user, emoji) = state.reaction(user, message, emoji)?;
            state.unreact(message, user, &emoji).map_err(unexpected)
        })
    }

    /// Deletes somebody's message, as a moderator would.
    ///
    /// # Errors
    /// When the message is gone.
    pub fn deletes(&self, message: Id) -> Result<(), Refused> {
        self.change(|state| state.delete(message).map_err(unexpected))
    }

    /// Clicks a button, named by its label, emoji or custom id.
    ///
    /// # Errors
    /// When there is no such button for this person, or it is disabled or only opens a page.
    pub fn clicks(&self, user: &str, message: Id, button: &str) -> Result<InteractionHandle, Refused> {
        self.change(|state| {
            let user = state.person(user)?;
            let found = state.component_on(user, message, |item| named(item, button))?;
            let Some(found) = found.filter(|item| item["type"] == 2) else {
                return Err(Refused::new(format!("there is no button “{button}”")));
            };
            if found["disabled"] == json!(true) {
                return Err(Refused::new(format!("the button “{button}” is disabled")));
            }
            if found.get("custom_id").is_none() {
                return Err(Refused::new(format!("“{button}” only opens a page")));
            }
            let data = json!({
                "id": found["id"], "custom_id": found["custom_id"], "component_type": 2,
            });
            Ok(state.open_component(user, message, data))
        })
        .map(|id| InteractionHandle::new(self, id))
    }

    /// Picks values in a select menu, named by its custom id or placeholder.
    ///
    /// # Errors
    /// When there is no such menu or a value is not among its options.
    pub fn selects(&self, user: &str, message: Id, menu: &str, values: &[&str]) -> Result<InteractionHandle, Refused> {
        self.change(|state| {
            let user = state.person(user)?;
            let found = state.component_on(user, message, |item| named(item, menu))?;
            let Some(found) = found.filter(|item| item["type"] == 3) else {
                return Err(Refused::new(format!("there is no menu “{menu}”")));
            };
            let values = values
                .iter()
                .map(|wanted| {
                    list(&found, "options")
                        .iter()
                        .find(|o| text(o, "label") == *wanted || text(o, "value") == *wanted)
                        .map(|option| option["value"].clone())
                        .ok_or_else(|| Refused::new(format!("“{wanted}” is not in the menu")))
                })
                .collect::<Result<Vec<_>, _>>()?;
            let data = json!({
                "id": found["id"], "custom_id": found["custom_id"], "component_type": 3,
                "values": values,
            });
            Ok(state.open_component(user, message, data))
        })
        .map(|id| InteractionHandle::new(self, id))
    }
}

fn unexpected(_: ApiError) -> Refused {
    Refused::new("that message is gone")
}

fn named(item: &Value, wanted: &str) -> bool {
    let emoji = item.get("emoji").map_or("", |emoji| text(emoji, "name"));
    [text(item, "custom_id"), text(item, "label"), text(item, "placeholder"), emoji].contains(&wanted)
}
