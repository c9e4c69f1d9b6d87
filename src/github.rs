//! GitHub: the [`Forge`] port over octocrab.
//!
//! octocrab brings the transport, the base URL, the API version and the App's signature. What it may do
//! with them is decided here: nothing is retried that is not a read, no redirect is followed, and every
//! answer is read through wire structs of our own that tolerate missing, null and unknown values.

mod api;
mod cache;
mod commit_checks;
mod content;
mod credentials;
mod deliveries;
mod dispatch;
mod expression;
mod inspect;
mod limits;
mod logs;
mod merging;
mod names;
mod path;
mod pulls;
mod refs;
mod rules;
mod runs;
mod sources;
mod transport;
mod wire;
mod workflow_file;
mod workflow_tree;
mod workflow_use;

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use secrecy::SecretString;
use signalbox_domain::{
    deployment::DispatchOrder,
    event::{CancelAnswer, DispatchAnswer},
    git_ref::GitRef,
    ids::{RepositoryName, RunId},
    log::Reader,
    ports::{Clock, Forge, ForgeError, Logs, Resolved, RunQuery},
    pulse::Budget,
    run::{Job, Run},
};
use tokio::sync::OnceCell;
use url::Url;

pub use inspect::{EnvironmentFacts, IdentityFacts, RepositoryFacts, WorkflowFacts};
pub use workflow_file::{Input, SessionLines, WaitStep, WorkflowFile};

/// Where GitHub's public API is.
pub const PUBLIC_API: &str = "https://api.github.com";

/// How GitHub is reached.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Base URL of the REST API: [`PUBLIC_API`], or `https://<host>/api/v3` of an own server.
    pub api_url: Url,
    /// As whom.
    pub auth: Auth,
    /// How long to wait for what.
    pub timeouts: Timeouts,
    /// How much of a log is read.
    pub logs: LogLimits,
}

/// As whom GitHub is spoken to.
#[derive(Debug, Clone)]
pub enum Auth {
    /// A personal access token, fine-grained or classic.
    Token(SecretString),
    /// A GitHub App. Its installation tokens are asked for per repository, with only the permissions needed.
    App {
        /// The App's id.
        app_id: u64,
        /// Its private key, PEM.
        private_key_pem: SecretString,
        /// The installation; without it each repository is asked for its own.
        installation: Option<u64>,
    },
}

/// How long to wait.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For a connection, TLS included.
    pub connect: Duration,
    /// For the answer to a read, each try.
    pub read: Duration,
    /// For the answer to a write; the dispatch is one.
    pub write: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), read: Duration::from_secs(10), write: Duration::from_secs(15) }
    }
}

/// How much of a log is read. GitHub's are a few megabytes at most; what is read is not kept.
#[derive(Debug, Clone, Copy)]
pub struct LogLimits {
    /// Most bytes.
    pub bytes: usize,
    /// Longest time.
    pub time: Duration,
}

impl Default for LogLimits {
    fn default() -> Self {
        Self { bytes: 256 * 1024 * 1024, time: Duration::from_secs(60) }
    }
}

/// Why GitHub cannot be spoken to at all.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The base URL is no address of an API.
    #[error("`{0}` is not a base URL for GitHub's API; expected one such as {PUBLIC_API}")]
    Url(Url),
    /// The token has characters that no token has.
    #[error("the GitHub token contains spaces or control characters")]
    Token,
    /// The App's private key does not read.
    #[error("the GitHub App's private key is not an RSA key in PEM format")]
    Key(#[source] jsonwebtoken::errors::Error),
    /// The system's certificates could not be read.
    #[error("the system's TLS root certificates could not be read")]
    Roots(#[source] std::io::Error),
    /// Logs could not be fetched.
    #[error("TLS cannot be set up")]
    Tls(#[source] reqwest::Error),
}

/// GitHub.
pub struct GithubForge {
    api: api::Api,
    login: OnceCell<String>,
    logs: logs::Fetcher,
}

impl GithubForge {
    /// Prepares to speak to GitHub; nothing is sent yet. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`SettingsError`] when the settings cannot work.
    pub fn connect(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Arc<Self>, SettingsError> {
        let logs = logs::Fetcher::new(settings.logs).map_err(SettingsError::Tls)?;
        Ok(Arc::new(Self { api: api::Api::new(settings, clock)?, login: OnceCell::new(), logs }))
    }
}

#[async_trait]
impl Forge for GithubForge {
    async fn login(&self) -> Result<String, ForgeError> {
        self.login.get_or_try_init(async || Ok(self.identity().await?.actor())).await.cloned()
    }

    fn budget(&self) -> Option<Budget> {
        self.api.budget()
    }

    async fn resolve(&self, repository: &RepositoryName, name: &GitRef) -> Result<Resolved, ForgeError> {
        refs::resolve(&self.api, repository, name).await
    }

    async fn refs(&self, repository: &RepositoryName) -> Result<Vec<String>, ForgeError> {
        refs::list(&self.api, repository).await
    }

    async fn dispatch(&self, order: &DispatchOrder) -> DispatchAnswer {
        dispatch::dispatch(&self.api, order).await
    }

    async fn run(&self, repository: &RepositoryName, run: RunId) -> Result<(Run, Vec<Job>), ForgeError> {
        runs::read(&self.api, repository, run).await
    }

    async fn runs(&self, query: &RunQuery) -> Result<Vec<Run>, ForgeError> {
        runs::list(&self.api, query).await
    }

    async fn cancel(&self, repository: &RepositoryName, run: RunId) -> Result<CancelAnswer, ForgeError> {
        runs::cancel(&self.api, repository, run).await
    }
}

#[async_trait]
impl Logs for GithubForge {
    async fn job_log(&self, repository: &RepositoryName, job: u64, reader: &mut Reader) -> Result<(), ForgeError> {
        logs::read(&self.api, &self.logs, repository, job, reader).await
    }
}
