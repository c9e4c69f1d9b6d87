//! Conditions of a deployment that somebody should know of.

use super::Step;
use crate::{
    alert::{Alert, Severity},
    deployment::State,
    evidence::{Answer, Evidence},
    text::{clip, code, plain},
};

impl Step<'_> {
    /// Whether what the environment has is what it should have: known once a green run was held against the world.
    pub(super) fn watch_truth(&mut self) {
        let key = format!("truth:{}", self.environment.name);
        let (severity, what, why, evidence) = match &self.d.state {
            State::Succeeded { .. } => return self.clear(key),
            State::Untrue { evidence, .. } => (
                Severity::Critical,
                format!("The run was green, and `{}` is not what it should be.", self.environment.name),
                "Whoever looks at GitHub believes that this deployment is in place, and it is not.",
                evidence.clone(),
            ),
            State::Unverified { evidence, .. } => (
                Severity::Warning,
                format!(
                    "The run was green, and nobody can tell whether `{}` is what it should be.",
                    self.d.environment
                ),
                "What cannot be asked may be broken, and the next deployment would be built on it.",
                evidence.clone(),
            ),
            _ => return,
        };
        let environment = Some(self.d.environment.clone());
        self.raise(Alert {
            environment,
            deployment: Some(self.d.id),
            place: code(self.d.commit.short()),
            why: format!("{why}{}", found(&evidence)),
            remedy: format!(
                "`/status {0}` shows it; mend the cause and {1} again, or bring back the commit before. It closes by \
                 itself with the next deployment to `{0}` that proves true.",
                self.environment.name,
                code(&self.d.again()),
            ),
            ..Alert::new(severity, key, self.now, what)
        });
    }
}

/// What the evidence has against it, a line for each.
fn found(evidence: &Evidence) -> String {
    let bad = evidence.findings.iter().filter(|finding| matches!(finding.answer, Answer::Fail | Answer::Unknown));
    let line = |finding: &crate::evidence::Finding| {
        format!("\n{}: {}", code(&clip(&finding.check, 80)), plain(&clip(&finding.says, 200)))
    };
    bad.take(4).map(line).collect()
}
