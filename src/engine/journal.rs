//! Records interactions: before they are acknowledged, and when they have their answer. What arrives together
//! shares one commit, so that fifty people typing at once wait for one or two disk flushes and not for a hundred.

use std::{sync::Arc, time::Duration};

use signalbox_domain::{
    ids::InteractionId,
    ports::{Asked, Inbox},
};
use tokio::sync::{mpsc, oneshot};
use tracing::warn;

/// Discord waits three seconds for an acknowledgement; a slow database may cost one of them.
const PATIENCE: Duration = Duration::from_secs(1);
/// How many records may share a commit.
const BATCH: usize = 256;

enum Record {
    Asked(Asked),
    Answered(InteractionId),
}

type Entry = (Record, oneshot::Sender<()>);

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
                let (mut asked, mut answered, mut waiting) = (vec![], vec![], vec![]);
                for (record, done) in batch.drain(..) {
                    match record {
                        Record::Asked(interaction) => asked.push(interaction),
                        Record::Answered(id) => answered.push(id),
                    }
                    waiting.push(done);
                }
                if let Err(error) = inbox.interactions(asked, answered).await {
                    warn!(
                        error = &error as &dyn std::error::Error,
                        "interactions could not be recorded; the next start may answer some again or not at all"
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
    pub(super) async fn asked(&self, asked: Asked) {
        let id = asked.id;
        if tokio::time::timeout(PATIENCE, self.record(Record::Asked(asked))).await.is_err() {
            warn!(interaction.id = id.0, "the database is slow; the interaction is acknowledged before it is recorded");
        }
    }

    /// Returns when it is recorded that the interaction has its answer.
    pub(super) async fn answered(&self, id: InteractionId) {
        self.record(Record::Answered(id)).await;
    }

    async fn record(&self, record: Record) {
        let (done, recorded) = oneshot::channel();
        if self.0.send((record, done)).await.is_ok() {
            // An error means that the writer is gone; it has said why.
            let _ = recorded.await;
        }
    }
}
