//! Whether the running applications are well, as somebody who looks again and again may believe it.
//!
//! One bad answer is no outage and one good one no recovery: a state [holds](Watch) once enough of the latest looks
//! agree on it. While a deployment runs an application may be unwell; what is seen then is shown and not counted.

mod address;
mod heard;
mod judge;
mod report;
mod say;
mod smoke;
#[cfg(test)]
mod tests;
mod watch;

use serde::{Deserialize, Serialize};

pub use self::{
    address::{Forbidden, forbidden},
    heard::{BadBody, BadCertificate, Heard, Reply, Silence},
    judge::{finding, names, seen},
    report::{Report, report},
    say::{alert, key},
    smoke::{DOMAIN, SMOKE, Smoke, SmokeCheck},
    watch::{Damping, Held, Look, Seen, Watch},
};

/// How an application is, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It answers as it should.
    Up,
    /// It answers as it should, and something is to be looked after: it is slow, its certificate ends soon.
    Degraded,
    /// It could not be asked: its name is not known, its address may not be asked.
    CannotTell,
    /// Something answers, and it is not this application: the name leads elsewhere.
    WrongHost,
    /// It does not answer, or answers that it is unwell.
    Down,
}

impl State {
    /// What people call it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Degraded => "degraded",
            Self::CannotTell => "not to be judged",
            Self::WrongHost => "at the wrong host",
            Self::Down => "down",
        }
    }

    /// An emoji for it.
    #[must_use]
    pub fn emoji(self) -> &'static str {
        match self {
            Self::Up => "🟢",
            Self::Degraded => "🟡",
            Self::CannotTell => "⚪",
            Self::WrongHost => "🟠",
            Self::Down => "🔴",
        }
    }
}
