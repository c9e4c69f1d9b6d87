//! The tenant databases behind the `TenantVitals` port.

use std::collections::HashSet;

use async_trait::async_trait;
use secrecy::ExposeSecret;
use signalbox_domain::{
    environment::Environment,
    migration::Share,
    monitor::{Load, Pooling, Schema},
    ports::TenantVitals,
};
use signalbox_tenants::pooler;

use super::tenants::{TenantDatabases, registry_options};

/// How often two clients are crossed; ten are plenty.
const ROUNDS: u32 = 10;

#[async_trait]
impl TenantVitals for TenantDatabases {
    async fn schemas(&self, environment: &Environment) -> Result<Vec<Schema>, String> {
        let database = self.connect(environment).await?;
        let registry = database.registry(&registry_options(environment)).await.map_err(|error| error.to_string())?;
        let rows: HashSet<String> = registry.rows.tenants.into_iter().flatten().map(|row| row.schema_name).collect();
        let schema = |name: String| Schema { has_row: rows.contains(&name), name };
        Ok(registry.schemas.into_iter().map(|one| schema(one.name)).collect())
    }

    async fn load(&self, environment: &Environment, size: bool) -> Result<Load, String> {
        let found = self.connect(environment).await?.load(size).await.map_err(|error| error.to_string())?;
        let connections = Share { used: found.connections.used, limit: found.connections.limit };
        Ok(Load { connections, bytes: found.bytes })
    }

    async fn pooling(&self, environment: &Environment) -> Result<Pooling, String> {
        let url = self.url(environment)?;
        let found = pooler::probe(url.expose_secret(), ROUNDS).await.map_err(|error| error.to_string())?;
        Ok(match found {
            pooler::Pooling::Direct => Pooling::Direct,
            pooler::Pooling::SessionPooling => Pooling::Session,
            pooler::Pooling::TransactionPooling { leaked, asked } => Pooling::Transaction { leaked, asked },
        })
    }
}
