//! Asks a running application whether it is well, and which commit it runs.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use reqwest::{Client, Response, StatusCode, header::HOST, redirect::Policy};
use serde_json::Value;
use signalbox_domain::{
    environment::HealthCheck,
    evidence::{Answer, Finding},
    ids::CommitSha,
    ports::Probe,
};

/// How long one question may take.
const DEADLINE: Duration = Duration::from_secs(5);
/// How much of an answer is read; a health answer is small.
const MOST: usize = 64 * 1024;

/// Asks over HTTP(S). Redirects are answers, not followed: a health address that moved is worth knowing.
#[derive(Debug, Clone)]
pub struct HttpProbe {
    client: Client,
}

impl HttpProbe {
    /// A probe that uses no proxy of its environment.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new() -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .user_agent(concat!("signalbox/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .no_proxy()
            .timeout(DEADLINE)
            .connect_timeout(DEADLINE)
            .build()?;
        Ok(Self { client })
    }

    async fn fetch(&self, check: &HealthCheck) -> Result<(Response, Duration), String> {
        let mut request = self.client.get(&check.url);
        if let Some(host) = &check.host {
            request = request.header(HOST, host);
        }
        let begun = Instant::now();
        let response = request.send().await.map_err(|error| cause(&error))?;
        Ok((response, begun.elapsed()))
    }
}

#[async_trait]
impl Probe for HttpProbe {
    async fn ask(&self, check: &HealthCheck, commit: &CommitSha) -> Finding {
        let (answer, says) = match self.fetch(check).await {
            Err(why) => (Answer::Unknown, format!("no answer: {why}")),
            Ok((response, took)) => {
                let status = response.status();
                let build = check.commit_header.as_ref().map(|name| (name, header(&response, name)));
                let body = if check.json.is_some() { Some(body(response).await) } else { None };
                judge(check, commit, &Heard { status, build, body, took })
            }
        };
        let check = format!("health {}", check.host.as_deref().unwrap_or(&check.url));
        Finding { check, answer, says, facts: vec![], may_change: true }
    }
}

/// What an application answered.
struct Heard<'a> {
    status: StatusCode,
    build: Option<(&'a String, Option<String>)>,
    body: Option<Result<Value, String>>,
    took: Duration,
}

fn judge(check: &HealthCheck, commit: &CommitSha, heard: &Heard<'_>) -> (Answer, String) {
    if heard.status.as_u16() != check.status {
        let hint = match heard.status {
            StatusCode::NOT_FOUND => ": with django-tenants an unknown Host is a 404, so look at `host` first",
            StatusCode::INTERNAL_SERVER_ERROR => ": often its database is out of reach",
            _ => "",
        };
        return (Answer::Fail, format!("answered {} instead of {}{hint}", heard.status.as_u16(), check.status));
    }
    if let (Some((pointer, wanted)), Some(body)) = (&check.json, &heard.body) {
        match body {
            Err(why) => return (Answer::Fail, format!("its body cannot be read: {why}")),
            Ok(body) => match body.pointer(pointer) {
                None => return (Answer::Fail, format!("its body has no {pointer}")),
                Some(found) if text(found) != *wanted => {
                    return (Answer::Fail, format!("{pointer} is {}, not {wanted}", clipped(&text(found))));
                }
                Some(_) => {}
            },
        }
    }
    match &heard.build {
        Some((name, None)) => return (Answer::Fail, format!("it does not say which commit it runs (no {name})")),
        Some((_, Some(build))) if !names(build, commit) => {
            return (Answer::Fail, format!("it still runs {}, not {}", clipped(build), commit.short()));
        }
        _ => {}
    }
    let latency = heard.took.as_millis();
    let limit = check.max_latency.as_millis();
    if i128::try_from(latency).is_ok_and(|latency| latency > limit) {
        return (Answer::Warn, format!("healthy, but slow: {latency} ms, more than {limit} ms"));
    }
    let build = if heard.build.is_some() { format!(", runs {}", commit.short()) } else { String::new() };
    (Answer::Pass, format!("healthy in {latency} ms{build}"))
}

/// Builds name their commit whole or by a beginning of at least seven digits.
fn names(build: &str, commit: &CommitSha) -> bool {
    let build = build.trim();
    build.len() >= 7 && commit.as_str().starts_with(&build.to_ascii_lowercase())
}

fn header(response: &Response, name: &str) -> Option<String> {
    response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

async fn body(mut response: Response) -> Result<Value, String> {
    let mut read = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| cause(&error))? {
        read.extend_from_slice(&chunk);
        if read.len() > MOST {
            return Err(format!("it is longer than {MOST} bytes"));
        }
    }
    serde_json::from_slice(&read).map_err(|_| "it is not JSON".to_owned())
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn clipped(text: &str) -> String {
    signalbox_domain::text::clip(text, 60)
}

/// The innermost cause, which is what a person can act on ("connection refused").
fn cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("it took longer than {} s", DEADLINE.as_secs());
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use signalbox_domain::SignedDuration;

    use super::*;

    fn check() -> HealthCheck {
        HealthCheck {
            url: "http://127.0.0.1/".into(),
            host: None,
            status: 200,
            json: Some(("/database".into(), "healthy".into())),
            commit_header: Some("x-build-sha".into()),
            max_latency: SignedDuration::from_secs(1),
        }
    }

    fn said(status: u16, body: Result<Value, String>, build: Option<&str>, took: u64) -> (Answer, String) {
        let commit = CommitSha::parse(&"ab12cd3".repeat(6)[..40]).unwrap();
        let name = "x-build-sha".to_owned();
        let heard = Heard {
            status: StatusCode::from_u16(status).unwrap(),
            build: Some((&name, build.map(str::to_owned))),
            body: Some(body),
            took: Duration::from_millis(took),
        };
        judge(&check(), &commit, &heard)
    }

    #[test]
    fn each_way_to_be_unwell_has_its_sentence() {
        let good = || Ok(serde_json::json!({"database": "healthy"}));
        let bad = Ok(serde_json::json!({"database": "down"}));
        assert_eq!(said(200, good(), Some("ab12cd3"), 12), (Answer::Pass, "healthy in 12 ms, runs ab12cd3".into()));
        assert_eq!(said(200, good(), Some("ab12cd3"), 1200).0, Answer::Warn);
        assert_eq!(said(200, bad, Some("ab12cd3"), 1), (Answer::Fail, "/database is down, not healthy".into()));
        assert_eq!(said(200, good(), Some("fffffff"), 1), (Answer::Fail, "it still runs fffffff, not ab12cd3".into()));
        assert_eq!(said(200, good(), Some("ab"), 1).0, Answer::Fail, "two digits name no commit");
        assert!(said(200, good(), None, 1).1.contains("does not say"));
        assert!(said(404, good(), None, 1).1.contains("`host`"));
        assert!(said(200, Err("it is not JSON".into()), None, 1).1.contains("not JSON"));
    }
}
