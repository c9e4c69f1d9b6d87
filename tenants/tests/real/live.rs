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

#[tokio::test]
async fn following_counts_what_moved_and_knows_what_was_there_before() {
    let (fleet, database) = fleet(3).await;
    let since = sqlx::query_scalar::<_, f64>("SELECT extract(epoch FROM clock_timestamp())::float8");
    let since = since.fetch_one(&mut execute(&database, "SELECT 1").await).await.unwrap();
    let since = std::time::UNIX_EPOCH + std::time::Duration::from_secs_f64(since);
    let mut follow = open(&database).await.follow(since, "migrate-42").await.unwrap();
    let sight = follow.look().await.unwrap();
    assert_eq!((sight.target.as_ref().map(Vec::len), sight.released.len(), sight.tenants.len()), (Some(53), 0, 4));
    let all = |sight: &signalbox_tenants::Sight| -> Vec<(u32, u32)> {
        sight.tenants.iter().map(|one| one.count.as_ref().map(|count| (count.lacking, count.fresh)).unwrap()).collect()
    };
    assert_eq!(all(&sight), [(0, 0); 4]);
    let released = [fleet.release_next().await.unwrap(), fleet.release_next().await.unwrap()];
    let sight = follow.look().await.unwrap();
    assert_eq!(sight.released, released.each_ref().map(|one| one.label()));
    assert_eq!(all(&sight), [(2, 0); 4]);
    let tenants = fleet.tenants().await.unwrap();
    fleet.apply(&tenants[0], &released[0]).await.unwrap();
    let named = execute(&database, "SET application_name = 'signalbox-migrate-42'").await;
    let (mut sight, mut looks) = (follow.look().await.unwrap(), 1);
    while all(&sight).iter().all(|count| *count == (2, 0)) {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        sight = follow.look().await.unwrap();
        looks += 1;
    }
    assert!(looks < 100, "the statistics come ten seconds late at most");
    let one = sight.tenants.iter().find(|one| one.schema == tenants[0]).unwrap().count.as_ref().unwrap();
    assert_eq!((one.lacking, one.fresh, one.next.clone()), (1, 1, Some(released[1].label())));
    assert!(one.latest >= Some(since));
    assert_eq!(sight.activity.named.len(), 1);
    // A tenant at work is counted at every look, whatever the statistics say.
    fleet.apply(&tenants[0], &released[1]).await.unwrap();
    let sight = follow.look().await.unwrap();
    assert_eq!(all(&sight).iter().filter(|count| **count == (0, 2)).count(), 1);
    named.close().await.unwrap();
}

#[tokio::test]
async fn a_session_is_ended_by_whoever_may_and_only_the_one_that_was_meant() {
    use signalbox_tenants::Signal;
    let (_, database) = fleet(1).await;
    let owner = as_owner(&database).await;
    let report = execute(&database, "SET application_name = 'report'; BEGIN; SELECT txid_current()").await;
    let [session] = &owner.activity().await.unwrap().writing[..] else { panic!("nobody writes") };
    let (pid, started) = (session.pid, session.started);
    assert_eq!(session.application_name, "report");
    assert_eq!(open(&database).await.end_session(pid, None, true).await.unwrap(), Signal::Denied);
    assert_eq!(owner.end_session(pid, started.map(|at| at + 1), true).await.unwrap(), Signal::Gone);
    assert_eq!(owner.end_session(pid, started, false).await.unwrap(), Signal::Sent);
    assert_eq!(owner.activity().await.unwrap().writing.len(), 1, "there was no statement to cancel");
    assert_eq!(owner.end_session(pid, started, true).await.unwrap(), Signal::Sent);
    while !owner.activity().await.unwrap().writing.is_empty() {}
    assert_eq!(owner.end_session(pid, started, true).await.unwrap(), Signal::Gone);
    drop(report);
}
