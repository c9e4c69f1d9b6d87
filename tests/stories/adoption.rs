//! Runs that were started elsewhere are followed, and never mistaken for ours.

use crate::world::{HOST, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_gets_a_card_and_holds_its_environment() {
    World::run(async |w| {
        let sha = w.github.commit("acme/shop", "uat", "Fix totals").unwrap();
        let run = w.github.push("acme/shop", "uat", &sha, "dana")[0];
        let text = w.card(1, "Started outside Signalbox").await.text();
        assert!(text.contains("dana at GitHub") && text.contains(&sha), "{text}");
        let reply = w.asks("erin", "/deploy uat").await.text();
        assert!(reply.contains("environment_busy") && reply.contains("dana"), "{reply}");
        w.application.deploy(HOST, &sha);
        w.github.run(run).complete("success").unwrap();
        w.card(1, "Verified").await;
        w.thread(1, "Verified").await;
        assert!(w.github.dispatches().is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_run_cancels_an_older_one_and_the_card_says_by_which() {
    World::run(async |w| {
        let first = w.github.commit("acme/shop", "development", "One").unwrap();
        let older = w.github.push("acme/shop", "development", &first, "dana")[0];
        w.card(1, "Queued").await;
        w.github.run(older).start_job("pre-deployment-checks").unwrap();
        let second = w.github.commit("acme/shop", "development", "Two").unwrap();
        let newer = w.github.push("acme/shop", "development", &second, "kim")[0];
        let text = w.card(1, "Cancelled").await.text();
        assert!(text.contains(&format!("newer run {newer}")), "{text}");
        w.thread(1, "Cancelled").await;
        // Whichever of the two came first.
        w.thread(1, "`pre-deployment-checks`: cancelled").await;
        w.card(2, "kim at GitHub").await;
        w.github.run(newer).cancel().unwrap();
        w.card(2, "Cancelled").await;
        w.thread(2, "Cancelled").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rerun_is_a_deployment_of_its_own() {
    World::run(async |w| {
        w.asks("erin", "/deploy uat").await;
        let run = w.the_run().await;
        run.complete("failure").unwrap();
        w.card(1, "Failed").await;
        w.thread(1, "Failed").await;
        assert!(run.rerun(false, "dana"));
        let text = w.card(2, "Started outside Signalbox").await.text();
        assert!(text.contains("uat"), "{text}");
        run.complete("success").unwrap();
        w.card(2, "Verified").await;
        w.thread(2, "Verified").await;
        assert_eq!(w.github.dispatches().len(), 1);
    })
    .await;
}
