//! Small questions to tenant databases, asked again and again.

use async_trait::async_trait;

use crate::{
    environment::Environment,
    monitor::{Load, Pooling, Schema},
};

/// What monitors ask beside a whole reading.
#[async_trait]
pub trait TenantVitals: Send + Sync {
    /// Which schemas there are, and which of them the application knows; a few milliseconds at any size.
    ///
    /// # Errors
    /// A sentence that says why not; never with a password in it.
    async fn schemas(&self, environment: &Environment) -> Result<Vec<Schema>, String>;
    /// How full the server is and, where asked, how large the database is.
    ///
    /// # Errors
    /// A sentence that says why not; never with a password in it.
    async fn load(&self, environment: &Environment, size: bool) -> Result<Load, String>;
    /// What stands between the application and its server, by trying it out.
    ///
    /// # Errors
    /// A sentence that says why not; never with a password in it.
    async fn pooling(&self, environment: &Environment) -> Result<Pooling, String>;
}
