//! What is said of locks to whoever asks.

use signalbox_domain::{gate::Lock, text::clip};

use crate::call::MESSAGE_LIMIT;

/// The answer to a `/lock` that was not refused.
#[must_use]
pub fn locked(lock: &Lock) -> String {
    format!("🔒 `{0}` is {1}.\n`/unlock {0}` lifts it.", lock.reach, lock.says())
}

/// The answer to an `/unlock` that was not refused.
#[must_use]
pub fn unlocked(lock: &Lock) -> String {
    format!("🔓 `{}` takes deployments again. It was {}.", lock.reach, lock.says())
}

/// The answer to `/locks`.
#[must_use]
pub fn locks(locks: &[Lock]) -> String {
    if locks.is_empty() {
        return "🔓 Nothing is locked.".into();
    }
    let lines = locks.iter().map(|lock| format!("🔒 `{0}` {1} · `/unlock {0}`", lock.reach, lock.says()));
    clip(&lines.collect::<Vec<_>>().join("\n"), MESSAGE_LIMIT)
}
