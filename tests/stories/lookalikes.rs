//! What looks like a signature or like a card, and is none.

use crate::{
    gates::{PRODUCTION, gated, waiting},
    world::World,
};

async fn cancelled(w: &World, deployment: u32) {
    w.asks("edgar", &format!("/cancel {deployment}")).await;
    w.card(deployment, "Cancelled").await;
    w.thread(deployment, "Cancelled").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_signs_nothing_whatever_roles_it_has() {
    World::given(gated(PRODUCTION), async |w| {
        w.discord.bot_joins("robot", &["reviewer", "lead"]).unwrap();
        w.asks("erin", "/deploy prod").await;
        let card = waiting(w).await;
        for emoji in ["✅", "🧪", "❌", "👍"] {
            w.discord.reacts("robot", card.id, emoji).unwrap();
        }
        w.discord.reacts("rita", card.id, "✅").unwrap();
        let text = w.card(1, "1 of 2, @rita").await.text();
        assert!(!text.contains("@robot") && !text.contains("no veto"), "{text}");
        w.expect_dispatches(0).await;
        cancelled(w, 1).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_of_the_card_is_no_card() {
    World::given(gated(PRODUCTION), async |w| {
        w.discord.member_joins("sam", &["reviewer"]).unwrap();
        w.asks("erin", "/deploy prod").await;
        let card = waiting(w).await;
        let copy = w.discord.copies("vera", card.id).unwrap();
        for (who, emoji) in [("rita", "✅"), ("sam", "✅"), ("lena", "🧪")] {
            w.discord.reacts(who, copy, emoji).unwrap();
        }
        let pressed = w.discord.clicks("rita", copy, "review").unwrap().reply().await.text();
        assert!(
            pressed.contains("stale_button") && pressed.contains("no button of the card of deployment 1"),
            "{pressed}"
        );
        w.discord.reacts("lena", card.id, "🧪").unwrap();
        let text = w.card(1, "1 of 1, @lena").await.text();
        assert!(text.contains("0 of 2"), "{text}");
        w.expect_dispatches(0).await;
        cancelled(w, 1).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_that_somebody_edited_still_stands_for_what_was_asked_for() {
    World::given(gated(PRODUCTION), async |w| {
        w.discord.member_joins("sam", &["reviewer"]).unwrap();
        w.asks("erin", "/deploy prod").await;
        let card = waiting(w).await;
        let head = w.head("main");
        w.discord.tampers(card.id, &head, &"0".repeat(40)).unwrap();
        w.card(1, &"0".repeat(40)).await;
        w.discord.reacts("rita", card.id, "✅").unwrap();
        let text = w.card(1, "1 of 2, @rita").await.text();
        assert!(text.contains(&head), "the card is set right: {text}");
        w.discord.reacts("sam", card.id, "✅").unwrap();
        w.discord.reacts("lena", card.id, "🧪").unwrap();
        w.expect_dispatches(1).await;
        assert_eq!(w.github.dispatches()[0].body["ref"], "main");
        w.the_run().await.cancel().unwrap();
        w.card(1, "Cancelled").await;
        w.thread(1, "Cancelled").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_card_takes_no_signatures() {
    World::given(gated(PRODUCTION), async |w| {
        w.discord.member_joins("sam", &["reviewer"]).unwrap();
        w.asks("erin", "/deploy prod").await;
        let card = waiting(w).await;
        w.discord.reacts("rita", card.id, "✅").unwrap();
        w.card(1, "1 of 2, @rita").await;
        w.lets_the_wait_end(1).await;
        let expired = w.card(1, "Expired").await;
        assert!(expired.buttons.is_empty(), "nothing is left to press");
        w.thread(1, "Expired").await;
        w.discord.reacts("sam", card.id, "✅").unwrap();
        w.discord.reacts("lena", card.id, "🧪").unwrap();
        let said = w.thread(1, "@lena, your 🧪 signs nothing").await;
        assert!(said.contains("this deployment has expired; `/deploy prod` asks again"), "{said}");
        w.thread(1, "@sam, your ✅ signs nothing").await;
        let late = w.discord.forges_click("lena", card.id, "sign:1:testing").unwrap().reply().await.text();
        assert!(late.contains("not_waiting") && late.contains("it has expired"), "{late}");
        w.expect_dispatches(0).await;
        let again = w.asks("erin", "/deploy prod").await.text();
        assert!(again.contains("Deployment **2**"), "the environment is free: {again}");
        w.card(2, "0 of 2").await;
        cancelled(w, 2).await;
    })
    .await;
}
