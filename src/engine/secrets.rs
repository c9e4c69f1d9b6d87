//! Secrets and variables at GitHub, held against what environments need.

use futures::future;
use signalbox_domain::{
    environment::Environment,
    gate::{Parity, References, Secret},
    ports::{ForgeError, Resolved},
    refusal::Refusal,
    secrets::{Reading, Report, examine},
};

use super::{Engine, desk::ServiceDesk, forge_facts::said};

impl Engine {
    /// Asks GitHub how the secrets and variables of an environment stand.
    pub(super) async fn secrets_of(&self, environment: &Environment) -> Report {
        let at = self.ports.clock.now();
        let (secrets, references, parity) =
            future::join3(self.listed(environment), self.named(environment), self.beside(environment)).await;
        examine(&Reading { at, secrets, references, parity }, environment, &self.line)
    }

    /// `None`: there is no such environment at GitHub.
    async fn listed(&self, environment: &Environment) -> Result<Option<Vec<Secret>>, String> {
        let Some(name) = &environment.github_environment else {
            return match environment.required_secrets.is_empty() {
                true => Ok(Some(vec![])),
                false => Err(format!("{} has `required_secrets` and no `github_environment`", environment.name)),
            };
        };
        match self.ports.sources.secrets(&environment.repository, name).await {
            Ok(secrets) => Ok(Some(secrets)),
            Err(ForgeError::NotFound(_)) => Ok(None),
            Err(error) => Err(said(error)),
        }
    }

    /// What the workflow names as it is on the environment's own ref.
    async fn named(&self, environment: &Environment) -> Result<References, String> {
        let Environment { repository, default_ref, workflow, .. } = environment;
        let commit = match self.ports.forge.resolve(repository, default_ref).await.map_err(said)? {
            Resolved::Ref(commit) | Resolved::Commit(commit) => commit,
            Resolved::Nothing => return Err(format!("{repository} has no {default_ref}")),
        };
        self.references_at(repository, workflow, &commit, environment).await
    }

    /// The names of the environment before, beside its own.
    async fn beside(&self, environment: &Environment) -> Option<Result<Parity, String>> {
        let before = self.line.get(environment.after.as_ref()?)?;
        before.github_environment.as_ref().and(environment.github_environment.as_ref())?;
        let both = future::try_join(self.names_of(before), self.names_of(environment)).await;
        Some(both.map(|(here, next)| Parity { here, next: [(environment.name.clone(), next)].into() }))
    }
}

impl ServiceDesk {
    pub(super) async fn secrets_of(&self, environment: Option<&str>) -> Result<Vec<Report>, Refusal> {
        let engine = &self.engine;
        Ok(match environment {
            Some(typed) => vec![engine.secrets_of(self.environment("secrets check", typed)?).await],
            None => future::join_all(engine.line.iter().map(|one| engine.secrets_of(one))).await,
        })
    }
}
