//! Gathers what a gate is judged over. What no rule asks for is not asked.

use std::{collections::BTreeMap, sync::Arc};

use futures::future;
use signalbox_domain::{
    Timestamp,
    alert::Record,
    deployment::Deployment,
    environment::Environment,
    evidence::Finding,
    fleet::Reading,
    gate::{Check, Facts, Fingerprint, Lock, Looked, Read},
    health::finding,
    image::Image,
    ports::{Applied, ForgeError, WhichAlerts},
    promotion::Pull,
};
use tracing::warn;

use super::Engine;

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
        let (d, e) = (deployment, environment);
        let world = future::join3(
            when(asks(|check| matches!(check, Check::Secrets { .. })), self.secrets(e)),
            when(
                asks(|check| matches!(check, Check::Drift | Check::Isolation | Check::Ledger)),
                self.fleet_evidence(e),
            ),
            when(asks(|check| matches!(check, Check::Health)), self.health(e)),
        );
        let forge = future::join5(
            when(asks(|check| matches!(check, Check::Previous { .. })), self.previous(d, e)),
            when(asks(|check| matches!(check, Check::Parity { .. })), self.parity(e)),
            when(asks(|check| matches!(check, Check::References { .. })), self.references(d, e)),
            when(asks(|check| matches!(check, Check::RequiredChecks { .. })), self.commit_checks(d)),
            when(asks(|check| matches!(check, Check::PullRequest { .. })), self.pull_requests(d)),
        );
        let ((secrets, fleet, health), (previous, parity, references, commit_checks, pull_requests), barred) =
            future::join3(world, forge, self.barred(d, e)).await;
        let pull = match deployment.merge() {
            Some(merge) => Some(self.pull(deployment, merge.number).await),
            None => None,
        };
        let alerts = when(asks(|check| matches!(check, Check::NoCriticalAlert)), self.open_alerts()).await;
        // Last, so that a lock set while the others were read is seen.
        let (now, locks) = self.locks().await;
        Facts {
            now,
            locks,
            previous,
            parity,
            references,
            commit_checks,
            pull_requests,
            pull,
            secrets,
            fleet,
            health,
            alerts,
            reactions,
            fingerprint,
            barred,
            pretended: None,
            then: None,
        }
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
        let workflow = sources.workflow(&deployment.repository, &deployment.workflow, &deployment.commit);
        let secrets = async {
            match &environment.github_environment {
                Some(name) => sources.secrets(&deployment.repository, name).await.map(Some),
                None => Ok(None),
            }
        };
        let (applied, images) = (self.applied(environment), self.images(deployment, environment));
        let (workflow, secrets, applied, images) = future::join4(workflow, secrets, applied, images).await;
        let workflow = workflow.map_err(|error| error.to_string())?;
        let secrets = match secrets {
            // What we may not see cannot be bound; the rule about secrets says so by itself.
            Err(ForgeError::Forbidden(_) | ForgeError::NotFound(_)) => None,
            secrets => secrets.map_err(|error| error.to_string())?,
        };
        let bound = plain.with_workflow(&workflow).with_applied(applied?.as_deref()).with_images(images?);
        Ok(match secrets {
            Some(secrets) => bound.with_secrets(&secrets),
            None => bound,
        })
    }

    /// What has been applied; `None` where there is no tenant database.
    async fn applied(&self, environment: &Environment) -> Result<Option<Arc<Applied>>, String> {
        if environment.database.is_none() {
            return Ok(None);
        }
        let read = async {
            let applied = self.ports.tenants.applied(environment).await;
            applied.map(Arc::new).map_err(|why| format!("the tenant database: {why}"))
        };
        self.applied.read(environment.name.clone(), &*self.ports.clock, read).await.map(Some)
    }

    /// The images of a deployment and their digests.
    async fn images(
        &self,
        deployment: &Deployment,
        environment: &Environment,
    ) -> Result<BTreeMap<String, Option<String>>, String> {
        let images: Vec<Image> = environment.images.iter().map(|one| one.of(&deployment.commit)).collect();
        if images.is_empty() {
            return Ok(BTreeMap::new());
        }
        let read = async {
            let digests = self.ports.images.digests(&images).await?;
            Ok(images.iter().map(Image::to_string).zip(digests).collect())
        };
        self.built.read(images.clone(), &*self.ports.clock, read).await
    }

    async fn pull(&self, deployment: &Deployment, number: u64) -> Read<Pull> {
        let at = self.ports.clock.now();
        let found = self.ports.pulls.pull(&deployment.repository, number).await;
        Read { at, found: found.map_err(|error| error.to_string()) }
    }

    async fn open_alerts(&self) -> Read<Vec<Record>> {
        let at = self.ports.clock.now();
        let found = self.ports.alerts.alerts(WhichAlerts::Open).await;
        Read { at, found: found.map_err(|error| error.to_string()) }
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
    async fn health(&self, environment: &Environment) -> Read<Vec<Finding>> {
        let at: Timestamp = self.ports.clock.now();
        let findings = environment.health.iter().map(async |check| {
            let heard = self.ports.probe.ask(check).await;
            finding(check, None, &heard, self.ports.clock.now())
        });
        Read { at, found: Ok(future::join_all(findings).await) }
    }
}

async fn when<T>(asked: bool, read: impl Future<Output = Read<T>>) -> Option<Read<T>> {
    if asked { Some(read.await) } else { None }
}
