//! How much is at work at once, so that acknowledgements come first, and soon.

use std::{sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many answers are worked out at once while each takes less than [`PATIENCE`]. Fewer than people who type: an
/// acknowledgement has three seconds, an answer fifteen minutes.
const ANSWERS: usize = 4;
/// How many acknowledgements travel at once while each takes less than [`PATIENCE`]. Each needs a connection of its own,
/// and to open one takes several times as long as to wait for one that is open. Where Discord is so far away that six take
/// longer than [`PATIENCE`], the next open theirs that much later.
const ACKNOWLEDGEMENTS: usize = 6;
/// How long anything waits for those before it: some of them take many seconds.
const PATIENCE: Duration = Duration::from_millis(100);

/// What is at work.
#[derive(Debug, Clone)]
pub struct Turns {
    acknowledgements: Arc<Semaphore>,
    answers: Arc<Semaphore>,
}

/// Held while it lasts.
pub(crate) type Turn = Option<OwnedSemaphorePermit>;

impl Default for Turns {
    fn default() -> Self {
        let [acknowledgements, answers] = [ACKNOWLEDGEMENTS, ANSWERS].map(|places| Arc::new(Semaphore::new(places)));
        Self { acknowledgements, answers }
    }
}

impl Turns {
    /// Waits until few acknowledgements are on their way, though not for long.
    pub(crate) async fn acknowledge(&self) -> Turn {
        within_patience(&self.acknowledgements).await
    }

    /// Waits until those who typed before are acknowledged, then until few answers are at work; for neither long.
    pub(crate) async fn answer(&self) -> Turn {
        // Turns are given in the order in which they are asked for: this one comes after all who wait for theirs now.
        drop(self.acknowledge().await);
        within_patience(&self.answers).await
    }
}

async fn within_patience(places: &Arc<Semaphore>) -> Turn {
    tokio::time::timeout(PATIENCE, places.clone().acquire_owned()).await.ok()?.ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// As many acknowledgements as travel at once.
    async fn all_under_way(turns: &Turns) -> Vec<OwnedSemaphorePermit> {
        let mut under_way = Vec::new();
        for _ in 0..ACKNOWLEDGEMENTS {
            under_way.push(turns.acknowledge().await.expect("there is room"));
        }
        under_way
    }

    #[tokio::test]
    async fn few_acknowledgements_travel_at_once_and_slow_ones_hold_up_nobody_for_long() {
        let turns = Turns::default();
        let mut under_way = all_under_way(&turns).await;
        let before = under_way.pop();
        let (next, ()) = tokio::join!(turns.acknowledge(), async { drop(before) });
        assert!(next.is_some(), "one has arrived");
        assert!(turns.acknowledge().await.is_none(), "all are slow, and it travels beside them");
    }

    #[tokio::test]
    async fn an_answer_waits_until_those_who_typed_before_are_acknowledged() {
        let turns = Turns::default();
        let mut under_way = all_under_way(&turns).await;
        let order = Mutex::new(vec![]);
        let said = |what| order.lock().unwrap().push(what);
        let acknowledged = async |who| {
            let _turn = turns.acknowledge().await;
            said(who);
        };
        let answer = async {
            turns.answer().await;
            said("an answer");
        };
        let arrives = async { drop(under_way.pop()) };
        tokio::join!(acknowledged("before"), answer, acknowledged("after"), arrives);
        assert_eq!(*order.lock().unwrap(), ["before", "an answer", "after"]);
    }

    #[tokio::test]
    async fn an_answer_waits_for_those_before_it_but_not_for_slow_ones() {
        let turns = Turns::default();
        let mut at_work = Vec::new();
        for _ in 0..ANSWERS {
            at_work.push(turns.answer().await.expect("there is room"));
        }
        assert!(turns.answer().await.is_none(), "all are slow, and it goes on beside them");
        assert!(turns.acknowledge().await.is_some(), "whoever types now waits for none of them");
        let before = at_work.pop();
        let (next, ()) = tokio::join!(turns.answer(), async { drop(before) });
        assert!(next.is_some(), "one has ended");
    }
}
