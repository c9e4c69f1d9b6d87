//! The fleet's state at a time, taken from a real server: what changed since, and what is not as it was.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use signalbox_sandbox::postgres::{Database, Postgres};
use signalbox_tenants::snapshot::{Blame, Store, Turn};
use signalbox_tenants::{
    AuditOptions, Cluster, Error, Kind, Options, Reference, Severity, Snapshot, State, TenantDatabase,
};

use super::{empty, execute, fleet, open};

async fn taken(database: &Database, earlier: Option<&Snapshot>) -> Snapshot {
    let options = AuditOptions { ledgers: true, ..AuditOptions::default() };
    open(database).await.audit_and_snapshot(&options, earlier).await.unwrap().1
}

/// `rule object, attribute: from → to` of each difference.
fn told(cluster: &Cluster) -> Vec<String> {
    let words = |difference: &signalbox_tenants::Difference| {
        let mut text = format!("{} {}", difference.rule, difference.object);
        if let (Some(attribute), Some(from), Some(to)) = (&difference.attribute, &difference.from, &difference.to) {
            text += &format!(", {attribute}: {from} → {to}");
        }
        text
    };
    cluster.differences.iter().map(words).collect()
}

#[tokio::test]
async fn a_release_is_told_by_groups_of_tenants_that_changed_alike() {
    let (fleet, database) = fleet(5).await;
    let before = taken(&database, None).await;
    assert!(before.until(&taken(&database, Some(&before)).await).is_empty());
    fleet.release_next().await.unwrap();
    for tenant in ["acme", "globex", "super_tenant"] {
        fleet.migrate(tenant).await.unwrap();
    }
    execute(&database, "DROP TABLE umbrella.orders_payment CASCADE; CREATE SCHEMA fresh").await;
    execute(&database, "CREATE TABLE fresh.django_migrations (id bigint, app text, name text)").await;
    execute(&database, "DROP SCHEMA hooli CASCADE").await;

    let after = taken(&database, Some(&before)).await;
    let diff = before.until(&after);
    assert_eq!(
        (&*diff.added, &*diff.removed, diff.unchanged),
        (&["fresh".to_owned()][..], &["hooli".to_owned()][..], 0)
    );
    let groups: Vec<(Vec<String>, Vec<String>)> =
        diff.clusters.iter().map(|cluster| (cluster.tenants.clone(), told(cluster))).collect();
    let release = ["added column orders_order.priority", "added index orders_order_priority_idx"];
    assert_eq!(groups[0].0, ["acme", "globex", "super_tenant"]);
    assert_eq!(groups[0].1, release);
    let umbrella = groups.iter().find(|(tenants, _)| tenants == &["umbrella"]).unwrap();
    assert_eq!(umbrella.1[0], "removed table orders_payment");
    assert!(umbrella.1.contains(&"changed ledger, standing: complete → lagging".to_owned()), "{umbrella:?}");
    // Whose structure stayed as it was is behind now.
    let initech = groups.iter().find(|(tenants, _)| tenants == &["initech"]).unwrap();
    assert_eq!(initech.1, ["changed ledger, standing: complete → lagging"]);
    assert!(after.standings().any(|standing| standing.tenant == "initech" && standing.state == State::Lagging));
    assert_eq!(diff.uneven, ["initech", "umbrella"]);
    let findings = diff.findings();
    assert!(findings.iter().all(|finding| finding.kind == Kind::Change));
    let of = |rule: &str| findings.iter().filter(|finding| finding.rule == rule).collect::<Vec<_>>();
    assert_eq!(of("tenant_removed")[0].severity, Severity::Warning);
    assert_eq!(of("removed")[0].message, "table orders_payment was removed, with its data.");
    assert_eq!(of("uneven").len(), 2);
}

#[tokio::test]
async fn expressions_are_kept_as_sql_and_the_order_of_columns_is_no_change_of_theirs() {
    let (_, database) = fleet(2).await;
    let check = "ALTER TABLE acme.orders_order ADD CONSTRAINT odd CHECK (length(reference) > 0)";
    execute(&database, check).await;
    let before = taken(&database, None).await;
    let attributes = before.attributes("acme").unwrap();
    let expression =
        attributes.iter().find(|one| one.object == "constraint orders_order.odd" && one.attribute == "expression");
    assert_eq!(expression.unwrap().value, "(length((reference)::text) > 0)");

    // Built again: the column has another number, and so has the stored expression.
    let again = "ALTER TABLE acme.orders_order ADD COLUMN r2 varchar(40); UPDATE acme.orders_order SET r2 = reference;
                 ALTER TABLE acme.orders_order ALTER COLUMN r2 SET NOT NULL";
    let width = attributes.iter().find(|one| one.object == "column orders_order.reference" && one.attribute == "type");
    let kind = &width.unwrap().value;
    execute(&database, &again.replace("varchar(40)", kind)).await;
    execute(&database, "ALTER TABLE acme.orders_order DROP COLUMN reference CASCADE").await;
    execute(&database, "ALTER TABLE acme.orders_order RENAME COLUMN r2 TO reference").await;
    execute(&database, check).await;
    let diff = before.until(&taken(&database, Some(&before)).await);
    let told = told(&diff.clusters[0]);
    assert!(told.iter().any(|line| line.starts_with("order table orders_order")), "{told:?}");
    assert!(!told.iter().any(|line| line.contains("orders_order.odd")), "{told:?}");

    execute(&database, "ALTER TABLE acme.orders_order DROP CONSTRAINT odd").await;
    execute(&database, &check.replace("> 0", "> 1")).await;
    let diff = before.until(&taken(&database, Some(&before)).await);
    let changed = "changed constraint orders_order.odd, expression: (length((reference)::text) > 0) → (length((reference)::text) > 1)";
    assert!(diff.clusters[0].differences.len() > 1);
    assert!(self::told(&diff.clusters[0]).contains(&changed.to_owned()), "{:?}", self::told(&diff.clusters[0]));
}

#[tokio::test]
async fn another_time_and_another_environment_are_references() {
    let (fleet_of_uat, uat) = fleet(3).await;
    let (_, prod) = fleet(4).await;
    let against = async |database: &Database, snapshot: &Snapshot| {
        let reference = Reference::Snapshot(Arc::new(snapshot.clone()));
        open(database).await.audit(&AuditOptions { reference, ..AuditOptions::default() }).await.unwrap()
    };
    let then = taken(&uat, None).await;
    let audit = against(&prod, &then).await;
    assert_eq!((audit.findings.len(), audit.clusters.len()), (0, 1), "{:?}", audit.findings);
    assert!(audit.reference.starts_with(&format!("{} at 20", uat.name)), "{}", audit.reference);

    // One tenant ahead is no majority.
    fleet_of_uat.release_next().await.unwrap();
    fleet_of_uat.migrate("acme").await.unwrap();
    assert_eq!(against(&prod, &taken(&uat, None).await).await.findings.len(), 0);
    fleet_of_uat.migrate("globex").await.unwrap();
    fleet_of_uat.migrate("initech").await.unwrap();
    let audit = against(&prod, &taken(&uat, None).await).await;
    assert_eq!(audit.findings.len(), 2 * audit.tenants.len());
    assert!(audit.findings.iter().all(|finding| finding.rule == "missing"), "{:?}", audit.findings);
    let audit = against(&uat, &then).await;
    let ahead: Vec<&str> = audit.findings.iter().map(|finding| &*finding.rule).collect();
    assert_eq!(ahead, ["extra"; 6]);
    // Isolation is judged as ever: what reaches out is found, and a snapshot reaches nowhere.
    execute(&uat, "CREATE VIEW acme.peek AS SELECT * FROM globex.orders_order").await;
    let audit = against(&uat, &then).await;
    let faults: Vec<&str> = audit.of_kind(Kind::Isolation).map(|finding| &*finding.tenant).collect();
    assert_eq!(faults, ["acme"]);
}

#[tokio::test]
async fn a_snapshot_knows_which_findings_are_old() {
    let (_, database) = fleet(3).await;
    execute(&database, "ALTER TABLE acme.orders_order ADD COLUMN odd text").await;
    let database_now = open(&database).await;
    let (audit, mut snapshot) = database_now.audit_and_snapshot(&AuditOptions::default(), None).await.unwrap();
    assert!(snapshot.found(&audit.findings[0]));
    assert!(snapshot.asked(Kind::Drift) && !snapshot.asked(Kind::Ledger) && !snapshot.asked(Kind::Registry));
    snapshot.add_findings(Kind::Registry, []);
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    store.save(&snapshot).unwrap();
    execute(&database, "ALTER TABLE globex.orders_order ADD COLUMN even text").await;
    let kept = store.latest().unwrap().unwrap();
    assert!(kept.asked(Kind::Registry));
    let now = database_now.audit(&AuditOptions::default()).await.unwrap();
    let new: Vec<&str> =
        now.findings.iter().filter(|finding| !kept.found(finding)).map(|finding| &*finding.object).collect();
    assert_eq!(new, ["column orders_order.even"]);
}

#[tokio::test]
async fn a_name_that_nobody_has_is_an_error() {
    let (_, database) = fleet(2).await;
    let named = AuditOptions { tenants: Some(vec!["acme".to_owned(), "acne".to_owned()]), ..AuditOptions::default() };
    let refused = open(&database).await.audit(&named).await.unwrap_err();
    assert_eq!(refused, Error::NoTenant { name: "acne".to_owned() });
    assert_eq!(refused.to_string(), "there is no schema named acne to look at");
    let nothing = taken(&empty().await, None).await;
    assert_eq!(nothing.tenants().count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reading_shows_how_far_it_has_come() {
    let (_, database) = fleet(20).await;
    execute(&database, "ANALYZE pg_class, pg_attribute, pg_attrdef, pg_index, pg_constraint, pg_type, pg_proc").await;
    let options = Options::default();
    let gauge = options.gauge.clone();
    assert_eq!(gauge.percent(), None);
    let tenants = TenantDatabase::connect(&database.url, options).await.unwrap();
    let every = AuditOptions::default();
    // Looked at from a thread of its own: a reading that finds all its rows waiting does not stop in between.
    let (looked, done) = (gauge.clone(), Arc::new(AtomicBool::new(false)));
    let until = done.clone();
    let looking = std::thread::spawn(move || {
        let mut seen = BTreeSet::new();
        while !until.load(Ordering::Relaxed) {
            seen.extend(looked.percent());
            std::thread::yield_now();
        }
        seen
    });
    // On a busy machine the looking thread may miss a part of one reading, so there are several.
    let mut audits = vec![];
    for _ in 0..5 {
        audits.push((tenants.audit(&every).await, gauge.percent()));
    }
    done.store(true, Ordering::Relaxed);
    let seen = looking.join().unwrap();
    for (audit, after) in audits {
        assert_eq!((audit.unwrap().tenants.len(), after), (21, None));
    }
    // It begins at the beginning, is somewhere between, and the estimate was not far off.
    assert!(seen.len() > 2 && seen.first() < Some(&30) && seen.last() > Some(&60), "{seen:?}");
}

#[tokio::test]
async fn a_migration_that_holds_all_tables_of_a_tenant_does_not_keep_a_snapshot_waiting() {
    let (_, database) = fleet(3).await;
    let lock = "BEGIN; DO $$ DECLARE name text; BEGIN FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'acme' \
                LOOP EXECUTE format('LOCK TABLE acme.%I IN ACCESS EXCLUSIVE MODE', name); END LOOP; END $$";
    let migration = execute(&database, lock).await;
    let options = Options { lock_timeout: Duration::from_millis(300), ..Options::default() };
    let url = Postgres::shared().await.unwrap().reader_url(&database.name);
    let tenants = TenantDatabase::connect(&url, options).await.unwrap();
    let begun = Instant::now();
    let (_, snapshot) = tenants.audit_and_snapshot(&AuditOptions::default(), None).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let hidden = |schema: &str| {
        let attributes = snapshot.attributes(schema).unwrap();
        attributes.into_iter().filter(|one| one.value.contains("could not be shown")).count()
    };
    assert_eq!((hidden("acme"), hidden("globex")), (0, 0), "others have the same");
    drop(migration);
}

#[tokio::test]
async fn snapshots_tell_when_an_object_became_what_it_is() {
    let (fleet, database) = fleet(3).await;
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    let ask = |sought: &str| store.blame(sought).unwrap();
    assert_eq!(ask("acme.orders_order.note"), Blame::NoSnapshots);
    let mut earlier: Option<Snapshot> = None;
    let mut times = Vec::new();
    let steps = [
        "",
        "ALTER TABLE acme.orders_order ADD COLUMN note text; DROP INDEX globex.orders_order_placed_at_idx",
        "",
        "ALTER TABLE acme.orders_order ALTER COLUMN note TYPE varchar(40); CREATE SCHEMA \"a.b\";
         CREATE TABLE \"a.b\".django_migrations (id bigint, app text, name text, odd int)",
        "",
    ];
    for statements in steps {
        execute(&database, statements).await;
        let snapshot = taken(&database, earlier.as_ref()).await;
        store.save(&snapshot).unwrap();
        times.push(snapshot.taken_at());
        earlier = Some(snapshot);
    }
    let turned = |sought: &str| match ask(sought) {
        Blame::Turned(turned) => {
            let place = |time| times.iter().position(|one| *one == time).unwrap();
            assert_eq!(turned.latest, times[4]);
            let changes = turned.changes.iter().map(ToString::to_string).collect::<Vec<_>>();
            (turned.turn, place(turned.before), place(turned.first), turned.objects, changes)
        }
        other => panic!("{sought}: {other:?}"),
    };
    let note = "column orders_order.note".to_owned();
    let (turn, before, first, objects, changes) = turned("acme.orders_order.note");
    assert_eq!((turn, before, first, objects), (Turn::Changed, 2, 3, vec![note]));
    assert_eq!(changes, ["column orders_order.note: type text → character varying(40)"]);
    let index = "index orders_order_placed_at_idx".to_owned();
    let gone = turned("globex.orders_order_placed_at_idx");
    assert_eq!(gone, (Turn::Went, 0, 1, vec![index], vec![]));
    assert_eq!(turned("globex.index orders_order_placed_at_idx").0, Turn::Went);
    let table = "table django_migrations".to_owned();
    assert_eq!(turned("a.b.table django_migrations"), (Turn::SchemaCame, 2, 3, vec![table], vec![]));
    let oldest = times[0];
    assert!(matches!(ask("acme.table orders_customer"), Blame::Always { oldest: since, .. } if since == oldest));
    assert!(matches!(ask("acme.orders_order.nothing"), Blame::Never { oldest: since, .. } if since == oldest));
    assert!(matches!(ask("orders_order.note"), Blame::NoSchema { .. }));
    // What cannot be read counts as never taken, and what builds on it.
    std::fs::write(&store.list().unwrap()[3].file, "damaged").unwrap();
    let Blame::Turned(came) = ask("acme.orders_order.note") else { panic!("it came before that") };
    assert_eq!((came.turn, came.before, came.first, came.latest), (Turn::Came, times[0], times[1], times[2]));
    drop(fleet);
}
