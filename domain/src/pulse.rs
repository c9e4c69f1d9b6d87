//! How Signalbox itself does: what it heard last, what it may have missed, and how quick it is.

mod levels;
mod say;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use self::{
    levels::{Level, Levels, Quantiles, STEP},
    say::{checkup, short},
};
use crate::{environment::Line, schedule::Work};

/// How long levels of service are kept.
pub const WINDOW: SignedDuration = SignedDuration::from_hours(7 * 24);
/// What happens again within that time is the same gap.
const SAME: SignedDuration = SignedDuration::from_hours(1);
/// How many gaps are remembered.
const GAPS: usize = 20;

/// A kind of news.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Somebody typed a command or pressed a button.
    Command,
    /// Somebody reacted, or took a reaction back.
    Reaction,
    /// GitHub told of something.
    Webhook,
    /// GitHub was asked about a run, and answered.
    Run,
    /// A script told of something.
    Script,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Command, Self::Reaction, Self::Webhook, Self::Run, Self::Script];

    fn says(self) -> &'static str {
        match self {
            Self::Command => "a command",
            Self::Reaction => "a reaction",
            Self::Webhook => "a webhook of GitHub",
            Self::Run => "a run that was read",
            Self::Script => "a script",
        }
    }
}

/// Why something may have been missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Signalbox was not running.
    Away,
    /// Discord began a new session instead of resuming the old one.
    Session,
    /// Discord sent something that could not be read.
    Unreadable,
    /// GitHub could not deliver webhooks.
    Undelivered,
    /// Signalbox's own store did not answer.
    Store,
}

/// A time in which something may have been missed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// Why.
    pub cause: Cause,
    /// When it began at the earliest, where that is known: what came then was heard.
    pub from: Option<Timestamp>,
    /// When it was over and what had been missed was read.
    pub until: Timestamp,
    /// How many things were read again: deployments and alerts, or events that are made up for.
    pub again: u32,
}

/// What is remembered of Signalbox itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pulse {
    /// When each kind of news came last.
    pub heard: BTreeMap<Kind, Timestamp>,
    /// The latest gaps, the oldest first.
    pub gaps: VecDeque<Gap>,
    /// How quick it was.
    pub levels: Levels,
}

impl Pulse {
    /// News came.
    pub fn hear(&mut self, kind: Kind, at: Timestamp) {
        let last = self.heard.entry(kind).or_insert(at);
        *last = at.max(*last);
    }

    /// Something may have been missed. What goes wrong again and again is one gap, and pushes nothing else out.
    pub fn miss(&mut self, gap: Gap) {
        if let Some(last) = self.gaps.back_mut()
            && last.cause == gap.cause
            && matches!(gap.cause, Cause::Unreadable | Cause::Store)
            && gap.until.duration_since(last.until) < SAME
        {
            *last = Gap { from: last.from.or(Some(last.until)), ..gap };
            return;
        }
        self.gaps.push_back(gap);
        while self.gaps.len() > GAPS {
            self.gaps.pop_front();
        }
    }

    /// Goes on with what an earlier process remembered.
    pub fn follow(&mut self, earlier: Self) {
        for (kind, at) in earlier.heard {
            self.hear(kind, at);
        }
        self.levels.add(&earlier.levels);
        let own = std::mem::replace(&mut self.gaps, earlier.gaps);
        own.into_iter().for_each(|gap| self.miss(gap));
    }
}

/// How many requests GitHub still takes
/// (<https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// In all, until it begins anew.
    pub limit: u64,
    /// That are left.
    pub remaining: u64,
    /// When it begins anew.
    pub reset: Timestamp,
}

/// What `/doctor` tells.
#[derive(Debug, Clone)]
pub struct Checkup {
    /// Now.
    pub now: Timestamp,
    /// Since when this process watches.
    pub since: Timestamp,
    /// What it watches.
    pub line: Line,
    /// Deployments that are not over.
    pub active: usize,
    /// Alerts that are open.
    pub alerts: usize,
    /// What is done next by itself, the soonest first.
    pub next: Vec<(String, Work, Timestamp)>,
    /// What is left of GitHub's budget; `None` before the first answer.
    pub budget: Option<Budget>,
    /// What is remembered.
    pub pulse: Pulse,
}
