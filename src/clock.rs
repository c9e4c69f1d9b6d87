//! The time, from the system.

use signalbox_domain::{Timestamp, ports::Clock};

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one home of the time")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
