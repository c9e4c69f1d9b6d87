//! Somebody is told what is the matter, says that they look after it, and sees it close by itself.

use signalbox_sandbox::discord::MessageView;
use sqlx::{Connection, SqliteConnection};

use crate::world::{Given, HOST, World};

/// A deployment to uat that is green at GitHub while the application still runs another commit.
async fn untrue(w: &World, deployment: u32) -> MessageView {
    w.application.deploy(HOST, &"0".repeat(40));
    w.asks("erin", "/deploy uat").await;
    w.expect_dispatches(deployment as usize).await;
    w.the_run().await.complete("success").unwrap();
    w.card(deployment, "Untrue").await;
    w.thread(deployment, "Untrue").await;
    w.alert("🔴 Critical · uat").await
}

/// A deployment to uat that proves true.
async fn verified(w: &World, deployment: u32) {
    w.asks("erin", "/deploy uat").await;
    w.expect_dispatches(deployment as usize).await;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_mute_button_asks_why_and_for_how_long() {
    World::run(async |w| {
        let alert = untrue(w, 1).await;
        let form = w.discord.clicks("vera", alert.id, "Mute").unwrap();
        form.modal().await;
        let form = form.submits_modal(&[("comment", "known"), ("length", "1h")]).unwrap();
        assert!(form.reply().await.text().contains("may_not_answer"));
        let form = w.discord.clicks("erin", alert.id, "Mute").unwrap();
        let inputs: Vec<bool> = form.modal().await.inputs.iter().map(|input| input.required).collect();
        assert_eq!(inputs, [true, true], "why, and for how long");
        let form = form.submits_modal(&[("comment", "known, ticket 12"), ("length", "2h")]).unwrap();
        let muted = form.reply().await.text();
        assert!(muted.contains("🔇 Nobody is called for alert 1"), "{muted}");
        let text = w.alert("🔇 muted by @erin").await.text();
        assert!(text.contains("known, ticket 12"), "{text}");
    })
    .await;
}

const CALLING: &str = r#"
[[route]]
environments = ["uat"]
alerts = ["critical"]
roles = ["reviewer"]
escalate = ["lead"]
acknowledge_minutes = 15
"#;
const AT_NIGHT: &str = r#"
[[route]]
environments = ["uat"]
alerts = ["critical"]
roles = ["reviewer"]

[[quiet]]
alerts = ["critical"]
times = ["* * * * *"]
time_zone = "Europe/Berlin"
"#;

/// Signalbox is away until somebody is to be called next.
async fn time_passes(w: &World) {
    w.stops().await;
    let file = w.folder().join("signalbox.db");
    let mut store = SqliteConnection::connect(file.to_str().unwrap()).await.unwrap();
    let now = "UPDATE alerts SET revision = revision + 1, document = json_set(document, '$.next_call', '2026-01-01T00:00:00Z')
        WHERE json_extract(document, '$.next_call') IS NOT NULL;
        UPDATE outbox SET due_at = 0 WHERE subject LIKE 'watch-alert:%'";
    sqlx::raw_sql(now).execute(&mut store).await.unwrap();
    store.close().await.unwrap();
    w.starts().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_next_is_called_when_nobody_acknowledges() {
    World::given(Given { environments: CALLING, ..Given::default() }, async |w| {
        let alert = untrue(w, 1).await;
        assert_eq!(alert.pings, ["@reviewer"], "{}", alert.text());
        time_passes(w).await;
        let next = |m: &MessageView| m.text().contains("⏫ nobody has acknowledged this");
        let next = w.discord.expect_message("releases", "the next one is called", next).await;
        assert_eq!(next.pings, ["@lead"], "{}", next.text());
        assert!(next.text().contains("`/alerts ack 1`"), "{}", next.text());
        w.discord.reacts("lena", alert.id, "👀").unwrap();
        w.alert("@lena looks after it").await;
        time_passes(w).await;
        assert!(w.asks("erin", "/alerts list").await.text().contains("@lena"));
        let calls = w.discord.messages("releases").unwrap().into_iter().filter(|m| m.text().contains("⏫"));
        assert_eq!(calls.count(), 1, "nobody is called any more");
        w.reads_everything();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_quiet_hours_an_alert_waits_to_call() {
    World::given(Given { environments: AT_NIGHT, ..Given::default() }, async |w| {
        let alert = untrue(w, 1).await;
        assert!(alert.pings.is_empty(), "{}", alert.text());
        time_passes(w).await;
        w.rewrites(CALLING);
        time_passes(w).await;
        let called = |m: &MessageView| m.id != alert.id && m.text().contains("🔔 still open");
        let called = w.discord.expect_message("releases", "who was to be called is", called).await;
        assert_eq!(called.pings, ["@reviewer"], "{}", called.text());
        w.reads_everything();
    })
    .await;
}
