//! What an answer makes of an application.

use jiff::Timestamp;
use serde_json::Value;

use super::{BadCertificate, Heard, Reply, Seen, Silence, State};
use crate::{
    environment::HealthCheck,
    evidence::{Answer, Finding},
    ids::CommitSha,
    text::clip,
};

/// What a check showed, whatever commit runs.
#[must_use]
pub fn seen(check: &HealthCheck, heard: &Heard, now: Timestamp) -> Seen {
    let (state, says) = judge(check, None, heard, now);
    let latency = match heard {
        Heard::Reply(reply) => Some(reply.took),
        Heard::Nothing(_) => None,
    };
    Seen { check: check.title(), state, says, latency }
}

/// What a check proves of a commit that was deployed. No answer proves nothing; `None`: whichever commit runs.
#[must_use]
pub fn finding(check: &HealthCheck, commit: Option<&CommitSha>, heard: &Heard, now: Timestamp) -> Finding {
    let (state, says) = judge(check, commit, heard, now);
    let answer = match (heard, state) {
        (Heard::Nothing(_), _) | (_, State::CannotTell) => Answer::Unknown,
        (_, State::Up) => Answer::Pass,
        (_, State::Degraded) => Answer::Warn,
        (_, State::WrongHost | State::Down) => Answer::Fail,
    };
    let says =
        if answer == Answer::Unknown && !says.starts_with("no answer") { format!("no answer: {says}") } else { says };
    Finding { check: check.title(), answer, says, facts: vec![], may_change: true }
}

fn judge(check: &HealthCheck, commit: Option<&CommitSha>, heard: &Heard, now: Timestamp) -> (State, String) {
    match heard {
        Heard::Reply(reply) => of_reply(check, commit, reply, now),
        Heard::Nothing(silence) => (of_silence(silence), silence.says()),
    }
}

fn of_silence(silence: &Silence) -> State {
    match silence {
        Silence::NoUrl(_) | Silence::NoName { .. } | Silence::Forbidden { .. } => State::CannotTell,
        Silence::Certificate(BadCertificate::OtherName(_)) | Silence::TooManyRedirects { .. } => State::WrongHost,
        Silence::NoConnection { .. }
        | Silence::Certificate(_)
        | Silence::NoTls(_)
        | Silence::TooSlow { .. }
        | Silence::Broken(_) => State::Down,
    }
}

fn of_reply(check: &HealthCheck, commit: Option<&CommitSha>, reply: &Reply, now: Timestamp) -> (State, String) {
    if reply.status != check.status {
        return of_status(check, reply);
    }
    if let Some((pointer, wanted)) = &check.json {
        let body = reply.body.as_ref().map_err(|bad| bad.says());
        let read = body.and_then(|text| serde_json::from_str::<Value>(text).map_err(|_| "it is not JSON".into()));
        match read {
            Err(why) => return (State::Down, format!("its body cannot be read: {why}")),
            Ok(body) => match body.pointer(pointer) {
                None => return (State::Down, format!("its body has no {pointer}")),
                Some(found) if text(found) != *wanted => {
                    return (State::Down, format!("{pointer} is {}, not {wanted}", clipped(&text(found))));
                }
                Some(_) => {}
            },
        }
    }
    let runs = match (commit, &check.commit_header, &reply.commit) {
        (Some(_), Some(name), None) => {
            return (State::Down, format!("it does not say which commit it runs (no {name})"));
        }
        (Some(commit), Some(_), Some(build)) if !names(build, commit) => {
            return (State::Down, format!("it still runs {}, not {}", clipped(build), commit.short()));
        }
        (Some(commit), Some(_), Some(_)) => format!(", runs {}", commit.short()),
        _ => String::new(),
    };
    let limit = check.max_latency.as_millis();
    if i128::from(reply.took) > limit {
        return (State::Degraded, format!("healthy, but slow: {} ms, more than {limit} ms", reply.took));
    }
    if let Some(days) = reply.certificate_ends.map(|at| at.duration_since(now).as_hours() / 24)
        && days < check.certificate_days
    {
        return (State::Degraded, format!("healthy, but its certificate ends in {days} days"));
    }
    match &reply.body {
        Err(bad) => (State::Degraded, format!("answered {}, but its body is odd: {}", reply.status, bad.says())),
        Ok(_) => (State::Up, format!("healthy in {} ms{runs}", reply.took)),
    }
}

/// Another status than the one that was wanted.
fn of_status(check: &HealthCheck, reply: &Reply) -> (State, String) {
    let answered = format!("answered {} instead of {}", reply.status, check.status);
    match (reply.status, &reply.location) {
        (300..=399, Some(to)) => {
            let more = format!("{answered}: it redirects to {}; `redirects` says how many are followed", clip(to, 100));
            (State::WrongHost, more)
        }
        (404, _) => (
            State::WrongHost,
            format!("{answered}: with django-tenants an unknown Host is a 404, so look at `host` first"),
        ),
        (400, _) => (State::WrongHost, format!("{answered}: Django says so to a Host that is not in ALLOWED_HOSTS")),
        (421, _) => (State::WrongHost, format!("{answered}: what answers is not responsible for this name")),
        (500, _) => (State::Down, format!("{answered}: often its database is out of reach")),
        (502..=504, _) => (State::Down, format!("{answered}: what stands before the application does not reach it")),
        _ => (State::Down, answered),
    }
}

/// Builds name their commit whole or by a beginning of at least seven digits.
#[must_use]
pub fn names(build: &str, commit: &CommitSha) -> bool {
    let build = build.trim();
    build.len() >= 7 && commit.as_str().starts_with(&build.to_ascii_lowercase())
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn clipped(text: &str) -> String {
    clip(text, 60)
}
