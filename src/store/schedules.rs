//! Schedules and observations as rows. Each claim raises `claims`, so that a process whose lease ended cannot settle
//! what another one took over.

use async_trait::async_trait;
use jiff::Timestamp;
use signalbox_domain::{
    ports::{Firing, Observations, Planned, Schedules, StoreError},
    schedule::{Ran, Standing},
};

use super::{
    SqlStore,
    database::{Row, Value},
    error,
};

const PLAN: &str = "
    INSERT INTO schedules (name, spec, due_at) VALUES ($1, $2, $3)
    ON CONFLICT (name) DO UPDATE SET spec = excluded.spec, due_at = excluded.due_at
    WHERE schedules.spec <> excluded.spec";

const CLAIM: &str = "
    UPDATE schedules SET lease_until = $2, claims = claims + 1
    WHERE name IN (SELECT name FROM ready) RETURNING name, due_at, claims";

const RAN: &str = "
    UPDATE schedules SET lease_until = NULL, last = $3, due_at = $4
    WHERE name = $1 AND claims = $2 AND lease_until IS NOT NULL";

const OBSERVE: &str = "
    INSERT INTO observations (subject, document, observed_at) VALUES ($1, $2, $3)
    ON CONFLICT (subject) DO UPDATE SET document = excluded.document, observed_at = excluded.observed_at";

impl SqlStore {
    /// One statement; whether it changed anything.
    async fn changes(&self, statement: &str, values: &[Value]) -> Result<bool, StoreError> {
        Ok(self.database.execute(statement, values).await? > 0)
    }
}

#[async_trait]
impl Schedules for SqlStore {
    async fn plan(&self, schedules: &[Planned]) -> Result<(), StoreError> {
        let mut transaction = self.database.begin().await?;
        for planned in schedules {
            let values = [planned.name.as_str().into(), planned.spec.as_str().into(), planned.due.into()];
            transaction.execute(PLAN, &values).await?;
        }
        for row in transaction.rows("SELECT name FROM schedules ORDER BY name", &[]).await? {
            let name: String = row.get("name")?;
            if !schedules.iter().any(|planned| planned.name == name) {
                transaction.execute("DELETE FROM schedules WHERE name = $1", &[name.as_str().into()]).await?;
            }
        }
        transaction.commit().await
    }

    async fn schedules(&self) -> Result<Vec<Standing>, StoreError> {
        let statement = "SELECT name, due_at, lease_until, last FROM schedules ORDER BY name";
        self.database.rows(statement, &[]).await?.iter().map(standing).collect()
    }

    async fn claim_firings(&self, now: Timestamp, until: Timestamp) -> Result<Vec<Firing>, StoreError> {
        let statement = format!(
            "WITH ready AS MATERIALIZED (
                SELECT name FROM schedules WHERE due_at <= $1 AND (lease_until IS NULL OR lease_until <= $1)
                ORDER BY name {}
            ) {CLAIM}",
            self.database.skip_locked()
        );
        let mut transaction = self.database.begin().await?;
        let rows = transaction.rows(&statement, &[now.into(), until.into()]).await?;
        transaction.commit().await?;
        let firing =
            |row: &Row| Ok(Firing { name: row.get("name")?, due: row.time("due_at")?, claim: row.get("claims")? });
        rows.iter().map(firing).collect()
    }

    async fn renew(&self, firing: &Firing, until: Timestamp) -> Result<bool, StoreError> {
        let statement = "UPDATE schedules SET lease_until = $3
            WHERE name = $1 AND claims = $2 AND lease_until IS NOT NULL";
        self.changes(statement, &[firing.name.as_str().into(), firing.claim.into(), until.into()]).await
    }

    async fn ran(&self, firing: &Firing, ran: &Ran, next: Timestamp) -> Result<bool, StoreError> {
        let last = serde_json::to_string(ran).map_err(|error| error::corrupt(&firing.name, error))?;
        let values = [firing.name.as_str().into(), firing.claim.into(), last.as_str().into(), next.into()];
        self.changes(RAN, &values).await
    }

    async fn give_back(&self, firing: &Firing) -> Result<(), StoreError> {
        let statement = "UPDATE schedules SET lease_until = NULL WHERE name = $1 AND claims = $2";
        self.changes(statement, &[firing.name.as_str().into(), firing.claim.into()]).await.map(|_| ())
    }
}

#[async_trait]
impl Observations for SqlStore {
    async fn observed(&self, subject: &str) -> Result<Option<(String, Timestamp)>, StoreError> {
        let statement = "SELECT document, observed_at FROM observations WHERE subject = $1";
        let rows = self.database.rows(statement, &[subject.into()]).await?;
        rows.first().map(|row| Ok((row.get("document")?, row.time("observed_at")?))).transpose()
    }

    async fn all_observed(&self, subjects: &[String]) -> Result<Vec<(String, String)>, StoreError> {
        if subjects.is_empty() {
            return Ok(vec![]);
        }
        let each: Vec<_> = (1..=subjects.len()).map(|n| format!("${n}")).collect();
        let statement = format!("SELECT subject, document FROM observations WHERE subject IN ({})", each.join(", "));
        let values: Vec<Value> = subjects.iter().map(|subject| subject.as_str().into()).collect();
        let rows = self.database.rows(&statement, &values).await?;
        rows.iter().map(|row| Ok((row.get("subject")?, row.get("document")?))).collect()
    }

    async fn observe(&self, subject: &str, document: &str, at: Timestamp) -> Result<(), StoreError> {
        self.changes(OBSERVE, &[subject.into(), document.into(), at.into()]).await.map(|_| ())
    }
}

/// What came of the last one is shown and decides nothing: one that cannot be read is as good as none.
fn standing(row: &Row) -> Result<Standing, StoreError> {
    let last: Option<String> = row.get("last")?;
    let leased: Option<i64> = row.get("lease_until")?;
    let corrupt = |error| error::corrupt("a schedule", error);
    Ok(Standing {
        name: row.get("name")?,
        due: row.time("due_at")?,
        leased_until: leased.map(Timestamp::from_millisecond).transpose().map_err(corrupt)?,
        last: last.and_then(|text| serde_json::from_str(&text).ok()),
    })
}
