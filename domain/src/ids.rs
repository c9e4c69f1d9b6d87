//! Names and numbers that must not be mistaken for one another.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(
    /// A deployment's number, given by the store; people type it as `42` or `#42`.
    DeploymentId(i64)
);
number!(
    /// An alert's number, given by the store; people type it as `7`.
    AlertId(i64)
);
number!(
    /// An incident's number, given by the store; people type it as `3`.
    IncidentId(i64)
);
number!(
    /// A workflow run's id at GitHub. Re-runs keep it and raise the attempt.
    RunId(u64)
);
number!(
    /// A channel or thread of the chat.
    ChannelId(u64)
);
number!(
    /// A message of the chat.
    MessageId(u64)
);
number!(
    /// A person of the chat. Names can be imitated, this cannot.
    PersonId(u64)
);
number!(
    /// A role of the chat's guild.
    RoleId(u64)
);
number!(
    /// One interaction (a typed command or a pressed button) with the chat.
    InteractionId(u64)
);

/// Why a text is no name of the kind that was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is not {expected}")]
pub struct BadName {
    /// What was given.
    pub given: String,
    /// What would have been accepted, as a noun phrase.
    pub expected: &'static str,
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Reads the name.
            ///
            /// # Errors
            /// [`BadName`] when the text breaks the rules of the name.
            pub fn parse(text: &str) -> Result<Self, BadName> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(BadName { given: text.to_owned(), expected: $expected })
                }
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadName;
            fn try_from(text: String) -> Result<Self, BadName> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
    };
}

name!(
    /// An environment's name: lower-case ASCII, so that no look-alike letter can stand in for another.
    EnvironmentName,
    "an environment name: 1 to 32 of a-z, 0-9, `-` and `_`, starting with a letter",
    |text| {
        text.len() <= 32
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '-' | '_'))
    }
);

name!(
    /// A full commit id: 40 hexadecimal digits (SHA-1) or 64 (SHA-256).
    CommitSha,
    "a full commit id of 40 or 64 lower-case hexadecimal digits",
    |text| matches!(text.len(), 40 | 64) && text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'))
);

impl CommitSha {
    /// The first seven digits, as people write it.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[..7]
    }
}

name!(
    /// A repository as `owner/name`.
    RepositoryName,
    "a repository as `owner/name`, such as `acme/shop`",
    |text| {
        let part = |p: &str| {
            !p.is_empty()
                && p.len() <= 100
                && p != "."
                && p != ".."
                && p.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        };
        text.split_once('/').is_some_and(|(owner, name)| part(owner) && part(name))
    }
);

impl RepositoryName {
    /// The account or organisation.
    #[must_use]
    pub fn owner(&self) -> &str {
        self.0.split_once('/').map_or("", |(owner, _)| owner)
    }

    /// The repository's own name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.split_once('/').map_or("", |(_, name)| name)
    }
}

/// Somebody in the chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Who it is.
    pub id: PersonId,
    /// What they were called when it happened; for reading only.
    pub name: String,
}

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Hash)]
pub struct MessageRef {
    /// Its channel or thread.
    pub channel: ChannelId,
    /// The message.
    pub message: MessageId,
}

impl MessageRef {
    /// Its address on the web, on this server.
    #[must_use]
    pub fn address(&self, guild: u64) -> String {
        format!("https://discord.com/channels/{guild}/{}/{}", self.channel, self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_alikes_and_paths_are_no_names() {
        assert!(EnvironmentName::parse("uat-2").is_ok());
        for bad in ["", "PROD", "prod ", "pr\u{43e}d", "2uat", "a/b", &"x".repeat(33)] {
            assert!(EnvironmentName::parse(bad).is_err(), "{bad:?} was accepted");
        }
        assert!(RepositoryName::parse("acme/shop.web").is_ok());
        for bad in ["acme", "acme/", "../..", "a/b/c", "acme/sh op", "acme/%2e"] {
            assert!(RepositoryName::parse(bad).is_err(), "{bad:?} was accepted");
        }
        assert!(CommitSha::parse(&"A".repeat(40)).is_err());
        assert_eq!(CommitSha::parse(&"ab12".repeat(10)).map(|sha| sha.short().to_owned()), Ok("ab12ab1".into()));
    }
}
