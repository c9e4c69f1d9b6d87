//! Commits: what git knows of them, what checks say of them, and the pull requests that carry them.

use serde::Deserialize;
use signalbox_domain::{
    ids::CommitSha,
    promotion::{self, ChangedBy, Changes},
};

use super::{Account, Named, page};

page!(CheckRuns { check_runs: CheckRun });
page!(Statuses { statuses: CommitStatus });

/// A check run of a commit (<https://docs.github.com/en/rest/checks/runs>).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::github) struct CheckRun {
    pub(in crate::github) id: Option<u64>,
    pub(in crate::github) name: Option<String>,
    pub(in crate::github) status: Option<String>,
    pub(in crate::github) conclusion: Option<String>,
    pub(in crate::github) app: Option<CheckApp>,
}

/// The App that reported a check run.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::github) struct CheckApp {
    pub(in crate::github) id: Option<u64>,
}

/// A status of a commit (<https://docs.github.com/en/rest/commits/statuses>).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::github) struct CommitStatus {
    pub(in crate::github) context: Option<String>,
    pub(in crate::github) state: Option<String>,
}

/// A ref or an annotated tag, and what it points at.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::github) struct Pointer {
    pub(in crate::github) object: Option<Object>,
}

/// A git object.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::github) struct Object {
    #[serde(rename = "type")]
    pub(in crate::github) kind: Option<String>,
    pub(in crate::github) sha: Option<String>,
}

/// A commit.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::github) struct Commit {
    pub(in crate::github) sha: Option<String>,
    author: Option<Account>,
    commit: Option<Written>,
}

/// What git itself knows of a commit.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Written {
    message: Option<String>,
    author: Option<Named>,
}

impl Commit {
    fn changed_by(self) -> Option<ChangedBy> {
        let written = self.commit.unwrap_or_default();
        let login = self.author.and_then(|account| account.login);
        Some(ChangedBy {
            commit: CommitSha::parse(&self.sha?).ok()?,
            author: login.or(written.author.and_then(|author| author.name)).unwrap_or_else(|| "ghost".into()),
            subject: written.message.unwrap_or_default().lines().next().unwrap_or_default().to_owned(),
        })
    }
}

/// A pull request (<https://docs.github.com/en/rest/pulls/pulls>).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::github) struct Pull {
    number: Option<u64>,
    html_url: Option<String>,
    state: Option<String>,
    draft: Option<bool>,
    head: Option<Side>,
    merged: Option<bool>,
    merged_at: Option<String>,
    merged_by: Option<Account>,
    merge_commit_sha: Option<String>,
    mergeable: Option<bool>,
    mergeable_state: Option<String>,
    body: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Side {
    sha: Option<String>,
}

impl Pull {
    /// The pull request as the rules know it. `Err` names the field without which it is none.
    pub(in crate::github) fn read(self) -> Result<promotion::Pull, &'static str> {
        let sha = |text: Option<String>| text.and_then(|sha| CommitSha::parse(&sha).ok());
        // Until it is merged the field names a commit that only tries the merge out.
        let is_merged = self.merged.unwrap_or(self.merged_at.is_some());
        let merged = if is_merged { Some(sha(self.merge_commit_sha).ok_or("merge_commit_sha")?) } else { None };
        Ok(promotion::Pull {
            number: self.number.ok_or("number")?,
            url: self.html_url.unwrap_or_default(),
            head: sha(self.head.and_then(|head| head.sha)).ok_or("head")?,
            open: self.state.as_deref() == Some("open"),
            draft: self.draft.unwrap_or_default(),
            mergeable: self.mergeable,
            state: self.mergeable_state.unwrap_or_else(|| "unknown".into()),
            merged,
            merged_by: self.merged_by.and_then(|account| account.login),
            body: self.body.unwrap_or_default(),
        })
    }
}

/// Answer to a merge.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::github) struct Merged {
    pub(in crate::github) sha: Option<String>,
}

/// How two commits relate (<https://docs.github.com/en/rest/commits/commits#compare-two-commits>).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::github) struct Comparison {
    total_commits: Option<u64>,
    behind_by: Option<u64>,
    commits: Option<Vec<Commit>>,
    files: Option<Vec<File>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct File {
    filename: Option<String>,
}

impl From<Comparison> for Changes {
    fn from(from: Comparison) -> Self {
        let number = |n: Option<u64>| n.map_or(0, |n| u32::try_from(n).unwrap_or(u32::MAX));
        Self {
            total: number(from.total_commits),
            behind: number(from.behind_by),
            commits: from.commits.unwrap_or_default().into_iter().filter_map(Commit::changed_by).collect(),
            files: from.files.unwrap_or_default().into_iter().filter_map(|file| file.filename).collect(),
        }
    }
}

/// Who wrote and who committed a commit; an account that GitHub does not know is none. Its text may name more.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::github) struct Credited {
    pub(in crate::github) author: Option<Account>,
    pub(in crate::github) committer: Option<Account>,
    pub(in crate::github) commit: Option<CommitText>,
}

/// What a commit says of itself.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::github) struct CommitText {
    pub(in crate::github) message: Option<String>,
}

/// What one commit has and another has not.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::github) struct Ahead {
    pub(in crate::github) total_commits: Option<usize>,
    pub(in crate::github) commits: Option<Vec<Credited>>,
}
