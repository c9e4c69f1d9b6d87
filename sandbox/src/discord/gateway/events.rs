//! What the gateway tells when something happens, each event to those who asked for it.

use serde_json::{Value, json};

use super::intents;
use crate::discord::id::Id;
use crate::discord::message::{Emoji, Message};
use crate::discord::state::{Channel, DM_CHANNEL, State};
use crate::discord::wire;

impl State {
    /// READY and, when asked for, GUILD_CREATE.
    pub(crate) fn greet(&mut self, session: &str, intents: u64, url: &str, shard: &Value) {
        let ready = json!({
            "v": 10,
            "user": self.me_json(),
            "guilds": [{ "id": self.guild.id, "unavailable": true }],
            "private_channels": [],
            "relationships": [],
            "user_settings": {},
            "session_type": "normal",
            "session_id": session,
            "resume_gateway_url": url,
            "shard": if shard.is_array() { shard.clone() } else { json!([0, 1]) },
            "application": { "id": self.application.id, "flags": 0 },
            "_trace": [],
        });
        self.sessions.dispatch_to(session, "READY", &ready);
        if intents & intents::GUILDS != 0 {
            let guild = self.guild_create(intents);
            self.sessions.dispatch_to(session, "GUILD_CREATE", &guild);
        }
    }

    fn guild_create(&self, intents: u64) -> Value {
        let mut guild = self.guild_json();
        let ours = |channel: &&Channel| channel.guild == Some(self.guild.id);
        let (threads, channels): (Vec<_>, Vec<_>) =
            self.channels.values().filter(ours).partition(|channel| channel.thread.is_some());
        let joined = self.guild.members.get(&self.bot).map(|bot| bot.joined);
        // Without the members intent a bot is shown itself and nobody else.
        let all = intents & intents::GUILD_MEMBERS != 0;
        let members = self.guild.members.values();
        guild["joined_at"] = json!(joined.map(wire::time));
        guild["large"] = json!(false);
        guild["unavailable"] = json!(false);
        guild["member_count"] = json!(self.guild.members.len());
        guild["channels"] = channels.iter().map(|c| self.channel_json(c)).collect();
        guild["threads"] = threads.iter().map(|c| self.channel_json(c)).collect();
        guild["members"] = members
            .filter(|member| all || member.user == self.bot)
            .map(|member| self.member_json(member, false))
            .collect();
        for empty in ["voice_states", "presences", "stage_instances", "guild_scheduled_events", "soundboard_sounds"] {
            guild[empty] = json!([]);
        }
        guild
    }

    fn is_dm(&self, channel: Id) -> bool {
        self.channels.get(&channel).is_some_and(|channel| channel.kind == DM_CHANNEL)
    }

    fn guild_of(&self, channel: Id) -> Option<Id> {
        self.channels.get(&channel).and_then(|channel| channel.guild)
    }

    /// MESSAGE_CREATE or MESSAGE_UPDATE. Ephemeral messages are nobody else's business.
    pub(crate) fn announce_message(&mut self, name: &str, id: Id) {
        let Some(message) = self.messages.get(&id) else {
            return;
        };
        if message.only_for.is_some() {
            return;
        }
        let dm = self.is_dm(message.channel);
        let mut full = self.message_json(message);
        if let Some(guild) = self.guild_of(message.channel) {
            full["guild_id"] = json!(guild);
            if let Some(member) = self.guild.members.get(&message.author) {
                full["member"] = self.member_json(member, true);
            }
        }
        let readable = dm || self.bot_may_read(message);
        let intent = if dm { intents::DIRECT_MESSAGES } else { intents::GUILD_MESSAGES };
        self.sessions.dispatch_each(name, intent, |intents| {
            let mut data = full.clone();
            if !readable && intents & intents::MESSAGE_CONTENT == 0 {
                blank(&mut data);
            }
            data
        });
    }

    /// A bot reads its own messages and those that mention it without the content intent.
    fn bot_may_read(&self, message: &Message) -> bool {
        message.author == self.bot || message.mentions.users.contains(&self.bot)
    }

    /// MESSAGE_DELETE.
    pub(crate) fn announce_deletion(&mut self, message: &Message) {
        if message.only_for.is_some() {
            return;
        }
        let mut data = json!({ "id": message.id, "channel_id": message.channel });
        if let Some(guild) = self.guild_of(message.channel) {
            data["guild_id"] = json!(guild);
        }
        let intent = self.message_intent(message.channel);
        self.sessions.dispatch("MESSAGE_DELETE", intent, &data);
    }

    fn message_intent(&self, channel: Id) -> u64 {
        if self.is_dm(channel) { intents::DIRECT_MESSAGES } else { intents::GUILD_MESSAGES }
    }

    /// MESSAGE_REACTION_ADD, with the member, or MESSAGE_REACTION_REMOVE, without.
    pub(crate) fn announce_reaction(&mut self, message: Id, user: Id, emoji: &Emoji, added: bool) {
        let Some(found) = self.messages.get(&message) else {
            return;
        };
        let (channel, author) = (found.channel, found.author);
        let mut data = json!({
            "user_id": user,
            "channel_id": channel,
            "message_id": message,
            "emoji": wire::emoji(emoji),
            "burst": false,
            "type": 0,
        });
        let guild = self.guild_of(channel);
        if let Some(guild) = guild {
            data["guild_id"] = json!(guild);
        }
        if added {
            data["message_author_id"] = json!(author);
            data["burst_colors"] = json!([]);
            if let Some(member) = self.guild.members.get(&user).filter(|_| guild.is_some()) {
                data["member"] = self.member_json(member, false);
            }
        }
        let name = if added { "MESSAGE_REACTION_ADD" } else { "MESSAGE_REACTION_REMOVE" };
        let intent = self.reaction_intent(channel);
        self.sessions.dispatch(name, intent, &data);
    }

    /// MESSAGE_REACTION_REMOVE_ALL, or MESSAGE_REACTION_REMOVE_EMOJI when one is named.
    pub(crate) fn announce_reactions_cleared(&mut self, message: Id, emoji: Option<&Emoji>) {
        let Some(channel) = self.messages.get(&message).map(|found| found.channel) else {
            return;
        };
        let mut data = json!({ "channel_id": channel, "message_id": message });
        if let Some(guild) = self.guild_of(channel) {
            data["guild_id"] = json!(guild);
        }
        let intent = self.reaction_intent(channel);
        match emoji {
            None => self.sessions.dispatch("MESSAGE_REACTION_REMOVE_ALL", intent, &data),
            Some(emoji) => {
                data["emoji"] = wire::emoji(emoji);
                self.sessions.dispatch("MESSAGE_REACTION_REMOVE_EMOJI", intent, &data);
            }
        }
    }

    fn reaction_intent(&self, channel: Id) -> u64 {
        if self.is_dm(channel) { intents::DIRECT_MESSAGE_REACTIONS } else { intents::GUILD_MESSAGE_REACTIONS }
    }

    /// CHANNEL_CREATE, CHANNEL_UPDATE, THREAD_CREATE, THREAD_UPDATE or THREAD_DELETE.
    pub(crate) fn announce_channel(&mut self, name: &str, id: Id) {
        let Some(channel) = self.channels.get(&id) else {
            return;
        };
        let mut data = self.channel_json(channel);
        if name == "THREAD_CREATE" {
            data["newly_created"] = json!(true);
        }
        self.sessions.dispatch(name, intents::GUILDS, &data);
    }

    /// GUILD_MEMBER_UPDATE or GUILD_MEMBER_ADD, for those with the privileged intent.
    pub(crate) fn announce_member(&mut self, name: &str, user: Id) {
        let Some(member) = self.guild.members.get(&user) else {
            return;
        };
        let mut data = self.member_json(member, false);
        data["guild_id"] = json!(self.guild.id);
        self.sessions.dispatch(name, intents::GUILD_MEMBERS, &data);
    }

    /// GUILD_MEMBER_REMOVE, for those with the privileged intent.
    pub(crate) fn announce_departure(&mut self, user: Id) {
        let data = json!({ "guild_id": self.guild.id, "user": self.user_json(user) });
        self.sessions.dispatch("GUILD_MEMBER_REMOVE", intents::GUILD_MEMBERS, &data);
    }
}

fn blank(message: &mut Value) {
    message["content"] = json!("");
    for key in ["embeds", "attachments", "components"] {
        message[key] = json!([]);
    }
}
