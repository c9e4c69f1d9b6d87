//! What GitHub is asked for the checks of a gate.

use std::collections::{BTreeMap, BTreeSet};

use futures::future;
use signalbox_domain::{
    deployment::Deployment,
    environment::Environment,
    gate::{Check, CommitChecks, Names, Parity, Previous, PullRequest, Read, References, Sees, live},
    ids::{CommitSha, RepositoryName},
    ports::{ForgeError, Query, Scope},
};

use super::Engine;

/// How many of the latest deployments are looked through for the one that is live.
const LOOK_BACK: u32 = 20;

impl Engine {
    /// The environment before, and whether what is live there contains the commit, where a rule asks for that.
    pub(super) async fn previous(&self, d: &Deployment, environment: &Environment) -> Read<Previous> {
        self.read(async {
            let before = environment.after.as_ref().ok_or("no environment comes before this one")?;
            let latest = self.ports.store.find(Query::Latest(vec![before.clone()], LOOK_BACK)).await;
            let latest = latest.map_err(|error| error.to_string())?;
            let asked = environment.gate.checks().iter().any(|c| matches!(c, Check::Previous { descendant: true }));
            let newer = live(&latest).filter(|live| asked && live.commit != d.commit);
            let contains = match newer.map(|live| live.commit.clone()) {
                Some(head) => Some(self.ports.sources.contains(&d.repository, &d.commit, &head).await.map_err(said)?),
                None => None,
            };
            Ok(Previous { latest, contains })
        })
        .await
    }

    /// The names here and in the environments that come next.
    pub(super) async fn parity(&self, environment: &Environment) -> Read<Parity> {
        self.read(async {
            let here = self.names_of(environment).await?;
            let mut next = BTreeMap::new();
            for after in self.line.iter().filter(|one| one.after.as_ref() == Some(&environment.name)) {
                next.insert(after.name.clone(), self.names_of(after).await?);
            }
            match next.is_empty() {
                true => Err("no environment comes after this one".into()),
                false => Ok(Parity { here, next }),
            }
        })
        .await
    }

    pub(super) async fn names_of(&self, environment: &Environment) -> Result<Names, String> {
        let name = environment.github_environment.as_deref();
        let name = name.ok_or_else(|| format!("{} has no `github_environment`", environment.name))?;
        let names = self.ports.sources.names(&environment.repository, Scope::Environment(name)).await;
        names.map_err(said)
    }

    /// What the workflow names, and what there is where its jobs look.
    pub(super) async fn references(&self, d: &Deployment, environment: &Environment) -> Read<References> {
        self.read(self.references_at(&d.repository, &d.workflow, &d.commit, environment)).await
    }

    pub(super) async fn references_at(
        &self,
        repository: &RepositoryName,
        workflow: &str,
        commit: &CommitSha,
        environment: &Environment,
    ) -> Result<References, String> {
        let sources = &self.ports.sources;
        let workflow = sources.workflow(repository, workflow, commit).await.map_err(said)?;
        let ours = environment.github_environment.as_ref().map(|name| name.to_lowercase());
        let named = workflow.references.iter().filter_map(|one| match &one.sees {
            Sees::Environment(name) => Some(name.to_lowercase()),
            Sees::NoEnvironment | Sees::Computed => None,
        });
        let looked: BTreeSet<String> = named.chain(ours.clone()).collect();
        let environments = looked.iter().map(async |name| {
            let names = sources.names(repository, Scope::Environment(name)).await;
            // GitHub makes an environment that is not there when a job asks for it, with nothing in it.
            present(names).map(|names| (name.clone(), names))
        });
        let (repository, organisation, environments) = future::join3(
            sources.names(repository, Scope::Repository),
            sources.names(repository, Scope::Organisation),
            future::try_join_all(environments),
        )
        .await;
        // A repository of a person has no organisation.
        let (mut shared, organisation) = (repository.map_err(said)?, present(organisation)?);
        shared.secrets.extend(organisation.secrets);
        shared.variables.extend(organisation.variables);
        let environments = environments?.into_iter().collect();
        Ok(References { wanted: workflow.references, unclear: workflow.unclear, shared, environments, ours })
    }

    /// What the branch requires, and what was reported of the commit.
    pub(super) async fn commit_checks(&self, d: &Deployment) -> Read<CommitChecks> {
        self.read(async {
            let found = self.ports.sources.commit_checks(&d.repository, &d.git_ref, &d.commit).await;
            found.map_err(said)
        })
        .await
    }

    /// The pull requests of the commit.
    pub(super) async fn pull_requests(&self, d: &Deployment) -> Read<Vec<PullRequest>> {
        self.read(async { self.ports.sources.pull_requests(&d.repository, &d.commit).await.map_err(said) }).await
    }

    /// With the time before it was asked: nothing later is in it.
    async fn read<T>(&self, found: impl Future<Output = Result<T, String>>) -> Read<T> {
        let at = self.ports.clock.now();
        Read { at, found: found.await }
    }
}

pub(super) fn said(error: ForgeError) -> String {
    error.to_string()
}

/// What is not there has no names.
fn present(names: Result<Names, ForgeError>) -> Result<Names, String> {
    match names {
        Err(ForgeError::NotFound(_)) => Ok(Names::default()),
        names => names.map_err(said),
    }
}
