//! From a green run to the truth.

use jiff::SignedDuration;

use super::Step;
use crate::{
    deployment::State,
    effect::Effect,
    evidence::{Answer, Evidence},
};

/// How long to wait before the world is asked again.
const PAUSE: SignedDuration = SignedDuration::from_secs(3);

impl Step<'_> {
    pub(super) fn verified(&mut self, evidence: Evidence) {
        let State::Verifying { since, .. } = self.d.state else { return };
        let at = self.now;
        let late = at.duration_since(since) >= self.environment.verify_deadline;
        match evidence.verdict() {
            Answer::Pass | Answer::Warn => {
                self.end(State::Succeeded { at, evidence }, "the evidence says yes".into());
                self.watch_truth();
            }
            _ if evidence.may_come_good() && !late => {
                self.d.state = State::Verifying { since, evidence: Some(evidence) };
                self.after(PAUSE, Effect::Verify { deployment: self.d.id });
                self.show();
            }
            Answer::Fail => {
                let said = bad(&evidence);
                self.end(State::Untrue { at, evidence }, format!("green, but: {said}"));
                self.watch_truth();
            }
            Answer::Unknown => {
                let said = bad(&evidence);
                self.end(State::Unverified { at, evidence }, format!("green, but it could not be verified: {said}"));
                self.watch_truth();
            }
        }
    }
}

fn bad(evidence: &Evidence) -> String {
    let bad = evidence.findings.iter().filter(|f| matches!(f.answer, Answer::Fail | Answer::Unknown));
    bad.map(|f| format!("{}: {}", f.check, f.says)).collect::<Vec<_>>().join("; ")
}
