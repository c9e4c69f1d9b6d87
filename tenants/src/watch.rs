//! A fleet that is read once and kept up to date.

use std::time::{Duration, Instant};

use sqlx::{Connection, Executor, PgConnection};

use crate::audit::{Timing, ms};
use crate::catalog::{ACTION, Reading, Session, Show, Shown};
use crate::feed::{self, Horizon, Pulse};
use crate::{Audit, AuditOptions, Change, Doubt, Error, TenantDatabase};

/// All that the catalogs say of a fleet, kept up to date at the price of what changed.
///
/// [`Watch::refresh`] first asks the counters ([`TenantDatabase::pulse`]), which costs a millisecond or two at
/// any size. When they moved, the catalogs that were written to are searched for the schemas in question, and
/// only these are read again, by index. Where that could miss anything, everything is read.
///
/// It keeps one connection, on which no transaction stays open. A dropped [`Watch::refresh`] loses what was
/// read, and the next one reads everything.
#[derive(Debug)]
pub struct Watch {
    database: TenantDatabase,
    connection: Option<PgConnection>,
    known: Option<(Reading, Horizon)>,
    shown: Shown,
    took: Duration,
}

/// What a refresh did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refreshed {
    /// Nothing: no DDL was counted, or none that concerns a schema.
    Nothing,
    /// Read these schemas again, sorted by name, and those that refer to something in them. They may look as
    /// before.
    Schemas(Vec<String>),
    /// Read everything again: for this doubt; with none, because too much changed or others depend on it.
    Everything(Option<Doubt>),
}

impl TenantDatabase {
    /// Reads everything, to be kept up to date.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn watch(&self) -> Result<Watch, Error> {
        let mut watch =
            Watch { database: self.clone(), connection: None, known: None, shown: Shown::new(), took: Duration::ZERO };
        watch.reread().await?;
        Ok(watch)
    }
}

impl Watch {
    /// Reads what changed since the last refresh.
    ///
    /// A change that was committed [`Pulse::lag`] ago or earlier is not missed, but for what the counters cannot
    /// see; a [`Watch::reread`] now and then is due as with [`TenantDatabase::pulse`].
    ///
    /// # Errors
    /// When the database cannot be asked. What was known is forgotten then, and the next refresh reads everything.
    pub async fn refresh(&mut self) -> Result<Refreshed, Error> {
        let database = self.database.clone();
        let begun = Instant::now();
        let refreshed = database.within(database.longest(), ACTION, self.look()).await;
        database.gauge().end();
        let refreshed = refreshed?;
        if refreshed != Refreshed::Nothing {
            self.took = begun.elapsed();
        }
        Ok(refreshed)
    }

    /// Reads these schemas again, whatever the counters say: some milliseconds for each. For those who know where
    /// something happened, as from [`TenantDatabase::activity`].
    ///
    /// # Errors
    /// When the database cannot be asked. What was known is forgotten then, and the next refresh reads everything.
    pub async fn look_at(&mut self, schemas: &[&str]) -> Result<Refreshed, Error> {
        let database = self.database.clone();
        let begun = Instant::now();
        let refreshed = database.within(database.longest(), ACTION, self.look_at_once(schemas)).await;
        database.gauge().end();
        let refreshed = refreshed?;
        self.took = begun.elapsed();
        Ok(refreshed)
    }

    /// Reads everything again.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn reread(&mut self) -> Result<(), Error> {
        self.known = None;
        self.refresh().await.map(drop)
    }

    /// Compares the tenants as they were read last. Ledgers, when they are wanted, are read now.
    ///
    /// # Errors
    /// When nothing could be read last time, the reference is not there, or differing expressions or ledgers
    /// cannot be asked for.
    pub async fn audit(&mut self, options: &AuditOptions) -> Result<Audit, Error> {
        if self.known.is_none() {
            self.refresh().await?;
        }
        let begun = Instant::now();
        let Some((reading, _)) = &self.known else { return Err(Error::Timeout { action: ACTION, after: self.took }) };
        let ledgers = if options.ledgers { Some(self.database.ledgers().await?) } else { None };
        let catalog = reading.catalog();
        let bytes = catalog.bytes;
        let compared = self.database.compare(catalog, ledgers.as_ref(), options, &Show::Differing, &mut self.shown);
        let mut audit = compared.await?.audit;
        audit.timing = Timing { read_ms: ms(self.took), total_ms: ms(self.took + begun.elapsed()), bytes };
        Ok(audit)
    }

    /// Ends the session.
    pub async fn close(mut self) {
        if let Some(connection) = self.connection.take() {
            // The session is over either way.
            let _ = connection.close().await;
        }
    }

    async fn look(&mut self) -> sqlx::Result<Refreshed> {
        let known = self.known.take();
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.database.connect_once().await?,
        };
        // In a transaction of its own: counters have to be read before the snapshot is taken.
        let pulse = self.pulse(&mut connection).await?;
        let Some((mut reading, mut horizon)) = known else { return self.everything(connection, pulse, None).await };
        match horizon.change(&pulse) {
            Change::Nothing => {
                self.connection = Some(connection);
                self.known = Some((reading, horizon));
                return Ok(Refreshed::Nothing);
            }
            Change::Unsure(doubt) => return self.everything(connection, pulse, Some(doubt)).await,
            Change::Something => {}
        }
        let mut session = Session::on(connection, &self.database).await?;
        let found = match session.first() {
            Some(first) => horizon.advance(first, pulse.clone()).await?,
            None => return Err(sqlx::Error::WorkerCrashed),
        };
        let again = match &found {
            Ok(schemas) if schemas.is_empty() => Some(()),
            Ok(schemas) => reading.again(&mut session, schemas).await?,
            Err(_) => None,
        };
        let connection = session.rest().await?;
        match (found, again) {
            (Ok(schemas), Some(())) => {
                self.connection = Some(connection);
                self.known = Some((reading, horizon));
                let names: Vec<String> = schemas.into_iter().map(|(_, name)| name).collect();
                Ok(if names.is_empty() { Refreshed::Nothing } else { Refreshed::Schemas(names) })
            }
            (found, _) => self.everything(connection, pulse, found.err()).await,
        }
    }

    async fn look_at_once(&mut self, names: &[&str]) -> sqlx::Result<Refreshed> {
        let (known, connection) = (self.known.take(), self.connection.take());
        let (Some((mut reading, horizon)), Some(connection)) = (known, connection) else { return self.look().await };
        let schemas = reading.schemas(names);
        let mut session = Session::on(connection, &self.database).await?;
        let again = match &schemas {
            Some(schemas) => reading.again(&mut session, schemas).await?,
            None => None,
        };
        self.connection = Some(session.rest().await?);
        match (schemas, again) {
            (Some(schemas), Some(())) => {
                self.known = Some((reading, horizon));
                Ok(Refreshed::Schemas(schemas.into_iter().map(|(_, name)| name).collect()))
            }
            _ => self.look().await,
        }
    }

    async fn pulse(&self, connection: &mut PgConnection) -> sqlx::Result<Pulse> {
        connection.execute(&*format!("BEGIN READ ONLY; {}", self.database.settings())).await?;
        let pulse = feed::read(connection).await?;
        connection.execute("ROLLBACK").await?;
        Ok(pulse)
    }

    async fn everything(
        &mut self,
        connection: PgConnection,
        pulse: Pulse,
        doubt: Option<Doubt>,
    ) -> sqlx::Result<Refreshed> {
        let mut session = Session::on(connection, &self.database).await?;
        session.join(&self.database).await;
        let reading = Reading::to_keep(&mut session).await?;
        let horizon = match session.first() {
            Some(first) => Horizon::of(first, pulse).await?,
            None => return Err(sqlx::Error::WorkerCrashed),
        };
        self.connection = Some(session.rest().await?);
        self.known = Some((reading, horizon));
        self.shown.clear();
        Ok(Refreshed::Everything(doubt))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever asks may do so on any thread.
    #[test]
    fn questions_can_be_moved_between_threads() {
        fn is_send<T: Send>(question: T) -> T {
            question
        }
        // Futures do nothing until they are awaited.
        fn questions(database: &TenantDatabase, watch: &mut Watch) {
            let options = AuditOptions::default();
            drop(is_send(database.audit(&options)));
            drop(is_send(database.ledgers()));
            drop(is_send(database.registry(&crate::RegistryOptions::default())));
            drop(is_send(database.inventory()));
            drop(is_send(database.watch()));
            drop(is_send(watch.refresh()));
            drop(is_send(watch.audit(&options)));
        }
        let _ = questions;
    }
}
