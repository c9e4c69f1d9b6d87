//! What a release is made of besides its commit: secrets by name and age, and the workflow with what it calls.

use async_trait::async_trait;
use serde::Deserialize;
use signalbox_domain::{
    gate::{CommitChecks, Names, PullRequest, Secret, Workflow},
    git_ref::GitRef,
    ids::{CommitSha, RepositoryName},
    ports::{ForgeError, Scope, Sources},
};

use super::{
    GithubForge,
    api::unreadable,
    commit_checks,
    credentials::Speaker,
    names,
    path::Path,
    pulls,
    wire::{Ahead, Credited, Secrets},
    workflow_tree,
};

/// Most commits of a deployment whose authors are looked at, and how many come in one page.
const MOST_COMMITS: usize = 1_000;
const PER_PAGE: usize = 100;

#[async_trait]
impl Sources for GithubForge {
    async fn secrets(&self, repository: &RepositoryName, environment: &str) -> Result<Vec<Secret>, ForgeError> {
        let path = Path::repository(repository, &["environments", environment, "secrets"]);
        let secrets = self.api.list::<Secrets>(Speaker::Inspect(repository), &path, 100, 3).await?;
        let named = |secret: super::wire::Secret| {
            let updated_at = secret.updated_at.and_then(|time| time.parse().ok());
            Some(Secret { name: secret.name?, updated_at })
        };
        Ok(secrets.into_iter().filter_map(named).collect())
    }

    async fn authors(
        &self,
        repository: &RepositoryName,
        base: Option<&CommitSha>,
        head: &CommitSha,
    ) -> Result<Vec<String>, ForgeError> {
        let mut commits: Vec<Credited> = vec![];
        if let Some(base) = base.filter(|base| *base != head) {
            let path = Path::repository(repository, &["compare", &format!("{base}...{head}")]);
            for page in 1.. {
                let path = path.clone().query("per_page", PER_PAGE).query("page", page);
                let ahead: Ahead = self.api.read(Speaker::Work(repository), &path).await?;
                let total = ahead.total_commits.ok_or_else(|| unreadable(&path, "it has no number of commits"))?;
                if total > MOST_COMMITS {
                    let why = format!("{total} commits lie between, and at most {MOST_COMMITS} are looked at");
                    return Err(ForgeError::Unavailable(why));
                }
                let more = ahead.commits.unwrap_or_default();
                let none = more.is_empty();
                commits.extend(more);
                if commits.len() >= total {
                    break;
                }
                if none {
                    return Err(unreadable(&path, "it ends before its last commit"));
                }
            }
        }
        if commits.is_empty() {
            let path = Path::repository(repository, &["commits", head.as_str()]);
            commits.push(self.api.read(Speaker::Work(repository), &path).await?);
        }
        let mut logins: Vec<String> = vec![];
        for commit in commits {
            let people = [commit.author, commit.committer].into_iter().flatten();
            logins.extend(people.filter_map(|account| account.login));
            logins.extend(co_authors(&commit.commit.and_then(|text| text.message).unwrap_or_default()));
        }
        logins.sort_unstable();
        logins.dedup();
        Ok(logins)
    }

    async fn workflow(
        &self,
        repository: &RepositoryName,
        workflow: &str,
        commit: &CommitSha,
    ) -> Result<Workflow, ForgeError> {
        workflow_tree::read(&self.api, repository, workflow, commit).await
    }

    async fn contains(
        &self,
        repository: &RepositoryName,
        commit: &CommitSha,
        head: &CommitSha,
    ) -> Result<bool, ForgeError> {
        let range = format!("{commit}...{head}");
        // Without the limit the answer lists every commit and file between.
        let path = Path::repository(repository, &["compare", &range]).query("per_page", 1);
        let comparison: Comparison = self.api.read(Speaker::Work(repository), &path).await?;
        match comparison.status.as_deref() {
            Some("ahead" | "identical") => Ok(true),
            Some("behind" | "diverged") => Ok(false),
            other => Err(unreadable(&path, &format!("{other:?} is no way in which commits compare"))),
        }
    }

    async fn names(&self, repository: &RepositoryName, scope: Scope<'_>) -> Result<Names, ForgeError> {
        names::read(&self.api, repository, scope).await
    }

    async fn commit_checks(
        &self,
        repository: &RepositoryName,
        git_ref: &GitRef,
        commit: &CommitSha,
    ) -> Result<CommitChecks, ForgeError> {
        commit_checks::read(&self.api, repository, git_ref, commit).await
    }

    async fn pull_requests(
        &self,
        repository: &RepositoryName,
        commit: &CommitSha,
    ) -> Result<Vec<PullRequest>, ForgeError> {
        pulls::read(&self.api, repository, commit).await
    }
}

/// How two commits compare (<https://docs.github.com/en/rest/commits/commits#compare-two-commits>).
#[derive(Default, Deserialize)]
#[serde(default)]
struct Comparison {
    status: Option<String>,
}

/// Whom a commit's text names as co-authors, as far as their address says who they are at GitHub
/// (<https://docs.github.com/en/account-and-profile/reference/email-addresses-reference#your-noreply-email-address>).
fn co_authors(message: &str) -> impl Iterator<Item = String> {
    message.lines().filter_map(|line| {
        let (key, who) = line.split_once(':')?;
        let address = who.trim().strip_suffix('>')?.rsplit_once('<')?.1;
        let name = address.split_once("@users.noreply.")?.0;
        let login = name.split_once('+').map_or(name, |(_, login)| login);
        (key.trim().eq_ignore_ascii_case("co-authored-by") && !login.is_empty()).then(|| login.to_owned())
    })
}
