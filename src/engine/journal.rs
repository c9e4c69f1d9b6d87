//! Records interactions: before they are acknowledged, and soon after they have their answer. What arrives together
//! shares one commit, so that fifty people typing at once wait for one or two disk flushes and not for a hundred.

use std::{mem, sync::Arc, time::Duration};

use signalbox_domain::{
    ids::InteractionId,
    ports::{Asked, Inbox, StoreError},
};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep_until},
};
use tracing::warn;

/// Discord waits three seconds for an acknowledgement; a slow database may cost one of them.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long it may go unrecorded that an answer was given, so that many share a commit and acknowledgements wait for few.
/// After a crash within it, the next start answers once more.
const LATER: Duration = Duration::from_millis(20);
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
            let (mut answered, mut due) = (vec![], Instant::now());
            loop {
                let received = tokio::select! {
                    received = entries.recv_many(&mut batch, BATCH) => received,
                    () = sleep_until(due), if !answered.is_empty() => {
                        write(mem::take(&mut answered), |answered| inbox.answered(answered)).await;
                        continue;
                    }
                };
                if answered.is_empty() {
                    due = Instant::now() + LATER;
                }
                let mut asked = vec![];
                for (record, done) in batch.drain(..) {
                    match record {
                        Record::Asked(interaction) => asked.push((interaction, done)),
                        Record::Answered(id) => answered.push((id, done)),
                    }
                }
                write(asked, |asked| inbox.asked(asked)).await;
                if received == 0 {
                    return write(answered, |answered| inbox.answered(answered)).await;
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

/// Writes records of one kind and tells those who wait for them.
async fn write<T, W>(records: Vec<(T, oneshot::Sender<()>)>, into: impl FnOnce(Vec<T>) -> W)
where
    W: Future<Output = Result<(), StoreError>>,
{
    if records.is_empty() {
        return;
    }
    let (records, waiting): (Vec<_>, Vec<_>) = records.into_iter().unzip();
    if let Err(error) = into(records).await {
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
