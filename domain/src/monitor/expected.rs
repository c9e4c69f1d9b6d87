//! Schemas that may come and go.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::Person;

/// A name of schemas in which `*` stands for anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern(String);

/// What is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected the name of a schema, of at most 63 bytes, in which * stands for anything; not * alone")]
pub struct BadPattern;

impl Pattern {
    /// Reads one. What fits every name is none: it would switch the monitor off.
    ///
    /// # Errors
    /// [`BadPattern`].
    pub fn parse(text: &str) -> Result<Self, BadPattern> {
        let says_something = text.chars().any(|c| c != '*') && text.len() <= 63 && !text.contains('\0');
        if says_something { Ok(Self(text.to_owned())) } else { Err(BadPattern) }
    }

    /// Whether a name fits.
    #[must_use]
    pub fn fits(&self, name: &str) -> bool {
        let mut parts = self.0.split('*');
        let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
        let Some(last) = parts.next_back() else { return rest.is_empty() };
        for part in parts {
            let Some(at) = rest.find(part) else { return false };
            rest = &rest[at + part.len()..];
        }
        rest.ends_with(last)
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Pattern {
    type Error = BadPattern;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.0
    }
}

/// Somebody's word that schemas come and go for a while: a provisioning, a rehearsal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// Which.
    pub pattern: Pattern,
    /// Who said so.
    pub by: Person,
    /// Why; as typed.
    pub reason: String,
    /// Until when.
    pub until: Timestamp,
}
