//! Who is called, what is told elsewhere, and what somebody hears in direct messages.

use signalbox_sandbox::discord::MessageView;
use sqlx::{Connection, SqliteConnection};

use crate::{
    gates::gated,
    world::{Given, HOST, World},
};

/// A deployment to uat whose run fails.
async fn fails(w: &World, deployment: u32) {
    w.asks("erin", "/deploy uat").await;
    w.expect_dispatches(usize::try_from(deployment).unwrap()).await;
    let run = w.the_run().await;
    run.start_job("migrate").unwrap();
    run.finish_job("migrate", "failure").unwrap();
    run.complete("failure").unwrap();
    w.card(deployment, "Failed").await;
    w.thread(deployment, "Failed").await;
}

fn says(text: &'static str) -> impl Fn(&MessageView) -> bool {
    move |message| message.text().contains(text)
}

const ROUTED: &str = r#"
[[route]]
environments = ["uat"]
alerts = ["critical"]
deployments = ["failed", "started"]
channel = "303"
roles = ["lead"]
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_route_says_where_alerts_stand_and_who_is_called() {
    World::given(Given { environments: ROUTED, ..Given::default() }, async |w| {
        w.application.deploy(HOST, &"0".repeat(40));
        w.asks("erin", "/deploy uat").await;
        w.discord.expect_message("prod", "that it started", says("is at work, started by @erin")).await;
        w.the_run().await.complete("success").unwrap();
        w.card(1, "Untrue").await;
        w.thread(1, "Untrue").await;
        let alert = w.discord.expect_message("prod", "the alert", says("Alert 1 · truth:uat")).await;
        assert_eq!(alert.pings, ["@lead"], "{}", alert.text());
        assert!(alert.text().contains("Asked: @lead"), "{}", alert.text());
        // A lead works nowhere in uat, but is asked.
        w.discord.reacts("lena", alert.id, "👀").unwrap();
        w.discord.expect_message("prod", "who looks after it", says("@lena looks after it")).await;

        fails(w, 2).await;
        w.discord.expect_message("prod", "that the second one started", says("Deployment 2 · **uat** · ▶️")).await;
        let failed = w.discord.expect_message("prod", "that it failed", says("in the job migrate")).await;
        assert_eq!(failed.pings, ["@lead"]);
        assert!(failed.text().contains("https://discord.com/channels/100/300/"), "{}", failed.text());
        assert!(w.pinged_nobody(), "nobody is called in #releases");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_hears_in_direct_messages_what_they_want_to_hear() {
    World::run(async |w| {
        assert!(w.asks("rita", "/subscribe uat kinds:doom").await.text().contains("unknown_kind"));
        assert!(w.asks("rita", "/subscribe nowhere").await.text().contains("unknown_environment"));
        let subscribed = w.asks("rita", "/subscribe uat kinds:failed,progress").await.text();
        assert!(subscribed.contains("`uat`: progress, failed"), "{subscribed}");
        w.discord.expect_direct_message("rita", "a first message", says("From now on you hear here")).await;
        fails(w, 1).await;
        w.discord.expect_direct_message("rita", "that a job failed", says("❌ `migrate`")).await;
        w.discord.expect_direct_message("rita", "that it failed", says("in the job migrate")).await;
        assert!(w.asks("rita", "/unsubscribe dev").await.text().contains("not_subscribed"));
        assert!(w.asks("rita", "/unsubscribe uat").await.text().contains("nothing in direct messages"));
        fails(w, 2).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closed_direct_messages_are_told_and_break_nothing() {
    World::run(async |w| {
        w.discord.closes_direct_messages("rita", true).unwrap();
        let refused = w.asks("rita", "/subscribe all").await.text();
        assert!(refused.contains("direct_messages_closed") && refused.contains("Privacy Settings"), "{refused}");
        w.discord.closes_direct_messages("rita", false).unwrap();
        assert!(w.asks("rita", "/subscribe all").await.text().contains("finished, failed, untrue, alerts"));
        w.discord.expect_direct_message("rita", "a first message", says("all environments")).await;
        w.asks("edgar", "/subscribe uat").await;
        w.discord.expect_direct_message("edgar", "a first message", says("`uat`")).await;

        w.discord.closes_direct_messages("rita", true).unwrap();
        fails(w, 1).await;
        let told = w.discord.expect_message("releases", "rita hears it", says("your direct messages are closed")).await;
        assert_eq!(told.pings, ["@rita"]);
        w.discord.expect_direct_message("edgar", "that it failed", says("in the job migrate")).await;
        fails(w, 2).await;
        w.discord.expect_direct_message("edgar", "that the second one failed", says("Deployment 2")).await;
        w.discord.closes_direct_messages("rita", false).unwrap();
        w.asks("rita", "/subscribe all").await;
        let hello = |m: &MessageView| m.id > told.id && m.text().contains("From now on");
        w.discord.expect_direct_message("rita", "a first message again", hello).await;
    })
    .await;
}

const GUARDED: &str = r#"
[[environment]]
name = "prod"
workflow = "13-prod-deployment.yml"
ref = "main"
deploy_roles = ["engineer"]
sign_roles = ["reviewer"]
break_glass_roles = ["lead"]
poll_seconds = 2
[[environment.gate]]
sign_off = "review"
[[environment.gate]]
check = "no_open_critical_alert"
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gate_stays_closed_while_nobody_looks_after_a_critical_alert() {
    World::given(gated(GUARDED), async |w| {
        w.asks("erin", "/deploy prod").await;
        w.card(1, "Gate:").await;
        w.discord.give_role("erin", "lead").unwrap();
        w.asks("erin", "/breakglass ask 1 reason:\"login is down\"").await;
        w.asks("lena", "/breakglass confirm 1").await;
        w.expect_dispatches(1).await;
        w.alert("Glass broken").await;
        w.the_run().await.cancel().unwrap();
        w.card(1, "Cancelled").await;
        w.thread(1, "Cancelled").await;

        w.asks("erin", "/deploy prod").await;
        let card = w.card(2, "no open critical alert").await;
        assert!(card.text().contains("`/alerts ack 1`"), "{}", card.text());
        w.discord.reacts("rita", card.id, "✅").unwrap();
        w.card(2, "1 of 1, @rita").await;
        w.expect_dispatches(1).await;
        assert!(w.asks("lena", "/alerts ack 1").await.text().contains("You look after alert 1"));
        w.alert("@lena looks after it").await;
        w.expect_dispatches(2).await;
        w.the_run().await.cancel().unwrap();
        w.card(2, "Cancelled").await;
        w.thread(2, "Cancelled").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_is_about_to_end_says_so() {
    World::given(Given { environments: "[alerts]\nlock_warning_minutes = 1\n", ..Given::default() }, async |w| {
        w.asks("edgar", "/lock uat reason:\"rehearsal of @everyone\" for:62s").await;
        let text = w.alert("The lock on `uat` ends").await.text();
        assert!(text.contains("🔵 Info · uat") && text.contains("@edgar set it: rehearsal"), "{text}");
        assert!(text.contains("`/unlock uat`, then `/lock uat` again"), "{text}");
        w.asks("edgar", "/unlock uat").await;
        w.alert("cleared by itself").await;
        w.asks("edgar", "/lock uat reason:short for:1m").await;
        w.asks("edgar", "/unlock uat").await;
        assert!(w.asks("edgar", "/alerts list").await.text().contains("No alert is open"));
        assert!(w.pinged_nobody());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_audit_trail_is_an_alert_and_writing_goes_on() {
    World::run(async |w| {
        w.asks("vera", "/deploy uat").await;
        w.asks("vera", "/deploy dev").await;
        w.stops().await;
        let file = w.folder().join("signalbox.db");
        let mut connection = SqliteConnection::connect(file.to_str().unwrap()).await.unwrap();
        let damage = "DROP TRIGGER audit_keeps_what_it_says; UPDATE audit SET actor = 'mallory' WHERE seq = 1";
        sqlx::raw_sql(damage).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        w.starts().await;
        let text = w.alert("The audit trail is damaged").await.text();
        assert!(text.contains("row 1 was changed") && text.contains("`signalbox audit verify --head`"), "{text}");
        assert!(w.asks("edgar", "/alerts ack 1").await.text().contains("You look after alert 1"));
        w.alert("@edgar looks after it").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_that_were_missed_while_away_are_recovered() {
    World::given(Given { app: true, ..Given::default() }, async |w| {
        w.asks("rita", "/subscribe uat kinds:recovered").await;
        w.discord.expect_direct_message("rita", "a first message", says("From now on")).await;
        w.asks("erin", "/deploy uat").await;
        let run = w.the_run().await;
        w.card(1, "Queued").await;
        w.stops().await;
        run.start_job("migrate").unwrap();
        run.finish_job("migrate", "success").unwrap();
        w.github
            .wait_for(std::time::Duration::from_secs(20), |state| {
                let failed = state.deliveries.iter().filter(|one| !one.was_accepted());
                (failed.count() >= 2).then_some(())
            })
            .await
            .unwrap();
        w.starts().await;
        let card = w.card(1, "🔁 Recovered").await.text();
        assert!(card.contains("that GitHub could not deliver"), "{card}");
        w.thread(1, "🔁 Recovered").await;
        w.discord.expect_direct_message("rita", "that events were recovered", says("🔁 Recovered")).await;
        run.complete("success").unwrap();
        w.card(1, "Verified").await;
        let thread = w.thread(1, "Verified").await;
        assert_eq!(thread.matches("🔁").count(), 1, "each event is recovered once: {thread}");
    })
    .await;
}
