//! Gathers what a gate is judged over. What no rule asks for is not asked.

use futures::future;
use signalbox_domain::{
    Timestamp,
    deployment::Deployment,
    environment::{Environment, HealthCheck},
    evidence::Finding,
    fleet::Reading,
    gate::{Check, Facts, Fingerprint, Lock, Looked, Read},
    ports::{ForgeError, Query},
};
use tracing::warn;

use super::Engine;

/// How many of the latest deployments are looked through for the one that is live.
const LOOK_BACK: u32 = 20;

impl Engine {
    /// What is known of the world besides the reactions.
    pub(super) async fn facts(
        &self,
        deployment: &Deployment,
        environment: &Environment,
        reactions: Option<Read<Looked>>,
        fingerprint: Result<Fingerprint, String>,
    ) -> Facts {
        let checks = environment.gate.checks();
        let asks = |wanted: fn(&Check) -> bool| checks.iter().any(|check| wanted(check));
        let (previous, secrets, fleet, health) = future::join4(
            when(asks(|check| matches!(check, Check::Previous)), self.previous(environment)),
            when(asks(|check| matches!(check, Check::Secrets { .. })), self.secrets(environment)),
            when(
                asks(|check| matches!(check, Check::Drift | Check::Isolation | Check::Ledger)),
                self.fleet_evidence(environment),
            ),
            when(asks(|check| matches!(check, Check::Health)), self.health(deployment, environment)),
        )
        .await;
        // Last, so that a lock set while the others were read is seen.
        let (now, locks) = self.locks().await;
        Facts { now, locks, previous, secrets, fleet, health, reactions, fingerprint, barred: vec![] }
    }

    /// The locks in force, and now.
    pub(super) async fn locks(&self) -> (Timestamp, Result<Vec<Lock>, String>) {
        let now = self.ports.clock.now();
        let locks = self.ports.locks.locks(now).await.map_err(|error| {
            warn!(error = &error as &dyn std::error::Error, "the locks cannot be read, so everything counts as locked");
            error.to_string()
        });
        (now, locks)
    }

    /// What is signed. Where no rule asks for signatures the commit is enough.
    pub(super) async fn fingerprint(
        &self,
        deployment: &Deployment,
        environment: &Environment,
    ) -> Result<Fingerprint, String> {
        let plain = Fingerprint::of(&deployment.commit);
        if environment.gate.sign_off_rules().is_empty() {
            return Ok(plain);
        }
        let sources = &self.ports.sources;
        let hash = sources.workflow_hash(&deployment.repository, &deployment.workflow, &deployment.commit);
        let secrets = async {
            match &environment.github_environment {
                Some(name) => sources.secrets(&deployment.repository, name).await.map(Some),
                None => Ok(None),
            }
        };
        let (hash, secrets) = future::join(hash, secrets).await;
        let hash = hash.map_err(|error| error.to_string())?;
        let secrets = match secrets {
            // What we may not see cannot be bound; the rule about secrets says so by itself.
            Err(ForgeError::Forbidden(_) | ForgeError::NotFound(_)) => None,
            secrets => secrets.map_err(|error| error.to_string())?,
        };
        let bound = Fingerprint { workflow: Some(hash), ..plain };
        Ok(match secrets {
            Some(secrets) => bound.with_secrets(&secrets),
            None => bound,
        })
    }

    async fn previous(&self, environment: &Environment) -> Read<Vec<Deployment>> {
        let at = self.ports.clock.now();
        let found = match &environment.after {
            None => Err("no environment comes before this one".into()),
            Some(before) => {
                let latest = self.ports.store.find(Query::Latest(before.clone(), LOOK_BACK)).await;
                latest.map_err(|error| error.to_string())
            }
        };
        Read { at, found }
    }

    async fn secrets(&self, environment: &Environment) -> Read<Vec<signalbox_domain::gate::Secret>> {
        let at = self.ports.clock.now();
        let found = match &environment.github_environment {
            None => Err("no `github_environment` is configured".into()),
            Some(name) => {
                let found = self.ports.sources.secrets(&environment.repository, name).await;
                found.map_err(|error| error.to_string())
            }
        };
        Read { at, found }
    }

    /// A fleet is read anew long before its evidence is too old, and not at every look.
    async fn fleet_evidence(&self, environment: &Environment) -> Read<Reading> {
        self.fleets.evidence(environment, &self.ports, environment.gate.evidence_life / 2).await
    }

    /// Whether what runs now is healthy; it runs another commit still.
    async fn health(&self, deployment: &Deployment, environment: &Environment) -> Read<Vec<Finding>> {
        let at: Timestamp = self.ports.clock.now();
        let checks: Vec<HealthCheck> =
            environment.health.iter().map(|check| HealthCheck { commit_header: None, ..check.clone() }).collect();
        let findings = checks.iter().map(|check| self.ports.probe.ask(check, &deployment.commit));
        Read { at, found: Ok(future::join_all(findings).await) }
    }
}

async fn when<T>(asked: bool, read: impl Future<Output = Read<T>>) -> Option<Read<T>> {
    if asked { Some(read.await) } else { None }
}
