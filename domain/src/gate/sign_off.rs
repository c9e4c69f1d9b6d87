//! Signatures: reactions and pressed buttons that count.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Fingerprint;
use crate::ids::{Person, PersonId, RoleId};

/// The category of a signature that forbids.
pub const VETO: &str = "veto";

/// What people sign for, and the emoji they sign with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// Its name, such as `review` or `testing`.
    pub name: String,
    /// A Unicode emoji, or a custom one as `name:id`.
    pub emoji: String,
}

/// The roles of people as far as they are known; `None` for somebody who has left. Who is not in it has not been
/// looked up yet.
pub type Roles = BTreeMap<PersonId, Option<Vec<RoleId>>>;

/// A reaction on a card, as the chat shows it right now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    /// Whose it is.
    pub by: Person,
    /// Whether that is a bot.
    pub bot: bool,
    /// The emoji, as the chat spells it.
    pub emoji: String,
}

/// Somebody's signature. It belongs to its deployment's environment and commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignOff {
    /// Who signed.
    pub by: Person,
    /// What for: the name of a [`Category`], or [`VETO`].
    #[serde(default = "review")]
    pub category: String,
    /// When it was first seen; the chat does not say when it was given.
    pub seen: Timestamp,
    /// The roles they held when the reactions were last read.
    #[serde(default)]
    pub roles: Vec<RoleId>,
    /// What it was given for; `None` where no rule asks for signatures.
    #[serde(default)]
    pub fingerprint: Option<Fingerprint>,
    /// When and why it stopped counting.
    #[serde(default)]
    pub ended: Option<Ended>,
    /// How it was given.
    #[serde(default)]
    pub way: Way,
    /// What its author had to say; as typed.
    #[serde(default)]
    pub comment: Option<String>,
}

/// How a signature is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// With a reaction on the card, for as long as it stands.
    #[default]
    Reaction,
    /// With a button of the card.
    Button,
}

impl Way {
    /// How somebody signs again this way.
    #[must_use]
    pub fn again(self) -> &'static str {
        match self {
            Self::Reaction => "take the reaction back and sign again",
            Self::Button => "press the button again",
        }
    }
}

fn review() -> String {
    "review".into()
}

/// The end of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// When that was seen.
    pub at: Timestamp,
    /// Why.
    pub why: WhyEnded,
}

/// Why a signature ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhyEnded {
    /// It was taken back.
    Withdrawn,
    /// Its author signed again, since what was signed had changed.
    SignedAgain,
    /// They no longer hold a role that may sign.
    RoleLost,
    /// They left the server.
    Left,
    /// Somebody deleted the card.
    CardGone,
}

impl SignOff {
    /// Whether it has not ended.
    #[must_use]
    pub fn stands(&self) -> bool {
        self.ended.is_none()
    }
}

/// Whether two emoji are the same but for skin tone and the selector that asks for a coloured picture.
#[must_use]
pub fn same_emoji(one: &str, other: &str) -> bool {
    let bare = |c: &char| !matches!(c, '\u{fe0e}' | '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}');
    one.chars().filter(bare).eq(other.chars().filter(bare))
}
