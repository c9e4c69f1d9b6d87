//! What the logs of jobs say, on the card, in the thread, and when somebody asks.

use signalbox_sandbox::{
    discord::MessageView,
    github::{Break, RequestFault, Times},
};

use crate::world::{Given, World};

const PIPELINE: [&str; 2] = [
    r#"python manage.py migrate_schemas --tenant --noinput || echo "⚠ migrate_schemas --tenant failed or not available""#,
    r#"echo "✓ Migrations completed successfully""#,
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_migration_says_why_where_and_what_to_do() {
    World::run(async |w| {
        w.asks("erin", "/deploy uat").await;
        let run = w.the_run().await;
        run.start_job("migrate").unwrap();
        let output = "[36/51 (70%) standard:t0035]   Applying orders.0002_email... OK\n\
            [37/51 (72%) standard:t0036]   Applying orders.0002_email...\n\
            Traceback (most recent call last):\n  File \"psycopg2\"\n\
            django.db.utils.IntegrityError: could not create unique index \"orders_customer_email_uniq\"\n\
            DETAIL:  Key (email)=(ann@example.com) is duplicated.\n\
            export GH_TOKEN=ghp_0123456789abcdefABCDEF0123456789abcd";
        run.prints("migrate", &["python manage.py migrate_schemas --tenant --noinput"], output, 1).unwrap();
        run.finish_job("migrate", "failure").unwrap();
        run.complete("failure").unwrap();
        let card = w.card(1, "rows are not unique").await;
        let text = card.text();
        assert!(text.contains("`t0036`") && text.contains("`orders.0002_email`"), "{text}");
        assert!(text.contains("clean the rows of that tenant"), "{text}");
        let thread = w.thread(1, "rows are not unique").await;
        assert!(thread.contains("Key (email)=(***) is duplicated."), "{thread}");
        assert!(!thread.contains("ann@") && !text.contains("ann@"), "{thread}");
        w.card(1, "Failed").await;
        w.thread(1, "Failed").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_green_run_that_swallowed_a_failure_warns_and_the_database_judges() {
    World::given(Given { tenants: true, ..Given::default() }, async |w| {
        w.asks("erin", "/deploy uat").await;
        let run = w.the_run().await;
        assert_eq!(run.play_job("build-and-push (backend)").await.unwrap(), "success");
        run.start_job("migrate").unwrap();
        let output = "Unknown command: 'migrate_schemas'. Did you mean migrate?\n\
            ⚠ migrate_schemas --tenant failed or not available\n✓ Migrations completed successfully";
        run.prints("migrate", &PIPELINE, output, 0).unwrap();
        run.finish_job("migrate", "success").unwrap();
        let text = w.card(1, "swallowed").await.text();
        assert!(text.contains("manage.py does not know the command"), "{text}");
        let alert = |message: &MessageView| message.text().contains("failed in part and went on");
        let alert = w.discord.expect_message("releases", "the alert", alert).await.text();
        assert!(alert.contains("/logs 1"), "{alert}");
        run.play_job("deploy-backend").await.unwrap();
        run.complete("success").unwrap();
        // Nothing was to be migrated, so the database says that all is there.
        let text = w.card(1, "Verified").await.text();
        assert!(text.contains("but the log says that something went wrong"), "{text}");
        w.thread(1, "Verified").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_cannot_be_read_is_said_to_be_so_and_changes_nothing() {
    World::given(Given { tenants: true, ..Given::default() }, async |w| {
        w.github.faults(|faults| {
            faults.requests.push(RequestFault {
                path: "*/actions/jobs/*/logs".into(),
                times: Times::Always,
                breaks: Some(Break::Status { status: 410, headers: Default::default(), body: Default::default() }),
                ..RequestFault::default()
            });
        });
        w.asks("erin", "/deploy uat").await;
        let run = w.the_run().await;
        run.play_job("migrate").await.unwrap();
        w.card(1, "GitHub keeps it no longer").await;
        run.play_job("deploy-backend").await.unwrap();
        run.complete("success").unwrap();
        w.card(1, "Verified").await;
        w.thread(1, "Verified").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_runner_that_was_lost_left_no_log_and_the_database_says_how_far_it_came() {
    World::given(Given { tenants: true, ..Given::default() }, async |w| {
        w.asks("erin", "/deploy uat").await;
        let run = w.the_run().await;
        run.start_job("migrate").unwrap();
        w.card(1, "The shared step has listed nothing new yet").await;
        w.fleet().release_next().await.unwrap();
        w.fleet().migrate("acme").await.unwrap();
        run.loses_runner("migrate").unwrap();
        run.complete("failure").unwrap();
        let text = w.card(1, "the runner was lost").await.text();
        assert!(text.contains("see with `/ledger` which tenants are done"), "{text}");
        assert!(text.contains("GitHub never got it"), "{text}");
        w.card(1, "1 of 7 tenants are complete; 6 never started").await;
        w.thread(1, "After the migration job").await;
        let thread = w.thread(1, "the runner was lost").await;
        assert!(thread.contains("The hosted runner lost communication with the server."), "{thread}");
        w.card(1, "Failed").await;
        w.thread(1, "Failed").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_went_well_is_not_talked_about() {
    World::given(Given { tenants: true, ..Given::default() }, async |w| {
        w.asks("erin", "/deploy uat").await;
        let run = w.the_run().await;
        run.play_job("migrate").await.unwrap();
        run.play_job("deploy-backend").await.unwrap();
        run.complete("success").unwrap();
        let text = w.card(1, "Verified").await.text();
        assert!(!text.contains("Log") && !text.contains("swallowed"), "{text}");
        w.thread(1, "Verified").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asks_gets_the_end_of_a_log_without_its_secrets() {
    World::run(async |w| {
        w.asks("erin", "/deploy uat").await;
        let run = w.the_run().await;
        let reply = w.asks("erin", "/logs 1").await;
        assert!(reply.text().contains("no_such_job"), "{}", reply.text());
        run.start_job("test-backend").unwrap();
        w.card(1, "test-backend").await;
        let asked = async |line: &str| w.asks("erin", line).await;
        let text = asked("/logs 1 job:test").await.text();
        assert!(text.contains("no_log") && text.contains("still at work"), "{text}");
        let output = "\u{1b}[31mFAILED\u{1b}[0m tests/test_orders.py - AssertionError\nTOKEN=ghp_0123456789abcdefABCDEF0123456789abcd";
        run.prints("test-backend", &["pytest"], output, 1).unwrap();
        run.finish_job("test-backend", "failure").unwrap();
        w.card(1, "a failure that no rule knows").await;
        let reply = w.asks("rita", "/logs #1").await;
        let text = reply.text();
        assert!(text.contains("Log of `test-backend` in deployment **1**"), "{text}");
        assert!(text.contains("FAILED tests/test_orders.py - AssertionError"), "{text}");
        assert_eq!(reply.message.attachments, ["log-1-test-backend.txt"]);
        let (_, content) = w.discord.file(reply.message.id, "log-1-test-backend.txt").unwrap();
        let content = String::from_utf8(content.to_vec()).unwrap();
        assert!(content.contains("FAILED tests/test_orders.py") && content.contains("TOKEN=***"), "{content}");
        assert!(!content.contains("ghp_") && !content.contains('\u{1b}'), "{content}");
        let refused = w.asks("vera", "/logs 1").await.text();
        assert!(refused.contains("role_missing") && refused.contains("engineer or reviewer"), "{refused}");
        let suggested = w.discord.autocompletes("erin", "releases", "/logs deployment:ua").await.unwrap();
        assert_eq!(suggested[0].value, "1");
        run.complete("failure").unwrap();
        w.card(1, "Failed").await;
        w.thread(1, "Failed").await;
    })
    .await;
}
