//! What can be done to messages and threads, by the bot over REST and by people alike.
//! Every action changes the state and tells the gateway.

use serde_json::Value;

use super::error::{ApiError, Faults};
use super::id::Id;
use super::message::{Attachment, EPHEMERAL, Emoji, LOADING, Mentions, Message, Reaction, SUPPRESS_EMBEDS};
use super::permissions as may;
use super::state::{Channel, PUBLIC_THREAD, State, Thread};
use super::validate::message::Draft;
use super::validate::schema::snowflake;
use super::validate::text;
use crate::multipart::Part;

/// Different emoji allowed on a message.
const MOST_EMOJI: usize = 20;
/// Bytes of one file.
const LARGEST_FILE: usize = 10 * 1024 * 1024;

/// A message to be posted.
pub(crate) struct NewMessage {
    pub(crate) channel: Id,
    pub(crate) author: Id,
    pub(crate) kind: u8,
    pub(crate) draft: Draft,
    pub(crate) uploads: Vec<Part>,
    pub(crate) interaction: Option<Id>,
    pub(crate) only_for: Option<Id>,
}

impl NewMessage {
    /// A message of `author` in `channel`.
    pub(crate) fn new(channel: Id, author: Id, kind: u8, draft: Draft) -> Self {
        Self { channel, author, kind, draft, uploads: Vec::new(), interaction: None, only_for: None }
    }
}

impl State {
    /// Posts a message and gives its id.
    pub(crate) fn post(&mut self, new: NewMessage) -> Result<Id, ApiError> {
        let id = self.next_id();
        let draft = new.draft;
        let attachments = self.uploaded(&new.uploads, draft.attachments.as_deref())?;
        let content = draft.content.unwrap_or_default();
        let mentions = self.mentions_of(&content, draft.allowed_mentions.as_ref(), &new.author, new.channel);
        let ephemeral = if new.only_for.is_some() { EPHEMERAL } else { 0 };
        let from_bot = new.author == self.bot;
        let mut message = Message {
            id,
            channel: new.channel,
            author: new.author,
            kind: new.kind,
            content,
            embeds: draft.embeds.unwrap_or_default(),
            components: draft.components.unwrap_or_default(),
            attachments,
            reactions: Vec::new(),
            flags: draft.flags.unwrap_or(0) & !EPHEMERAL | ephemeral,
            nonce: draft.nonce,
            created: self.now(),
            edited: None,
            mentions,
            interaction: new.interaction,
            answers: draft.answers.map(Id),
            thread: None,
            only_for: new.only_for,
            revision: u32::from(from_bot),
            changed: u32::from(from_bot),
            read: 0,
        };
        link_pictures(&mut message);
        self.messages.insert(id, message);
        self.note_sent(new.channel, id);
        self.announce_message("MESSAGE_CREATE", id);
        Ok(id)
    }

    fn mentions_of(&self, content: &str, allowed: Option<&Value>, author: &Id, channel: Id) -> Mentions {
        let may_ping_all = self
            .channels
            .get(&channel)
            .is_some_and(|channel| self.permissions_in(*author, channel) & may::MENTION_EVERYONE != 0);
        self.mentions(content, allowed, may_ping_all)
    }

    /// Counts a message in its channel; sending into an archived thread opens it again.
    fn note_sent(&mut self, channel: Id, message: Id) {
        let now = self.now();
        let Some(found) = self.channels.get_mut(&channel) else {
            return;
        };
        found.last_message = Some(message);
        if let Some(thread) = &mut found.thread {
            thread.sent += 1;
            if thread.archived {
                thread.archived = false;
                thread.archive_changed = now;
                self.announce_channel("THREAD_UPDATE", channel);
            }
        }
    }

    /// Edits a message. What the draft leaves out stays as it is.
    pub(crate) fn edit(&mut self, id: Id, draft: Draft, uploads: &[Part]) -> Result<(), ApiError> {
        let old = self.messages.get(&id).cloned().ok_or_else(ApiError::unknown_message)?;
        let fresh = self.uploaded(uploads, draft.attachments.as_deref())?;
        let mut new = old.clone();
        if let Some(kept) = &draft.attachments {
            new.attachments
                .retain(|file| kept.iter().filter_map(|entry| snowflake(&entry["id"])).any(|id| id == file.id.0));
        }
        new.attachments.extend(fresh);
        if let Some(content) = draft.content {
            // Discord parses the mentions afresh, with the defaults when the edit does not close them.
            new.mentions = self.mentions_of(&content, draft.allowed_mentions.as_ref(), &old.author, old.channel);
            new.content = content;
        }
        new.embeds = draft.embeds.unwrap_or(new.embeds);
        new.components = draft.components.unwrap_or(new.components);
        if let Some(flags) = draft.flags {
            new.flags = new.flags & !SUPPRESS_EMBEDS | flags & SUPPRESS_EMBEDS;
        }
        if new.shows_nothing() {
            return Err(ApiError::empty_message());
        }
        // Filling in a deferred reply is not an edit in the eyes of a reader.
        if old.is_loading() {
            new.flags &= !LOADING;
        } else {
            new.edited = Some(self.now());
        }
        link_pictures(&mut new);
        new.touch(&old);
        self.messages.insert(id, new);
        self.announce_message("MESSAGE_UPDATE", id);
        Ok(())
    }

    /// Deletes a message.
    pub(crate) fn delete(&mut self, id: Id) -> Result<(), ApiError> {
        let message = self.messages.remove(&id).ok_or_else(ApiError::unknown_message)?;
        self.announce_deletion(&message);
        Ok(())
    }

    /// Puts a reaction on a message; a second one by the same user changes nothing.
    pub(crate) fn react(&mut self, message: Id, user: Id, emoji: &Emoji) -> Result<(), ApiError> {
        let found = self.messages.get_mut(&message).ok_or_else(ApiError::unknown_message)?;
        let different = found.reactions.len();
        match found.reactions.iter_mut().find(|r| r.emoji == *emoji) {
            Some(reaction) if reaction.users.contains(&user) => return Ok(()),
            Some(reaction) => reaction.users.push(user),
            None if different >= MOST_EMOJI => {
                return Err(ApiError::too_many_reactions());
            }
            None => found.reactions.push(Reaction { emoji: emoji.clone(), users: vec![user] }),
        }
        self.announce_reaction(message, user, emoji, true);
        Ok(())
    }

    /// Takes a reaction away; one that is not there changes nothing.
    pub(crate) fn unreact(&mut self, message: Id, user: Id, emoji: &Emoji) -> Result<(), ApiError> {
        let found = self.messages.get_mut(&message).ok_or_else(ApiError::unknown_message)?;
        let mut taken = false;
        for reaction in found.reactions.iter_mut().filter(|r| r.emoji == *emoji) {
            let before = reaction.users.len();
            reaction.users.retain(|known| *known != user);
            taken = reaction.users.len() < before;
        }
        found.reactions.retain(|reaction| !reaction.users.is_empty());
        if taken {
            self.announce_reaction(message, user, emoji, false);
        }
        Ok(())
    }

    /// Takes all reactions away, or all with one emoji.
    pub(crate) fn clear_reactions(&mut self, message: Id, emoji: Option<&Emoji>) -> Result<(), ApiError> {
        let found = self.messages.get_mut(&message).ok_or_else(ApiError::unknown_message)?;
        found.reactions.retain(|reaction| emoji.is_some_and(|emoji| reaction.emoji != *emoji));
        self.announce_reactions_cleared(message, emoji);
        Ok(())
    }

    /// Opens a thread in `parent`. One that hangs on a message shares the message's id.
    pub(crate) fn open_thread(&mut self, parent: &Channel, message: Option<Id>, owner: Id, body: &Value) -> Id {
        let id = message.unwrap_or_else(|| self.next_id());
        let now = self.now();
        let mut channel = Channel::text(id, self.guild.id, text(body, "name"), 0);
        channel.kind = PUBLIC_THREAD;
        channel.parent = Some(parent.id);
        channel.thread = Some(Thread {
            owner,
            created: now,
            archived: false,
            archive_changed: now,
            locked: false,
            auto_archive: body["auto_archive_duration"].as_u64().unwrap_or(4320),
            slow_mode: body["rate_limit_per_user"].as_u64().unwrap_or(0),
            members: vec![owner],
            sent: 0,
        });
        self.channels.insert(id, channel);
        if let Some(found) = message.and_then(|id| self.messages.get_mut(&id)) {
            found.thread = Some(id);
        }
        self.announce_channel("THREAD_CREATE", id);
        if let Some(message) = message {
            self.announce_message("MESSAGE_UPDATE", message);
        }
        id
    }

    /// The uploads of a body, matched with the entries of `attachments` that describe them.
    fn uploaded(&mut self, uploads: &[Part], described: Option<&[Value]>) -> Result<Vec<Attachment>, ApiError> {
        if uploads.iter().any(|part| part.content.len() > LARGEST_FILE) {
            return Err(ApiError::request_too_large());
        }
        let described = described.unwrap_or_default();
        let mut faults = Faults::default();
        for (index, entry) in described.iter().enumerate() {
            let id = snowflake(&entry["id"]).unwrap_or_default();
            // Small numbers stand for uploads of this request, others for files already there.
            let missing = id < 10 && !uploads.iter().any(|part| part.name == format!("files[{id}]"));
            if missing {
                faults.add(&format!("attachments.{index}.id"), "ATTACHMENT_NOT_FOUND", "Attachment data not found");
            }
        }
        faults.into_result()?;
        let attachments = uploads.iter().map(|part| {
            let entry = described
                .iter()
                .find(|entry| snowflake(&entry["id"]).is_some_and(|id| part.name == format!("files[{id}]")));
            let said =
                |key: &str| entry.map(|entry| text(entry, key)).filter(|text| !text.is_empty()).map(str::to_owned);
            Attachment {
                id: self.next_id(),
                name: said("filename").or_else(|| part.file_name.clone()).unwrap_or_else(|| "unknown".to_owned()),
                description: said("description"),
                content_type: part.content_type.clone(),
                content: part.content.clone(),
            }
        });
        Ok(attachments.collect())
    }
}

impl Message {
    fn shows_nothing(&self) -> bool {
        self.content.is_empty() && self.embeds.is_empty() && self.components.is_empty() && self.attachments.is_empty()
    }
}

/// Points `attachment://name` pictures of embeds at the uploaded file, as Discord does.
fn link_pictures(message: &mut Message) {
    let files: Vec<(String, String)> = message
        .attachments
        .iter()
        .map(|file| {
            let shown = super::wire::attachment(file, message.channel);
            (format!("attachment://{}", file.name), text(&shown, "url").to_owned())
        })
        .collect();
    for embed in &mut message.embeds {
        for key in ["image", "thumbnail"] {
            let Some(picture) = embed.get_mut(key) else {
                continue;
            };
            if let Some((_, url)) = files.iter().find(|(name, _)| text(picture, "url") == name) {
                picture["url"] = url.clone().into();
            }
        }
    }
}
