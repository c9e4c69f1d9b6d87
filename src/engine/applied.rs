//! What has been applied to tenant databases, for signatures: read once for all that look within seconds.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError},
};

use signalbox_domain::{SignedDuration, Timestamp, environment::Environment, ids::EnvironmentName, ports::Applied};
use tokio::sync::Mutex;

use super::Ports;

/// How long a reading is given to others. Signatures on one card come in bursts, and each is judged.
const FRESH: SignedDuration = SignedDuration::from_secs(5);

type Latest = Arc<Mutex<Option<(Timestamp, Arc<Applied>)>>>;

/// Readings by environment. A reading is held on to while it is made, so that it is made once.
#[derive(Clone, Default)]
pub(super) struct Ledgers(Arc<std::sync::Mutex<HashMap<EnvironmentName, Latest>>>);

impl Ledgers {
    /// What has been applied; `None` where there is no tenant database. An error is nobody's but the asker's.
    pub(super) async fn read(&self, environment: &Environment, ports: &Ports) -> Result<Option<Arc<Applied>>, String> {
        if environment.database.is_none() {
            return Ok(None);
        }
        let latest = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.entry(environment.name.clone()).or_default().clone()
        };
        let mut latest = latest.lock().await;
        let asked = ports.clock.now();
        if let Some((at, applied)) = latest.as_ref().filter(|(at, _)| asked.duration_since(*at) < FRESH) {
            tracing::trace!(%at, "the ledgers were read a moment ago");
            return Ok(Some(applied.clone()));
        }
        let applied = ports.tenants.applied(environment).await;
        let applied = Arc::new(applied.map_err(|why| format!("the tenant database: {why}"))?);
        *latest = Some((asked, applied.clone()));
        Ok(Some(applied))
    }
}
