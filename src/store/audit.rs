//! The audit trail. Lines are only ever added: the database refuses to change or remove one.

use signalbox_domain::{effect::Entry, ports::StoreError};

use super::database::{Row, Transaction};

/// Adds lines within a transaction.
pub(super) async fn append(transaction: &mut Transaction, entries: &[Entry]) -> Result<(), StoreError> {
    for entry in entries {
        let line = [
            entry.at.into(),
            entry.actor.as_str().into(),
            entry.action.as_str().into(),
            entry.subject.as_str().into(),
            entry.detail.as_str().into(),
        ];
        let statement = "INSERT INTO audit (at, actor, action, subject, detail) VALUES ($1, $2, $3, $4, $5)";
        transaction.execute(statement, &line).await?;
    }
    Ok(())
}

/// The statement that reads the latest lines; `$1` says how many.
pub(super) const LATEST: &str = "SELECT at, actor, action, subject, detail FROM audit ORDER BY seq DESC LIMIT $1";

/// A line as it was read.
pub(super) fn entry(row: &Row) -> Result<Entry, StoreError> {
    Ok(Entry {
        at: row.time("at")?,
        actor: row.get("actor")?,
        action: row.get("action")?,
        subject: row.get("subject")?,
        detail: row.get("detail")?,
    })
}
