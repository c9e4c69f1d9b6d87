//! Names of branches and tags, held to git's own rules before anything else sees them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A branch or tag name that git itself would accept
/// (<https://git-scm.com/docs/git-check-ref-format>) and that no command line could read as an option.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GitRef(String);

/// Why a text is not a ref.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{rule}")]
pub struct BadRef {
    /// The rule that was broken, as a sentence without its full stop.
    pub rule: &'static str,
}

impl GitRef {
    /// Longest name accepted, in bytes; GitHub's own limit is about this.
    pub const MAX_BYTES: usize = 244;

    /// Reads a branch or tag name, with or without `refs/heads/` or `refs/tags/`.
    ///
    /// # Errors
    /// [`BadRef`] naming the rule of git that was broken.
    pub fn parse(text: &str) -> Result<Self, BadRef> {
        let no = |rule| Err(BadRef { rule });
        if text.is_empty() {
            return no("a ref must not be empty");
        }
        if text.len() > Self::MAX_BYTES {
            return no("a ref must not be longer than 244 bytes");
        }
        if text.starts_with('-') {
            return no("a ref must not start with `-`, it would read as an option");
        }
        if text.contains("..") {
            return no("a ref must not contain `..`");
        }
        if text.contains("@{") || text == "@" {
            return no("a ref must not be `@` or contain `@{`");
        }
        if text.chars().any(|c| c.is_control() || matches!(c, ' ' | '~' | '^' | ':' | '?' | '*' | '[' | '\\')) {
            return no("a ref must not contain spaces, control characters or any of ~ ^ : ? * [ \\");
        }
        if text.chars().any(super::text::is_deceptive) {
            return no("a ref must not contain invisible or direction-changing characters");
        }
        if text.ends_with('.') || text.ends_with('/') || text.starts_with('/') || text.contains("//") {
            return no("a ref must not start or end with `/`, end with `.` or contain `//`");
        }
        if text.split('/').any(|part| part.starts_with('.') || part.ends_with(".lock")) {
            return no("no part of a ref may start with `.` or end with `.lock`");
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name without `refs/heads/` or `refs/tags/`.
    #[must_use]
    pub fn short(&self) -> &str {
        let name = self.0.as_str();
        name.strip_prefix("refs/heads/").or_else(|| name.strip_prefix("refs/tags/")).unwrap_or(name)
    }

    /// Whether the name could be meant as a commit id.
    #[must_use]
    pub fn looks_like_a_commit(&self) -> bool {
        (7..=64).contains(&self.0.len()) && self.0.chars().all(|c| c.is_ascii_hexdigit())
    }
}

impl fmt::Display for GitRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for GitRef {
    type Error = BadRef;
    fn try_from(text: String) -> Result<Self, BadRef> {
        Self::parse(&text)
    }
}

impl From<GitRef> for String {
    fn from(name: GitRef) -> Self {
        name.0
    }
}

/// Which refs an environment accepts: a name, or a beginning followed by one final `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefPattern(String);

impl RefPattern {
    /// Reads a pattern such as `main` or `release/*`.
    ///
    /// # Errors
    /// [`BadRef`] when what stands before the `*` is not the beginning of a ref.
    pub fn parse(text: &str) -> Result<Self, BadRef> {
        let stem = text.strip_suffix('*').unwrap_or(text);
        if !stem.is_empty() {
            GitRef::parse(stem.trim_end_matches('/'))?;
        } else if text != "*" {
            return Err(BadRef { rule: "a ref pattern must not be empty" });
        }
        Ok(Self(text.to_owned()))
    }

    /// Whether the ref is one that the pattern means.
    #[must_use]
    pub fn accepts(&self, name: &GitRef) -> bool {
        match self.0.strip_suffix('*') {
            Some(stem) => name.short().starts_with(stem),
            None => name.short() == self.0,
        }
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hostile_refs_are_refused_with_the_rule_they_break() {
        for (bad, rule) in [
            ("--upload-pack", "option"),
            ("a..b", "`..`"),
            ("../..", "`..`"),
            ("refs/heads/x y", "spaces"),
            ("main@{1}", "@{"),
            ("topic.lock", ".lock"),
            ("a//b", "//"),
            ("x\u{202e}niam", "invisible"),
            ("a\u{0}b", "control"),
        ] {
            let said = GitRef::parse(bad).map_err(|e| e.to_string());
            assert!(said.as_ref().is_err_and(|e| e.contains(rule)), "{bad:?}: {said:?}");
        }
        assert!(GitRef::parse(&"x".repeat(300)).is_err());
        for good in ["main", "release/2026-11", "@everyone", "refs/tags/v1.2", "été"] {
            assert!(GitRef::parse(good).is_ok(), "{good:?} was refused");
        }
    }

    #[test]
    fn patterns_accept_a_name_or_a_beginning() {
        let accepts = |pattern: &str, name: &str| {
            RefPattern::parse(pattern).is_ok_and(|p| GitRef::parse(name).is_ok_and(|n| p.accepts(&n)))
        };
        assert!(accepts("uat", "uat"));
        assert!(accepts("uat", "refs/heads/uat"));
        assert!(!accepts("uat", "uat2"));
        assert!(accepts("release/*", "release/7"));
        assert!(!accepts("release/*", "hotfix/7"));
        assert!(RefPattern::parse("").is_err());
    }

    proptest! {
        #[test]
        fn an_accepted_ref_never_needs_quoting(text in "\\PC{0,40}") {
            if let Ok(name) = GitRef::parse(&text) {
                prop_assert!(!name.as_str().starts_with('-'));
                prop_assert!(!name.as_str().contains(char::is_whitespace) || !name.as_str().contains(' '));
                prop_assert!(!name.as_str().contains(".."));
            }
        }
    }
}
