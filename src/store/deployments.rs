//! Deployments as rows.
//!
//! The document is the deployment; the columns beside it are what the database must look up or guard,
//! and are written anew with every change. Only `id` and `revision` live in columns alone.

use async_trait::async_trait;
use serde_json::{Map, Value as Json};
use signalbox_domain::{
    SignedDuration, Timestamp,
    audit::{record, record_hash},
    deployment::{Deployment, Origin},
    ids::{DeploymentId, EnvironmentName},
    ports::{Change, Opened, Opening, Query, Store, StoreError},
};

use super::{
    SqlStore, audit,
    database::{Row, Transaction, Value},
    error, gates, outbox,
};

/// How often an opening looks again when the environment changed hands while it looked.
const LOOKS: u32 = 10;

/// What was asked for longer ago than this is over.
const LONGEST_LIFE: SignedDuration = SignedDuration::from_hours(60 * 24);

const INSERT: &str = "
    INSERT INTO deployments (key, environment, holds, repository, run_id, run_attempt, interaction,
        card_channel, card_message, state, active, requested_at, document, revision)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
    ON CONFLICT DO NOTHING RETURNING id";

const UPDATE: &str = "
    UPDATE deployments SET key = $1, environment = $2, holds = $3, repository = $4, run_id = $5, run_attempt = $6,
        interaction = $7, card_channel = $8, card_message = $9, state = $10, active = $11, requested_at = $12,
        document = $13, revision = revision + 1
    WHERE revision = $14 AND id = $15";

/// Those that are not over.
const ACTIVE: &str = "WHERE active = 1 ORDER BY id";

/// The statement that reads the deployment of a number, `$1`.
pub(super) const BY_ID: &str = "SELECT id, revision, document FROM deployments WHERE id = $1";

#[async_trait]
impl Store for SqlStore {
    async fn open(&self, opening: Opening) -> Result<Opened, StoreError> {
        let Opening { mut deployment, plan, mut entry } = opening;
        let mut transaction = self.database.begin().await?;
        for _ in 0..LOOKS {
            if let Some(before) = opened_before(&mut transaction, &deployment).await? {
                return Ok(Opened::Before(before));
            }
            if deployment.holds
                && let Some(holder) = holder(&mut transaction, &deployment.environment).await?
            {
                match deployment.origin {
                    Origin::Chat { .. } => return Ok(Opened::Busy(holder)),
                    // It runs at GitHub whether we like it or not, so it is followed beside the holder.
                    Origin::Adopted { .. } => deployment.holds = false,
                }
            }
            // Somebody may have been faster since we looked; the unique indexes know.
            let inserted = transaction.rows(INSERT, &columns(&deployment)?).await?;
            if let Some(row) = inserted.first() {
                deployment.id = DeploymentId(row.get("id")?);
                entry.subject = format!("deployment {}", deployment.id);
                outbox::put(&mut transaction, plan(&deployment)).await?;
                let record = record_hash(&record(&written(&deployment)?));
                audit::append(&mut transaction, &[entry], Some(record)).await?;
                transaction.commit().await?;
                return Ok(Opened::New(deployment));
            }
        }
        Err(StoreError::Unavailable(format!("{} changed hands {LOOKS} times meanwhile", deployment.environment).into()))
    }

    async fn find(&self, query: Query) -> Result<Vec<Deployment>, StoreError> {
        let since = if let Query::Since(at) = query { Some(at) } else { None };
        let which;
        let (which, values): (&str, Vec<Value>) = match query {
            Query::Id(id) => ("WHERE id = $1", vec![id.0.into()]),
            Query::Key(key) => ("WHERE key = $1", vec![key.as_str().into()]),
            Query::Interaction(id) => ("WHERE interaction = $1", vec![Value::id(id.0)?]),
            Query::Run(repository, run) => {
                let values = vec![repository.as_str().into(), Value::id(run.0)?];
                ("WHERE repository = $1 AND run_id = $2 ORDER BY run_attempt DESC", values)
            }
            Query::Card(card) => {
                let values = vec![Value::id(card.channel.0)?, Value::id(card.message.0)?];
                ("WHERE card_channel = $1 AND card_message = $2", values)
            }
            // Rarely asked, so all are looked through.
            Query::Glass => ("WHERE document LIKE '%\"break_glass\":{%' ORDER BY id DESC", vec![]),
            Query::Active => (ACTIVE, vec![]),
            Query::Latest(environments, _) if environments.is_empty() => return Ok(vec![]),
            Query::Latest(environments, limit) => {
                which = latest(environments.len());
                let mut values = vec![i64::from(limit).into()];
                values.extend(environments.iter().map(|environment| environment.as_str().into()));
                (&which, values)
            }
            Query::Since(at) => {
                let earliest = at.saturating_sub(LONGEST_LIFE).unwrap_or(Timestamp::UNIX_EPOCH);
                ("WHERE requested_at >= $1 OR active = 1 ORDER BY id", vec![earliest.into()])
            }
            Query::Recent(limit) => ("ORDER BY id DESC LIMIT $1", vec![i64::from(limit).into()]),
        };
        let rows = self.database.rows(&select(which), &values).await?;
        let mut found: Vec<Deployment> = rows.iter().map(deployment).collect::<Result<_, _>>()?;
        if let Some(since) = since {
            let ended_before = |d: &Deployment| d.state.ended_at().is_some_and(|ended| ended < since);
            found.retain(|d| d.requested_at >= since || !ended_before(d));
        }
        Ok(found)
    }

    async fn active(&self) -> Result<Vec<Result<Deployment, StoreError>>, StoreError> {
        let rows = self.database.rows(&select(ACTIVE), &[]).await?;
        Ok(rows.iter().map(deployment).collect())
    }

    async fn commit(&self, change: Change) -> Result<Deployment, StoreError> {
        let Change { mut deployment, effects, entries } = change;
        let mut transaction = self.database.begin().await?;
        let mut values = columns(&deployment)?;
        values.push(deployment.id.0.into());
        match transaction.execute(UPDATE, &values).await {
            Ok(0) => return Err(StoreError::Conflict(deployment.id)),
            Err(error) if error::is_taken(&error) => {
                tracing::warn!(
                    deployment.id = deployment.id.0,
                    error = &error as &dyn std::error::Error,
                    "another deployment has this one's execution, environment or key"
                );
                return Err(StoreError::Conflict(deployment.id));
            }
            other => other?,
        };
        gates::record_sign_offs(&mut transaction, &deployment).await?;
        outbox::put(&mut transaction, effects).await?;
        if !entries.is_empty() {
            let record = record_hash(&record(&written(&deployment)?));
            audit::append(&mut transaction, &entries, Some(record)).await?;
        }
        transaction.commit().await?;
        deployment.revision += 1;
        Ok(deployment)
    }

    async fn note(&self, entries: Vec<signalbox_domain::effect::Entry>) -> Result<(), StoreError> {
        let mut transaction = self.database.begin().await?;
        audit::append(&mut transaction, &entries, None).await?;
        transaction.commit().await
    }

    async fn trail(&self, limit: u32) -> Result<Vec<signalbox_domain::effect::Entry>, StoreError> {
        let rows = self.database.rows(audit::LATEST, &[i64::from(limit).into()]).await?;
        rows.iter().map(audit::entry).collect()
    }
}

/// The deployment that the same key, interaction or execution opened.
async fn opened_before(transaction: &mut Transaction, new: &Deployment) -> Result<Option<Deployment>, StoreError> {
    let which = "WHERE key = $1 OR interaction = $2 OR (repository = $3 AND run_id = $4 AND run_attempt = $5)
        ORDER BY id LIMIT 1";
    let [run, attempt] = execution(new)?;
    let values = [new.key.as_str().into(), interaction(new)?, new.repository.as_str().into(), run, attempt];
    transaction.rows(&select(which), &values).await?.first().map(deployment).transpose()
}

/// The deployment that holds an environment.
async fn holder(transaction: &mut Transaction, name: &EnvironmentName) -> Result<Option<Deployment>, StoreError> {
    let which = select("WHERE environment = $1 AND holds = 1");
    transaction.rows(&which, &[name.as_str().into()]).await?.first().map(deployment).transpose()
}

/// Which are the latest, `$1` at most, of each of so many environments, `$2` and up: each is looked up by its index.
fn latest(environments: usize) -> String {
    let of = |n| format!("(SELECT id FROM deployments WHERE environment = ${n} ORDER BY id DESC LIMIT $1)");
    let each: Vec<_> = (2..environments + 2).map(|n| format!("SELECT id FROM {} AS latest", of(n))).collect();
    format!("WHERE id IN ({}) ORDER BY id DESC", each.join(" UNION ALL "))
}

fn select(which: &str) -> String {
    format!("SELECT id, revision, document FROM deployments {which}")
}

/// What [`INSERT`] and [`UPDATE`] write, in the order of their parameters.
fn columns(deployment: &Deployment) -> Result<Vec<Value>, StoreError> {
    let [run, attempt] = execution(deployment)?;
    Ok(vec![
        deployment.key.as_str().into(),
        deployment.environment.as_str().into(),
        deployment.holds.into(),
        deployment.repository.as_str().into(),
        run,
        attempt,
        interaction(deployment)?,
        Value::known_id(deployment.card.map(|card| card.channel.0))?,
        Value::known_id(deployment.card.map(|card| card.message.0))?,
        deployment.state.word().into(),
        (!deployment.state.is_over()).into(),
        deployment.requested_at.into(),
        document(deployment)?.as_str().into(),
        deployment.revision.into(),
    ])
}

fn execution(deployment: &Deployment) -> Result<[Value; 2], StoreError> {
    let run = deployment.run_ref;
    Ok([Value::known_id(run.map(|run| run.id.0))?, Value::known_id(run.map(|run| run.attempt.into()))?])
}

fn interaction(deployment: &Deployment) -> Result<Value, StoreError> {
    Value::known_id(match &deployment.origin {
        Origin::Chat { interaction, .. } => Some(interaction.0),
        Origin::Adopted { .. } => None,
    })
}

fn document(deployment: &Deployment) -> Result<String, StoreError> {
    let mut document = written(deployment)?;
    document.remove("id");
    document.remove("revision");
    serde_json::to_string(&document).map_err(|error| error::corrupt(&format!("deployment {}", deployment.id), error))
}

/// A deployment's fields as they will be stored.
fn written(deployment: &Deployment) -> Result<Map<String, Json>, StoreError> {
    match serde_json::to_value(deployment) {
        Ok(Json::Object(fields)) => Ok(fields),
        Ok(_) => Err(error::corrupt(&format!("deployment {}", deployment.id), "it has no fields")),
        Err(error) => Err(error::corrupt(&format!("deployment {}", deployment.id), error)),
    }
}

/// A deployment's fields as they are stored.
pub(super) fn fields(row: &Row) -> Result<Map<String, Json>, StoreError> {
    let id: i64 = row.get("id")?;
    let unreadable = |error| error::corrupt(&format!("deployment {id}"), error);
    let mut fields: Map<String, Json> = serde_json::from_str(&row.get::<String>("document")?).map_err(unreadable)?;
    fields.insert("id".into(), id.into());
    fields.insert("revision".into(), row.get::<i64>("revision")?.into());
    Ok(fields)
}

fn deployment(row: &Row) -> Result<Deployment, StoreError> {
    let fields = fields(row)?;
    let id = fields.get("id").cloned().unwrap_or_default();
    serde_json::from_value(fields.into()).map_err(|error| error::corrupt(&format!("deployment {id}"), error))
}
