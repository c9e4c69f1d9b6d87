//! Answers what migrations did, and who changed an object.

use signalbox_commands::desk::{BlameAsk, Blamed, MigrationsAsk};
use signalbox_domain::{
    SignedDuration, Timestamp,
    environment::Environment,
    fleet::Question,
    history::{Blame, Past, View},
    ports::{Laps, Query},
    refusal::Refusal,
};

use super::{
    desk::{ServiceDesk, fault},
    effects::learn,
};

impl ServiceDesk {
    /// The last environment of the path is the one that matters most.
    pub(super) async fn past(&self, ask: MigrationsAsk) -> Result<Vec<Past>, Refusal> {
        let line = &self.engine.line;
        let chosen: Vec<&Environment> = match (&ask.environment, ask.view) {
            (Some(typed), _) => vec![self.environment(&format!("migrations {}", ask.view.verb()), typed)?],
            (None, View::Status) => line.iter().collect(),
            (None, View::History | View::Stats) => {
                let with_tenants = line.iter().filter(|environment| environment.database.is_some()).last();
                with_tenants.or_else(|| line.iter().last()).into_iter().collect()
            }
        };
        let days = ask.days.unwrap_or(if ask.view == View::History { 30 } else { 90 });
        let mut all = Vec::new();
        for environment in chosen {
            all.push(self.past_of(environment, ask.view, days).await?);
        }
        Ok(all)
    }

    async fn past_of(&self, environment: &Environment, view: View, days: u32) -> Result<Past, Refusal> {
        let ports = &self.engine.ports;
        let now = ports.clock.now();
        let since = before(now, days);
        let jobs = ports.history.jobs(&environment.name, since).await.map_err(fault)?;
        let laps = match view {
            View::Stats => ports.history.laps(Laps::Of(environment.name.clone(), since)).await.map_err(fault)?,
            View::Status | View::History => vec![],
        };
        let active = self.find(Query::Active).await?.into_iter().filter(|d| d.environment == environment.name);
        let at_work = active.filter_map(|d| Some((d.id, learn::at_work(d.migration_job(environment))?))).next_back();
        let (environment, slow_after) = (environment.name.clone(), environment.slow_after);
        Ok(Past { environment, days, now, slow_after, jobs, laps, at_work })
    }

    pub(super) async fn try_blame(&self, ask: BlameAsk) -> Result<Blamed, Refusal> {
        let environment = self.environment("drift", &ask.environment)?;
        if environment.database.is_none() {
            return Err(Refusal::no_tenant_database(environment, &Question::Drift, &self.engine.line));
        }
        let ports = &self.engine.ports;
        let blame = ports
            .archive
            .blame(environment, &ask.object)
            .await
            .map_err(|why| fault(signalbox_domain::ports::StoreError::Corrupt(why.into())))?;
        let jobs = match &blame {
            // A job that began before the window may have run into it.
            Blame::Turned(turned) => {
                ports.history.jobs(&environment.name, before(turned.before, 2)).await.map_err(fault)?
            }
            _ => vec![],
        };
        Ok(Blamed { environment: environment.name.clone(), blame, jobs })
    }
}

fn before(at: Timestamp, days: u32) -> Timestamp {
    at.saturating_sub(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(at)
}
