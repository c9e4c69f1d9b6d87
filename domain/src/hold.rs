//! Runs that were not started through us and wait for our word: GitHub keeps a job back until our custom deployment
//! protection rule has answered
//! (<https://docs.github.com/en/actions/how-tos/deploy/configure-and-manage-deployments/create-custom-protection-rules>),
//! or a step of the run asks the gate and waits.

use serde::{Deserialize, Serialize};

use crate::{
    deployment::{Deployment, State},
    ids::{RepositoryName, RunId},
    text::{clip, outside, unpinged},
};

/// GitHub takes so many reports for a gate.
pub const MOST_REPORTS: u32 = 10;
/// GitHub takes comments of so many characters.
const LONGEST: usize = 1024;

/// What is kept of a run that waits for our word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The environment at GitHub whose protection rule asks; `None`: a step of the run asks.
    pub rule: Option<String>,
    /// The jobs that waited when it asked last. Each job that names the environment makes it ask.
    pub jobs: Vec<u64>,
    /// What GitHub has taken as our answer.
    pub answer: Option<Word>,
    /// How many reports it has taken.
    pub reports: u32,
    /// The open points that were last reported.
    pub reported: String,
}

/// What a protection rule is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// The job may go on.
    Approved,
    /// It may not; the run fails.
    Rejected,
}

/// How GitHub took what a protection rule was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleOutcome {
    /// It took it.
    Taken,
    /// It waits for no answer, or no more.
    NotAsked {
        /// GitHub's words.
        why: String,
    },
    /// It could not be told, or it is not known whether it took it. Telling it again harms nobody.
    Failed {
        /// What happened instead.
        why: String,
    },
}

/// What is told to a protection rule, as proof of why it may be told. Obtained from [`Deployment::rule_answer`] and [`Deployment::rule_report`] only.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuleAnswer {
    /// Where.
    pub repository: RepositoryName,
    /// Which run waits.
    pub run: RunId,
    /// For which environment at GitHub.
    pub environment: String,
    /// The answer; `None`: only a report.
    pub word: Option<Word>,
    /// Markdown of at most 1,024 characters.
    pub comment: String,
}

impl Hold {
    /// Something asks for the first time.
    #[must_use]
    pub fn by(rule: Option<String>) -> Self {
        Self { rule, jobs: vec![], answer: None, reports: 0, reported: String::new() }
    }
}

impl Deployment {
    /// Whether a run waits at the gate, and not somebody who asked for one.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.hold.is_some() && matches!(self.state, State::Waiting { .. })
    }

    /// What GitHub's rule is to be told now, if it asks. It is told yes only with the record of a clearance for the
    /// commit that the run really has, and no when nothing can come of it any more.
    #[must_use]
    pub fn rule_answer(&self) -> Option<RuleAnswer> {
        let hold = self.hold.as_ref().filter(|hold| hold.answer.is_none())?;
        let run = self.run.as_ref().filter(|run| !run.is_over())?;
        let let_through = self.is_cleared() || (self.is_held() && self.has_clearance());
        let stopped = self.state.is_over() || self.cancel.is_some();
        let (word, comment) = match (let_through && run.head_sha == self.commit, stopped) {
            (_, true) => (Word::Rejected, format!("Signalbox, deployment {}: {}.", self.id, self.ending())),
            (true, false) => (Word::Approved, format!("Signalbox, deployment {}: the gate is satisfied.", self.id)),
            (false, false) => return None,
        };
        self.told(hold, Some(word), comment)
    }

    /// What is open, for GitHub's rule, with the open points in one line, if that is news to it and it still takes reports.
    #[must_use]
    pub fn rule_report(&self) -> Option<(RuleAnswer, String)> {
        let hold = self.hold.as_ref().filter(|hold| hold.answer.is_none() && hold.reports < MOST_REPORTS)?;
        let State::Waiting { verdict: Some(verdict), .. } = &self.state else { return None };
        if verdict.is_satisfied() || verdict.open_points() == hold.reported {
            return None;
        }
        let last = match hold.reports + 1 == MOST_REPORTS {
            true => "\n\nGitHub takes no more reports: what changes from here on is in the chat.",
            false => "",
        };
        let head = format!("Signalbox, deployment {}: waiting at the gate.\n\n", self.id);
        let room = LONGEST.saturating_sub(head.chars().count() + last.chars().count());
        let open = clip(&self.in_words(&verdict.text(LONGEST)), room);
        Some((self.told(hold, None, format!("{head}{open}{last}"))?, verdict.open_points()))
    }

    fn told(&self, hold: &Hold, word: Option<Word>, comment: String) -> Option<RuleAnswer> {
        Some(RuleAnswer {
            repository: self.repository.clone(),
            run: self.run_ref?.id,
            environment: hold.rule.clone()?,
            word,
            comment: clip(&unpinged(&comment), LONGEST),
        })
    }

    fn ending(&self) -> String {
        match &self.state {
            State::Refused { refusal, .. } => format!("refused ({}): {}", refusal.code, refusal.what),
            State::Cancelled { reason, .. } | State::Failed { reason, .. } => reason.clone(),
            State::Expired { .. } => "the gate stayed closed for too long".into(),
            _ if self.cancel.is_some() => "it is being stopped".into(),
            state => format!("it is {}", state.word()),
        }
    }

    /// Chat text about this deployment for places that know no chat.
    #[must_use]
    pub fn in_words(&self, text: &str) -> String {
        let requester = match &self.origin {
            crate::deployment::Origin::Chat { by, .. } => Some(by),
            crate::deployment::Origin::Adopted { .. } => None,
        };
        let people = || self.sign_offs.iter().map(|sign_off| &sign_off.by).chain(requester);
        outside(text, |id| people().find(|person| person.id.0 == id).map(|person| person.name.clone()))
    }
}
