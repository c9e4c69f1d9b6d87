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
    GithubForge, api::unreadable, commit_checks, credentials::Speaker, names, path::Path, pulls, wire::Secrets,
    workflow_tree,
};

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
