//! From the request to a run that is known to be ours. The dispatch leaves once; when its answer is
//! lost the run is looked for, and never started again by itself.

use jiff::{SignedDuration, Timestamp};

use super::Step;
use crate::{
    deployment::{Lost, RunRef, State},
    effect::Effect,
    event::DispatchAnswer,
    gate::{Clearance, Cleared, Verdict},
    ids::{CommitSha, RunId},
    promotion::Start,
    refusal::Refusal,
};

/// How often a dispatch that certainly started nothing is tried again.
const TRIES: u32 = 5;
/// Longest wait that GitHub may ask for before a person is asked instead.
const PATIENCE: SignedDuration = SignedDuration::from_mins(15);
/// How long a lost run is looked for. GitHub has delayed runs by an hour.
const SEARCH: SignedDuration = SignedDuration::from_hours(1);

impl Step<'_> {
    /// A clearance holds for the deployment as it was judged: what has changed since is judged again.
    pub(super) fn dispatch_begun(&mut self, clearance: &Clearance, verdict: &Verdict) {
        if !clearance.is_for(&self.d) {
            return;
        }
        let tries = match self.d.state {
            State::Waiting { until, .. } if self.now >= until => return self.expire(),
            State::Waiting { .. } => 0,
            State::Dispatching { sent: None, tries, .. } => tries,
            _ => return,
        };
        if matches!(self.d.state, State::Waiting { .. }) {
            if clearance.is_past_the_gate() {
                self.glass_used(verdict);
            } else {
                self.record("signalbox", "cleared", verdict.in_full());
            }
            self.show();
        }
        self.d.state = State::Dispatching { sent: Some(self.now), not_before: None, tries };
        self.d.cleared = Some(Cleared::by(clearance));
        self.d.trouble = None;
        self.d.verdict = Some(verdict.clone());
        match &self.d.start {
            Start::Dispatch => self.record("signalbox", "dispatch", "the one dispatch is on its way".into()),
            Start::Merge(merge) => {
                let detail = format!("the one merge of pull request {} at {} is on its way", merge.number, merge.head);
                self.record("signalbox", "merge", detail);
            }
        }
    }

    pub(super) fn ref_moved(&mut self, to: &CommitSha) {
        let name = self.d.merge().map_or(&self.d.git_ref, |merge| &merge.from);
        let refusal = Refusal::ref_changed(name, &self.d.commit, to, &self.d.again());
        self.refuse_unsent(refusal, format!("the ref moved to {to}"));
    }

    pub(super) fn ref_gone(&mut self) {
        let name = self.d.merge().map_or(&self.d.git_ref, |merge| &merge.from);
        let refusal = Refusal::ref_not_found(name, self.environment);
        self.refuse_unsent(refusal, "the ref was deleted".into());
    }

    pub(super) fn refuse_unsent(&mut self, refusal: Refusal, detail: String) {
        if matches!(self.d.state, State::Waiting { .. } | State::Dispatching { sent: None, .. }) {
            self.refuse(refusal, detail);
        }
    }

    pub(super) fn refuse(&mut self, refusal: Refusal, detail: String) {
        self.end(State::Refused { at: self.now, refusal }, detail);
    }

    pub(super) fn dispatched(&mut self, answer: DispatchAnswer) {
        let State::Dispatching { sent: Some(since), tries, .. } = self.d.state else { return };
        match answer {
            DispatchAnswer::Started { run } => {
                self.d.state = State::Queued;
                self.d.run_ref = Some(RunRef { id: run, attempt: 1 });
                self.record("github", "started", format!("GitHub started run {run}"));
                self.soon(Effect::Observe { repository: self.d.repository.clone(), run });
                if self.d.cancel.is_some() {
                    self.soon(Effect::Cancel { deployment: self.d.id });
                }
                self.show();
            }
            DispatchAnswer::Accepted => self.lose(since, Lost::NoRunId),
            DispatchAnswer::Unclear { why } => self.lose(since, Lost::NoAnswer { why }),
            DispatchAnswer::Rejected { status, message } => {
                let detail = format!("GitHub rejected the dispatch: {status} {message}");
                self.refuse(Refusal::dispatch_rejected(self.environment, status, &message), detail);
            }
            DispatchAnswer::NotSent { why } => self.try_again(tries, backoff(tries), why),
            DispatchAnswer::RateLimited { until } => self.limited(tries, until),
        }
    }

    pub(super) fn limited(&mut self, tries: u32, until: Timestamp) {
        let pause = until.duration_since(self.now).max(SignedDuration::from_secs(1));
        if pause > PATIENCE {
            let refusal = Refusal::rate_limited(until, &self.d.again());
            self.refuse(refusal, "GitHub's rate limit is used up".into());
        } else {
            self.try_again(tries, pause, format!("GitHub asks to wait {} s", pause.as_secs()));
        }
    }

    /// It is certain that nothing was started: the same deployment may be sent after a pause.
    pub(super) fn try_again(&mut self, tries: u32, pause: SignedDuration, why: String) {
        if let Some(by) = self.d.cancel.is_some().then(|| "it was cancelled before it was sent".to_owned()) {
            self.end(State::Cancelled { at: self.now, reason: by.clone() }, by);
            return;
        }
        if tries + 1 >= TRIES {
            let refusal = Refusal::github_unavailable(&why, &self.d.again());
            self.refuse(refusal, format!("given up: {why}"));
            return;
        }
        let not_before = self.now.saturating_add(pause).ok();
        self.d.state = State::Dispatching { sent: None, not_before, tries: tries + 1 };
        // Whatever is sent next is judged anew.
        (self.d.cleared, self.d.verdict) = (None, None);
        self.record("signalbox", "not sent", format!("nothing was started: {why}"));
        self.d.trouble = Some(why);
        self.after(pause, Effect::Dispatch { deployment: self.d.id });
        self.show();
    }

    fn lose(&mut self, since: Timestamp, why: Lost) {
        let detail = match &why {
            Lost::NoAnswer { why } => format!("the answer to the dispatch was lost: {why}"),
            _ => "GitHub took the dispatch and named no run".into(),
        };
        self.record("signalbox", "unknown", detail);
        let search_until = since.saturating_add(SEARCH).unwrap_or(since);
        self.d.state = State::Unknown { since, why, search_until };
        self.after(SignedDuration::from_secs(1), Effect::Locate { deployment: self.d.id });
        self.show();
    }

    pub(super) fn not_found(&mut self) {
        if let State::Unknown { why: known @ Lost::Ambiguous { .. }, .. } = &mut self.d.state {
            *known = Lost::NoRunId;
        }
        self.d.trouble = None;
        self.search_on();
    }

    pub(super) fn ambiguous(&mut self, candidates: Vec<RunId>) {
        let State::Unknown { why: known, .. } = &mut self.d.state else { return };
        let why = Lost::Ambiguous { candidates };
        if *known != why {
            *known = why;
            self.record("signalbox", "ambiguous", "more than one run could be ours".into());
            self.show();
        }
        self.d.trouble = None;
        self.search_on();
    }

    /// Plans the next search, more seldom as time goes by; at the end a person is asked. Whether a pull request is
    /// merged can always be told, so that is asked until it is answered.
    pub(super) fn search_on(&mut self) {
        let (since, search_until) = match self.d.state {
            State::Unknown { since, search_until, .. } | State::Merged { since, search_until } => (since, search_until),
            _ => return,
        };
        let asks_for_a_pull = self.d.merge().is_some() && matches!(self.d.state, State::Unknown { .. });
        if self.now >= search_until && !asks_for_a_pull {
            self.record("signalbox", "search ended", "no run was found within an hour; a person must decide".into());
            self.tell("search ended", crate::card::headline(&self.d, self.environment));
            self.show();
            return;
        }
        let pause = match self.now.duration_since(since).as_secs() {
            ..30 => 2,
            30..120 => 10,
            120..600 => 30,
            _ => 60,
        };
        self.after(SignedDuration::from_secs(pause), Effect::Locate { deployment: self.d.id });
    }
}

/// 2, 4, 8, 16 … seconds.
pub(super) fn backoff(tries: u32) -> SignedDuration {
    SignedDuration::from_secs(2 << tries.min(5))
}
