//! Logs that are too long, too slow, broken off, packed, or no logs at all.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use signalbox_domain::{
    log::{Classifier, Log, Redactor, Rules},
    ports::{ForgeError, Logs},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::{
    server::{Reply, Server},
    settings, shop,
};
use crate::{
    clock::SystemClock,
    github::{GithubForge, LogLimits},
};

const MEGABYTE: usize = 1024 * 1024;

/// Where logs are kept: answers every request with this head, then this piece so many times; then it falls silent,
/// or closes.
struct Keeper {
    head: &'static str,
    piece: Vec<u8>,
    times: usize,
    silent: bool,
}

impl Keeper {
    fn of(piece: &[u8], times: usize) -> Self {
        Self { head: "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n", piece: piece.to_vec(), times, silent: false }
    }

    /// What comes of asking GitHub for a log that is kept here, and what the keeper was asked.
    async fn read(self, limits: LogLimits) -> (Result<Log, ForgeError>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/log?sig=a-secret-for-a-minute", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(String::new()));
        let heard = asked.clone();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 8192];
            let length = stream.read(&mut request).await.unwrap();
            *heard.lock().unwrap() = String::from_utf8_lossy(&request[..length]).to_lowercase();
            stream.write_all(self.head.as_bytes()).await.unwrap();
            for _ in 0..self.times {
                // Whoever has read enough hangs up.
                if stream.write_all(&self.piece).await.is_err() {
                    return;
                }
            }
            if self.silent {
                std::future::pending::<()>().await;
            }
        });
        let github = Server::start(move |_| Reply::empty(302).with("location", address.clone())).await;
        let mut settings = settings(github.url.clone());
        settings.logs = limits;
        let forge = GithubForge::connect(&settings, Arc::new(SystemClock)).unwrap();
        let mut reader = classifier().reader(true);
        let read = forge.job_log(&shop(), 7, &mut reader).await;
        let paths = github.paths();
        assert_eq!(paths[0], "GET /repos/acme/shop/actions/jobs/7/logs");
        let beside = "GET /repos/acme/shop/check-runs/7/annotations";
        assert!(paths[1..].iter().all(|path| path.starts_with(beside)), "{paths:?}");
        let asked = asked.lock().unwrap().clone();
        (read.map(|()| reader.finish()), asked)
    }
}

fn classifier() -> Arc<Classifier> {
    Arc::new(Classifier::new(Rules::new(vec![]).unwrap(), Redactor::default()))
}

fn limits(bytes: usize) -> LogLimits {
    LogLimits { bytes, time: Duration::from_secs(120) }
}

#[tokio::test]
async fn the_host_that_keeps_logs_gets_no_credentials() {
    let log = b"2026-11-26T20:15:00.1Z FATAL:  database \"x\" does not exist\n2026-11-26T20:15:00.1Z ##[error]Process completed with exit code 1.\n";
    let (read, asked) = Keeper::of(log, 1).read(LogLimits::default()).await;
    assert!(asked.starts_with("get /log?sig=") && !asked.contains("authorization"), "{asked}");
    assert_eq!(read.unwrap().findings[0].rule, "database_missing");
}

#[tokio::test]
async fn a_gigabyte_is_read_to_its_cap_with_little_memory() {
    let lines = "2026-11-26T20:15:00.1Z [1/2 (50%) standard:acme]   Applying a.0001_x... OK\n".repeat(1_000);
    for (piece, cap) in [(vec![b'x'; MEGABYTE], 256), (lines.into_bytes(), 4)] {
        let (times, before) = (1024 * MEGABYTE / piece.len(), memory());
        let begun = Instant::now();
        let (read, _) = Keeper::of(&piece, times).read(limits(cap * MEGABYTE)).await;
        let log = read.unwrap();
        let (took, grown) = (begun.elapsed(), memory().saturating_sub(before));
        println!("{cap} MiB of a gigabyte in {took:?}, {} KiB more memory", grown / 1024);
        assert_eq!(log.trouble.as_deref(), Some(&*format!("it is longer than {cap} MiB, so its end was not read")));
        assert!(grown < 48 * MEGABYTE, "{grown} bytes more");
    }
}

#[tokio::test]
async fn a_log_that_stalls_or_breaks_off_is_read_as_far_as_it_came() {
    let patience = LogLimits { bytes: MEGABYTE, time: Duration::from_millis(500) };
    let (read, _) = Keeper { silent: true, ..Keeper::of(b"CommandError: no\n", 1) }.read(patience).await;
    let log = read.unwrap();
    assert_eq!(log.trouble.as_deref(), Some("it came too slowly, so its end was not read"));
    assert_eq!(log.tail, ["CommandError: no"]);
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n";
    let (read, _) = Keeper { head, ..Keeper::of(b"CommandError: no\n", 1) }.read(patience).await;
    let log = read.unwrap();
    assert!(log.trouble.as_deref().unwrap().starts_with("it broke off: "), "{log:?}");
    assert!(!format!("{log:?}").contains("a-secret-for-a-minute"));
}

#[tokio::test]
async fn what_is_packed_is_not_unpacked() {
    let zip = [b"PK\x03\x04\x14\0\0\0\x08\0".as_slice(), &[0; 2_000]].concat();
    let (read, _) = Keeper::of(&zip, 10).read(limits(MEGABYTE)).await;
    assert_eq!(read.unwrap().trouble.as_deref(), Some("it is an archive, and archives are not unpacked"));
    let head = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\nconnection: close\r\n\r\n";
    let (read, _) = Keeper { head, ..Keeper::of(&zip, 1) }.read(limits(MEGABYTE)).await;
    assert!(matches!(&read, Err(ForgeError::Unavailable(why)) if why.contains("packed")), "{read:?}");
}

#[tokio::test]
async fn a_second_redirect_and_a_strange_address_are_not_followed() {
    let head = "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\nconnection: close\r\n\r\n";
    let (read, _) = Keeper { head, ..Keeper::of(b"", 0) }.read(limits(MEGABYTE)).await;
    assert!(matches!(&read, Err(ForgeError::Unavailable(why)) if why.contains("302")), "{read:?}");
    for address in ["file:///etc/passwd", "/relative", ""] {
        let github = Server::start(move |_| Reply::empty(302).with("location", address)).await;
        let forge = super::forge(&github);
        let read = forge.job_log(&shop(), 7, &mut classifier().reader(true)).await;
        assert!(matches!(read, Err(ForgeError::Unavailable(_))), "{address}: {read:?}");
    }
}

#[tokio::test]
async fn a_log_that_is_not_there_yet_is_not_one_that_is_gone() {
    let ask = async |status| {
        let github = Server::start(move |_| Reply::json(status, serde_json::json!({"message": "no"}))).await;
        let mut reader = classifier().reader(true);
        super::forge(&github).job_log(&shop(), 7, &mut reader).await.map(|()| reader.finish().trouble)
    };
    assert!(matches!(ask(404).await, Err(ForgeError::NotFound(_))));
    assert_eq!(ask(410).await, Ok(Some("GitHub keeps it no longer".to_owned())));
    assert!(matches!(ask(403).await, Err(ForgeError::Forbidden(_))));
}

#[tokio::test]
async fn a_runner_that_was_lost_is_told_by_an_annotation_where_there_is_no_log() {
    let ask =
        async |message: &'static str, log: u16| {
            let github = Server::start(move |asked| match asked.path.contains("/check-runs/7/annotations") {
            true => Reply::json(200, serde_json::json!([
                {"annotation_level": "warning", "message": "The hosted runner lost communication with the server."},
                {"annotation_level": "failure", "message": message},
            ])),
            false => Reply::json(log, serde_json::json!({"message": "no"})),
        })
        .await;
            let mut reader = classifier().reader(true);
            super::forge(&github).job_log(&shop(), 7, &mut reader).await.map(|()| reader.finish())
        };
    let log = ask("The hosted runner lost communication with the server. Anything", 404).await.unwrap();
    assert_eq!((log.findings[0].rule.as_str(), log.trouble.as_deref()), ("runner_lost", Some("GitHub never got it")));
    let log = ask("The self-hosted runner: x lost communication with the server.", 410).await.unwrap();
    assert_eq!(
        (log.findings[0].rule.as_str(), log.trouble.as_deref()),
        ("runner_lost", Some("GitHub keeps it no longer"))
    );
    // What is no reason does not stand for a log that is still to come.
    assert!(matches!(ask("Process completed with exit code 1.", 404).await, Err(ForgeError::NotFound(_))));
}

/// Bytes of memory that this process holds.
fn memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<usize>().ok()).unwrap_or_default() * 1024
}
