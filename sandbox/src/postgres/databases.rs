//! Making and dropping databases on the server.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError};
use std::thread;

use sqlx::{Connection, PgConnection};

use super::{Error, Postgres, Server, administrator::Administrator, cluster};

/// Every database made by [`Postgres::fresh_database`] starts with this.
const FRESH: &str = "signalbox_test_";
/// And every one that [`Postgres::template`] keeps with this.
const TEMPLATE: &str = "signalbox_template_";

/// A database of its own, for one test; it is dropped with this value, together with its sessions.
#[derive(Debug)]
pub struct Database {
    /// Its name on the server.
    pub name: String,
    /// Its address, with the role that owns it.
    pub url: String,
    /// Who drops it; `None` when it is to stay.
    administrator: Option<Administrator>,
}

impl Database {
    /// Leaves the database where it is until a later process sweeps it away, and gives its address.
    #[must_use]
    pub fn keep(mut self) -> String {
        self.administrator = None;
        std::mem::take(&mut self.url)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // After a failure somebody may want to look at it. What is not dropped in time, a later process drops.
        if let Some(administrator) = self.administrator.take().filter(|_| !thread::panicking()) {
            administrator.leave(dropping(&self.name));
        }
    }
}

impl Postgres {
    /// Makes an empty database.
    ///
    /// # Errors
    /// [`Error::Database`] when the name is taken or the role may not create databases.
    pub async fn create_database(&self, name: &str) -> Result<(), Error> {
        self.copy_database("template0", name).await?;
        self.close_public(&self.url(name)).await
    }

    /// Makes a database that starts as a copy of another one, to which nobody may be connected.
    ///
    /// # Errors
    /// [`Error::Database`] when the name is taken or the template is missing or in use.
    pub async fn copy_database(&self, template: &str, name: &str) -> Result<(), Error> {
        let (name, template) = (quote(name), quote(template));
        // A third of the work where nothing is ever flushed.
        let strategy = if self.is_ours_since_15() { "STRATEGY file_copy" } else { "" };
        self.administrator.execute(format!("CREATE DATABASE {name} TEMPLATE {template} {strategy}")).await
    }

    /// Servers before PostgreSQL 15 let everybody make tables in a new database.
    async fn close_public(&self, url: &str) -> Result<(), Error> {
        if self.is_ours_since_15() {
            return Ok(());
        }
        execute(url, "REVOKE CREATE ON SCHEMA public FROM PUBLIC").await
    }

    /// Of a server that was given the version is not known.
    fn is_ours_since_15(&self) -> bool {
        matches!(&self.server, Server::Private(cluster) if cluster.major >= 15)
    }

    /// Whether the server has a database of this name.
    ///
    /// # Errors
    /// [`Error::Database`] when the server cannot be asked.
    pub async fn has_database(&self, name: &str) -> Result<bool, Error> {
        let mut connection = PgConnection::connect(&self.server.administration_url()).await?;
        let found = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
            .bind(name)
            .fetch_one(&mut connection)
            .await?;
        connection.close().await?;
        Ok(found)
    }

    /// Drops a database together with its sessions; one that is not there is fine.
    ///
    /// # Errors
    /// [`Error::Database`] when the role may not drop it.
    pub async fn drop_database(&self, name: &str) -> Result<(), Error> {
        self.administrator.execute(dropping(name)).await
    }

    /// Makes an empty database with a name that no other test has.
    ///
    /// # Errors
    /// [`Error::Database`] when the role may not create databases.
    pub async fn fresh_database(&self) -> Result<Database, Error> {
        let database = self.fresh_copy("template0").await?;
        self.close_public(&database.url).await?;
        Ok(database)
    }

    /// The same, starting as a copy of another database, to which nobody may be connected.
    ///
    /// # Errors
    /// As [`Postgres::copy_database`].
    pub async fn fresh_copy(&self, template: &str) -> Result<Database, Error> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "{FRESH}{}_{}_{}",
            std::process::id(),
            NUMBER.fetch_add(1, Ordering::Relaxed),
            cluster::random_hex(4)?
        );
        self.copy_database(template, &name).await?;
        let url = self.url(&name);
        Ok(Database { name, url, administrator: Some(self.administrator.clone()) })
    }

    /// The name of a database that copies start from. It is kept for later processes, and made by `make` where there is
    /// none of this kind and version; those of other versions are dropped. Nobody may be connected to what `make` gives.
    ///
    /// # Errors
    /// As [`Postgres::create_database`], and what `make` returns.
    pub async fn template<E: From<Error>>(
        &self,
        kind: &str,
        version: impl Hash,
        make: impl AsyncFnOnce() -> Result<Arc<Database>, E>,
    ) -> Result<String, E> {
        let mut hasher = DefaultHasher::new();
        version.hash(&mut hasher);
        let (kind, version) = (format!("{TEMPLATE}{kind}_"), format!("{:016x}", hasher.finish()));
        let name = format!("{kind}{version}");
        let templates = || self.templates.lock().unwrap_or_else(PoisonError::into_inner);
        let known = templates().entry(name.clone()).or_default().clone();
        let keep = async || -> Result<(), E> {
            let there = self.databases(&kind).await?;
            if there.contains(&name) {
                return Ok(());
            }
            // The name of another kind may begin with this one's.
            for other in there.iter().filter(|other| other.len() == name.len()) {
                self.drop_database(other).await?;
            }
            let made = make().await?;
            let rename = format!("ALTER DATABASE {} RENAME TO {}", quote(&made.name), quote(&name));
            match self.administrator.execute(rename).await {
                // Another process was faster.
                Err(_) if self.has_database(&name).await? => Ok(()),
                renamed => Ok(renamed?),
            }
        };
        known.get_or_try_init(keep).await?;
        Ok(name)
    }

    /// Drops what earlier processes left behind on a server that is ours alone.
    ///
    /// # Errors
    /// [`Error::Database`] when the server cannot be asked.
    pub async fn drop_fresh_databases(&self) -> Result<(), Error> {
        for name in self.databases(FRESH).await? {
            self.drop_database(&name).await?;
        }
        Ok(())
    }

    /// The names of all databases that start so.
    async fn databases(&self, start: &str) -> Result<Vec<String>, Error> {
        let mut connection = PgConnection::connect(&self.server.administration_url()).await?;
        let found = sqlx::query_scalar("SELECT datname FROM pg_database WHERE starts_with(datname, $1)")
            .bind(start)
            .fetch_all(&mut connection)
            .await?;
        connection.close().await?;
        Ok(found)
    }
}

async fn execute(url: &str, statement: &str) -> Result<(), Error> {
    let mut connection = PgConnection::connect(url).await?;
    sqlx::raw_sql(statement).execute(&mut connection).await?;
    Ok(connection.close().await?)
}

fn dropping(database: &str) -> String {
    format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quote(database))
}

/// An identifier as PostgreSQL reads it back unchanged.
fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
