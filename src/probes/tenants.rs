//! The tenant databases behind the `TenantDb` port.

use std::collections::BTreeMap;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use signalbox_domain::{
    environment::Environment,
    fleet::Inspection,
    ports::{self, Fleet, Ledger, Schema, TenantDb},
};
use signalbox_tenants::{Applied, AuditOptions, Options, RegistryOptions, TenantDatabase, Unreadable};

use super::inspection::{inspection, names};

/// Tenant databases by the name of the variable that holds their URL.
#[derive(Debug, Clone)]
pub struct TenantDatabases {
    urls: BTreeMap<String, SecretString>,
}

impl TenantDatabases {
    /// Databases whose URLs were read from the environment.
    #[must_use]
    pub fn new(urls: BTreeMap<String, SecretString>) -> Self {
        Self { urls }
    }

    async fn connect(&self, environment: &Environment) -> Result<TenantDatabase, String> {
        let variable = environment.database.as_deref().ok_or("no tenant database is configured")?;
        let url = self.urls.get(variable).ok_or_else(|| format!("{variable} is not set"))?;
        TenantDatabase::connect(url.expose_secret(), Options::default()).await.map_err(|error| error.to_string())
    }
}

/// Where an environment's application keeps its tenants.
fn registry_options(environment: &Environment) -> RegistryOptions {
    RegistryOptions { expected_schemas: environment.schemas.clone(), ..RegistryOptions::default() }
}

#[async_trait]
impl TenantDb for TenantDatabases {
    async fn fleet(&self, environment: &Environment) -> Result<Fleet, String> {
        let database = self.connect(environment).await?;
        let survey = database.survey().await.map_err(|error| error.to_string())?;
        Ok(Fleet { target: survey.target, schemas: survey.schemas.into_iter().map(schema).collect() })
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

    async fn names(&self, environment: &Environment) -> Result<Vec<String>, String> {
        let database = self.connect(environment).await?;
        let registry = database.registry(&registry_options(environment)).await;
        registry.map(names).map_err(|error| error.to_string())
    }
}

fn schema(schema: signalbox_tenants::Schema) -> Schema {
    let ledger = match schema.ledger {
        signalbox_tenants::Ledger::None => Ledger::None,
        signalbox_tenants::Ledger::Unreadable(why) => Ledger::Unreadable(unreadable(why).into()),
        signalbox_tenants::Ledger::Read(Applied { lacking: 0, .. }) => Ledger::Complete,
        signalbox_tenants::Ledger::Read(Applied { lacking, missing, .. }) => {
            Ledger::Lacks { count: lacking, first: missing.into_iter().next().unwrap_or_default() }
        }
    };
    Schema { name: schema.name, tables: schema.tables, ledger }
}

fn unreadable(why: Unreadable) -> &'static str {
    match why {
        Unreadable::Locked => "locked by another session, perhaps a migration still at work",
        Unreadable::PermissionDenied => "permission denied; grant the role pg_read_all_data",
        Unreadable::OddShape => "django_migrations lacks the columns that Django gives it",
        Unreadable::Vanished => "the schema was dropped while it was being read",
        Unreadable::NoTarget => "public has no ledger to compare with",
    }
}
