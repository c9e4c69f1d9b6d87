//! Everything the stand-in knows. Each request reads or changes this and nothing else.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::faults::Faults;
use super::hook::{Delivery, Hook, Notice};
use super::identity::{App, Installation, Token};
use super::repository::Repository;
use super::run::{Key, Run};
use super::script::Script;

/// The whole of the local GitHub.
#[derive(Debug)]
pub struct State {
    /// Base address of the REST API, without a trailing slash.
    pub api: String,
    /// Base address of the human pages that `html_url` fields lead to.
    pub html: String,
    /// Base address of the host that log downloads are redirected to.
    pub log_host: String,
    /// What GitHub's clock is ahead of this machine's. A fault as good as any other.
    pub clock_offset: SignedDuration,
    /// How many times faster than written scripts play.
    pub speed: f64,
    /// The GitHub App, when one is registered.
    pub app: Option<App>,
    /// Where the app is installed.
    pub installations: Vec<Installation>,
    /// Every token that was handed out.
    pub tokens: Vec<Token>,
    /// All repositories.
    pub repositories: Vec<Repository>,
    /// Every workflow run, oldest first.
    pub runs: Vec<Run>,
    /// Every request that reached the dispatch endpoint, oldest first.
    pub dispatches: Vec<Dispatch>,
    /// Scripts by name; a workflow names the one its next run plays.
    pub scripts: BTreeMap<String, Script>,
    /// Where webhooks are sent.
    pub hooks: Vec<Hook>,
    /// Every attempt to deliver a webhook, oldest first.
    pub deliveries: Vec<Delivery>,
    /// Hourly request budget by credential.
    pub budgets: BTreeMap<String, Budget>,
    /// Requests an hour a credential may make.
    pub hourly_limit: u64,
    /// What is broken at the moment.
    pub faults: Faults,
    pub(super) held_webhooks: Vec<Notice>,
    pub(super) effects: Vec<Effect>,
    pub(super) next_id: u64,
}

/// One request to start a workflow, as it was received.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Dispatch {
    /// `owner/name` of the repository.
    pub repository: String,
    /// Workflow id or file name as it stood in the path.
    pub workflow: String,
    /// Body of the request.
    pub body: serde_json::Value,
    /// The run it started, if any.
    pub run_id: Option<u64>,
    /// Status that was, or would have been, answered.
    pub status: u16,
    /// When it was received.
    pub at: Timestamp,
}

/// Requests left for one credential in the running hour.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Requests made.
    pub used: u64,
    /// Requests allowed.
    pub limit: u64,
    /// When the count starts again, in seconds since 1970.
    pub reset: i64,
}

/// Work that a change of state asks for and that is done outside the lock.
#[derive(Debug)]
pub(super) enum Effect {
    /// Let a run's script play.
    Play(Key),
    /// Send a new webhook.
    Send(Notice),
    /// Send a recorded webhook once more.
    SendAgain {
        /// Id of the recorded delivery.
        delivery: u64,
    },
}

impl State {
    /// The time on GitHub's clock, in whole seconds as GitHub writes it.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let shifted = self.exactly_now();
        Timestamp::from_second(shifted.as_second()).unwrap_or(shifted)
    }

    /// The time on GitHub's clock with fractions of a second.
    pub(super) fn exactly_now(&self) -> Timestamp {
        let now = machine_time();
        now.checked_add(self.clock_offset).unwrap_or(now)
    }

    /// A number nobody has used yet.
    pub(super) fn fresh_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// The repository called `owner/name`, in any case.
    #[must_use]
    pub fn repository(&self, full_name: &str) -> Option<&Repository> {
        self.repositories.iter().find(|repo| repo.full_name().eq_ignore_ascii_case(full_name))
    }

    /// As [`State::repository`], to change it.
    pub fn repository_mut(&mut self, full_name: &str) -> Option<&mut Repository> {
        self.repositories.iter_mut().find(|repo| repo.full_name().eq_ignore_ascii_case(full_name))
    }

    /// The run with this id.
    #[must_use]
    pub fn run(&self, id: u64) -> Option<&Run> {
        self.runs.iter().find(|run| run.id == id)
    }

    /// As [`State::run`], to change it.
    pub fn run_mut(&mut self, id: u64) -> Option<&mut Run> {
        self.runs.iter_mut().find(|run| run.id == id)
    }

    /// Takes one request from the budget of `credential` and tells what is left.
    pub(super) fn spend(&mut self, credential: &str) -> Budget {
        let budget = self.budget(credential);
        let spent = Budget { used: (budget.used + 1).min(budget.limit), ..budget };
        self.budgets.insert(credential.to_owned(), spent);
        spent
    }

    /// What `credential` has left in this hour.
    pub(super) fn budget(&self, credential: &str) -> Budget {
        let now = self.now().as_second();
        let fresh = Budget { used: 0, limit: self.hourly_limit, reset: now + 3_600 };
        self.budgets
            .get(credential)
            .filter(|budget| budget.reset > now)
            .map_or(fresh, |budget| Budget { limit: self.hourly_limit, ..*budget })
    }
}

impl Budget {
    /// Requests left.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }
}

/// The time on this machine's clock.
#[expect(clippy::disallowed_methods, reason = "the stand-in is a world of its own, with its own clock")]
pub(super) fn machine_time() -> Timestamp {
    Timestamp::now()
}
