//! Branches, tags and commits.

use signalbox_domain::{
    git_ref::GitRef,
    ids::{CommitSha, RepositoryName},
    ports::{ForgeError, Resolved},
};

use super::{
    api::{Api, unreadable},
    credentials::Speaker,
    path::Path,
    wire::{Commit, Named, Object, Pointer},
};

/// A tag may point at a tag; nobody nests them deeper.
const MAX_TAGS: usize = 5;

/// Where a ref points: a branch first, then a tag, as GitHub itself reads a short name; then a commit.
pub(super) async fn resolve(api: &Api, repository: &RepositoryName, name: &GitRef) -> Result<Resolved, ForgeError> {
    let full = name.as_str();
    let places: &[&str] = match full {
        _ if full.starts_with("refs/heads/") => &["heads"],
        _ if full.starts_with("refs/tags/") => &["tags"],
        _ => &["heads", "tags"],
    };
    for place in places {
        let path = Path::repository(repository, &["git", "ref", place]).tree(name.short());
        if let Some(found) = present(api.read::<Pointer>(Speaker::Work(repository), &path).await)? {
            return Ok(Resolved::Ref(peel(api, repository, found, &path).await?));
        }
    }
    if name.looks_like_a_commit() {
        // Without the limit the answer lists every file that the commit changed.
        let path = Path::repository(repository, &["commits", full]).query("per_page", 1);
        let found = present(api.read::<Commit>(Speaker::Work(repository), &path).await)?;
        let sha = found.and_then(|commit| CommitSha::parse(&commit.sha?).ok());
        // GitHub would resolve a name here as well.
        if let Some(sha) = sha.filter(|sha| sha.as_str().starts_with(&full.to_ascii_lowercase())) {
            return Ok(Resolved::Commit(sha));
        }
    }
    // A repository that is not there, or not shown to us, answers like a ref that is not there.
    api.read::<serde_json::Value>(Speaker::Work(repository), &Path::repository(repository, &[])).await?;
    Ok(Resolved::Nothing)
}

/// The commit behind an annotated tag.
async fn peel(
    api: &Api,
    repository: &RepositoryName,
    mut pointer: Pointer,
    path: &Path,
) -> Result<CommitSha, ForgeError> {
    for _ in 0..=MAX_TAGS {
        let Some(Object { kind: Some(kind), sha: Some(sha) }) = pointer.object else { break };
        match kind.as_str() {
            "commit" => return CommitSha::parse(&sha).map_err(|error| unreadable(path, &error.to_string())),
            "tag" => {
                let path = Path::repository(repository, &["git", "tags", &sha]);
                pointer = api.read(Speaker::Work(repository), &path).await?;
            }
            _ => break,
        }
    }
    Err(unreadable(path, "it leads to no commit"))
}

/// Up to 200 branches and 100 tags.
pub(super) async fn list(api: &Api, repository: &RepositoryName) -> Result<Vec<String>, ForgeError> {
    let mut names = Vec::new();
    for (kind, pages) in [("branches", 2), ("tags", 1)] {
        let path = Path::repository(repository, &[kind]);
        let found = api.list::<Vec<Named>>(Speaker::Work(repository), &path, 100, pages).await?;
        names.extend(found.into_iter().filter_map(|named| named.name));
    }
    Ok(names)
}

/// Not found is an answer.
fn present<T>(read: Result<T, ForgeError>) -> Result<Option<T>, ForgeError> {
    match read {
        Err(ForgeError::NotFound(_)) => Ok(None),
        read => read.map(Some),
    }
}
