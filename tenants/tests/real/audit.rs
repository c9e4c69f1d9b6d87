//! What tenants differ in, told in the middle of everything that goes on in a database.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::Duration;

use signalbox_sandbox::postgres::Postgres;
use signalbox_tenants::{Audit, AuditOptions, Finding, Kind, Options, Reference, State, TenantDatabase};
use sqlx::{Connection, PgConnection};

use super::locks::patiently;
use super::{empty, execute, fleet, open};

fn told(audit: &Audit) -> Vec<(&str, &str, &str)> {
    audit.findings.iter().map(|finding| (&*finding.tenant, &*finding.rule, &*finding.object)).collect()
}

fn with_ledgers() -> AuditOptions {
    AuditOptions { ledgers: true, ..AuditOptions::default() }
}

#[tokio::test]
async fn equal_tenants_are_one_cluster() {
    let (_, database) = fleet(4).await;
    let audit = open(&database).await.audit(&with_ledgers()).await.unwrap();
    assert_eq!(audit.tenants, ["acme", "globex", "initech", "super_tenant", "umbrella"]);
    assert_eq!(told(&audit), []);
    assert_eq!(audit.clusters.len(), 1);
    assert_eq!(audit.clusters[0].tenants.len(), 5);
    assert_eq!(audit.clusters[0].fingerprint.len(), 32);
    assert!(audit.standings.iter().all(|standing| standing.state == State::Complete));
}

#[tokio::test]
async fn a_fingerprint_is_the_same_in_every_database() {
    let prints = async || {
        let (_, database) = fleet(2).await;
        open(&database).await.audit(&AuditOptions::default()).await.unwrap().clusters[0].fingerprint.clone()
    };
    assert_eq!(prints().await, prints().await);
}

#[tokio::test]
async fn a_difference_names_the_object_the_attribute_and_both_values() {
    let (_, database) = fleet(4).await;
    execute(
        &database,
        "DROP INDEX acme.orders_order_placed_at_idx; ALTER TABLE umbrella.orders_order ALTER COLUMN reference TYPE varchar(99)",
    )
    .await;
    let audit = open(&database).await.audit(&AuditOptions::default()).await.unwrap();
    let column = audit.findings.iter().find(|finding| finding.tenant == "umbrella").unwrap();
    assert_eq!((&*column.rule, &*column.object), ("changed", "column orders_order.reference"));
    assert_eq!(column.attribute.as_deref(), Some("type"));
    assert_eq!(column.to.as_deref(), Some("character varying(99)"));
    assert!(
        column.message.starts_with("column orders_order.reference: type is character varying(99), not "),
        "{}",
        column.message
    );
    assert_eq!(audit.clusters.iter().map(|cluster| cluster.tenants.len()).collect::<Vec<_>>(), [3, 1, 1]);
}

#[tokio::test]
async fn equal_rows_that_mean_something_else_in_another_tenant_are_told_apart() {
    let database = empty().await;
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    // The first role of a server may be called like a tenant, as the image of PostgreSQL's container lets it be.
    let first = "SELECT rolname::text FROM pg_roles WHERE oid = 10";
    let first: String = sqlx::query_scalar(first).fetch_one(&mut connection).await.unwrap();
    for schema in ["globex", &first, "acme"] {
        let made = format!(
            r#"CREATE SCHEMA "{schema}" AUTHORIZATION "{first}"; SET ROLE "{first}";
            CREATE TABLE "{schema}".django_migrations (id bigint, app text, name text);
            CREATE TABLE "{schema}".note (id bigint, body text DEFAULT 'ACME.note');
            GRANT SELECT (id) ON "{schema}".note TO "{first}"; RESET ROLE"#
        );
        sqlx::raw_sql(&made).execute(&mut connection).await.unwrap();
    }
    let audit = open(&database).await.audit(&AuditOptions::default()).await.unwrap();
    let reaches: BTreeSet<(&str, &str, &str)> = audit
        .of_kind(Kind::Isolation)
        .filter(|finding| ["schema", "table note", "column note.id", "column note.body"].contains(&&*finding.object))
        .map(|finding| (&*finding.tenant, &*finding.rule, &*finding.object))
        .collect();
    let of = |tenant| {
        [
            (tenant, "owned_by_tenant", "schema"),
            (tenant, "owned_by_tenant", "table note"),
            (tenant, "granted_to_tenant", "column note.id"),
        ]
    };
    let named = |tenant| (tenant, "reaches_tenant", "column note.body");
    let all = of("acme").into_iter().chain(of("globex")).chain([named("globex"), named(&first)]);
    assert_eq!(reaches, all.collect());
}

#[tokio::test]
async fn any_tenant_can_be_the_reference() {
    let (_, database) = fleet(3).await;
    execute(&database, "ALTER TABLE acme.orders_order ADD COLUMN odd text").await;
    let options = AuditOptions { reference: Reference::Tenant("acme".to_owned()), ..AuditOptions::default() };
    let audit = open(&database).await.audit(&options).await.unwrap();
    assert_eq!(audit.reference, "tenant acme");
    let lacking: Vec<_> =
        told(&audit).iter().map(|(tenant, rule, object)| format!("{tenant} {rule} {object}")).collect();
    assert_eq!(
        lacking,
        ["globex", "initech", "super_tenant"].map(|tenant| format!("{tenant} missing column orders_order.odd"))
    );
    let options = AuditOptions { reference: Reference::Tenant("nobody".to_owned()), ..AuditOptions::default() };
    let refused = open(&database).await.audit(&options).await.unwrap_err();
    assert_eq!(refused.to_string(), "there is no schema named nobody to compare with");
}

#[tokio::test]
async fn records_are_held_against_the_structure() {
    let (fleet, database) = fleet(9).await;
    let released = fleet.release_next().await.unwrap();
    let (tenants, label) = (fleet.progress().await.unwrap(), released.label());
    let names: Vec<&str> =
        tenants.iter().map(|tenant| tenant.schema.as_str()).filter(|name| *name != "super_tenant").collect();
    let &[late, lying, torn, foreign, ref migrated @ ..] = &names[..] else { panic!("{names:?}") };
    for tenant in [torn, foreign, "super_tenant"].iter().chain(migrated) {
        fleet.migrate(tenant).await.unwrap();
    }
    execute(
        &database,
        &format!(
            "INSERT INTO {lying}.django_migrations (app, name, applied) VALUES ('{}', '{}', now());
             DELETE FROM {torn}.django_migrations WHERE app = '{0}' AND name = '{1}';
             INSERT INTO {foreign}.django_migrations (app, name, applied) VALUES ('plugin', '0001_initial', now())",
            released.app, released.name
        ),
    )
    .await;
    let audit = open(&database).await.audit(&with_ledgers()).await.unwrap();
    let standing = |name: &str| audit.standings.iter().find(|standing| standing.tenant == name).unwrap();
    assert_eq!((standing(late).state, &standing(late).missing), (State::Lagging, &vec![label.clone()]));
    assert_eq!(standing(lying).state, State::Lying, "{:?}", standing(lying));
    assert_eq!((standing(torn).state, &standing(torn).missing), (State::Torn, &vec![label]));
    assert_eq!((standing(foreign).state, &*standing(foreign).foreign[0]), (State::Foreign, "plugin.0001_initial"));
    assert!(migrated.iter().all(|tenant| standing(tenant).state == State::Complete));
    let rules: Vec<&str> = audit.of_kind(Kind::Ledger).map(|finding| &*finding.rule).collect();
    assert_eq!(rules.iter().collect::<BTreeSet<_>>().len(), 4, "{rules:?}");
}

#[tokio::test]
async fn ledgers_are_read_within_the_snapshot_of_everything_else() {
    let (fleet, database) = fleet(3).await;
    let label = fleet.release_next().await.unwrap().label();
    for tenant in ["super_tenant", "globex", "initech"] {
        fleet.migrate(tenant).await.unwrap();
    }
    // They show their rows to nobody else.
    let guarded = ["public", "super_tenant", "acme", "globex", "initech"].map(|schema| {
        format!(
            "ALTER TABLE {schema}.django_migrations ENABLE ROW LEVEL SECURITY;
             CREATE POLICY guard ON {schema}.django_migrations USING (current_setting('transaction_isolation')
             = 'repeatable read' AND current_setting('transaction_read_only') = 'on')"
        )
    });
    execute(&database, &guarded.join(";")).await;
    let audit = open(&database).await.audit(&with_ledgers()).await.unwrap();
    let standing = audit.standings.iter().find(|standing| standing.tenant == "acme").unwrap();
    assert_eq!((standing.state, &*standing.missing), (State::Lagging, &[label][..]));
}

#[tokio::test]
async fn a_tenant_without_a_table_reads_publics() {
    let (_, database) = fleet(3).await;
    execute(
        &database,
        "CREATE TABLE public.orders_order (LIKE acme.orders_order); DROP TABLE globex.orders_order CASCADE",
    )
    .await;
    let audit = open(&database).await.audit(&AuditOptions::default()).await.unwrap();
    let fault = audit.of_kind(Kind::Isolation).next().unwrap();
    assert_eq!((&*fault.tenant, &*fault.rule, &*fault.object), ("globex", "falls_through", "table orders_order"));
    assert!(fault.message.ends_with("the application reads and writes public's instead."), "{}", fault.message);
}

#[tokio::test]
async fn what_looks_into_a_tenant_from_outside_is_told() {
    let (_, database) = fleet(2).await;
    execute(&database, "CREATE VIEW public.all_orders AS SELECT * FROM acme.orders_order").await;
    let audit = open(&database).await.audit(&AuditOptions::default()).await.unwrap();
    let faults: Vec<&Finding> = audit.findings.iter().collect();
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!((&*faults[0].tenant, &*faults[0].rule), ("acme", "reached_from_outside"));
    assert_eq!(faults[0].object, "view all_orders of public");
}

#[tokio::test]
async fn a_role_without_any_right_finds_the_same() {
    let (_, database) = fleet(3).await;
    execute(&database, "DROP TABLE acme.orders_payment CASCADE; ALTER TABLE globex.orders_order SET (fillfactor = 70)")
        .await;
    let role = format!("bare_{}", database.name);
    execute(&database, &format!("CREATE ROLE {role} LOGIN PASSWORD 'bare'")).await;
    let mut url: url::Url = database.url.parse().unwrap();
    let all = TenantDatabase::connect(url.as_str(), Options::default()).await.unwrap();
    let all = all.audit(&AuditOptions::default()).await.unwrap();
    url.set_username(&role).unwrap();
    url.set_password(Some("bare")).unwrap();
    let bare = TenantDatabase::connect(url.as_str(), Options::default()).await.unwrap();
    let bare_audit = bare.audit(&with_ledgers()).await.unwrap();
    let structure: Vec<Finding> =
        bare_audit.findings.iter().filter(|finding| finding.kind != Kind::Ledger).cloned().collect();
    assert!(!all.findings.is_empty());
    assert_eq!(structure, all.findings);
    let ledgers: Vec<&Finding> = bare_audit.of_kind(Kind::Ledger).collect();
    assert_eq!(ledgers.len(), bare_audit.tenants.len());
    assert!(ledgers.iter().all(|finding| finding.message.contains("GRANT pg_read_all_data")), "{ledgers:?}");
    execute(&database, &format!("DROP ROLE {role}")).await;
}

#[tokio::test]
async fn a_migration_that_holds_its_tables_is_not_waited_for() {
    let (_, database) = fleet(3).await;
    let migration = execute(
        &database,
        "BEGIN; ALTER TABLE acme.orders_order ADD COLUMN priority smallint NOT NULL DEFAULT 0;
         LOCK TABLE acme.orders_customer IN ACCESS EXCLUSIVE MODE",
    )
    .await;
    let audit = patiently(&database).await.audit(&AuditOptions::default()).await.unwrap();
    assert_eq!(told(&audit), []);
    migration.close().await.unwrap();
}

#[tokio::test]
async fn an_expression_behind_a_lock_differs_and_is_not_shown() {
    let (_, database) = fleet(3).await;
    execute(
        &database,
        "ALTER TABLE acme.orders_order ADD CONSTRAINT odd CHECK (reference <> '1');
         ALTER TABLE globex.orders_order ADD CONSTRAINT odd CHECK (reference <> '2');
         ALTER TABLE initech.orders_order ADD CONSTRAINT odd CHECK (reference <> '2');
         ALTER TABLE super_tenant.orders_order ADD CONSTRAINT odd CHECK (reference <> '2')",
    )
    .await;
    let holder = execute(&database, "BEGIN; LOCK TABLE acme.orders_order IN ACCESS EXCLUSIVE MODE").await;
    let options = Options { lock_timeout: Duration::from_millis(100), ..Options::default() };
    let url = Postgres::shared().await.unwrap().reader_url(&database.name);
    let audit = TenantDatabase::connect(&url, options).await.unwrap().audit(&AuditOptions::default()).await.unwrap();
    assert_eq!(told(&audit), [("acme", "changed", "constraint orders_order.odd")]);
    assert!(audit.findings[0].to.as_deref().unwrap().starts_with("an expression that could not be shown"));
    holder.close().await.unwrap();
}

/// Each change is one transaction that touches two objects: nobody may ever see one without the other.
#[tokio::test]
async fn a_fleet_that_changes_while_it_is_read_is_never_seen_half_changed() {
    const CHANGES: usize = 1_000;
    const TENANTS: usize = 12;
    let database = empty().await;
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    let create = |tenant: usize| {
        format!(
            "CREATE SCHEMA t{tenant}; CREATE TABLE t{tenant}.django_migrations (id bigint, app text, name text);
             CREATE TABLE t{tenant}.note (id bigint PRIMARY KEY, body text)"
        )
    };
    for tenant in 0..TENANTS {
        sqlx::raw_sql(&create(tenant)).execute(&mut connection).await.unwrap();
    }
    // A migration that had to wait for a reader would end here.
    sqlx::raw_sql("SET lock_timeout = '2s'").execute(&mut connection).await.unwrap();
    let done = Cell::new(false);
    let writer = async {
        let mut chance: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut state = [0_u8; TENANTS];
        for _ in 0..CHANGES {
            chance ^= chance << 13;
            chance ^= chance >> 7;
            chance ^= chance << 17;
            let tenant = usize::try_from(chance % u64::try_from(TENANTS).unwrap()).unwrap();
            // There, migrated, gone.
            let change = match state[tenant] {
                0 => format!(
                    "ALTER TABLE t{tenant}.note ADD COLUMN author text; CREATE INDEX note_author ON t{tenant}.note (author)"
                ),
                1 => format!("DROP SCHEMA t{tenant} CASCADE"),
                _ => create(tenant),
            };
            state[tenant] = (state[tenant] + 1) % 3;
            sqlx::raw_sql(&format!("BEGIN; {change}; COMMIT")).execute(&mut connection).await.unwrap();
        }
        done.set(true);
    };
    let tenants = open(&database).await;
    let reader = async {
        let mut passes = 0;
        while !done.get() {
            whole(&tenants.audit(&AuditOptions::default()).await.unwrap());
            passes += 1;
        }
        passes
    };
    let ((), passes) = tokio::join!(writer, reader);
    assert!(passes > 5, "only {passes} looks");
}

/// Whether every tenant has either all of a change or none of it.
fn whole(audit: &Audit) {
    for cluster in &audit.clusters {
        let objects: Vec<&str> = cluster.differences.iter().map(|difference| &*difference.object).collect();
        let is_whole = objects.is_empty() || objects == ["column note.author", "index note_author"];
        assert!(is_whole, "half a change: {cluster:?}");
    }
}
