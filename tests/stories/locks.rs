//! Somebody keeps deployments from an environment, and everybody hears who and why.

use crate::{
    gates::{gated, waiting},
    world::World,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_refuses_and_tells_who_until_it_is_lifted() {
    World::run(async |w| {
        let set = w.asks("edgar", "/lock uat reason:\"rehearsal of @everyone\" for:2h").await.text();
        assert!(set.contains("`uat` is locked by @edgar") && set.contains("`/unlock uat` lifts it"), "{set}");
        let refused = w.asks("erin", "/deploy uat").await;
        let text = refused.text();
        assert!(text.contains("environment_locked") && text.contains("locked by @edgar"), "{text}");
        assert!(text.contains("`/unlock uat`, then `/deploy uat`"), "{text}");
        assert!(refused.message.pings.is_empty());
        let listed = w.asks("vera", "/locks").await.text();
        assert!(listed.contains("`uat` locked by @edgar"), "{listed}");
        let why = w.asks("vera", "/why uat").await.text();
        assert!(why.contains("✗ not locked: locked by @edgar"), "{why}");
        let twice = w.asks("erin", "/lock uat reason:mine").await.text();
        assert!(twice.contains("locked_already") && twice.contains("@edgar"), "{twice}");
        let other = w.asks("erin", "/deploy dev").await.text();
        assert!(other.contains("Deployment **1**"), "dev is not locked: {other}");
        w.the_run().await.cancel().unwrap();
        w.card(1, "Cancelled").await;
        w.thread(1, "Cancelled").await;
        let lifted = w.asks("erin", "/unlock uat").await.text();
        assert!(lifted.contains("takes deployments again. It was locked by @edgar"), "{lifted}");
        assert!(w.asks("erin", "/unlock uat").await.text().contains("not_locked"));
        assert!(w.asks("vera", "/locks").await.text().contains("Nothing is locked"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_who_may_deploy_may_lock() {
    World::run(async |w| {
        for line in ["/lock uat reason:x", "/unlock uat", "/lock all reason:x", "/freeze reason:x"] {
            let text = w.asks("vera", line).await.text();
            assert!(text.contains("role_missing") && text.contains("engineer"), "{line}: {text}");
        }
        assert!(w.asks("erin", "/lock nowhere reason:x").await.text().contains("unknown_environment"));
        assert!(w.asks("erin", "/lock uat reason:x for:soon").await.text().contains("bad_duration"));
        let blank = w.asks("erin", "/lock uat reason:\" \"").await.text();
        assert!(blank.contains("nothing_written") && blank.contains("`/lock uat reason:\"migration"), "{blank}");
        assert!(w.asks("vera", "/locks").await.text().contains("Nothing is locked"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_freeze_holds_what_waits_and_a_lifted_one_lets_it_go() {
    const PROD: &str = r#"
[[environment]]
name = "prod"
workflow = "13-prod-deployment.yml"
ref = "main"
deploy_roles = ["engineer"]
sign_roles = ["reviewer"]
poll_seconds = 2
[[environment.gate]]
sign_off = "review"
"#;
    World::given(gated(PROD), async |w| {
        w.asks("erin", "/deploy prod").await;
        let card = waiting(w).await;
        w.asks("edgar", "/freeze reason:\"the year ends\"").await;
        w.card(1, "not locked: frozen by @edgar").await;
        w.discord.reacts("rita", card.id, "✅").unwrap();
        w.card(1, "1 of 1, @rita").await;
        w.expect_dispatches(0).await;
        let refused = w.asks("erin", "/deploy uat").await.text();
        assert!(refused.contains("frozen by") && refused.contains("`/unlock all`"), "{refused}");
        w.asks("edgar", "/unlock all").await;
        w.expect_dispatches(1).await;
        w.the_run().await.cancel().unwrap();
        w.card(1, "Cancelled").await;
        w.thread(1, "Cancelled").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn locks_that_cannot_be_read_lock() {
    World::run(async |w| {
        w.breaks_the_table("locks").await;
        let refused = w.asks("erin", "/deploy uat").await.text();
        assert!(refused.contains("store_unavailable"), "{refused}");
        let why = w.asks("erin", "/why uat").await.text();
        assert!(why.contains("❔ not locked: the locks could not be read"), "{why}");
        w.expect_dispatches(0).await;
    })
    .await;
}
