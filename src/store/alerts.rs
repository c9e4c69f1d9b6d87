//! Alerts as rows. The document is the alert; the columns beside it are what the database must look up or guard.

use async_trait::async_trait;
use signalbox_domain::{
    alert::{Followed, Record},
    ids::AlertId,
    ports::{Alerts, StoreError, WhichAlerts},
};

use super::{
    SqlStore, audit,
    database::{Row, Value},
    error, outbox,
};

const INSERT: &str = "
    INSERT INTO alerts (key, severity, environment, state, channel_id, message_id, opened_at, resolved_at, document,
        revision)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)
    ON CONFLICT DO NOTHING RETURNING id";

const UPDATE: &str = "
    UPDATE alerts SET key = $1, severity = $2, environment = $3, state = $4, channel_id = $5, message_id = $6,
        opened_at = $7, resolved_at = $8, document = $9, revision = revision + 1
    WHERE id = $10 AND revision = $11";

/// Those whose condition holds.
const OPEN: &str = "WHERE resolved_at IS NULL ORDER BY id";

#[async_trait]
impl Alerts for SqlStore {
    async fn alerts(&self, which: WhichAlerts) -> Result<Vec<Record>, StoreError> {
        let (which, values): (_, Vec<Value>) = match which {
            WhichAlerts::Id(id) => ("WHERE id = $1", vec![id.0.into()]),
            WhichAlerts::Key(key) => ("WHERE key = $1 ORDER BY id DESC LIMIT 1", vec![key.as_str().into()]),
            WhichAlerts::Message(at) => {
                let values = vec![Value::id(at.channel.0)?, Value::id(at.message.0)?];
                ("WHERE channel_id = $1 AND message_id = $2", values)
            }
            WhichAlerts::Since(at) => {
                ("WHERE resolved_at IS NULL OR resolved_at >= $1 OR opened_at >= $1 ORDER BY id", vec![at.into()])
            }
            WhichAlerts::Open => (OPEN, vec![]),
        };
        let rows = self.database.rows(&select(which), &values).await?;
        let mut found = rows.iter().map(record).collect::<Result<Vec<_>, _>>()?;
        found.sort_by_key(|record| std::cmp::Reverse(record.alert.severity));
        Ok(found)
    }

    async fn open_alerts(&self) -> Result<Vec<Result<Record, StoreError>>, StoreError> {
        let rows = self.database.rows(&select(OPEN), &[]).await?;
        Ok(rows.iter().map(record).collect())
    }

    async fn record_alert(&self, followed: Followed) -> Result<Record, StoreError> {
        let Followed { mut record, effects, entries } = followed;
        let mut values = columns(&record)?;
        let mut transaction = self.database.begin().await?;
        if record.id == AlertId(0) {
            let inserted = transaction.rows(INSERT, &values).await?;
            let row = inserted.first().ok_or(StoreError::Overtaken)?;
            record.id = AlertId(row.get("id")?);
        } else {
            values.extend([record.id.0.into(), record.revision.into()]);
            match transaction.execute(UPDATE, &values).await {
                Ok(0) => return Err(StoreError::Overtaken),
                Err(error) if error::is_taken(&error) => return Err(StoreError::Overtaken),
                other => other?,
            };
            record.revision += 1;
        }
        outbox::put(&mut transaction, effects).await?;
        audit::append(&mut transaction, &entries, None).await?;
        transaction.commit().await?;
        Ok(record)
    }
}

fn select(which: &str) -> String {
    format!("SELECT id, revision, document FROM alerts {which}")
}

/// What [`INSERT`] and [`UPDATE`] write, in the order of their parameters.
fn columns(record: &Record) -> Result<Vec<Value>, StoreError> {
    let alert = &record.alert;
    let document = serde_json::to_string(record).map_err(|error| error::corrupt(&alert.key, error))?;
    Ok(vec![
        alert.key.as_str().into(),
        alert.severity.word().into(),
        alert.environment.as_ref().map_or(Value::Text(None), |name| name.as_str().into()),
        record.word().into(),
        Value::known_id(record.message.map(|at| at.channel.0))?,
        Value::known_id(record.message.map(|at| at.message.0))?,
        record.opened.into(),
        record.resolved.map_or(Value::Integer(None), Value::from),
        document.as_str().into(),
    ])
}

fn record(row: &Row) -> Result<Record, StoreError> {
    let id: i64 = row.get("id")?;
    let read: Result<Record, _> = serde_json::from_str(&row.get::<String>("document")?);
    let record = read.map_err(|error| error::corrupt(&format!("alert {id}"), error))?;
    Ok(Record { id: AlertId(id), revision: row.get("revision")?, ..record })
}
