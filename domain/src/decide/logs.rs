//! What the logs of jobs say. It is told and recorded, and changes nothing else: the database is the judge.

use super::Step;
use crate::{
    effect::Effect,
    log::{JobLog, line},
    run::{Conclusion, Job, Status},
};

/// Most logs that are read of one execution: of a matrix that fails whole, a few say it.
const MOST: usize = 6;

impl Step<'_> {
    /// Has the logs read of jobs that ended since the last look: of the migration whatever its colour, and of what
    /// failed.
    pub(super) fn read_logs(&mut self, jobs: &[Job]) {
        let over = |job: &Job| job.status == Status::Completed && job.conclusion != Some(Conclusion::Skipped);
        let wanted = |job: &&Job| over(job) && (job.failed() || self.environment.is_migration(&job.name));
        let mut wanted: Vec<&Job> = jobs.iter().filter(wanted).collect();
        wanted.sort_by_key(|job| !self.environment.is_migration(&job.name));
        wanted.truncate(MOST);
        let news = |job: &&Job| !self.d.jobs.iter().any(|known| known.id == job.id && over(known));
        let news: Vec<u64> = wanted.into_iter().filter(news).map(|job| job.id).collect();
        for job in news {
            self.soon(Effect::ReadLog { deployment: self.d.id, job });
        }
    }

    pub(super) fn log_read(&mut self, log: JobLog) {
        let ours = self.d.jobs.iter().any(|job| job.id == log.job);
        if !ours || log.is_quiet() || self.d.logs.iter().any(|known| known.job == log.job) {
            return;
        }
        let rules: Vec<&str> = log.findings.iter().map(|found| found.rule.as_str()).collect();
        let unread = log.trouble.as_ref().map(|why| format!("not read whole: {why}"));
        let says: Vec<String> = (!rules.is_empty()).then(|| rules.join(", ")).into_iter().chain(unread).collect();
        self.record("github", "log", format!("the log of {}: {}", log.name, says.join("; ")));
        self.tell(&format!("log {}", log.job), line(&log));
        self.d.logs.push(log);
        self.show();
    }
}
