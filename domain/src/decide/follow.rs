//! From a known run to its end. Only what REST says counts; webhooks merely hasten the reading.

use jiff::{SignedDuration, Timestamp};

use super::Step;
use crate::{
    deployment::{CancelCause, Deployment, Origin, RunRef, State},
    effect::Effect,
    event::CancelAnswer,
    evidence::{Answer, Evidence, Finding},
    ids::{Person, RunId},
    notice::Kind,
    run::{Conclusion, Job, Run, Status},
    text::{code, duration, plain},
};

impl Step<'_> {
    pub(super) fn observed(&mut self, run: Run, jobs: Vec<Job>, superseded_by: Option<RunId>) {
        let unsent = matches!(self.d.state, State::Waiting { .. } | State::Dispatching { sent: None, .. });
        let unsent = unsent && !self.d.is_held();
        if self.d.state.is_over() || unsent {
            return;
        }
        if matches!(self.d.state, State::Verifying { .. }) && !self.is_rerun(&run) {
            return;
        }
        if self.d.run_ref.is_none_or(|known| known.attempt != run.attempt || known.id != run.id) {
            self.bind(&run);
        }
        let first = self.d.run.is_none();
        let older = self.d.run.as_ref().is_some_and(|known| known.is_newer_than(&run));
        if !older {
            if first {
                self.keep_structure();
                self.check_commit(&run);
                let text = format!("▶️ `{}` is at work, started by {}", self.d.commit.short(), self.d.started_by());
                self.notice(Kind::Started, &format!("started {}/{}", run.id, run.attempt), &text);
            }
            self.tell_jobs(&jobs);
            self.time_migration(&jobs);
            self.read_logs(&jobs);
            if self.d.run.as_ref() != Some(&run) || self.d.jobs != jobs || self.d.trouble.is_some() {
                self.show();
            }
            self.d.trouble = None;
            self.d.jobs = jobs;
            self.follow_migration(run.is_over());
            self.enter(&run, superseded_by);
            self.d.run = Some(run);
        }
        self.look_again(self.environment.poll);
    }

    fn is_rerun(&self, run: &Run) -> bool {
        self.d.run_ref.is_some_and(|known| run.attempt > known.attempt)
    }

    fn bind(&mut self, run: &Run) {
        let detail = format!("run {} attempt {} is ours", run.id, run.attempt);
        self.record("signalbox", "found", detail);
        if self.d.run_ref.is_some() {
            // What was cleared is one execution; who re-runs it asks again.
            self.d.cleared = None;
        }
        self.d.run_ref = Some(RunRef { id: run.id, attempt: run.attempt });
        self.d.run = None;
        self.d.logs.clear();
        if self.d.cancel.is_some() {
            self.soon(Effect::Cancel { deployment: self.d.id });
        }
    }

    /// What was cleared is one commit. A run of another one is stopped.
    fn check_commit(&mut self, run: &Run) {
        let ours = matches!(self.d.origin, Origin::Chat { .. });
        if ours && run.head_sha != self.d.commit && self.d.cancel.is_none() {
            self.d.cancel = Some(CancelCause::RefMoved { to: run.head_sha.clone() });
            let detail =
                format!("asked for {}, GitHub runs {}: the run is being cancelled", self.d.commit, run.head_sha);
            self.record("signalbox", "ref_changed", detail);
            self.soon(Effect::Cancel { deployment: self.d.id });
        }
    }

    fn enter(&mut self, run: &Run, superseded_by: Option<RunId>) {
        match run.status {
            Status::Completed => self.completed(run, superseded_by),
            // It waits for our word, whatever its other jobs are at.
            _ if self.d.is_held() => {}
            Status::InProgress => self.d.state = State::Running,
            _ => self.d.state = State::Queued,
        }
    }

    fn completed(&mut self, run: &Run, superseded_by: Option<RunId>) {
        let at = self.now;
        match &run.conclusion {
            Some(Conclusion::Success) if self.environment.has_checks() => {
                self.d.state = State::Verifying { since: at, evidence: None };
                self.record("github", "green", format!("run {} succeeded; now the evidence is asked", run.id));
                self.soon(Effect::Verify { deployment: self.d.id });
                self.show();
            }
            Some(Conclusion::Success) => {
                let evidence = Evidence { at, findings: vec![nothing_to_ask()] };
                self.end(State::Unverified { at, evidence }, "green, and there is nothing to ask".into());
            }
            Some(Conclusion::Cancelled) => {
                let reason = cancelled_by(&self.d, superseded_by);
                self.end(State::Cancelled { at, reason: reason.clone() }, reason);
            }
            Some(Conclusion::TimedOut) => {
                self.end(State::TimedOut { at }, "GitHub ended the run for taking too long".into())
            }
            other => {
                let reason = why_failed(other.as_ref(), &self.d.jobs);
                self.end(State::Failed { at, reason: reason.clone() }, reason);
            }
        }
    }

    /// A line in the thread for each job that ended since the last look.
    fn tell_jobs(&mut self, jobs: &[Job]) {
        for job in jobs {
            let known = self.d.jobs.iter().find(|known| known.id == job.id);
            let over = job.status == Status::Completed;
            if !over || known.is_some_and(|known| known.status == Status::Completed) {
                continue;
            }
            if job.conclusion == Some(Conclusion::Skipped) {
                continue;
            }
            let took = job.elapsed(self.now).map(|t| format!(" after {}", duration(t))).unwrap_or_default();
            let word = job.conclusion.as_ref().map_or("?", Conclusion::as_str);
            let step = job.step.as_ref().filter(|_| job.failed());
            let step = step.map(|step| format!(", at the step {}", code(step))).unwrap_or_default();
            let mark = if job.failed() { "❌" } else { "✅" };
            let log = job.url.as_ref().map(|url| format!(" · [log](<{url}>)")).unwrap_or_default();
            let line = format!("{mark} {}: {}{took}{step}{log}", code(&job.name), plain(word));
            self.notice(Kind::Progress, &format!("job {}", job.id), &line);
            self.tell(&format!("job {}", job.id), line);
        }
    }

    /// What was missed was made up for: the card and the thread say so.
    pub(super) fn recovered(&mut self, events: u32) {
        self.d.recovered = self.d.recovered.saturating_add(events);
        let text = format!("🔁 Recovered {} that GitHub could not deliver", crate::card::events(events));
        self.record("signalbox", "recovered", format!("{events} events that GitHub could not deliver"));
        let matter = format!("recovered {}", self.d.recovered);
        self.notice(Kind::Recovered, &matter, &text);
        self.tell(&matter, text);
        self.show();
    }

    /// Plans the next look while there is something to see.
    pub(super) fn look_again(&mut self, pause: SignedDuration) {
        if let (Some(run), State::Queued | State::Running) = (self.d.run_ref, &self.d.state) {
            self.after(pause, Effect::Observe { repository: self.d.repository.clone(), run: run.id });
        }
    }

    pub(super) fn github_silent(&mut self, why: String, until: Option<Timestamp>) {
        let pause = until
            .map(|until| until.duration_since(self.now))
            .unwrap_or_default()
            .clamp(self.environment.poll, SignedDuration::from_hours(1));
        if let State::Dispatching { sent: None, tries, .. } = self.d.state {
            self.try_again(
                tries,
                super::dispatch::backoff(tries).max(until.map_or(SignedDuration::ZERO, |_| pause)),
                why,
            );
            return;
        }
        if self.d.state.is_over() {
            return;
        }
        if self.d.trouble.as_ref() != Some(&why) {
            self.record("github", "silent", why.clone());
            self.d.trouble = Some(why);
            self.show();
        }
        match self.d.state {
            State::Unknown { .. } | State::Merged { .. } => self.search_on(),
            State::Waiting { .. } => self.after(pause, Effect::Dispatch { deployment: self.d.id }),
            _ => self.look_again(pause),
        }
    }

    pub(super) fn cancel_asked(&mut self, by: Person) {
        match &self.d.state {
            State::Waiting { .. } | State::Dispatching { sent: None, .. } => {
                let when = if self.d.is_held() { "let through" } else { "sent" };
                let reason = format!("cancelled by {} before it was {when}", by.name);
                self.record(&by.name, "cancel asked", reason.clone());
                self.end(State::Cancelled { at: self.now, reason: reason.clone() }, reason);
            }
            State::Unknown { .. } | State::Merged { .. } => {
                let reason = format!("released by {}; no run was known to be ours", by.name);
                self.record(&by.name, "cancel asked", reason.clone());
                self.end(State::Cancelled { at: self.now, reason: reason.clone() }, reason);
            }
            State::Dispatching { .. } | State::Queued | State::Running => {
                self.record(&by.name, "cancel asked", "the run shall stop".into());
                self.d.cancel = Some(CancelCause::Asked { by });
                if self.d.run_ref.is_some() {
                    self.soon(Effect::Cancel { deployment: self.d.id });
                }
                self.show();
            }
            _ => {}
        }
    }

    pub(super) fn cancel_answered(&mut self, answer: CancelAnswer) {
        if self.d.state.is_over() {
            return;
        }
        match answer {
            CancelAnswer::Accepted => self.record("github", "cancelling", "GitHub will stop the run".into()),
            CancelAnswer::AlreadyOver => self.record("github", "already over", "the run had ended".into()),
            CancelAnswer::Refused { why } => {
                self.tell("cancel refused", format!("⚠️ GitHub did not cancel the run: {}", plain(&why)));
                self.record("github", "cancel refused", why);
            }
        }
        self.look_again(SignedDuration::ZERO);
    }
}

fn nothing_to_ask() -> Finding {
    Finding {
        check: "configuration".into(),
        answer: Answer::Unknown,
        says: "neither a tenant database nor a health address is configured, so nothing was proven".into(),
        facts: vec![],
        may_change: false,
    }
}

fn cancelled_by(deployment: &Deployment, superseded_by: Option<RunId>) -> String {
    match (&deployment.cancel, superseded_by) {
        (Some(CancelCause::Asked { by }), _) => format!("cancelled by {}", by.name),
        (Some(CancelCause::RefMoved { to }), _) => {
            format!("stopped: {} moved to {} while it was being started", deployment.git_ref, to.short())
        }
        (None, Some(run)) => format!("cancelled by the newer run {run} of the same workflow"),
        (None, None) => "cancelled at GitHub".into(),
    }
}

fn why_failed(conclusion: Option<&Conclusion>, jobs: &[Job]) -> String {
    let failed: Vec<&str> = jobs.iter().filter(|job| job.failed()).map(|job| job.name.as_str()).collect();
    match conclusion {
        Some(Conclusion::Failure) if failed.len() == 1 => format!("in the job {}", failed[0]),
        Some(Conclusion::Failure) if !failed.is_empty() => format!("in the jobs {}", failed.join(", ")),
        Some(Conclusion::Failure) => "the run failed".into(),
        Some(Conclusion::StartupFailure) => "GitHub could not start the workflow: the file has an error".into(),
        Some(Conclusion::ActionRequired) => "GitHub asks a maintainer to approve the run".into(),
        Some(Conclusion::Skipped | Conclusion::Neutral) => "the run did nothing: every job was skipped".into(),
        Some(Conclusion::Stale) => "GitHub gave the run up after two weeks".into(),
        Some(other) => format!("GitHub ended the run as \"{}\", which is not success", other.as_str()),
        None => "GitHub ended the run without saying how".into(),
    }
}
