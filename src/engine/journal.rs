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
/// After a crash within it, the next start answers once more, and knows only whether a deployment came of it.
const LATER: Duration = Duration::from_millis(20);
/// How many records are taken at once.
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use signalbox_domain::{
        Timestamp,
        effect::Due,
        ids::{Person, PersonId},
    };

    use super::*;

    /// An inbox that remembers what was written together, and fails where it is told to.
    #[derive(Default)]
    struct Pages {
        written: Mutex<Vec<String>>,
        full: bool,
    }

    impl Pages {
        fn write(&self, what: &str, ids: &[InteractionId]) -> Result<(), StoreError> {
            let ids: Vec<_> = ids.iter().map(|id| id.0.to_string()).collect();
            self.written.lock().unwrap().push(format!("{what} {}", ids.join(" ")));
            if self.full { Err(StoreError::Unavailable("disk full".into())) } else { Ok(()) }
        }

        fn written(&self) -> Vec<String> {
            self.written.lock().unwrap().clone()
        }
    }

    #[async_trait]
    impl Inbox for Pages {
        async fn asked(&self, interactions: Vec<Asked>) -> Result<(), StoreError> {
            self.write("asked", &interactions.iter().map(|asked| asked.id).collect::<Vec<_>>())
        }
        async fn answered(&self, interactions: Vec<InteractionId>) -> Result<(), StoreError> {
            self.write("answered", &interactions)
        }
        async fn unanswered(&self, _: Timestamp) -> Result<Vec<Asked>, StoreError> {
            Ok(vec![])
        }
        async fn known(&self, _: &[String]) -> Result<Vec<String>, StoreError> {
            Ok(vec![])
        }
        async fn delivered(&self, _: &str, _: Timestamp, _: Vec<Due>) -> Result<bool, StoreError> {
            Ok(false)
        }
    }

    fn asked(id: u64) -> Asked {
        Asked {
            id: InteractionId(id),
            token: "t".into(),
            command: "/status".into(),
            by: Person { id: PersonId(1), name: "erin".into() },
            at: Timestamp::UNIX_EPOCH,
        }
    }

    #[tokio::test]
    async fn who_asks_waits_for_no_answer_and_answers_are_recorded_together() {
        let pages = Arc::new(Pages::default());
        let journal = Journal::start(pages.clone());
        tokio::join!(journal.asked(asked(1)), journal.asked(asked(2)));
        let answers = async { tokio::join!(journal.answered(InteractionId(1)), journal.answered(InteractionId(2))) };
        tokio::join!(answers, journal.asked(asked(3)));
        assert_eq!(pages.written(), ["asked 1 2", "asked 3", "answered 1 2"]);
    }

    #[tokio::test]
    async fn a_database_that_fails_holds_up_nobody() {
        let pages = Arc::new(Pages { full: true, ..Pages::default() });
        let journal = Journal::start(pages.clone());
        journal.asked(asked(1)).await;
        journal.answered(InteractionId(1)).await;
        assert_eq!(pages.written(), ["asked 1", "answered 1"], "each was tried once");
    }

    #[tokio::test]
    async fn the_last_one_out_leaves_nothing_unwritten() {
        let pages = Arc::new(Pages::default());
        let journal = Journal::start(pages.clone());
        let (done, recorded) = oneshot::channel();
        journal.0.send((Record::Answered(InteractionId(1)), done)).await.unwrap();
        drop(journal);
        recorded.await.unwrap();
        assert_eq!(pages.written(), ["answered 1"]);
    }
}
