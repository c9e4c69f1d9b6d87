//! What is said of schedules.

use jiff::Timestamp;

use super::{Schedule, Standing};
use crate::{
    evidence::Answer,
    text::{clip, code, plain},
};

/// Most characters of the answer
/// (<https://discord.com/developers/docs/resources/message#create-message>).
const LIMIT: usize = 2_000;
/// How many firings are named.
const NEXT: usize = 3;

/// The answer to `/schedule`. Whole schedules are left out where they do not fit, never parts of one.
#[must_use]
pub fn schedules(all: &[(Schedule, Option<Standing>)], now: Timestamp) -> String {
    if all.is_empty() {
        return "🗓️ Nothing is scheduled: no environment has anything to look after. \
                `[[environment.health]]` in `signalbox.toml` is a start."
            .into();
    }
    let mut text = String::from("🗓️ What Signalbox does by itself:");
    for (n, (schedule, standing)) in all.iter().enumerate() {
        let lines = lines(schedule, standing.as_ref(), now);
        let left_out = format!("\n… and {} more", all.len() - n);
        if text.chars().count() + lines.chars().count() + left_out.chars().count() > LIMIT {
            return text + &left_out;
        }
        text.push_str(&lines);
    }
    text
}

fn lines(schedule: &Schedule, standing: Option<&Standing>, now: Timestamp) -> String {
    let name =
        if schedule.name == schedule.work.word() { String::new() } else { format!(" ({})", schedule.work.word()) };
    let places = schedule.environments.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let of = if places.is_empty() { String::new() } else { format!(" of {places}") };
    let at_work = standing.and_then(|standing| standing.leased_until).is_some_and(|until| until > now);
    let begun = if at_work { " · at work now" } else { "" };
    format!(
        "\n**{}**{name}{of}: {} {}{begun}\n- next {}\n- {}",
        plain(&schedule.name),
        code(schedule.minutes.as_str()),
        schedule.zone.iana_name().unwrap_or("UTC"),
        next(schedule, standing, now),
        last(standing)
    )
}

fn next(schedule: &Schedule, standing: Option<&Standing>, now: Timestamp) -> String {
    let planned = standing.map(|standing| standing.due);
    let missed = planned.filter(|due| *due <= now).map(|_| "at once".to_owned());
    let firings = schedule.next_firings(now, NEXT);
    let at = firings.iter().enumerate().map(|(n, at)| {
        // The first also says how long that is.
        let (seconds, also) =
            (at.as_second(), if n == 0 { format!(" (<t:{}:R>)", at.as_second()) } else { String::new() });
        format!("<t:{seconds}:f>{also}")
    });
    missed.into_iter().chain(at).take(NEXT).collect::<Vec<_>>().join(", ")
}

fn last(standing: Option<&Standing>) -> String {
    let Some(ran) = standing.and_then(|standing| standing.last.as_ref()) else { return "not done yet".into() };
    let mark = match ran.outcome.answer {
        Answer::Pass => "🟢",
        Answer::Warn => "🟡",
        Answer::Unknown => "⚪",
        Answer::Fail => "🔴",
    };
    let took = ran.ended.duration_since(ran.began).as_millis();
    format!("last {mark} <t:{}:R>, in {took} ms: {}", ran.began.as_second(), clip(&ran.outcome.says, 300))
}
