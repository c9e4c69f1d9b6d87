//! From typed to verified, and the green run that is not believed.

use signalbox_sandbox::discord::MessageView;
use sqlx::Connection;

use crate::world::{Given, HOST, World};

fn with_tenants() -> Given {
    Given { tenants: true, ..Given::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_typed_to_verified() {
    World::given(with_tenants(), async |w| {
        let reply = w.asks("erin", "/deploy uat note:\"release 1.5\"").await;
        assert!(reply.text().contains("Deployment **1**"), "{}", reply.text());
        let run = w.the_run().await;
        let dispatch = &w.github.dispatches()[0];
        assert_eq!(dispatch.body["ref"], "uat");
        assert!(dispatch.body["inputs"]["sb_key"].is_string(), "the run's name can echo the key");
        run.start_job("migrate").unwrap();
        w.card(1, "Migrating").await;
        assert_eq!(run.play_job("migrate").await.unwrap(), "success");
        run.play_job("deploy-backend").await.unwrap();
        run.complete("success").unwrap();
        let card = w.card(1, "Verified").await;
        let text = card.text();
        assert!(text.contains(&w.head("uat")), "the whole commit is on the card: {text}");
        assert!(text.contains("release 1.5"), "{text}");
        assert!(text.contains("are in the ledgers of all 7 tenants"), "{text}");
        let thread = w.thread(1, "Verified").await;
        assert!(thread.contains("migrate"), "{thread}");
        assert!(card.pings.is_empty());
        w.expect_dispatches(1).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_green_run_that_left_tenants_behind_is_untrue() {
    World::given(with_tenants(), async |w| {
        w.asks("erin", "/deploy uat").await;
        let run = w.the_run().await;
        // The shared step records a migration that no tenant then gets.
        let migration = w.fleet().release_next().await.unwrap();
        run.play_job("deploy-backend").await.unwrap();
        run.complete("success").unwrap();
        let text = w.card(1, "Untrue").await.text();
        assert!(text.contains("7 of 7 tenants lack migrations"), "{text}");
        assert!(text.contains(&migration.name.replace('_', "\\_")), "{text}");
        w.thread(1, "Untrue").await;
        w.alert("`uat` is not what it should be").await;
    })
    .await;
}

/// What its thread says of a run that went wrong in some tenants.
const THREAD: [&str; 2] = ["Untrue", "After the migration job"];

/// A green run whose job migrates every tenant, with something that goes wrong meanwhile.
async fn untrue(says: &str, thread: &[&str], meanwhile: impl AsyncFnOnce(&World)) {
    World::given(with_tenants(), async |w| {
        w.asks("erin", "/deploy uat").await;
        let run = w.the_run().await;
        run.start_job("migrate").unwrap();
        w.card(1, "The shared step has listed nothing new yet").await;
        w.fleet().release_next().await.unwrap();
        for tenant in w.fleet().tenants().await.unwrap() {
            w.fleet().migrate(&tenant).await.unwrap();
        }
        meanwhile(w).await;
        run.play_job("deploy-backend").await.unwrap();
        run.complete("success").unwrap();
        let text = w.card(1, "Untrue").await.text();
        assert!(text.contains(says), "{text}");
        for line in thread {
            w.thread(1, line).await;
        }
        w.alert("is not what it should be").await;
    })
    .await;
}

async fn sql(w: &World, statements: &str) {
    let mut connection = sqlx::PgConnection::connect(&w.database().url).await.unwrap();
    sqlx::raw_sql(statements).execute(&mut connection).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_green_run_without_its_super_tenant_is_untrue() {
    let says = "1 of 2 expected schemas are missing";
    untrue(says, &THREAD, async |w| sql(w, "DROP SCHEMA super_tenant CASCADE").await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_green_run_over_a_table_that_somebody_dropped_is_untrue() {
    let says = "1 of 7 tenants lack what their ledgers record";
    untrue(says, &THREAD, async |w| sql(w, "DROP TABLE acme.orders_payment CASCADE").await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_green_run_that_missed_a_tenant_made_meanwhile_is_untrue() {
    let made = "CREATE SCHEMA late; CREATE TABLE late.django_migrations (LIKE acme.django_migrations INCLUDING ALL);
        INSERT INTO late.django_migrations SELECT * FROM acme.django_migrations
        WHERE id < (SELECT max(id) FROM acme.django_migrations)";
    // Copied as `TENANT_BASE_SCHEMA` does: its ledger has the times of the one it was copied from.
    untrue("late: made while the job ran, and lacks", &THREAD, async |w| sql(w, made).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_that_starts_late_is_waited_for() {
    World::run(async |w| {
        w.application.change(HOST, |environment| environment.fault.database_down = true);
        w.asks("erin", "/deploy uat").await;
        w.the_run().await.complete("success").unwrap();
        w.card(1, "Verifying").await;
        w.application.change(HOST, |environment| environment.fault.database_down = false);
        w.card(1, "Verified").await;
        w.thread(1, "Verified").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_that_runs_another_commit_is_untrue() {
    World::run(async |w| {
        w.application.deploy(HOST, &"0".repeat(40));
        w.asks("erin", "/deploy uat").await;
        w.the_run().await.complete("success").unwrap();
        let text = w.card(1, "Untrue").await.text();
        assert!(text.contains("it still runs 0000000"), "{text}");
        w.thread(1, "Untrue").await;
        w.alert("`uat` is not what it should be").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_job_is_named_with_its_step() {
    World::run(async |w| {
        w.asks("erin", "/deploy uat").await;
        let run = w.the_run().await;
        run.start_job("migrate").unwrap();
        run.finish_job("migrate", "failure").unwrap();
        run.complete("failure").unwrap();
        let text = w.card(1, "Failed").await.text();
        assert!(text.contains("in the job migrate"), "{text}");
        let thread = w.thread(1, "Failed").await;
        assert!(thread.contains("❌"), "{thread}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reviewers_sign_with_a_reaction_and_take_it_back() {
    World::run(async |w| {
        w.asks("erin", "/deploy uat").await;
        let card = w.card(1, "Queued").await;
        w.discord.reacts("edgar", card.id, "✅").unwrap();
        w.discord.reacts("rita", card.id, "✅").unwrap();
        let text = w.card(1, "Signed off").await.text();
        assert!(text.contains("✅ @rita") && !text.contains("@edgar"), "an engineer's reaction signs nothing: {text}");
        w.discord.unreacts("rita", card.id, "✅").unwrap();
        let unsigned = |m: &MessageView| m.id == card.id && !m.text().contains("Signed off");
        w.discord.expect_message("releases", "the sign-off is gone", unsigned).await;
        w.the_run().await.cancel().unwrap();
        w.card(1, "Cancelled").await;
        w.thread(1, "Cancelled").await;
    })
    .await;
}
