//! Who is who at GitHub, as rows. None is removed; its end is filled in.

use async_trait::async_trait;
use jiff::Timestamp;
use signalbox_domain::{
    effect::Entry,
    ids::{Person, PersonId},
    link::{Link, Login},
    ports::{Linked, Links, StoreError},
};

use super::{
    SqlStore, audit,
    database::{Row, Transaction, Value},
    error,
};

const STANDING: &str = "SELECT person_id, person_name, login, asked_at, confirmed_at FROM links
    WHERE removed_at IS NULL";

/// An ask that nobody has confirmed makes room for another one.
const REPLACE: &str = "UPDATE links SET removed_at = $2, removed_by = $1
    WHERE person_id = $1 AND removed_at IS NULL AND confirmed_at IS NULL";

const ASK: &str = "INSERT INTO links (person_id, person_name, login, asked_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT DO NOTHING";

const CONFIRM: &str = "UPDATE links SET confirmed_at = $3, confirmed_by = $4
    WHERE person_id = $1 AND login = $2 AND removed_at IS NULL AND confirmed_at IS NULL";

const REMOVE: &str = "UPDATE links SET removed_at = $2, removed_by = $3
    WHERE person_id = $1 AND removed_at IS NULL";

#[async_trait]
impl Links for SqlStore {
    async fn links(&self) -> Result<Vec<Link>, StoreError> {
        let rows = self.database.rows(&format!("{STANDING} ORDER BY id"), &[]).await?;
        rows.iter().map(link).collect()
    }

    async fn ask(&self, link: &Link, entry: Entry) -> Result<Linked, StoreError> {
        let mut transaction = self.database.begin().await?;
        let person = Value::id(link.person.id.0)?;
        transaction.execute(REPLACE, &[person.clone(), link.asked.into()]).await?;
        if let Some(taken) = in_the_way(&mut transaction, link).await? {
            return Ok(Linked::Taken(taken));
        }
        let values = [person, link.person.name.as_str().into(), link.login.as_str().into(), link.asked.into()];
        if transaction.execute(ASK, &values).await? == 0 {
            return Err(StoreError::Unavailable("they asked twice at the same time".into()));
        }
        audit::append(&mut transaction, &[entry], None).await?;
        transaction.commit().await?;
        Ok(Linked::Done)
    }

    async fn confirm(&self, link: &Link, by: &Person, entry: Entry) -> Result<Linked, StoreError> {
        let mut transaction = self.database.begin().await?;
        let values = [Value::id(link.person.id.0)?, link.login.as_str().into(), entry.at.into(), Value::id(by.id.0)?];
        match transaction.execute(CONFIRM, &values).await {
            Ok(0) => return Ok(Linked::Nothing),
            Err(error) if error::is_taken(&error) => {
                // A failed statement ends a transaction in PostgreSQL.
                drop(transaction);
                let mut transaction = self.database.begin().await?;
                return Ok(match in_the_way(&mut transaction, link).await? {
                    Some(taken) => Linked::Taken(taken),
                    None => Linked::Nothing,
                });
            }
            other => other?,
        };
        audit::append(&mut transaction, &[entry], None).await?;
        transaction.commit().await?;
        Ok(Linked::Done)
    }

    async fn unlink(&self, person: PersonId, by: &Person, entry: Entry) -> Result<Linked, StoreError> {
        let mut transaction = self.database.begin().await?;
        let values = [Value::id(person.0)?, entry.at.into(), Value::id(by.id.0)?];
        if transaction.execute(REMOVE, &values).await? == 0 {
            return Ok(Linked::Nothing);
        }
        audit::append(&mut transaction, &[entry], None).await?;
        transaction.commit().await?;
        Ok(Linked::Done)
    }
}

/// A confirmed link of the same person or the same login.
async fn in_the_way(transaction: &mut Transaction, wanted: &Link) -> Result<Option<Link>, StoreError> {
    let which =
        format!("{STANDING} AND confirmed_at IS NOT NULL AND (person_id = $1 OR login = $2) ORDER BY id LIMIT 1");
    let values = [Value::id(wanted.person.id.0)?, wanted.login.as_str().into()];
    transaction.rows(&which, &values).await?.first().map(link).transpose()
}

fn link(row: &Row) -> Result<Link, StoreError> {
    let login: String = row.get("login")?;
    let confirmed: Option<i64> = row.get("confirmed_at")?;
    let confirmed = confirmed.map(Timestamp::from_millisecond).transpose();
    Ok(Link {
        person: Person { id: PersonId(row.id("person_id")?), name: row.get("person_name")? },
        // A login that cannot be read must not look like somebody who wrote nothing.
        login: Login::parse(&login).ok_or_else(|| error::corrupt("a link", format!("{login:?} is no login")))?,
        asked: row.time("asked_at")?,
        confirmed: confirmed.map_err(|error| error::corrupt("a link", error))?,
    })
}
