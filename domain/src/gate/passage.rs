//! What somebody outside the chat is told who asks whether a commit may pass: a run that waits in a step of its own.

use jiff::Timestamp;

use super::Verdict;
use crate::{
    deployment::{Deployment, Origin, State},
    environment::Environment,
    ids::{CommitSha, DeploymentId, EnvironmentName, RunId},
};

/// A question from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassageAsk {
    /// Where to.
    pub environment: EnvironmentName,
    /// Which commit.
    pub commit: CommitSha,
    /// The run that asks. Without one the answer is about any run of the commit.
    pub run: Option<Asking>,
}

/// A run that asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asking {
    /// The run.
    pub run: RunId,
    /// Which execution of it, if that was said.
    pub attempt: Option<u32>,
    /// Whether it is proven to be that run, and not only said.
    pub is_proven: bool,
}

/// Whether a commit may pass, explained. It is closed unless it is known to be open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// Since when it is open; `None`: it is closed.
    pub cleared_at: Option<Timestamp>,
    /// The deployment that the answer is about.
    pub deployment: Option<DeploymentId>,
    /// How far that is.
    pub state: Option<&'static str>,
    /// Whether asking again is of no use.
    pub is_final: bool,
    /// One sentence that says why; plain text.
    pub why: String,
    /// What to do, plain text; empty where nobody needs to.
    pub command: String,
    /// What the gate last said, while it is waited at.
    pub verdict: Option<Verdict>,
    gate: Option<String>,
}

/// Decides whether a commit may pass, over the deployments of its environment, newest first.
#[must_use]
pub fn passage(environment: &Environment, ask: &PassageAsk, deployments: &[Deployment]) -> Passage {
    let of_commit = |d: &&Deployment| d.environment == environment.name && d.commit == ask.commit;
    let deploy = format!("/deploy {} ref:{}", environment.name, environment.default_ref);
    let Some(Asking { run, attempt, .. }) = ask.run else {
        let all: Vec<&Deployment> = deployments.iter().filter(of_commit).collect();
        let telling = all.iter().find(|d| d.is_cleared()).or_else(|| all.iter().find(|d| !d.state.is_over()));
        return match telling.or(all.first()) {
            Some(d) => Passage::of(d, &deploy),
            None => Passage::closed("no deployment of this commit was asked for", deploy),
        };
    };
    let executions = deployments.iter().filter(of_commit).filter(|d| d.run_ref.is_some_and(|known| known.id == run));
    let mine = |d: &&Deployment| attempt.is_none_or(|asked| d.run_ref.is_some_and(|known| known.attempt == asked));
    if let Some(d) = executions.filter(mine).max_by_key(|d| d.run_ref.map(|known| known.attempt)) {
        return Passage::of(d, &deploy);
    }
    let is_sent =
        |state: &State| matches!(state, State::Dispatching { .. } | State::Unknown { .. } | State::Merged { .. });
    let sent = |d: &&Deployment| d.run_ref.is_none() && is_sent(&d.state);
    if let Some(d) = deployments.iter().filter(of_commit).find(sent) {
        let why = format!("deployment {} was sent, and which run it became is being looked for", d.id);
        return Passage { deployment: Some(d.id), ..Passage::closed(&why, String::new()) };
    }
    let why = "this run was not started through Signalbox, and is not known to it yet";
    Passage::closed(why, format!("cancel this run, then {deploy}"))
}

impl Passage {
    fn closed(why: &str, command: String) -> Self {
        Self {
            cleared_at: None,
            deployment: None,
            state: None,
            is_final: false,
            why: why.into(),
            command,
            verdict: None,
            gate: None,
        }
    }

    fn of(d: &Deployment, deploy: &str) -> Self {
        let cleared = d.cleared.as_ref().filter(|_| d.is_cleared());
        let (why, command) = match (&d.state, cleared) {
            (_, Some(cleared)) => (format!("the gate was satisfied at {}", cleared.at()), String::new()),
            (State::Waiting { .. }, None) => (format!("deployment {} waits at its gate", d.id), String::new()),
            (state, None) if state.is_over() => (format!("deployment {} is {}", d.id, state.word()), deploy.to_owned()),
            (_, None) if d.cancel.is_some() => (format!("deployment {} is being stopped", d.id), String::new()),
            (_, None) => {
                let why = match d.origin {
                    Origin::Adopted { .. } => format!("was started outside Signalbox, by {}", d.actor()),
                    Origin::Chat { .. } => "has no clearance for this execution".into(),
                };
                (format!("deployment {} {why}", d.id), format!("/cancel {}, then {deploy}", d.id))
            }
        };
        let verdict = match &d.state {
            State::Waiting { verdict, .. } | State::Expired { verdict, .. } => verdict.clone(),
            _ => None,
        };
        let verdict_text = verdict.as_ref().map(|verdict| d.in_words(&verdict.text(4000)));
        Self {
            cleared_at: cleared.map(super::Cleared::at),
            deployment: Some(d.id),
            state: Some(d.state.word()),
            is_final: d.state.is_over() || d.cancel.is_some(),
            verdict,
            gate: verdict_text,
            ..Self::closed(&why, command)
        }
    }

    /// The answer as lines for a log: what the chat would show, without the chat's marks.
    #[must_use]
    pub fn explained(&self) -> String {
        let mark = if self.cleared_at.is_some() { "✓ cleared" } else { "⛔ closed" };
        let mut lines = vec![format!("{mark}: {}", self.why)];
        lines.extend(self.gate.clone());
        if !self.command.is_empty() {
            lines.push(format!("→ {}", self.command));
        }
        lines.join("\n")
    }
}
