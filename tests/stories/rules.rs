//! A run that somebody starts at GitHub waits for the chat: GitHub asks the App, and the App asks the gate.

use std::time::Duration;

use serde_json::json;
use signalbox_sandbox::github::{Break, RequestFault, Run, Times, WebhookBreak, WebhookFault, signature};
use tokio::net::TcpListener;

use crate::{
    gates::{PRODUCTION, gated, waiting},
    waiting::starts_by_hand,
    world::{Given, WEBHOOK_SECRET, World},
};

const PROD: &str = "13-prod-deployment.yml";

fn an_app() -> Given {
    Given { app: true, ..gated(PRODUCTION) }
}

/// Somebody enables the App's rule in the settings of GitHub's environment.
fn enables_the_rule(w: &World) {
    w.github.with(|state| {
        let repository = state.repository_mut("acme/shop").unwrap();
        repository.environment_mut("prod2-backend").unwrap().custom_rule = true;
    });
}

/// A run that was started by hand and whose migration waits for the environment.
fn waits_by_hand(w: &World, branch: &str) -> u64 {
    let run = starts_by_hand(w, PROD, branch, "dana");
    w.github.run(run).queue_job("migrate").unwrap();
    run
}

/// The run, once this holds for it.
async fn seen(w: &World, id: u64, holds: impl Fn(&Run) -> bool) -> Run {
    let look = |state: &signalbox_sandbox::github::State| state.run(id).filter(|run| holds(run)).cloned();
    w.github.wait_for(Duration::from_secs(40), look).await.unwrap()
}

fn answers(run: &Run) -> Vec<(&str, &str)> {
    run.approvals.iter().map(|one| (one.state.as_str(), one.user.as_str())).collect()
}

async fn all_sign(w: &World) {
    let card = waiting(w).await;
    for (who, emoji) in [("rita", "✅"), ("sam", "✅"), ("lena", "🧪")] {
        w.discord.reacts(who, card.id, emoji).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_started_by_hand_waits_for_its_signatures_and_goes_on() {
    World::given(an_app(), async |w| {
        w.discord.member_joins("sam", &["reviewer"]).unwrap();
        enables_the_rule(w);
        let run = waits_by_hand(w, "main");
        let text = waiting(w).await.text();
        assert!(text.contains("Started outside Signalbox") && text.contains("the run was started at GitHub"), "{text}");
        let told = seen(w, run, |run| !run.reports.is_empty()).await;
        let (environment, report) = &told.reports[0];
        assert_eq!(environment, "prod2-backend");
        assert!(report.contains("review by 2 reviewer: 0 of 2") && !report.contains("<@"), "{report}");
        let card = waiting(w).await;
        w.discord.reacts("lena", card.id, "🧪").unwrap();
        let news = |run: &Run| run.reports.last().is_some_and(|(_, report)| report.contains("✓ 🧪 testing by 1 lead"));
        let told = seen(w, run, news).await;
        assert!(told.reports.len() <= 10 && answers(&told).is_empty(), "{:?}", told.reports);
        w.discord.reacts("rita", card.id, "✅").unwrap();
        w.discord.reacts("sam", card.id, "✅").unwrap();
        let passed = seen(w, run, |run| !run.approvals.is_empty()).await;
        assert_eq!(answers(&passed), [("approved", "signalbox[bot]")]);
        assert_eq!(passed.job("migrate").unwrap().status, "queued");
        w.github.run(run).complete("success").unwrap();
        let text = w.card(1, "Unverified").await.text();
        assert!(text.contains("✅ @rita") && text.contains("🧪 @lena"), "{text}");
        w.thread(1, "Unverified").await;
        assert_eq!(answers(&seen(w, run, |_| true).await).len(), 1);
        w.expect_dispatches(0).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_started_through_signalbox_is_let_through_at_once() {
    World::given(an_app(), async |w| {
        w.discord.member_joins("sam", &["reviewer"]).unwrap();
        enables_the_rule(w);
        w.asks("erin", "/deploy prod").await;
        all_sign(w).await;
        w.expect_dispatches(1).await;
        let run = w.the_run().await;
        w.github.faults(|faults| {
            let what = WebhookBreak::Duplicated;
            faults.webhooks.push(WebhookFault {
                event: "deployment_protection_rule".into(),
                times: Times::Always,
                what,
            });
        });
        run.queue_job("migrate").unwrap();
        let passed = seen(w, run.id(), |run| !run.approvals.is_empty()).await;
        assert_eq!((answers(&passed), passed.reports.len()), (vec![("approved", "signalbox[bot]")], 0));
        // The webhook came twice, and somebody sends it once more.
        let delivery = w.github.deliveries().into_iter().find(|one| one.event == "deployment_protection_rule").unwrap();
        assert!(w.github.with(|state| state.redeliver(delivery.id)));
        let again = |state: &signalbox_sandbox::github::State| {
            let all = state.deliveries.iter().filter(|one| one.event == "deployment_protection_rule");
            (all.count() >= 3).then_some(())
        };
        w.github.wait_for(Duration::from_secs(10), again).await.unwrap();
        let last = w.github.deliveries().into_iter().rfind(|one| one.event == "deployment_protection_rule").unwrap();
        assert!(last.response.contains("duplicate"), "{}", last.response);
        run.complete("success").unwrap();
        w.card(1, "Unverified").await;
        w.thread(1, "Unverified").await;
        assert_eq!(answers(&run.now().unwrap()).len(), 1, "answered once");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_webhook_is_made_up_for_and_another_branch_is_turned_away() {
    let given = Given { no_webhooks: true, not_started: true, ..an_app() };
    World::given(given, async |w| {
        enables_the_rule(w);
        let run = waits_by_hand(w, "feature/barcodes");
        w.starts().await;
        let turned = seen(w, run, |run| !run.approvals.is_empty()).await;
        assert_eq!(answers(&turned), [("rejected", "signalbox[bot]")]);
        let comment = &turned.approvals[0].comment;
        assert!(comment.contains("ref_not_allowed") && comment.contains("`prod` takes only `main`"), "{comment}");
        let text = w.card(1, "ref_not_allowed").await.text();
        assert!(text.contains("Started outside Signalbox"), "{text}");
        w.thread(1, "Refused").await;
        assert_eq!(turned.latest().conclusion.as_deref(), Some("failure"), "nothing of it ran");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_github_cannot_be_told_the_run_stays_where_it_is() {
    World::given(an_app(), async |w| {
        w.discord.member_joins("sam", &["reviewer"]).unwrap();
        enables_the_rule(w);
        let run = waits_by_hand(w, "main");
        waiting(w).await;
        w.github.faults(|faults| {
            let breaks = Some(Break::Status { status: 502, headers: Default::default(), body: json!(null) });
            let path = "*/deployment_protection_rule".to_owned();
            faults.requests.push(RequestFault { path, times: Times::Always, breaks, ..Default::default() });
        });
        all_sign(w).await;
        let text = w.card(1, "GitHub cannot be asked right now").await.text();
        assert!(text.contains("502"), "{text}");
        assert_eq!(seen(w, run, |_| true).await.job("migrate").unwrap().status, "waiting");
        // Meanwhile one of them thinks better of it: what was cleared a minute ago is judged anew.
        let card = waiting(w).await;
        w.discord.unreacts("sam", card.id, "✅").unwrap();
        w.card(1, "1 of 2, @rita").await;
        w.github.faults(|faults| faults.requests.clear());
        tokio::time::sleep(Duration::from_secs(8)).await;
        assert_eq!(answers(&seen(w, run, |_| true).await), [], "it is closed again");
        w.discord.reacts("sam", card.id, "✅").unwrap();
        let passed = seen(w, run, |run| !run.approvals.is_empty()).await;
        assert_eq!(answers(&passed), [("approved", "signalbox[bot]")]);
        w.asks("erin", "/cancel 1").await;
        w.card(1, "Cancelled").await;
        w.thread(1, "Cancelled").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_waits_is_turned_away_by_cancel() {
    World::given(an_app(), async |w| {
        enables_the_rule(w);
        let run = waits_by_hand(w, "main");
        waiting(w).await;
        w.asks("erin", "/cancel 1").await;
        let turned = seen(w, run, |run| !run.approvals.is_empty()).await;
        assert_eq!(answers(&turned), [("rejected", "signalbox[bot]")]);
        assert!(turned.approvals[0].comment.contains("cancelled by erin"), "{}", turned.approvals[0].comment);
        w.card(1, "Cancelled").await;
        w.thread(1, "Cancelled").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_callback_that_leads_elsewhere_is_never_called() {
    World::given(an_app(), async |w| {
        let elsewhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let evil = format!("http://{}", elsewhere.local_addr().unwrap());
        let run = starts_by_hand(w, PROD, "main", "dana");
        let path = |repository: &str| format!("/repos/{repository}/actions/runs/{run}/deployment_protection_rule");
        let api = w.github.url();
        let callbacks = [
            format!("{evil}{}", path("acme/shop")),
            format!("{api}{}", path("acme/other")),
            format!("{api}@{}{}", elsewhere.local_addr().unwrap(), path("acme/shop")),
            format!("{api}/repos/acme/shop/../../..{}", path("evil/shop")),
            format!("{api}{}?next={evil}", path("acme/shop")),
            "not an address".to_owned(),
        ];
        for (n, callback) in callbacks.iter().enumerate() {
            let body = json!({
                "action": "requested", "environment": "prod2-backend", "event": "push",
                "deployment_callback_url": callback, "repository": {"full_name": "acme/shop"},
                "installation": {"id": 777},
            })
            .to_string();
            let answer = reqwest::Client::new()
                .post(format!("{}/webhooks/github", w.url().await))
                .header("content-type", "application/json")
                .header("x-github-event", "deployment_protection_rule")
                .header("x-github-delivery", format!("forged-{n}"))
                .header("x-hub-signature-256", signature(WEBHOOK_SECRET, body.as_bytes()))
                .body(body)
                .send()
                .await
                .unwrap();
            let said = answer.text().await.unwrap();
            assert!(said.contains("ignored") && said.contains("leads elsewhere"), "{callback}: {said}");
        }
        let called = tokio::time::timeout(Duration::from_secs(3), elsewhere.accept()).await;
        assert!(called.is_err(), "somebody called it");
        w.github.run(run).cancel().unwrap();
        w.card(1, "Cancelled").await;
        w.thread(1, "Cancelled").await;
    })
    .await;
}
