//! A repository: its history, workflows, environments, pull requests and deployments.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::Timestamp;
use serde_json::Value;

use super::workflow::Workflow;

/// One repository.
#[derive(Clone, Debug)]
pub struct Repository {
    /// GitHub's number for it.
    pub id: u64,
    /// Login of the organisation that owns it.
    pub owner: String,
    /// Name without the owner.
    pub name: String,
    /// Whether only people with access may see it.
    pub private: bool,
    /// Branch whose workflow files count.
    pub default_branch: String,
    /// Branch name → commit.
    pub branches: BTreeMap<String, String>,
    /// Tag name → commit.
    pub tags: BTreeMap<String, String>,
    /// Commits by full SHA.
    pub commits: BTreeMap<String, Commit>,
    /// Workflow files.
    pub workflows: Vec<Workflow>,
    /// Other files by path; the same on every branch.
    pub files: BTreeMap<String, String>,
    /// Deployment environments.
    pub environments: Vec<Environment>,
    /// Secret name → when it was last changed. Values are never kept.
    pub secrets: BTreeMap<String, Timestamp>,
    /// Variable name → value.
    pub variables: BTreeMap<String, String>,
    /// Secrets of the organisation that it sees, as `secrets`.
    pub organisation_secrets: BTreeMap<String, Timestamp>,
    /// Variables of the organisation that it sees.
    pub organisation_variables: BTreeMap<String, String>,
    /// Check runs of its commits, oldest first.
    pub check_runs: Vec<CheckRun>,
    /// Statuses of its commits, oldest first.
    pub statuses: Vec<CommitStatus>,
    /// Pull requests by number.
    pub pulls: Vec<Pull>,
    /// Deployments, oldest first.
    pub deployments: Vec<Deployment>,
    /// Branch → its classic protection.
    pub protections: BTreeMap<String, Protection>,
    /// Branch → what rulesets say of it.
    pub rules: BTreeMap<String, Protection>,
    /// When it was created.
    pub created_at: Timestamp,
}

/// One commit.
#[derive(Clone, Debug)]
pub struct Commit {
    /// Full SHA.
    pub sha: String,
    /// Parents, first parent first.
    pub parents: Vec<String>,
    /// Full message.
    pub message: String,
    /// Login of the author.
    pub author: String,
    /// When it was authored and committed.
    pub date: Timestamp,
    /// Paths of the files it changes.
    pub files: Vec<String>,
}

/// A deployment environment with the names of its secrets.
#[derive(Clone, Debug)]
pub struct Environment {
    /// GitHub's number for it.
    pub id: u64,
    /// Name; may hold slashes and spaces.
    pub name: String,
    /// Secret name → when it was last changed.
    pub secrets: BTreeMap<String, Timestamp>,
    /// Variable name → value.
    pub variables: BTreeMap<String, String>,
    /// Logins of people of whom one must approve.
    pub reviewers: Vec<String>,
    /// Minutes a job waits before it may start.
    pub wait_minutes: u32,
    /// Whether the app's own protection rule must approve.
    pub custom_rule: bool,
    /// When it was created.
    pub created_at: Timestamp,
}

/// Classic branch protection, as far as a release cares.
#[derive(Clone, Debug, Default)]
pub struct Protection {
    /// Approving reviews a pull request needs.
    pub required_approvals: u32,
    /// Checks that must be green.
    pub required_checks: Vec<String>,
}

/// A check of a commit, reported by GitHub Actions.
#[derive(Clone, Debug)]
pub struct CheckRun {
    /// GitHub's number for it; the greater, the later.
    pub id: u64,
    /// Commit.
    pub sha: String,
    /// Name.
    pub name: String,
    /// `success`, `failure`, …; still at work when `None`.
    pub conclusion: Option<String>,
    /// When it was started.
    pub started_at: Timestamp,
}

/// A status of a commit.
#[derive(Clone, Debug)]
pub struct CommitStatus {
    /// GitHub's number for it; the greater, the later.
    pub id: u64,
    /// Commit.
    pub sha: String,
    /// Name.
    pub context: String,
    /// `success`, `pending`, `failure` or `error`.
    pub state: String,
    /// When it was set.
    pub created_at: Timestamp,
}

/// One review of a pull request.
#[derive(Clone, Debug)]
pub struct Review {
    /// GitHub's number for it.
    pub id: u64,
    /// Login of the reviewer.
    pub reviewer: String,
    /// `APPROVED`, `CHANGES_REQUESTED`, `COMMENTED` or `DISMISSED`.
    pub state: String,
    /// Head of the pull request at the time.
    pub commit: String,
    /// When it was submitted.
    pub at: Timestamp,
}

/// One pull request.
#[derive(Clone, Debug)]
pub struct Pull {
    /// GitHub's number for it, over all repositories.
    pub id: u64,
    /// Number within the repository.
    pub number: u64,
    /// Title.
    pub title: String,
    /// Description.
    pub body: Option<String>,
    /// Branch that is merged.
    pub head: String,
    /// Branch that is merged into.
    pub base: String,
    /// Commit of the head branch when the pull request was last touched.
    pub head_sha: String,
    /// Whether it is a draft.
    pub draft: bool,
    /// Label names.
    pub labels: Vec<String>,
    /// Login of the author.
    pub author: String,
    /// What reviewers said, oldest first.
    pub reviews: Vec<Review>,
    /// Logins and team slugs whose review was asked for.
    pub reviewers: Vec<String>,
    /// `false` makes a merge answer 405.
    pub mergeable: bool,
    /// GitHub's word for what else keeps it, such as `blocked`, which makes a merge answer 405, or `unstable`.
    pub kept_by: Option<String>,
    /// When and as what it was merged.
    pub merged: Option<(Timestamp, String)>,
    /// Login of who merged it.
    pub merged_by: Option<String>,
    /// When it was closed, merged or not.
    pub closed_at: Option<Timestamp>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// One deployment and its history.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// GitHub's number for it.
    pub id: u64,
    /// Commit.
    pub sha: String,
    /// Ref as it was given.
    pub ref_name: String,
    /// Task, `deploy` as a rule.
    pub task: String,
    /// Environment name.
    pub environment: String,
    /// Whether the environment is production.
    pub production: bool,
    /// Whether the environment goes away some day.
    pub transient: bool,
    /// Free payload.
    pub payload: Value,
    /// Description.
    pub description: Option<String>,
    /// Login of the creator.
    pub creator: String,
    /// Statuses, oldest first.
    pub statuses: Vec<DeploymentStatus>,
    /// When it was created.
    pub created_at: Timestamp,
}

/// One step in a deployment's history.
#[derive(Clone, Debug)]
pub struct DeploymentStatus {
    /// GitHub's number for it.
    pub id: u64,
    /// `queued`, `in_progress`, `success`, …
    pub state: String,
    /// At most 140 characters.
    pub description: String,
    /// Where its log is.
    pub log_url: String,
    /// Where the result can be seen.
    pub environment_url: String,
    /// Login of the creator.
    pub creator: String,
    /// When it was set.
    pub created_at: Timestamp,
}

/// What a ref name led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// Short name of the branch or tag.
    pub name: String,
    /// Commit.
    pub sha: String,
}

/// How two commits relate.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// Commits of the head that the base lacks, oldest first.
    pub ahead: Vec<String>,
    /// How many commits of the base the head lacks.
    pub behind: usize,
    /// Newest common ancestor.
    pub merge_base: String,
}

impl Repository {
    /// `owner/name`.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// The branch or tag a dispatch may name: a short name or `refs/heads/…`, `refs/tags/…`.
    #[must_use]
    pub fn branch_or_tag(&self, name: &str) -> Option<Resolved> {
        let (kind, short) = match name.strip_prefix("refs/") {
            Some(rest) => rest.split_once('/')?,
            None => ("", name),
        };
        let branch = || self.branches.get(short);
        let tag = || self.tags.get(short);
        let sha = match kind {
            "heads" => branch(),
            "tags" => tag(),
            "" => branch().or_else(tag),
            _ => None,
        }?;
        Some(Resolved { name: short.to_owned(), sha: sha.clone() })
    }

    /// The commit that a branch, tag, full SHA or unambiguous short SHA names.
    #[must_use]
    pub fn commit(&self, name: &str) -> Option<&Commit> {
        let short = name.strip_prefix("heads/").or_else(|| name.strip_prefix("tags/")).unwrap_or(name);
        if let Some(found) = self.branch_or_tag(short) {
            return self.commits.get(&found.sha);
        }
        if name.len() < 4 || !name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let prefix = name.to_ascii_lowercase();
        let mut matching = self.commits.range(prefix.clone()..).take_while(|(sha, _)| sha.starts_with(&prefix));
        let first = matching.next();
        first.filter(|_| matching.next().is_none()).map(|(_, commit)| commit)
    }

    /// The workflow with this id or file name.
    #[must_use]
    pub fn workflow(&self, id_or_file: &str) -> Option<&Workflow> {
        self.workflows.iter().find(|workflow| {
            workflow.file == id_or_file || workflow.path() == id_or_file || workflow.id.to_string() == id_or_file
        })
    }

    /// As [`Repository::workflow`], to change it.
    pub fn workflow_mut(&mut self, id_or_file: &str) -> Option<&mut Workflow> {
        let id = self.workflow(id_or_file)?.id;
        self.workflows.iter_mut().find(|workflow| workflow.id == id)
    }

    /// The environment with this name; GitHub ignores case here.
    #[must_use]
    pub fn environment(&self, name: &str) -> Option<&Environment> {
        self.environments.iter().find(|environment| environment.name.eq_ignore_ascii_case(name))
    }

    /// As [`Repository::environment`], to change it.
    pub fn environment_mut(&mut self, name: &str) -> Option<&mut Environment> {
        self.environments.iter_mut().find(|environment| environment.name.eq_ignore_ascii_case(name))
    }

    /// The commit and all it descends from, newest first.
    #[must_use]
    pub fn history(&self, sha: &str) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let mut order = Vec::new();
        let mut queue = VecDeque::from([sha.to_owned()]);
        while let Some(next) = queue.pop_front() {
            let Some(commit) = self.commits.get(&next) else {
                continue;
            };
            if seen.insert(next.clone()) {
                order.push(next);
                queue.extend(commit.parents.iter().cloned());
            }
        }
        order
    }

    /// How `head` stands to `base`, both full SHAs; `None` without a common ancestor.
    #[must_use]
    pub fn compare(&self, base: &str, head: &str) -> Option<Comparison> {
        let of_base = self.history(base);
        let of_head = self.history(head);
        let in_base: BTreeSet<_> = of_base.iter().collect();
        let in_head: BTreeSet<_> = of_head.iter().collect();
        let merge_base = of_head.iter().find(|sha| in_base.contains(sha))?.clone();
        let mut ahead: Vec<_> = of_head.iter().filter(|sha| !in_base.contains(sha)).cloned().collect();
        ahead.reverse();
        Some(Comparison { ahead, behind: of_base.iter().filter(|sha| !in_head.contains(sha)).count(), merge_base })
    }
}
