use signalbox_sandbox::postgres::Database;
use signalbox_tenants::{
    Finding, OtherList, Registry, RegistryOptions, SchemaSize, Severity, TenantDatabase, Unknown, UnknownSequence,
};
use sqlx::Connection;

use super::{empty, execute, fleet, open};

async fn read(database: &Database, options: &RegistryOptions) -> Registry {
    open(database).await.registry(options).await.unwrap()
}

/// What is found after these statements, but for the old list that every fleet has.
async fn found(database: &Database, statements: &str) -> Vec<Finding> {
    execute(database, statements).await;
    let options = RegistryOptions::default();
    let mut findings = read(database, &options).await.findings(&options);
    findings.retain(|finding| finding.rule != "old_tenant_list");
    findings
}

/// `tenant rule object severity`, one a finding.
fn told(findings: &[Finding]) -> Vec<String> {
    let line =
        |finding: &Finding| format!("{} {} {} {:?}", finding.tenant, finding.rule, finding.object, finding.severity);
    findings.iter().map(line).collect()
}

/// A role that may log in and nothing else, and the database as it sees it.
async fn bare(database: &Database, grants: &str) -> (String, TenantDatabase) {
    let role = format!("bare_{}", database.name);
    execute(database, &format!("CREATE ROLE {role} LOGIN PASSWORD 'bare'; {}", grants.replace("ROLE", &role))).await;
    let mut url: url::Url = database.url.parse().unwrap();
    url.set_username(&role).unwrap();
    url.set_password(Some("bare")).unwrap();
    let opened = TenantDatabase::connect(url.as_str(), Default::default()).await.unwrap();
    (role, opened)
}

async fn forget(database: &Database, role: &str) {
    execute(database, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}

#[tokio::test]
async fn the_tables_are_found_beside_the_old_list_and_a_sound_fleet_has_no_fault() {
    let (_, database) = fleet(3).await;
    let options = RegistryOptions {
        expected_schemas: ["public", "super_tenant"].map(str::to_owned).to_vec(),
        ..RegistryOptions::default()
    };
    let registry = read(&database, &options).await;
    assert_eq!(registry.tenants_table.as_deref(), Some("tenants_client"));
    assert_eq!(registry.domains_table.as_deref(), Some("tenants_domain"));
    assert_eq!(registry.others, [OtherList { table: "tenants_tenant".to_owned(), rows: Some((3, 0)) }]);
    assert_eq!(registry.unreadable, None);
    assert_eq!(registry.rows.tenants.as_ref().unwrap().len(), 5);
    assert_eq!(registry.rows.domains.as_ref().unwrap().len(), 5);

    let findings = registry.findings(&options);
    assert_eq!(told(&findings), ["public old_tenant_list table tenants_tenant Info"]);
    assert_eq!(
        findings[0].message,
        "Table tenants_tenant looks like a list of tenants beside tenants_client and names 3 schemas, \
         of which 0 exist: whoever reads it instead is misled."
    );
}

#[tokio::test]
async fn without_domains_the_list_whose_schemas_exist_is_taken() {
    let (_, database) = fleet(2).await;
    execute(&database, "DROP TABLE tenants_domain").await;
    let registry = read(&database, &RegistryOptions::default()).await;
    assert_eq!(registry.tenants_table.as_deref(), Some("tenants_client"));
    assert_eq!(registry.domains_table, None);
    assert_eq!(registry.findings(&RegistryOptions::default()).len(), 1);
}

#[tokio::test]
async fn configured_tables_are_taken_as_they_are() {
    let (_, database) = fleet(1).await;
    execute(
        &database,
        r#"CREATE TABLE "Mandanten" ("Nr" uuid PRIMARY KEY DEFAULT gen_random_uuid(), schema_name text);
           INSERT INTO "Mandanten" (schema_name) VALUES ('acme');
           CREATE TABLE "Adressen" (domain text, tenant_id uuid, is_primary bool);
           INSERT INTO "Adressen" SELECT 'a.example.com', "Nr", true FROM "Mandanten""#,
    )
    .await;
    let configured = |tenants: &str, domains: &str| RegistryOptions {
        tenants_table: Some(tenants.to_owned()),
        domains_table: Some(domains.to_owned()),
        ..RegistryOptions::default()
    };
    let options = configured("Mandanten", "Adressen");
    let registry = read(&database, &options).await;
    assert_eq!(registry.tenants_table.as_deref(), Some("Mandanten"));
    assert_eq!(registry.others.len(), 2);
    let mut findings = registry.findings(&options);
    findings.retain(|finding| finding.rule != "old_tenant_list");
    assert_eq!(told(&findings), ["super_tenant schema_without_row schema super_tenant Error"]);

    let registry = read(&database, &configured("nowhere", "tenants_domain")).await;
    assert_eq!(registry.unreadable.as_deref(), Some("there is no table public.nowhere with a column schema_name"));
    assert_eq!(registry.rows.tenants, None);
}

#[tokio::test]
async fn a_missing_grant_is_told_and_concludes_nothing() {
    let (_, database) = fleet(1).await;
    let (role, bare) = bare(&database, "GRANT SELECT ON tenants_domain TO ROLE").await;
    let options = RegistryOptions::default();
    let registry = bare.registry(&options).await.unwrap();
    assert_eq!(registry.tenants_table.as_deref(), Some("tenants_client"));
    assert_eq!(
        registry.unreadable.as_deref(),
        Some("USAGE on schema public or SELECT on public.tenants_client is missing")
    );
    assert_eq!(told(&registry.findings(&options)), ["public old_tenant_list table tenants_tenant Info"]);
    execute(&database, &format!("GRANT SELECT (id, schema_name) ON tenants_client TO {role}")).await;
    assert_eq!(bare.registry(&options).await.unwrap().unreadable, None);
    forget(&database, &role).await;
}

#[tokio::test]
async fn a_list_that_a_migration_holds_is_not_waited_for() {
    let (_, database) = fleet(1).await;
    let holder = execute(&database, "BEGIN; ALTER TABLE tenants_client ADD COLUMN plan text").await;
    let registry = read(&database, &RegistryOptions::default()).await;
    assert_eq!(registry.unreadable.as_deref(), Some("public.tenants_client is locked by another session"));
    assert!(registry.rows.domains.is_some());
    holder.close().await.unwrap();
}

#[tokio::test]
async fn a_deleted_tenants_schema_waits_to_be_adopted() {
    let (_, database) = fleet(2).await;
    let findings = found(
        &database,
        "DELETE FROM tenants_domain WHERE tenant_id = (SELECT id FROM tenants_client WHERE schema_name = 'acme');
         DELETE FROM tenants_client WHERE schema_name = 'acme'",
    )
    .await;
    assert_eq!(told(&findings), ["acme schema_without_row schema acme Error"]);
    assert!(findings[0].message.ends_with("the next tenant of that name adopts its data."), "{}", findings[0].message);
}

#[tokio::test]
async fn a_row_without_its_schema_reads_public() {
    let (_, database) = fleet(2).await;
    let findings = found(
        &database,
        "INSERT INTO tenants_client (schema_name, name) VALUES ('ghost', 'Ghost');
         INSERT INTO tenants_domain (domain, tenant_id) SELECT 'ghost.example.test', max(id) FROM tenants_client",
    )
    .await;
    assert_eq!(told(&findings), ["ghost row_without_schema row ghost Critical"]);
    assert!(findings[0].message.contains("read and write public"), "{}", findings[0].message);
}

#[tokio::test]
async fn a_case_twin_is_told_and_its_original_is_not() {
    let (_, database) = fleet(2).await;
    let findings = found(
        &database,
        "INSERT INTO tenants_client (schema_name, name) VALUES ('ACME', 'Acme again');
         INSERT INTO tenants_domain (domain, tenant_id) SELECT 'acme2.example.test', max(id) FROM tenants_client",
    )
    .await;
    assert_eq!(
        told(&findings),
        [
            "ACME case_twin row ACME Critical",
            "ACME invalid_name row ACME Warning",
            "ACME row_without_schema row ACME Critical",
        ]
    );
}

#[tokio::test]
async fn names_that_sql_must_quote_and_names_that_are_taken_are_told() {
    let (_, database) = fleet(1).await;
    let findings = found(
        &database,
        "DO $$ DECLARE tenant text; BEGIN
           FOREACH tenant IN ARRAY ARRAY['select', 'foo-bar', 'a b', 'Ünïcode', 'public ', '1st', 'fine_1'] LOOP
             EXECUTE format('CREATE SCHEMA %I', tenant);
             INSERT INTO tenants_client (schema_name, name) VALUES (tenant, tenant);
           END LOOP;
           INSERT INTO tenants_client (schema_name, name) VALUES ('information_schema', 'Oops');
         END $$;
         INSERT INTO tenants_domain (domain, tenant_id)
         SELECT id || '.example.test', id FROM tenants_client WHERE id NOT IN (SELECT tenant_id FROM tenants_domain)",
    )
    .await;
    assert_eq!(
        told(&findings),
        [
            "1st invalid_name row 1st Warning",
            "a b invalid_name row a b Warning",
            "foo-bar invalid_name row foo-bar Warning",
            "information_schema reserved_name row information_schema Error",
            "public  invalid_name row public  Warning",
            "select invalid_name row select Warning",
            "Ünïcode invalid_name row Ünïcode Warning",
        ]
    );
}

#[tokio::test]
async fn domains_that_do_not_lead_to_one_tenant_are_told() {
    let (_, database) = fleet(4).await;
    // As a restore does it, which is how a foreign key comes to point nowhere.
    let findings = found(
        &database,
        "SET session_replication_role = replica;
         INSERT INTO tenants_domain (domain, tenant_id) VALUES ('lost.example.test', 4711);
         INSERT INTO tenants_domain (domain, tenant_id) SELECT 'www.acme.example.test', id FROM tenants_client WHERE schema_name = 'acme';
         INSERT INTO tenants_domain (domain, is_primary, tenant_id)
           SELECT 'ACME.example.test', false, id FROM tenants_client WHERE schema_name = 'umbrella';
         UPDATE tenants_domain SET is_primary = false WHERE domain = 'globex.example.test';
         DELETE FROM tenants_domain WHERE domain = 'initech.example.test'",
    )
    .await;
    assert_eq!(
        told(&findings),
        [
            "acme two_primary_domains row acme Error",
            "globex no_primary_domain row globex Warning",
            "initech tenant_without_domain row initech Warning",
            "public domain_without_tenant domain lost.example.test Error",
            "umbrella duplicate_domain domain ACME.example.test Error",
        ]
    );
    assert!(findings[0].message.contains("acme.example.test, www.acme.example.test"), "{}", findings[0].message);
    assert!(findings[3].message.contains("tenant 4711"), "{}", findings[3].message);
}

#[tokio::test]
async fn a_schema_with_another_owner_is_told_with_both() {
    let (_, database) = fleet(3).await;
    let role = format!("stranger_{}", database.name);
    let findings = found(&database, &format!("CREATE ROLE {role}; ALTER SCHEMA globex OWNER TO {role}")).await;
    assert_eq!(told(&findings), ["globex owner_differs schema globex Warning"]);
    assert_eq!(findings[0].to.as_deref(), Some(role.as_str()));
    execute(&database, &format!("ALTER SCHEMA globex OWNER TO CURRENT_USER; DROP ROLE {role}")).await;
}

#[tokio::test]
async fn a_database_without_tenants_has_nothing_to_tell() {
    let database = empty().await;
    let registry = read(&database, &RegistryOptions::default()).await;
    assert_eq!((registry.tenants_table, registry.unreadable), (None, None));
    assert_eq!(registry.schemas.len(), 1);
}

#[tokio::test]
async fn a_sequence_left_behind_by_a_restore_is_named_with_both_numbers() {
    let (_, database) = fleet(2).await;
    execute(
        &database,
        "ALTER SEQUENCE globex.orders_order_id_seq RESTART WITH 5;
         CREATE TABLE acme.odd (\"Nr\" serial PRIMARY KEY, free integer GENERATED BY DEFAULT AS IDENTITY);
         INSERT INTO acme.odd (\"Nr\") VALUES (1)",
    )
    .await;
    let sequences = open(&database).await.sequences_behind(None).await.unwrap();
    assert_eq!(
        told(&sequences.behind),
        ["acme sequence_behind sequence odd_Nr_seq Error", "globex sequence_behind sequence orders_order_id_seq Error",]
    );
    assert_eq!(
        sequences.behind[1].message,
        "Sequence orders_order_id_seq of globex gives 5 next while orders_order.id already holds 40: \
         inserts will fail with a duplicate key."
    );
    assert_eq!(sequences.behind[0].severity, Severity::Error);
    let unknown =
        UnknownSequence { tenant: "acme".to_owned(), sequence: "odd_free_seq".to_owned(), why: Unknown::NotIndexed };
    assert_eq!(sequences.unknown, [unknown]);

    let only = ["acme".to_owned()];
    let sequences = open(&database).await.sequences_behind(Some(&only)).await.unwrap();
    assert_eq!((sequences.behind.len(), sequences.checked), (1, 32));
}

#[tokio::test]
async fn a_table_in_the_middle_of_a_migration_is_unknown_and_not_waited_for() {
    let (_, database) = fleet(1).await;
    let holder = execute(&database, "BEGIN; ALTER TABLE acme.orders_order ADD COLUMN priority smallint").await;
    let sequences = open(&database).await.sequences_behind(None).await.unwrap();
    let unknown =
        UnknownSequence { tenant: "acme".to_owned(), sequence: "orders_order_id_seq".to_owned(), why: Unknown::Locked };
    assert_eq!((sequences.unknown, sequences.behind.len()), (vec![unknown], 0));
    holder.close().await.unwrap();
}

#[tokio::test]
async fn sequences_closed_to_the_role_are_unknown() {
    let (_, database) = fleet(1).await;
    let (role, bare) = bare(&database, "GRANT USAGE ON SCHEMA acme TO ROLE").await;
    let only = ["acme".to_owned()];
    let sequences = bare.sequences_behind(Some(&only)).await.unwrap();
    assert_eq!(sequences.checked, 0);
    assert_eq!(sequences.unknown.len(), 31);
    assert!(sequences.unknown.iter().all(|unknown| unknown.why == Unknown::PermissionDenied));
    forget(&database, &role).await;
}

#[tokio::test]
async fn every_kind_of_object_is_counted_where_it_belongs() {
    let database = empty().await;
    execute(
        &database,
        "CREATE SCHEMA acme; COMMENT ON SCHEMA acme IS 'Acme Corp';
         CREATE TABLE acme.notes (id serial PRIMARY KEY, body text);
         ALTER TABLE acme.notes ALTER body SET STORAGE EXTERNAL;
         INSERT INTO acme.notes (body) SELECT repeat('x', 20000) FROM generate_series(1, 50);
         CREATE VIEW acme.v AS SELECT 1; CREATE MATERIALIZED VIEW acme.m AS SELECT 1;
         CREATE TYPE acme.e AS ENUM ('a'); CREATE TYPE acme.c AS (x int); CREATE DOMAIN acme.d AS int[];
         CREATE TYPE acme.r AS RANGE (subtype = int);
         CREATE FUNCTION acme.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
         CREATE TABLE acme.django_migrations (id int)",
    )
    .await;
    execute(&database, "VACUUM ANALYZE acme.notes").await;
    let inventory = open(&database).await.inventory().await.unwrap();
    let [acme, public] = &inventory.schemas[..] else { panic!("{inventory:?}") };
    let SchemaSize { tables, indexes, views, sequences, types, rows, .. } = *acme;
    assert_eq!((tables, indexes, views, sequences, types, rows), (2, 1, 2, 1, 4, 50));
    // The range brings its constructors along.
    assert_eq!(acme.functions, 1 + range_constructors(&database).await);
    assert_eq!((acme.has_ledger, acme.comment.as_deref()), (true, Some("Acme Corp")));
    assert!(!acme.owner.is_empty());
    // Fifty texts of 20,000 bytes, kept beside the table.
    assert!(acme.bytes > 50 * 20_000, "{}", acme.bytes);
    assert_eq!((public.name.as_str(), public.tables, public.bytes), ("public", 0, 0));
}

async fn range_constructors(database: &Database) -> u64 {
    let mut connection = sqlx::PgConnection::connect(&database.url).await.unwrap();
    let count = "SELECT count(*) FROM pg_proc WHERE pronamespace = 'acme'::regnamespace AND proname <> 'f'";
    let number: i64 = sqlx::query_scalar(count).fetch_one(&mut connection).await.unwrap();
    number.unsigned_abs()
}

#[tokio::test]
async fn sizes_are_told_while_a_migration_holds_the_tables() {
    let (_, database) = fleet(1).await;
    let holder =
        execute(&database, "BEGIN; LOCK TABLE acme.orders_order, acme.orders_customer IN ACCESS EXCLUSIVE MODE").await;
    let inventory = open(&database).await.inventory().await.unwrap();
    let acme = inventory.schemas.iter().find(|schema| schema.name == "acme").unwrap();
    assert_eq!((acme.tables, acme.sequences), (32, 31));
    holder.close().await.unwrap();
}
