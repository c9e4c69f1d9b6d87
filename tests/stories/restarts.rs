//! The process is killed at any moment and started again: nothing is lost, posted twice or sent twice.

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use signalbox_sandbox::github::{DispatchFault, RequestFault, Times};

use crate::world::{Given, World};

/// The real binary as a process of its own.
struct Process(Child);

impl Process {
    async fn start(w: &World) -> Self {
        let config = w.folder().join("signalbox.toml");
        std::fs::write(&config, w.toml()).unwrap();
        let identified = w.discord.gateway().identifies();
        let child = Command::new(env!("CARGO_BIN_EXE_signalbox"))
            .arg("serve")
            .args(["--config".as_ref(), config.as_os_str()])
            .envs(w.variables())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        w.discord.gateway().ready(identified + 1).await;
        w.discord.wait_for("the commands are registered", |view| (view.commands.len() >= 11).then_some(())).await;
        Self(child)
    }

    /// As by `kill -9`.
    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn not_started() -> Given {
    Given { not_started: true, ..Given::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_before_the_dispatch_was_sent() {
    World::given(not_started(), async |w| {
        let process = Process::start(w).await;
        w.asks("erin", "/status").await;
        // GitHub is slow to say where the ref points: once for the answer to /deploy, and once before the dispatch.
        w.github.faults(|faults| {
            faults.requests.push(RequestFault {
                path: "*/commits/*".into(),
                times: Times::Next(2),
                delay_ms: 3_000,
                carried_out: true,
                ..RequestFault::default()
            });
        });
        let typed = w.types("erin", "/deploy uat");
        let reply = typed.reply().await;
        assert!(reply.text().contains("Deployment"), "{}", reply.text());
        process.kill();
        let _process = Process::start(w).await;
        w.card(1, "Queued").await;
        w.expect_dispatches(1).await;
        finish(w).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_between_the_request_and_its_dispatch() {
    World::given(not_started(), async |w| {
        let process = Process::start(w).await;
        let typed = w.types("erin", "/deploy uat");
        // The first look at the ref answers /deploy; the one before the dispatch hangs.
        w.github.faults(|faults| {
            faults.requests.push(RequestFault {
                method: "POST".into(),
                path: "*dispatches".into(),
                times: Times::Next(1),
                delay_ms: 20_000,
                carried_out: false,
                breaks: Some(signalbox_sandbox::github::Break::Reset),
            });
        });
        typed.reply().await;
        w.card(1, "Starting").await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        process.kill();
        let _process = Process::start(w).await;
        // The intent was recorded as sent: nobody sends it again, and a person is asked.
        w.card(1, "Unknown").await;
        assert_eq!(w.runs(), 0);
        w.asks("erin", "/cancel 1").await;
        w.card(1, "Cancelled").await;
        w.thread(1, "Cancelled").await;
        w.reads_everything();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_after_the_dispatch_was_sent() {
    World::given(not_started(), async |w| {
        w.github.faults(|faults| faults.dispatches.push(DispatchFault::HangStarted));
        let process = Process::start(w).await;
        w.types("erin", "/deploy uat").reply().await;
        w.the_run().await;
        process.kill();
        let _process = Process::start(w).await;
        w.card(1, "Queued").await;
        w.expect_dispatches(1).await;
        assert_eq!(w.runs(), 1);
        finish(w).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_again_and_again_while_a_run_goes_on() {
    World::given(not_started(), async |w| {
        let mut process = Process::start(w).await;
        w.types("erin", "/deploy uat").reply().await;
        let run = w.the_run().await;
        for job in ["pre-deployment-checks", "test-backend", "migrate"] {
            run.start_job(job).unwrap();
            process.kill();
            run.finish_job(job, "success").unwrap();
            process = Process::start(w).await;
        }
        process.kill();
        run.complete("success").unwrap();
        let _process = Process::start(w).await;
        w.card(1, "Verified").await;
        let thread = w.thread(1, "Verified").await;
        assert_eq!(thread.matches("`migrate`").count(), 1, "told once: {thread}");
        let cards = w.discord.messages("releases").unwrap();
        assert_eq!(cards.iter().filter(|m| m.text().contains("Deployment 1 ·")).count(), 1, "one card");
        w.reads_everything();
        w.expect_dispatches(1).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interaction_that_was_acknowledged_is_answered_after_a_restart() {
    World::given(not_started(), async |w| {
        let process = Process::start(w).await;
        w.github.faults(|faults| {
            faults.requests.push(RequestFault {
                method: "GET".into(),
                path: "*ref*".into(),
                times: Times::Always,
                delay_ms: 9_000,
                ..RequestFault::default()
            });
        });
        let typed = w.types("erin", "/deploy uat");
        typed.acknowledged().await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        process.kill();
        w.github.faults(|faults| faults.requests.clear());
        let _process = Process::start(w).await;
        let text = typed.reply().await.text();
        assert!(text.contains("No deployment came of it") && text.contains("/deploy uat"), "{text}");
        assert!(w.github.dispatches().is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopped_and_started_the_service_goes_on() {
    World::run(async |w| {
        w.asks("erin", "/deploy uat").await;
        let run = w.the_run().await;
        w.card(1, "Queued").await;
        w.stops().await;
        run.complete("success").unwrap();
        w.starts().await;
        w.card(1, "Verified").await;
        w.thread(1, "Verified").await;
        w.expect_dispatches(1).await;
    })
    .await;
}

async fn finish(w: &World) {
    let run = w.the_run().await;
    run.complete("success").unwrap();
    w.card(1, "Verified").await;
    w.thread(1, "Verified").await;
    w.reads_everything();
}
