//! Putting server connections right that a pooler may hand to anybody next.

use std::collections::BTreeSet;
use std::time::Duration;

use sqlx::{Connection, PgConnection};

use super::{Error, Probe};

/// How many connections are held at once to make a pooler give out the one that is sought.
const HELD: usize = 8;

const ATTEMPTS: u32 = 40;
const PAUSE: Duration = Duration::from_millis(50);

impl Probe {
    /// Resets `search_path` on each of these server processes, as long as it is ours. One that ended
    /// needs nothing.
    pub(super) async fn restore(
        &self,
        a: &mut PgConnection,
        b: &mut PgConnection,
        mut touched: BTreeSet<i32>,
    ) -> Result<(), Error> {
        // Usually the pooler gives back what was used last; and one that carries the path along with
        // its client resets it only for that client.
        touched.remove(&self.reset(a).await?);
        self.execute(a, "COMMIT").await?;
        touched.remove(&self.reset(b).await?);
        self.execute(b, "COMMIT").await?;
        for _ in 0..ATTEMPTS {
            if touched.is_empty() {
                return Ok(());
            }
            touched = self.seek(touched).await?;
            tokio::time::sleep(PAUSE).await;
        }
        let reason = "the pooler did not give back a connection whose search_path the probe had set".to_owned();
        Err(Error::Unexpected { code: "-".to_owned(), reason })
    }

    /// Holds several clients' transactions open, so that the pooler gives out one connection after the
    /// other, and returns the processes that were not among them.
    async fn seek(&self, mut touched: BTreeSet<i32>) -> Result<BTreeSet<i32>, Error> {
        let mut held = Vec::new();
        while !touched.is_empty() && held.len() < HELD {
            let mut client = self.open().await?;
            // An exhausted pool refuses or keeps us waiting: let go and try again.
            let Ok(process) = self.reset(&mut client).await else { break };
            touched.remove(&process);
            held.push(client);
        }
        if let Some(client) = held.last_mut() {
            touched = self.alive(client, touched).await?;
        }
        for mut client in held {
            // Leaving in the middle of a transaction would make the pooler drop its connection.
            self.execute(&mut client, "COMMIT").await?;
            let _ = client.close().await;
        }
        Ok(touched)
    }

    /// Opens a transaction, which pins the client to one server process, and resets a path of ours there.
    async fn reset(&self, client: &mut PgConnection) -> Result<i32, Error> {
        self.execute(client, "BEGIN").await?;
        let answer = self.look(client).await?;
        // A path that the application set after us must stay.
        if answer.is_ours() {
            self.execute(client, "RESET search_path").await?;
        }
        Ok(answer.process)
    }

    /// Those of the processes that still exist.
    async fn alive(&self, client: &mut PgConnection, processes: BTreeSet<i32>) -> Result<BTreeSet<i32>, Error> {
        let mut alive = BTreeSet::new();
        for process in processes {
            if self.is_alive(client, process).await? {
                alive.insert(process);
            }
        }
        Ok(alive)
    }
}
