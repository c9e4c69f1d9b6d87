//! The outbox: one row per subject.
//!
//! A row is *due*, *leased* or *done*. Claiming it consumes the wish to have it done (`due_at` becomes
//! NULL) and leases it; a wish that arrives meanwhile sets `due_at` again and leaves the lease alone.
//! Each claim raises `version`, so that a worker whose lease ended cannot settle what another one took
//! over. What may never be repeated stays as a done row for a while, and further wishes are ignored.

use async_trait::async_trait;
use jiff::Timestamp;
use signalbox_domain::{
    effect::{Due, Effect},
    ports::{Claimed, Outbox, Settled, StoreError},
};

use super::{
    REMEMBERED, SqlStore,
    database::{Row, Transaction},
    error,
};

const PUT: &str = "
    INSERT INTO outbox (subject, payload, due_at, version, attempts) VALUES ($1, $2, $3, 0, 0)
    ON CONFLICT (subject) DO UPDATE SET
        payload = excluded.payload,
        due_at = CASE WHEN outbox.due_at <= excluded.due_at THEN outbox.due_at ELSE excluded.due_at END
    WHERE outbox.done_at IS NULL";

/// The lease of a worker that died may have ended while the row was wanted for later: that wish is kept.
const CLAIM: &str = "
    UPDATE outbox SET lease_until = $2, version = version + 1, attempts = attempts + 1,
        due_at = CASE WHEN due_at > $1 THEN due_at END
    WHERE id IN (SELECT id FROM ready) RETURNING id, version, attempts, subject, payload";

const NEXT_DUE: &str = "
    SELECT COALESCE(lease_until, due_at) AS at FROM outbox WHERE done_at IS NULL
    ORDER BY COALESCE(lease_until, due_at) LIMIT 1";

const LATER: &str = "
    UPDATE outbox SET lease_until = NULL, due_at = CASE WHEN due_at <= $3 THEN due_at ELSE $3 END
    WHERE id = $1 AND version = $2 AND lease_until IS NOT NULL";

const REMOVE: &str = "
    DELETE FROM outbox WHERE id = $1 AND version = $2 AND lease_until IS NOT NULL AND due_at IS NULL";

const AGAIN: &str = "
    UPDATE outbox SET lease_until = NULL, attempts = 0, due_at = CASE WHEN due_at >= $3 THEN due_at ELSE $3 END
    WHERE id = $1 AND version = $2 AND lease_until IS NOT NULL";

/// A lease that ended long ago: whoever claims the row next also keeps a later wish.
const RELEASE: &str = "UPDATE outbox SET lease_until = 0 WHERE lease_until IS NOT NULL";

const NEVER_AGAIN: &str = "
    UPDATE outbox SET lease_until = NULL, due_at = NULL, done_at = $3
    WHERE id = $1 AND version = $2 AND lease_until IS NOT NULL";

#[async_trait]
impl Outbox for SqlStore {
    async fn put(&self, effects: Vec<Due>) -> Result<(), StoreError> {
        let mut transaction = self.database.begin().await?;
        put(&mut transaction, effects).await?;
        transaction.commit().await
    }

    async fn claim(&self, now: Timestamp, until: Timestamp, limit: u32) -> Result<Vec<Claimed>, StoreError> {
        let statement = format!(
            "WITH ready AS MATERIALIZED (
                SELECT id FROM outbox WHERE done_at IS NULL AND COALESCE(lease_until, due_at) <= $1
                ORDER BY COALESCE(lease_until, due_at), id LIMIT $3 {}
            ) {CLAIM}",
            self.database.skip_locked()
        );
        let mut transaction = self.database.begin().await?;
        let rows = transaction.rows(&statement, &[now.into(), until.into(), i64::from(limit).into()]).await?;
        transaction.commit().await?;
        let mut claimed = rows.iter().filter_map(|row| claimed(row).transpose()).collect::<Result<Vec<_>, _>>()?;
        claimed.sort_by_key(|claimed| claimed.id);
        Ok(claimed)
    }

    async fn settle(&self, claimed: &Claimed, how: Settled) -> Result<(), StoreError> {
        let row = [claimed.id.into(), claimed.version.into()];
        let row_and = |at: Timestamp| [claimed.id.into(), claimed.version.into(), at.into()];
        let mut transaction = self.database.begin().await?;
        match how {
            Settled::Later { at } => {
                transaction.execute(LATER, &row_and(at)).await?;
            }
            Settled::Done { again_from } if is_said_once(&claimed.effect) => {
                transaction.execute(NEVER_AGAIN, &row_and(again_from)).await?;
                let forgotten = again_from.saturating_sub(REMEMBERED).unwrap_or(again_from);
                transaction.execute("DELETE FROM outbox WHERE done_at < $1", &[forgotten.into()]).await?;
            }
            // In this order: a wish that arrives in between is found by the second statement.
            Settled::Done { again_from } => {
                if transaction.execute(REMOVE, &row).await? == 0 {
                    transaction.execute(AGAIN, &row_and(again_from)).await?;
                }
            }
        }
        transaction.commit().await
    }

    /// A leased row counts as due when its lease ends, so that what a dead process left behind is found.
    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.database.rows(NEXT_DUE, &[]).await?.first().map(|row| row.time("at")).transpose()
    }

    async fn release(&self) -> Result<(), StoreError> {
        let mut transaction = self.database.begin().await?;
        transaction.execute(RELEASE, &[]).await?;
        transaction.commit().await
    }
}

/// Adds effects within a transaction.
pub(super) async fn put(transaction: &mut Transaction, effects: Vec<Due>) -> Result<(), StoreError> {
    let mut effects: Vec<_> = effects.into_iter().map(|due| (due.effect.subject(), due)).collect();
    // Two transactions that touch the same rows in the same order cannot wait for each other. Lines of one thread
    // keep the order they are told in; whoever tells them holds the row of their deployment.
    effects.sort_by_cached_key(|(subject, due)| match &due.effect {
        Effect::Tell { deployment, .. } | Effect::Attach { deployment, .. } => format!("tell:{deployment}"),
        _ => subject.clone(),
    });
    for (subject, due) in effects {
        let payload = serde_json::to_string(&due.effect).map_err(|error| error::corrupt(&subject, error))?;
        transaction.execute(PUT, &[subject.as_str().into(), payload.as_str().into(), due.at.into()]).await?;
    }
    Ok(())
}

/// A line that stands in the chat cannot be edited into what is true now, nor an event be taken back, so it is never
/// said again.
fn is_said_once(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::Tell { .. }
            | Effect::Attach { .. }
            | Effect::CallAlert { .. }
            | Effect::Deliver { .. }
            | Effect::Handout { .. }
            | Effect::Picture { .. }
            | Effect::Post { .. }
            | Effect::PostHead { .. }
    )
}

/// `None`: a row that this version cannot read. It stays leased, so that it does not keep the others from
/// being claimed, and is looked at again when its lease ends.
fn claimed(row: &Row) -> Result<Option<Claimed>, StoreError> {
    let effect = match serde_json::from_str(&row.get::<String>("payload")?) {
        Ok(effect) => effect,
        Err(error) => {
            let subject: String = row.get("subject")?;
            tracing::error!(effect = subject, error = %error, "a stored effect cannot be read and is left alone");
            return Ok(None);
        }
    };
    let claims: i64 = row.get("attempts")?;
    let attempts = u32::try_from(claims.saturating_sub(1)).unwrap_or(u32::MAX);
    Ok(Some(Claimed { id: row.get("id")?, version: row.get("version")?, effect, attempts }))
}
