//! The demo in a real browser: a person types, watches, and sees the run verified.

use std::{
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use fantoccini::{Client, ClientBuilder, Locator, key::Key};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tempfile::TempDir;

/// A program that is ended with the story.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Below those that the kernel gives to whoever wants any, of which another story could take it before it is used.
fn free_port() -> u16 {
    let first = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    (first..32_000).find(|&port| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok()).unwrap()
}

async fn answers(port: u16) {
    let begun = Instant::now();
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(90), "nothing listens on port {port}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// A headless Chromium. `make test` installs it where it is missing; without it the story fails.
async fn browser(profile: &TempDir) -> (Running, Client) {
    let port = free_port();
    let driver = Command::new("chromedriver")
        .arg(format!("--port={port}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromedriver is needed: `make test` installs it");
    let driver = Running(driver);
    answers(port).await;
    let arguments = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=1400,900",
        &format!("--user-data-dir={}", profile.path().display()),
    ];
    let options = json!({ "goog:chromeOptions": { "args": arguments } });
    let client = ClientBuilder::new(HttpConnector::new())
        .capabilities(options.as_object().unwrap().clone())
        .connect(&format!("http://127.0.0.1:{port}"))
        .await
        .unwrap();
    (driver, client)
}

async fn sees(client: &Client, text: &str) {
    let begun = Instant::now();
    loop {
        let page = client.find(Locator::Css("body")).await.unwrap().text().await.unwrap();
        if page.contains(text) {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{text:?} did not appear on the page:\n{page}");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_goes_from_typed_to_verified_in_a_browser() {
    let (data, profile, port) = (TempDir::new().unwrap(), TempDir::new().unwrap(), free_port());
    let demo = Command::new(env!("CARGO_BIN_EXE_signalbox"))
        .args(["demo", "--tenants", "6", "--speed", "10"])
        .arg(format!("--page=127.0.0.1:{port}"))
        .args(["--data".as_ref(), data.path().as_os_str()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _demo = Running(demo);
    answers(port).await;
    let (_driver, client) = browser(&profile).await;
    client.goto(&format!("http://127.0.0.1:{port}/")).await.unwrap();
    sees(&client, "is online").await;

    // By keyboard alone: the message box has the focus.
    let line = client.active_element().await.unwrap();
    line.send_keys("/deploy uat").await.unwrap();
    line.send_keys(&char::from(Key::Enter).to_string()).await.unwrap();
    sees(&client, "Deployment 1 · uat").await;
    sees(&client, "Verified: green, and the evidence says so too.").await;
    sees(&client, "are in the ledgers of all 7 tenants").await;
    client.close().await.unwrap();
}
