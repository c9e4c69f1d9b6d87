//! A migration watched from the database: how far it is, who blocks it, and what is true when its job is over.

use signalbox_sandbox::{discord::MessageView, github::RunHandle, postgres::Postgres};
use sqlx::{Connection, PgConnection, SqliteConnection};

use crate::world::{Given, World};

fn with_tenants() -> Given {
    Given { tenants: true, ..Given::default() }
}

/// Whether the card's first field of this name says something.
fn says(message: &MessageView, what: &str) -> bool {
    message.text().contains(what)
}

/// Somebody deploys uat, and the job that migrates is at work.
async fn migrating(w: &World) -> RunHandle {
    w.asks("erin", "/deploy uat").await;
    let run = w.the_run().await;
    run.start_job("migrate").unwrap();
    w.card(1, "The shared step has listed nothing new yet: all 7 tenants have").await;
    run
}

/// The run was cancelled, and every tenant has what it had.
async fn ends(w: &World) {
    w.card(1, "Cancelled").await;
    w.card(1, "7 of 7 tenants are complete").await;
    w.thread(1, "Cancelled").await;
}

/// An alert is closed, since what it is about is over.
async fn cleared(w: &World, what: &str) {
    let closed = |m: &MessageView| says(m, what) && says(m, "cleared by itself");
    w.discord.expect_message("releases", &format!("{what} has cleared"), closed).await;
}

/// A session of somebody, after these statements.
async fn session(w: &World, name: &str, statements: &str) -> PgConnection {
    let mut connection = PgConnection::connect(&w.database().url).await.unwrap();
    let statements = format!("SET application_name = '{name}'; {statements}");
    sqlx::raw_sql(&statements).execute(&mut connection).await.unwrap();
    connection
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tenants_are_counted_as_they_are_migrated_also_in_a_run_that_was_adopted_and_through_a_restart() {
    World::given(with_tenants(), async |w| {
        let sha = w.github.commit("acme/shop", "uat", "Fix totals").unwrap();
        let run = w.github.run(w.github.push("acme/shop", "uat", &sha, "dana")[0]);
        run.start_job("migrate").unwrap();
        w.card(1, "The shared step has listed nothing new yet: all 7 tenants have the 53 migrations").await;
        let migration = w.fleet().release_next().await.unwrap();
        w.card(1, "**0** of 7 tenants done").await;
        let tenants = w.fleet().tenants().await.unwrap();
        w.fleet().migrate(&tenants[0]).await.unwrap();
        let text = w.card(1, "**1** of 7 tenants done").await.text();
        assert!(text.contains("6 pending") && text.contains("no estimate yet"), "{text}");
        w.stops().await;
        w.fleet().migrate(&tenants[1]).await.unwrap();
        w.starts().await;
        w.card(1, "**2** of 7 tenants done").await;
        for tenant in &tenants[2..] {
            w.fleet().migrate(tenant).await.unwrap();
        }
        let text = w.card(1, "**7** of 7 tenants done").await.text();
        assert!(text.contains("every tenant has everything; the job goes on"), "{text}");
        w.application.deploy(crate::world::HOST, &sha);
        run.finish_job("migrate", "success").unwrap();
        w.card(1, "7 of 7 tenants are complete").await;
        run.complete("success").unwrap();
        let text = w.card(1, "Verified").await.text();
        assert!(text.contains("are in the ledgers of all 7 tenants"), "{text}: {}", migration.label());
        w.thread(1, "Verified").await;
    })
    .await;
}

/// In dev the migration took two seconds in each of ten tenants.
async fn was_migrated_in_dev(w: &World, migration: &str) {
    let file = w.folder().join("signalbox.db");
    let mut store = SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.unwrap();
    let job =
        "INSERT INTO migration_jobs (job, deployment, environment, commit_sha, started_at, took_ms, outcome, tenants)
        VALUES (1, 999, 'dev', $1, 1790000000000, 30000, 'succeeded', 10)";
    sqlx::query(job).bind("ab12".repeat(10)).execute(&mut store).await.unwrap();
    let lap = "INSERT INTO laps (job, tenant, migration, took_ms, bytes) VALUES (1, $1, $2, 2000, 8192)";
    for n in 0..10 {
        sqlx::query(lap).bind(format!("dev_{n}")).bind(migration).execute(&mut store).await.unwrap();
    }
    store.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_it_has_a_pace_of_its_own_it_takes_what_it_took_before() {
    World::given(with_tenants(), async |w| {
        // Nobody has released it yet here, but that is what it will be called.
        let migration = w.fleet().release_next().await.unwrap().label();
        let undo = "DELETE FROM public.django_migrations WHERE app || '.' || name = ";
        session(w, "story", &format!("{undo}'{migration}'")).await.close().await.unwrap();
        was_migrated_in_dev(w, &migration).await;
        let run = migrating(w).await;
        assert_eq!(w.fleet().release_next().await.unwrap().label(), migration);
        // Seven tenants of two seconds each.
        let text = w.card(1, "as these migrations took before").await.text();
        assert!(text.contains("10 to 20 s left"), "{text}");
        run.finish_job("migrate", "failure").unwrap();
        run.complete("failure").unwrap();
        w.card(1, "0 of 7 tenants are complete; 7 never started").await;
        w.card(1, "Failed").await;
        w.thread(1, "After the migration job").await;
        w.thread(1, "Failed").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_fails_half_way_leaves_a_card_that_says_who_has_what() {
    World::given(with_tenants(), async |w| {
        let run = migrating(w).await;
        let (first, second) = (w.fleet().release_next().await.unwrap(), w.fleet().release_next().await.unwrap());
        let tenants = w.fleet().tenants().await.unwrap();
        w.fleet().migrate(&tenants[0]).await.unwrap();
        w.fleet().apply(&tenants[1], &first).await.unwrap();
        let text = w.card(1, "1 in work").await.text();
        assert!(text.contains(&format!("`{}` · `{}`", tenants[1], second.label())), "{text}");
        run.finish_job("migrate", "failure").unwrap();
        run.complete("failure").unwrap();
        let text = w.card(1, "1 of 7 tenants are complete; 1 stopped in between, 5 never started").await.text();
        assert!(text.contains(&format!("{}: stopped at", tenants[1])), "{text}");
        w.card(1, "Failed").await;
        w.thread(1, "After the migration job").await;
        w.thread(1, "Failed").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_blocks_the_migration_is_named_and_ended_at_the_second_press() {
    World::given(Given { owner: true, ..with_tenants() }, async |w| {
        let run = migrating(w).await;
        let report = session(w, "report", "BEGIN; SELECT FROM acme.orders_order").await;
        let alter = "ALTER TABLE acme.orders_order ADD COLUMN extra int";
        let migration = async { session(w, &format!("signalbox-migrate-{}", run.id()), alter).await };
        let story = async {
            let card = w.card(1, "for ACCESS EXCLUSIVE on `acme.orders_order`; blocked by pid").await;
            assert!(says(&card, "(report), idle in transaction"), "{}", card.text());
            w.alert("The migration of `uat` is blocked.").await;
            let no = w.discord.clicks("rita", card.id, "Blocked…").unwrap().reply().await.text();
            assert!(no.contains("role_missing"), "{no}");
            let asked = w.discord.clicks("erin", card.id, "Blocked…").unwrap().reply().await;
            assert!(asked.text().contains("SELECT pg_terminate_backend("), "{}", asked.text());
            let end = asked.message.buttons[0].label.clone();
            let done = w.discord.clicks("erin", asked.message.id, &end).unwrap().reply().await.text();
            assert!(done.contains("Done: `SELECT pg_terminate_backend("), "{done}");
            w.thread(1, "ended pid").await;
            cleared(w, "is blocked").await;
        };
        tokio::join!(migration, story);
        drop(report);
        run.cancel().unwrap();
        ends(w).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_only_reads_says_what_to_type_and_ends_nothing() {
    World::given(with_tenants(), async |w| {
        let run = migrating(w).await;
        let report = session(w, "report", "BEGIN; SELECT FROM acme.orders_order").await;
        let migration = async { session(w, "migrate", "ALTER TABLE acme.orders_order ADD COLUMN extra int").await };
        let story = async {
            let card = w.card(1, "blocked by pid").await;
            w.alert("The migration of `uat` is blocked.").await;
            let asked = w.discord.clicks("erin", card.id, "Blocked…").unwrap().reply().await;
            let end = asked.message.buttons[0].label.clone();
            let no = w.discord.clicks("erin", asked.message.id, &end).unwrap().reply().await.text();
            assert!(no.contains("may_not_signal") && no.contains("SELECT pg_cancel_backend("), "{no}");
            report.close().await.unwrap();
            cleared(w, "is blocked").await;
        };
        tokio::join!(migration, story);
        run.cancel().unwrap();
        ends(w).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_worker_leaves_a_job_that_hangs_and_a_cancelled_one_a_session() {
    World::given(Given { owner: true, stall: Some(10), ..with_tenants() }, async |w| {
        let run = migrating(w).await;
        w.fleet().release_next().await.unwrap();
        let tenants = w.fleet().tenants().await.unwrap();
        let name = format!("signalbox-migrate-{}", run.id());
        let worker = session(w, &name, "SELECT 1").await;
        w.fleet().migrate(&tenants[0]).await.unwrap();
        w.card(1, "**1** of 7 tenants done").await;
        worker.close().await.unwrap();
        let text = w.alert("The migration of `uat` hangs").await.text();
        assert!(text.contains("`/cancel 1` stops the run"), "{text}");
        w.card(1, "🧊 Nothing has moved since").await;
        // The runner dies; what it had sent to the database waits on.
        let report = session(w, "report", "BEGIN; SELECT FROM acme.orders_order").await;
        let left = async { session(w, &name, "ALTER TABLE acme.orders_order ADD COLUMN extra int").await };
        let story = async {
            w.card(1, "blocked by pid").await;
            run.cancel().unwrap();
            w.alert("and it left pid").await;
            w.card(1, "it left a session in the database").await;
            w.alert("The migration of `uat` is blocked.").await;
            report.close().await.unwrap();
        };
        let (left, ()) = tokio::join!(left, story);
        left.close().await.unwrap();
        cleared(w, "The migration of `uat` hangs").await;
        cleared(w, "and it left pid").await;
        cleared(w, "is blocked").await;
        w.thread(1, "Cancelled").await;
        w.thread(1, "After the migration job").await;
        w.reads_everything();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_goes_away_is_said_and_comes_back() {
    World::given(with_tenants(), async |w| {
        let run = migrating(w).await;
        let postgres = Postgres::shared().await.unwrap();
        let away = |connections: i32| {
            format!(
                "ALTER DATABASE {} WITH CONNECTION LIMIT {connections} ALLOW_CONNECTIONS {}",
                w.database().name,
                connections < 0
            )
        };
        let mut admin = PgConnection::connect(&postgres.url("postgres")).await.unwrap();
        let gone = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = $1";
        sqlx::raw_sql(&away(0)).execute(&mut admin).await.unwrap();
        sqlx::query(gone).bind(&w.database().name).execute(&mut admin).await.unwrap();
        w.card(1, "The tenant database has not answered since").await;
        sqlx::raw_sql(&away(-1)).execute(&mut admin).await.unwrap();
        let back =
            |m: &MessageView| says(m, "Deployment 1 ·") && says(m, "The shared step") && !says(m, "not answered");
        w.discord.expect_message("releases", "it answers again", back).await;
        run.cancel().unwrap();
        ends(w).await;
    })
    .await;
}
