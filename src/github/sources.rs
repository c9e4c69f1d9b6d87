//! What a release is made of besides its commit: secrets by name and age, and the workflow file.

use async_trait::async_trait;
use signalbox_domain::{
    gate::Secret,
    ids::{CommitSha, RepositoryName},
    ports::{ForgeError, Sources},
};

use super::{
    GithubForge,
    api::unreadable,
    credentials::Speaker,
    path::Path,
    wire::{Blob, Secrets},
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

    /// GitHub names the git object of the content, which is a hash of it.
    async fn workflow_hash(
        &self,
        repository: &RepositoryName,
        workflow: &str,
        commit: &CommitSha,
    ) -> Result<String, ForgeError> {
        let file = format!(".github/workflows/{workflow}");
        let path = Path::repository(repository, &["contents"]).tree(&file).query("ref", commit.as_str());
        let blob: Blob = self.api.read(Speaker::Work(repository), &path).await?;
        blob.sha.ok_or_else(|| unreadable(&path, "the file has no hash"))
    }
}
