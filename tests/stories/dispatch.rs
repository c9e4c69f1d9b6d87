//! One `/deploy` starts exactly one run, whatever becomes of the answer.

use signalbox_sandbox::github::DispatchFault;

use crate::world::{Given, World};

/// A dispatch that goes wrong in one way: how the card ends, how many runs there are, how many requests.
async fn dispatched(fault: DispatchFault, says: &str, runs: usize, requests: usize) {
    World::run(async |w| {
        w.github.faults(|faults| faults.dispatches.push(fault));
        w.types("erin", "/deploy uat").reply().await;
        w.card(1, says).await;
        w.expect_dispatches(requests).await;
        assert_eq!(w.runs(), runs, "{:?}", w.github.dispatches());
        if says == "Refused" {
            w.thread(1, "Refused").await;
            return;
        }
        // What is still held can be freed by a person, and what runs can be stopped.
        w.asks("edgar", "/cancel 1").await;
        w.card(1, "Cancelled").await;
        w.thread(1, "Cancelled").await;
        w.expect_dispatches(requests).await;
        assert_eq!(w.runs(), runs);
    })
    .await;
}

macro_rules! stories {
    ($($name:ident: $fault:ident => $says:literal, $runs:literal run, $requests:literal sent;)+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            dispatched(DispatchFault::$fault, $says, $runs, $requests).await;
        }
    )+};
}

stories! {
    an_answer_with_the_run: None => "Queued", 1 run, 1 sent;
    an_answer_without_the_run: WithoutId => "Queued", 1 run, 1 sent;
    bad_gateway_but_started: BadGatewayStarted => "Queued", 1 run, 1 sent;
    bad_gateway_and_nothing_started: BadGateway => "Unknown", 0 run, 1 sent;
    no_answer_but_started: HangStarted => "Queued", 1 run, 1 sent;
    no_answer_and_nothing_started: Hang => "Unknown", 0 run, 1 sent;
    connection_reset_but_started: ResetStarted => "Queued", 1 run, 1 sent;
    connection_reset_and_nothing_started: Reset => "Unknown", 0 run, 1 sent;
    half_an_answer: TruncatedStarted => "Queued", 1 run, 1 sent;
    rejected_for_good: Unprocessable => "Refused", 0 run, 1 sent;
    an_older_server: RejectsRunDetails => "Queued", 1 run, 2 sent;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secondary_rate_limit_is_waited_for_and_one_run_starts() {
    World::run(async |w| {
        w.github.faults(|faults| faults.dispatches.push(DispatchFault::SecondaryRateLimit));
        w.types("erin", "/deploy uat").reply().await;
        w.card(1, "Waiting for GitHub").await;
        assert_eq!(w.runs(), 0, "it is certain that nothing started");
        w.asks("erin", "/cancel 1").await;
        w.card(1, "Cancelled").await;
        w.thread(1, "Cancelled").await;
        w.expect_dispatches(1).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workflow_without_inputs_is_found_by_commit_actor_and_time() {
    World::run(async |w| {
        w.github.faults(|faults| faults.dispatches.push(DispatchFault::BadGatewayStarted));
        w.types("erin", "/deploy dev").reply().await;
        w.card(1, "Queued").await;
        assert!(w.github.dispatches()[0].body.get("inputs").is_none(), "it takes none, so none are sent");
        w.the_run().await.complete("success").unwrap();
        w.card(1, "Unverified").await;
        w.thread(1, "Unverified").await;
        w.expect_dispatches(1).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ref_that_moves_between_request_and_dispatch_is_not_deployed() {
    World::run(async |w| {
        let moved = w.github.with(|state| {
            let shop = state.repository_mut("acme/shop").unwrap();
            shop.branches["main"].clone()
        });
        w.github.faults(|faults| {
            faults.branch_moves.insert("uat".into(), moved.clone());
        });
        w.types("erin", "/deploy uat").reply().await;
        w.card(1, "ref_changed").await;
        w.github
            .wait_for(std::time::Duration::from_secs(10), |state| {
                state.runs[0].attempts[0].conclusion.as_deref().filter(|c| *c == "cancelled").map(|_| ())
            })
            .await
            .unwrap();
        let text = w.card(1, "Cancelled").await.text();
        assert!(text.contains(&moved[..7]), "{text}");
        w.thread(1, "Cancelled").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_people_at_once_and_one_wins() {
    World::run(async |w| {
        let (one, other) = (w.types("erin", "/deploy uat"), w.types("edgar", "/deploy uat"));
        let (one, other) = tokio::join!(one.reply(), other.reply());
        let (won, lost) = if one.text().contains("⛔") { (other, one) } else { (one, other) };
        assert!(won.text().contains("Deployment **1**"), "{}", won.text());
        assert!(lost.text().contains("environment_busy") && lost.text().contains("/cancel 1"), "{}", lost.text());
        w.expect_dispatches(1).await;
        let run = w.the_run().await;
        run.complete("cancelled").unwrap();
        w.card(1, "Cancelled").await;
        w.thread(1, "Cancelled").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn followed_by_polling_alone() {
    World::given(Given { no_webhooks: true, ..Given::default() }, async |w| {
        w.asks("erin", "/deploy uat").await;
        let run = w.the_run().await;
        run.start_job("migrate").unwrap();
        w.card(1, "Migrating").await;
        run.finish_job("migrate", "success").unwrap();
        run.complete("success").unwrap();
        w.card(1, "Verified").await;
        w.thread(1, "Verified").await;
    })
    .await;
}
