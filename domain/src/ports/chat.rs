//! Discord, as far as it is spoken to.

use async_trait::async_trait;

use crate::{
    card::{Calls, Card},
    fleet::File,
    gate::{Reaction, Roles},
    ids::{ChannelId, MessageRef, PersonId},
};

/// Why the chat did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChatError {
    /// The message, channel or interaction is not there (any more).
    #[error("gone: {0}")]
    Gone(String),
    /// The bot lacks a permission there.
    #[error("forbidden: {0}")]
    Forbidden(String),
    /// The chat did not take what was sent; sending it again will not help.
    #[error("rejected: {0}")]
    Rejected(String),
    /// It did not answer, or asked to wait.
    #[error("unavailable: {0}")]
    Unavailable(String),
}

/// A file beside a text.
#[derive(Debug, Clone, Copy)]
pub struct Attachment<'a> {
    /// Its name.
    pub name: &'a str,
    /// What is in it.
    pub content: &'a [u8],
    /// What it shows, for those who cannot see it; empty where its text says that.
    pub description: &'a str,
}

impl<'a> From<&'a File> for Attachment<'a> {
    fn from(file: &'a File) -> Self {
        Self { name: &file.name, content: file.content.as_bytes(), description: "" }
    }
}

/// Discord, as far as it is spoken to. What is posted pings nobody but those whom it calls.
#[async_trait]
pub trait Chat: Send + Sync {
    /// Posts a card, calls whom it calls, and offers its reactions. The same nonce (at most 25 characters) posts it once.
    ///
    /// # Errors
    /// [`ChatError`] when it is not known to stand there.
    async fn post(&self, channel: ChannelId, card: &Card, nonce: &str) -> Result<MessageRef, ChatError>;
    /// Edits a card.
    ///
    /// # Errors
    /// [`ChatError::Gone`] when somebody deleted it.
    async fn edit(&self, at: MessageRef, card: &Card) -> Result<(), ChatError>;
    /// Opens the thread under a message, or answers with the one that is there.
    ///
    /// # Errors
    /// [`ChatError`] when there is none.
    async fn open_thread(&self, under: MessageRef, name: &str) -> Result<ChannelId, ChatError>;
    /// Says a line in a channel or thread. The same nonce says it once.
    ///
    /// # Errors
    /// [`ChatError`] when it is not known to stand there.
    async fn say(&self, channel: ChannelId, text: &str, nonce: &str) -> Result<(), ChatError>;
    /// Says a line in a channel or thread with a file beside it. The same nonce says it once.
    ///
    /// # Errors
    /// [`ChatError`] when it is not known to stand there.
    async fn attach(&self, channel: ChannelId, text: &str, file: Attachment<'_>, nonce: &str) -> Result<(), ChatError>;
    /// Says a text in a channel, and calls people. The same nonce says it once.
    ///
    /// # Errors
    /// [`ChatError`] when it is not known to stand there.
    async fn call(&self, channel: ChannelId, calls: &Calls, text: &str, nonce: &str) -> Result<(), ChatError>;
    /// Gives an acknowledged interaction its answer.
    ///
    /// # Errors
    /// [`ChatError::Gone`] when its fifteen minutes are over.
    async fn answer(&self, token: &str, text: &str) -> Result<(), ChatError>;
    /// Every reaction on a message but our own.
    ///
    /// # Errors
    /// [`ChatError`] when they could not be read whole.
    async fn reactions(&self, at: MessageRef) -> Result<Vec<Reaction>, ChatError>;
    /// The roles that people hold right now. Chats answer few such questions: about two in a second.
    ///
    /// # Errors
    /// [`ChatError`] when somebody could not be looked up.
    async fn roles(&self, people: &[PersonId]) -> Result<Roles, ChatError>;
}

/// Why somebody was not written to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LetterError {
    /// They take no direct messages from us, or have left.
    #[error("their direct messages are closed")]
    Closed,
    /// The chat did not do it.
    #[error(transparent)]
    Chat(#[from] ChatError),
}

/// Direct messages.
#[async_trait]
pub trait Letters: Send + Sync {
    /// Writes to a person. The same nonce (at most 25 characters) writes it once.
    ///
    /// # Errors
    /// [`LetterError`] when it is not known to have arrived.
    async fn write(&self, to: PersonId, text: &str, nonce: &str) -> Result<(), LetterError>;
}
