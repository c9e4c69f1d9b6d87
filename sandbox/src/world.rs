//! What runs change outside GitHub: per environment a tenant database and a running application.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use crate::application::Application;
use crate::fleet::{self, Fleet};
use crate::github::{Migration, Release, StepFailed, Tenants, World};

/// The product that the pipeline deploys, in all its environments.
#[derive(Debug, Clone)]
pub struct Product {
    application: Arc<Application>,
    places: Arc<Mutex<BTreeMap<String, Place>>>,
}

/// What belongs to one environment.
#[derive(Debug, Clone)]
pub struct Place {
    /// Its tenant database.
    pub fleet: Fleet,
    /// The host name under which the application answers.
    pub host: String,
}

impl Product {
    /// A product without environments.
    #[must_use]
    pub fn new(application: Arc<Application>) -> Self {
        Self { application, places: Arc::default() }
    }

    /// Says what runs for this GitHub environment change.
    pub fn add(&self, environment: impl Into<String>, place: Place) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.insert(environment.into(), place);
    }

    /// What belongs to a GitHub environment.
    #[must_use]
    pub fn place(&self, environment: &str) -> Option<Place> {
        let places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.get(environment).cloned()
    }

    /// The commit that runs in a GitHub environment.
    #[must_use]
    pub fn build(&self, environment: &str) -> Option<String> {
        let host = self.place(environment)?.host;
        Some(self.application.environment(&host)?.build)
    }

    fn find(&self, environment: &str) -> Result<Place, StepFailed> {
        let unknown = || StepFailed(format!("no environment named {environment}"));
        self.place(environment).ok_or_else(unknown)
    }
}

#[async_trait]
impl World for Product {
    /// Prints what django-tenants 4.0.1 prints, and does what it says.
    async fn migrate(&self, migration: &Migration, on_line: &mut (dyn FnMut(String) + Send)) -> Result<(), StepFailed> {
        let fleet = self.find(&migration.environment)?.fleet;
        let mut log = Log { print: on_line, prefix: String::new() };
        let done = async {
            let applications = fleet.applications().await?.join(", ");
            shared_step(&fleet, &applications, &mut log).await?;
            if migration.tenants != Tenants::None {
                tenant_step(&fleet, &applications, migration, &mut log).await?;
            }
            Ok(())
        };
        done.await.map_err(|error| StepFailed(log.traceback(&error)))
    }

    async fn deploy(&self, release: &Release) -> Result<(), StepFailed> {
        let host = self.find(&release.environment)?.host;
        if self.application.deploy(&host, &release.sha) {
            Ok(())
        } else {
            Err(StepFailed(format!("nothing answers at {host}")))
        }
    }
}

/// `migrate_schemas --shared`. The commit brings a new migration once all earlier ones have arrived,
/// so that every run has something to do.
async fn shared_step(fleet: &Fleet, applications: &str, log: &mut Log<'_>) -> Result<(), fleet::Error> {
    let mut behind = false;
    for tenant in fleet.tenants().await? {
        behind |= !fleet.pending(&tenant).await?.is_empty();
    }
    log.begin("standard:public", applications);
    if behind {
        log.say("  No migrations to apply.");
    } else {
        let released = fleet.release_next().await?;
        log.say(&format!("  Applying {}... OK", released.label()));
    }
    (log.print)("Super tenant already exists".to_owned());
    Ok(())
}

/// `migrate_schemas --tenant` with the standard executor, one tenant after the other.
async fn tenant_step(
    fleet: &Fleet,
    applications: &str,
    migration: &Migration,
    log: &mut Log<'_>,
) -> Result<(), fleet::Error> {
    let tenants = fleet.tenants().await?;
    let all = tenants.len();
    for (index, tenant) in tenants.iter().enumerate() {
        let place = index + 1;
        log.begin(&format!("{place}/{all} ({}%) standard:{tenant}", place * 100 / all), applications);
        tokio::time::sleep(migration.pace).await;
        let pending = fleet.pending(tenant).await?;
        // A real obstacle: somebody's open transaction on this tenant.
        let blocker = match migration.tenants {
            Tenants::UpTo(reached) if index >= reached && !pending.is_empty() => {
                Some(fleet.block_tenant(tenant).await?)
            }
            _ => None,
        };
        let migrated = migrate_tenant(fleet, tenant, &pending, log).await;
        if let Some(blocker) = blocker {
            blocker.release().await?;
        }
        migrated?;
    }
    Ok(())
}

async fn migrate_tenant(
    fleet: &Fleet,
    tenant: &str,
    pending: &[fleet::Migration],
    log: &mut Log<'_>,
) -> Result<(), fleet::Error> {
    if pending.is_empty() {
        log.say("  No migrations to apply.");
    }
    for migration in pending {
        let applied = fleet.apply(tenant, migration).await;
        let end = if applied.is_ok() { " OK" } else { "" };
        log.say(&format!("  Applying {}...{end}", migration.label()));
        applied?;
    }
    Ok(())
}

/// The lines of one `migrate_schemas` process.
struct Log<'a> {
    print: &'a mut (dyn FnMut(String) + Send),
    prefix: String,
}

impl Log<'_> {
    fn begin(&mut self, prefix: &str, applications: &str) {
        prefix.clone_into(&mut self.prefix);
        self.say("=== Starting migration");
        self.say("Operations to perform:");
        self.say(&format!("  Apply all migrations: {applications}"));
        self.say("Running migrations:");
    }

    fn say(&mut self, line: &str) {
        (self.print)(format!("[{}] {line}", self.prefix));
    }

    /// Prints the end of Python's traceback, which never names the tenant, and gives its last line.
    fn traceback(&mut self, error: &fleet::Error) -> String {
        let cause = match error {
            fleet::Error::Migration { source, .. } | fleet::Error::Database(source) => source.as_database_error(),
            fleet::Error::UnknownMigration(_) => None,
        };
        let (driver, django) = class_names(cause.and_then(|cause| cause.code()).as_deref());
        let message = cause.map_or_else(|| error.to_string(), |cause| cause.message().to_owned());
        let lines = [
            "Traceback (most recent call last):".to_owned(),
            "  File \"/usr/local/lib/python3.12/site-packages/django/db/backends/utils.py\", line 103, in _execute"
                .to_owned(),
            "    return self.cursor.execute(sql)".to_owned(),
            format!("psycopg2.errors.{driver}: {message}"),
            String::new(),
            "The above exception was the direct cause of the following exception:".to_owned(),
            String::new(),
        ];
        lines.into_iter().for_each(&mut *self.print);
        format!("django.db.utils.{django}: {message}")
    }
}

/// The exception classes of psycopg2 and Django for an SQLSTATE.
fn class_names(code: Option<&str>) -> (&'static str, &'static str) {
    match code {
        Some("42701") => ("DuplicateColumn", "ProgrammingError"),
        Some("42P07") => ("DuplicateTable", "ProgrammingError"),
        Some("23505") => ("UniqueViolation", "IntegrityError"),
        Some("23502") => ("NotNullViolation", "IntegrityError"),
        Some("23514") => ("CheckViolation", "IntegrityError"),
        Some("55P03") => ("LockNotAvailable", "OperationalError"),
        _ => ("DatabaseError", "DatabaseError"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::application::Environment;
    use crate::postgres::Postgres;

    async fn product() -> (Product, Fleet) {
        let server = Postgres::shared().await.unwrap();
        let (fleet, database) = Fleet::fresh(server, 2).await.unwrap();
        let _ = database.keep();
        let application = Application::start().await.unwrap();
        application.add("uat.example.test", Environment::new("0".repeat(40)));
        let product = Product::new(Arc::new(application));
        let host = "uat.example.test".to_owned();
        product.add("uat2-backend", Place { fleet: fleet.clone(), host });
        (product, fleet)
    }

    async fn run(product: &Product, tenants: Tenants) -> (Result<(), String>, String) {
        let migration = Migration {
            repository: "acme/product".to_owned(),
            workflow: "12-uat-deployment.yml".to_owned(),
            environment: "uat2-backend".to_owned(),
            sha: "1".repeat(40),
            tenants,
            pace: Duration::ZERO,
        };
        let mut lines = Vec::new();
        let result = product.migrate(&migration, &mut |line| lines.push(line)).await;
        (result.map_err(|failed| failed.0), lines.join("\n"))
    }

    #[tokio::test]
    async fn a_run_migrates_for_real_and_prints_it() {
        let (product, fleet) = product().await;
        let (result, log) = run(&product, Tenants::All).await;
        assert_eq!(result, Ok(()));
        assert!(log.contains("[standard:public]   Applying orders.0005_order_priority... OK"), "{log}");
        assert!(log.contains("[2/3 (66%) standard:acme] === Starting migration"), "{log}");
        assert!(log.ends_with("[3/3 (100%) standard:globex]   Applying orders.0005_order_priority... OK"), "{log}");
        for tenant in fleet.tenants().await.unwrap() {
            assert!(fleet.pending(&tenant).await.unwrap().is_empty());
        }
    }

    #[tokio::test]
    async fn what_a_run_leaves_out_the_next_one_does() {
        let (product, fleet) = product().await;
        assert_eq!(run(&product, Tenants::None).await.0, Ok(()));
        assert_eq!(fleet.pending("acme").await.unwrap().len(), 1);

        let (result, log) = run(&product, Tenants::UpTo(1)).await;
        let last = "django.db.utils.OperationalError: canceling statement due to lock timeout";
        assert_eq!(result, Err(last.to_owned()));
        assert!(log.contains("[2/3 (66%) standard:acme]   Applying orders.0005_order_priority...\n"), "{log}");
        assert!(fleet.pending("super_tenant").await.unwrap().is_empty());
        assert_eq!(fleet.pending("acme").await.unwrap().len(), 1);

        let (result, log) = run(&product, Tenants::All).await;
        assert_eq!(result, Ok(()));
        assert!(log.contains("[1/3 (33%) standard:super_tenant]   No migrations to apply."), "{log}");
        assert!(fleet.pending("acme").await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_broken_tenant_fails_the_run_with_what_postgresql_says() {
        let (product, fleet) = product().await;
        fleet.break_tenant("acme").await.unwrap();
        let (result, log) = run(&product, Tenants::All).await;
        let last = "django.db.utils.ProgrammingError: column \"priority\" of relation \"orders_order\" already exists";
        assert_eq!(result, Err(last.to_owned()));
        assert!(log.contains("psycopg2.errors.DuplicateColumn"), "{log}");
    }

    #[tokio::test]
    async fn a_deployment_puts_the_commit_into_service() {
        let (product, _fleet) = product().await;
        let release = |environment: &str| Release {
            repository: "acme/product".to_owned(),
            workflow: "12-uat-deployment.yml".to_owned(),
            environment: environment.to_owned(),
            sha: "2".repeat(40),
        };
        product.deploy(&release("uat2-backend")).await.unwrap();
        let running = product.application.environment("uat.example.test").unwrap();
        assert_eq!(running.build, "2".repeat(40));
        assert_eq!(product.build("uat2-backend"), Some(running.build));
        assert_eq!(product.deploy(&release("prod-backend")).await.unwrap_err().0, "no environment named prod-backend");
    }
}
