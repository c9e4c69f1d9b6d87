//! What is read once for all that ask within seconds: signatures on one card come in bursts, and each is judged.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, PoisonError},
};

use signalbox_domain::{SignedDuration, Timestamp, ports::Clock};
use tokio::sync::Mutex;

/// How long a reading is given to others.
const FRESH: SignedDuration = SignedDuration::from_secs(5);

type Latest<V> = Arc<Mutex<Option<(Timestamp, V)>>>;

/// Readings by what was asked. A reading is held on to while it is made, so that it is made once.
#[derive(Clone)]
pub(super) struct Recent<K, V>(Arc<std::sync::Mutex<HashMap<K, Latest<V>>>>);

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Eq + Hash, V: Clone> Recent<K, V> {
    /// What was read a moment ago, or else what `read` answers. An error is nobody's but the asker's.
    pub(super) async fn read<E>(
        &self,
        key: K,
        clock: &dyn Clock,
        read: impl Future<Output = Result<V, E>>,
    ) -> Result<V, E> {
        let asked = clock.now();
        let is_fresh = |at: Timestamp| asked.duration_since(at) < FRESH;
        let latest = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            // Who is at it keeps its own hold.
            all.retain(|_, one| one.try_lock().map_or(true, |one| one.as_ref().is_some_and(|(at, _)| is_fresh(*at))));
            all.entry(key).or_default().clone()
        };
        let mut latest = latest.lock().await;
        let asked = clock.now();
        if let Some((_, value)) = latest.as_ref().filter(|(at, _)| asked.duration_since(*at) < FRESH) {
            return Ok(value.clone());
        }
        let value = read.await?;
        *latest = Some((asked, value.clone()));
        Ok(value)
    }
}
