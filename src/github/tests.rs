//! The adapter against a server that answers, and fails to answer, byte by byte as a test says.

mod app;
mod dispatching;
mod inspecting;
mod logs;
mod reading;
mod sandbox;
mod server;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::Timestamp;
use secrecy::SecretString;
use signalbox_domain::{SignedDuration, ids::RepositoryName, ports::Clock};
use url::Url;

use super::{Auth, GithubForge, LogLimits, Settings, Timeouts};

/// A clock that a test sets.
struct SetClock(Mutex<Timestamp>);

impl SetClock {
    fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new("2026-11-23T10:00:00Z".parse().unwrap())))
    }

    fn advance(&self, by: SignedDuration) {
        let mut now = self.0.lock().unwrap();
        *now = now.checked_add(by).unwrap();
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

fn settings(api_url: Url) -> Settings {
    let patience = Duration::from_secs(30);
    Settings {
        api_url,
        auth: Auth::Token(SecretString::from("github_pat_canary")),
        timeouts: Timeouts { connect: patience, read: patience, write: patience },
        logs: LogLimits::default(),
    }
}

fn forge(server: &server::Server) -> Arc<GithubForge> {
    GithubForge::connect(&settings(server.url.clone()), SetClock::new()).unwrap()
}

fn shop() -> RepositoryName {
    RepositoryName::parse("acme/shop").unwrap()
}
