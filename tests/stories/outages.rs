//! Something that Signalbox needs is not there: it says so, loses nothing and goes on by itself.

use std::time::Duration;

use futures::future;
use http::Method;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use signalbox_sandbox::{
    discord::{Failure, Fault},
    postgres::{Database, Postgres},
};
use sqlx::{Connection, PgConnection};
use url::Url;

use crate::world::{Given, World};

/// How many cards stand in #releases.
fn cards(w: &World) -> usize {
    let messages = w.discord.messages("releases").unwrap();
    messages.iter().filter(|message| message.from_bot && message.only_for.is_none()).count()
}

/// Waits until every fault has hit.
async fn faults_have_hit(w: &World) {
    let mut changes = w.discord.changes();
    while !w.discord.faults().is_empty() {
        let change = tokio::time::timeout(Duration::from_secs(20), changes.changed());
        change.await.expect("something happens").unwrap();
    }
}

/// A deployment to uat that ends well.
async fn all_is_well(w: &World, deployment: u32) {
    w.asks("erin", "/deploy uat").await;
    w.the_run().await.complete("success").unwrap();
    w.card(deployment, "Verified").await;
    w.thread(deployment, "Verified").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_token_has_expired() {
    World::run(async |w| {
        w.github.with(|state| state.tokens[0].expires_at = Some(Timestamp::UNIX_EPOCH));
        insta::assert_snapshot!(w.asks("erin", "/deploy uat").await.text(), @r"
        ⛔ **`github_forbidden`**
        GitHub refused Signalbox's credentials for acme/shop: Bad credentials (401 for /repos/acme/shop/git/ref/heads/uat).
        **Who can fix it:** whoever runs Signalbox: the token has expired or lacks a permission.
        **Do this:** `signalbox doctor` on the machine it runs on names the permission.
        ");
        w.expect_dispatches(0).await;
        w.github.with(|state| state.tokens[0].expires_at = None);
        all_is_well(w, 1).await;
        w.expect_dispatches(1).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn github_is_down_when_somebody_deploys() {
    World::run(async |w| {
        w.github.faults(|faults| faults.outage = Some(503));
        insta::assert_snapshot!(w.asks("erin", "/deploy uat").await.text(), @r"
        ⛔ **`github_unavailable`**
        GitHub did not answer, so nothing was started. It said: Service Unavailable (503 for /repos/acme/shop/git/ref/heads/uat).
        **Who can fix it:** GitHub; see <https://www.githubstatus.com>.
        **Do this:** wait a minute, then `/deploy uat ref:uat`
        ");
        assert_eq!(cards(w), 0);
        w.github.faults(|faults| faults.outage = None);
        w.expect_dispatches(0).await;
        all_is_well(w, 1).await;
        w.expect_dispatches(1).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn github_goes_down_while_a_run_is_followed() {
    World::run(async |w| {
        w.asks("erin", "/deploy uat").await;
        let run = w.the_run().await;
        w.card(1, "Queued").await;
        w.github.faults(|faults| faults.outage = Some(503));
        run.start_job("deploy-backend").unwrap();
        w.card(1, "GitHub cannot be asked right now").await;
        run.finish_job("deploy-backend", "success").unwrap();
        w.github.faults(|faults| faults.outage = None);
        run.complete("success").unwrap();
        let text = w.card(1, "Verified").await.text();
        assert!(!text.contains("cannot be asked"), "{text}");
        w.thread(1, "Verified").await;
        w.expect_dispatches(1).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discord_does_not_take_edits_of_the_card() {
    World::run(async |w| {
        w.asks("erin", "/deploy uat").await;
        let card = w.card(1, "Queued").await;
        let edits = |failure| Fault::new("/channels/300/messages/", failure).on(Method::PATCH);
        w.discord.fails(edits(Failure::RateLimited { retry_after: 0.2, global: false }).times(2));
        w.discord.fails(edits(Failure::Status(500)).times(2));
        w.the_run().await.complete("success").unwrap();
        faults_have_hit(w).await;
        assert_eq!(w.card(1, "Verified").await.id, card.id);
        w.thread(1, "Verified").await;
        assert_eq!(cards(w), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discord_takes_the_card_and_its_answer_is_lost() {
    World::run(async |w| {
        let post = Fault::new("/channels/300/messages", Failure::Status(502)).on(Method::POST);
        w.discord.fails(post.though_carried_out());
        let answer = w.asks("erin", "/deploy uat").await.text();
        assert!(answer.contains("Deployment **1**"), "{answer}");
        w.the_run().await.complete("success").unwrap();
        faults_have_hit(w).await;
        w.thread(1, "").await;
        w.card(1, "Verified").await;
        w.thread(1, "Verified").await;
        assert_eq!(cards(w), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_moderator_deletes_the_card() {
    World::run(async |w| {
        w.asks("erin", "/deploy uat").await;
        let first = w.card(1, "Queued").await;
        w.discord.deletes(first.id).unwrap();
        let second = w.card(1, "Queued").await;
        assert_ne!(first.id, second.id);
        w.the_run().await.complete("success").unwrap();
        assert_eq!(w.card(1, "Verified").await.id, second.id);
        w.thread(1, "Verified").await;
        assert_eq!(cards(w), 1);
        w.expect_dispatches(1).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reactions_change_while_the_session_is_lost() {
    World::run(async |w| {
        w.asks("erin", "/deploy uat").await;
        let card = w.card(1, "Queued").await;
        w.discord.reacts("rita", card.id, "✅").unwrap();
        w.card(1, "✅ @rita").await;
        let gateway = w.discord.gateway();
        let identified = gateway.identifies();
        gateway.drops_connections();
        gateway.forgets_sessions();
        w.discord.unreacts("rita", card.id, "✅").unwrap();
        w.discord.reacts("lena", card.id, "✅").unwrap();
        gateway.ready(identified + gateway.resumes() + 1).await;
        let text = w.card(1, "✅ @lena").await.text();
        assert!(!text.contains("@rita"), "{text}");
        assert!(gateway.identifies() > identified, "the session was lost for good");
        w.the_run().await.complete("success").unwrap();
        w.card(1, "Verified").await;
        w.thread(1, "Verified").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_gateway_refuses_connections_at_the_start() {
    World::given(Given { not_started: true, ..Given::default() }, async |w| {
        w.discord.gateway().refuses_connections(true);
        let opens = async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            assert_eq!(w.discord.gateway().connected(), 0);
            w.discord.gateway().refuses_connections(false);
        };
        future::join(w.starts(), opens).await;
        all_is_well(w, 1).await;
    })
    .await;
}

/// The database in which the service keeps its own data, and the switch that turns it off.
struct OwnDatabase {
    name: String,
    url: String,
    administrator: PgConnection,
    /// Dropped with the story.
    _database: Database,
}

impl OwnDatabase {
    async fn fresh() -> Self {
        let postgres = Postgres::shared().await.unwrap();
        let database = postgres.fresh_database().await.unwrap();
        let administrator = PgConnection::connect(&postgres.url("postgres")).await.unwrap();
        Self { name: database.name.clone(), url: database.url.clone(), administrator, _database: database }
    }

    async fn goes_away(&mut self) {
        self.admits(false).await;
        sqlx::query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1")
            .bind(&self.name)
            .execute(&mut self.administrator)
            .await
            .unwrap();
    }

    async fn comes_back(&mut self) {
        self.admits(true).await;
    }

    async fn admits(&mut self, anybody: bool) {
        // The name is ours, and statements about databases take no parameters.
        let statement = format!("ALTER DATABASE \"{}\" ALLOW_CONNECTIONS {anybody}", self.name);
        sqlx::query(&statement).execute(&mut self.administrator).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_own_database_goes_away() {
    let mut database = OwnDatabase::fresh().await;
    let given = Given { store: Some(database.url.clone()), ..Given::default() };
    World::given(given, async move |w| {
        database.goes_away().await;
        let text = w.asks("erin", "/deploy uat").await.text();
        let (before, rest) = text.split_once("(reference `").unwrap();
        let (reference, after) = rest.split_once("`)").unwrap();
        assert_eq!(reference.len(), 8, "{text}");
        insta::assert_snapshot!(format!("{before}(reference …){after}"), @r"
        ⛔ **`store_unavailable`**
        Signalbox could not reach its own database, so nothing was started (reference …).
        **Who can fix it:** whoever runs Signalbox: the log says more under the reference.
        **Do this:** `signalbox doctor` on the machine it runs on.
        ");
        w.expect_dispatches(0).await;

        database.comes_back().await;
        w.asks("erin", "/deploy uat").await;
        let run = w.the_run().await;
        let card = w.card(1, "Queued").await;
        database.goes_away().await;
        w.discord.reacts("rita", card.id, "✅").unwrap();
        run.complete("success").unwrap();
        // By the time this one has given up, so has whoever wanted to take the reaction down.
        let text = w.asks("lena", "/status").await.text();
        assert!(text.contains("store_unavailable"), "{text}");
        database.comes_back().await;
        w.card(1, "✅ @rita").await;
        w.card(1, "Verified").await;
        w.thread(1, "Verified").await;
        assert_eq!(cards(w), 1);
        w.expect_dispatches(1).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tenant_database_cannot_be_reached() {
    World::given(Given { tenants: true, ..Given::default() }, async |w| {
        w.asks("erin", "/deploy uat").await;
        let variables = w.variables();
        let (_, url) = variables.iter().find(|(name, _)| name == "UAT_DATABASE_URL").unwrap();
        let url = Url::parse(url).unwrap();
        let name = percent_decode_str(url.path().trim_start_matches('/')).decode_utf8().unwrap();
        Postgres::shared().await.unwrap().drop_database(&name).await.unwrap();
        w.the_run().await.complete("success").unwrap();
        w.card(1, "❔ **tenant database**").await;
        let text = w.card(1, "Unverified").await.text();
        assert!(text.contains("❔ **tenant database**"), "{text}");
        assert!(!text.contains(url.password().unwrap_or("no password")), "{text}");
        w.thread(1, "Unverified").await;
        w.alert("nobody can tell whether `uat` is what it should be").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_cannot_be_read_keeps_no_other_waiting() {
    World::run(async |w| {
        w.asks("erin", "/deploy dev").await;
        w.card(1, "Queued").await;
        let first = w.the_run().await;
        w.asks("erin", "/deploy uat").await;
        w.card(2, "Queued").await;
        let second = w.the_run().await;
        w.stops().await;
        w.damages(1).await;
        second.complete("success").unwrap();
        w.starts().await;
        w.card(2, "Verified").await;
        w.thread(2, "Verified").await;
        let alert = w.alert("What is not over cannot all be read: deployment 1: missing field").await;
        assert!(alert.text().contains("start Signalbox again"), "{}", alert.text());
        w.stops().await;
        w.corrects(1).await;
        first.complete("cancelled").unwrap();
        w.starts().await;
        w.alert("✅ cleared by itself").await;
        w.card(1, "Cancelled").await;
        w.thread(1, "Cancelled").await;
    })
    .await;
}
