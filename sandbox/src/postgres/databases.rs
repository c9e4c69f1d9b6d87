//! Making and dropping databases on the server.

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{Connection, PgConnection};

use super::{Error, Postgres, cluster};

/// Every database made by [`Postgres::fresh_database`] starts with this.
const FRESH: &str = "signalbox_test_";

/// A database of its own, for one test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// Its name on the server.
    pub name: String,
    /// Its address, with the role that owns it.
    pub url: String,
}

impl Postgres {
    /// Makes an empty database.
    ///
    /// # Errors
    /// [`Error::Database`] when the name is taken or the role may not create databases.
    pub async fn create_database(&self, name: &str) -> Result<(), Error> {
        self.copy_database("template0", name).await
    }

    /// Makes a database that starts as a copy of another one, to which nobody may be connected.
    ///
    /// # Errors
    /// [`Error::Database`] when the name is taken or the template is missing or in use.
    pub async fn copy_database(&self, template: &str, name: &str) -> Result<(), Error> {
        let (name, template) = (quote(name), quote(template));
        self.administer(&format!("CREATE DATABASE {name} TEMPLATE {template}")).await
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
        let name = quote(name);
        self.administer(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await
    }

    /// Makes an empty database with a name that no other test has.
    ///
    /// # Errors
    /// [`Error::Database`] when the role may not create databases.
    pub async fn fresh_database(&self) -> Result<Database, Error> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "{FRESH}{}_{}_{}",
            std::process::id(),
            NUMBER.fetch_add(1, Ordering::Relaxed),
            cluster::random_hex(4)?
        );
        self.create_database(&name).await?;
        let url = self.url(&name);
        Ok(Database { name, url })
    }

    /// Drops what earlier processes left behind on a server that is ours alone.
    pub(super) async fn drop_fresh_databases(&self) -> Result<(), Error> {
        let mut connection = PgConnection::connect(&self.administration_url()).await?;
        let left: Vec<String> = sqlx::query_scalar("SELECT datname FROM pg_database WHERE starts_with(datname, $1)")
            .bind(FRESH)
            .fetch_all(&mut connection)
            .await?;
        for name in left {
            let statement = format!("DROP DATABASE {} WITH (FORCE)", quote(&name));
            sqlx::raw_sql(&statement).execute(&mut connection).await?;
        }
        Ok(connection.close().await?)
    }

    async fn administer(&self, statement: &str) -> Result<(), Error> {
        let mut connection = PgConnection::connect(&self.administration_url()).await?;
        sqlx::raw_sql(statement).execute(&mut connection).await?;
        Ok(connection.close().await?)
    }
}

/// An identifier as PostgreSQL reads it back unchanged.
fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
