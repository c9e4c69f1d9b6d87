//! Making and dropping databases on the server.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use sqlx::{Connection, PgConnection};

use super::{Error, Postgres, Server, cluster};

/// Every database made by [`Postgres::fresh_database`] starts with this.
const FRESH: &str = "signalbox_test_";
/// The version from which on a server has a choice of how to copy, and closes `public` to all but the owner.
const FIFTEEN: u32 = 150_000;

/// A database of its own, for one test; it is dropped with this value, together with its sessions.
#[derive(Debug)]
pub struct Database {
    /// Its name on the server.
    pub name: String,
    /// Its address, with the role that owns it.
    pub url: String,
    /// Where it can be dropped; `None` when it is to stay.
    administration: Option<String>,
}

impl Database {
    /// Leaves the database where it is until a later process sweeps it away, and gives its address.
    #[must_use]
    pub fn keep(mut self) -> String {
        self.administration = None;
        std::mem::take(&mut self.url)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // After a failure somebody may want to look at it.
        let Some(server) = self.administration.take().filter(|_| !thread::panicking()) else { return };
        let statement = dropping(&self.name);
        // Nobody waits: what is not dropped before the process ends, a later one drops.
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            if let Ok(Err(error)) = runtime.map(|runtime| runtime.block_on(execute(&server, &statement))) {
                tracing::warn!(%error, "a database stays until a later process drops it");
            }
        });
    }
}

impl Postgres {
    /// Makes an empty database.
    ///
    /// # Errors
    /// [`Error::Database`] when the name is taken or the role may not create databases.
    pub async fn create_database(&self, name: &str) -> Result<(), Error> {
        let version = self.copy("template0", name).await?;
        close_public(&self.url(name), version).await
    }

    /// Makes a database that starts as a copy of another one, to which nobody may be connected.
    ///
    /// # Errors
    /// [`Error::Database`] when the name is taken or the template is missing or in use.
    pub async fn copy_database(&self, template: &str, name: &str) -> Result<(), Error> {
        self.copy(template, name).await?;
        Ok(())
    }

    /// The same; gives the server's version.
    async fn copy(&self, template: &str, name: &str) -> Result<Option<u32>, Error> {
        let (name, template) = (quote(name), quote(template));
        let mut connection = PgConnection::connect(&self.administration_url()).await?;
        // A third of the work where nothing is ever flushed; PostgreSQL 14 has no other way.
        let is_ours = matches!(self.server, Server::Private(_));
        let version = connection.server_version_num();
        let is_choice = version >= Some(FIFTEEN);
        let strategy = if is_ours && is_choice { "STRATEGY file_copy" } else { "" };
        let statement = format!("CREATE DATABASE {name} TEMPLATE {template} {strategy}");
        sqlx::raw_sql(&statement).execute(&mut connection).await?;
        connection.close().await?;
        Ok(version)
    }

    /// Whether the server has a database of this name.
    ///
    /// # Errors
    /// [`Error::Database`] when the server cannot be asked.
    pub async fn has_database(&self, name: &str) -> Result<bool, Error> {
        let mut connection = PgConnection::connect(&self.administration_url()).await?;
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
        self.administer(&dropping(name)).await
    }

    /// Makes an empty database with a name that no other test has.
    ///
    /// # Errors
    /// [`Error::Database`] when the role may not create databases.
    pub async fn fresh_database(&self) -> Result<Database, Error> {
        let (database, version) = self.fresh("template0").await?;
        close_public(&database.url, version).await?;
        Ok(database)
    }

    /// The same, starting as a copy of another database, to which nobody may be connected.
    ///
    /// # Errors
    /// [`Error::Database`] when the template is missing or in use.
    pub async fn fresh_copy(&self, template: &str) -> Result<Database, Error> {
        Ok(self.fresh(template).await?.0)
    }

    async fn fresh(&self, template: &str) -> Result<(Database, Option<u32>), Error> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "{FRESH}{}_{}_{}",
            std::process::id(),
            NUMBER.fetch_add(1, Ordering::Relaxed),
            cluster::random_hex(4)?
        );
        let version = self.copy(template, &name).await?;
        let url = self.url(&name);
        Ok((Database { name, url, administration: Some(self.administration_url()) }, version))
    }

    /// Drops what earlier processes left behind on a server that is ours alone.
    pub(super) async fn drop_fresh_databases(&self) -> Result<(), Error> {
        let mut connection = PgConnection::connect(&self.administration_url()).await?;
        let left: Vec<String> = sqlx::query_scalar("SELECT datname FROM pg_database WHERE starts_with(datname, $1)")
            .bind(FRESH)
            .fetch_all(&mut connection)
            .await?;
        for name in left {
            sqlx::raw_sql(&dropping(&name)).execute(&mut connection).await?;
        }
        Ok(connection.close().await?)
    }

    async fn administer(&self, statement: &str) -> Result<(), Error> {
        execute(&self.administration_url(), statement).await
    }
}

async fn execute(url: &str, statement: &str) -> Result<(), Error> {
    let mut connection = PgConnection::connect(url).await?;
    sqlx::raw_sql(statement).execute(&mut connection).await?;
    Ok(connection.close().await?)
}

/// Servers before PostgreSQL 15 let everybody make tables in a new database.
async fn close_public(url: &str, version: Option<u32>) -> Result<(), Error> {
    if version >= Some(FIFTEEN) {
        return Ok(());
    }
    execute(url, "REVOKE CREATE ON SCHEMA public FROM PUBLIC").await
}

fn dropping(database: &str) -> String {
    format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quote(database))
}

/// An identifier as PostgreSQL reads it back unchanged.
fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
