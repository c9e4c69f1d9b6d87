//! Who wants to hear of what in direct messages, as rows.

use async_trait::async_trait;
use jiff::Timestamp;
use signalbox_domain::{
    effect::Entry,
    ids::{EnvironmentName, Person, PersonId},
    notice::{Kind, Subscription},
    ports::{StoreError, Subscriptions},
};

use super::{
    SqlStore, audit,
    database::{Row, Value},
    error,
};

/// What stands for all environments; none can be called that.
const ALL: &str = "all";

const SUBSCRIBE: &str = "
    INSERT INTO subscriptions (person_id, environment, person_name, kinds, since) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (person_id, environment) DO UPDATE
    SET person_name = excluded.person_name, kinds = excluded.kinds, since = excluded.since, paused_at = NULL";

#[async_trait]
impl Subscriptions for SqlStore {
    async fn subscriptions(&self) -> Result<Vec<Subscription>, StoreError> {
        let statement = "SELECT person_id, environment, person_name, kinds, since, paused_at FROM subscriptions
            ORDER BY person_id, environment";
        self.database.rows(statement, &[]).await?.iter().map(subscription).collect()
    }

    async fn subscribe(&self, subscription: &Subscription, entry: Entry) -> Result<(), StoreError> {
        let kinds = subscription.kinds.iter().map(|kind| kind.word()).collect::<Vec<_>>().join(",");
        let values = [
            Value::id(subscription.person.id.0)?,
            reach(subscription.environment.as_ref()),
            subscription.person.name.as_str().into(),
            kinds.as_str().into(),
            subscription.since.into(),
        ];
        let mut transaction = self.database.begin().await?;
        transaction.execute(SUBSCRIBE, &values).await?;
        audit::append(&mut transaction, &[entry], None).await?;
        transaction.commit().await
    }

    async fn unsubscribe(
        &self,
        person: PersonId,
        environment: Option<&EnvironmentName>,
        entry: Entry,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.database.begin().await?;
        let removed = match environment {
            Some(name) => {
                let values = [Value::id(person.0)?, reach(Some(name))];
                let statement = "DELETE FROM subscriptions WHERE person_id = $1 AND environment = $2";
                transaction.execute(statement, &values).await?
            }
            None => {
                transaction.execute("DELETE FROM subscriptions WHERE person_id = $1", &[Value::id(person.0)?]).await?
            }
        };
        if removed == 0 {
            return Ok(false);
        }
        audit::append(&mut transaction, &[entry], None).await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn pause(&self, person: PersonId, at: Timestamp) -> Result<bool, StoreError> {
        let mut transaction = self.database.begin().await?;
        let statement = "UPDATE subscriptions SET paused_at = $2 WHERE person_id = $1 AND paused_at IS NULL";
        let paused = transaction.execute(statement, &[Value::id(person.0)?, at.into()]).await?;
        transaction.commit().await?;
        Ok(paused > 0)
    }
}

fn reach(environment: Option<&EnvironmentName>) -> Value {
    environment.map_or(ALL, EnvironmentName::as_str).into()
}

fn subscription(row: &Row) -> Result<Subscription, StoreError> {
    let environment: String = row.get("environment")?;
    let kinds: String = row.get("kinds")?;
    let paused: Option<i64> = row.get("paused_at")?;
    let unreadable = |why: String| error::corrupt("a subscription", why);
    Ok(Subscription {
        person: Person { id: PersonId(row.id("person_id")?), name: row.get("person_name")? },
        environment: match environment.as_str() {
            ALL => None,
            name => Some(EnvironmentName::parse(name).map_err(|bad| unreadable(bad.to_string()))?),
        },
        kinds: Kind::parse_list(&kinds).map_err(|word| unreadable(format!("{word:?} is no kind")))?,
        since: row.time("since")?,
        paused: paused.map(Timestamp::from_millisecond).transpose().map_err(|bad| unreadable(bad.to_string()))?,
    })
}
