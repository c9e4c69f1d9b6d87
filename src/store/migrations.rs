//! The tables, as numbered steps that are applied once and never edited afterwards.

use std::{borrow::Cow, future};

use futures::future::BoxFuture;
use sqlx::{
    error::BoxDynError,
    migrate::{Migrate, MigrateError, Migration, MigrationSource, MigrationType, Migrator},
};

use super::OpenError;

/// One step: its number, its name, its text.
type Step = (i64, &'static str, &'static str);

macro_rules! steps {
    ($backend:literal: $($number:literal $name:literal $file:literal),+ $(,)?) => {
        &[$(($number, $name, include_str!(concat!("../../migrations/", $backend, "/", $file)))),+]
    };
}

pub(super) const SQLITE: &[Step] = steps!("sqlite":
    1 "deployments" "0001_deployments.sql",
    2 "outbox" "0002_outbox.sql",
    3 "inbox" "0003_inbox.sql",
    4 "audit chain" "0004_audit_chain.sql",
    5 "gates" "0005_gates.sql",
    6 "buttons" "0006_buttons.sql",
    7 "links" "0007_links.sql",
    8 "alerts" "0008_alerts.sql",
    9 "subscriptions" "0009_subscriptions.sql",
    10 "history" "0010_history.sql",
    11 "schedules" "0011_schedules.sql",
    12 "sizes" "0012_sizes.sql",
    13 "incidents" "0013_incidents.sql",
);

pub(super) const POSTGRES: &[Step] = steps!("postgres":
    1 "deployments" "0001_deployments.sql",
    2 "outbox" "0002_outbox.sql",
    3 "inbox" "0003_inbox.sql",
    4 "audit chain" "0004_audit_chain.sql",
    5 "gates" "0005_gates.sql",
    6 "buttons" "0006_buttons.sql",
    7 "links" "0007_links.sql",
    8 "alerts" "0008_alerts.sql",
    9 "subscriptions" "0009_subscriptions.sql",
    10 "history" "0010_history.sql",
    11 "schedules" "0011_schedules.sql",
    12 "sizes" "0012_sizes.sql",
    13 "incidents" "0013_incidents.sql",
);

#[derive(Debug)]
struct Embedded(&'static [Step]);

impl MigrationSource<'static> for Embedded {
    fn resolve(self) -> BoxFuture<'static, Result<Vec<Migration>, BoxDynError>> {
        let migrations = self.0.iter().map(|&(number, name, text)| {
            Migration::new(number, Cow::Borrowed(name), MigrationType::Simple, Cow::Borrowed(text), false)
        });
        Box::pin(future::ready(Ok(migrations.collect())))
    }
}

/// Brings the tables up to the last of `steps`; refuses tables that these steps did not make.
pub(super) async fn run<C: Migrate>(connection: &mut C, steps: &'static [Step], place: &str) -> Result<(), OpenError> {
    let latest = steps.last().map_or(0, |&(number, ..)| number);
    apply(connection, steps).await.map_err(|error| OpenError::migrating(place, latest, error))
}

pub(super) async fn apply<C: Migrate>(connection: &mut C, steps: &'static [Step]) -> Result<(), MigrateError> {
    Migrator::new(Embedded(steps)).await?.run_direct(connection).await
}
