use signalbox_tenants::{Activity, Advance, Progress, Unreadable};
use sqlx::Connection;

use super::locks::patiently;
use super::{execute, fleet, open};

fn done(progress: &Progress) -> Vec<&str> {
    progress.done().collect()
}

#[tokio::test]
async fn a_migration_going_tenant_by_tenant_is_seen_to_advance() {
    let (fleet, database) = fleet(3).await;
    let watcher = open(&database).await;
    let targets = [fleet.release_next().await.unwrap().label(), fleet.release_next().await.unwrap().label()];
    let progress = watcher.progress(&targets).await.unwrap();
    assert_eq!((progress.targets, done(&progress)), (2, vec!["public"]));
    assert_eq!(progress.pending().count(), 4);

    let tenants = fleet.tenants().await.unwrap();
    for (number, tenant) in tenants.iter().enumerate() {
        let [first, second] = &fleet.pending(tenant).await.unwrap()[..] else { panic!("{tenant}") };
        fleet.apply(tenant, first).await.unwrap();
        let progress = watcher.progress(&targets).await.unwrap();
        assert_eq!(progress.partial().collect::<Vec<_>>(), [tenant]);
        fleet.apply(tenant, second).await.unwrap();
        let progress = watcher.progress(&targets).await.unwrap();
        assert_eq!((progress.done().count(), progress.pending().count()), (number + 2, tenants.len() - number - 1));
    }
}

#[tokio::test]
async fn polling_beside_a_running_migration_never_goes_back_and_never_stops_it() {
    let (fleet, database) = fleet(6).await;
    let targets = [fleet.release_next().await.unwrap().label()];
    // Would wait for an hour rather than give up.
    let watcher = patiently(&database).await;
    // Every migration has a lock timeout of two seconds, which a watcher in its way would run it into.
    let migration = async {
        for tenant in fleet.tenants().await.unwrap() {
            fleet.migrate(&tenant).await.unwrap();
        }
    };
    let polls = async {
        let mut seen = Vec::new();
        while seen.last() != Some(&8) {
            seen.push(watcher.progress(&targets).await.unwrap().done().count());
            watcher.activity().await.unwrap();
        }
        seen
    };
    let ((), seen) = tokio::join!(migration, polls);
    assert!(seen.is_sorted(), "{seen:?}");
}

#[tokio::test]
async fn a_ledger_that_is_held_is_unknown_and_the_others_are_known() {
    let (fleet, database) = fleet(2).await;
    let targets = [fleet.release_next().await.unwrap().label()];
    fleet.migrate("globex").await.unwrap();
    execute(&database, "CREATE SCHEMA reporting").await;
    let holder = execute(&database, "BEGIN; LOCK TABLE acme.django_migrations IN ACCESS EXCLUSIVE MODE").await;
    let progress = patiently(&database).await.progress(&targets).await.unwrap();
    assert_eq!(progress.unknown().collect::<Vec<_>>(), ["acme"]);
    assert_eq!(progress.tenants[0].advance, Advance::Unknown(Unreadable::Locked));
    assert_eq!(done(&progress), ["globex", "public"]);
    assert_eq!(progress.none, ["reporting"]);
    holder.close().await.unwrap();
    let progress = open(&database).await.progress(&targets).await.unwrap();
    assert_eq!(progress.unknown().count(), 0);
}

/// Polls until so many wait in line.
async fn with_waiting(watcher: &signalbox_tenants::TenantDatabase, waiting: usize) -> Activity {
    loop {
        let activity = watcher.activity().await.unwrap();
        if activity.blocked.len() == waiting {
            return activity;
        }
    }
}

#[tokio::test]
async fn a_blocker_is_named_with_the_queue_behind_it() {
    let (_, database) = fleet(2).await;
    // A report reads, a migration waits for the report, and the application for the migration.
    let report = execute(&database, "SET application_name = 'report'; BEGIN; SELECT FROM acme.orders_order").await;
    let statements = |name: &str, statement: &str| format!("SET application_name = '{name}'; BEGIN; {statement}");
    let alter = "LOCK TABLE acme.orders_customer; ALTER TABLE acme.orders_order ADD COLUMN extra int; COMMIT";
    let alter = statements("migrate", alter);
    let migration = execute(&database, &alter);
    let read = statements("web", "SELECT FROM acme.orders_order; COMMIT");
    let watcher = as_owner(&database).await;
    let story = async {
        with_waiting(&watcher, 1).await;
        let web = execute(&database, &read);
        let seen = async {
            let activity = with_waiting(&watcher, 2).await;
            report.close().await.unwrap();
            activity
        };
        tokio::join!(web, seen).1
    };
    let (_, activity) = tokio::join!(migration, story);

    let [work] = &activity.migrating[..] else { panic!("{activity:#?}") };
    assert_eq!((&*work.schema, &*work.relation, &*work.mode), ("acme", "orders_customer", "AccessExclusiveLock"));
    assert_eq!((&*work.session.application_name, work.session.wait.as_deref()), ("migrate", Some("Lock:relation")));
    assert!(work.session.query.as_deref().unwrap().starts_with("SET application_name"), "{work:?}");
    let find = |name: &str| activity.blocked.iter().find(|one| one.session.application_name == name).unwrap();
    let (migrate, web) = (find("migrate"), find("web"));
    assert_eq!(migrate.relation, Some(("acme".to_owned(), "orders_order".to_owned())));
    assert_eq!((&*migrate.mode, &*web.mode), ("AccessExclusiveLock", "AccessShareLock"));
    assert_eq!((&migrate.queue, &web.blocked_by), (&vec![web.session.pid], &vec![migrate.session.pid]));
    let [head] = &activity.blockers[..] else { panic!("{activity:#?}") };
    assert_eq!(head.session.application_name, "report");
    assert_eq!(head.session.state.as_deref(), Some("idle in transaction"));
    let mut queue = vec![migrate.session.pid, web.session.pid];
    queue.sort_unstable();
    assert_eq!(head.queue, queue);
    assert!(!activity.partial);
    assert!(activity.connections.used > 3 && activity.connections.used <= activity.connections.limit);
}

async fn as_owner(database: &signalbox_sandbox::postgres::Database) -> signalbox_tenants::TenantDatabase {
    signalbox_tenants::TenantDatabase::connect(&database.url, signalbox_tenants::Options::default()).await.unwrap()
}

#[tokio::test]
async fn a_role_without_the_right_sees_locks_and_says_that_the_rest_is_hidden() {
    let (_, database) = fleet(1).await;
    let holder = execute(&database, "BEGIN; ALTER TABLE acme.orders_order ADD COLUMN extra int").await;
    let activity = open(&database).await.activity().await.unwrap();
    assert!(activity.partial);
    let [work] = &activity.migrating[..] else { panic!("{activity:#?}") };
    assert_eq!((&*work.schema, &*work.relation, &*work.mode), ("acme", "orders_order", "AccessExclusiveLock"));
    assert_eq!((&work.session.query, &work.session.state, work.session.seconds), (&None, &None, None));
    holder.close().await.unwrap();
}
