//! What a green run is held against: the tenant database and the running application.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{
    environment::{Environment, HealthCheck},
    fleet::Inspection,
    health::Heard,
    history::{Recorded, Window},
    image::Image,
    migration::{Session, Sight},
    truth::Truth,
};

/// How a migration is to be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// When the job began, by GitHub's clock.
    pub since: Timestamp,
    /// What sessions of the migration have in their name, where the workflow gives them one.
    pub mark: String,
    /// Whether the moment is to be remembered, to ask later what was changed since.
    pub first: bool,
    /// Whether no further look will follow soon.
    pub last: bool,
}

/// What tells what a job did to the tenants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Before {
    /// When the job began; `None` when none was seen.
    pub since: Option<Timestamp>,
    /// [`Sight::moment`] of a look before anything was applied.
    pub moment: Option<String>,
}

/// What became of a session that was to be ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was told to end.
    Told,
    /// It is not there any more.
    Gone,
    /// Our role may not do that.
    Denied,
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
    /// Reads every tenant's ledger and structure, and holds one against the other.
    ///
    /// # Errors
    /// A sentence that says why not; never with a password in it.
    async fn truth(&self, environment: &Environment, before: &Before) -> Result<Truth, String>;

    /// Looks at a running migration: cheap enough for every other second, and waits for nobody's lock.
    ///
    /// # Errors
    /// A sentence that says why not; never with a password in it.
    async fn watch(&self, environment: &Environment, look: &Look) -> Result<Sight, String>;

    /// Ends a session, or the statement it runs: the only thing we ever do to a tenant database.
    ///
    /// # Errors
    /// A sentence that says why it is not known whether that was done; never with a password in it.
    async fn end(&self, environment: &Environment, session: &Session) -> Result<Ended, String>;

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

    /// Reads which rows the ledgers got in a window, whatever order they came in. A ledger that cannot be read is left
    /// out.
    ///
    /// # Errors
    /// A sentence that says why not; never with a password in it.
    async fn recorded(&self, environment: &Environment, window: Window) -> Result<Vec<Recorded>, String>;

    /// Reads how many bytes each tenant has on disk, without waiting for anybody's lock: schemas with a ledger of
    /// their own but `public`, by name.
    ///
    /// # Errors
    /// A sentence that says why not; never with a password in it.
    async fn sizes(&self, environment: &Environment) -> Result<BTreeMap<String, u64>, String>;

    /// Reads the names of schemas and of the application's tenants, sorted; much quicker than the rest.
    ///
    /// # Errors
    /// A sentence that says why not; never with a password in it.
    async fn names(&self, environment: &Environment) -> Result<Vec<String>, String>;

    /// Reads the primary domain of every tenant, sorted.
    ///
    /// # Errors
    /// A sentence that says why not; never with a password in it.
    async fn domains(&self, environment: &Environment) -> Result<Vec<String>, String>;
}

/// Registries of container images.
#[async_trait]
pub trait Images: Send + Sync {
    /// Asks for the digest of each image; `None` where there is no such image (yet).
    ///
    /// # Errors
    /// A sentence that says why it cannot be told; never with a password in it.
    async fn digests(&self, images: &[Image]) -> Result<Vec<Option<String>>, String>;
}

/// The running application.
#[async_trait]
pub trait Probe: Send + Sync {
    /// Asks one question. An outage is an answer.
    async fn ask(&self, check: &HealthCheck) -> Heard;
}
