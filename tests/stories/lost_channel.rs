//! Somebody deleted a channel: what was for it stands in the home channel, and says so.

use signalbox_sandbox::discord::MessageView;

use crate::world::{Given, World};

/// An environment whose channel somebody has deleted.
macro_rules! lost {
    () => {
        r#"
[[environment]]
name = "lost"
workflow = "13-prod-deployment.yml"
ref = "main"
channel = "399"
deploy_roles = ["engineer"]
"#
    };
}
const LOST: &str = lost!();
/// The same with a look at its health, which comes by itself too, at every minute.
const WATCHED: &str = concat!(
    lost!(),
    r#"
allow_private = true
health_agree = 1
health_looks = 1
[[environment.health]]
url = "http://127.0.0.1:9/health/"
"#
);

const FOR: &str = "📭 This was for the channel `399` of `lost`, which is not there any more.";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn alerts_and_incidents_are_heard_in_the_home_channel() {
    World::given(Given { environments: WATCHED, ..Given::default() }, async |w| {
        w.does(&["health"]).await;
        let alert = w.alert("🔴 Critical · lost").await;
        assert!(alert.text().contains(FOR), "{}", alert.text());
        w.asks("erin", "/incident open title:\"no channel\" environment:lost").await;
        let heard = |says: &'static str| move |m: &MessageView| m.text().starts_with(FOR) && m.text().contains(says);
        w.discord.expect_message("releases", "that it is open", heard("🚨 Incident **1** of `lost`, opened by")).await;
        w.asks("erin", "/incident close").await;
        let message =
            w.discord.expect_message("releases", "the end", heard("✅ Incident **1** of `lost` is closed")).await;
        let (_, content) = w.discord.file(message.id, "incident-1.md").unwrap();
        assert!(String::from_utf8(content.to_vec()).unwrap().contains("# Incident 1: no channel"));
        assert!(w.pinged_nobody());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_stands_in_the_home_channel_and_lives_on_there() {
    World::given(Given { environments: LOST, ..Given::default() }, async |w| {
        let says_where = |card: &MessageView| assert!(card.text().contains(FOR), "{}", card.text());
        w.asks("erin", "/deploy lost").await;
        let first = w.card(1, "Queued").await;
        says_where(&first);
        w.discord.deletes(first.id).unwrap();
        w.the_run().await.start_job("test-backend").unwrap();
        let second = w.card(1, "Running").await;
        says_where(&second);
        assert_ne!(second.id, first.id);
        w.asks("erin", "/cancel 1").await;
        let ended = w.card(1, "Cancelled").await;
        says_where(&ended);
        assert_eq!(ended.id, second.id);
        w.thread(1, "Cancelled").await;
        assert!(w.pinged_nobody());
    })
    .await;
}
