//! Real servers on real sockets that are well, slow, gone, lost, or up to no good.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::serve::Listener as _;
use signalbox_domain::{
    health::{Seen, State, seen},
    ports::Clock,
};
use signalbox_sandbox::tls::{Identity, TlsListener};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
};

use super::*;
use crate::clock::SystemClock;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";

/// Reads a request and writes this, again and again where it is to have no end.
async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, says: &[u8], times: usize) {
    let mut read = vec![0; 4096];
    let _ = stream.read(&mut read).await;
    for _ in 0..times {
        if stream.write_all(says).await.is_err() {
            return;
        }
    }
    let _ = stream.shutdown().await;
}

/// A server that answers so; its address.
async fn server(says: impl Into<Vec<u8>>, times: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, says) = (listener.local_addr().unwrap(), Arc::new(says.into()));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let says = says.clone();
            tokio::spawn(async move { answer(stream, &says, times).await });
        }
    });
    address
}

/// The same over TLS, with this certificate.
async fn secure(identity: &Identity) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut listener = TlsListener::new(listener, identity).unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await;
            tokio::spawn(answer(stream, OK.as_bytes(), 1));
        }
    });
    address
}

fn redirect(to: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

fn here(url: &str) -> HealthCheck {
    HealthCheck { allow_private: true, ..HealthCheck::of(url) }
}

async fn look(check: &HealthCheck) -> Seen {
    let probe = HttpProbe::new().unwrap();
    seen(check, &probe.ask(check).await, SystemClock.now())
}

/// What a look at a server says, without its port.
async fn said(check: &HealthCheck) -> (State, String) {
    let seen = look(check).await;
    let port = Url::parse(&check.url).unwrap().port();
    let says = port.map_or_else(|| seen.says.clone(), |port| seen.says.replace(&format!(":{port}"), ":PORT"));
    (seen.state, says)
}

#[tokio::test]
async fn an_application_that_is_well_is_up_and_one_that_is_gone_is_down() {
    let address = server(OK, 1).await;
    let up = look(&here(&format!("http://{address}/health/?deep=1"))).await;
    assert_eq!(up.state, State::Up, "{}", up.says);
    assert!(up.latency.is_some() && up.says.starts_with("healthy in "), "{}", up.says);
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (state, says) = said(&here(&format!("http://{gone}/"))).await;
    assert!(state == State::Down && says.starts_with("no connection: Connection refused"), "{says}");
    for (head, state, says) in [
        ("503 Service Unavailable", State::Down, "answered 503 instead of 200: what stands before the application"),
        (
            "404 Not Found",
            State::WrongHost,
            "answered 404 instead of 200: with django-tenants an unknown Host is a 404",
        ),
        ("400 Bad Request", State::WrongHost, "ALLOWED_HOSTS"),
    ] {
        let address = server(format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"), 1).await;
        let told = said(&here(&format!("http://{address}/"))).await;
        assert!(told.0 == state && told.1.contains(says), "{told:?}");
    }
    let address = server("SSH-2.0-OpenSSH_9.9\r\n", 1).await;
    let (state, says) = said(&here(&format!("http://{address}/"))).await;
    assert!(state == State::Down && says.starts_with("no answer: "), "{says}");
}

#[tokio::test]
async fn a_server_that_never_answers_is_down_after_five_seconds() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    assert_eq!(said(&here(&url)).await, (State::Down, "no answer within 5 s".into()));
}

#[tokio::test]
async fn a_body_without_an_end_is_cut_by_time_and_a_huge_one_by_size() {
    let head = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
    let huge = [head.as_bytes(), &vec![b'x'; 1024 * 1024]].concat();
    let begun = Instant::now();
    let (state, says) = said(&here(&format!("http://{}/", server(huge.clone(), 100).await))).await;
    assert_eq!(
        (state, says.as_str()),
        (State::Degraded, "answered 200, but its body is odd: it is longer than 1024 KiB and was cut")
    );
    assert!(begun.elapsed() < Duration::from_secs(4), "100 MiB are not read to their end");
    let json = Some(("/database".into(), "healthy".into()));
    let wanted = HealthCheck { json, ..here(&format!("http://{}/", server(huge, 100).await)) };
    let (state, says) = said(&wanted).await;
    assert_eq!(
        (state, says.as_str()),
        (State::Down, "its body cannot be read: it is longer than 1024 KiB and was cut")
    );

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.write_all(head.as_bytes()).await;
        let mut pace = tokio::time::interval(Duration::from_millis(50));
        while stream.write_all(b".").await.is_ok() {
            pace.tick().await;
        }
    });
    let (state, says) = said(&here(&url)).await;
    assert_eq!(
        (state, says.as_str()),
        (State::Degraded, "answered 200, but its body is odd: it did not end within 5 s and was cut")
    );
}

#[tokio::test]
async fn what_only_this_machine_can_reach_is_not_asked_however_one_gets_there() {
    let address = server(OK, 1).await;
    let port = address.port();
    for (url, says) in [
        (format!("http://{address}/"), "not asked: it is at 127.0.0.1 (loopback); `allow_private = true` allows it"),
        (format!("http://localhost:{port}/"), "not asked: it is at localhost, which is "),
        (format!("http://[::ffff:127.0.0.1]:{port}/"), "(loopback)"),
        (format!("http://2130706433:{port}/"), "127.0.0.1 (loopback)"),
        (
            "http://169.254.169.254/latest/meta-data/".into(),
            "169.254.169.254 (link-local, where clouds serve credentials)",
        ),
        ("http://[fd00:ec2::254]/".into(), "(reserved, where clouds serve metadata)"),
    ] {
        let (state, told) = said(&HealthCheck::of(&url)).await;
        assert!(state == State::CannotTell && told.contains(says), "{url}: {told}");
    }
    // What is never asked is not asked where private addresses are either, nor after a redirect.
    for to in ["http://169.254.169.254/latest/", "http://[::ffff:a9fe:a9fe]/", "ftp://example.com/"] {
        let way = server(redirect(to), 1).await;
        let check = HealthCheck { redirects: 3, ..here(&format!("http://{way}/")) };
        let (state, told) = said(&check).await;
        assert_eq!(state, State::CannotTell, "{told}");
        assert!(told.contains("it redirects to") || told.contains("no address of HTTP"), "{told}");
    }
}

#[tokio::test]
async fn redirects_are_followed_as_far_as_is_said() {
    let end = server(OK, 1).await;
    let one = server(redirect(&format!("http://{end}/login")), 1).await;
    let two = server(redirect(&format!("http://{one}/")), 1).await;
    let check = |redirects| HealthCheck { redirects, ..here(&format!("http://{two}/")) };
    let (state, told) = said(&check(0)).await;
    assert!(state == State::WrongHost && told.contains(&format!("it redirects to http://{one}/")), "{told}");
    let (state, told) = said(&check(1)).await;
    assert_eq!((state, told), (State::WrongHost, format!("redirects again after 1 redirects, to http://{end}/login")));
    assert_eq!(look(&check(2)).await.state, State::Up);
    // In a circle.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let says = redirect(&url);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            answer(stream, says.as_bytes(), 1).await;
        }
    });
    let (state, told) = said(&HealthCheck { redirects: 10, ..here(&url) }).await;
    assert!(state == State::WrongHost && told.starts_with("redirects again after 10 redirects"), "{told}");
}

#[tokio::test]
async fn a_certificate_says_until_when_or_why_not() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let trusted = |identity: &Identity, name: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, &identity.ca_pem).unwrap();
        Some(file)
    };
    let day = SystemClock.now().strftime("%Y").to_string();
    let good = Identity::for_host("localhost").unwrap();
    let at = |address: SocketAddr| format!("https://localhost:{}/", address.port());
    let address = secure(&good).await;
    let check = HealthCheck { ca_file: trusted(&good, "good.pem"), ..here(&at(address)) };
    let Heard::Reply(reply) = HttpProbe::new().unwrap().ask(&check).await else { panic!("no reply") };
    assert!(reply.certificate_ends.unwrap() > SystemClock.now(), "{reply:?}");
    assert_eq!(look(&check).await.state, State::Up);
    assert_eq!(
        said(&here(&at(address))).await,
        (State::Down, "its certificate is from an authority that is not trusted; `ca_file` names one".into())
    );
    let other = HealthCheck { url: format!("https://127.0.0.1:{}/", address.port()), ..check.clone() };
    assert_eq!(said(&other).await, (State::WrongHost, "its certificate is for another name than 127.0.0.1".into()));

    let now = Duration::from_secs(SystemClock.now().as_second().unsigned_abs());
    let ending = Identity::valid_until("localhost", now + Duration::from_secs(3 * 24 * 3600 + 600)).unwrap();
    let check = HealthCheck { ca_file: trusted(&ending, "ending.pem"), ..here(&at(secure(&ending).await)) };
    assert_eq!(said(&check).await, (State::Degraded, "healthy, but its certificate ends in 3 days".into()));
    let ended = Identity::valid_until("localhost", now - Duration::from_secs(3600)).unwrap();
    let check = HealthCheck { ca_file: trusted(&ended, "ended.pem"), ..here(&at(secure(&ended).await)) };
    let (state, says) = said(&check).await;
    assert!(state == State::Down && says.starts_with(&format!("its certificate has expired on {day}")), "{says}");
    let own = Identity::self_signed("localhost").unwrap();
    let (state, says) = said(&here(&at(secure(&own).await))).await;
    assert_eq!((state, says.as_str()), (State::Down, "its certificate is self-signed: nobody vouches for it"));
    let plain = server(OK, 1).await;
    let (state, says) = said(&here(&format!("https://localhost:{}/", plain.port()))).await;
    assert!(state == State::Down && says.starts_with("no TLS: "), "{says}");
}

#[tokio::test]
async fn a_name_that_nobody_knows_is_told_apart_from_an_outage() {
    let (state, says) = said(&HealthCheck::of("http://no-such-name.invalid/")).await;
    assert!(
        state == State::CannotTell && says.starts_with("the name service does not know no-such-name.invalid"),
        "{says}"
    );
}
