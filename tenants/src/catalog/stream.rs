//! Rows out of one snapshot, over one or two connections.

use futures::StreamExt;
use sqlx::{Connection, PgConnection};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Rows travel in blocks of about this many bytes, so that handing them over costs nothing per row.
const BLOCK: usize = 128 * 1024;

/// Blocks that may wait to be read, a connection; then the server is let wait.
const WAITING: usize = 4;

/// Some rows of one question.
pub(super) struct Block {
    /// The question's place in the list that was asked.
    pub(super) question: usize,
    /// Whole rows, each ended by a line feed.
    pub(super) rows: String,
}

/// Asks each connection its questions, one after the other, all connections at once, and hands over
/// what comes. Returns the connections and how many bytes came.
///
/// Dropping the future drops the connections, which ends what the server is doing for them.
pub(super) async fn ask(
    connections: Vec<PgConnection>,
    questions: Vec<Vec<(usize, String)>>,
    mut take: impl FnMut(Block),
) -> sqlx::Result<(Vec<PgConnection>, u64)> {
    let (sender, mut receiver) = mpsc::channel(WAITING);
    let mut tasks = JoinSet::new();
    for (place, (mut connection, list)) in connections.into_iter().zip(questions).enumerate() {
        let sender = sender.clone();
        tasks.spawn(async move {
            let mut bytes = 0;
            for (question, sql) in list {
                bytes += copy(&mut connection, question, &sql, &sender).await?;
            }
            Ok::<_, sqlx::Error>((place, connection, bytes))
        });
    }
    drop(sender);
    while let Some(block) = receiver.recv().await {
        take(block);
    }
    let mut total = 0;
    let mut back = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        let (place, connection, bytes) = ended.map_err(|_| sqlx::Error::WorkerCrashed)??;
        total += bytes;
        back.push((place, connection));
    }
    back.sort_by_key(|(place, _)| *place);
    Ok((back.into_iter().map(|(_, connection)| connection).collect(), total))
}

async fn copy(
    connection: &mut PgConnection,
    question: usize,
    sql: &str,
    sender: &mpsc::Sender<Block>,
) -> sqlx::Result<u64> {
    let mut stream = connection.copy_out_raw(&format!("COPY ({sql}) TO STDOUT")).await?;
    let mut total = 0;
    let mut rows = Vec::with_capacity(BLOCK + 4096);
    while let Some(row) = stream.next().await {
        let row = row?;
        total += row.len() as u64;
        rows.extend_from_slice(&row);
        if rows.len() >= BLOCK {
            send(question, std::mem::replace(&mut rows, Vec::with_capacity(BLOCK + 4096)), sender).await?;
        }
    }
    if !rows.is_empty() {
        send(question, rows, sender).await?;
    }
    Ok(total)
}

async fn send(question: usize, rows: Vec<u8>, sender: &mpsc::Sender<Block>) -> sqlx::Result<()> {
    let rows = String::from_utf8(rows).map_err(|error| sqlx::Error::Decode(error.into()))?;
    // Nobody listens any more only when the whole question was given up.
    sender.send(Block { question, rows }).await.map_err(|_| sqlx::Error::WorkerCrashed)
}

/// Says farewell to each; a failing farewell changes nothing.
pub(super) async fn close(connections: Vec<PgConnection>) {
    for connection in connections {
        let _ = connection.close().await;
    }
}
