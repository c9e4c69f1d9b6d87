//! Webhooks only hasten what REST says.

use signalbox_sandbox::github::{Times, WebhookBreak, WebhookFault};

use crate::world::World;

async fn told_badly(what: WebhookBreak) {
    World::run(async |w| {
        w.github.faults(|faults| {
            faults.webhooks.push(WebhookFault { event: String::new(), times: Times::Always, what });
        });
        w.asks("erin", "/deploy uat").await;
        let run = w.the_run().await;
        for job in ["pre-deployment-checks", "migrate", "deploy-backend"] {
            run.start_job(job).unwrap();
            run.finish_job(job, "success").unwrap();
        }
        run.complete("success").unwrap();
        let text = w.card(1, "Verified").await.text();
        for job in ["pre-deployment-checks", "migrate", "deploy-backend"] {
            assert!(text.contains(job), "{text}");
        }
        let thread = w.thread(1, "Verified").await;
        assert_eq!(thread.matches("`migrate`").count(), 1, "each job is told once: {thread}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_lost() {
    told_badly(WebhookBreak::Lost).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_doubled() {
    told_badly(WebhookBreak::Duplicated).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_late() {
    told_badly(WebhookBreak::Delayed(3000)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_forged() {
    told_badly(WebhookBreak::BadSignature).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_in_reverse_order() {
    World::run(async |w| {
        w.github.faults(|faults| faults.hold_webhooks = true);
        w.asks("erin", "/deploy uat").await;
        let run = w.the_run().await;
        run.start_job("migrate").unwrap();
        run.finish_job("migrate", "failure").unwrap();
        run.complete("failure").unwrap();
        w.github.release_webhooks(true);
        let text = w.card(1, "Failed").await.text();
        assert!(text.contains("in the job migrate"), "{text}");
        w.thread(1, "Failed").await;
    })
    .await;
}
