//! A deployment waits at its gate and leaves by itself when everything holds.

use signalbox_sandbox::discord::MessageView;

use crate::world::{Given, World};

/// Production, whose gate asks for two reviewers and a lead.
pub const PRODUCTION: &str = r#"
[[environment]]
name = "prod"
after = "uat"
workflow = "13-prod-deployment.yml"
ref = "main"
github_environment = "prod2-backend"
deploy_roles = ["engineer"]
sign_roles = ["reviewer"]
poll_seconds = 2

[[environment.gate]]
sign_off = "review"
count = 2

[[environment.gate]]
sign_off = "testing"
roles = ["lead"]
"#;

pub fn gated(environments: &'static str) -> Given {
    let signs = r#"sign_offs = { review = "✅", testing = "🧪" }"#;
    Given { environments, signs, ..Given::default() }
}

/// The card as it stands, once it has something to react to.
pub async fn waiting(w: &World) -> MessageView {
    w.card(1, "Gate:").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn production_waits_for_its_signatures_and_leaves_by_itself() {
    World::given(gated(PRODUCTION), async |w| {
        w.discord.member_joins("sam", &["reviewer"]).unwrap();
        let reply = w.asks("erin", "/deploy prod").await;
        assert!(reply.text().contains("Deployment **1**"), "{}", reply.text());
        let card = waiting(w).await;
        let text = card.text();
        assert!(text.contains("✅ review by 2 reviewer: 0 of 2 → reviewer: react with ✅ on the card"), "{text}");
        assert_eq!(card.reactions.iter().map(|r| r.emoji.as_str()).collect::<Vec<_>>(), ["✅", "🧪", "❌"]);
        w.discord.reacts("rita", card.id, "✅").unwrap();
        w.card(1, "1 of 2, @rita").await;
        w.discord.reacts("lena", card.id, "🧪").unwrap();
        w.card(1, "1 of 1, @lena").await;
        assert_eq!(w.github.dispatches().len(), 0, "one signature is missing");
        w.discord.reacts("sam", card.id, "✅").unwrap();
        w.expect_dispatches(1).await;
        let dispatch = &w.github.dispatches()[0];
        assert_eq!(dispatch.body["ref"], "main");
        let run = w.the_run().await;
        w.card(1, "Queued").await;
        run.complete("success").unwrap();
        let text = w.card(1, "Unverified").await.text();
        assert!(text.contains(&w.head("main")), "exactly the commit that was signed: {text}");
        assert!(text.contains("✅ @rita") && text.contains("✅ @sam") && text.contains("🧪 @lena"), "{text}");
        w.thread(1, "Unverified").await;
        w.expect_dispatches(1).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn why_says_what_is_missing_and_starts_nothing() {
    World::given(gated(PRODUCTION), async |w| {
        let before = w.asks("vera", "/why prod").await.text();
        assert!(before.contains("A deployment of `main`") && before.contains("it would wait"), "{before}");
        assert!(before.contains("🧪 testing by 1 lead: 0 of 1"), "{before}");
        w.asks("erin", "/deploy prod").await;
        let card = waiting(w).await;
        w.discord.reacts("lena", card.id, "🧪").unwrap();
        w.card(1, "1 of 1, @lena").await;
        let now = w.asks("vera", "/why prod").await.text();
        assert!(now.contains("Deployment **1**") && now.contains("it waits"), "{now}");
        assert!(now.contains("✓ 🧪 testing by 1 lead"), "{now}");
        let list = w.asks("vera", "/checklist prod").await.text();
        assert!(list.contains("Release checklist of `prod`") && list.contains("**3/4**"), "{list}");
        let busy = w.asks("edgar", "/deploy prod").await.text();
        assert!(busy.contains("environment_busy") && busy.contains("`/why prod` says what it waits for"), "{busy}");
        w.asks("erin", "/cancel 1").await;
        w.card(1, "Cancelled").await;
        w.thread(1, "Cancelled").await;
        w.expect_dispatches(0).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_environment_before_must_be_live_at_the_same_commit() {
    const UP: &str = r#"
[[environment]]
name = "prod"
after = "uat"
workflow = "13-prod-deployment.yml"
ref = "uat"
deploy_roles = ["engineer"]
poll_seconds = 2

[[environment.gate]]
check = "previous"
"#;
    World::given(gated(UP), async |w| {
        w.asks("erin", "/deploy prod").await;
        let text = waiting(w).await.text();
        assert!(
            text.contains("verified: nothing was deployed there yet → whoever may deploy `uat`: `/deploy uat`"),
            "{text}"
        );
        w.asks("erin", "/deploy uat").await;
        w.the_run().await.complete("success").unwrap();
        w.card(2, "Verified").await;
        w.thread(2, "Verified").await;
        w.expect_dispatches(2).await;
        w.card(1, "Queued").await;
        w.asks("erin", "/cancel 1").await;
        w.card(1, "Cancelled").await;
        w.thread(1, "Cancelled").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_that_waits_survives_a_restart_and_sees_what_happened_meanwhile() {
    World::given(gated(PRODUCTION), async |w| {
        w.discord.member_joins("sam", &["reviewer"]).unwrap();
        w.asks("erin", "/deploy prod").await;
        let card = waiting(w).await;
        w.discord.reacts("rita", card.id, "✅").unwrap();
        w.discord.reacts("sam", card.id, "✅").unwrap();
        w.card(1, "2 of 2").await;
        w.stops().await;
        // Rita thinks better of it, and the last signature comes, while nobody listens.
        w.discord.unreacts("rita", card.id, "✅").unwrap();
        w.discord.reacts("lena", card.id, "🧪").unwrap();
        w.starts().await;
        let text = w.card(1, "1 of 2, @sam").await.text();
        assert!(text.contains("1 of 1, @lena"), "{text}");
        assert_eq!(w.github.dispatches().len(), 0, "a reaction taken back while the bot was down counts no more");
        w.discord.reacts("rita", card.id, "✅").unwrap();
        w.expect_dispatches(1).await;
        w.the_run().await.cancel().unwrap();
        w.card(1, "Cancelled").await;
        w.thread(1, "Cancelled").await;
    })
    .await;
}
