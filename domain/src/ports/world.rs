//! What a green run is held against: the tenant database and the running application.

use async_trait::async_trait;

use crate::{
    environment::{Environment, HealthCheck},
    evidence::Finding,
    fleet::Inspection,
    ids::CommitSha,
};

/// One schema of a tenant database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// Its name; any text PostgreSQL allows.
    pub name: String,
    /// How many tables it has.
    pub tables: u32,
    /// What its own ledger says.
    pub ledger: Ledger,
}

/// What a schema's `django_migrations` says against the fleet's target set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ledger {
    /// There is none.
    None,
    /// There is one, and it could not be read.
    Unreadable(String),
    /// It has every migration of the target set.
    Complete,
    /// It lacks some.
    Lacks {
        /// How many.
        count: u32,
        /// The first of them, as `app.name`.
        first: String,
    },
}

/// What the tenant database says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fleet {
    /// All schemas but PostgreSQL's own.
    pub schemas: Vec<Schema>,
    /// How many migrations the target set (public's ledger) has; `None` where public has no ledger.
    pub target: Option<u32>,
}

/// Migrations that were applied to a tenant database, as of one moment, each as `app.name`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// Those of `public`; `None` where it has no ledger.
    pub public: Option<Vec<String>>,
    /// Those of the tenants, once for all that have the same.
    pub tenants: Vec<Vec<String>>,
}

/// A tenant database.
#[async_trait]
pub trait TenantDb: Send + Sync {
    /// Reads the fleet in one short read-only snapshot.
    ///
    /// # Errors
    /// A sentence that says why not; never with a password in it.
    async fn fleet(&self, environment: &Environment) -> Result<Fleet, String>;

    /// Reads everything there is to know of the fleet: structures, ledgers, what the application believes.
    ///
    /// # Errors
    /// A sentence that says why not; never with a password in it.
    async fn inspect(&self, environment: &Environment) -> Result<Inspection, String>;

    /// Reads what has been applied, and nothing else: quick with thousands of tenants.
    ///
    /// # Errors
    /// A sentence that says why not, also when a single ledger could not be read; never with a password in it.
    async fn applied(&self, environment: &Environment) -> Result<Applied, String>;

    /// Reads the names of schemas and of the application's tenants, sorted; much quicker than the rest.
    ///
    /// # Errors
    /// A sentence that says why not; never with a password in it.
    async fn names(&self, environment: &Environment) -> Result<Vec<String>, String>;
}

/// The running application.
#[async_trait]
pub trait Probe: Send + Sync {
    /// Asks one question. An outage is an answer.
    async fn ask(&self, check: &HealthCheck, commit: &CommitSha) -> Finding;
}
