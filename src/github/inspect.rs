//! What `signalbox doctor` asks GitHub. These reads are no part of the port: no rule depends on them.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::Deserialize;
use signalbox_domain::{git_ref::GitRef, ids::RepositoryName, ports::ForgeError};

use super::{
    GithubForge,
    api::unreadable,
    content,
    credentials::Speaker,
    path::Path,
    wire::{Account, Secrets},
    workflow_file::WorkflowFile,
};

/// Who the credentials stand for, and what they may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityFacts {
    /// A person's token.
    Token {
        /// The person's login.
        login: String,
        /// Scopes of a classic token. `None` for a fine-grained one, which names none.
        scopes: Option<Vec<String>>,
    },
    /// A GitHub App.
    App {
        /// Its name in addresses.
        slug: String,
        /// What it asks for, such as `actions` → `write`; what was granted may lag behind.
        permissions: BTreeMap<String, String>,
    },
}

impl IdentityFacts {
    /// The login that is shown as the actor of what they start.
    #[must_use]
    pub fn actor(&self) -> String {
        match self {
            Self::Token { login, .. } => login.clone(),
            Self::App { slug, .. } => format!("{slug}[bot]"),
        }
    }
}

/// A repository, as the credentials see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryFacts {
    /// Its name as GitHub spells it.
    pub full_name: String,
    /// Only workflows on this branch can be dispatched.
    pub default_branch: String,
    /// Whether the person of a token may push, which a dispatch takes. `None` where GitHub does not say.
    pub may_push: Option<bool>,
    /// Whether only people with access may see it. What GitHub offers there depends on the plan.
    pub is_private: bool,
}

/// A workflow, as GitHub knows it and as its file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkflowFacts {
    /// `active`, `disabled_manually`, `disabled_inactivity`, …
    pub state: String,
    /// Path of its file.
    pub path: String,
    /// What the file says at the ref that was asked for.
    pub file: WorkflowFile,
}

/// One of GitHub's environments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentFacts {
    /// Its protection rules, such as `required_reviewers`.
    pub protection: Vec<String>,
    /// Names of its secrets.
    pub secrets: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Repository {
    full_name: Option<String>,
    default_branch: Option<String>,
    permissions: Option<BTreeMap<String, bool>>,
    private: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct App {
    #[serde(flatten)]
    account: Account,
    permissions: Option<BTreeMap<String, String>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Workflow {
    path: Option<String>,
    state: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Environment {
    protection_rules: Option<Vec<Rule>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Rule {
    #[serde(rename = "type")]
    kind: Option<String>,
}

impl GithubForge {
    /// Who we are to GitHub.
    ///
    /// # Errors
    /// [`ForgeError`] when that could not be asked; `Forbidden` when the credentials are not taken.
    pub async fn identity(&self) -> Result<IdentityFacts, ForgeError> {
        if self.api.is_app() {
            let path = Path::of(&["app"]);
            let app: App = self.api.read(Speaker::Itself, &path).await?;
            let slug = app.account.slug.ok_or_else(|| unreadable(&path, "the App has no slug"))?;
            return Ok(IdentityFacts::App { slug, permissions: app.permissions.unwrap_or_default() });
        }
        let path = Path::of(&["user"]);
        let (user, headers) = self.api.read_with_headers::<Account>(Speaker::Itself, &path).await?;
        let login = user.login.ok_or_else(|| unreadable(&path, "the user has no login"))?;
        let scopes = headers.get("x-oauth-scopes").and_then(|scopes| scopes.to_str().ok());
        let scopes = scopes.map(|scopes| {
            scopes.split(',').map(str::trim).filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
        });
        Ok(IdentityFacts::Token { login, scopes })
    }

    /// A repository.
    ///
    /// # Errors
    /// [`ForgeError::NotFound`] when it is not there or not shown to us.
    pub async fn repository(&self, repository: &RepositoryName) -> Result<RepositoryFacts, ForgeError> {
        let path = Path::repository(repository, &[]);
        let found: Repository = self.api.read(Speaker::Work(repository), &path).await?;
        Ok(RepositoryFacts {
            full_name: found.full_name.unwrap_or_else(|| repository.to_string()),
            default_branch: found.default_branch.unwrap_or_default(),
            is_private: found.private.unwrap_or(true),
            may_push: found.permissions.and_then(|permissions| permissions.get("push").copied()),
        })
    }

    /// A workflow by its file name, with what its file says at a ref.
    ///
    /// # Errors
    /// [`ForgeError::NotFound`] when GitHub knows no such workflow, or the file is not there at that ref.
    pub async fn workflow(
        &self,
        repository: &RepositoryName,
        file: &str,
        at: &GitRef,
    ) -> Result<WorkflowFacts, ForgeError> {
        let speaker = Speaker::Work(repository);
        let path = Path::repository(repository, &["actions", "workflows", file]);
        let workflow: Workflow = self.api.read(speaker, &path).await?;
        let place = workflow.path.unwrap_or_else(|| format!(".github/workflows/{file}"));
        let text = content::file(&self.api, speaker, repository, &place, at.as_str()).await?.text;
        let file = WorkflowFile::parse(&text).map_err(|why| unreadable(&path, &why))?;
        Ok(WorkflowFacts { state: workflow.state.unwrap_or_default(), path: place, file })
    }

    /// One of GitHub's environments, with the names of its secrets.
    ///
    /// # Errors
    /// [`ForgeError::NotFound`] when there is none of this name; `Forbidden` when the secrets may not be listed.
    pub async fn environment(&self, repository: &RepositoryName, name: &str) -> Result<EnvironmentFacts, ForgeError> {
        let path = Path::repository(repository, &["environments", name]);
        let found: Environment = self.api.read(Speaker::Work(repository), &path).await?;
        let path = Path::repository(repository, &["environments", name, "secrets"]);
        let secrets = self.api.list::<Secrets>(Speaker::Inspect(repository), &path, 100, 3).await?;
        let rules = found.protection_rules.unwrap_or_default();
        Ok(EnvironmentFacts {
            protection: rules.into_iter().filter_map(|rule| rule.kind).collect(),
            secrets: secrets.into_iter().filter_map(|secret| secret.name).collect(),
        })
    }

    /// How far our clock is ahead of GitHub's, as of its last answer.
    #[must_use]
    pub fn clock_skew(&self) -> Option<SignedDuration> {
        self.api.clock_skew()
    }
}
