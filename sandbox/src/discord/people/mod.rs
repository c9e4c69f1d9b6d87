//! What people do in their Discord client: type commands, click, react, fill in forms, come and go.
//!
//! People and channels are named the way a story names them: a user name, a channel or thread name
//! (with or without `#`), or an id.

mod command_line;
mod handle;
mod open;

use serde::Serialize;
use serde_json::{Value, json};

pub use handle::{InteractionHandle, Modal, ModalInput, Reply};

use super::Discord;
use super::actions::NewMessage;
use super::error::ApiError;
use super::id::Id;
use super::interaction::{Answer, InteractionKind};
use super::message::{DEFAULT, Emoji};
use super::permissions as may;
use super::state::{Channel, State};
use super::validate::message::Draft;
use super::validate::{list, text};
use command_line::{Line, Typed};
use open::{NewInteraction, Where};

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

    /// Gives a person a role.
    ///
    /// # Errors
    /// When the person or the role does not exist.
    pub fn give_role(&self, user: &str, role: &str) -> Result<(), Refused> {
        self.change_roles(user, role, |roles, role| {
            if !roles.contains(&role) {
                roles.push(role);
            }
        })
    }

    /// Takes a role from a person.
    ///
    /// # Errors
    /// When the person or the role does not exist.
    pub fn take_role(&self, user: &str, role: &str) -> Result<(), Refused> {
        self.change_roles(user, role, |roles, role| roles.retain(|known| *known != role))
    }

    fn change_roles(&self, user: &str, role: &str, change: impl FnOnce(&mut Vec<Id>, Id)) -> Result<(), Refused> {
        self.change(|state| {
            let user = state.person(user)?;
            let role = state.role_named(role).ok_or_else(|| Refused::new(format!("there is no role @{role}")))?;
            let member =
                state.guild.members.get_mut(&user).ok_or_else(|| Refused::new("not a member of this server"))?;
            change(&mut member.roles, role);
            state.announce_member("GUILD_MEMBER_UPDATE", user);
            Ok(())
        })
    }

    /// A person leaves the guild.
    ///
    /// # Errors
    /// When the person does not exist.
    pub fn member_leaves(&self, user: &str) -> Result<(), Refused> {
        self.change(|state| {
            let user = state.person(user)?;
            state.guild.members.remove(&user);
            state.announce_departure(user);
            Ok(())
        })
    }

    /// Somebody new joins the guild, with these roles.
    ///
    /// # Errors
    /// When the name is taken or a role does not exist.
    pub fn member_joins(&self, user: &str, roles: &[&str]) -> Result<Id, Refused> {
        self.change(|state| {
            if state.person(user).is_ok() {
                return Err(Refused::new(format!("{user} is there already")));
            }
            let roles = roles
                .iter()
                .map(|role| state.role_named(role).ok_or_else(|| Refused::new(format!("there is no role @{role}"))))
                .collect::<Result<Vec<_>, _>>()?;
            let id = state.next_id();
            state.join(id, user, false, roles);
            state.announce_member("GUILD_MEMBER_ADD", id);
            Ok(id)
        })
    }

    /// An administrator sets what a role may and may not do in a channel, as permission bits.
    ///
    /// # Errors
    /// When the channel or role does not exist.
    pub fn overrides(&self, channel: &str, role: &str, allow: u64, deny: u64) -> Result<(), Refused> {
        self.change(|state| {
            let place = state.place(channel)?;
            let role = state.role_named(role).ok_or_else(|| Refused::new(format!("there is no role @{role}")))?;
            if let Some(found) = state.channels.get_mut(&place) {
                found.overwrites.retain(|overwrite| overwrite.id != role);
                found.overwrites.push(super::state::Overwrite { id: role, of_member: false, allow, deny });
            }
            state.announce_channel("CHANNEL_UPDATE", place);
            Ok(())
        })
    }
}

fn unexpected(_: ApiError) -> Refused {
    Refused::new("that message is gone")
}

fn named(item: &Value, wanted: &str) -> bool {
    let emoji = item.get("emoji").map_or("", |emoji| text(emoji, "name"));
    [text(item, "custom_id"), text(item, "label"), text(item, "placeholder"), emoji].contains(&wanted)
}

impl State {
    pub(crate) fn person(&self, name: &str) -> Result<Id, Refused> {
        let name = name.trim_start_matches('@');
        self.users
            .values()
            .find(|user| user.name == name || user.id.to_string() == name)
            .map(|user| user.id)
            .ok_or_else(|| Refused::new(format!("there is nobody called {name}")))
    }

    /// The newest channel or thread of that name, or the one with that id.
    pub(crate) fn place(&self, name: &str) -> Result<Id, Refused> {
        let name = name.trim_start_matches('#');
        self.channels
            .values()
            .rev()
            .find(|channel| channel.name == name || channel.id.to_string() == name)
            .map(|channel| channel.id)
            .ok_or_else(|| Refused::new(format!("there is no channel #{name}")))
    }

    fn person_may(&self, user: Id, wanted: u64, channel: Id) -> Result<&Channel, Refused> {
        let found = self.channels.get(&channel).ok_or_else(|| Refused::new("there is no such channel"))?;
        if self.permissions_in(user, found) & wanted != wanted {
            return Err(Refused::new(format!("{} may not do that in #{}", self.name_of(user), found.name)));
        }
        Ok(found)
    }

    fn may_use_commands(&self, user: Id, channel: Id) -> Result<(), Refused> {
        let wanted = may::VIEW_CHANNEL | may::USE_APPLICATION_COMMANDS;
        self.person_may(user, wanted, channel).map(|_| ())
    }

    fn line(&self) -> Line<'_> {
        Line::new(&self.commands)
    }

    /// A finished command line, as far as this person is shown the command. Without a channel nobody checks.
    fn typed(&self, user: Id, channel: Option<Id>, line: &str) -> Result<Typed, Refused> {
        let typed = self.line().finished(line, self)?;
        let Some(channel) = channel else {
            return Ok(typed);
        };
        self.may_use_commands(user, channel)?;
        let needed = match typed.command.definition["default_member_permissions"].as_str() {
            None => 0,
            // "0" hides a command from everybody but administrators.
            Some("0") => may::ADMINISTRATOR,
            Some(bits) => bits.parse().unwrap_or(may::ADMINISTRATOR),
        };
        self.person_may(user, needed, channel)?;
        Ok(typed)
    }

    fn reaction(&self, user: &str, message: Id, emoji: &str) -> Result<(Id, Emoji), Refused> {
        let user = self.person(user)?;
        let channel = self
            .messages
            .get(&message)
            .filter(|message| message.only_for.is_none())
            .map(|message| message.channel)
            .ok_or_else(|| Refused::new("that message is gone"))?;
        self.person_may(user, may::VIEW_CHANNEL | may::ADD_REACTIONS, channel)?;
        let emoji = Emoji::parse(emoji).ok_or_else(|| Refused::new("that is no emoji"))?;
        Ok((user, emoji))
    }

    /// The first component of a message this person can see that fits.
    fn component_on(&self, user: Id, message: Id, fits: impl Fn(&Value) -> bool) -> Result<Option<Value>, Refused> {
        let found = self
            .messages
            .get(&message)
            .filter(|message| message.only_for.is_none_or(|only| only == user))
            .ok_or_else(|| Refused::new("that message is gone"))?;
        if found.only_for.is_none() {
            self.person_may(user, may::VIEW_CHANNEL, found.channel)?;
        }
        Ok(found.components.iter().flat_map(|row| list(row, "components")).find(|item| fits(item)).cloned())
    }

    fn open_command(&mut self, user: Id, place: Where, typed: Typed) -> Id {
        let data = typed.data(self, false);
        self.open_interaction(NewInteraction {
            name: typed.full_name,
            ..NewInteraction::new(InteractionKind::Command, user, place, data)
        })
    }

    fn open_autocomplete(&mut self, user: Id, channel: Id, typed: Typed) -> Id {
        let data = typed.data(self, true);
        self.open_interaction(NewInteraction {
            name: typed.full_name,
            ..NewInteraction::new(InteractionKind::Autocomplete, user, Where::Here(channel), data)
        })
    }

    fn open_component(&mut self, user: Id, message: Id, data: Value) -> Id {
        let channel = self.messages.get(&message).map_or(Id(0), |message| message.channel);
        let place = self.where_is(channel);
        self.open_interaction(NewInteraction {
            source: Some(message),
            ..NewInteraction::new(InteractionKind::Component, user, place, data)
        })
    }
}
