//! Images of containers, as the configuration names them.

use std::fmt;

use crate::ids::CommitSha;

/// An image with its tag, such as `ghcr.io/acme/shop:{sha}`. `{sha}` stands for the commit, `{short}` for its first
/// seven digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImagePattern {
    registry: String,
    repository: String,
    tag: String,
}

/// One image in its registry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Image {
    /// The registry's host, with a port where it has its own.
    pub registry: String,
    /// The path in the registry.
    pub repository: String,
    /// The tag.
    pub tag: String,
}

/// Why a text is no image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadImage {
    /// `shop:{sha}` would be one of Docker's own.
    #[error("it does not begin with the host of a registry, such as `ghcr.io/`")]
    NoRegistry,
    /// Without a tag it would be `latest`, which nobody means.
    #[error("it ends with no tag, such as `:{{sha}}`")]
    NoTag,
    /// As in <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests>.
    #[error("its path has 1 to 255 characters of a-z, 0-9, `.`, `_`, `-` and `/`")]
    BadPath,
    /// As above.
    #[error("its tag has 1 to 128 characters of A-Z, a-z, 0-9, `.`, `_` and `-`, beside {{sha}} and {{short}}")]
    BadTag,
}

impl ImagePattern {
    /// Reads one.
    ///
    /// # Errors
    /// [`BadImage`].
    pub fn parse(text: &str) -> Result<Self, BadImage> {
        let (registry, rest) = text.split_once('/').ok_or(BadImage::NoRegistry)?;
        let host = registry.split(':').next().unwrap_or_default();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
        if !(host.contains('.') || registry.contains(':') || host == "localhost") || !registry.chars().all(plain) {
            return Err(BadImage::NoRegistry);
        }
        let (repository, tag) = rest.rsplit_once(':').ok_or(BadImage::NoTag)?;
        let part = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
                && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-'))
        };
        if repository.len() > 255 || !repository.split('/').all(part) {
            return Err(BadImage::BadPath);
        }
        let bare = tag.replace("{sha}", "0").replace("{short}", "0");
        let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if bare.is_empty() || bare.starts_with(['.', '-']) || tag.len() > 80 || !bare.chars().all(letter) {
            return Err(BadImage::BadTag);
        }
        Ok(Self { registry: registry.into(), repository: repository.into(), tag: tag.into() })
    }

    /// The image of a commit.
    #[must_use]
    pub fn of(&self, commit: &CommitSha) -> Image {
        let tag = self.tag.replace("{sha}", commit.as_str()).replace("{short}", commit.short());
        Image { registry: self.registry.clone(), repository: self.repository.clone(), tag }
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}:{}", self.registry, self.repository, self.tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_named_by_its_commit() {
        let commit = CommitSha::parse(&"0123456789abcdef".repeat(3)[..40]).unwrap();
        let of = |text| ImagePattern::parse(text).unwrap().of(&commit).to_string();
        assert_eq!(of("ghcr.io/acme/shop:{sha}"), format!("ghcr.io/acme/shop:{commit}"));
        assert_eq!(of("localhost:5000/shop:uat-{short}"), "localhost:5000/shop:uat-0123456");
        for (text, why) in [
            ("shop", BadImage::NoRegistry),
            ("acme/shop:{sha}", BadImage::NoRegistry),
            ("ghcr.io/acme/shop", BadImage::NoTag),
            ("ghcr.io/acme/../shop:1", BadImage::BadPath),
            ("ghcr.io/acme//shop:1", BadImage::BadPath),
            ("ghcr.io/Acme:1", BadImage::BadPath),
            ("ghcr.io/acme:{commit}", BadImage::BadTag),
            ("ghcr.io/acme:", BadImage::BadTag),
            ("user@evil.example/acme:1", BadImage::NoRegistry),
        ] {
            assert_eq!(ImagePattern::parse(text), Err(why), "{text}");
        }
    }
}
