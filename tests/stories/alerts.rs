//! Somebody is told what is the matter, says that they look after it, and sees it close by itself.

use signalbox_sandbox::discord::MessageView;

use crate::world::{HOST, World};

/// A deployment to uat that is green at GitHub while the application still runs another commit.
async fn untrue(w: &World, deployment: u32) -> MessageView {
    w.application.deploy(HOST, &"0".repeat(40));
    w.asks("erin", "/deploy uat").await;
    w.the_run().await.complete("success").unwrap();
    w.card(deployment, "Untrue").await;
    w.thread(deployment, "Untrue").await;
    w.alert("🔴 Critical · uat").await
}

/// A deployment to uat that proves true.
async fn verified(w: &World, deployment: u32) {
    w.asks("erin", "/deploy uat").await;
    w.application.deploy(HOST, &w.head("uat"));
    w.the_run().await.complete("success").unwrap();
    w.card(deployment, "Verified").await;
    w.thread(deployment, "Verified").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alert_says_it_all_is_acknowledged_with_eyes_and_closes_by_itself() {
    World::run(async |w| {
        let alert = untrue(w, 1).await;
        let text = alert.text();
        for part in [
            "`uat` is not what it should be",
            "deployment 1",
            "Since",
            "Whoever looks at GitHub believes",
            "it still runs 0000000",
            "`/status uat`",
            "whoever reads this",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let listed = w.asks("vera", "/alerts list").await.text();
        assert!(listed.contains("🔴 **1** `uat`, deployment 1") && listed.contains("`/alerts ack 1`"), "{listed}");

        w.discord.reacts("vera", alert.id, "👀").unwrap();
        w.discord.reacts("rita", alert.id, "👀").unwrap();
        let text = w.alert("looks after it").await.text();
        assert!(
            text.contains("@rita looks after it") && !text.contains("@vera"),
            "who works nowhere counts not: {text}"
        );
        let twice = w.asks("erin", "/alerts ack 1").await.text();
        assert!(twice.contains("acknowledged_already") && twice.contains("@rita"), "{twice}");

        verified(w, 2).await;
        let closed = w.alert("cleared by itself").await;
        assert_eq!(closed.id, alert.id, "one message for one alert");
        assert!(w.asks("vera", "/alerts list").await.text().contains("No alert is open"));
        assert!(w.asks("erin", "/alerts ack 1").await.text().contains("no_such_alert"));
        assert!(w.pinged_nobody());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alert_is_muted_with_a_reason_by_who_may() {
    World::run(async |w| {
        untrue(w, 1).await;
        let not_theirs = w.asks("vera", "/alerts mute 1 reason:noise for:1h").await.text();
        assert!(not_theirs.contains("may_not_answer"), "{not_theirs}");
        assert!(w.asks("erin", "/alerts mute 1 reason:noise for:soon").await.text().contains("bad_duration"));
        let muted = w.asks("erin", "/alerts mute 1 reason:\"rebuild of @everyone\" for:1h").await.text();
        assert!(muted.contains("🔇 Nobody is called for alert 1"), "{muted}");
        let text = w.alert("🔇 muted by @erin").await.text();
        assert!(text.contains("rebuild of"), "{text}");
        assert!(w.asks("erin", "/alerts mute 99 reason:x for:1h").await.text().contains("no_such_alert"));
        let trail = w.asks("erin", "/alerts list").await.text();
        assert!(trail.contains("🔇 muted by @erin"), "{trail}");
        assert!(w.pinged_nobody());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_message_of_an_open_alert_is_posted_again() {
    World::run(async |w| {
        let alert = untrue(w, 1).await;
        w.discord.deletes(alert.id).unwrap();
        w.discord
            .expect_message("releases", "the alert anew", |m| m.id != alert.id && m.text().contains("truth:uat"))
            .await;
        w.stops().await;
        w.starts().await;
        assert!(w.asks("erin", "/alerts ack 1").await.text().contains("You look after alert 1"));
        w.alert("@erin looks after it").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alert_that_cannot_be_recorded_is_said_all_the_same() {
    World::run(async |w| {
        w.application.deploy(HOST, &"0".repeat(40));
        w.asks("erin", "/deploy uat").await;
        let run = w.the_run().await;
        w.card(1, "Queued").await;
        w.breaks_the_table("alerts").await;
        run.complete("success").unwrap();
        w.card(1, "Untrue").await;
        w.thread(1, "Untrue").await;
        let said = |m: &MessageView| m.text().contains("Signalbox's store did not take this alert");
        let text = w.discord.expect_message("releases", "the alert as it is", said).await.text();
        assert!(text.contains("`uat` is not what it should be") && text.contains("`/status uat`"), "{text}");
        assert!(w.asks("erin", "/alerts list").await.text().contains("store_unavailable"));
    })
    .await;
}
