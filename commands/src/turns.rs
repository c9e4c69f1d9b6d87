//! How many answers are worked out at once, so that acknowledgements come first.

use std::{sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many answers are worked out at once while each takes less than [`PATIENCE`]. Fewer than people who type: an
/// acknowledgement has three seconds, an answer fifteen minutes.
const AT_ONCE: usize = 4;
/// How long an answer waits for those before it: some of them take many seconds.
const PATIENCE: Duration = Duration::from_millis(100);

/// Answers at work.
#[derive(Debug, Clone)]
pub struct Answering(Arc<Semaphore>);

impl Default for Answering {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Answering {
    /// Waits until few others are at work, though not for long. What it gives is held until the answer is given.
    pub(crate) async fn begin(&self) -> Option<OwnedSemaphorePermit> {
        tokio::time::timeout(PATIENCE, self.0.clone().acquire_owned()).await.ok()?.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_waits_for_those_before_it_but_not_for_slow_ones() {
        let answering = Answering::default();
        let mut at_work = Vec::new();
        for _ in 0..AT_ONCE {
            at_work.push(answering.begin().await.expect("there is room"));
        }
        assert!(answering.begin().await.is_none(), "all are slow, and it goes on beside them");
        let before = at_work.pop();
        let (next, ()) = tokio::join!(answering.begin(), async { drop(before) });
        assert!(next.is_some(), "one has ended");
    }
}
