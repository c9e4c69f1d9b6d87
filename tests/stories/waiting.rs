//! A run waits in a step of its own until the gate has cleared it: the script of `deploy/action/` against the service.

use std::{path::Path, process::Output};

use signalbox_sandbox::github::NewRun;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    process::Command,
};

use crate::{
    gates::{PRODUCTION, gated, waiting},
    world::World,
};

/// The wait step, as the action runs it, but for where the token comes from.
fn step(w: &World, url: &str, commit: &str, minutes: u32) -> Command {
    let mut command = Command::new("bash");
    command
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/action/wait.sh"))
        .env("SIGNALBOX_URL", url)
        .env("SIGNALBOX_ENVIRONMENT", "prod")
        .env("SIGNALBOX_COMMIT", commit)
        .env("SIGNALBOX_TIMEOUT_MINUTES", minutes.to_string())
        .env("SIGNALBOX_INTERVAL_SECONDS", "1")
        .env("GITHUB_STEP_SUMMARY", w.folder().join("summary.md"))
        .kill_on_drop(true);
    command
}

/// The same with the token of a job of a run.
async fn step_of(w: &World, run: u64, minutes: u32) -> Command {
    let run = w.github.run(run);
    let request = run.id_token_request();
    let mut command = step(w, &w.url().await, &run.now().unwrap().head_sha, minutes);
    command.env("ACTIONS_ID_TOKEN_REQUEST_URL", request.url).env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", request.token);
    command
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What the command line says, with the configuration of the story.
async fn signalbox(w: &World, line: &str) -> Result<String, String> {
    std::fs::write(w.folder().join("signalbox.toml"), w.toml()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_signalbox"));
    command.args(line.split(' ')).envs(w.variables()).current_dir(w.folder());
    let output = command.output().await.unwrap();
    let said = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    if output.status.success() { Ok(said(output.stdout)) } else { Err(said(output.stderr)) }
}

/// Somebody presses "Run workflow" at GitHub.
pub fn starts_by_hand(w: &World, workflow: &str, branch: &str, who: &str) -> u64 {
    w.github.with(|state| {
        let repository = state.repository("acme/shop").unwrap();
        let new = NewRun {
            repository: "acme/shop".into(),
            workflow: repository.workflow(workflow).unwrap().id,
            event: "workflow_dispatch".into(),
            head_branch: branch.into(),
            head_sha: repository.branches[branch].clone(),
            actor: who.into(),
            inputs: Default::default(),
        };
        state.start_run(new).unwrap()
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_goes_on_with_the_clearance_it_was_started_with_and_no_other_run_does() {
    World::given(gated(PRODUCTION), async |w| {
        w.discord.member_joins("sam", &["reviewer"]).unwrap();
        w.asks("erin", "/deploy prod").await;
        let card = waiting(w).await;
        for (who, emoji) in [("rita", "✅"), ("sam", "✅"), ("lena", "🧪")] {
            w.discord.reacts(who, card.id, emoji).unwrap();
        }
        w.expect_dispatches(1).await;
        let run = w.the_run().await;
        let output = step_of(w, run.id(), 1).await.output().await.unwrap();
        assert!(output.status.success(), "{}", text(&output));
        assert!(text(&output).contains("✓ cleared: the gate was satisfied at "), "{}", text(&output));
        // Somebody starts the same commit by hand meanwhile: what was signed for is not theirs.
        let other = starts_by_hand(w, "13-prod-deployment.yml", "main", "dana");
        let output = step_of(w, other, 0).await.output().await.unwrap();
        assert!(!output.status.success() && text(&output).contains("⛔ closed"), "{}", text(&output));
        w.github.run(other).cancel().unwrap();
        run.cancel().unwrap();
        w.card(1, "Cancelled").await;
        w.thread(1, "Cancelled").await;
        w.card(2, "Cancelled").await;
        w.thread(2, "Cancelled").await;
        let output = step_of(w, run.id(), 0).await.output().await.unwrap();
        assert!(!output.status.success(), "a clearance is over with its run: {}", text(&output));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_with_a_token_of_ours_waits_says_why_and_goes_on_by_itself() {
    World::given(gated(PRODUCTION), async |w| {
        w.discord.member_joins("sam", &["reviewer"]).unwrap();
        let token = signalbox(w, "gate token prod --for 5m").await.unwrap();
        let with_token = async |minutes| {
            let mut command = step(w, &w.url().await, &w.head("main"), minutes);
            command.env("SIGNALBOX_TOKEN", token.trim());
            command
        };
        let nothing = with_token(0).await.output().await.unwrap();
        assert!(!nothing.status.success(), "nobody has asked for it: {}", text(&nothing));
        assert!(text(&nothing).contains("→ /deploy prod ref:main"), "{}", text(&nothing));
        w.asks("erin", "/deploy prod").await;
        let card = waiting(w).await;
        w.discord.reacts("rita", card.id, "✅").unwrap();
        w.card(1, "1 of 2, @rita").await;
        let closed = with_token(0).await.output().await.unwrap();
        assert!(!closed.status.success(), "the time is over: {}", text(&closed));
        let said = text(&closed);
        assert!(said.contains("deployment 1 waits at its gate") && said.contains("1 of 2, rita"), "{said}");
        assert!(said.contains("::stop-commands::"), "what others wrote gives the log no commands: {said}");
        let summary = std::fs::read_to_string(w.folder().join("summary.md")).unwrap();
        assert!(summary.contains("### Signalbox: prod") && summary.contains("testing by 1 lead: 0 of 1"), "{summary}");
        let patient = tokio::spawn(with_token(2).await.output());
        w.discord.reacts("sam", card.id, "✅").unwrap();
        w.discord.reacts("lena", card.id, "🧪").unwrap();
        let opened = patient.await.unwrap().unwrap();
        assert!(opened.status.success(), "{}", text(&opened));
        w.the_run().await.cancel().unwrap();
        w.card(1, "Cancelled").await;
        w.thread(1, "Cancelled").await;
        let bad = signalbox(w, "gate token nowhere").await.unwrap_err();
        assert!(bad.contains("there is no environment") && bad.contains("`prod`"), "{bad}");
    })
    .await;
}

/// A server that gives every request the same answer.
async fn answers(body: &'static str, status: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let length = body.len();
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_else_answers_the_step_fails() {
    World::given(gated(PRODUCTION), async |w| {
        const COMMIT: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
        let yes = r#"{"cleared": true, "environment": "prod", "commit": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "text": "yes"}"#;
        let asked = async |url: String, token: &str| {
            let output = step(w, &url, COMMIT, 0).env("SIGNALBOX_TOKEN", token).output().await.unwrap();
            (output.status.success(), text(&output))
        };
        assert!(asked(answers(yes, "200 OK").await, "x").await.0, "the one answer that is a yes");
        let wrong = [
            ("garbage", "<html>It works!</html>", "200 OK"),
            ("nothing", "", "200 OK"),
            ("a word", r#"{"cleared": "true", "environment": "prod", "commit": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}"#, "200 OK"),
            ("another place", r#"{"cleared": true, "environment": "uat", "commit": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}"#, "200 OK"),
            ("another commit", r#"{"cleared": true, "environment": "prod", "commit": "bb"}"#, "200 OK"),
            ("a yes with a fault's status", yes, "500 Internal Server Error"),
            ("a yes that leads elsewhere", yes, "302 Found"),
            ("half a yes", r#"{"cleared": true, "environment": "prod""#, "200 OK"),
        ];
        for (what, body, status) in wrong {
            let (passed, said) = asked(answers(body, status).await, "x").await;
            assert!(!passed, "{what}: {said}");
        }
        let (passed, said) = asked("http://127.0.0.1:9".into(), "x").await;
        assert!(!passed && said.contains("could not be asked"), "nobody is there: {said}");
        let (passed, said) = asked(w.url().await, "sbg.prod.9999999999.00").await;
        assert!(!passed && said.contains("401"), "a forged token: {said}");
        let (passed, said) = asked(w.url().await, "").await;
        assert!(!passed && said.contains("id-token: write"), "no token at all: {said}");
        w.expect_dispatches(0).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_started_by_hand_that_asks_waits_for_the_chat_and_goes_on() {
    World::given(gated(PRODUCTION), async |w| {
        w.discord.member_joins("sam", &["reviewer"]).unwrap();
        let run = starts_by_hand(w, "13-prod-deployment.yml", "main", "dana");
        w.github.run(run).start_job("pre-deployment-checks").unwrap();
        let patient = tokio::spawn(step_of(w, run, 2).await.output());
        let card = waiting(w).await;
        assert!(card.text().contains("Started outside Signalbox"), "{}", card.text());
        for (who, emoji) in [("rita", "✅"), ("sam", "✅"), ("lena", "🧪")] {
            w.discord.reacts(who, card.id, emoji).unwrap();
        }
        let opened = patient.await.unwrap().unwrap();
        assert!(opened.status.success(), "{}", text(&opened));
        assert!(text(&opened).contains("deployment 1 waits at its gate"), "{}", text(&opened));
        w.github.run(run).complete("success").unwrap();
        w.card(1, "Unverified").await;
        w.thread(1, "Unverified").await;
        w.thread(1, "`pre-deployment-checks`: success").await;
        w.expect_dispatches(0).await;
    })
    .await;
}
