//! The tenant databases behind the `TenantDb` port.

use std::collections::BTreeMap;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use signalbox_domain::{
    environment::Environment,
    fleet::Inspection,
    history::{Recorded, Window},
    migration::{Session, Sight},
    ports::{self, Before, Ended, Look, TenantDb},
    truth::Truth,
};
use signalbox_tenants::{AuditOptions, Options, RecordedRow, RegistryOptions, Signal, TenantDatabase, Unreadable};

use super::{
    inspection::{inspection, names},
    live::{self, Follows},
};

/// Tenant databases by the name of the variable that holds their URL.
#[derive(Debug, Clone)]
pub struct TenantDatabases {
    urls: BTreeMap<String, SecretString>,
    follows: Follows,
}

impl TenantDatabases {
    /// Databases whose URLs were read from the environment.
    #[must_use]
    pub fn new(urls: BTreeMap<String, SecretString>) -> Self {
        Self { urls, follows: Follows::default() }
    }

    pub(super) fn url(&self, environment: &Environment) -> Result<&SecretString, String> {
        let variable = environment.database.as_deref().ok_or("no tenant database is configured")?;
        self.urls.get(variable).ok_or_else(|| format!("{variable} is not set"))
    }

    pub(super) async fn connect(&self, environment: &Environment) -> Result<TenantDatabase, String> {
        TenantDatabase::connect(self.url(environment)?.expose_secret(), Options::default())
            .await
            .map_err(|error| error.to_string())
    }
}

/// Where an environment's application keeps its tenants.
pub(super) fn registry_options(environment: &Environment) -> RegistryOptions {
    RegistryOptions { expected_schemas: environment.schemas.clone(), ..RegistryOptions::default() }
}

#[async_trait]
impl TenantDb for TenantDatabases {
    async fn truth(&self, environment: &Environment, before: &Before) -> Result<Truth, String> {
        live::truth(&self.connect(environment).await?, environment, before).await
    }

    async fn watch(&self, environment: &Environment, look: &Look) -> Result<Sight, String> {
        self.follows.look(environment, look, || self.connect(environment)).await
    }

    async fn end(&self, environment: &Environment, session: &Session) -> Result<Ended, String> {
        let database = self.connect(environment).await?;
        let signal = database.end_session(session.pid, session.started, session.is_idle()).await;
        Ok(match signal.map_err(|error| error.to_string())? {
            Signal::Sent => Ended::Told,
            Signal::Gone => Ended::Gone,
            Signal::Denied => Ended::Denied,
        })
    }

    async fn inspect(&self, environment: &Environment) -> Result<Inspection, String> {
        let database = self.connect(environment).await?;
        let text = |error: signalbox_tenants::Error| error.to_string();
        let options = registry_options(environment);
        let registry = database.registry(&options).await.map_err(text)?;
        let inventory = database.inventory().await.map_err(text)?;
        let audit = AuditOptions { ledgers: true, ..AuditOptions::default() };
        let audit = database.audit(&audit).await.map_err(text)?;
        let findings = registry.findings(&options);
        Ok(inspection(audit, &registry, findings, inventory))
    }

    async fn applied(&self, environment: &Environment) -> Result<ports::Applied, String> {
        let database = self.connect(environment).await?;
        let ledgers = database.ledgers().await.map_err(|error| error.to_string())?;
        if let Some((schema, why)) = ledgers.unreadable.first() {
            let more = ledgers.unreadable.len() - 1;
            let more = if more > 0 { format!(", and {more} more") } else { String::new() };
            return Err(format!("the ledger of {schema:?} could not be read: {}{more}", unreadable(*why)));
        }
        let public = |schema: &String| schema == "public";
        let of_public = ledgers.kinds.iter().find(|kind| kind.schemas.iter().any(public));
        let tenants = ledgers.kinds.iter().filter(|kind| !kind.schemas.iter().all(public));
        Ok(ports::Applied {
            public: of_public.map(|kind| kind.rows.clone()),
            tenants: tenants.map(|kind| kind.rows.clone()).collect(),
        })
    }

    async fn recorded(&self, environment: &Environment, window: Window) -> Result<Vec<Recorded>, String> {
        let database = self.connect(environment).await?;
        let found = database.recorded(window.from, window.until).await.map_err(|error| error.to_string())?;
        let row = |row: RecordedRow| Recorded { schema: row.schema, applied: row.applied, migration: row.migration };
        Ok(found.rows.into_iter().map(row).collect())
    }

    async fn sizes(&self, environment: &Environment) -> Result<BTreeMap<String, u64>, String> {
        let database = self.connect(environment).await?;
        let inventory = database.inventory().await.map_err(|error| error.to_string())?;
        let tenants = inventory.schemas.into_iter().filter(|schema| schema.has_ledger && schema.name != "public");
        Ok(tenants.map(|schema| (schema.name, schema.bytes)).collect())
    }

    async fn names(&self, environment: &Environment) -> Result<Vec<String>, String> {
        let database = self.connect(environment).await?;
        let registry = database.registry(&registry_options(environment)).await;
        registry.map(names).map_err(|error| error.to_string())
    }

    async fn domains(&self, environment: &Environment) -> Result<Vec<String>, String> {
        let database = self.connect(environment).await?;
        let registry = database.registry(&registry_options(environment)).await.map_err(|error| error.to_string())?;
        let rows = registry.rows.domains.ok_or_else(|| {
            registry.unreadable.unwrap_or_else(|| "there is no table of domains in public".to_owned())
        })?;
        let mut domains: Vec<String> = rows.into_iter().filter(|row| row.is_primary).map(|row| row.domain).collect();
        domains.sort_unstable();
        Ok(domains)
    }
}

pub(super) fn unreadable(why: Unreadable) -> &'static str {
    match why {
        Unreadable::Locked => "locked by another session, perhaps a migration still at work",
        Unreadable::PermissionDenied => "permission denied; grant the role pg_read_all_data",
        Unreadable::OddShape => "django_migrations lacks the columns that Django gives it",
        Unreadable::Vanished => "the schema was dropped while it was being read",
        Unreadable::NoTarget => "public has no ledger to compare with",
    }
}
