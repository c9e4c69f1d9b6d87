//! Interactions: what a person did with a command, a button or a form, and how it was answered.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::id::Id;

/// How long the first answer may take.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// How long the token can be used after the interaction was created.
pub(crate) const TOKEN_LIFE: Duration = Duration::from_secs(15 * 60);

/// What kind of interaction it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InteractionKind {
    /// A command was run.
    Command = 2,
    /// A button or select was used.
    Component = 3,
    /// Suggestions are wanted while a command is typed.
    Autocomplete = 4,
    /// A form was sent.
    Modal = 5,
}

/// How the bot answered first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Type 4: a message at once.
    Message,
    /// Type 5: a message will follow.
    DeferredMessage,
    /// Type 6: silence, an update may follow.
    DeferredUpdate,
    /// Type 7: the message with the button was edited.
    Update,
    /// Type 8: suggestions.
    Choices(Vec<Value>),
    /// Type 9: a form to fill in.
    Modal(Value),
}

/// One interaction.
#[derive(Clone, Debug)]
pub(crate) struct Interaction {
    pub(crate) id: Id,
    pub(crate) token: String,
    pub(crate) kind: InteractionKind,
    pub(crate) user: Id,
    pub(crate) channel: Id,
    pub(crate) created: Timestamp,
    /// Command name, for the messages it brings about.
    pub(crate) name: String,
    /// The message whose button was clicked.
    pub(crate) source: Option<Id>,
    /// The interaction whose answer was the form that was sent.
    pub(crate) opened_by: Option<Id>,
    /// How and when the bot answered first.
    pub(crate) answer: Option<(Answer, Timestamp)>,
    /// What `@original` means: the reply, or the message that an update edits.
    pub(crate) original: Option<Id>,
    /// Whether a story was handed the first answer.
    pub(crate) shown: bool,
    /// Messages sent with the token after the first answer.
    pub(crate) follow_ups: Vec<Id>,
}

impl Interaction {
    /// Whether the first answer would still be taken at `now`.
    pub(crate) fn awaits_answer(&self, now: Timestamp) -> bool {
        self.answer.is_none() && !older_than(self.created, now, ANSWER_WITHIN)
    }

    /// Whether the token has run out at `now`.
    pub(crate) fn token_expired(&self, now: Timestamp) -> bool {
        older_than(self.created, now, TOKEN_LIFE)
    }
}

fn older_than(since: Timestamp, now: Timestamp, limit: Duration) -> bool {
    now.duration_since(since).unsigned_abs() > limit
}
