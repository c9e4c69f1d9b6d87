//! Promotions: a deployment that leaves by merging a pull request, whose push then starts the workflow. It waits at
//! the same gate as a dispatch, takes the same proof, and is followed the same way.

mod say;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    git_ref::GitRef,
    ids::{CommitSha, EnvironmentName, RepositoryName},
};

pub use say::{body, risks, title, with_changes};

/// How GitHub joins the commits of a pull request to its base
/// (<https://docs.github.com/en/rest/pulls/pulls#merge-a-pull-request>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MergeMethod {
    /// With a merge commit.
    #[default]
    Merge,
    /// As one commit.
    Squash,
    /// One by one on top.
    Rebase,
}

impl MergeMethod {
    /// GitHub's own word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Squash => "squash",
            Self::Rebase => "rebase",
        }
    }
}

/// How an environment is promoted to: `[environment.promotion]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promotion {
    /// The title of its pull requests, in which `{from}` and `{to}` stand for the environments.
    pub title: String,
    /// Labels they are given.
    pub labels: Vec<String>,
    /// Whose review is asked for: logins, and teams as `organisation/team`.
    pub reviewers: Vec<String>,
    /// How they are merged.
    pub method: MergeMethod,
}

/// How a deployment is started at GitHub. Both ways take a [`Clearance`](crate::gate::Clearance).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Start {
    /// The workflow is dispatched.
    #[default]
    Dispatch,
    /// A pull request is merged, and its push starts the workflow.
    Merge(Merge),
}

impl Start {
    /// Whether it is the usual one.
    #[must_use]
    pub fn is_dispatch(&self) -> bool {
        *self == Self::Dispatch
    }
}

/// The pull request that a promotion merges, as it was when somebody asked for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merge {
    /// Its number.
    pub number: u64,
    /// Its page.
    pub url: String,
    /// The branch that is merged.
    pub from: GitRef,
    /// Where that branch pointed: what is signed, and all that is merged.
    pub head: CommitSha,
    /// Where the branch that is merged into pointed: what is signed is the change from there.
    pub base: CommitSha,
    /// How it is merged.
    pub method: MergeMethod,
    /// What is worth a look in it, one sentence each; plain text.
    pub risks: Vec<String>,
    /// How many commits it has.
    pub commits: u32,
}

/// The one request that merges. Obtained from [`Deployment::order`](crate::deployment::Deployment::order) only.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct MergeOrder {
    /// Where.
    pub repository: RepositoryName,
    /// Which pull request.
    pub number: u64,
    /// The head that was cleared; GitHub merges that or nothing.
    pub head: CommitSha,
    /// How.
    pub method: MergeMethod,
}

impl Merge {
    /// The order to merge. Only a cleared deployment asks for it.
    pub(crate) fn order(&self, repository: &RepositoryName) -> MergeOrder {
        MergeOrder { repository: repository.clone(), number: self.number, head: self.head.clone(), method: self.method }
    }
}

/// How GitHub answered the one merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MergeAnswer {
    /// It is merged, as this commit of the base.
    Merged {
        /// The commit.
        commit: CommitSha,
    },
    /// The request never left us.
    NotSent {
        /// Why.
        why: String,
    },
    /// Too many requests; nothing was merged.
    RateLimited {
        /// When it may be tried again.
        until: Timestamp,
    },
    /// The head is another commit by now (409).
    HeadMoved,
    /// GitHub does not merge it as it stands (405).
    NotMergeable {
        /// GitHub's words.
        message: String,
    },
    /// It said no for another reason.
    Rejected {
        /// HTTP status.
        status: u16,
        /// GitHub's words.
        message: String,
    },
    /// It may or may not be merged.
    Unclear {
        /// What happened instead of an answer.
        why: String,
    },
}

/// A pull request as GitHub last described it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    /// Its number.
    pub number: u64,
    /// Its page.
    pub url: String,
    /// Where its head points.
    pub head: CommitSha,
    /// Whether it is open.
    pub open: bool,
    /// Whether it is a draft.
    pub draft: bool,
    /// Whether it could be merged without a conflict; `None` while GitHub computes it.
    pub mergeable: Option<bool>,
    /// GitHub's word for what keeps it from being merged, such as `clean`, `blocked` or `unstable`.
    pub state: String,
    /// The commit it was merged as.
    pub merged: Option<CommitSha>,
    /// Who merged it; a login.
    pub merged_by: Option<String>,
    /// Its description.
    pub body: String,
}

/// A pull request to be opened.
#[derive(Debug, Clone)]
pub struct NewPull {
    /// Where.
    pub repository: RepositoryName,
    /// The branch that is merged.
    pub from: GitRef,
    /// The branch that is merged into.
    pub into: GitRef,
    /// Its title.
    pub title: String,
    /// Its description, Markdown.
    pub body: String,
    /// Its labels.
    pub labels: Vec<String>,
    /// Whose review is asked for.
    pub reviewers: Vec<String>,
}

/// What one commit has that another lacks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// The commits, oldest first; at most 250 of them.
    pub commits: Vec<ChangedBy>,
    /// How many there are.
    pub total: u32,
    /// How many commits of the other side are lacking here.
    pub behind: u32,
    /// Paths of the files that differ; at most 300 of them.
    pub files: Vec<String>,
}

/// One commit of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedBy {
    /// Which.
    pub commit: CommitSha,
    /// Its author: a login, or a name where GitHub knows no login.
    pub author: String,
    /// The first line of its message.
    pub subject: String,
}

/// A promotion as its pull request tells it.
#[derive(Debug, Clone)]
pub struct Story<'a> {
    /// Where from.
    pub from: &'a EnvironmentName,
    /// Where to.
    pub to: &'a EnvironmentName,
    /// What is live there, and what its deployment was; `None` when nobody knows.
    pub live: Option<&'a CommitSha>,
    /// What is promoted.
    pub head: &'a CommitSha,
    /// What changes.
    pub changes: &'a Changes,
}
