//! The stand-in's clock: real time plus an offset, so that a test can age tokens without waiting.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Real time plus an offset that only grows.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock {
    ahead: SignedDuration,
}

impl Clock {
    /// What the stand-in takes for the present.
    pub(crate) fn now(&self) -> Timestamp {
        real_now() + self.ahead
    }

    /// Moves the present ahead.
    pub(crate) fn advance(&mut self, by: Duration) {
        self.ahead += SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    }
}

/// The real time, which rate limits are told in.
#[expect(clippy::disallowed_methods, reason = "the one home of the stand-in's time")]
pub(crate) fn real_now() -> Timestamp {
    Timestamp::now()
}
