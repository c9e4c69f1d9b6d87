//! What Signalbox says of itself, and of how it watches.

use crate::{
    gates::{gated, waiting},
    world::World,
};

/// A production that one reviewer clears; nothing is looked at by itself while a story runs.
const QUIET: &str = r#"
[[environment]]
name = "prod"
workflow = "13-prod-deployment.yml"
ref = "main"
deploy_roles = ["engineer"]
sign_roles = ["reviewer"]
poll_seconds = 2

[[environment.gate]]
sign_off = "review"

[[schedule]]
run = "health"
cron = "0 4 1 1 *"
"#;

/// Asks until the answer says something.
async fn says(w: &World, part: &str) -> String {
    loop {
        let text = w.asks("vera", "/doctor").await.text();
        if text.contains(part) {
            return text;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_tells_what_was_heard_what_was_missed_and_how_quick_it_was() {
    World::given(gated(QUIET), async |w| {
        let fresh = w.asks("vera", "/doctor").await.text();
        for part in [
            "has been watching since <t:",
            "0 deployments at work · no alert open",
            "**Watched** `dev` → `uat` → `prod`: runs of `11-dev-deployment.yml`, `12-uat-deployment.yml`, `13-prod-deployment.yml` in acme/shop",
            "**Heard last** a command <t:",
            "never yet a reaction",
            "**Next** health <t:",
            "**Gaps** none",
            "- reaction to record: nothing yet",
        ] {
            assert!(fresh.contains(part), "{part}: {fresh}");
        }

        w.asks("erin", "/deploy prod").await;
        let card = waiting(w).await;
        w.discord.reacts("rita", card.id, "✅").unwrap();
        w.expect_dispatches(1).await;
        w.the_run().await.cancel().unwrap();
        w.card(1, "Cancelled").await;
        w.thread(1, "Cancelled").await;
        w.discord.gateway().invalidates(false);
        w.discord.gateway().ready(2).await;
        let text = says(w, "Discord began a new session").await;
        for part in ["nothing was at work", "a reaction <t:", "a webhook of GitHub <t:", "a run that was read <t:"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(text.contains("- reaction to record: ") && text.contains(" of 1"), "{text}");
        let budget = text.lines().find(|line| line.contains("**GitHub**")).unwrap();
        assert!(budget.contains(" more of 5000 requests until <t:"), "{budget}");

        // What is known of a week outlives a restart, and the restart is a gap itself.
        w.asks("erin", "/deploy uat").await;
        w.card(2, "Queued").await;
        w.stops().await;
        w.starts().await;
        // It may be asked before it has read what it knew.
        says(w, "**Gaps** the latest 2").await;
        let reply = w.asks("vera", "/doctor").await;
        let text = reply.text();
        for part in
            ["**Gaps** the latest 2", "Signalbox was back", "1 deployment or alert read again", "1 deployment at work"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(text.contains("- reaction to record: ") && text.contains(" of 1"), "{text}");
        let (kind, picture) = w.discord.file(reply.message.id, "levels.png").unwrap();
        assert!(kind.as_deref() == Some("image/png") && picture.starts_with(b"\x89PNG\r\n"));

        // What looks after an environment, and what holds it.
        w.the_run().await.cancel().unwrap();
        w.card(2, "Cancelled").await;
        w.thread(2, "Cancelled").await;
        w.asks("erin", "/lock uat reason:rehearsal").await;
        let status = w.asks("vera", "/status uat").await.text();
        assert!(status.contains("🔒 locked by ") && status.contains("👁️ health, next <t:"), "{status}");
        w.reads_everything();
    })
    .await;
}
