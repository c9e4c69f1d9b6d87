//! What `/doctor` says.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::{Cause, Checkup, Gap, Kind, Level, Levels};
use crate::{
    ids::RepositoryName,
    text::{clip, counted, duration, plain},
};

/// Most characters of the answer
/// (<https://discord.com/developers/docs/resources/message#create-message>).
const LIMIT: usize = 2_000;
/// How many gaps and firings are named.
const NAMED: usize = 3;

/// The answer to `/doctor`.
#[must_use]
pub fn checkup(of: &Checkup) -> String {
    let parts = [head(of), watched(of), heard(of), next(of), github(of), gaps(of), levels(&of.pulse.levels, of.now)];
    clip(&parts.join("\n"), LIMIT)
}

fn ago(at: Timestamp) -> String {
    format!("<t:{}:R>", at.as_second())
}

fn head(of: &Checkup) -> String {
    let alerts = match of.alerts {
        0 => "no alert open".to_owned(),
        count => format!("{} open: `/alerts`", counted(count as u64, "alert")),
    };
    let active = counted(of.active as u64, "deployment");
    format!("🩺 **Signalbox** has been watching since {} · {active} at work · {alerts}", ago(of.since))
}

fn watched(of: &Checkup) -> String {
    let names: Vec<String> = of.line.iter().map(|one| format!("`{}`", one.name)).collect();
    let mut workflows: BTreeMap<&RepositoryName, BTreeSet<String>> = BTreeMap::new();
    for one in of.line.iter() {
        workflows.entry(&one.repository).or_default().insert(format!("`{}`", one.workflow));
    }
    let runs = workflows.into_iter().map(|(repository, workflows)| {
        let workflows = workflows.into_iter().collect::<Vec<_>>().join(", ");
        format!("{workflows} in {}", plain(repository.as_str()))
    });
    let runs = clip(&runs.collect::<Vec<_>>().join("; "), 300);
    format!("👁️ **Watched** {}: runs of {runs}", clip(&names.join(" → "), 300))
}

fn heard(of: &Checkup) -> String {
    let last = Kind::ALL.into_iter().filter_map(|kind| Some((kind, *of.pulse.heard.get(&kind)?)));
    let last: Vec<String> = last.map(|(kind, at)| format!("{} {}", kind.says(), ago(at))).collect();
    let never: Vec<&str> =
        Kind::ALL.into_iter().filter(|kind| !of.pulse.heard.contains_key(kind)).map(Kind::says).collect();
    let never = if never.is_empty() { String::new() } else { format!("never yet {}", never.join(", ")) };
    let all: Vec<String> = last.into_iter().chain((!never.is_empty()).then_some(never)).collect();
    format!("👂 **Heard last** {}", all.join(" · "))
}

fn next(of: &Checkup) -> String {
    if of.next.is_empty() {
        return "🗓️ **Next** nothing is scheduled".into();
    }
    let soonest = of.next.iter().take(NAMED).map(|(name, work, at)| {
        let called = if name == work.word() { String::new() } else { format!(" ({})", work.word()) };
        format!("{}{called} {}", plain(name), ago(*at))
    });
    let soonest = soonest.collect::<Vec<_>>().join(" · ");
    let more = of.next.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!(" · {more} more: `/schedule`") };
    format!("🗓️ **Next** {soonest}{more}")
}

fn github(of: &Checkup) -> String {
    let says = match &of.budget {
        None => "has not said yet how much it takes".into(),
        // What it said is over by now.
        Some(budget) if budget.reset <= of.now => {
            format!("takes {} requests an hour, none sent this hour", budget.limit)
        }
        Some(budget) => {
            let mark = if budget.remaining < budget.limit / 5 { "⚠️ " } else { "" };
            format!(
                "{mark}takes {} more of {} requests until <t:{}:t>",
                budget.remaining,
                budget.limit,
                budget.reset.as_second()
            )
        }
    };
    format!("🐙 **GitHub** {says}")
}

fn gaps(of: &Checkup) -> String {
    let total = of.pulse.gaps.len();
    let mut text = match total {
        0 => "🔌 **Gaps** none that is known".to_owned(),
        1 => "🔌 **Gaps** 1".to_owned(),
        _ => format!("🔌 **Gaps** the latest {total}"),
    };
    for gap in of.pulse.gaps.iter().rev().take(NAMED) {
        text.push_str(&format!("\n- {}", line(gap)));
    }
    if total > NAMED {
        text.push_str(&format!("\n- … and {} before", total - NAMED));
    }
    text
}

fn line(gap: &Gap) -> String {
    let lasted = gap.from.map_or_else(String::new, |from| {
        let length = duration(gap.until.duration_since(from));
        match gap.cause {
            Cause::Away | Cause::Store => format!(" after {length}"),
            Cause::Unreadable => format!(", again and again for {length}"),
            Cause::Session | Cause::Undelivered => format!(", {length} after the event before"),
        }
    });
    let (what, noun) = match gap.cause {
        Cause::Away => ("Signalbox was back", "deployment or alert"),
        Cause::Session => ("Discord began a new session", "deployment or alert"),
        Cause::Unreadable => ("Discord sent something unreadable", "deployment or alert"),
        Cause::Undelivered => ("GitHub could not deliver webhooks", "event"),
        Cause::Store => ("Signalbox's own store answered again", "deployment or alert"),
    };
    let again = match (gap.again, gap.cause) {
        (0, _) => "nothing was at work".to_owned(),
        (count, Cause::Undelivered) => format!("{} made up for", counted(count.into(), noun)),
        (1, _) => format!("1 {noun} read again"),
        (count, _) => format!("{count} deployments and alerts read again"),
    };
    format!("{what} {}{lasted}: {again}", ago(gap.until))
}

fn levels(levels: &Levels, now: Timestamp) -> String {
    let mut text = "⏱️ **How quick** over seven days, half within / 95 of 100 within".to_owned();
    for level in Level::ALL {
        let says = match levels.week(level, now) {
            None => "nothing yet".to_owned(),
            Some(q) => format!("{} / {} of {}", short(q.p50), short(q.p95), q.count),
        };
        text.push_str(&format!("\n- {}: {says}", level.says()));
    }
    text
}

/// `21 ms`, `1.4 s`, `2 min 05 s`.
#[must_use]
pub fn short(took: SignedDuration) -> String {
    match took.as_millis() {
        ms @ 0..1_000 => format!("{ms} ms"),
        ms @ 1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        _ => duration(took),
    }
}
