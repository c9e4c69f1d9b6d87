//! The reading side: what can be seen, as data and as text, and what of it nobody has looked at.

mod transcript;
mod view;

pub use view::{
    ButtonView, ChannelView, CommandView, MemberView, MessageView, PendingView, ReactionView, RoleView, SelectView,
    ThreadView, View,
};

use super::Discord;
use super::id::Id;
use super::people::Refused;
use super::state::State;

impl Discord {
    /// Everything that can be seen, for a page or a test. Reading it this way counts as no look.
    #[must_use]
    pub fn view(&self) -> View {
        self.look(State::view)
    }

    /// The messages of a channel, ephemeral ones included, oldest first. Counts as no look.
    ///
    /// # Errors
    /// When there is no such channel.
    pub fn messages(&self, channel: &str) -> Result<Vec<MessageView>, Refused> {
        self.look(|state| Ok(state.message_views(state.place(channel)?)))
    }

    /// A message by id; `None` when it is gone. Counts as no look.
    #[must_use]
    pub fn message(&self, id: Id) -> Option<MessageView> {
        self.look(|state| state.messages.get(&id).map(|m| state.message_view(m)))
    }

    /// Looks at a message, so that its present state is no longer unread.
    #[must_use]
    pub fn read(&self, id: Id) -> Option<MessageView> {
        self.change(|state| state.read(id))
    }

    /// A file of a message by its name: its content type, if stated, and its bytes.
    #[must_use]
    pub fn file(&self, message: Id, name: &str) -> Option<(Option<String>, bytes::Bytes)> {
        self.look(|state| {
            let files = &state.messages.get(&message)?.attachments;
            let file = files.iter().find(|file| file.name == name)?;
            Some((file.content_type.clone(), file.content.clone()))
        })
    }

    /// Every thread, oldest first.
    #[must_use]
    pub fn threads(&self) -> Vec<ThreadView> {
        self.view().threads
    }

    /// Waits until what can be seen gives an answer. Counts as no look.
    ///
    /// # Panics
    /// When that does not happen within the stand-in's patience; `what` says what was awaited.
    pub async fn wait_for<T>(&self, what: &str, mut seen: impl FnMut(&View) -> Option<T>) -> T {
        self.wait_until(what, |state| seen(&state.view())).await
    }

    /// Waits for a message of a channel that fits and looks at it.
    ///
    /// # Panics
    /// When none comes within the stand-in's patience; `what` says what was awaited.
    pub async fn expect_message(&self, channel: &str, what: &str, fits: impl Fn(&MessageView) -> bool) -> MessageView {
        self.wait_until(what, |state| {
            let channel = state.place(channel).ok()?;
            let found = state.message_views(channel).into_iter().find(&fits)?;
            state.read(found.id)
        })
        .await
    }

    /// Waits for a direct message to somebody that fits and looks at it.
    ///
    /// # Panics
    /// When none comes within the stand-in's patience; `what` says what was awaited.
    pub async fn expect_direct_message(
        &self,
        user: &str,
        what: &str,
        fits: impl Fn(&MessageView) -> bool,
    ) -> MessageView {
        self.wait_until(what, |state| {
            let user = state.person(user).ok()?;
            let channel = state.channels.values().find(|channel| channel.recipient == Some(user))?.id;
            let found = state.message_views(channel).into_iter().find(&fits)?;
            state.read(found.id)
        })
        .await
    }

    /// A channel or thread as plain text, and a look at every message in it.
    ///
    /// # Errors
    /// When there is no such channel.
    pub fn transcript(&self, channel: &str) -> Result<String, Refused> {
        self.change(|state| {
            let channel = state.place(channel)?;
            let text = state.transcript(channel);
            let ids: Vec<Id> = state.all_in(channel).map(|message| message.id).collect();
            for id in ids {
                state.read(id);
            }
            Ok(text)
        })
    }

    /// Every channel and thread with messages as plain text. Counts as no look.
    #[must_use]
    pub fn transcripts(&self) -> String {
        self.look(State::transcripts)
    }

    /// What the bot said, or changed in what it had said, and nobody looked at since.
    #[must_use]
    pub fn unread(&self) -> Vec<String> {
        self.look(|state| {
            state
                .messages
                .values()
                .filter(|message| message.author == state.bot && message.read < message.changed)
                .map(|message| state.headline(message))
                .collect()
        })
    }
}

impl State {
    /// Marks a message's present state as seen.
    pub(crate) fn read(&mut self, id: Id) -> Option<MessageView> {
        let message = self.messages.get_mut(&id)?;
        message.read = message.revision;
        let message = self.messages.get(&id)?;
        Some(self.message_view(message))
    }
}
