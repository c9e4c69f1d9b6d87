//! The audit trail. Rows are only ever added, each chained to the one before it
//! ([`signalbox_domain::audit`]); the database refuses to change or remove one, and to fork the chain.

use async_trait::async_trait;
use serde_json::{Map, Value as Json};
use signalbox_domain::{
    audit::{self, ANCHORED, Content, Hash, Head, Row as Link},
    effect::Entry,
    ids::DeploymentId,
    ports::{Rows, StoreError, Trail},
};

use super::{
    OpenError, SqlStore,
    database::{Database, Row, Transaction, Value},
    deployments, error,
};

/// The migration that made the trail a chain.
const CHAINED: i64 = 4;

const INSERT: &str = "
    INSERT INTO audit (seq, at, actor, action, subject, detail, record, previous, hash)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

/// Adds lines within a transaction; `record` is the hash of the record that the change leaves behind.
/// To be called last: until the transaction ends, everybody else who has something to add waits.
pub(super) async fn append(
    transaction: &mut Transaction,
    entries: &[Entry],
    record: Option<Hash>,
) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let Some(head) = locked_head(transaction).await? else {
        return Err(error::corrupt("the audit trail", "it has no last row; `audit_head` was emptied"));
    };
    extend(transaction, head, entries, record).await
}

async fn extend(
    transaction: &mut Transaction,
    mut head: Head,
    entries: &[Entry],
    record: Option<Hash>,
) -> Result<(), StoreError> {
    for entry in entries {
        let row = Link::after(head, entry.clone(), record);
        head = row.head();
        let Content::Open { entry, record } = &row.content else { continue };
        let values = [
            row.seq.into(),
            entry.at.into(),
            entry.actor.as_str().into(),
            entry.action.as_str().into(),
            entry.subject.as_str().into(),
            entry.detail.as_str().into(),
            Value::Text(record.map(Into::into)),
            Value::Text(Some(row.previous.into())),
            Value::Text(Some(row.hash.into())),
        ];
        transaction.execute(INSERT, &values).await?;
    }
    Ok(())
}

/// The last row, so that nobody else can add one until the transaction ends. `None`: nothing is chained yet.
async fn locked_head(transaction: &mut Transaction) -> Result<Option<Head>, StoreError> {
    let statement = format!("SELECT seq, hash FROM audit_head {}", transaction.for_update());
    let rows = transaction.rows(&statement, &[]).await?;
    rows.first().map_or(Ok(None), head)
}

fn head(row: &Row) -> Result<Option<Head>, StoreError> {
    let (Some(seq), Some(hash)) = (row.get("seq")?, row.get::<Option<String>>("hash")?) else { return Ok(None) };
    let hash = Hash::parse(&hash).map_err(|error| error::corrupt("the audit trail's last row", error))?;
    Ok(Some(Head { seq, hash }))
}

/// Chains what was written before there was a chain; after that there is nothing left to do.
pub(super) async fn chain_earlier(database: &Database) -> Result<(), StoreError> {
    let mut transaction = database.begin().await?;
    if locked_head(&mut transaction).await?.is_some() {
        return Ok(());
    }
    let start = [Head::START.seq.into(), Value::Text(Some(Head::START.hash.into()))];
    transaction.execute("UPDATE audit_head SET seq = $1, hash = $2", &start).await?;
    let earlier = "SELECT at, actor, action, subject, detail FROM audit_unchained ORDER BY seq";
    let earlier = transaction.rows(earlier, &[]).await?.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
    extend(&mut transaction, Head::START, &earlier, None).await?;
    transaction.execute("DROP TABLE audit_unchained", &[]).await?;
    transaction.commit().await
}

/// Refuses a store whose trail is no chain yet, or that is no store of ours.
pub(super) async fn is_chained(database: &Database, place: &str) -> Result<(), OpenError> {
    let not_ours = |error: StoreError| OpenError::Unreachable { place: place.to_owned(), source: error.into() };
    let latest = database.rows("SELECT MAX(version) AS version FROM _sqlx_migrations", &[]).await.map_err(not_ours)?;
    let version = latest.first().map_or(Ok(None), |row| row.get::<Option<i64>>("version")).map_err(not_ours)?;
    let unchained = || OpenError::Unchained { place: place.to_owned() };
    if version.is_none_or(|version| version < CHAINED) {
        return Err(unchained());
    }
    // An emptied table is for the verifier to judge.
    let earlier = database.rows("SELECT one FROM audit_head WHERE seq IS NULL", &[]).await.map_err(not_ours)?;
    if earlier.is_empty() { Ok(()) } else { Err(unchained()) }
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

/// A row as it was read, whatever it holds: judging it is for the verifier.
fn link(row: &Row) -> Result<Link, StoreError> {
    let seq = row.get("seq")?;
    let hash = |text: String| {
        let unreadable = |error| error::corrupt(&format!("row {seq} of the audit trail"), error);
        Hash::parse(&text).map_err(unreadable)
    };
    let record = row.get::<Option<String>>("record")?.map(hash).transpose()?;
    let content = Content::Open { entry: entry(row)?, record };
    Ok(Link { seq, previous: hash(row.get("previous")?)?, content, hash: hash(row.get("hash")?)? })
}

#[async_trait]
impl Trail for SqlStore {
    async fn head(&self) -> Result<Head, StoreError> {
        let rows = self.database.rows("SELECT seq, hash FROM audit_head", &[]).await?;
        let found = rows.first().map_or(Ok(None), head)?;
        found.ok_or_else(|| error::corrupt("the audit trail", "it has no last row; `audit_head` was emptied"))
    }

    async fn rows(&self, which: Rows) -> Result<Vec<Link>, StoreError> {
        let (which, values): (_, Vec<Value>) = match which {
            Rows::After(seq, limit) => {
                ("WHERE seq > $1 ORDER BY seq LIMIT $2", vec![seq.into(), i64::from(limit).into()])
            }
            Rows::About(subject) => ("WHERE subject = $1 ORDER BY seq", vec![subject.as_str().into()]),
            Rows::Anchored(seq) => {
                let values = vec![seq.into(), ANCHORED.into()];
                ("WHERE seq > $1 AND action = $2 ORDER BY seq LIMIT 1", values)
            }
            Rows::Between(since, until) => {
                let span = "WHERE seq >= (SELECT MIN(seq) FROM audit WHERE at >= $1)
                    AND seq <= (SELECT MAX(seq) FROM audit WHERE at < $2) ORDER BY seq";
                (span, vec![since.into(), until.into()])
            }
        };
        let statement =
            format!("SELECT seq, at, actor, action, subject, detail, record, previous, hash FROM audit {which}");
        self.database.rows(&statement, &values).await?.iter().map(link).collect()
    }

    async fn record(&self, id: DeploymentId) -> Result<Option<Map<String, Json>>, StoreError> {
        let rows = self.database.rows(deployments::BY_ID, &[id.0.into()]).await?;
        rows.first().map(|row| Ok(audit::record(&deployments::fields(row)?))).transpose()
    }
}
