//! The structures of tenant databases as they were, in a folder for each environment.

use std::{fs, path::PathBuf};

use async_trait::async_trait;
use signalbox_domain::{
    environment::Environment,
    history::{Blame, Turn, Turned, Window},
    ports::Archive,
    truth::Precedent,
};
use signalbox_tenants::{
    AuditOptions, Error, Snapshot,
    snapshot::{self, Store},
};

use super::tenants::{TenantDatabases, registry_options};

/// How many snapshots are kept of an environment: more than a year with a deployment every week.
const KEPT: usize = 500;
/// How many bytes the snapshots of an environment may have. The first one of a thousand tenants has about a megabyte,
/// those that follow hold what changed.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Snapshots of tenant databases in a folder of this machine.
#[derive(Debug, Clone)]
pub struct Snapshots {
    databases: TenantDatabases,
    folder: PathBuf,
}

impl Snapshots {
    /// Snapshots of these databases. The folder is made with the first one.
    #[must_use]
    pub fn new(databases: TenantDatabases, folder: PathBuf) -> Self {
        Self { databases, folder }
    }

    fn store(&self, environment: &Environment) -> Store {
        Store::new(self.folder.join(environment.name.as_str()))
    }

    /// The structure as it is now.
    async fn now(&self, environment: &Environment, earlier: Option<&Snapshot>) -> Result<Snapshot, String> {
        let text = |error: Error| error.to_string();
        let database = self.databases.connect(environment).await?;
        let registry = database.registry(&registry_options(environment)).await.map_err(text)?;
        let options = AuditOptions {
            tenants: registry.existing_tenants(),
            ledgers: true,
            most_findings: usize::MAX,
            ..AuditOptions::default()
        };
        let (_, snapshot) = database.audit_and_snapshot(&options, earlier).await.map_err(text)?;
        Ok(snapshot)
    }
}

#[async_trait]
impl Archive for Snapshots {
    async fn keep(&self, environment: &Environment) -> Result<(), String> {
        let store = self.store(environment);
        let reads = store.clone();
        // A damaged one is no reason to keep none from now on.
        let earlier: Option<Snapshot> = in_background(move || Ok(reads.latest().ok().flatten())).await?;
        let snapshot = self.now(environment, earlier.as_ref()).await?;
        in_background(move || {
            store.save(&snapshot)?;
            store.prune(KEPT)?;
            bound(&store, LARGEST)
        })
        .await
    }

    async fn blame(&self, environment: &Environment, sought: &str) -> Result<Blame, String> {
        let (store, sought) = (self.store(environment), sought.trim().to_owned());
        in_background(move || store.blame(&sought)).await.map(told)
    }

    async fn precedent(
        &self,
        environment: &Environment,
        window: Window,
        here: &Environment,
    ) -> Result<Option<Precedent>, String> {
        let store = self.store(environment);
        let made = in_background(move || {
            let (before, after) = (store.at(window.from)?, store.since(window.until)?);
            Ok(before.zip(after).and_then(|(before, after)| before.precedent(&after)))
        });
        let Some(made) = made.await? else { return Ok(None) };
        let lacking = made.lacking(&self.now(here, None).await?).into_iter().collect();
        Ok(Some(Precedent { environment: environment.name.clone(), made: made.objects(), lacking }))
    }
}

/// Forgets the older half for as long as all have too many bytes.
fn bound(store: &Store, largest: u64) -> Result<(), Error> {
    loop {
        let entries = store.list()?;
        let bytes: u64 = entries.iter().filter_map(|entry| Some(fs::metadata(&entry.file).ok()?.len())).sum();
        if bytes <= largest || entries.len() < 2 {
            return Ok(());
        }
        store.prune(entries.len() / 2)?;
    }
}

/// Files of a fleet are large enough to keep others waiting.
async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, String> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

fn told(blame: snapshot::Blame) -> Blame {
    match blame {
        snapshot::Blame::NoSnapshots => Blame::NoSnapshots,
        snapshot::Blame::NoSchema { .. } => Blame::NoSchema,
        snapshot::Blame::Never { oldest, latest, .. } => Blame::Never { oldest, latest },
        snapshot::Blame::Always { objects, oldest, .. } => Blame::Always { objects, oldest },
        snapshot::Blame::Turned(turned) => Blame::Turned(Turned {
            turn: match turned.turn {
                snapshot::Turn::Came => Turn::Came,
                snapshot::Turn::Went => Turn::Went,
                snapshot::Turn::Changed => Turn::Changed,
                snapshot::Turn::SchemaCame => Turn::SchemaCame,
            },
            before: turned.before,
            first: turned.first,
            changes: turned.changes.iter().map(|change| change.to_string()).collect(),
            objects: turned.objects,
        }),
    }
}
