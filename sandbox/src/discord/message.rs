//! Messages and what hangs on them.

use jiff::Timestamp;
use serde_json::Value;

use super::id::Id;

/// Message flag: only one person sees it.
pub(crate) const EPHEMERAL: u64 = 1 << 6;
/// Message flag: a deferred reply that still shows "thinking…".
pub(crate) const LOADING: u64 = 1 << 7;
/// Message flag: a thread hangs on it.
pub(crate) const HAS_THREAD: u64 = 1 << 5;
/// Message flag: embeds are hidden.
pub(crate) const SUPPRESS_EMBEDS: u64 = 1 << 2;
/// Message flag: nobody is notified.
pub(crate) const SUPPRESS_NOTIFICATIONS: u64 = 1 << 12;

/// Message type: written by somebody.
pub(crate) const DEFAULT: u8 = 0;
/// Message type: an answer to another message.
pub(crate) const REPLY: u8 = 19;
/// Message type: the answer to a slash command.
pub(crate) const CHAT_INPUT_COMMAND: u8 = 20;

/// A message.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) id: Id,
    pub(crate) channel: Id,
    pub(crate) author: Id,
    pub(crate) kind: u8,
    pub(crate) content: String,
    pub(crate) embeds: Vec<Value>,
    pub(crate) components: Vec<Value>,
    pub(crate) attachments: Vec<Attachment>,
    pub(crate) reactions: Vec<Reaction>,
    pub(crate) flags: u64,
    pub(crate) nonce: Option<Value>,
    pub(crate) created: Timestamp,
    pub(crate) edited: Option<Timestamp>,
    pub(crate) mentions: Mentions,
    /// The interaction that brought it about.
    pub(crate) interaction: Option<Id>,
    /// The message it answers.
    pub(crate) answers: Option<Id>,
    pub(crate) thread: Option<Id>,
    /// The only person who sees an ephemeral message.
    pub(crate) only_for: Option<Id>,
    /// Counts the states the message has been in.
    pub(crate) revision: u32,
    /// The last revision that a reader could tell from the one before.
    pub(crate) changed: u32,
    /// The last revision that a test story looked at.
    pub(crate) read: u32,
}

/// Whom a message mentions, after `allowed_mentions`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mentions {
    pub(crate) everyone: bool,
    /// `@here` rather than `@everyone`.
    pub(crate) here: bool,
    pub(crate) users: Vec<Id>,
    pub(crate) roles: Vec<Id>,
}

/// An uploaded file.
#[derive(Clone, Debug)]
pub(crate) struct Attachment {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) content: bytes::Bytes,
}

/// One emoji on a message and who put it there, in order.
#[derive(Clone, Debug)]
pub(crate) struct Reaction {
    pub(crate) emoji: Emoji,
    pub(crate) users: Vec<Id>,
}

/// A Unicode emoji, or a custom one with its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Emoji {
    pub(crate) name: String,
    pub(crate) id: Option<Id>,
}

impl Emoji {
    /// Reads the form used in paths: the emoji itself, or `name:id`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Some((name, id)) = text.split_once(':') {
            return Some(Self { name: name.to_owned(), id: Some(id.parse().ok()?) });
        }
        // Plain words are what a client sends by mistake; no emoji starts with a letter.
        let plausible = !text.is_ascii() && text.chars().count() <= 16;
        plausible.then(|| Self { name: text.to_owned(), id: None })
    }
}

impl Message {
    pub(crate) fn is_loading(&self) -> bool {
        self.flags & LOADING != 0
    }

    pub(crate) fn is_ephemeral(&self) -> bool {
        self.flags & EPHEMERAL != 0
    }

    /// Marks a new state after an edit of `before`; one that changes nothing is no news to a story.
    pub(crate) fn touch(&mut self, before: &Self) {
        let files = |message: &Self| message.attachments.iter().map(|file| file.id).collect::<Vec<_>>();
        let same = (&self.content, &self.embeds, &self.components, files(self))
            == (&before.content, &before.embeds, &before.components, files(before));
        self.revision += 1;
        if !same || before.is_loading() {
            self.changed = self.revision;
        }
    }
}
