//! Commits, refs, branches and tags.

use serde_json::{Value, json};

use super::{node_id, repository, user};
use crate::github::repository::{Commit, Comparison, Protection, Repository};
use crate::github::state::State;

/// A commit with its author and parents.
pub(in crate::github) fn body(state: &State, repo: &Repository, commit: &Commit) -> Value {
    let (api, page) = (repository::address(state, repo), repository::page(state, repo));
    let sha = &commit.sha;
    let mut person = user::git(&commit.author);
    person["date"] = json!(commit.date);
    let parents: Vec<Value> = commit
        .parents
        .iter()
        .map(|parent| {
            json!({
                "sha": parent,
                "url": format!("{api}/commits/{parent}"),
                "html_url": format!("{page}/commit/{parent}"),
            })
        })
        .collect();
    json!({
        "sha": sha,
        "node_id": node_id("Commit", sha),
        "url": format!("{api}/commits/{sha}"),
        "html_url": format!("{page}/commit/{sha}"),
        "comments_url": format!("{api}/commits/{sha}/comments"),
        "commit": {
            "author": person, "committer": person, "message": commit.message, "comment_count": 0,
            "tree": { "sha": tree(sha), "url": format!("{api}/git/trees/{}", tree(sha)) },
            "url": format!("{api}/git/commits/{sha}"),
            "verification": {
                "verified": false, "reason": "unsigned", "signature": null, "payload": null, "verified_at": null,
            },
        },
        "author": user::simple(state, &commit.author),
        "committer": user::simple(state, &commit.author),
        "parents": parents,
    })
}

/// The short form that runs and pushes carry.
pub(in crate::github) fn head(commit: &Commit) -> Value {
    let person = user::git(&commit.author);
    json!({
        "id": commit.sha,
        "tree_id": tree(&commit.sha),
        "message": commit.message,
        "timestamp": commit.date,
        "author": person,
        "committer": person,
    })
}

/// The SHA of a commit's tree; no two commits here share one.
fn tree(sha: &str) -> String {
    sha.chars().rev().collect()
}

/// A ref with its full name.
pub(in crate::github) fn git_ref(state: &State, repo: &Repository, name: &str, sha: &str) -> Value {
    let api = repository::address(state, repo);
    json!({
        "ref": name,
        "node_id": node_id("Ref", name),
        "url": format!("{api}/git/{name}"),
        "object": { "sha": sha, "type": "commit", "url": format!("{api}/git/commits/{sha}") },
    })
}

/// A branch as lists carry it.
pub(in crate::github) fn short_branch(state: &State, repo: &Repository, name: &str, sha: &str) -> Value {
    let api = repository::address(state, repo);
    json!({
        "name": name,
        "commit": { "sha": sha, "url": format!("{api}/commits/{sha}") },
        "protected": repo.protections.contains_key(name),
    })
}

/// One branch with its commit and protection.
pub(in crate::github) fn branch(state: &State, repo: &Repository, name: &str, commit: &Commit) -> Value {
    let api = repository::address(state, repo);
    let protection = repo.protections.get(name);
    json!({
        "name": name,
        "commit": body(state, repo, commit),
        "_links": {
            "self": format!("{api}/branches/{name}"),
            "html": format!("{}/tree/{name}", repository::page(state, repo)),
        },
        "protected": protection.is_some(),
        "protection": {
            "enabled": protection.is_some(),
            "required_status_checks": {
                "enforcement_level": if protection.is_some() { "everyone" } else { "off" },
                "contexts": protection.map(|rules| rules.required_checks.clone()).unwrap_or_default(),
                "checks": protection.iter().flat_map(|rules| &rules.required_checks)
                    .map(|check| json!({ "context": check, "app_id": null })).collect::<Vec<_>>(),
            },
        },
        "protection_url": format!("{api}/branches/{name}/protection"),
    })
}

/// Classic protection of a branch.
pub(in crate::github) fn protection(state: &State, repo: &Repository, branch: &str, protection: &Protection) -> Value {
    let url = format!("{}/branches/{branch}/protection", repository::address(state, repo));
    json!({
        "url": url,
        "required_pull_request_reviews": {
            "url": format!("{url}/required_pull_request_reviews"),
            "dismiss_stale_reviews": false,
            "require_code_owner_reviews": false,
            "required_approving_review_count": protection.required_approvals,
        },
        "required_status_checks": {
            "url": format!("{url}/required_status_checks"),
            "strict": false,
            "contexts": protection.required_checks,
            "contexts_url": format!("{url}/required_status_checks/contexts"),
            "checks": protection.required_checks.iter()
                .map(|check| json!({ "context": check, "app_id": null })).collect::<Vec<_>>(),
        },
        "enforce_admins": { "url": format!("{url}/enforce_admins"), "enabled": false },
    })
}

/// A tag as lists carry it.
pub(in crate::github) fn tag(state: &State, repo: &Repository, name: &str, sha: &str) -> Value {
    let api = repository::address(state, repo);
    json!({
        "name": name,
        "node_id": node_id("Tag", name),
        "commit": { "sha": sha, "url": format!("{api}/commits/{sha}") },
        "zipball_url": format!("{api}/zipball/refs/tags/{name}"),
        "tarball_url": format!("{api}/tarball/refs/tags/{name}"),
    })
}

/// The files of a commit as a comparison lists them.
fn files(state: &State, repo: &Repository, sha: &str) -> Vec<Value> {
    let (api, page) = (repository::address(state, repo), repository::page(state, repo));
    let file = |path: &String| {
        json!({
            "sha": tree(sha),
            "filename": path,
            "status": "modified",
            "additions": 1, "deletions": 1, "changes": 2,
            "blob_url": format!("{page}/blob/{sha}/{path}"),
            "raw_url": format!("{page}/raw/{sha}/{path}"),
            "contents_url": format!("{api}/contents/{path}?ref={sha}"),
        })
    };
    repo.commits.get(sha).map_or_else(Vec::new, |commit| commit.files.iter().map(file).collect())
}

/// How two commits relate, with the commits of one page.
pub(in crate::github) fn comparison(
    state: &State,
    repo: &Repository,
    (base, head): (&Commit, &Commit),
    comparison: &Comparison,
    shown: &[String],
) -> Value {
    let page = repository::page(state, repo);
    let range = format!("{}...{}", base.sha, head.sha);
    let status = match (comparison.ahead.len(), comparison.behind) {
        (0, 0) => "identical",
        (_, 0) => "ahead",
        (0, _) => "behind",
        _ => "diverged",
    };
    let known = |sha: &String| repo.commits.get(sha).map(|commit| body(state, repo, commit));
    json!({
        "url": format!("{}/compare/{range}", repository::address(state, repo)),
        "html_url": format!("{page}/compare/{range}"),
        "permalink_url": format!("{page}/compare/{range}"),
        "diff_url": format!("{page}/compare/{range}.diff"),
        "patch_url": format!("{page}/compare/{range}.patch"),
        "base_commit": body(state, repo, base),
        "merge_base_commit": known(&comparison.merge_base),
        "status": status,
        "ahead_by": comparison.ahead.len(),
        "behind_by": comparison.behind,
        "total_commits": comparison.ahead.len(),
        "commits": shown.iter().filter_map(known).collect::<Vec<_>>(),
        "files": comparison.ahead.iter().flat_map(|sha| files(state, repo, sha)).take(300).collect::<Vec<_>>(),
    })
}
