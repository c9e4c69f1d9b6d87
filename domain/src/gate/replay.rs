//! What the gate of today would have said of deployments that left before.

use jiff::Timestamp;
use serde::Serialize;

use super::{Facts, Fingerprint, Line, Looked, Read, SignOff, Status, Verdict, evaluate};
use crate::{
    deployment::{Deployment, State},
    environment::Environment,
};

/// What the gate of today would have said.
#[derive(Debug, Clone)]
pub struct Replayed {
    /// When it left.
    pub at: Timestamp,
    /// The answer, over what is known from then.
    pub verdict: Verdict,
    /// What it comes to.
    pub outcome: Outcome,
}

/// What a verdict over the past comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It would have left.
    Left,
    /// A rule that is known not to have held would have kept it back.
    Blocked,
    /// What is known keeps nothing back, and not everything is.
    CouldNotTell,
}

/// Judges a deployment that left by the environment as it is configured now. The signatures are those that stood when
/// it left; the checks are what they were found to be then, as far as its record tells; refs and windows are judged
/// anew. `None`: it never left.
#[must_use]
pub fn replay(deployment: &Deployment, environment: &Environment) -> Option<Replayed> {
    let at = left_at(deployment)?;
    let signed = deployment.sign_offs.iter().filter(|one| one.seen <= at);
    let stood = signed.filter(|one| one.ended.is_none_or(|ended| ended.at > at));
    let sign_offs: Vec<SignOff> = stood.map(|one| SignOff { ended: None, ..one.clone() }).collect();
    // What was signed last is what left: the gate of then had it compared.
    let last = sign_offs.iter().max_by_key(|one| one.seen).and_then(|one| one.fingerprint.clone());
    let fingerprint = last.unwrap_or_else(|| Fingerprint::of(&deployment.commit));
    let told = deployment.verdict.iter().flat_map(|verdict| &verdict.lines).flat_map(Line::with_parts);
    let facts = Facts {
        reactions: Some(Read { at, found: Ok(Looked::default()) }),
        then: Some(told.collect()),
        ..Facts::unlocked(at, fingerprint)
    };
    let then = Deployment { sign_offs, ..deployment.clone() };
    let verdict = evaluate(&then, environment, &facts).verdict;
    let open = || verdict.lines.iter().filter(|line| line.must && line.status != Status::Pass);
    let outcome = match (open().next(), open().any(|line| line.status != Status::Unknown)) {
        (None, _) => Outcome::Left,
        (Some(_), true) => Outcome::Blocked,
        (Some(_), false) => Outcome::CouldNotTell,
    };
    Some(Replayed { at, verdict, outcome })
}

/// When it left; of one that was started at GitHub, or left before verdicts were kept, when its run was made.
fn left_at(d: &Deployment) -> Option<Timestamp> {
    match &d.state {
        State::Waiting { .. } | State::Refused { .. } | State::Expired { .. } => return None,
        State::Dispatching { sent, .. } => return *sent,
        _ => {}
    }
    let run = d.run.as_ref().map(|run| run.created_at);
    d.verdict.as_ref().map(|verdict| verdict.at).or(run)
}
