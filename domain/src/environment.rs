//! The stages of the promotion path, as the configuration describes them.

use std::{collections::BTreeMap, path::PathBuf};

use jiff::SignedDuration;
use regex::Regex;

use crate::{
    gate::Gate,
    git_ref::{GitRef, RefPattern},
    health::{Damping, SmokeCheck},
    ids::{ChannelId, EnvironmentName, RepositoryName, RoleId},
    image::ImagePattern,
    monitor::Pattern,
    promotion::Promotion,
};

/// A role of the guild, with the name the configuration gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// What people call it.
    pub name: String,
    /// What the chat calls it.
    pub id: RoleId,
}

/// A question to the running application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthCheck {
    /// Address to `GET`.
    pub url: String,
    /// Value of the `Host` header; with django-tenants it selects the tenant.
    pub host: Option<String>,
    /// Status that means healthy.
    pub status: u16,
    /// A JSON pointer (RFC 6901) into the body and the text it must have.
    pub json: Option<(String, String)>,
    /// Response header that bears the commit that is running.
    pub commit_header: Option<String>,
    /// Slower than this is a warning.
    pub max_latency: SignedDuration,
    /// How many redirects are followed.
    pub redirects: u8,
    /// A certificate that ends in fewer days than this is a warning.
    pub certificate_days: i64,
    /// Whose certificates are taken beside those of the usual authorities: a PEM file.
    pub ca_file: Option<PathBuf>,
    /// Whether it may be asked at an address of a private network.
    pub allow_private: bool,
}

impl HealthCheck {
    /// Whether an address answers with 200, and nothing else.
    #[must_use]
    pub fn of(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            host: None,
            status: 200,
            json: None,
            commit_header: None,
            max_latency: SignedDuration::from_secs(2),
            redirects: 0,
            certificate_days: 14,
            ca_file: None,
            allow_private: false,
        }
    }

    /// Which application is asked.
    #[must_use]
    pub fn place(&self) -> &str {
        self.host.as_deref().unwrap_or(&self.url)
    }

    /// What it is called: `health app.example.com`.
    #[must_use]
    pub fn title(&self) -> String {
        format!("health {}", self.place())
    }
}

/// One stage of the promotion path.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Its name.
    pub name: EnvironmentName,
    /// The stage before it, if it is not the first.
    pub after: Option<EnvironmentName>,
    /// Where its workflow lives.
    pub repository: RepositoryName,
    /// The workflow's file name.
    pub workflow: String,
    /// What `/deploy` takes when no ref is named.
    pub default_ref: GitRef,
    /// What `/deploy` accepts.
    pub allowed_refs: Vec<RefPattern>,
    /// Inputs sent with each dispatch.
    pub inputs: BTreeMap<String, String>,
    /// Input that takes the deployment's key, so that `run-name` can echo it.
    pub key_input: Option<String>,
    /// Name of GitHub's own environment.
    pub github_environment: Option<String>,
    /// Which job changes the tenant database.
    pub migration_job: Regex,
    /// Secrets that must exist, by name.
    pub required_secrets: Vec<String>,
    /// Environment variable that holds the tenant database's URL.
    pub database: Option<String>,
    /// Schemas that must be there.
    pub schemas: Vec<String>,
    /// Images that a deployment brings.
    pub images: Vec<ImagePattern>,
    /// Schemas that may come and go.
    pub allowed_schemas: Vec<Pattern>,
    /// Questions to the running application.
    pub health: Vec<HealthCheck>,
    /// How many of the latest looks at it must agree.
    pub damping: Damping,
    /// What is asked of many addresses, such as those of all tenants.
    pub smoke: Vec<SmokeCheck>,
    /// How many of them are asked at once.
    pub smoke_concurrency: usize,
    /// How long the evidence may take to come good after a green run.
    pub verify_deadline: SignedDuration,
    /// A migration that takes no longer than this is never slow.
    pub slow_after: SignedDuration,
    /// How often a run is looked at when no webhook speaks.
    pub poll: SignedDuration,
    /// How often a running migration is looked at.
    pub migration_pace: SignedDuration,
    /// How long nothing may move in a running migration that has no session.
    pub stall: SignedDuration,
    /// How long a migration may wait for a lock before people are told.
    pub lock_wait: SignedDuration,
    /// Where cards are posted.
    pub channel: ChannelId,
    /// Who may deploy and cancel.
    pub deploy_roles: Vec<Role>,
    /// Whose reaction is a sign-off where no rule of the gate says so.
    pub sign_roles: Vec<Role>,
    /// What must hold before a deployment may leave.
    pub gate: Gate,
    /// How it is promoted to from the stage before it; `None` where it is not.
    pub promotion: Option<Promotion>,
}

impl Environment {
    /// Whether a job of this name migrates the tenants. In a reusable workflow the name is `caller / job`.
    #[must_use]
    pub fn is_migration(&self, job: &str) -> bool {
        self.migration_job.is_match(job)
    }

    /// Whether there is anything to ask once a run is green.
    #[must_use]
    pub fn has_checks(&self) -> bool {
        self.database.is_some() || !self.health.is_empty()
    }
}

/// The promotion path: every environment after the one it follows.
#[derive(Debug, Clone)]
pub struct Line {
    environments: Vec<Environment>,
}

/// Why environments do not form a promotion path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// Two environments share a name.
    #[error("environment `{0}` is described twice")]
    Twice(EnvironmentName),
    /// `after` names nothing.
    #[error("environment `{0}` comes after `{1}`, which is not described")]
    AfterNothing(EnvironmentName, EnvironmentName),
    /// `after` leads back to where it began.
    #[error("the promotion path runs in a circle through `{0}`")]
    Circle(EnvironmentName),
}

impl LineError {
    /// The environment whose description is at fault.
    #[must_use]
    pub fn environment(&self) -> &EnvironmentName {
        match self {
            Self::Twice(name) | Self::AfterNothing(name, _) | Self::Circle(name) => name,
        }
    }
}

impl Line {
    /// Puts environments into promotion order.
    ///
    /// # Errors
    /// [`LineError`] when names repeat, `after` names nothing, or the path runs in a circle.
    pub fn new(mut rest: Vec<Environment>) -> Result<Self, LineError> {
        for (n, environment) in rest.iter().enumerate() {
            if rest[..n].iter().any(|e| e.name == environment.name) {
                return Err(LineError::Twice(environment.name.clone()));
            }
            if let Some(before) = &environment.after
                && !rest.iter().any(|e| &e.name == before)
            {
                return Err(LineError::AfterNothing(environment.name.clone(), before.clone()));
            }
        }
        let mut environments: Vec<Environment> = Vec::with_capacity(rest.len());
        while !rest.is_empty() {
            let ready = rest.iter().position(|e| {
                e.after.as_ref().is_none_or(|before| environments.iter().any(|done| &done.name == before))
            });
            match ready {
                Some(n) => environments.push(rest.remove(n)),
                None => return Err(LineError::Circle(rest[0].name.clone())),
            }
        }
        Ok(Self { environments })
    }

    /// The environment of that name.
    #[must_use]
    pub fn get(&self, name: &EnvironmentName) -> Option<&Environment> {
        self.environments.iter().find(|e| &e.name == name)
    }

    /// All environments in promotion order.
    pub fn iter(&self) -> impl Iterator<Item = &Environment> {
        self.environments.iter()
    }

    /// Their names in promotion order, for people: "`dev`, `uat`, `prod`".
    #[must_use]
    pub fn names(&self) -> String {
        self.environments.iter().map(|e| format!("`{}`", e.name)).collect::<Vec<_>>().join(", ")
    }
}
