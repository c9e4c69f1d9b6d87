//! What the logs of jobs say. It is told and recorded, and changes nothing else: the database is the judge.

use super::Step;
use crate::{
    alert::{Alert, Severity},
    effect::Effect,
    log::{Grade, JobLog, line, marked},
    run::{Conclusion, Job, Status},
    text::{clip, code, plain},
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
        if !ours || self.d.logs.iter().any(|known| known.job == log.job) {
            return;
        }
        self.watch_swallowed(&log);
        if let Some(m) = self.d.migration.as_mut().filter(|m| m.job == log.job && log.executor.is_some()) {
            m.executor = log.executor;
            self.show();
        }
        if log.is_quiet() {
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

    /// Whether the migration says of itself that it failed, and is green all the same.
    fn watch_swallowed(&mut self, log: &JobLog) {
        let failed = self.d.jobs.iter().any(|job| job.id == log.job && job.failed());
        if failed || !self.environment.is_migration(&log.name) {
            return;
        }
        let name = &self.environment.name;
        let key = format!("swallowed:{name}");
        let swallowed = || log.findings.iter().filter(|found| found.grade == Grade::Swallowed);
        let Some(first) = swallowed().next() else {
            if log.trouble.is_none() {
                self.clear(key);
            }
            return;
        };
        let titles: Vec<String> = swallowed().take(3).map(|found| plain(&found.title)).collect();
        self.raise(Alert {
            environment: Some(name.clone()),
            deployment: Some(self.d.id),
            place: code(&clip(&log.name, 80)),
            why: format!("GitHub shows it green, so nobody looks; the database judges, and the log says: {}.", titles.join("; ")),
            remedy: format!(
                "{}. `/logs {}` shows the log. It closes by itself with the next migration of `{name}` that swallows nothing.",
                marked(&first.remedy),
                self.d.id
            ),
            ..Alert::new(Severity::Warning, key, self.now, format!("A migration of `{name}` failed in part and went on."))
        });
    }
}
