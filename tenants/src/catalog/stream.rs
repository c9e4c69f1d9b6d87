//! Rows out of one snapshot, over one or two connections.

use std::sync::{Mutex, PoisonError};

use futures::{StreamExt, future};
use sqlx::{Connection, PgConnection};

/// Asks each connection its questions, one after the other, all connections at once, and hands over each row with its
/// question's place in the list that was asked. Returns the connections and how many bytes came.
///
/// All is read in one task: a server is slower to write rows than we to read them, and what it writes meanwhile waits
/// in the kernel. Handing rows from task to task cost more than reading them.
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
    let mut bytes = 0;
    while let Some(row) = rows.next().await {
        let row = row?;
        bytes += row.len() as u64;
        let text = std::str::from_utf8(&row).map_err(|error| sqlx::Error::Decode(error.into()))?;
        let mut take = take.lock().unwrap_or_else(PoisonError::into_inner);
        take(question, text.strip_suffix('\n').unwrap_or(text));
    }
    Ok(bytes)
}

/// Says farewell to each; a failing farewell changes nothing.
pub(super) async fn close(connections: Vec<PgConnection>) {
    for connection in connections {
        let _ = connection.close().await;
    }
}
