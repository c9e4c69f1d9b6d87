//! The answer to `/health`.

use jiff::Timestamp;

use super::{Seen, Smoke, State, Watch};
use crate::{
    ids::EnvironmentName,
    text::{clip, plain},
};

/// Most characters of the answer
/// (<https://discord.com/developers/docs/resources/message#create-message>).
const LIMIT: usize = 2_000;
/// How many checks are named of each environment.
const CHECKS: usize = 6;

/// What is known of an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Which.
    pub environment: EnvironmentName,
    /// What was seen by and by.
    pub watch: Watch,
    /// What was seen right now, when somebody asked.
    pub fresh: Option<(Timestamp, Vec<Seen>)>,
    /// What the latest smoke showed.
    pub smoke: Option<Smoke>,
}

/// The answer. `looking`: the checks are being asked again, and another answer will follow.
#[must_use]
pub fn report(reports: &[Report], looking: bool) -> String {
    if reports.is_empty() {
        return "🩺 No environment has `[[environment.health]]` in `signalbox.toml`, so nothing is asked.".into();
    }
    let end = if looking { "\n🔎 Asking again now …" } else { "" };
    let mut text = String::new();
    for (n, one) in reports.iter().enumerate() {
        let lines = lines(one);
        let left_out = format!("\n… and {} more", reports.len() - n);
        if text.chars().count() + lines.chars().count() + left_out.chars().count() + end.chars().count() > LIMIT {
            text.push_str(&left_out);
            break;
        }
        text.push_str(&lines);
    }
    text.trim_start().to_owned() + end
}

fn lines(report: &Report) -> String {
    let Report { environment, watch, fresh, smoke } = report;
    let (at, seen) = match fresh {
        Some((at, seen)) => (Some(*at), seen),
        None => (watch.at(), &watch.seen),
    };
    let Some(at) = at else { return format!("\n⚪ **{environment}** was not looked at yet.") };
    let now = seen.iter().map(|seen| seen.state).max().unwrap_or(State::CannotTell);
    let held = watch.held.as_ref();
    let state = held.map_or(now, |held| held.state);
    let since = held.map_or_else(String::new, |held| format!(" since <t:{}:R>", held.since.as_second()));
    let mut text = format!("\n{} **{environment}** is {}{since}", state.emoji(), state.word());
    if now != state {
        text.push_str(&format!("; {} this time, which is too little to tell", now.word()));
    }
    if watch.looks.last().is_some_and(|look| look.maintenance) {
        text.push_str("; a deployment is at work, what is seen is not counted");
    }
    text.push_str(&format!(" · asked <t:{}:R>", at.as_second()));
    for seen in seen.iter().take(CHECKS) {
        text.push_str(&format!(
            "\n- {} {}: {}",
            seen.state.emoji(),
            plain(&clip(&seen.check, 80)),
            plain(&clip(&seen.says, 160))
        ));
    }
    if seen.len() > CHECKS {
        text.push_str(&format!("\n- … and {} more checks", seen.len() - CHECKS));
    }
    text + &history(watch) + &smoked(smoke.as_ref())
}

fn history(watch: &Watch) -> String {
    let (Some(first), true) = (watch.looks.first(), watch.looks.len() > 1) else { return String::new() };
    let good = watch.looks.iter().filter(|look| look.state == State::Up).count();
    let mut took: Vec<u32> = watch.looks.iter().filter_map(|look| look.latency).collect();
    took.sort_unstable();
    let at = |share: usize| took.get((took.len() * share / 100).min(took.len().saturating_sub(1)));
    let speed = match (at(50), at(95)) {
        (Some(median), Some(p95)) => format!("; half answer within {median} ms, 95 of 100 within {p95} ms"),
        _ => String::new(),
    };
    format!("\n- {good} of {} looks since <t:{}:t> were good{speed}", watch.looks.len(), first.at.as_second())
}

fn smoked(smoke: Option<&Smoke>) -> String {
    smoke.map_or_else(String::new, |smoke| {
        let (emoji, at) = (smoke.state().emoji(), smoke.at.as_second());
        format!("\n- {emoji} smoke <t:{at}:R>, in {} ms: {}", smoke.took, smoke.says())
    })
}
