//! A trouble that people work on, from its opening to its post-mortem.

use signalbox_sandbox::discord::MessageView;

use crate::world::{HOST, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_incident_ends_with_a_post_mortem_of_what_happened() {
    World::run(async |w| {
        assert!(w.asks("erin", "/incident note text:early").await.text().contains("No incident is open"));
        assert!(
            w.asks("erin", "/incident open title:x environment:nowhere").await.text().contains("unknown_environment")
        );
        let blank = w.asks("erin", "/incident open title:\" \" environment:uat").await.text();
        assert!(blank.contains("nothing_written") && blank.contains("`/incident open title:\"login"), "{blank}");
        let opened = w.asks("erin", "/incident open title:\"login of @everyone\" environment:uat").await.text();
        assert!(opened.contains("Incident **1** of `uat` is open"), "{opened}");
        let told = |m: &MessageView| m.text().contains("🚨 Incident **1** of `uat`, opened by");
        w.discord.expect_message("releases", "that it is open", told).await;

        let blank = w.asks("erin", "/incident note text:\" \u{200b}\"").await.text();
        assert!(blank.contains("nothing_written") && blank.contains("\"rolled back\" incident:1`"), "{blank}");
        w.application.deploy(HOST, &"0".repeat(40));
        w.asks("erin", "/deploy uat").await;
        w.the_run().await.complete("success").unwrap();
        w.card(1, "Untrue").await;
        w.thread(1, "Untrue").await;
        let alert = w.alert("truth:uat").await;
        w.discord.reacts("erin", alert.id, "👀").unwrap();
        w.alert("@erin looks after it").await;
        w.asks("erin", "/lock uat reason:\"nobody deploys now\"").await;
        assert!(
            w.asks("rita", "/incident note text:\"the cache key | is *wrong*\"").await.text().contains("has 1 of them")
        );
        assert!(w.asks("vera", "/incident close").await.text().contains("may_not_keep_incidents"));

        w.asks("lena", "/incident open title:\"search is slow\"").await;
        w.discord
            .expect_message("releases", "the second one", |m| m.text().contains("of all environments, opened by"))
            .await;
        assert!(w.asks("erin", "/incident close").await.text().contains("Several incidents are open: 1, 2."));
        let listed = w.asks("vera", "/incident list").await.text();
        assert!(listed.contains("2 open") && listed.contains("· 1 note"), "{listed}");
        assert!(w.asks("erin", "/incident close incident:1").await.text().contains("Incident **1** is closed"));
        let message = w.discord.expect_message("releases", "the end", |m| m.text().contains("is closed by")).await;
        let (_, content) = w.discord.file(message.id, "incident-1.md").unwrap();
        let text = String::from_utf8(content.to_vec()).unwrap();
        let wanted = [
            "# Incident 1: login of @\u{2060}everyone",
            "- **Environment:** uat",
            "| truth:uat: ",
            "| 1 | uat | `",
            "🚨 **the incident was opened**",
            "**deployment 1** requested",
            "**deployment 1** untrue",
            "**alert truth:uat** opened",
            "**alert truth:uat** acknowledged",
            "**environment uat** locked: nobody deploys now",
            "rita: 📝 the cache key \\| is \\*wrong\\*",
            "✅ **the incident was closed**",
            "- **What was the cause, and what let it through?**",
        ];
        for part in wanted {
            assert!(text.contains(part), "{part:?} is not in\n{text}");
        }
        assert!(w.asks("lena", "/incident close").await.text().contains("Incident **2** is closed"));
        w.discord
            .expect_message("releases", "the second end", |m| {
                m.text().contains("search is slow") && m.text().contains("is closed by")
            })
            .await;
        assert!(w.pinged_nobody());
    })
    .await;
}
