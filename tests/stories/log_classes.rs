//! Failures of migrations made for real: Django, django-tenants, psycopg, bash and PostgreSQL fail as they do in a
//! job, the log is put together as the runner does, and the classifier says what it was. None of the lines is ours.

use std::{fs, sync::Arc};

use signalbox_domain::log::Grade;
use signalbox_sandbox::postgres::Postgres;
use sqlx::{Connection, PgConnection};
use url::Url;

use crate::django::{MIGRATE, PARSE, PIPELINE, Project, VENV};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn starts_that_share_their_imports_print_what_one_by_itself_prints() {
    let mut project = Project::new().await;
    project.sql("SELECT * FROM nowhere");
    // Whose order is not left to chance: the first tenant fails, and nobody goes on beside it.
    let scripts = ["standard", "subprocess"].map(|executor| format!("{MIGRATE} --executor={executor} 2>&1"));
    let mut shared = vec![];
    for script in &scripts {
        shared.push(project.runs(script).await);
    }
    project.by_itself();
    for (script, shared) in scripts.iter().zip(shared) {
        let alone = project.runs(script).await;
        assert!(alone.text.contains("/manage.py\", line"), "there is a traceback to compare: {}", alone.text);
        assert_eq!((shared.code, shared.text), (alone.code, alone.text));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_database_refuses() {
    let project = Project::new().await;
    for (statements, rule) in [
        ("CREATE TABLE d (x int); INSERT INTO d VALUES (1), (1); CREATE UNIQUE INDEX d_x ON d (x)", "not_unique"),
        ("CREATE TABLE n (x int); INSERT INTO n VALUES (NULL); ALTER TABLE n ALTER x SET NOT NULL", "nulls"),
        ("CREATE TABLE n (x int); INSERT INTO n VALUES (-1); ALTER TABLE n ADD CHECK (x > 0)", "check_violated"),
        (
            "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (p int REFERENCES p DEFERRABLE INITIALLY DEFERRED);
             INSERT INTO p VALUES (1); INSERT INTO c VALUES (1); ALTER TABLE c ADD y int",
            "pending_triggers",
        ),
        ("SET statement_timeout = '100ms'; SELECT pg_sleep(9)", "statement_timeout"),
        ("SELECT pg_cancel_backend(pg_backend_pid())", "statement_cancelled"),
        ("SELECT pg_terminate_backend(pg_backend_pid())", "connection_lost"),
        ("SET ROLE pg_monitor; CREATE TABLE z (x int)", "permission_denied"),
        ("CREATE INDEX CONCURRENTLY z ON support_tag (name)", "concurrently"),
        ("ALTER TABLE support_tag ADD a int; ALTER TABLE support_tag ADD a int", "column_exists"),
        ("SELECT * FROM nowhere", "object_missing"),
    ] {
        let ran = project.sql(statements).fails(MIGRATE, rule).await;
        assert_eq!(ran.place(), (Some("super_tenant"), Some("support.0002_more")), "{}", ran.text);
    }
    let mut project = Project::new().await;
    project.with("PGOPTIONS", "-c default_transaction_read_only=on").sql("CREATE TABLE z (x int)");
    project.fails(MIGRATE, "read_only").await;
    project.with("PGSSLMODE", "require").fails(MIGRATE, "tls_refused").await;
    let crowded = format!("crowded_{}", std::process::id());
    project.says(&format!("CREATE ROLE {crowded} LOGIN PASSWORD 'a-short-queue' CONNECTION LIMIT 0")).await;
    let mut url = Url::parse(&project.database.url).unwrap();
    url.set_username(&crowded).unwrap();
    url.set_password(Some("a-short-queue")).unwrap();
    project.with("PGSSLMODE", "prefer").with("DATABASE_URL", url).fails(MIGRATE, "too_many_connections").await;
    project.says(&format!("DROP ROLE {crowded}")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_holds_a_lock() {
    let project = Project::new().await;
    let mut other = PgConnection::connect(&project.database.url).await.unwrap();
    let begin = "SET deadlock_timeout = '60s'; BEGIN; LOCK TABLE acme.support_comment";
    sqlx::raw_sql(begin).execute(&mut other).await.unwrap();
    project.sql("SET lock_timeout = '300ms'; ALTER TABLE support_comment ADD l int");
    let ran = project.fails(MIGRATE, "lock_timeout").await;
    assert_eq!(ran.place(), (Some("acme"), Some("support.0002_more")), "{}", ran.text);

    project.says("DELETE FROM super_tenant.django_migrations WHERE name = '0002_more'").await;
    project.sql("LOCK TABLE support_tag; SELECT pg_sleep(2); LOCK TABLE support_comment");
    let deadlocks = async {
        let held = "SELECT count(*) FROM pg_locks
            WHERE relation = 'acme.support_tag'::regclass AND mode = 'AccessExclusiveLock' AND granted";
        while sqlx::query_scalar::<_, i64>(held).fetch_one(&mut other).await.unwrap() == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        sqlx::raw_sql("LOCK TABLE acme.support_tag; ROLLBACK").execute(&mut other).await.unwrap();
    };
    let (ran, ()) = tokio::join!(project.fails(MIGRATE, "deadlock"), deadlocks);
    assert_eq!(ran.place().0, Some("acme"), "{}", ran.text);
    assert!(ran.log.findings[0].lines.iter().any(|line| line.starts_with("DETAIL:")), "{:?}", ran.log.findings);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_ledger_says_wrongly() {
    let project = Project::new().await;
    project.sql("CREATE TABLE made (x int)");
    assert_eq!(project.runs(MIGRATE).await.rules(), []);
    project.says("DELETE FROM acme.django_migrations WHERE name = '0002_more'").await;
    for (executor, tenant) in [("standard", Some("acme")), ("subprocess", Some("acme")), ("multiprocessing", None)] {
        let ran = project.fails(&format!("{MIGRATE} --executor={executor}"), "relation_exists").await;
        assert_eq!(ran.place().0, tenant, "{}", ran.text);
    }
    project.says("DELETE FROM acme.django_migrations WHERE app = 'contenttypes'").await;
    project.fails(MIGRATE, "history_inconsistent").await;
    project.says("DELETE FROM acme.django_migrations").await;
    project.fails(&format!("{MIGRATE} --fake-initial"), "fake_initial").await;

    let project = Project::new().await;
    project.says("INSERT INTO tenants_client (schema_name, name, created_on) VALUES ('ghost', 'x', now())").await;
    let ran = project.fails(MIGRATE, "tenant_without_schema").await;
    assert_eq!(ran.place(), (None, None), "the last tenant of the log is not the one: {}", ran.text);

    let empty = Postgres::shared().await.unwrap().fresh_database().await.unwrap();
    Project::over(Arc::new(empty)).fails(MIGRATE, "shared_not_migrated").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_code_lacks() {
    let project = Project::new().await;
    project.migration("0002_one", "0001_initial", "").migration("0002_two", "0001_initial", "");
    project.fails(MIGRATE, "migrations_conflict").await;
    fs::remove_file(project.folder.path().join("support/migrations/0002_one.py")).unwrap();
    project.migration("0002_two", "0001_begin", "").fails(MIGRATE, "migration_missing").await;
    project.migration("0002_two", "0003_three", "").migration("0003_three", "0002_two", "");
    project.fails(MIGRATE, "migrations_circular").await;
    fs::remove_file(project.folder.path().join("support/migrations/0003_three.py")).unwrap();
    for (signal, rule) in [(9, "killed"), (15, "terminated")] {
        let dies = format!("__import__('os').kill(__import__('os').getpid(), {signal})");
        let dies = format!("migrations.RunPython(lambda apps, editor: {dies})");
        project.migration("0002_two", "0001_initial", &dies).fails(MIGRATE, rule).await;
    }
    project.migration("0002_two", "0001_initial", "migrations.RunSQL('SELECT pg_sleep(60)')");
    project.fails(&format!("timeout 4 {MIGRATE}"), "timed_out").await;
    project.migration("0002_two", "0001_initial", "migrations.RunPython(lambda apps, editor: 1 / 0)");
    let ran = project.fails(MIGRATE, "unknown").await;
    assert!(ran.log.findings[0].lines.contains(&"ZeroDivisionError: division by zero".to_owned()), "{:?}", ran.log);

    let mut project = Project::new().await;
    let models = project.folder.path().join("support/models.py");
    let text = fs::read_to_string(&models).unwrap();
    fs::write(&models, text.replace("class Ticket", "class Extra(models.Model):\n    pass\n\n\nclass Ticket")).unwrap();
    let ran = project.runs(MIGRATE).await;
    assert_eq!((ran.code, ran.rules()), (0, vec![("changes_not_in_migrations", Grade::Warning)]), "{}", ran.text);

    project.with("DJANGO_SETTINGS_MODULE", "").fails("django-admin migrate_schemas", "settings_unset").await;
    project.with("DJANGO_SETTINGS_MODULE", "without_tenants").fails(MIGRATE, "command_unknown").await;
    project.with("DJANGO_SETTINGS_MODULE", "parts").with("DB_ENGINE", "django_tenants.postgres_backend");
    project.fails(MIGRATE, "engine_unknown").await;
    project.in_parts();
    project.with("DB_ENGINE", "django.db.backends.postgresql").fails(MIGRATE, "engine_plain").await;

    // Python without the packages of its environment, but those that are linked to.
    let site = project.folder.path().join("site");
    let packages = fs::read_dir(format!("{VENV}/lib")).unwrap().next().unwrap().unwrap().path().join("site-packages");
    let migrate = "python -S manage.py migrate_schemas";
    project.with("PYTHONPATH", site.display().to_string()).with("DJANGO_SETTINGS_MODULE", "settings").by_itself();
    for (missing, rule) in
        [("django_tenants", "django_tenants_missing"), ("psycopg", "psycopg_missing"), ("django", "module_missing")]
    {
        let _ = fs::remove_dir_all(&site);
        fs::create_dir(&site).unwrap();
        for entry in fs::read_dir(&packages).unwrap().map(Result::unwrap) {
            let name = entry.file_name().into_string().unwrap();
            if name != missing && !(missing == "psycopg" && name.starts_with("psycopg")) {
                std::os::unix::fs::symlink(entry.path(), site.join(name)).unwrap();
            }
        }
        project.fails(migrate, rule).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_the_address() {
    let mut project = Project::new().await;
    let url = Url::parse(&project.database.url).unwrap();
    let (password, port) = (url.password().unwrap(), url.port().unwrap());
    let (user, name) = (url.username(), project.database.name.clone());
    for (address, rule) in [
        (format!("postgres://{user}:{password}@127.0.0.1:{port}/nowhere_at_all"), "database_missing"),
        (format!("postgres://{user}:not-the-password@127.0.0.1:{port}/{name}"), "password_wrong"),
        (format!("postgres://nobody_at_all:{password}@127.0.0.1:{port}/{name}"), "password_wrong"),
        (format!("postgres://{user}:{password}@127.0.0.1:1/{name}"), "connection_refused"),
        (format!("postgres://{user}:{password}@db.invalid:{port}/{name}"), "host_unknown"),
    ] {
        project.with("DATABASE_URL", address).fails(MIGRATE, rule).await;
    }
    project.with("DJANGO_SETTINGS_MODULE", "parts");
    let parsed = format!("{PARSE}{MIGRATE}");
    for (address, rule, seen_in_parts) in [
        (format!("postgresql://{user}:pass@wo-rd-tail@127.0.0.1:{port}/{name}"), "database_url_malformed", true),
        (format!("postgresql://{user}:{password}@127.0.0.1/{name}"), "database_url_malformed", true),
        (format!("postgres://{user}:{password}@127.0.0.1:{port}/{name}"), "database_url_malformed", true),
        (format!("postgresql://{user}@127.0.0.1:{port}/{name}"), "database_url_malformed", true),
        // A percent sign that nobody decodes looks like a wrong password.
        (format!("postgresql://{user}:{password}%21@127.0.0.1:{port}/{name}"), "password_wrong", false),
    ] {
        let ran = project.with("DATABASE_URL", address).fails(&parsed, rule).await;
        assert!(!format!("{:?}", ran.log).contains("wo-rd-tail"), "{:?}", ran.log);
        let warned = ran.rules().contains(&("database_url_misparsed", Grade::Warning));
        assert_eq!(warned, seen_in_parts, "{}", ran.text);
    }
    // Without a port another server may be migrated, and the run is green.
    let (port, password) = (port.to_string(), password.to_owned());
    project.with("DATABASE_URL", format!("postgresql://{user}:{password}@prod.example.com/{name}"));
    project.with("PGHOST", "127.0.0.1").with("PGPORT", port).with("PGPASSWORD", password);
    project.with("PGUSER", user.to_owned());
    let ran = project.runs(&parsed).await;
    assert_eq!((ran.code, ran.rules()), (0, vec![("database_url_misparsed", Grade::Warning)]), "{}", ran.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_green_run_swallowed() {
    let mut project = Project::new().await;
    project.in_parts();
    project.with("DB_ENGINE", "django.db.backends.postgresql").with("DJANGO_SETTINGS_MODULE", "without_tenants");
    let ran = project.runs(PIPELINE).await;
    assert_eq!(ran.code, 0, "{}", ran.text);
    assert!(ran.log.findings.iter().all(|found| found.grade == Grade::Swallowed), "{:?}", ran.log.findings);
    assert!(ran.rules().contains(&("command_unknown", Grade::Swallowed)), "{:?}\n{}", ran.log.findings, ran.text);
    let said: Vec<&String> = ran.log.findings.iter().flat_map(|found| &found.lines).collect();
    assert!(said.iter().any(|line| line.contains("falling back to standard migrate")), "{said:?}");

    // As the script has it, and nothing wrong: nothing to say.
    let mut sound = Project::new().await;
    assert_eq!(sound.runs(PIPELINE).await.rules(), []);

    // A pipe without `pipefail`.
    sound.by_itself().with("PYTHONUNBUFFERED", "1").sql("CREATE TABLE support_tag (x int)");
    let ran = sound.runs(&format!("{MIGRATE} 2>&1 | tee log\necho 'Migrations completed successfully'")).await;
    assert_eq!((ran.code, ran.rules()), (0, vec![("relation_exists", Grade::Swallowed)]), "{}", ran.text);
}
