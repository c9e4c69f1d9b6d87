//! Pull requests of a commit, and what their reviewers said.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use signalbox_domain::{
    gate::PullRequest,
    ids::{CommitSha, RepositoryName},
    ports::ForgeError,
};

use super::{api::Api, credentials::Speaker, path::Path, wire::Account};

/// Nobody reviews one pull request more often.
const PAGES: usize = 10;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Pull {
    number: Option<u64>,
    state: Option<String>,
    merged_at: Option<String>,
    merge_commit_sha: Option<String>,
    head: Option<Side>,
    user: Option<Account>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Side {
    sha: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Review {
    user: Option<Account>,
    state: Option<String>,
    commit_id: Option<String>,
    author_association: Option<String>,
}

/// Open and merged pull requests whose head or merge is the commit.
pub(super) async fn read(
    api: &Api,
    repository: &RepositoryName,
    commit: &CommitSha,
) -> Result<Vec<PullRequest>, ForgeError> {
    let speaker = Speaker::Look(repository);
    let path = Path::repository(repository, &["commits", commit.as_str(), "pulls"]);
    let pulls = api.list::<Vec<Pull>>(speaker, &path, 100, 1).await?;
    let mut found = vec![];
    for pull in pulls {
        let (merged, head) = (pull.merged_at.is_some(), pull.head.and_then(|head| head.sha).unwrap_or_default());
        let is_open = pull.state.as_deref() == Some("open");
        // An open pull request names a merge that was only tried.
        let is_merge = merged && pull.merge_commit_sha.as_deref() == Some(commit.as_str());
        let is_head = (is_open || merged) && head == commit.as_str();
        let Some(number) = pull.number.filter(|_| is_merge || is_head) else { continue };
        let path = Path::repository(repository, &["pulls", &number.to_string(), "reviews"]);
        let reviews = api.list::<Vec<Review>>(speaker, &path, 100, PAGES).await?;
        let author = pull.user.and_then(|user| user.login).unwrap_or_default();
        found.push(judge(number, merged, &head, &author, reviews));
    }
    Ok(found)
}

/// Everybody's last word counts; a comment is none. Anybody may review what is public: only those who belong to the
/// repository count.
fn judge(number: u64, merged: bool, head: &str, author: &str, reviews: Vec<Review>) -> PullRequest {
    let mut last: BTreeMap<String, (String, bool)> = BTreeMap::new();
    for review in reviews {
        let belongs = matches!(review.author_association.as_deref(), Some("OWNER" | "MEMBER" | "COLLABORATOR"));
        let login = review.user.and_then(|user| user.login).filter(|login| belongs && login != author);
        let state = review.state.unwrap_or_default().to_ascii_uppercase();
        if let Some(login) = login.filter(|_| matches!(&*state, "APPROVED" | "CHANGES_REQUESTED" | "DISMISSED")) {
            last.insert(login, (state, review.commit_id.as_deref() == Some(head)));
        }
    }
    let who = |wanted: &str, at_head: Option<bool>| -> BTreeSet<String> {
        let says = |(state, at): &(String, bool)| state == wanted && at_head.is_none_or(|wanted| wanted == *at);
        last.iter().filter(|(_, word)| says(word)).map(|(login, _)| login.clone()).collect()
    };
    PullRequest {
        number,
        merged,
        approved: who("APPROVED", Some(true)),
        approved_before: who("APPROVED", Some(false)),
        wants_changes: who("CHANGES_REQUESTED", None),
    }
}
