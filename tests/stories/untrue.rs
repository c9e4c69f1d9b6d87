//! The pipeline that is green whatever happens, run for real: what the tick says, and what is true.

use std::sync::Arc;

use signalbox_sandbox::github::RunHandle;

use crate::{
    django::{FLEET, PIPELINE, Project},
    executors::more_than,
    migrations::once_it_says,
    world::{Given, HOST, World},
};

/// What the database says against one ledger of three.
const LIES: &str = "1 of 3 tenants lack what their ledgers record";
/// A migration that every tenant needs.
const MORE: &str = "ALTER TABLE support_tag ADD colour text";

/// Deploys uat, where the pipeline runs over this project's database and is green. The card comes to say the first
/// list, its outcome first, the thread the second.
async fn green(project: &Project, script: &str, card: &[&str], thread: &[&str]) {
    World::given(Given { database: Some(project.reader().await), ..Given::default() }, async |w| {
        let run = begins(w, 1).await;
        let ran = project.migrates(&run, script).await;
        assert_eq!(ran.code, 0, "{}", ran.text);
        assert!(ran.text.contains("✓ Migrations completed successfully"), "{}", ran.text);
        ends(w, &run, 1, card, thread).await;
        if thread.contains(&SWALLOWED) {
            w.alert("failed in part and went on").await;
        }
    })
    .await;
}

/// The job that migrates has begun, and nothing has changed yet.
pub async fn begins(w: &World, number: u32) -> RunHandle {
    w.asks("erin", "/deploy uat").await;
    w.expect_dispatches(number as usize).await;
    let run = w.the_run().await;
    run.start_job("migrate").unwrap();
    w.card(number, "The shared step has listed nothing new yet").await;
    run
}

/// The run is green, the new commit is in service, and the database is asked.
pub async fn ends(w: &World, run: &RunHandle, number: u32, card: &[&str], thread: &[&str]) -> String {
    w.application.deploy(HOST, &w.head("uat"));
    run.complete("success").unwrap();
    let title = format!("Deployment {number} ·");
    let says = |text: &str| text.contains(&title) && card.iter().all(|part| text.replace('\\', "").contains(part));
    let card = w.discord.expect_message("releases", &format!("a card says {card:?}"), |m| says(&m.text())).await;
    for says in thread {
        w.thread(number, says).await;
    }
    w.alert(if thread.contains(&"Untrue") { "is not what it should be" } else { "nobody can tell" }).await;
    card.text()
}

/// What the thread says of tenants that are not complete.
pub const TENANTS: &str = "After the migration job";
/// And of a step that failed and went on.
pub const SWALLOWED: &str = "swallowed";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tenant_step_failed_and_the_script_went_on() {
    let project = Project::fleet().await;
    project.sql(MORE);
    let unique = "migrations.RunSQL('CREATE UNIQUE INDEX support_tag_lower ON support_tag (lower(name))')";
    project.migration("0003_unique", "0002_more", unique);
    project.says("INSERT INTO t0003.support_tag (name) VALUES ('new'), ('New')").await;
    let lack = format!("{} of {FLEET} tenants lack migrations", FLEET - 5);
    let card = ["Untrue", &lack, "t0003: stopped at support.0003", "tenant `t0003`", "rows are not unique"];
    green(&project, PIPELINE, &card, &[TENANTS, SWALLOWED, "Untrue"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_super_tenant_was_not_made() {
    let project = Project::new().await;
    project.sql(MORE);
    let gone = "DELETE FROM tenants_domain WHERE tenant_id = (SELECT id FROM tenants_client WHERE schema_name = 'super_tenant');
        DELETE FROM tenants_client WHERE schema_name = 'super_tenant';
        UPDATE tenants_domain SET domain = 'super-tenant.example.test'
        WHERE tenant_id = (SELECT id FROM tenants_client WHERE schema_name = 'acme');
        DROP SCHEMA super_tenant CASCADE";
    project.says(gone).await;
    let card = ["Untrue", "1 of 2 expected schemas are missing", "super_tenant", "create_super_tenant command failed"];
    green(&project, PIPELINE, &card, &[SWALLOWED, "Untrue"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_knows_no_tenants_migrated_public_instead() {
    let mut project = Project::fleet().await;
    project.in_parts();
    project.with("DB_ENGINE", "django.db.backends.postgresql").with("DJANGO_SETTINGS_MODULE", "without_tenants");
    project.sql("CREATE TABLE support_reply (id bigint)");
    let lack = format!("{FLEET} of {FLEET} tenants lack migrations");
    let card = ["Untrue", &lack, "falling back to standard migrate"];
    green(&project, PIPELINE, &card, &[TENANTS, SWALLOWED, "Untrue"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_that_was_written_by_hand_does_not_make_a_table() {
    let project = Project::new().await;
    project.sql(MORE);
    let script = format!("python manage.py migrate_schemas --schema=acme --fake support 0002\n{PIPELINE}");
    let lies = ["Untrue", LIES, "acme: recorded, and not there: column support_tag.colour", "standard executor"];
    green(&project, &script, &lies, &[TENANTS, "Untrue"]).await;
}

/// The pipeline in which somebody wanted the tenant step to be over with.
fn faked() -> String {
    PIPELINE.replace("--tenant --noinput", "--tenant --noinput --fake")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_that_was_faked_everywhere_proves_nothing() {
    let project = Project::new().await;
    project.sql(MORE);
    let card = ["Unverified", "they change data alone, or were recorded with --fake", "standard executor"];
    green(&project, &faked(), &card, &[TENANTS, "Unverified"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_that_was_faked_everywhere_is_told_by_what_the_same_migration_made_before() {
    let (before, project) = tokio::join!(Project::new(), Project::new());
    before.sql(MORE);
    project.sql(MORE);
    let databases = (Some(before.reader().await), Some(project.reader().await));
    World::given(Given { dev: databases.0, database: databases.1, ..Given::default() }, async |w| {
        w.asks("erin", "/deploy dev").await;
        let run = w.the_run().await;
        // A real run builds for minutes before it migrates; GitHub's times are whole seconds.
        once_it_says(w, "/drift dev blame:acme.support_tag.name", "since the oldest snapshot").await;
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        run.start_job("migrate").unwrap();
        w.card(1, "The shared step has listed nothing new yet").await;
        before.migrates(&run, PIPELINE).await;
        run.complete("success").unwrap();
        w.card(1, "Verified").await;
        w.thread(1, "Verified").await;
        w.card(1, "standard executor").await;
        once_it_says(w, "/drift dev blame:acme.support_tag.colour", "deployment **1**").await;

        let run = begins(w, 2).await;
        project.migrates(&run, &faked()).await;
        let made = "nothing changed here, and in dev the same made column support_tag.colour";
        let lacks = "acme: recorded, and not there: column support_tag.colour";
        ends(w, &run, 2, &["Untrue", made, lacks, "standard executor"], &[TENANTS, "Untrue"]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_somebody_dropped_is_not_made_again() {
    let project = Project::new().await;
    project.sql(MORE).says("DROP TABLE globex.support_attachment").await;
    let lies = ["Untrue", LIES, "globex: recorded, and not there", "support_attachment", "standard executor"];
    green(&project, PIPELINE, &lies, &[TENANTS, "Untrue"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_that_was_made_meanwhile_by_the_code_before_has_what_that_had() {
    let project = Project::fleet().await;
    // The release that is still in service has no new migration.
    let in_service = Project::over(Arc::clone(&project.database));
    project.sql(MORE);
    // Nothing in the log says how far it is.
    let silent = PIPELINE.replace("--noinput", "--noinput -v 0").replace("--verbosity=1", "--verbosity=0");
    World::given(Given { database: Some(project.reader().await), ..Given::default() }, async |w| {
        let run = begins(w, 1).await;
        let late = async {
            // By then the list of tenants was read.
            more_than(w, 0).await;
            in_service.runs("python manage.py create_tenants late").await
        };
        let (ran, late) = tokio::join!(project.migrates(&run, &silent), late);
        assert_eq!((ran.code, late.code), (0, 0), "{}{}", ran.text, late.text);
        assert!(!ran.text.contains("[1/"), "{}", ran.text);
        let lack = format!("1 of {} tenants lack migrations", FLEET + 1);
        let card = ends(
            w,
            &run,
            1,
            &["Untrue", &lack, "late: made while the job ran, and lacks support.0002"],
            &[TENANTS, "Untrue"],
        )
        .await;
        assert!(!card.contains("executor"), "{card}");
    })
    .await;
}
