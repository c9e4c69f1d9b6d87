//! Reads the tenants after a migration; and where it recorded migrations and changed nothing, what the same ones did
//! where they were applied before. Only that tells those recorded with `--fake` from those of data alone.

use std::collections::BTreeSet;

use signalbox_domain::{
    Timestamp,
    deployment::Deployment,
    environment::Environment,
    history::{MigrationJob, Window},
    ports::{Before, Laps, StoreError},
    truth::{Precedent, Truth},
};
use tracing::warn;

use super::{Engine, effects::learn::USUAL};

impl Engine {
    /// Reads every tenant's ledger and structure, as a deployment's migration job left them.
    ///
    /// # Errors
    /// A sentence that says why not.
    pub(super) async fn truth(&self, environment: &Environment, deployment: &Deployment) -> Result<Truth, String> {
        let migration = deployment.migration.as_ref();
        let since = migration.map(|m| m.since);
        let before = Before { since, moment: migration.and_then(|m| m.moment.clone()) };
        let mut truth = self.ports.tenants.truth(environment, &before).await?;
        if let (Some(unmoved), Some(since)) = (&mut truth.unmoved, since) {
            let precedent = self.precedent(environment, since).await;
            unmoved.precedent = precedent.unwrap_or_else(|why| {
                warn!(deployment.id = deployment.id.0, why, "what the same migrations did before is not known");
                None
            });
        }
        Ok(truth)
    }

    /// What the migrations that tenants recorded since then made in the environments before this one.
    async fn precedent(&self, here: &Environment, since: Timestamp) -> Result<Option<Precedent>, String> {
        let store = |error: StoreError| error.to_string();
        let window = Window { from: since, until: self.ports.clock.now() }.widened();
        let rows = self.ports.tenants.recorded(here, window).await?;
        let rows = rows.into_iter().filter(|row| row.schema != "public");
        let migrations: BTreeSet<String> = rows.map(|row| row.migration).collect();
        let laps = self.ports.history.laps(Laps::Named(migrations.iter().cloned().collect())).await.map_err(store)?;
        let jobs: BTreeSet<u64> = laps.into_iter().map(|lap| lap.job).collect();
        let mut before = here.after.as_ref();
        while let Some(environment) = before.and_then(|name| self.line.get(name)) {
            before = environment.after.as_ref();
            if environment.database.is_none() {
                continue;
            }
            let from = since.saturating_sub(USUAL).unwrap_or(since);
            let known = self.ports.history.jobs(&environment.name, from).await.map_err(store)?;
            for job in known.iter().rev().filter(|job| jobs.contains(&job.job)) {
                if !self.applied_no_others(job, &migrations).await.map_err(store)? {
                    continue;
                }
                let window = Window { from: job.started_at, until: job.ended_at() };
                if let Some(precedent) = self.ports.archive.precedent(environment, window, here).await? {
                    return Ok(Some(precedent));
                }
            }
        }
        Ok(None)
    }

    /// Whether all that a job did was to apply some of these.
    async fn applied_no_others(&self, job: &MigrationJob, migrations: &BTreeSet<String>) -> Result<bool, StoreError> {
        let laps = self.ports.history.laps(Laps::Of(job.environment.clone(), job.started_at)).await?;
        Ok(laps.iter().filter(|lap| lap.job == job.job).all(|lap| migrations.contains(&lap.migration)))
    }
}
