//! Finds what a person names and whether they may see or do it.

use serde_json::Value;

use super::Refused;
use super::command_line::{Line, Typed};
use super::open::{NewInteraction, Where};
use crate::discord::id::Id;
use crate::discord::interaction::InteractionKind;
use crate::discord::message::Emoji;
use crate::discord::permissions as may;
use crate::discord::state::{Channel, State};
use crate::discord::validate::list;

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

    pub(super) fn person_may(&self, user: Id, wanted: u64, channel: Id) -> Result<&Channel, Refused> {
        let found = self.channels.get(&channel).ok_or_else(|| Refused::new("there is no such channel"))?;
        if self.permissions_in(user, found) & wanted != wanted {
            return Err(Refused::new(format!("{} may not do that in #{}", self.name_of(user), found.name)));
        }
        Ok(found)
    }

    pub(super) fn may_use_commands(&self, user: Id, channel: Id) -> Result<(), Refused> {
        let wanted = may::VIEW_CHANNEL | may::USE_APPLICATION_COMMANDS;
        self.person_may(user, wanted, channel).map(|_| ())
    }

    pub(super) fn line(&self) -> Line<'_> {
        Line::new(&self.commands)
    }

    /// A finished command line, as far as this person is shown the command. Without a channel nobody checks.
    pub(super) fn typed(&self, user: Id, channel: Option<Id>, line: &str) -> Result<Typed, Refused> {
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

    pub(super) fn reaction(&self, user: &str, message: Id, emoji: &str) -> Result<(Id, Emoji), Refused> {
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
    pub(super) fn component_on(
        &self,
        user: Id,
        message: Id,
        fits: impl Fn(&Value) -> bool,
    ) -> Result<Option<Value>, Refused> {
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

    pub(super) fn open_command(&mut self, user: Id, place: Where, typed: Typed) -> Id {
        let data = typed.data(self, false);
        self.open_interaction(NewInteraction {
            name: typed.full_name,
            ..NewInteraction::new(InteractionKind::Command, user, place, data)
        })
    }

    pub(super) fn open_autocomplete(&mut self, user: Id, channel: Id, typed: Typed) -> Id {
        let data = typed.data(self, true);
        self.open_interaction(NewInteraction {
            name: typed.full_name,
            ..NewInteraction::new(InteractionKind::Autocomplete, user, Where::Here(channel), data)
        })
    }

    pub(super) fn open_component(&mut self, user: Id, message: Id, data: Value) -> Id {
        let channel = self.messages.get(&message).map_or(Id(0), |message| message.channel);
        let place = self.where_is(channel);
        self.open_interaction(NewInteraction {
            source: Some(message),
            ..NewInteraction::new(InteractionKind::Component, user, place, data)
        })
    }
}
