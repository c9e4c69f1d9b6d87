//! Makes an interaction and tells the bot about it.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::discord::id::Id;
use crate::discord::interaction::{Interaction, InteractionKind};
use crate::discord::state::{DM_CHANNEL, State};
use crate::discord::wire;

/// Where an interaction happens.
#[derive(Clone, Copy, Debug)]
pub(super) enum Where {
    /// In a channel of the guild.
    Here(Id),
    /// In a direct message with the bot.
    Dm(Id),
    /// In a guild the service was not set up for.
    Elsewhere,
}

impl Where {
    fn channel(self) -> Id {
        match self {
            Self::Here(channel) | Self::Dm(channel) => channel,
            Self::Elsewhere => State::elsewhere(),
        }
    }
}

/// An interaction to be made.
pub(super) struct NewInteraction {
    pub(super) kind: InteractionKind,
    pub(super) user: Id,
    pub(super) place: Where,
    pub(super) name: String,
    pub(super) data: Value,
    pub(super) source: Option<Id>,
    pub(super) opened_by: Option<Id>,
}

impl NewInteraction {
    pub(super) fn new(kind: InteractionKind, user: Id, place: Where, data: Value) -> Self {
        Self { kind, user, place, name: String::new(), data, source: None, opened_by: None }
    }
}

impl State {
    /// Which kind of place a channel is.
    pub(super) fn where_is(&self, channel: Id) -> Where {
        match self.channels.get(&channel) {
            Some(found) if found.kind == DM_CHANNEL => Where::Dm(channel),
            Some(found) if found.guild != Some(self.guild.id) => Where::Elsewhere,
            _ => Where::Here(channel),
        }
    }

    /// Keeps the interaction and sends INTERACTION_CREATE.
    pub(super) fn open_interaction(&mut self, new: NewInteraction) -> Id {
        let id = self.next_id();
        let secret = Sha256::digest(format!("{id}:{}", self.application.token));
        let interaction = Interaction {
            id,
            token: hex::encode(secret),
            kind: new.kind,
            user: new.user,
            channel: new.place.channel(),
            created: self.now(),
            name: new.name,
            source: new.source,
            opened_by: new.opened_by,
            answer: None,
            original: None,
            follow_ups: Vec::new(),
            shown: false,
        };
        let payload = self.interaction_json(&interaction, new.place, new.data);
        self.tokens.insert(interaction.token.clone(), id);
        self.interactions.insert(id, interaction);
        self.sessions.dispatch("INTERACTION_CREATE", 0, &payload);
        id
    }

    fn interaction_json(&self, interaction: &Interaction, place: Where, data: Value) -> Value {
        let channel = self.channels.get(&interaction.channel);
        let permissions = |user| channel.map_or(0, |c| self.permissions_in(user, c)).to_string();
        let mut value = json!({
            "id": interaction.id,
            "application_id": self.application.id,
            "type": interaction.kind as u8,
            "token": interaction.token,
            "version": 1,
            "data": data,
            "channel_id": interaction.channel,
            "channel": channel.map(|channel| self.channel_json(channel)),
            "app_permissions": permissions(self.bot),
            "locale": "en-US",
            "entitlements": [],
            "authorizing_integration_owners": { "0": self.guild.id },
            "attachment_size_limit": 10_485_760,
            "context": 0,
        });
        let guild = match place {
            Where::Here(_) => Some(self.guild.id),
            Where::Elsewhere => channel.and_then(|channel| channel.guild),
            Where::Dm(_) => None,
        };
        if let Some(guild) = guild {
            value["guild_id"] = json!(guild);
            value["guild"] = json!({ "id": guild, "locale": "en-US", "features": [] });
            value["guild_locale"] = json!("en-US");
            value["member"] = self.acting_member(interaction.user, place);
            value["member"]["permissions"] = json!(permissions(interaction.user));
        } else {
            value["user"] = self.user_json(interaction.user);
            value["context"] = json!(1);
            value["authorizing_integration_owners"] = json!({ "0": "0" });
        }
        if let Some(source) = interaction.source.and_then(|id| self.messages.get(&id)) {
            value["message"] = self.message_json(source);
        }
        value
    }

    /// The member as the interaction carries it. In another guild they hold none of our roles.
    fn acting_member(&self, user: Id, place: Where) -> Value {
        let known = self.guild.members.get(&user).cloned();
        let mut member =
            known.unwrap_or_else(|| crate::discord::state::Member { user, roles: Vec::new(), joined: self.now() });
        if matches!(place, Where::Elsewhere) {
            member.roles.clear();
        }
        self.member_json(&member, false)
    }

    /// What the options of a command line refer to, in the form of `data.resolved`.
    pub(super) fn resolved(&self, users: &[Id], roles: &[Id], channels: &[Id]) -> Value {
        let mut resolved = json!({});
        for id in users {
            resolved["users"][id.to_string()] = self.user_json(*id);
            if let Some(member) = self.guild.members.get(id) {
                resolved["members"][id.to_string()] = self.member_json(member, true);
                resolved["members"][id.to_string()]["permissions"] = json!("0");
            }
        }
        for role in self.guild.roles.iter().filter(|role| roles.contains(&role.id)) {
            resolved["roles"][role.id.to_string()] = wire::role(role);
        }
        for channel in channels.iter().filter_map(|id| self.channels.get(id)) {
            let mut partial = self.channel_json(channel);
            partial["permissions"] = json!("0");
            resolved["channels"][channel.id.to_string()] = partial;
        }
        resolved
    }
}
