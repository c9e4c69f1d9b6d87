//! Files of a repository.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;
use signalbox_domain::{ids::RepositoryName, ports::ForgeError};

use super::{
    api::{Api, unreadable},
    credentials::Speaker,
    path::Path,
};

/// A text file.
pub(super) struct File {
    /// The git object of its content, which is a hash of it.
    pub(super) sha: String,
    /// Its content.
    pub(super) text: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wire {
    sha: Option<String>,
    content: Option<String>,
}

/// Reads a file at a ref (<https://docs.github.com/en/rest/repos/contents#get-repository-content>); GitHub gives the
/// content of files up to 1 MB.
pub(super) async fn file(
    api: &Api,
    speaker: Speaker<'_>,
    repository: &RepositoryName,
    file: &str,
    at: &str,
) -> Result<File, ForgeError> {
    let path = Path::repository(repository, &["contents"]).tree(file).query("ref", at);
    let found: Wire = api.read(speaker, &path).await?;
    let sha = found.sha.ok_or_else(|| unreadable(&path, "the file has no hash"))?;
    let text = found.content.unwrap_or_default().split_whitespace().collect::<String>();
    let text = BASE64_STANDARD.decode(text).map_err(|error| unreadable(&path, &error.to_string()))?;
    let text = String::from_utf8(text).map_err(|error| unreadable(&path, &error.to_string()))?;
    Ok(File { sha, text })
}
