//! Paths of the REST API, every segment percent-encoded: a name can never leave its place in the path.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use signalbox_domain::ids::RepositoryName;

/// Everything but RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A path with its query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    text: String,
    has_query: bool,
}

impl Path {
    /// A path from its segments.
    pub(super) fn of(segments: &[&str]) -> Self {
        Self { text: String::new(), has_query: false }.join(segments)
    }

    /// `/repos/{owner}/{name}/…`
    pub(super) fn repository(repository: &RepositoryName, segments: &[&str]) -> Self {
        Self::of(&["repos", repository.owner(), repository.name()]).join(segments)
    }

    fn join(mut self, segments: &[&str]) -> Self {
        for segment in segments {
            self.text.push('/');
            self.text.extend(utf8_percent_encode(segment, RESERVED));
        }
        self
    }

    /// Adds what GitHub takes as several segments: a ref or a file's path.
    pub(super) fn tree(self, path: &str) -> Self {
        self.join(&path.split('/').collect::<Vec<_>>())
    }

    /// Adds a query parameter.
    pub(super) fn query(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.text.push(if self.has_query { '&' } else { '?' });
        self.has_query = true;
        self.text.push_str(name);
        self.text.push('=');
        self.text.extend(utf8_percent_encode(&value.to_string(), RESERVED));
        self
    }

    /// The path as it is sent.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leaves_its_segment() {
        let repository = RepositoryName::parse("acme/shop").unwrap();
        let path = |segments: &[&str]| Path::repository(&repository, segments).to_string();
        assert_eq!(
            path(&["actions", "workflows", "../../../../user/repos?x=", "dispatches"]),
            "/repos/acme/shop/actions/workflows/..%2F..%2F..%2F..%2Fuser%2Frepos%3Fx%3D/dispatches"
        );
        assert_eq!(path(&["environments", "eu/prod#1 %2e"]), "/repos/acme/shop/environments/eu%2Fprod%231%20%252e");
        assert_eq!(
            Path::repository(&repository, &["git", "ref"]).tree("heads/@everyone/été").as_str(),
            "/repos/acme/shop/git/ref/heads/%40everyone/%C3%A9t%C3%A9"
        );
        assert_eq!(
            Path::of(&["x"]).query("created", ">=2026-11-23T10:00:00Z").query("page", 2).as_str(),
            "/x?created=%3E%3D2026-11-23T10%3A00%3A00Z&page=2"
        );
    }
}
