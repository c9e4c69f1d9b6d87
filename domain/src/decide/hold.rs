//! A run that was started elsewhere and waits for our word is let through by the same gate as everything else, or not
//! at all.

use jiff::SignedDuration;

use super::Step;
use crate::{
    deployment::State,
    effect::Effect,
    gate::{Clearance, Cleared, Verdict},
    hold::{Hold, RuleOutcome, Word},
    refusal::Refusal,
    run,
};

/// How long after a failed answer the next one is given.
const PAUSE: SignedDuration = SignedDuration::from_secs(5);

impl Step<'_> {
    /// GitHub's rule, or a step of the run, asks for our word. What left with a clearance has it already; whatever else
    /// is at work waits at the gate.
    pub(super) fn held(&mut self, rule: Option<String>, jobs: Vec<u64>) {
        if !matches!(self.d.state, State::Queued | State::Running) {
            return;
        }
        // Beside us GitHub may ask others, so that a job we have answered for goes on waiting.
        let known = |hold: &Hold| {
            hold.rule == rule && (hold.answer.is_none() || jobs.iter().all(|job| hold.jobs.contains(job)))
        };
        if rule.is_some() && self.d.hold.as_ref().is_some_and(known) {
            return;
        }
        let by = match &rule {
            Some(environment) => format!("GitHub's environment {environment} asks for our word"),
            None => "a step of the run asks for our word".to_owned(),
        };
        let decided = self.d.has_clearance() || self.d.cancel.is_some();
        if decided && rule.is_none() {
            return;
        }
        let before = self.d.hold.take().unwrap_or_else(|| Hold::by(None));
        self.d.hold = Some(Hold { rule, jobs, answer: None, ..before });
        self.record("github", "held", by);
        if decided {
            return self.soon(Effect::Answer { deployment: self.d.id });
        }
        let until = self.now.saturating_add(self.environment.gate.wait).unwrap_or(self.now);
        self.d.state = State::Waiting { since: self.now, until, verdict: None };
        self.soon(Effect::Dispatch { deployment: self.d.id });
        self.show();
    }

    /// GitHub no longer waits for our word, and did not have it: an administrator may let a job pass.
    pub(super) fn released(&mut self) {
        let asks = |hold: &mut Hold| hold.rule.is_some() && hold.answer.is_none();
        // With a record of a clearance our answer is on its way, and may have been what let it pass.
        if self.d.cleared.is_some() {
            return;
        }
        if self.d.hold.take_if(asks).is_none() {
            return;
        }
        if !matches!(self.d.state, State::Waiting { .. }) {
            return;
        }
        let says = "GitHub let the run pass without Signalbox's word: an administrator may do that, the rule was taken \
                    away, or Signalbox was stopped while it answered";
        self.record("github", "bypassed", says.into());
        self.tell("bypassed", format!("⚠️ {says}."));
        self.go_on();
    }

    /// The gate is open for a run that waits. The answer follows at once, or it is judged anew.
    pub(super) fn pass_begun(&mut self, clearance: &Clearance, verdict: &Verdict) {
        let State::Waiting { until, .. } = self.d.state else { return };
        if !self.d.is_held() || !self.d.holds || !clearance.is_for(&self.d) {
            return;
        }
        if self.now >= until {
            return self.expire();
        }
        if self.d.cleared.is_none() {
            self.record("signalbox", "cleared", verdict.in_full());
        }
        self.d.cleared = Some(Cleared::by(clearance));
        self.d.trouble = None;
        // Who asks by a step asks again, and there is nothing to send.
        if self.d.hold.as_ref().is_some_and(|hold| hold.rule.is_none()) {
            self.passed();
        }
    }

    fn passed(&mut self) {
        if let Some(hold) = self.d.hold.as_mut() {
            hold.answer = Some(Word::Approved);
        }
        self.record("signalbox", "let through", format!("the run goes on at {}", self.d.commit));
        self.go_on();
    }

    fn go_on(&mut self) {
        let at_work = self.d.run.as_ref().is_some_and(|run| run.status == run::Status::InProgress);
        self.d.state = if at_work { State::Running } else { State::Queued };
        self.look_again(SignedDuration::ZERO);
        self.show();
    }

    /// GitHub took our answer, or not.
    pub(super) fn rule_answered(&mut self, outcome: RuleOutcome) {
        let Some(word) = self.d.rule_answer().and_then(|answer| answer.word) else { return };
        match outcome {
            RuleOutcome::Taken => match word {
                Word::Approved if self.d.is_held() => self.passed(),
                word => {
                    if let Some(hold) = self.d.hold.as_mut() {
                        hold.answer = Some(word);
                    }
                    let action = if word == Word::Approved { "let through" } else { "rejected" };
                    self.record("github", action, "GitHub has our word".into());
                }
            },
            RuleOutcome::NotAsked { why } => {
                self.record("github", "not asked", why);
                if self.d.is_held() {
                    // The gate is open, and an earlier answer whose fate was not known may have arrived.
                    self.passed();
                } else if let Some(hold) = self.d.hold.as_mut() {
                    hold.answer = Some(word);
                }
            }
            RuleOutcome::Failed { why } => self.not_told(why),
        }
    }

    fn not_told(&mut self, why: String) {
        if self.d.is_held() {
            // By the time it can be told the gate may have closed again.
            self.d.cleared = None;
            self.after(PAUSE, Effect::Dispatch { deployment: self.d.id });
        }
        if !self.d.state.is_over() && self.d.trouble.as_ref() != Some(&why) {
            self.record("github", "not told", why.clone());
            self.d.trouble = Some(why);
            self.show();
        }
    }

    /// GitHub took a report of these open points.
    pub(super) fn reported(&mut self, open: String) {
        if let Some(hold) = self.d.hold.as_mut() {
            hold.reports += 1;
            hold.reported = open;
        }
    }

    /// Nobody holds the environment any more.
    pub(super) fn freed(&mut self) {
        if self.d.is_held() && !self.d.holds {
            self.d.holds = true;
            self.record("signalbox", "holds", format!("{} was freed", self.d.environment));
        }
    }

    /// What cannot come good while it waits: the run has its ref for good.
    pub(super) fn hopeless(&self, verdict: &Verdict) -> Option<Refusal> {
        let lost = |line: &crate::gate::Line| line.kind == "ref" && line.status == crate::gate::Status::Fail;
        let lost = self.d.is_held() && verdict.lines.iter().any(lost);
        lost.then(|| Refusal::ref_not_allowed(&self.d.git_ref, self.environment))
    }
}
