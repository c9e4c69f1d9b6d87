//! Records interactions before they are acknowledged. Many that arrive together share one commit,
//! so that fifty people typing at once wait for one or two disk flushes and not for fifty.

use std::{sync::Arc, time::Duration};

use signalbox_domain::ports::{Asked, Inbox};
use tokio::sync::{mpsc, oneshot};
use tracing::warn;

/// Discord waits three seconds for an acknowledgement; a slow database may cost one of them.
const PATIENCE: Duration = Duration::from_secs(1);
/// How many interactions may share a commit.
const BATCH: usize = 256;

type Entry = (Asked, oneshot::Sender<()>);

/// Where interactions are handed in.
#[derive(Debug, Clone)]
pub(super) struct Journal(mpsc::Sender<Entry>);

impl Journal {
    /// Starts writing into an inbox; ends when the last journal is dropped.
    pub(super) fn start(inbox: Arc<dyn Inbox>) -> Self {
        let (sender, mut entries) = mpsc::channel::<Entry>(4 * BATCH);
        tokio::spawn(async move {
            let mut batch = Vec::with_capacity(BATCH);
            while entries.recv_many(&mut batch, BATCH).await > 0 {
                let (asked, waiting): (Vec<Asked>, Vec<_>) = batch.drain(..).unzip();
                if let Err(error) = inbox.asked(asked).await {
                    warn!(
                        error = &error as &dyn std::error::Error,
                        "interactions could not be recorded; a restart right now would leave them unanswered"
                    );
                }
                for done in waiting {
                    // Who stopped waiting has acknowledged already.
                    let _ = done.send(());
                }
            }
        });
        Self(sender)
    }

    /// Returns when the interaction is recorded, or when waiting longer would endanger its acknowledgement.
    pub(super) async fn record(&self, asked: Asked) {
        let id = asked.id;
        let (done, recorded) = oneshot::channel();
        let recorded = async {
            if self.0.send((asked, done)).await.is_ok() {
                let _ = recorded.await;
            }
        };
        if tokio::time::timeout(PATIENCE, recorded).await.is_err() {
            warn!(interaction.id = id.0, "the database is slow; the interaction is acknowledged before it is recorded");
        }
    }
}
