//! Locks on environments, and signatures as rows of their own.

use async_trait::async_trait;
use jiff::Timestamp;
use signalbox_domain::{
    deployment::Deployment,
    effect::Entry,
    gate::{Lock, Reach, Way, WhyEnded},
    ids::{Person, PersonId},
    ports::{Locks, StoreError},
};

use super::{
    SqlStore, audit,
    database::{Row, Transaction, Value},
    error,
};

const IN_FORCE: &str = "
    SELECT reach, person_id, person_name, reason, at, until FROM locks
    WHERE lifted_at IS NULL AND (until IS NULL OR until > $1)";

/// A lock that has ended by itself makes room for the next one.
const END: &str = "UPDATE locks SET lifted_at = until WHERE reach = $1 AND lifted_at IS NULL AND until <= $2";

const LOCK: &str = "
    INSERT INTO locks (reach, person_id, person_name, reason, at, until) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT DO NOTHING";

const LIFT: &str = "
    UPDATE locks SET lifted_at = $2, lifted_by = $3 WHERE reach = $1 AND lifted_at IS NULL";

const SIGN: &str = "
    INSERT INTO sign_offs (deployment, n, environment, commit_sha, category, person_id, person_name, seen_at,
        fingerprint, ended_at, ended_why, way, comment)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
    ON CONFLICT (deployment, n) DO UPDATE
    SET ended_at = excluded.ended_at, ended_why = excluded.ended_why, comment = excluded.comment";

#[async_trait]
impl Locks for SqlStore {
    async fn locks(&self, now: Timestamp) -> Result<Vec<Lock>, StoreError> {
        let rows = self.database.rows(&format!("{IN_FORCE} ORDER BY id"), &[now.into()]).await?;
        rows.iter().map(lock).collect()
    }

    async fn lock(&self, lock: Lock, entry: Entry) -> Result<Option<Lock>, StoreError> {
        let reach = lock.reach.to_string();
        let mut transaction = self.database.begin().await?;
        transaction.execute(END, &[reach.as_str().into(), lock.at.into()]).await?;
        let values = [
            reach.as_str().into(),
            Value::id(lock.by.id.0)?,
            lock.by.name.as_str().into(),
            lock.reason.as_str().into(),
            lock.at.into(),
            lock.until.map_or(Value::Integer(None), Value::from),
        ];
        if transaction.execute(LOCK, &values).await? == 0 {
            let before = in_force(&mut transaction, &reach, lock.at).await?;
            return before.map(Some).ok_or_else(|| StoreError::Unavailable("the lock changed hands meanwhile".into()));
        }
        audit::append(&mut transaction, &[entry], None).await?;
        transaction.commit().await?;
        Ok(None)
    }

    async fn unlock(&self, reach: &Reach, by: &Person, entry: Entry) -> Result<Option<Lock>, StoreError> {
        let name = reach.to_string();
        let mut transaction = self.database.begin().await?;
        let Some(found) = in_force(&mut transaction, &name, entry.at).await? else { return Ok(None) };
        transaction.execute(LIFT, &[name.as_str().into(), entry.at.into(), Value::id(by.id.0)?]).await?;
        audit::append(&mut transaction, &[entry], None).await?;
        transaction.commit().await?;
        Ok(Some(found))
    }
}

async fn in_force(transaction: &mut Transaction, reach: &str, now: Timestamp) -> Result<Option<Lock>, StoreError> {
    let rows = transaction.rows(&format!("{IN_FORCE} AND reach = $2"), &[now.into(), reach.into()]).await?;
    rows.first().map(lock).transpose()
}

fn lock(row: &Row) -> Result<Lock, StoreError> {
    let reach: String = row.get("reach")?;
    let until: Option<i64> = row.get("until")?;
    let until = until.map(Timestamp::from_millisecond).transpose();
    Ok(Lock {
        // A reach that cannot be read must not look like no lock.
        reach: Reach::parse(&reach).ok_or_else(|| error::corrupt("a lock", format!("{reach:?} is no environment")))?,
        by: Person { id: PersonId(row.id("person_id")?), name: row.get("person_name")? },
        reason: row.get("reason")?,
        at: row.time("at")?,
        until: until.map_err(|error| error::corrupt("a lock", error))?,
    })
}

/// Writes the signatures of a deployment beside it. None is ever removed; only its end and a comment are added.
pub(super) async fn record_sign_offs(transaction: &mut Transaction, d: &Deployment) -> Result<(), StoreError> {
    for (n, sign_off) in (0i64..).zip(&d.sign_offs) {
        let fingerprint = sign_off.fingerprint.as_ref().map(serde_json::to_string).transpose();
        let fingerprint = fingerprint.map_err(|error| error::corrupt("a signature", error))?;
        let ended = sign_off.ended.map(|ended| (ended.at, word(ended.why))).unzip();
        let values = [
            d.id.0.into(),
            n.into(),
            d.environment.as_str().into(),
            d.commit.as_str().into(),
            sign_off.category.as_str().into(),
            Value::id(sign_off.by.id.0)?,
            sign_off.by.name.as_str().into(),
            sign_off.seen.into(),
            fingerprint.as_deref().map_or(Value::Text(None), Value::from),
            ended.0.map_or(Value::Integer(None), Value::from),
            ended.1.map_or(Value::Text(None), Value::from),
            match sign_off.way {
                Way::Reaction => "reaction".into(),
                Way::Button => "button".into(),
            },
            sign_off.comment.as_deref().map_or(Value::Text(None), Value::from),
        ];
        transaction.execute(SIGN, &values).await?;
    }
    Ok(())
}

fn word(why: WhyEnded) -> &'static str {
    match why {
        WhyEnded::Withdrawn => "withdrawn",
        WhyEnded::SignedAgain => "signed_again",
        WhyEnded::RoleLost => "role_lost",
        WhyEnded::Left => "left",
        WhyEnded::CardGone => "card_gone",
    }
}
