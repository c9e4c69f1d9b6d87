//! Which reactions count, and what their authors hear when they do not.

use http::Method;

use crate::{
    gates::{PRODUCTION, gated, waiting},
    world::World,
};

/// A production that one reviewer clears.
const ONE: &str = r#"
[[environment]]
name = "prod"
workflow = "13-prod-deployment.yml"
ref = "main"
github_environment = "prod2-backend"
deploy_roles = ["engineer"]
sign_roles = ["reviewer"]
poll_seconds = 2

[[environment.gate]]
sign_off = "review"
"#;

async fn cancelled(w: &World) {
    w.asks("edgar", "/cancel 1").await;
    w.card(1, "Cancelled").await;
    w.thread(1, "Cancelled").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_approves_their_own_deployment() {
    World::given(gated(ONE), async |w| {
        w.discord.give_role("erin", "reviewer").unwrap();
        w.asks("erin", "/deploy prod").await;
        let card = waiting(w).await;
        w.discord.reacts("erin", card.id, "✅").unwrap();
        let said = w.thread(1, "your ✅ does not count").await;
        assert!(said.contains("you asked for this deployment, so somebody else has to sign"), "{said}");
        w.expect_dispatches(0).await;
        w.discord.reacts("rita", card.id, "✅").unwrap();
        w.expect_dispatches(1).await;
        w.the_run().await.cancel().unwrap();
        w.card(1, "Cancelled").await;
        w.thread(1, "Cancelled").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_person_with_two_roles_fills_one_slot() {
    World::given(gated(PRODUCTION), async |w| {
        w.asks("erin", "/deploy prod").await;
        let card = waiting(w).await;
        w.discord.reacts("lena", card.id, "✅").unwrap();
        w.discord.reacts("rita", card.id, "✅").unwrap();
        w.card(1, "2 of 2").await;
        // Lena is the only lead as well: then a reviewer is missing.
        w.discord.reacts("lena", card.id, "🧪").unwrap();
        w.discord
            .expect_message("releases", "lena fills one slot", |m| {
                let text = m.text();
                m.id == card.id && text.contains("Gate:") && text.contains("@lena") && text.contains("3 of 4")
            })
            .await;
        w.expect_dispatches(0).await;
        cancelled(w).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_counts_as_it_is_now() {
    World::given(gated(PRODUCTION), async |w| {
        w.discord.member_joins("sam", &["reviewer"]).unwrap();
        w.asks("erin", "/deploy prod").await;
        let card = waiting(w).await;
        w.discord.reacts("vera", card.id, "✅").unwrap();
        let said = w.thread(1, "review takes the role reviewer").await;
        assert!(said.contains("@vera, your ✅ does not count"), "{said}");
        w.discord.reacts("rita", card.id, "✅").unwrap();
        w.card(1, "1 of 2, @rita").await;
        // A role that is given counts from then on, the reaction still stands; one that is taken counts no more.
        w.discord.give_role("vera", "reviewer").unwrap();
        w.card(1, "2 of 2").await;
        w.discord.take_role("rita", "reviewer").unwrap();
        w.discord.reacts("lena", card.id, "🧪").unwrap();
        w.card(1, "1 of 2, @vera").await;
        w.discord.member_leaves("vera").unwrap();
        w.card(1, "0 of 2").await;
        w.expect_dispatches(0).await;
        cancelled(w).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_taken_after_the_dispatch_changes_nothing() {
    World::given(gated(ONE), async |w| {
        w.asks("erin", "/deploy prod").await;
        let card = waiting(w).await;
        w.discord.reacts("rita", card.id, "✅").unwrap();
        w.expect_dispatches(1).await;
        w.card(1, "Queued").await;
        w.discord.take_role("rita", "reviewer").unwrap();
        w.discord.unreacts("rita", card.id, "✅").unwrap();
        w.the_run().await.complete("success").unwrap();
        w.card(1, "Unverified").await;
        w.thread(1, "Unverified").await;
        w.expect_dispatches(1).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_emoji_sign_nothing_and_their_author_hears_it_once() {
    World::given(gated(ONE), async |w| {
        w.asks("erin", "/deploy prod").await;
        let card = waiting(w).await;
        for emoji in ["👍", "👍🏽", "☑️"] {
            w.discord.reacts("rita", card.id, emoji).unwrap();
        }
        for emoji in ["👍 ", "👍🏽 ", "☑️ "] {
            w.thread(1, &format!("your {emoji}signs nothing here")).await;
        }
        let said = w.thread(1, "signs nothing here").await;
        assert!(said.contains("✅ signs for review, ❌ forbids"), "{said}");
        assert_eq!(said.matches("signs nothing here").count(), 3, "{said}");
        w.expect_dispatches(0).await;
        cancelled(w).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thumb_of_any_colour_is_a_thumb() {
    const THUMBS: &str = r#"
[[environment]]
name = "prod"
workflow = "13-prod-deployment.yml"
ref = "main"
deploy_roles = ["engineer"]
poll_seconds = 2
[[environment.gate]]
sign_off = "approval"
roles = ["reviewer"]
"#;
    World::given(crate::world::Given { signs: "sign_offs = { approval = \"👍\" }", ..gated(THUMBS) }, async |w| {
        w.asks("erin", "/deploy prod").await;
        let card = waiting(w).await;
        w.discord.reacts("rita", card.id, "👍🏿").unwrap();
        w.expect_dispatches(1).await;
        w.the_run().await.cancel().unwrap();
        w.card(1, "Cancelled").await;
        w.thread(1, "Cancelled").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_veto_closes_the_gate_until_it_is_taken_back() {
    World::given(gated(PRODUCTION), async |w| {
        w.discord.member_joins("sam", &["reviewer"]).unwrap();
        w.asks("erin", "/deploy prod").await;
        let card = waiting(w).await;
        w.discord.reacts("edgar", card.id, "❌").unwrap();
        w.discord.reacts("rita", card.id, "❌").unwrap();
        w.card(1, "✗ no veto: ❌ by @edgar @rita").await;
        for (who, emoji) in [("rita", "✅"), ("sam", "✅"), ("lena", "🧪")] {
            w.discord.reacts(who, card.id, emoji).unwrap();
        }
        w.card(1, "2 of 2").await;
        w.discord.unreacts("edgar", card.id, "❌").unwrap();
        w.card(1, "✗ no veto: ❌ by @rita").await;
        w.expect_dispatches(0).await;
        w.discord.unreacts("rita", card.id, "❌").unwrap();
        w.expect_dispatches(1).await;
        w.the_run().await.cancel().unwrap();
        w.card(1, "Cancelled").await;
        w.thread(1, "Cancelled").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_commit_is_not_what_was_signed() {
    World::given(gated(PRODUCTION), async |w| {
        w.asks("erin", "/deploy prod").await;
        let card = waiting(w).await;
        w.discord.reacts("rita", card.id, "✅").unwrap();
        w.card(1, "1 of 2, @rita").await;
        w.github.commit("acme/shop", "main", "One more thing").unwrap();
        let text = w.card(1, "ref_changed").await.text();
        assert!(text.contains("What was asked for is what is deployed, or nothing"), "{text}");
        w.thread(1, "Refused").await;
        w.expect_dispatches(0).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_deleted_after_the_signature_voids_it() {
    World::given(gated(PRODUCTION), async |w| {
        w.asks("erin", "/deploy prod").await;
        let card = waiting(w).await;
        w.discord.reacts("rita", card.id, "✅").unwrap();
        w.card(1, "1 of 2, @rita").await;
        let name = w.deletes_a_secret("prod2-backend");
        let text = w.card(1, "does not count").await.text();
        assert!(
            text.contains(&format!("the secret `{name}` was deleted since; take the reaction back and sign again")),
            "{text}"
        );
        // However quickly: taken back and given again is another signature.
        w.discord.unreacts("rita", card.id, "✅").unwrap();
        w.discord.reacts("rita", card.id, "✅").unwrap();
        w.card(1, "1 of 2, @rita").await;
        cancelled(w).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_card_takes_its_signatures_with_it() {
    World::given(gated(PRODUCTION), async |w| {
        w.asks("erin", "/deploy prod").await;
        let card = waiting(w).await;
        w.discord.reacts("rita", card.id, "✅").unwrap();
        w.card(1, "1 of 2, @rita").await;
        w.discord.deletes(card.id).unwrap();
        let again = w
            .discord
            .expect_message("releases", "another card", |m| m.id != card.id && m.text().contains("0 of 2"))
            .await;
        w.discord.reacts("rita", again.id, "✅").unwrap();
        w.discord.expect_message("releases", "signed anew", |m| m.id == again.id && m.text().contains("1 of 2")).await;
        w.expect_dispatches(0).await;
        cancelled(w).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_people_at_once_and_one_dispatch_without_fifty_questions() {
    World::given(gated(PRODUCTION), async |w| {
        w.asks("erin", "/deploy prod").await;
        let card = waiting(w).await;
        for n in 0..50 {
            let name = format!("person{n}");
            w.discord.member_joins(&name, if n % 2 == 0 { &["reviewer"] } else { &["lead"] }).unwrap();
            w.discord.reacts(&name, card.id, if n % 2 == 0 { "✅" } else { "🧪" }).unwrap();
        }
        w.expect_dispatches(1).await;
        let looked_up = w.discord.asked(&Method::GET, "/members/");
        assert!((3..=12).contains(&looked_up), "three people decide, and {looked_up} were looked up");
        w.the_run().await.cancel().unwrap();
        w.card(1, "Cancelled").await;
        w.thread(1, "Cancelled").await;
        w.expect_dispatches(1).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dozen_people_whom_nobody_has_seen_react_are_looked_up_until_it_is_enough() {
    World::given(gated(PRODUCTION), async |w| {
        w.asks("erin", "/deploy prod").await;
        let card = waiting(w).await;
        w.stops().await;
        for n in 0..12 {
            let name = format!("person{n}");
            w.discord.member_joins(&name, if n % 2 == 0 { &["reviewer"] } else { &["lead"] }).unwrap();
            w.discord.reacts(&name, card.id, if n % 2 == 0 { "✅" } else { "🧪" }).unwrap();
        }
        w.starts().await;
        w.expect_dispatches(1).await;
        w.the_run().await.cancel().unwrap();
        w.card(1, "Cancelled").await;
        w.thread(1, "Cancelled").await;
        w.expect_dispatches(1).await;
    })
    .await;
}
