//! The audit trail as a chain: every row's hash covers what it says, its number, and the hash before it.
//!
//! Everything that is hashed is a list of texts: each is preceded by its length in bytes, as eight bytes,
//! the highest first, so that no two lists give the same bytes. With `digest` for SHA-256 over such a list:
//!
//! ```text
//! rest = digest("signalbox.audit.entry.1", at, actor, action, detail, record)
//! hash = digest("signalbox.audit.link.1", seq, previous, subject, rest)
//! ```
//!
//! `at` is UTC with three decimals (`2026-09-21T13:46:40.000Z`), hashes are lower-case hexadecimal, `record`
//! is the hash of the record that the row's change left behind, or empty. The first row has the number 1
//! and follows a hash of sixty-four zeros. There are two steps so that a row can be *sealed*, told by its
//! subject and the hash of the rest: a proof shows all that is said of one deployment, and of the rows
//! between only what they are about.

mod file;
mod record;
mod table;
#[cfg(test)]
mod tests;
mod verify;

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::effect::Entry;

pub use self::{
    file::{Bound, Checked, File, FileError},
    record::{record, record_hash},
    verify::{Fault, Known, Verifier, verify},
};

/// The word for a head that was posted outside.
pub const ANCHORED: &str = "audit.anchored";

const ENTRY: &str = "signalbox.audit.entry.1";
const LINK: &str = "signalbox.audit.link.1";

/// A SHA-256; written in lower-case hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hash([u8; 32]);

/// A text is no hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no hash: expected 64 hexadecimal digits")]
pub struct BadHash(String);

impl Hash {
    /// What stands before the first row.
    pub const ZERO: Self = Self([0; 32]);

    /// Reads sixty-four hexadecimal digits.
    ///
    /// # Errors
    /// [`BadHash`] when they are not.
    pub fn parse(text: &str) -> Result<Self, BadHash> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| BadHash(crate::text::clip(text, 80)))?;
        Ok(Self(bytes))
    }

    /// Of a list of texts.
    fn of(texts: &[&str]) -> Self {
        let mut hasher = Sha256::new();
        for text in texts {
            hasher.update((text.len() as u64).to_be_bytes());
            hasher.update(text);
        }
        Self(hasher.finalize().into())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for Hash {
    type Error = BadHash;
    fn try_from(text: String) -> Result<Self, BadHash> {
        Self::parse(&text)
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hash.to_string()
    }
}

/// A row by number and hash. The last one stands for the whole trail before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The row's number.
    pub seq: i64,
    /// Its hash.
    pub hash: Hash,
}

impl Head {
    /// What the first row follows.
    pub const START: Self = Self { seq: 0, hash: Hash::ZERO };
}

/// A text names no row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names no row: expected its number, a colon and its hash, such as `412:9f86…`")]
pub struct BadHead(String);

impl FromStr for Head {
    type Err = BadHead;

    fn from_str(text: &str) -> Result<Self, BadHead> {
        let parts = text.split_once(':').and_then(|(seq, hash)| Some((seq.parse().ok()?, Hash::parse(hash).ok()?)));
        let (seq, hash) = parts.ok_or_else(|| BadHead(crate::text::clip(text, 100)))?;
        Ok(Self { seq, hash })
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, self.hash)
    }
}

/// What a row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Everything.
    Open {
        /// The line.
        entry: Entry,
        /// The hash of the record that the change left behind ([`record_hash`]), for lines that belong to one.
        record: Option<Hash>,
    },
    /// What it is about, and the hash of the rest: enough for the chain, and nobody reads along.
    Sealed {
        /// What it is about.
        subject: String,
        /// The hash of the rest.
        rest: Hash,
    },
}

/// A row of the trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "file::Line", into = "file::Line")]
pub struct Row {
    /// Its number; they have no gaps.
    pub seq: i64,
    /// The hash of the row before it.
    pub previous: Hash,
    /// What it says.
    pub content: Content,
    /// The hash of all of this.
    pub hash: Hash,
}

impl Row {
    /// The row that follows a head. What the databases cannot hold is replaced first, so that what is hashed is
    /// what will be read: times are cut to milliseconds, and PostgreSQL has no NUL in text.
    #[must_use]
    pub fn after(head: Head, entry: Entry, record: Option<Hash>) -> Self {
        let text = |text: String| if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text };
        let entry = Entry {
            at: Timestamp::from_millisecond(entry.at.as_millisecond()).unwrap_or(entry.at),
            actor: text(entry.actor),
            action: text(entry.action),
            subject: text(entry.subject),
            detail: text(entry.detail),
        };
        let content = Content::Open { entry, record };
        let seq = head.seq + 1;
        let hash = link(seq, head.hash, content.subject(), content.rest());
        Self { seq, previous: head.hash, content, hash }
    }

    /// The trail up to this row.
    #[must_use]
    pub fn head(&self) -> Head {
        Head { seq: self.seq, hash: self.hash }
    }

    /// The line, unless it is sealed.
    #[must_use]
    pub fn entry(&self) -> Option<&Entry> {
        match &self.content {
            Content::Open { entry, .. } => Some(entry),
            Content::Sealed { .. } => None,
        }
    }

    /// The row without what it says.
    #[must_use]
    pub fn sealed(self) -> Self {
        let content = Content::Sealed { subject: self.content.subject().to_owned(), rest: self.content.rest() };
        Self { content, ..self }
    }
}

impl Content {
    /// What the row is about.
    #[must_use]
    pub fn subject(&self) -> &str {
        match self {
            Self::Open { entry, .. } => &entry.subject,
            Self::Sealed { subject, .. } => subject,
        }
    }

    fn rest(&self) -> Hash {
        match self {
            Self::Sealed { rest, .. } => *rest,
            Self::Open { entry: Entry { at, actor, action, detail, .. }, record } => {
                let record = record.map(|hash| hash.to_string()).unwrap_or_default();
                Hash::of(&[ENTRY, &time(*at), actor, action, detail, &record])
            }
        }
    }
}

/// The hash of a row.
fn link(seq: i64, previous: Hash, subject: &str, rest: Hash) -> Hash {
    Hash::of(&[LINK, &seq.to_string(), &previous.to_string(), subject, &rest.to_string()])
}

/// A time as it is hashed and written into files.
fn time(at: Timestamp) -> String {
    format!("{at:.3}")
}
