//! Every "no" that is GitHub's.

use jiff::Timestamp;

use super::Refusal;
use crate::{
    environment::Environment,
    ids::RepositoryName,
    text::{clip, code, plain},
};

impl Refusal {
    /// GitHub did not answer, or answered with a fault of its own.
    #[must_use]
    pub fn github_unavailable(why: &str, command: &str) -> Self {
        Self::new(
            "github_unavailable",
            format!("GitHub did not answer, so nothing was started. It said: {}.", plain(&clip(why, 200))),
            "GitHub; see <https://www.githubstatus.com>.",
            format!("wait a minute, then {}", code(command)),
        )
    }

    /// GitHub refused our credentials, or they may not do this.
    #[must_use]
    pub fn github_forbidden(repository: &RepositoryName, why: &str) -> Self {
        Self::new(
            "github_forbidden",
            format!(
                "GitHub refused Signalbox's credentials for {}: {}.",
                plain(repository.as_str()),
                plain(&clip(why, 200))
            ),
            "whoever runs Signalbox: the token has expired or lacks a permission.",
            "`signalbox doctor` on the machine it runs on names the permission.",
        )
    }

    /// GitHub rejected the dispatch for good; nothing was started.
    #[must_use]
    pub fn dispatch_rejected(environment: &Environment, status: u16, message: &str) -> Self {
        Self::new(
            "dispatch_rejected",
            format!(
                "GitHub did not take the dispatch ({status}): {}. Nothing was started.",
                plain(&clip(message, 300))
            ),
            format!(
                "a maintainer of {} in {}, or of `signalbox.toml`.",
                code(&environment.workflow),
                plain(environment.repository.as_str())
            ),
            format!("`signalbox doctor` compares both; then `/deploy {}`", environment.name),
        )
    }

    /// GitHub asked to wait longer than a person would.
    #[must_use]
    pub fn rate_limited(until: Timestamp, again: &str) -> Self {
        Self::new(
            "rate_limited",
            format!(
                "GitHub's rate limit is used up until <t:{0}:t> (<t:{0}:R>). Nothing was started.",
                until.as_second()
            ),
            "time; or whoever else uses the same token.",
            format!("{} after that", code(again)),
        )
    }
}
