//! The stand-in's things as the JSON that REST and the gateway send.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::id::Id;
use super::interaction::{Interaction, InteractionKind};
use super::message::{Attachment, Emoji, HAS_THREAD, Message};
use super::state::{Channel, Command, DM_CHANNEL, Member, Role, State, Thread, User};

/// Discord's way to write a time.
pub(crate) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}

pub(crate) fn user(user: &User) -> Value {
    json!({
        "id": user.id,
        "username": user.name,
        "discriminator": if user.bot { "0001" } else { "0" },
        "global_name": (!user.bot).then_some(&user.name),
        "avatar": null,
        "banner": null,
        "accent_color": null,
        "avatar_decoration_data": null,
        "collectibles": null,
        "primary_guild": null,
        "public_flags": 0,
        "flags": 0,
        "bot": user.bot,
    })
}

pub(crate) fn role(role: &Role) -> Value {
    let mut value = json!({
        "id": role.id,
        "name": role.name,
        "permissions": role.permissions.to_string(),
        "position": role.position,
        "color": 0,
        "colors": { "primary_color": 0, "secondary_color": null, "tertiary_color": null },
        "hoist": false,
        "managed": role.managed_by.is_some(),
        "mentionable": role.mentionable,
        "icon": null,
        "unicode_emoji": null,
        "flags": 0,
    });
    if let Some(bot) = role.managed_by {
        value["tags"] = json!({ "bot_id": bot });
    }
    value
}

pub(crate) fn emoji(emoji: &Emoji) -> Value {
    json!({ "id": emoji.id, "name": emoji.name })
}

pub(crate) fn attachment(attachment: &Attachment, channel: Id) -> Value {
    let url = format!("https://cdn.discordapp.com/attachments/{channel}/{}/{}", attachment.id, attachment.name);
    let mut value = json!({
        "id": attachment.id,
        "filename": attachment.name,
        "size": attachment.content.len(),
        "url": url,
        "proxy_url": url,
    });
    if let Some(description) = &attachment.description {
        value["description"] = json!(description);
    }
    if let Some(content_type) = &attachment.content_type {
        value["content_type"] = json!(content_type);
    }
    value
}

pub(crate) fn command(command: &Command, application: Id) -> Value {
    let mut value = command.definition.clone();
    value["id"] = json!(command.id);
    value["application_id"] = json!(application);
    value["version"] = json!(command.version);
    let defaults = [
        ("default_member_permissions", Value::Null),
        ("nsfw", json!(false)),
        ("contexts", Value::Null),
        ("integration_types", json!([0])),
    ];
    for (key, default) in defaults {
        if value.get(key).is_none() {
            value[key] = default;
        }
    }
    match command.guild {
        Some(guild) => value["guild_id"] = json!(guild),
        None if value.get("dm_permission").is_none() => value["dm_permission"] = json!(true),
        None => {}
    }
    value
}

fn thread_fields(value: &mut Value, thread: &Thread, messages: usize) {
    value["owner_id"] = json!(thread.owner);
    value["rate_limit_per_user"] = json!(thread.slow_mode);
    value["message_count"] = json!(messages);
    value["total_message_sent"] = json!(thread.sent);
    value["member_count"] = json!(thread.members.len());
    value["thread_metadata"] = json!({
        "archived": thread.archived,
        "archive_timestamp": time(thread.archive_changed),
        "auto_archive_duration": thread.auto_archive,
        "locked": thread.locked,
        "create_timestamp": time(thread.created),
    });
}

impl State {
    pub(crate) fn user_json(&self, id: Id) -> Value {
        match self.users.get(&id) {
            Some(known) => user(known),
            None => user(&User { id, name: "Deleted User".to_owned(), bot: false }),
        }
    }

    /// A member without its user, as messages and reactions carry it when `bare`.
    pub(crate) fn member_json(&self, member: &Member, bare: bool) -> Value {
        let mut value = json!({
            "avatar": null,
            "banner": null,
            "communication_disabled_until": null,
            "flags": 0,
            "joined_at": time(member.joined),
            "nick": null,
            "pending": false,
            "premium_since": null,
            "roles": member.roles,
            "mute": false,
            "deaf": false,
        });
        if !bare {
            value["user"] = self.user_json(member.user);
        }
        value
    }

    pub(crate) fn channel_json(&self, channel: &Channel) -> Value {
        let mut value = json!({
            "id": channel.id,
            "type": channel.kind,
            "flags": 0,
            "last_message_id": channel.last_message,
        });
        if channel.kind == DM_CHANNEL {
            let other = channel.recipient.map(|id| self.user_json(id));
            value["recipients"] = json!(other.into_iter().collect::<Vec<_>>());
            return value;
        }
        value["guild_id"] = json!(channel.guild);
        value["name"] = json!(channel.name);
        value["parent_id"] = json!(channel.parent);
        value["rate_limit_per_user"] = json!(0);
        if let Some(thread) = &channel.thread {
            let messages = self.messages_in(channel.id).count();
            thread_fields(&mut value, thread, messages);
        } else {
            value["topic"] = json!(channel.topic);
            value["position"] = json!(channel.position);
            value["nsfw"] = json!(false);
            value["permission_overwrites"] = channel
                .overwrites
                .iter()
                .map(|overwrite| {
                    json!({
                        "id": overwrite.id,
                        "type": u8::from(overwrite.of_member),
                        "allow": overwrite.allow.to_string(),
                        "deny": overwrite.deny.to_string(),
                    })
                })
                .collect();
        }
        value
    }

    /// A message as the bot sees it over REST.
    pub(crate) fn message_json(&self, message: &Message) -> Value {
        let users = message.mentions.users.iter();
        let attachments = message.attachments.iter();
        let mut value = json!({
            "id": message.id,
            "channel_id": message.channel,
            "type": message.kind,
            "author": self.user_json(message.author),
            "content": message.content,
            "embeds": message.embeds,
            "components": message.components,
            "attachments": attachments
                .map(|file| attachment(file, message.channel))
                .collect::<Vec<_>>(),
            "timestamp": time(message.created),
            "edited_timestamp": message.edited.map(time),
            "flags": message.flags,
            "mentions": users.map(|id| self.user_json(*id)).collect::<Vec<_>>(),
            "mention_roles": message.mentions.roles,
            "mention_everyone": message.mentions.everyone || message.mentions.here,
            "pinned": false,
            "tts": false,
        });
        self.optional_message_fields(message, &mut value);
        value
    }

    fn optional_message_fields(&self, message: &Message, value: &mut Value) {
        if let Some(nonce) = &message.nonce {
            value["nonce"] = nonce.clone();
        }
        if !message.reactions.is_empty() {
            value["reactions"] = self.reactions_json(message);
        }
        if let Some(answered) = message.answers {
            value["message_reference"] = json!({
                "type": 0, "channel_id": message.channel, "message_id": answered,
            });
        }
        if let Some(thread) = message.thread.and_then(|id| self.channels.get(&id)) {
            value["flags"] = json!(message.flags | HAS_THREAD);
            value["thread"] = self.channel_json(thread);
        }
        if let Some(interaction) = message.interaction.and_then(|id| self.interactions.get(&id)) {
            value["application_id"] = json!(self.application.id);
            value["webhook_id"] = json!(self.application.id);
            if interaction.kind == InteractionKind::Command {
                value["interaction"] = json!({
                    "id": interaction.id,
                    "type": interaction.kind as u8,
                    "name": interaction.name,
                    "user": self.user_json(interaction.user),
                });
            }
            value["interaction_metadata"] = self.interaction_metadata(interaction);
        }
    }

    fn interaction_metadata(&self, interaction: &Interaction) -> Value {
        let mut metadata = json!({
            "id": interaction.id,
            "type": interaction.kind as u8,
            "user": self.user_json(interaction.user),
            "authorizing_integration_owners": { "0": self.guild.id },
        });
        match interaction.kind {
            InteractionKind::Component => {
                metadata["interacted_message_id"] = json!(interaction.source);
            }
            InteractionKind::Modal => {
                let opener = interaction.opened_by.and_then(|id| self.interactions.get(&id));
                metadata["triggering_interaction_metadata"] =
                    json!(opener.map(|opener| self.interaction_metadata(opener)));
            }
            InteractionKind::Command | InteractionKind::Autocomplete => {
                metadata["name"] = json!(interaction.name);
            }
        }
        metadata
    }

    fn reactions_json(&self, message: &Message) -> Value {
        message
            .reactions
            .iter()
            .map(|reaction| {
                let count = reaction.users.len();
                json!({
                    "emoji": emoji(&reaction.emoji),
                    "count": count,
                    "count_details": { "burst": 0, "normal": count },
                    "burst_colors": [],
                    "me_burst": false,
                    "me": reaction.users.contains(&self.bot),
                })
            })
            .collect()
    }

    /// The messages of a channel that everybody sees, oldest first.
    pub(crate) fn messages_in(&self, channel: Id) -> impl DoubleEndedIterator<Item = &Message> {
        self.messages.values().filter(move |message| message.channel == channel && message.only_for.is_none())
    }
}
