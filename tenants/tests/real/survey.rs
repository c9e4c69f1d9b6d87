use signalbox_sandbox::fleet::Migration;
use signalbox_tenants::{Applied, Ledger, Unreadable};

use super::{empty, execute, fleet, ledger, open, schema};

#[tokio::test]
async fn a_fleet_is_read_with_tables_and_ledgers() {
    let (_, database) = fleet(3).await;
    let survey = open(&database).await.survey().await.unwrap();
    let names: Vec<&str> = survey.schemas.iter().map(|schema| schema.name.as_str()).collect();
    assert_eq!(names, ["acme", "globex", "initech", "public", "super_tenant"]);
    assert_eq!(schema(&survey, "public").tables, 13);
    assert_eq!(schema(&survey, "acme").tables, 32);
    assert_eq!(survey.target, Some(53));
    assert!(survey.schemas.iter().all(signalbox_tenants::Schema::is_complete));
    assert!(!survey.read_only);
    let expected = ["public", "super_tenant", "tenant_demo"].map(str::to_owned);
    assert_eq!(survey.missing(&expected), ["tenant_demo"]);
}

#[tokio::test]
async fn tenants_that_lag_are_named_with_what_they_lack() {
    let (fleet, database) = fleet(2).await;
    let first = fleet.release_next().await.unwrap();
    let second = fleet.release_next().await.unwrap();
    fleet.migrate("acme").await.unwrap();
    fleet.apply("globex", &first).await.unwrap();

    let survey = open(&database).await.survey().await.unwrap();
    assert_eq!(survey.target, Some(55));
    assert_eq!(ledger(&survey, "acme"), (55, 0, vec![]));
    assert_eq!(ledger(&survey, "globex"), (54, 1, vec![second.label()]));
    assert_eq!(ledger(&survey, "super_tenant"), (53, 2, vec![first.label(), second.label()]));
    assert_eq!(survey.lagging().count(), 2);
}

#[tokio::test]
async fn only_the_first_of_many_missing_migrations_are_named() {
    let (fleet, database) = fleet(1).await;
    for number in 0..30 {
        let migration = Migration::new("crm", format!("{number:04}_<&>"), "SELECT 1");
        fleet.release(&migration).await.unwrap();
    }
    let survey = open(&database).await.survey().await.unwrap();
    let (_, lacking, missing) = ledger(&survey, "acme");
    assert_eq!(lacking, 30);
    assert_eq!(missing.len(), Applied::NAMED);
    assert_eq!(missing[0], "crm.0000_<&>");
}

#[tokio::test]
async fn a_ledger_counts_each_migration_once_and_knows_strangers() {
    let (_, database) = fleet(1).await;
    execute(
        &database,
        "INSERT INTO acme.django_migrations (app, name, applied)
         VALUES ('auth', '0001_initial', now()), ('foreign', '0001_initial', now())",
    )
    .await;
    let survey = open(&database).await.survey().await.unwrap();
    let Ledger::Read(applied) = &schema(&survey, "acme").ledger else {
        panic!("{survey:?}");
    };
    assert_eq!((applied.recorded, applied.applied, applied.lacking), (54, 53, 0));
}

#[tokio::test]
async fn odd_names_are_names_like_any_other() {
    let (_, database) = fleet(0).await;
    let names = ["select", "Acme-Corp", "ünïcode tenant", "quo\"te%I$$", "pgbouncer"];
    for name in names {
        let quoted = format!("\"{}\"", name.replace('"', "\"\""));
        execute(
            &database,
            &format!(
                "CREATE SCHEMA {quoted}; CREATE TABLE {quoted}.django_migrations (LIKE public.django_migrations);
                 INSERT INTO {quoted}.django_migrations SELECT * FROM public.django_migrations LIMIT 50"
            ),
        )
        .await;
    }
    let survey = open(&database).await.survey().await.unwrap();
    for name in names {
        assert_eq!(ledger(&survey, name).1, 3, "{name}");
    }
    assert_eq!(survey.schemas.len(), names.len() + 2);
}

#[tokio::test]
async fn without_a_public_ledger_nothing_is_called_complete() {
    let (_, database) = fleet(1).await;
    execute(&database, "DROP TABLE public.django_migrations").await;
    let survey = open(&database).await.survey().await.unwrap();
    assert_eq!(survey.target, None);
    assert_eq!(schema(&survey, "public").ledger, Ledger::None);
    assert_eq!(schema(&survey, "acme").ledger, Ledger::Unreadable(Unreadable::NoTarget));
    assert_eq!(survey.schemas.iter().filter(|schema| schema.is_complete()).count(), 0);
}

#[tokio::test]
async fn schemas_without_a_ledger_or_with_a_strange_one_are_told_apart() {
    let (_, database) = fleet(1).await;
    execute(
        &database,
        "CREATE SCHEMA reporting; CREATE TABLE reporting.facts (id int);
         CREATE SCHEMA strange; CREATE TABLE strange.django_migrations (entry text);
         CREATE SCHEMA viewed; CREATE VIEW viewed.django_migrations AS SELECT * FROM public.django_migrations",
    )
    .await;
    let survey = open(&database).await.survey().await.unwrap();
    assert_eq!(schema(&survey, "reporting").ledger, Ledger::None);
    assert_eq!(schema(&survey, "viewed").ledger, Ledger::None);
    assert_eq!(schema(&survey, "strange").ledger, Ledger::Unreadable(Unreadable::OddShape));
    assert!(schema(&survey, "acme").is_complete());
}

#[tokio::test]
async fn an_empty_database_has_one_empty_schema() {
    let database = empty().await;
    let survey = open(&database).await.survey().await.unwrap();
    assert_eq!(survey.schemas.len(), 1);
    assert_eq!(schema(&survey, "public").tables, 0);
    assert_eq!(survey.target, None);
}

#[tokio::test]
async fn more_tenants_than_one_statement_takes_are_read() {
    let (_, database) = fleet(0).await;
    // Committed one by one: a thousand tables in one transaction would fill the lock table.
    execute(
        &database,
        "CREATE PROCEDURE many() LANGUAGE plpgsql AS $$
         BEGIN
             FOR n IN 1..1200 LOOP
                 EXECUTE format('CREATE SCHEMA %I', 't' || n);
                 EXECUTE format('CREATE TABLE %I.django_migrations AS TABLE public.django_migrations', 't' || n);
                 COMMIT;
             END LOOP;
         END $$",
    )
    .await;
    execute(&database, "CALL many()").await;
    execute(&database, "DELETE FROM t777.django_migrations WHERE app = 'sessions'").await;
    let survey = open(&database).await.survey().await.unwrap();
    assert_eq!(survey.schemas.iter().filter(|schema| schema.is_complete()).count(), 1201);
    assert_eq!(ledger(&survey, "t777"), (52, 1, vec!["sessions.0001_initial".to_owned()]));
}
