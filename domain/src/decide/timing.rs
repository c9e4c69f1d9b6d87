//! What follows for the history when a migration job begins and ends.

use super::Step;
use crate::{
    deployment::State,
    effect::Effect,
    history::Expected,
    run::{Job, Status},
};

impl Step<'_> {
    /// Compares the migration job with what was known of it; called before `jobs` replace that.
    pub(super) fn time_migration(&mut self, jobs: &[Job]) {
        let Some(job) = jobs.iter().find(|job| self.environment.is_migration(&job.name)) else { return };
        let known = self.d.jobs.iter().find(|known| known.id == job.id).map(|known| &known.status);
        if known == Some(&job.status) {
            return;
        }
        match job.status {
            Status::InProgress => self.soon(Effect::Pace { deployment: self.d.id }),
            Status::Completed => {
                self.clear(Expected::key(&self.d.environment));
                self.soon(Effect::Learn { deployment: self.d.id });
            }
            _ => {}
        }
    }

    /// The structure is kept before a run changes it and when it is over, so that what happens in between, and what
    /// happens otherwise, can be told apart.
    pub(super) fn keep_structure(&mut self) {
        if self.environment.database.is_some() {
            self.soon(Effect::Archive { environment: self.d.environment.clone() });
        }
    }

    pub(super) fn slow(&mut self, job: u64, expected: &Expected) {
        let job = self.d.migration_job(self.environment).filter(|known| known.id == job).cloned();
        let Some(job) = job.filter(|job| job.status == Status::InProgress) else { return };
        if self.d.state != State::Running {
            return;
        }
        let detail = format!("migrating for more than {}", crate::text::duration(expected.limit()));
        self.record("signalbox", "slow", detail);
        self.raise(expected.alert(&self.d, &job, self.now));
    }
}
