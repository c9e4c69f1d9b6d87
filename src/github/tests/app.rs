//! A GitHub App holds a token per repository, with only the permissions needed, and renews it in time.

use std::sync::atomic::{AtomicUsize, Ordering};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use secrecy::SecretString;
use serde_json::{Value, json};
use signalbox_domain::{
    SignedDuration,
    ids::RepositoryName,
    ports::{Forge, ForgeError},
};

use super::{
    SetClock,
    server::{Reply, Seen, Server},
    settings, shop,
};
use crate::github::{Auth, GithubForge, IdentityFacts, SettingsError};

/// A key made for these tests; it opens nothing.
const KEY: &str = include_str!("app.pem");

fn connect(server: &Server, installation: Option<u64>, clock: std::sync::Arc<SetClock>) -> std::sync::Arc<GithubForge> {
    let mut settings = settings(server.url.clone());
    settings.auth = Auth::App { app_id: 7, private_key_pem: SecretString::from(KEY), installation };
    GithubForge::connect(&settings, clock).unwrap()
}

fn bearer(seen: &Seen) -> String {
    seen.headers["authorization"].to_str().unwrap().trim_start_matches("Bearer ").to_owned()
}

/// GitHub with one App; its tokens are `ghs_1`, `ghs_2`, … and only those of `valid` work.
async fn github(valid: impl Fn(&str) -> bool + Send + Sync + 'static) -> Server {
    let minted = AtomicUsize::new(0);
    Server::start(move |seen| match seen.path.as_str() {
        "/app" => Reply::json(200, json!({"slug": "signalbox", "permissions": {"actions": "write"}})),
        "/repos/acme/shop/installation" | "/repos/acme/web/installation" => Reply::json(200, json!({"id": 42})),
        "/app/installations/42/access_tokens" => {
            let token = format!("ghs_{}", minted.fetch_add(1, Ordering::Relaxed) + 1);
            Reply::json(201, json!({"token": token, "expires_at": "2026-11-23T11:00:00Z"}))
                .with("date", "Mon, 23 Nov 2026 10:00:00 GMT")
        }
        _ if valid(&bearer(seen)) => Reply::json(200, json!([])),
        _ => Reply::json(401, json!({"message": "Bad credentials"})),
    })
    .await
}

fn claims(jwt: &str) -> Value {
    let part = jwt.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[tokio::test]
async fn a_token_is_for_one_repository_and_only_what_is_needed() {
    let server = github(|token| token.starts_with("ghs_")).await;
    let forge = connect(&server, None, SetClock::new());
    forge.refs(&shop()).await.unwrap();
    forge.refs(&RepositoryName::parse("acme/web").unwrap()).await.unwrap();
    forge.refs(&shop()).await.unwrap();

    let seen = server.seen();
    assert_eq!(seen[0].path, "/repos/acme/shop/installation");
    assert_eq!(claims(&bearer(&seen[0]))["iss"], 7);
    let mints = seen.iter().filter(|seen| seen.method == "POST").map(|seen| seen.body.clone()).collect::<Vec<_>>();
    let permissions = json!({"actions": "write", "contents": "read", "metadata": "read"});
    assert_eq!(
        mints,
        [
            json!({"repositories": ["shop"], "permissions": permissions}),
            json!({"repositories": ["web"], "permissions": permissions}),
        ]
    );
    let used = |path: &str| seen.iter().filter(|seen| seen.path.starts_with(path)).map(bearer).collect::<Vec<_>>();
    assert_eq!(used("/repos/acme/shop/branches"), ["ghs_1", "ghs_1"]);
    assert_eq!(used("/repos/acme/web/branches"), ["ghs_2"]);
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends_and_after_it_was_refused() {
    let server = github(|token| token != "ghs_2").await;
    let clock = SetClock::new();
    let forge = connect(&server, Some(42), clock.clone());
    forge.refs(&shop()).await.unwrap();
    clock.advance(SignedDuration::from_mins(54));
    forge.refs(&shop()).await.unwrap();
    let mints = |server: &Server| server.seen().iter().filter(|seen| seen.method == "POST").count();
    assert_eq!(mints(&server), 1);
    clock.advance(SignedDuration::from_mins(2));
    forge.refs(&shop()).await.unwrap();
    assert_eq!(mints(&server), 3, "the second token was refused, so a third was asked for");
}

#[tokio::test]
async fn an_app_that_is_not_installed_is_said_to_be_so() {
    let server = Server::start(|_| Reply::not_found()).await;
    let read = connect(&server, None, SetClock::new()).refs(&shop()).await;
    assert_eq!(read, Err(ForgeError::Forbidden("the GitHub App 7 is not installed on acme/shop".into())));

    let no = json!({"message": "The permissions requested are not granted to this installation."});
    let server = Server::start(move |_| Reply::json(422, no.clone())).await;
    let read = connect(&server, Some(42), SetClock::new()).refs(&shop()).await;
    assert!(matches!(&read, Err(ForgeError::Forbidden(why)) if why.contains("not granted")), "{read:?}");
}

#[tokio::test]
async fn an_app_shows_as_its_bot() {
    let server = github(|_| true).await;
    let forge = connect(&server, None, SetClock::new());
    assert_eq!(forge.login().await, Ok("signalbox[bot]".into()));
    let permissions = [("actions".to_owned(), "write".to_owned())].into();
    assert_eq!(forge.identity().await, Ok(IdentityFacts::App { slug: "signalbox".into(), permissions }));
}

#[tokio::test]
async fn bad_settings_are_refused_before_anything_is_sent() {
    let with = |url: &str, auth: Auth| {
        let settings = crate::github::Settings { auth, ..settings(url.parse().unwrap()) };
        GithubForge::connect(&settings, SetClock::new()).err()
    };
    let token = |text: &str| Auth::Token(SecretString::from(text));
    let app = Auth::App { app_id: 7, private_key_pem: SecretString::from("none"), installation: None };
    assert!(matches!(with("https://api.github.com", app), Some(SettingsError::Key(_))));
    assert!(matches!(with("https://api.github.com", token("two\nlines")), Some(SettingsError::Token)));
    assert!(matches!(with("ftp://api.github.com", token("t")), Some(SettingsError::Url(_))));
    assert!(matches!(with("https://user@github.com", token("t")), Some(SettingsError::Url(_))));
    assert!(with("https://ghe.acme.example/api/v3", token("t\n")).is_none(), "a final line break is no part of it");
}
