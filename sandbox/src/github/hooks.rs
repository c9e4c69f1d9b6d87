//! What a run does to the world outside GitHub.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// The world that runs act on: a tenant database to migrate, an application to deploy.
#[async_trait]
pub trait World: Send + Sync {
    /// Migrates the tenant database of an environment, telling each line that it would print.
    ///
    /// # Errors
    /// When the migration command would end with a non-zero exit code.
    async fn migrate(&self, migration: &Migration, on_line: &mut (dyn FnMut(String) + Send)) -> Result<(), StepFailed>;

    /// Puts a commit into service.
    ///
    /// # Errors
    /// When the deployment command would end with a non-zero exit code.
    async fn deploy(&self, deployment: &Release) -> Result<(), StepFailed>;
}

/// What a migration step is asked to do.
#[derive(Clone, Debug)]
pub struct Migration {
    /// `owner/name` of the repository.
    pub repository: String,
    /// Workflow file name.
    pub workflow: String,
    /// GitHub environment the run deploys to.
    pub environment: String,
    /// Commit whose migrations are applied.
    pub sha: String,
    /// Which tenants are reached.
    pub tenants: Tenants,
    /// How long one tenant should take, at the speed in force.
    pub pace: std::time::Duration,
}

/// What a deployment step is asked to do.
#[derive(Clone, Debug)]
pub struct Release {
    /// `owner/name` of the repository.
    pub repository: String,
    /// Workflow file name.
    pub workflow: String,
    /// GitHub environment the run deploys to.
    pub environment: String,
    /// Commit that goes into service.
    pub sha: String,
}

/// How far a migration gets. The shared schema is always migrated first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tenants {
    /// Every tenant.
    All,
    /// No tenant: only the shared schema.
    None,
    /// The first so many tenants; then the command fails.
    UpTo(usize),
}

/// A step of a run failed; the text goes into its log.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct StepFailed(pub String);

/// A world in which nothing happens.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nowhere;

#[async_trait]
impl World for Nowhere {
    async fn migrate(
        &self,
        _migration: &Migration,
        _on_line: &mut (dyn FnMut(String) + Send),
    ) -> Result<(), StepFailed> {
        Ok(())
    }

    async fn deploy(&self, _deployment: &Release) -> Result<(), StepFailed> {
        Ok(())
    }
}
