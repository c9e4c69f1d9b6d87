//! How migrations went, as rows.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use signalbox_domain::{
    history::{Lap, MigrationJob, Outcome},
    ids::{CommitSha, DeploymentId, EnvironmentName},
    ports::{History, Laps, StoreError},
};

use super::{
    SqlStore,
    database::{Row, Value},
    error,
};

const ENDED: &str = "
    INSERT INTO migration_jobs (job, deployment, environment, commit_sha, started_at, took_ms, outcome)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (job) DO UPDATE SET took_ms = excluded.took_ms, outcome = excluded.outcome
    RETURNING tenants";

/// What was learned once stays.
const LEARNED: &str = "UPDATE migration_jobs SET tenants = $2, workers = $3 WHERE job = $1 AND tenants IS NULL";

const FORGET: &str = "
    DELETE FROM laps WHERE job IN (SELECT job FROM migration_jobs WHERE environment = $1) AND job NOT IN (
        SELECT job FROM migration_jobs WHERE environment = $1 ORDER BY started_at DESC, job DESC LIMIT $2)";

const JOBS: &str = "
    SELECT job, deployment, environment, commit_sha, started_at, took_ms, outcome, tenants, workers FROM migration_jobs
    WHERE environment = $1 AND started_at >= $2 ORDER BY started_at, job";

const LAPS: &str = "
    SELECT l.job AS job, tenant, migration, l.took_ms AS took_ms, bytes FROM laps l JOIN migration_jobs j ON j.job = l.job";

/// Of how many jobs of an environment the laps are kept. A thousand tenants with four migrations each leave four
/// thousand of them a job.
const REMEMBERED_JOBS: i64 = 30;
/// How many laps go into one statement: PostgreSQL takes 65,535 values, SQLite 32,766.
const AT_ONCE: usize = 1_000;

#[async_trait]
impl History for SqlStore {
    async fn ended(&self, job: &MigrationJob) -> Result<bool, StoreError> {
        let values = [
            Value::id(job.job)?,
            job.deployment.0.into(),
            job.environment.as_str().into(),
            job.commit.as_str().into(),
            job.started_at.into(),
            milliseconds(job.took),
            job.outcome.word().into(),
        ];
        let mut transaction = self.database.begin().await?;
        let rows = transaction.rows(ENDED, &values).await?;
        let tenants: Option<i64> = rows.first().map(|row| row.get("tenants")).transpose()?.flatten();
        transaction.commit().await?;
        Ok(tenants.is_none())
    }

    async fn learned(&self, job: &MigrationJob, laps: &[Lap]) -> Result<(), StoreError> {
        let id = Value::id(job.job)?;
        let mut transaction = self.database.begin().await?;
        let number = |count: Option<u32>| Value::from(i64::from(count.unwrap_or_default()));
        if transaction.execute(LEARNED, &[id.clone(), number(job.tenants), number(job.workers)]).await? == 0 {
            return Ok(());
        }
        for some in laps.chunks(AT_ONCE) {
            let mut values = vec![id.clone()];
            for lap in some {
                let (tenant, migration) = (lap.tenant.as_str().into(), lap.migration.as_str().into());
                let bytes = Value::Integer(lap.bytes.and_then(|bytes| i64::try_from(bytes).ok()));
                values.extend([tenant, migration, milliseconds(lap.took), bytes]);
            }
            transaction.execute(&insert(some.len()), &values).await?;
        }
        transaction.execute(FORGET, &[job.environment.as_str().into(), REMEMBERED_JOBS.into()]).await?;
        transaction.commit().await
    }

    async fn jobs(&self, environment: &EnvironmentName, since: Timestamp) -> Result<Vec<MigrationJob>, StoreError> {
        let rows = self.database.rows(JOBS, &[environment.as_str().into(), since.into()]).await?;
        rows.iter().map(job).collect()
    }

    async fn laps(&self, which: Laps) -> Result<Vec<Lap>, StoreError> {
        let (condition, values) = match &which {
            Laps::Of(environment, since) => (
                "WHERE j.environment = $1 AND j.started_at >= $2".to_owned(),
                vec![environment.as_str().into(), (*since).into()],
            ),
            Laps::Named(names) if names.is_empty() => return Ok(vec![]),
            Laps::Named(names) => {
                let places: Vec<String> = (1..=names.len()).map(|n| format!("${n}")).collect();
                let names = names.iter().map(|name| name.as_str().into()).collect();
                (format!("WHERE migration IN ({})", places.join(", ")), names)
            }
        };
        let statement = format!("{LAPS} {condition} ORDER BY j.started_at, l.job, tenant, migration");
        let rows = self.database.rows(&statement, &values).await?;
        rows.iter().map(lap).collect()
    }
}

/// A ledger may have the same migration twice; its first lap is kept.
fn insert(laps: usize) -> String {
    let row = |n: usize| format!("($1, ${}, ${}, ${}, ${})", 4 * n + 2, 4 * n + 3, 4 * n + 4, 4 * n + 5);
    let rows: Vec<String> = (0..laps).map(row).collect();
    format!(
        "INSERT INTO laps (job, tenant, migration, took_ms, bytes) VALUES {} ON CONFLICT DO NOTHING",
        rows.join(", ")
    )
}

fn milliseconds(length: SignedDuration) -> Value {
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX).into()
}

fn job(row: &Row) -> Result<MigrationJob, StoreError> {
    let (environment, commit): (String, String) = (row.get("environment")?, row.get("commit_sha")?);
    let outcome: String = row.get("outcome")?;
    let count = |count: Option<i64>| count.and_then(|count| u32::try_from(count).ok());
    let unreadable = |what: &str| error::corrupt("a migration job", format!("{what:?} is not understood"));
    Ok(MigrationJob {
        job: row.id("job")?,
        deployment: DeploymentId(row.get("deployment")?),
        environment: EnvironmentName::parse(&environment).map_err(|_| unreadable(&environment))?,
        commit: CommitSha::parse(&commit).map_err(|_| unreadable(&commit))?,
        started_at: row.time("started_at")?,
        took: SignedDuration::from_millis(row.get("took_ms")?),
        outcome: Outcome::of_word(&outcome).ok_or_else(|| unreadable(&outcome))?,
        tenants: count(row.get("tenants")?),
        workers: count(row.get("workers")?),
    })
}

fn lap(row: &Row) -> Result<Lap, StoreError> {
    Ok(Lap {
        job: row.id("job")?,
        tenant: row.get("tenant")?,
        migration: row.get("migration")?,
        took: SignedDuration::from_millis(row.get("took_ms")?),
        bytes: row.get::<Option<i64>>("bytes")?.and_then(|bytes| u64::try_from(bytes).ok()),
    })
}
