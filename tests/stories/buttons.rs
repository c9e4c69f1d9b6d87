//! Buttons sign as reactions do, and nothing but the buttons of the card itself signs.

use crate::{
    gates::{PRODUCTION, gated, waiting},
    world::World,
};

/// A production in which whoever signs types the commit.
const TYPED: &str = r#"
[[environment]]
name = "prod"
workflow = "13-prod-deployment.yml"
ref = "main"
deploy_roles = ["engineer"]
sign_roles = ["reviewer"]
poll_seconds = 2
confirm_commit = true

[[environment.gate]]
sign_off = "review"
"#;

async fn cancelled(w: &World) {
    w.asks("edgar", "/cancel 1").await;
    w.card(1, "Cancelled").await;
    w.thread(1, "Cancelled").await;
}

async fn cancelled_at_github(w: &World) {
    w.the_run().await.cancel().unwrap();
    w.card(1, "Cancelled").await;
    w.thread(1, "Cancelled").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_buttons_clear_production() {
    World::given(gated(PRODUCTION), async |w| {
        w.discord.member_joins("sam", &["reviewer"]).unwrap();
        w.asks("erin", "/deploy prod").await;
        let card = waiting(w).await;
        let labels: Vec<_> = card.buttons.iter().map(|button| button.label.as_str()).collect();
        assert_eq!(labels, ["review", "testing", "veto", "Take mine back", "Cancel"]);
        let own = w.discord.clicks("erin", card.id, "testing").unwrap().reply().await;
        assert!(own.ephemeral && own.text().contains("own_deployment"), "{}", own.text());
        let stranger = w.discord.clicks("vera", card.id, "review").unwrap().reply().await.text();
        assert!(stranger.contains("role_missing") && stranger.contains("the role reviewer"), "{stranger}");
        let signs = w.discord.clicks("rita", card.id, "review").unwrap();
        assert!(signs.acknowledged().await.as_millis() < 2_000);
        let reply = signs.reply().await;
        assert!(reply.ephemeral && reply.text().contains("It counts."), "{}", reply.text());
        w.card(1, "1 of 2, @rita").await;
        let words = w.discord.clicks("rita", reply.message.id, "Add a comment").unwrap();
        assert!(words.modal().await.inputs[0].required);
        let words = words.submits_modal(&[("comment", "read *all* of it, @everyone")]).unwrap().reply().await;
        assert!(words.text().contains("stands on the card"), "{}", words.text());
        let text = w.card(1, "Comments").await.text();
        assert!(text.contains("@rita: read") && text.contains("all"), "{text}");
        let thread = w.thread(1, "💬 @rita on ✅ review").await;
        assert!(thread.contains("of it"), "{thread}");
        let once = w.discord.clicks("lena", card.id, "testing").unwrap().reply().await.text();
        assert!(once.contains("It counts."), "{once}");
        w.discord.clicks("sam", card.id, "review").unwrap().reply().await;
        w.expect_dispatches(1).await;
        assert!(w.pinged_nobody(), "a comment pinged somebody");
        let late = w.discord.forges_click("rita", card.id, "sign:1:review").unwrap().reply().await.text();
        assert!(late.contains("not_waiting"), "{late}");
        cancelled_at_github(w).await;
        w.expect_dispatches(1).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_button_signed_a_button_takes_back_and_both_ways_are_one_person() {
    World::given(gated(PRODUCTION), async |w| {
        w.asks("erin", "/deploy prod").await;
        let card = waiting(w).await;
        let nothing = w.discord.clicks("rita", card.id, "Take mine back").unwrap().reply().await.text();
        assert!(nothing.contains("nothing_signed"), "{nothing}");
        w.discord.clicks("rita", card.id, "review").unwrap().reply().await;
        w.discord.reacts("rita", card.id, "✅").unwrap();
        let text = w.card(1, "1 of 2, @rita").await.text();
        assert!(!text.contains("2 of 2"), "{text}");
        // The reaction is read again and again, and what the button signed stands.
        w.discord.clicks("lena", card.id, "testing").unwrap().reply().await;
        w.card(1, "1 of 1, @lena").await;
        let back = w.discord.clicks("rita", card.id, "Take mine back").unwrap().reply().await.text();
        assert!(back.contains("no longer sign") && back.contains("Your reaction ✅ still signs"), "{back}");
        w.discord.unreacts("rita", card.id, "✅").unwrap();
        w.card(1, "0 of 2").await;
        // A reaction taken back takes back what the button said, too.
        w.discord.clicks("rita", card.id, "review").unwrap().reply().await;
        w.discord.reacts("rita", card.id, "✅").unwrap();
        w.card(1, "1 of 2, @rita").await;
        w.discord.unreacts("rita", card.id, "✅").unwrap();
        w.card(1, "0 of 2").await;
        cancelled(w).await;
        w.expect_dispatches(0).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn roles_of_those_who_pressed_are_looked_up_before_it_leaves_and_a_veto_says_why() {
    World::given(gated(PRODUCTION), async |w| {
        w.discord.member_joins("sam", &["reviewer"]).unwrap();
        w.asks("erin", "/deploy prod").await;
        let card = waiting(w).await;
        w.discord.clicks("rita", card.id, "review").unwrap().reply().await;
        w.discord.clicks("sam", card.id, "review").unwrap().reply().await;
        w.card(1, "2 of 2").await;
        w.discord.take_role("rita", "reviewer").unwrap();
        w.discord.clicks("lena", card.id, "testing").unwrap().reply().await;
        w.card(1, "1 of 2, @sam").await;
        w.discord.member_leaves("sam").unwrap();
        w.card(1, "0 of 2").await;
        let forbids = w.discord.clicks("edgar", card.id, "veto").unwrap();
        assert_eq!(forbids.modal().await.title, "Forbid deployment 1");
        let said = forbids.submits_modal(&[("comment", "the rehearsal failed")]).unwrap().reply().await.text();
        assert!(said.contains("You forbid deployment **1**"), "{said}");
        let text = w.card(1, "✗ no veto: ❌ by @edgar").await.text();
        assert!(text.contains("❌ @edgar: the rehearsal failed"), "{text}");
        w.thread(1, "the rehearsal failed").await;
        w.discord.clicks("edgar", card.id, "Take mine back").unwrap().reply().await;
        w.discord
            .expect_message("releases", "the veto is gone", |m| m.id == card.id && !m.text().contains("no veto"))
            .await;
        w.expect_dispatches(0).await;
        cancelled(w).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn production_may_want_the_commit_typed() {
    World::given(gated(TYPED), async |w| {
        w.asks("erin", "/deploy prod").await;
        let card = waiting(w).await;
        assert!(card.text().contains("press review on the card and type the commit"), "{}", card.text());
        w.discord.reacts("rita", card.id, "✅").unwrap();
        let said = w.thread(1, "your ✅ signs nothing").await;
        assert!(said.contains("so press the button review on the card"), "{said}");
        let forged = w.discord.forges_click("rita", card.id, "sign:1:review").unwrap().reply().await.text();
        assert!(forged.contains("commit_not_typed"), "{forged}");
        let wrong = w.discord.clicks("rita", card.id, "review").unwrap();
        let modal = wrong.modal().await;
        assert_eq!((modal.inputs.len(), modal.inputs[1].required), (2, false));
        let wrong = wrong.submits_modal(&[("commit", "0000000")]).unwrap().reply().await.text();
        assert!(wrong.contains("`0000000` is not the commit that waits"), "{wrong}");
        w.expect_dispatches(0).await;
        let head = w.head("main");
        let right = w.discord.clicks("rita", card.id, "review").unwrap();
        right.modal().await;
        let right = right.submits_modal(&[("commit", &head[..7])]).unwrap().reply().await.text();
        assert!(right.contains("It counts."), "{right}");
        w.expect_dispatches(1).await;
        cancelled_at_github(w).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_made_up_signs_nothing() {
    World::given(gated(PRODUCTION), async |w| {
        w.asks("erin", "/deploy prod").await;
        let card = waiting(w).await;
        // Another deployment's number, a category nobody asks for, another message, a form that was never opened.
        let elsewhere = w.discord.says("rita", "releases", "hello").unwrap();
        let forged = |at, id: &str| w.discord.forges_click("rita", at, id).unwrap();
        for (at, id, why) in [
            (card.id, "sign:2:review", "stale_button"),
            (card.id, "sign:1:admin", "stale_button"),
            (elsewhere, "sign:1:review", "stale_button"),
            (elsewhere, "withdraw:1", "stale_button"),
            (card.id, "approve:1:review", "made by another version"),
            (card.id, "sign:1", "made by another version"),
        ] {
            let said = forged(at, id).reply().await;
            assert!(said.ephemeral && said.text().contains(why), "{id}: {}", said.text());
        }
        let words = [("comment", "not mine")];
        let comment = w.discord.forges_form("rita", card.id, "comment:1:review", &words).unwrap().reply().await.text();
        assert!(comment.contains("nothing_signed"), "{comment}");
        let form =
            w.discord.forges_form("rita", elsewhere, "sign-words:1:review", &words).unwrap().reply().await.text();
        assert!(form.contains("stale_button"), "{form}");
        // A form that was opened while it waited and is sent when it no longer does.
        let late = w.discord.clicks("rita", card.id, "veto").unwrap();
        late.modal().await;
        cancelled(w).await;
        let late = late.submits_modal(&[]).unwrap().reply().await.text();
        assert!(late.contains("not_waiting") && late.contains("it is cancelled"), "{late}");
        w.expect_dispatches(0).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_signed_with_a_button_outlives_a_restart_and_is_void_when_it_moves() {
    World::given(gated(PRODUCTION), async |w| {
        w.asks("erin", "/deploy prod").await;
        let card = waiting(w).await;
        w.discord.clicks("rita", card.id, "review").unwrap().reply().await;
        w.card(1, "1 of 2, @rita").await;
        w.stops().await;
        w.discord.reacts("lena", card.id, "🧪").unwrap();
        w.starts().await;
        let text = w.card(1, "1 of 1, @lena").await.text();
        assert!(text.contains("1 of 2, @rita"), "{text}");
        let name = w.deletes_a_secret("prod2-backend");
        let text = w.card(1, "does not count").await.text();
        assert!(text.contains(&format!("the secret `{name}` was deleted since; press the button again")), "{text}");
        let again = w.discord.clicks("rita", card.id, "review").unwrap().reply().await.text();
        assert!(again.contains("It counts."), "{again}");
        w.card(1, "1 of 2, @rita").await;
        cancelled(w).await;
        w.expect_dispatches(0).await;
    })
    .await;
}
