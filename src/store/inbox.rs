//! The inbox: interactions until they have their answer, and the webhook deliveries that were taken.

use async_trait::async_trait;
use jiff::Timestamp;
use signalbox_domain::{
    effect::Due,
    ids::{InteractionId, Person, PersonId},
    ports::{Asked, Inbox, StoreError},
};

use tracing::debug;

use super::{
    REMEMBERED, SqlStore,
    database::{Row, Value},
    outbox,
};

/// How many interactions share a statement; each takes up to six of the parameters a statement may have.
const ROWS: usize = 1_000;

/// What came more than `$2` milliseconds before `$1`.
const FORGET_OLD: &str = "DELETE FROM interactions WHERE at < (SELECT at FROM interactions WHERE id = $1) - $2";

const UNANSWERED: &str = "
    SELECT id, token, command, person_id, person_name, at FROM interactions
    WHERE at >= $1 AND token IS NOT NULL ORDER BY at, id";

#[async_trait]
impl Inbox for SqlStore {
    async fn asked(&self, mut interactions: Vec<Asked>) -> Result<(), StoreError> {
        // Two statements that touch the same rows in the same order cannot wait for each other.
        interactions.sort_by_key(|asked| asked.id);
        for rows in interactions.chunks(ROWS) {
            self.database.execute(&insert_asked(rows.len()), &values(rows)?).await?;
        }
        Ok(())
    }

    async fn answered(&self, mut interactions: Vec<InteractionId>) -> Result<(), StoreError> {
        interactions.sort();
        for ids in interactions.chunks(ROWS) {
            let values = ids.iter().map(|id| Value::id(id.0)).collect::<Result<Vec<_>, _>>()?;
            self.database.execute(&forget_tokens(ids.len()), &values).await?;
        }
        if let Some(latest) = interactions.last() {
            let values = [Value::id(latest.0)?, i64::try_from(REMEMBERED.as_millis()).unwrap_or(i64::MAX).into()];
            if let Err(error) = self.database.execute(FORGET_OLD, &values).await {
                debug!(error = &error as &dyn std::error::Error, "old interactions stay until the next is answered");
            }
        }
        Ok(())
    }

    async fn unanswered(&self, since: Timestamp) -> Result<Vec<Asked>, StoreError> {
        self.database.rows(UNANSWERED, &[since.into()]).await?.iter().map(asked).collect()
    }

    async fn known(&self, guids: &[String]) -> Result<Vec<String>, StoreError> {
        let mut known = Vec::new();
        for guids in guids.chunks(ROWS) {
            let places = (1..=guids.len()).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ");
            let values: Vec<Value> = guids.iter().map(|guid| guid.as_str().into()).collect();
            let statement = format!("SELECT guid FROM deliveries WHERE guid IN ({places})");
            for row in self.database.rows(&statement, &values).await? {
                known.push(row.get("guid")?);
            }
        }
        Ok(known)
    }

    async fn delivered(&self, guid: &str, at: Timestamp, effects: Vec<Due>) -> Result<bool, StoreError> {
        let statement = "INSERT INTO deliveries (guid, received_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        let mut transaction = self.database.begin().await?;
        if transaction.execute(statement, &[guid.into(), at.into()]).await? == 0 {
            return Ok(false);
        }
        transaction.execute("DELETE FROM deliveries WHERE received_at < $1", &[forgotten(at)]).await?;
        outbox::put(&mut transaction, effects).await?;
        transaction.commit().await?;
        Ok(true)
    }
}

/// One statement for all, because each costs a way to the server and back before anybody is acknowledged.
fn insert_asked(rows: usize) -> String {
    let row = |n: usize| {
        let [id, token, command, person, name, at] = [1, 2, 3, 4, 5, 6].map(|column| 6 * n + column);
        format!("(${id}, ${token}, ${command}, ${person}, ${name}, ${at})")
    };
    let rows = (0..rows).map(row).collect::<Vec<_>>().join(", ");
    format!(
        "INSERT INTO interactions (id, token, command, person_id, person_name, at) VALUES {rows} ON CONFLICT DO NOTHING"
    )
}

fn forget_tokens(rows: usize) -> String {
    let ids = (1..=rows).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ");
    format!("UPDATE interactions SET token = NULL WHERE id IN ({ids})")
}

fn values(interactions: &[Asked]) -> Result<Vec<Value>, StoreError> {
    let mut values = Vec::with_capacity(6 * interactions.len());
    for asked in interactions {
        values.extend([
            Value::id(asked.id.0)?,
            asked.token.as_str().into(),
            asked.command.as_str().into(),
            Value::id(asked.by.id.0)?,
            asked.by.name.as_str().into(),
            asked.at.into(),
        ]);
    }
    Ok(values)
}

fn forgotten(now: Timestamp) -> Value {
    now.saturating_sub(REMEMBERED).unwrap_or(now).into()
}

fn asked(row: &Row) -> Result<Asked, StoreError> {
    Ok(Asked {
        id: InteractionId(row.id("id")?),
        token: row.get("token")?,
        command: row.get("command")?,
        by: Person { id: PersonId(row.id("person_id")?), name: row.get("person_name")? },
        at: row.time("at")?,
    })
}
