//! Rows out of one snapshot, over one or two connections.

use std::sync::{Mutex, PoisonError};

use futures::{StreamExt, future};
use sqlx::{Connection, PgConnection};

/// How many bytes are read before it is another's turn.
const TURN: u64 = 256 * 1024;

/// Asks each connection its questions, one after the other, all connections at once, and hands over each row with its
/// question's place in the list that was asked. Returns the connections and how many bytes came.
///
/// All is read in one task: handing rows from task to task cost more than reading them. The connections take turns, so
/// that none waits for long while the other has much to tell, and others have theirs as well.
///
/// Dropping the future drops the connections, which ends what the server is doing for them.
pub(super) async fn ask(
    connections: Vec<PgConnection>,
    questions: Vec<Vec<(usize, String)>>,
    take: impl FnMut(usize, &str) + Send,
) -> sqlx::Result<(Vec<PgConnection>, u64)> {
    // Never waited for: the connections take turns within the task.
    let take = Mutex::new(take);
    let reading = connections.into_iter().zip(questions).map(async |(mut connection, list)| {
        let mut bytes = 0;
        for (question, sql) in list {
            bytes += copy(&mut connection, question, &sql, &take).await?;
        }
        Ok::<_, sqlx::Error>((connection, bytes))
    });
    let (connections, bytes): (Vec<_>, Vec<u64>) = future::try_join_all(reading).await?.into_iter().unzip();
    Ok((connections, bytes.iter().sum()))
}

/// The server sends each row in a message of its own
/// (<https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-COPYDATA>).
async fn copy(
    connection: &mut PgConnection,
    question: usize,
    sql: &str,
    take: &Mutex<impl FnMut(usize, &str) + Send>,
) -> sqlx::Result<u64> {
    let mut rows = connection.copy_out_raw(&format!("COPY ({sql}) TO STDOUT")).await?;
    let (mut bytes, mut turn) = (0, 0);
    while let Some(row) = rows.next().await {
        let row = row?;
        bytes += row.len() as u64;
        let text = std::str::from_utf8(&row).map_err(|error| sqlx::Error::Decode(error.into()))?;
        (take.lock().unwrap_or_else(PoisonError::into_inner))(question, text.strip_suffix('\n').unwrap_or(text));
        if bytes - turn >= TURN {
            turn = bytes;
            tokio::task::yield_now().await;
        }
    }
    Ok(bytes)
}

/// Says farewell to each; a failing farewell changes nothing.
pub(super) async fn close(connections: Vec<PgConnection>) {
    for connection in connections {
        let _ = connection.close().await;
    }
}
