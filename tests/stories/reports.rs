//! What Signalbox says of a day and of a week, when that is due.

use http::Method;
use signalbox_sandbox::discord::{Failure, Fault, MessageView};

use crate::world::{Given, HOST, World};

/// Once a year, so that no minute goes by within a story.
const REPORTS: &str = r#"
[[schedule]]
run = "health"
enabled = false
[[schedule]]
run = "digest"
cron = "0 9 1 1 *"
[[schedule]]
run = "weekly"
cron = "0 9 1 1 *"
time_zone = "Europe/Berlin"
[[schedule]]
name = "dev-digest"
run = "digest"
cron = "0 9 1 1 *"
environments = ["dev"]
"#;

fn is_of_all(text: &str) -> bool {
    text.contains("🗞️") && !text.contains("only")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_and_a_week_are_reported_once_when_they_are_due() {
    World::given(Given { environments: REPORTS, ..Given::default() }, async |w| {
        for (n, end, says) in [(1, "failure", "Failed"), (2, "success", "Untrue")] {
            w.application.deploy(HOST, &"0".repeat(40));
            w.asks("erin", "/deploy uat").await;
            w.expect_dispatches(usize::try_from(n).unwrap()).await;
            w.the_run().await.complete(end).unwrap();
            w.card(n, says).await;
            w.thread(n, says).await;
        }
        w.alert("truth:uat").await;
        w.stops().await;
        w.misses_firings().await;
        w.starts().await;

        let digest = w.discord.expect_message("releases", "the digest", |m| is_of_all(&m.text())).await;
        let (first, digest) = (digest.id, digest.text());
        for part in
            ["🔔 **Open alerts**", "`/alerts ack 1`", "**uat** 2 deployments, 0 % went well: ❌ 2 failed or untrue"]
        {
            assert!(digest.contains(part), "{part:?} is not in {digest}");
        }
        let dev = w.discord.expect_message("releases", "that of dev", |m| m.text().contains("** · only `dev`")).await;
        let dev = dev.text();
        for part in ["🟢 Nothing is open.", "Nothing was deployed.", "No alert was opened; 0 open now."] {
            assert!(dev.contains(part) && !dev.contains("uat"), "{part:?} is not in {dev}");
        }
        let week = w.discord.expect_message("releases", "the week", |m| m.text().contains("📊 **Week of")).await;
        let text = week.text();
        for part in ["**uat** 2 deployments, 0 % went well", "1 alert opened: 🔴 1 critical, 1 by nobody; 1 open now."]
        {
            assert!(text.contains(part), "{part:?} is not in {text}");
        }
        let (kind, picture) = w.discord.file(week.id, "week.png").unwrap();
        assert!(kind.as_deref() == Some("image/png") && picture.starts_with(b"\x89PNG\r\n"));
        assert!(w.pinged_nobody());
        w.stops().await;
        w.starts().await;
        assert_eq!((w.firings("digest").await, w.firings("weekly").await), (1, 1));

        // Made again for the same time it is the same one; another one that was due within the same hour is another.
        w.does(&["digest"]).await;
        w.does_what_was_due(&["digest"], 1).await;
        let another = |m: &MessageView| m.id != first && is_of_all(&m.text());
        w.discord.expect_message("releases", "the next digest", another).await;
        assert_eq!(w.firings("digest").await, 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_week_that_is_reported_again_with_more_to_draw_is_the_same_report() {
    World::given(Given { environments: REPORTS, ..Given::default() }, async |w| {
        w.does(&["weekly"]).await;
        let is_week = |m: &MessageView| m.text().contains("📊 **Week of");
        let week = w.discord.expect_message("releases", "the week", is_week).await;
        assert!(week.text().contains("Nothing was deployed.") && w.discord.file(week.id, "week.png").is_none());
        two_fail(w).await;
        w.does(&["weekly"]).await;
        assert_eq!(w.firings("weekly").await, 2);
    })
    .await;
}

/// Two deployments of uat fail.
async fn two_fail(w: &World) {
    for n in 1..=2 {
        w.asks("erin", "/deploy uat").await;
        w.expect_dispatches(n).await;
        w.the_run().await.complete("failure").unwrap();
        let n = u32::try_from(n).unwrap();
        w.card(n, "Failed").await;
        w.thread(n, "Failed").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_week_whose_picture_is_not_taken_is_reported_without_it() {
    World::given(Given { environments: REPORTS, ..Given::default() }, async |w| {
        two_fail(w).await;
        // As where the bot may not attach files.
        w.discord.fails(Fault::new("/channels/300/messages", Failure::Status(403)).on(Method::POST));
        w.does(&["weekly"]).await;
        let is_week = |m: &MessageView| m.text().contains("📊 **Week of");
        let week = w.discord.expect_message("releases", "the week", is_week).await;
        assert!(week.text().contains("**uat** 2 deployments") && w.discord.file(week.id, "week.png").is_none());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_that_a_damaged_record_stops_says_why_and_comes_once_it_is_corrected() {
    World::given(Given { environments: REPORTS, ..Given::default() }, async |w| {
        two_fail(w).await;
        w.damages(1).await;
        w.does(&["digest"]).await;
        let listed = w.asks("erin", "/schedule").await.text();
        assert!(listed.contains("something in Signalbox's own store cannot be read; its log says what"), "{listed}");
        let posted = w.discord.messages("releases").unwrap();
        assert!(!posted.iter().any(|m| is_of_all(&m.text())), "a digest that leaves a deployment out");
        w.corrects(1).await;
        w.does(&["digest"]).await;
        let digest = w.discord.expect_message("releases", "the digest", |m| is_of_all(&m.text())).await;
        assert!(digest.text().contains("**uat** 2 deployments"), "{}", digest.text());
    })
    .await;
}
