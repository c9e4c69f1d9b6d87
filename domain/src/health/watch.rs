//! What is believed of an application after many looks.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::State;

/// How many looks are kept: two hours of looks every minute.
const KEPT: usize = 120;

/// How many of the latest looks must agree before a state holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damping {
    /// So many bad ones are needed, and so many good ones in a row end it.
    pub agree: usize,
    /// Of so many latest ones.
    pub of: usize,
}

impl Default for Damping {
    fn default() -> Self {
        Self { agree: 3, of: 5 }
    }
}

/// What one check showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Which, such as `health app.example.com`.
    pub check: String,
    /// What that makes of the application.
    pub state: State,
    /// One sentence that says it; plain text.
    pub says: String,
    /// How long the answer took, in milliseconds.
    #[serde(default)]
    pub latency: Option<u32>,
}

/// One look at all checks of an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// When.
    pub at: Timestamp,
    /// The worst of its checks.
    pub state: State,
    /// The slowest answer, in milliseconds.
    #[serde(default)]
    pub latency: Option<u32>,
    /// A deployment was at work: it is shown and not counted.
    #[serde(default)]
    pub maintenance: bool,
}

/// What is believed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The state.
    pub state: State,
    /// Since when: the first look that says so.
    pub since: Timestamp,
    /// The checks that showed it.
    pub causes: Vec<Seen>,
}

/// An environment that is watched.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// The latest looks, the oldest first.
    pub looks: Vec<Look>,
    /// What the latest one showed.
    pub seen: Vec<Seen>,
    /// What is believed; `None` before the first look.
    pub held: Option<Held>,
}

impl Watch {
    /// Adds a look; `maintenance`: a deployment is at work.
    pub fn look(&mut self, at: Timestamp, seen: Vec<Seen>, maintenance: bool, damping: Damping) {
        let state = seen.iter().map(|seen| seen.state).max().unwrap_or(State::CannotTell);
        let latency = seen.iter().filter_map(|seen| seen.latency).max();
        self.looks.push(Look { at, state, latency, maintenance });
        let surplus = self.looks.len().saturating_sub(KEPT);
        self.looks.drain(..surplus);
        self.seen = seen;
        if !maintenance {
            self.judge(damping);
        }
    }

    /// When the latest look was.
    #[must_use]
    pub fn at(&self) -> Option<Timestamp> {
        self.looks.last().map(|look| look.at)
    }

    /// A state gets worse once `agree` of the latest `of` looks are at least that bad, and better only once the
    /// latest `agree` all are, too.
    fn judge(&mut self, damping: Damping) {
        let counted = self.looks.iter().rev().filter(|look| !look.maintenance);
        let latest: Vec<Look> = counted.take(damping.of).copied().collect();
        let before = self.held.as_ref().map_or(State::Up, |held| held.state);
        let mut worst: Vec<State> = latest.iter().map(|look| look.state).collect();
        worst.sort_unstable_by(|a, b| b.cmp(a));
        let rise = worst.get(damping.agree.saturating_sub(1)).copied().unwrap_or(State::Up);
        let fall = latest.iter().take(damping.agree).map(|look| look.state).max().unwrap_or(before);
        let too_few = latest.len() < damping.agree;
        let state = if rise >= before || too_few { rise.max(before) } else { rise.max(fall).min(before) };
        let news = self.held.as_ref().is_none_or(|held| held.state != state);
        let at = latest.first().map_or_else(Timestamp::default, |look| look.at);
        let agreeing = latest.iter().filter(|look| look.state >= state).map(|look| look.at).min();
        let good_since = latest.iter().take(damping.agree).map(|look| look.at).min();
        let since = match &self.held {
            Some(held) if !news => held.since,
            _ => if state < before { good_since } else { agreeing }.unwrap_or(at),
        };
        let showing: Vec<Seen> = self.seen.iter().filter(|seen| seen.state != State::Up).cloned().collect();
        let known = self.held.take().map(|held| held.causes).unwrap_or_default();
        // Words change with each look, such as how slow it is; what is told of it changes with what is the matter.
        let matter = |causes: &[Seen]| causes.iter().map(|seen| (seen.check.clone(), seen.state)).collect::<Vec<_>>();
        let keeps = showing.is_empty() && state != State::Up || matter(&showing) == matter(&known);
        let causes = if keeps { known } else { showing };
        self.held = Some(Held { state, since, causes });
    }
}
