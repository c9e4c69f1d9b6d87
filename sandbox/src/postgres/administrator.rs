//! One session for all statements about whole databases: to open one costs more than most of them.

use std::thread;

use sqlx::{Connection, PgConnection};
use tokio::runtime;
use tokio::sync::{mpsc, oneshot};

use super::Error;

/// Carries out one statement after the other, on a thread of its own: those who ask may each have a runtime that ends.
#[derive(Debug, Clone)]
pub(super) struct Administrator(mpsc::UnboundedSender<Order>);

#[derive(Debug)]
struct Order {
    statement: String,
    done: oneshot::Sender<sqlx::Result<()>>,
}

impl Administrator {
    /// Of the server at this address, which is asked for nothing yet.
    pub(super) fn of(url: String) -> Self {
        let (sender, orders) = mpsc::unbounded_channel();
        thread::spawn(move || {
            if let Ok(runtime) = runtime::Builder::new_current_thread().enable_all().build() {
                runtime.block_on(serve(&url, orders));
            }
        });
        Self(sender)
    }

    /// Carries out a statement and waits for its end.
    pub(super) async fn execute(&self, statement: String) -> Result<(), Error> {
        Ok(self.order(statement).await.unwrap_or(Err(sqlx::Error::WorkerCrashed))?)
    }

    /// Carries out a statement at some time before the process ends, or not at all.
    pub(super) fn leave(&self, statement: String) {
        drop(self.order(statement));
    }

    fn order(&self, statement: String) -> oneshot::Receiver<sqlx::Result<()>> {
        let (done, answer) = oneshot::channel();
        // Where nobody takes it, the answer fails.
        let _ = self.0.send(Order { statement, done });
        answer
    }
}

async fn serve(url: &str, mut orders: mpsc::UnboundedReceiver<Order>) {
    let mut session = None;
    while let Some(Order { statement, done }) = orders.recv().await {
        let answer = carry_out(url, &mut session, &statement).await;
        if let Err(Err(error)) = done.send(answer) {
            tracing::warn!(%error, statement, "nobody waits for this any more");
        }
    }
}

async fn carry_out(url: &str, session: &mut Option<PgConnection>, statement: &str) -> sqlx::Result<()> {
    // The server may have ended it meanwhile.
    if let Some(open) = session
        && open.ping().await.is_err()
    {
        *session = None;
    }
    let open = match session {
        Some(open) => open,
        None => session.insert(PgConnection::connect(url).await?),
    };
    sqlx::raw_sql(statement).execute(open).await?;
    Ok(())
}
