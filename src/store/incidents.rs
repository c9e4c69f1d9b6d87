//! Incidents as rows. The document is the incident; the columns beside it are what is looked up.

use async_trait::async_trait;
use signalbox_domain::{
    effect::{Due, Entry},
    ids::IncidentId,
    incident::Incident,
    ports::{Incidents, StoreError},
};

use super::{
    SqlStore, audit,
    database::{Row, Value},
    error, outbox,
};

const READ: &str = "
    SELECT id, revision, document FROM incidents WHERE closed_at IS NULL
    OR id IN (SELECT id FROM incidents WHERE closed_at IS NOT NULL ORDER BY closed_at DESC, id DESC LIMIT $1)
    ORDER BY COALESCE(closed_at, 0), id";

const INSERT: &str = "
    INSERT INTO incidents (environment, opened_at, closed_at, document, revision) VALUES ($1, $2, $3, $4, 0)
    RETURNING id";

const UPDATE: &str = "
    UPDATE incidents SET environment = $1, opened_at = $2, closed_at = $3, document = $4, revision = revision + 1
    WHERE id = $5 AND revision = $6";

#[async_trait]
impl Incidents for SqlStore {
    async fn incidents(&self, closed: u32) -> Result<Vec<Incident>, StoreError> {
        self.database.rows(READ, &[i64::from(closed).into()]).await?.iter().map(incident).collect()
    }

    async fn record_incident(
        &self,
        mut incident: Incident,
        mut entry: Entry,
        plan: &(dyn for<'i> Fn(&'i Incident) -> Vec<Due> + Send + Sync),
    ) -> Result<Incident, StoreError> {
        let document = serde_json::to_string(&incident).map_err(|error| error::corrupt("an incident", error))?;
        let mut values: Vec<Value> = vec![
            incident.environment.as_ref().map_or(Value::Text(None), |name| name.as_str().into()),
            incident.opened.at.into(),
            incident.closed.as_ref().map_or(Value::Integer(None), |(_, at)| (*at).into()),
            document.as_str().into(),
        ];
        let mut transaction = self.database.begin().await?;
        if incident.id == IncidentId(0) {
            let inserted = transaction.rows(INSERT, &values).await?;
            let row = inserted.first().ok_or(StoreError::Overtaken)?;
            incident.id = IncidentId(row.get("id")?);
            entry.subject = incident.subject();
        } else {
            values.extend([incident.id.0.into(), incident.revision.into()]);
            if transaction.execute(UPDATE, &values).await? == 0 {
                return Err(StoreError::Overtaken);
            }
            incident.revision += 1;
        }
        outbox::put(&mut transaction, plan(&incident)).await?;
        audit::append(&mut transaction, &[entry], None).await?;
        transaction.commit().await?;
        Ok(incident)
    }
}

fn incident(row: &Row) -> Result<Incident, StoreError> {
    let id: i64 = row.get("id")?;
    let read: Result<Incident, _> = serde_json::from_str(&row.get::<String>("document")?);
    let incident = read.map_err(|error| error::corrupt(&format!("incident {id}"), error))?;
    Ok(Incident { id: IncidentId(id), revision: row.get("revision")?, ..incident })
}
