//! Monitors of tenant databases and of secrets: what somebody is told without asking, and that it closes by itself.

use signalbox_sandbox::{
    discord::MessageView,
    fleet::Fleet,
    postgres::{Options, Postgres},
};
use url::Url;

use crate::{
    cramped::folder,
    fleet::sql,
    world::{Given, World},
};

/// Each once a year, so that only the story has them done. What is not named here is not done at all.
const RARELY: &str = r#"
[[schedule]]
run = "schemas"
cron = "0 4 1 1 *"
[[schedule]]
run = "drift"
cron = "0 4 1 1 *"
[[schedule]]
run = "isolation"
cron = "0 4 1 1 *"
[[schedule]]
run = "registry"
cron = "0 4 1 1 *"
[[schedule]]
run = "ledger"
cron = "0 4 1 1 *"
[[schedule]]
run = "pooler"
cron = "0 4 1 1 *"
[[schedule]]
run = "database"
cron = "0 4 1 1 *"
[[schedule]]
run = "secrets"
cron = "0 4 1 1 *"
"#;

/// What one reading of the fleet tells, and schemas.
const FLEET: [&str; 5] = ["drift", "isolation", "registry", "ledger", "schemas"];

fn watched() -> Given {
    Given { tenants: true, environments: RARELY, ..Given::default() }
}

/// Its message, once an alert of this environment says something.
async fn alert(w: &World, says: &str) -> MessageView {
    w.alert(says).await
}

/// A look finds the fleet as it was, or as it should be.
async fn nothing_is_open(w: &World) {
    let listed = w.asks("erin", "/alerts list").await.text();
    assert!(listed.contains("No alert is open"), "{listed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_that_appears_and_one_that_vanishes_are_told_and_taken_back() {
    World::given(watched(), async |w| {
        w.does(&["schemas"]).await;
        nothing_is_open(w).await;
        sql(w, "CREATE SCHEMA scratch; CREATE SCHEMA rehearsal_1").await;
        w.does(&["schemas"]).await;
        let text = alert(w, "2 schemas appeared in `uat` and nobody said so").await.text();
        assert!(text.contains("new: `rehearsal_1`, `scratch`") && text.contains("`/expect uat rehearsal_1`"), "{text}");

        assert!(w.asks("vera", "/expect uat rehearsal_* for:2h").await.text().contains("role_missing"));
        assert!(w.asks("erin", "/expect uat *").await.text().contains("bad_pattern"));
        let taken = w.asks("erin", "/expect uat rehearsal_* for:2h reason:\"restore drill\"").await.text();
        assert!(
            taken.contains("`rehearsal_*` may come and go") && taken.contains("1 schema that was found"),
            "{taken}"
        );
        alert(w, "1 schema appeared in `uat`").await;
        // Dropped again, and another rehearsal comes and goes meanwhile: nobody is told.
        sql(w, "DROP SCHEMA scratch; DROP SCHEMA rehearsal_1; CREATE SCHEMA rehearsal_2").await;
        w.does(&["schemas"]).await;
        alert(w, "cleared by itself").await;
        nothing_is_open(w).await;

        // A tenant is renamed away under the application: gone, and new without a row.
        sql(w, "ALTER SCHEMA globex RENAME TO globex_old").await;
        w.does(&["schemas"]).await;
        let opens = |message: &MessageView| message.text().contains("open again");
        w.discord.expect_message("releases", "it is said to be open again", opens).await;
        let text = alert(w, "🔴 Critical · uat").await.text();
        assert!(text.contains("1 schema vanished and 1 schema appeared") && text.contains("gone: `globex`"), "{text}");
        w.does(&["schemas"]).await;
        sql(w, "ALTER SCHEMA globex_old RENAME TO globex").await;
        w.does(&["schemas"]).await;
        alert(w, "cleared by itself").await;
        assert!(w.pinged_nobody());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drift_isolation_registry_and_ledgers_are_told_once_each_and_not_while_a_deployment_runs() {
    World::given(watched(), async |w| {
        w.does(&FLEET).await;
        nothing_is_open(w).await;
        w.asks("erin", "/deploy uat").await;
        let run = w.the_run().await;
        run.start_job("pre-deployment-checks").unwrap();
        w.card(1, "Running").await;
        sql(
            w,
            "DROP INDEX acme.orders_order_placed_at_idx;
             CREATE VIEW umbrella.peek AS SELECT id FROM acme.orders_order;
             CREATE SCHEMA audit;
             INSERT INTO public.tenants_client (schema_name, name) VALUES ('ghost', 'Nobody')",
        )
        .await;
        w.does(&FLEET).await;
        nothing_is_open(w).await;
        let listed = w.asks("erin", "/schedule").await.text();
        assert!(listed.contains("`uat` is being deployed to"), "{listed}");
        run.cancel().unwrap();
        w.card(1, "Cancelled").await;
        w.thread(1, "Cancelled").await;

        w.does(&FLEET).await;
        alert(w, "2 tenants of 7 in `uat` differ from the others").await;
        let text = alert(w, "in `uat` reaches beyond its schema").await.text();
        assert!(text.contains("Critical") && text.contains("`/isolation uat`"), "{text}");
        alert(w, "The recorded migrations of 1 tenant of 7").await;
        // A row that was not there at the last look may be a tenant that is being set up.
        w.does(&FLEET).await;
        alert(w, "Rows, domains and schemas of").await;
        sql(
            w,
            "CREATE INDEX orders_order_placed_at_idx ON acme.orders_order (placed_at);
             DROP VIEW umbrella.peek; DELETE FROM public.tenants_client WHERE schema_name = 'ghost'",
        )
        .await;
        w.does(&FLEET).await;
        // Each closes its own message.
        for kind in ["differ from the others", "reaches beyond", "The recorded migrations", "contradict each other"] {
            w.discord
                .expect_message("releases", kind, |message| {
                    let text = message.text();
                    text.contains(kind) && text.contains("cleared by itself")
                })
                .await;
        }
        nothing_is_open(w).await;
        assert!(w.pinged_nobody());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_does_not_answer_is_not_known_and_closes_when_it_does() {
    let folder = folder();
    let mut options = Options::private(folder.path().join("data"));
    let server = Postgres::start(options.clone()).await.unwrap();
    server.create_database("shop").await.unwrap();
    Fleet::create(&server.url("shop"), 3).await.unwrap().close().await;
    let url = server.reader_url("shop");
    options.port = Url::parse(&url).unwrap().port();
    let given = Given { tenants: false, database: Some(url), ..watched() };
    World::given(given, async move |w| {
        w.does(&["database", "pooler", "schemas"]).await;
        server.stop().await.unwrap();
        // Schemas that cannot be looked at have not vanished.
        w.does(&["schemas", "database"]).await;
        w.does(&["database"]).await;
        nothing_is_open(w).await;
        let listed = w.asks("erin", "/schedule").await.text();
        assert!(listed.contains("⚪") && listed.contains("did not answer 2 looks in a row"), "{listed}");
        w.does(&["database"]).await;
        let text = alert(w, "does not answer Signalbox").await.text();
        assert!(text.contains("`signalbox doctor`") && text.contains("Warning"), "{text}");
        let server = Postgres::start(options).await.unwrap();
        w.does(&["database", "schemas"]).await;
        alert(w, "cleared by itself").await;
        nothing_is_open(w).await;
        let listed = w.asks("erin", "/schedule").await.text();
        assert!(listed.contains("connections in use") && listed.contains("is reached directly"), "{listed}");
        w.stops().await;
        server.stop().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_is_removed_is_told_and_closes_when_it_is_set_again() {
    World::given(watched(), async |w| {
        let step = "  migrate:\n    environment: uat2-backend\n    steps:\n      - run: ./migrate \"${{ secrets.UAT_DB_URL }}\"\n";
        let at = w.github.with(|state| {
            let shop = state.repository_mut("acme/shop").unwrap();
            shop.workflow_mut("12-uat-deployment.yml").unwrap().jobs = Some(step.into());
            shop.created_at
        });
        let change = |change: &dyn Fn(&mut std::collections::BTreeMap<String, signalbox_domain::Timestamp>)| {
            w.github.with(|state| {
                let shop = state.repository_mut("acme/shop").unwrap();
                change(&mut shop.environment_mut("uat2-backend").unwrap().secrets);
            });
        };
        w.does(&["secrets"]).await;
        nothing_is_open(w).await;
        change(&|secrets| _ = secrets.remove("UAT_DB_URL"));
        w.does(&["secrets"]).await;
        let text = alert(w, "lacks the secret `UAT_DB_URL`").await.text();
        assert!(text.contains("`gh secret set UAT_DB_URL --env uat2-backend --repo acme/shop`"), "{text}");
        change(&|secrets| _ = secrets.insert("UAT_DB_URL".into(), at));
        w.does(&["secrets"]).await;
        alert(w, "cleared by itself").await;
        nothing_is_open(w).await;
        assert!(w.pinged_nobody());
    })
    .await;
}
