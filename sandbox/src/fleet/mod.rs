//! The demo's tenant database: a schema-per-tenant product as Django and django-tenants keep it.
//!
//! `public` lists the tenants, and next to them an old list whose schemas are gone; `super_tenant`
//! and every customer have 32 tables and 53 recorded migrations each. A release records its
//! migrations in `public` first (the shared step) and reaches the tenants one by one, for real.

mod build;
mod history;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Executor, PgConnection, Postgres, Transaction};

use crate::postgres::{self, Database};
use history::Upcoming;

/// One migration of a Django application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// The application's label, for example `orders`.
    pub app: String,
    /// Its name within the application, for example `0005_order_priority`.
    pub name: String,
    /// The statements, with unqualified names: they run with the tenant's schema as search path.
    pub sql: String,
}

impl Migration {
    /// A migration from its parts.
    pub fn new(app: impl Into<String>, name: impl Into<String>, sql: impl Into<String>) -> Self {
        Self { app: app.into(), name: name.into(), sql: sql.into() }
    }

    /// `app.name`, as Django prints it.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{}.{}", self.app, self.name)
    }
}

/// How far one tenant is.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Progress {
    /// Its schema.
    pub schema: String,
    /// The customer's name.
    pub name: String,
    /// Migrations that public has recorded and this tenant has not.
    pub pending: u64,
}

/// Why the fleet could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// PostgreSQL refused a tenant's migration; nothing of it remains.
    #[error("{migration} failed in {schema}: {source}")]
    Migration {
        /// The tenant.
        schema: String,
        /// The migration's label.
        migration: String,
        /// PostgreSQL's answer.
        source: sqlx::Error,
    },
    /// public records a migration whose statements nobody here knows.
    #[error("public records {0}, which this release does not contain")]
    UnknownMigration(String),
    /// The database could not be asked.
    #[error("the tenant database refused: {0}")]
    Database(#[from] sqlx::Error),
}

/// A tenant database.
#[derive(Debug, Clone)]
pub struct Fleet {
    pool: PgPool,
    /// Released migrations that are not among the invented ones.
    released: Arc<Mutex<Vec<Migration>>>,
}

impl Fleet {
    /// Makes `public`, `super_tenant` and `tenants` customers, or completes what is there.
    ///
    /// # Errors
    /// [`Error::Database`] when the role may not create schemas in this database.
    pub async fn create(url: &str, tenants: usize) -> Result<Self, Error> {
        build::build(url, tenants).await?;
        Self::connect(url).await
    }

    /// A new fleet in a database of its own, which is dropped with that.
    ///
    /// # Errors
    /// As [`Fleet::template`].
    pub async fn fresh(server: &postgres::Postgres, tenants: usize) -> anyhow::Result<(Self, Database)> {
        let database = server.fresh_copy(&Self::template(server, tenants).await?).await?;
        Ok((Self::connect(&database.url).await?, database))
    }

    /// The name of a database with a fleet to be copied, which the server keeps.
    ///
    /// # Errors
    /// When the role may not create databases, and as [`Fleet::create`].
    pub async fn template(server: &postgres::Postgres, tenants: usize) -> anyhow::Result<String> {
        let make = async || {
            let database = server.fresh_database().await?;
            Self::create(&database.url, tenants).await?.close().await;
            anyhow::Ok(Arc::new(database))
        };
        server.template(&format!("fleet_of_{tenants}"), build::SOURCES, make).await
    }

    /// Opens an existing fleet.
    ///
    /// # Errors
    /// [`Error::Database`] when the address is wrong or the database does not answer.
    pub async fn connect(url: &str) -> Result<Self, Error> {
        let options: PgConnectOptions = url.parse()?;
        let pool = PgPoolOptions::new()
            .max_connections(4)
            .acquire_timeout(Duration::from_secs(10))
            .connect_with(options.application_name("django-migrate"))
            .await?;
        Ok(Self { pool, released: Arc::default() })
    }

    /// The schemas of all tenants in the order in which they were made, without `public`.
    ///
    /// # Errors
    /// [`Error::Database`] when the list cannot be read.
    pub async fn tenants(&self) -> Result<Vec<String>, Error> {
        let schemas = sqlx::query_scalar(
            "SELECT schema_name FROM public.tenants_client WHERE schema_name <> 'public' ORDER BY id",
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(schemas)
    }

    /// The shared step of a release: `public` records the migration, whose tables it does not have.
    ///
    /// # Errors
    /// [`Error::Database`] when the record cannot be written.
    pub async fn release(&self, migration: &Migration) -> Result<(), Error> {
        self.released.lock().unwrap_or_else(PoisonError::into_inner).push(migration.clone());
        let mut connection = self.pool.acquire().await?;
        Ok(record(&mut connection, "public", migration).await?)
    }

    /// Releases the first of the invented migrations that `public` does not know yet.
    ///
    /// # Errors
    /// [`Error::Database`] when the ledger cannot be read or written.
    pub async fn release_next(&self) -> Result<Migration, Error> {
        let next = self.next_for("public").await?.migration;
        self.release(&next).await?;
        Ok(next)
    }

    /// What `public` has recorded and this tenant has not, in the order of their release.
    ///
    /// # Errors
    /// [`Error::UnknownMigration`] when the statements of one are not known here.
    pub async fn pending(&self, schema: &str) -> Result<Vec<Migration>, Error> {
        let recorded = self.recorded(schema).await?;
        let target = self.recorded("public").await?;
        let missing = target.into_iter().filter(|row| !recorded.contains(row));
        missing.map(|(app, name)| self.find(&app, &name)).collect()
    }

    /// Applies one migration to one tenant, statements and record in one transaction.
    ///
    /// # Errors
    /// [`Error::Migration`] with PostgreSQL's answer; the tenant is then as it was before.
    pub async fn apply(&self, schema: &str, migration: &Migration) -> Result<(), Error> {
        let failed = |source| Error::Migration { schema: schema.to_owned(), migration: migration.label(), source };
        let mut transaction = self.pool.begin().await?;
        enter(&mut transaction, schema).await?;
        transaction.execute("SET LOCAL lock_timeout = '2s'").await?;
        transaction.execute(sqlx::raw_sql(&migration.sql)).await.map_err(failed)?;
        record(&mut transaction, schema, migration).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)
    }

    /// Applies all that is pending in one tenant and returns it; earlier ones stay when one fails.
    ///
    /// # Errors
    /// As [`Fleet::pending`] and [`Fleet::apply`].
    pub async fn migrate(&self, schema: &str) -> Result<Vec<Migration>, Error> {
        let pending = self.pending(schema).await?;
        for migration in &pending {
            self.apply(schema, migration).await?;
        }
        Ok(pending)
    }

    /// Brings one tenant into a state in which the next invented migration it lacks must fail,
    /// and returns that migration.
    ///
    /// # Errors
    /// [`Error::Database`] when the tenant does not exist or is broken already.
    pub async fn break_tenant(&self, schema: &str) -> Result<Migration, Error> {
        let next = self.next_for(schema).await?;
        self.change(schema, &next.obstacle).await?;
        Ok(next.migration)
    }

    /// Undoes [`Fleet::break_tenant`], as a person would who cleans up the data.
    ///
    /// # Errors
    /// [`Error::Database`] when the tenant is not broken.
    pub async fn mend_tenant(&self, schema: &str) -> Result<(), Error> {
        let next = self.next_for(schema).await?;
        self.change(schema, &next.mend).await
    }

    /// Takes the tenant's last record out of its ledger and leaves its tables as they are.
    ///
    /// # Errors
    /// [`Error::Database`] when the tenant has no ledger.
    pub async fn forget_last_migration(&self, schema: &str) -> Result<(), Error> {
        let last = "DELETE FROM django_migrations WHERE id = (SELECT max(id) FROM django_migrations)";
        self.change(schema, last).await
    }

    /// Holds the tenant's ledger against writers, as a long transaction of somebody else would:
    /// migrations of this tenant run into their lock timeout until the returned value is released.
    ///
    /// # Errors
    /// [`Error::Database`] when the tenant has no ledger.
    pub async fn block_tenant(&self, schema: &str) -> Result<Blocker, Error> {
        let mut transaction = self.pool.begin().await?;
        enter(&mut transaction, schema).await?;
        transaction.execute("LOCK TABLE django_migrations IN EXCLUSIVE MODE").await?;
        Ok(Blocker(transaction))
    }

    /// How far every tenant is, in the order of [`Fleet::tenants`].
    ///
    /// # Errors
    /// [`Error::Database`] when a tenant's schema or ledger is missing.
    pub async fn progress(&self) -> Result<Vec<Progress>, Error> {
        let tenants: Vec<(String, String, String)> = sqlx::query_as(
            "SELECT schema_name, name, format('(SELECT count(*) FROM public.django_migrations p WHERE NOT EXISTS \
               (SELECT FROM %I.django_migrations m WHERE m.app = p.app AND m.name = p.name))', schema_name) \
             FROM public.tenants_client WHERE schema_name <> 'public' ORDER BY id",
        )
        .fetch_all(&self.pool)
        .await?;
        let mut all = Vec::with_capacity(tenants.len());
        // Planning grows faster than the number of tenants in a statement.
        for chunk in tenants.chunks(100) {
            let counts: Vec<&str> = chunk.iter().map(|(.., count)| count.as_str()).collect();
            let statement = format!("SELECT ARRAY[{}]", counts.join(", "));
            let pending: Vec<i64> = sqlx::query_scalar(&statement).persistent(false).fetch_one(&self.pool).await?;
            let states = chunk.iter().zip(pending).map(|((schema, name, _), pending)| Progress {
                schema: schema.clone(),
                name: name.clone(),
                pending: pending.unsigned_abs(),
            });
            all.extend(states);
        }
        Ok(all)
    }

    /// The labels of all applications with migrations, sorted as Django prints them.
    ///
    /// # Errors
    /// [`Error::Database`] when the ledger cannot be read.
    pub async fn applications(&self) -> Result<Vec<String>, Error> {
        let labels = "SELECT DISTINCT app FROM public.django_migrations ORDER BY app";
        Ok(sqlx::query_scalar(labels).fetch_all(&self.pool).await?)
    }

    /// Closes all connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    async fn next_for(&self, schema: &str) -> Result<Upcoming, Error> {
        let recorded = self.recorded(schema).await?;
        let is_new = |next: &Upcoming| {
            let Migration { app, name, .. } = &next.migration;
            !recorded.iter().any(|row| (&row.0, &row.1) == (app, name))
        };
        history::upcoming().find(is_new).ok_or_else(|| Error::UnknownMigration("no further migration".to_owned()))
    }

    fn find(&self, app: &str, name: &str) -> Result<Migration, Error> {
        let same = |migration: &Migration| migration.app == app && migration.name == name;
        let known = self.released.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .iter()
            .find(|migration| same(migration))
            .cloned()
            // The invented ones go on for ever, so only their numbered beginning is searched.
            .or_else(|| history::upcoming().take(1000).map(|next| next.migration).find(same))
            .ok_or_else(|| Error::UnknownMigration(format!("{app}.{name}")))
    }

    async fn recorded(&self, schema: &str) -> Result<Vec<(String, String)>, Error> {
        let mut transaction = self.pool.begin().await?;
        enter(&mut transaction, schema).await?;
        let rows = sqlx::query_as("SELECT app, name FROM django_migrations ORDER BY id")
            .persistent(false)
            .fetch_all(&mut *transaction)
            .await?;
        transaction.rollback().await?;
        Ok(rows)
    }

    async fn change(&self, schema: &str, statement: &str) -> Result<(), Error> {
        let mut transaction = self.pool.begin().await?;
        enter(&mut transaction, schema).await?;
        transaction.execute(sqlx::raw_sql(statement)).await?;
        Ok(transaction.commit().await?)
    }
}

/// Keeps a tenant from being migrated; see [`Fleet::block_tenant`].
#[derive(Debug)]
pub struct Blocker(Transaction<'static, Postgres>);

impl Blocker {
    /// Lets go, and returns once the lock is gone.
    ///
    /// # Errors
    /// [`Error::Database`] when the connection broke, which lets go as well.
    pub async fn release(self) -> Result<(), Error> {
        Ok(self.0.rollback().await?)
    }
}

/// Makes the schema the only place where names are looked up, until the transaction ends.
async fn enter(connection: &mut PgConnection, schema: &str) -> Result<(), Error> {
    sqlx::query("SELECT set_config('search_path', quote_ident($1), true)").bind(schema).execute(connection).await?;
    Ok(())
}

/// Writes the row with which Django remembers a migration.
async fn record(connection: &mut PgConnection, schema: &str, migration: &Migration) -> sqlx::Result<()> {
    let quoted: String = sqlx::query_scalar("SELECT quote_ident($1)").bind(schema).fetch_one(&mut *connection).await?;
    let statement = format!("INSERT INTO {quoted}.django_migrations (app, name, applied) VALUES ($1, $2, now())");
    sqlx::query(&statement).persistent(false).bind(&migration.app).bind(&migration.name).execute(connection).await?;
    Ok(())
}
