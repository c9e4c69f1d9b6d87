//! A day and a week in words.

use std::fmt::Write as _;

use jiff::{Timestamp, tz::TimeZone};

use super::{Alerts, Lengths, Open, Period, Stage, Summary};
use crate::{
    alert,
    history::{Chart, Plot, Rate},
    text::{clip, duration, plain},
};

/// Most characters that lists may fill, so that what follows them has room.
const LIMIT: usize = 1_400;
/// Most characters of a message.
const MESSAGE: usize = 1_990;
/// Most lines of a list.
const LINES: usize = 8;
/// Most names of environments in a heading.
const NAMES: usize = 5;

/// The weekly report.
#[must_use]
pub fn weekly(week: &Summary, zone: &TimeZone) -> String {
    let mut text = format!("📊 **Week of {}**{}", span(week.period, zone), only(week));
    if week.stages.is_empty() {
        text.push_str("\nNothing was deployed.");
    }
    for stage in &week.stages {
        let _ = write!(text, "\n{}", self::stage(stage));
    }
    list(&mut text, "🚧 **Past Signalbox** (started elsewhere, and no gate held them)", &week.ungated, |run| {
        let who = plain(&clip(&run.actor, 40));
        format!("deployment {} `{}` to `{}` by {who} at GitHub", run.deployment, run.commit.short(), run.environment)
    });
    list(&mut text, "🧨 **Past their gate**", &week.glass, |glass| {
        let reason = plain(&clip(&glass.reason, 80));
        let found = match &glass.found {
            Some(found) => format!("looked after: {}", plain(&clip(found, 80))),
            None => format!("⚠️ nobody has looked after it: `/breakglass close {}`", glass.deployment),
        };
        format!("deployment {} to `{}`: {reason}. {found}", glass.deployment, glass.environment)
    });
    if let Some(signing) = week.signing {
        let signatures = counted(signing.count, "signature");
        let _ = write!(text, "\n✍️ {signatures}, {}", lengths(signing));
    }
    let _ = write!(text, "\n🔔 {}", alerts(&week.alerts));
    clip(&text, MESSAGE)
}

/// The picture of a week: every run that began, by how it ended. `None` of fewer than two.
#[must_use]
pub fn weekly_chart(week: &Summary, zone: &TimeZone) -> Option<Chart> {
    let mut points: Vec<_> = week.stages.iter().flat_map(|stage| stage.points.iter().copied()).collect();
    points.sort_by_key(|point| point.at);
    if points.len() < 2 {
        return None;
    }
    let bad = points.iter().filter(|point| point.outcome.is_bad()).count();
    let longest = points.iter().map(|point| point.took).max()?;
    let description = format!(
        "{} with their durations, the longest {}, {bad} of them failed or untrue",
        counted(points.len(), "deployment"),
        duration(longest)
    );
    let title = format!("Deployments, {}", span(week.period, zone));
    Some(Chart {
        name: "week.png".into(),
        title,
        description,
        plot: Plot::Durations { points, median: None, lines: vec![] },
    })
}

/// The daily digest: what is open, and what happened.
#[must_use]
pub fn digest(day: &Summary, open: &Open, now: Timestamp, zone: &TimeZone) -> String {
    let mut text = format!("🗞️ **{}**{}", now.to_zoned(zone.clone()).strftime("%A, %-d %B %Y"), only(day));
    if open.is_nothing() {
        text.push_str("\n🟢 Nothing is open.");
    }
    list(&mut text, "🔔 **Open alerts**", &open.alerts, |record| alert::line(record, now));
    list(&mut text, "🚨 **Open incidents**", &open.incidents, |incident| incident.line(now));
    list(&mut text, "🚦 **Not over**", &open.deployments, |d| {
        let since = d.requested_at.as_second();
        format!("deployment {} `{}` to `{}`: {} · <t:{since}:R>", d.id, d.commit.short(), d.environment, d.state.word())
    });
    list(&mut text, "🧨 **Past their gate, and nobody has looked after it**", &open.glass, |d| {
        format!("deployment {} to `{}`: `/breakglass close {}`", d.id, d.environment, d.id)
    });
    list(&mut text, "🔒 **Locks**", &open.locks, |lock| format!("`{}` {}", lock.reach, lock.says()));
    text.push_str("\n**Since yesterday**");
    if day.stages.is_empty() {
        text.push_str("\nNothing was deployed.");
    }
    for stage in &day.stages {
        let _ = write!(text, "\n{}", self::stage(stage));
    }
    let _ = write!(text, "\n🔔 {}", alerts(&day.alerts));
    clip(&text, MESSAGE)
}

/// What a report is about, unless it is about everything: "nothing is open" would else be said of what it leaves out.
fn only(summary: &Summary) -> String {
    if summary.only.is_empty() {
        return String::new();
    }
    let names: Vec<String> = summary.only.iter().take(NAMES).map(|name| format!("`{name}`")).collect();
    let more = match summary.only.len().saturating_sub(NAMES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(" · only {}{more}", names.join(", "))
}

fn stage(stage: &Stage) -> String {
    let Rate { good, bad, unproven, cancelled } = stage.rate;
    let total = good + bad + unproven + cancelled + stage.never_began;
    let percent = stage.rate.percent().map(|percent| format!(", {percent} % went well")).unwrap_or_default();
    let parts = [
        (good, "✅", "true"),
        (bad, "❌", "failed or untrue"),
        (unproven, "❔", "unproven"),
        (cancelled, "⏹️", "cancelled"),
        (stage.never_began, "🚫", "never began"),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, mark, word)| format!("{mark} {count} {word}"))
        .collect();
    let took = stage.durations.map(|found| format!(" · {}", lengths(found))).unwrap_or_default();
    format!("**{}** {}{percent}: {}{took}", stage.environment, counted(total, "deployment"), parts.join(", "))
}

fn lengths(found: Lengths) -> String {
    format!("half within {}, nine of ten within {}", duration(found.median), duration(found.p90))
}

fn alerts(alerts: &Alerts) -> String {
    let opened: usize = alerts.opened.iter().map(|(_, count)| count).sum();
    if opened == 0 {
        return format!("No alert was opened; {} open now.", alerts.open);
    }
    let severities = alerts.opened.iter().rev().filter(|(_, count)| *count > 0);
    let severities: Vec<String> =
        severities.map(|(severity, count)| format!("{} {count} {}", severity.emoji(), severity.word())).collect();
    let acknowledged =
        alerts.acknowledged.map(|found| format!("; acknowledged {}", lengths(found))).unwrap_or_default();
    let unanswered = match alerts.unanswered {
        0 => String::new(),
        count => format!(", {count} by nobody"),
    };
    let opened = counted(opened, "alert");
    format!("{opened} opened: {}{acknowledged}{unanswered}; {} open now.", severities.join(", "), alerts.open)
}

/// A heading with a line for each; whole lines are left out, never parts of one.
fn list<T>(text: &mut String, heading: &str, items: &[T], says: impl Fn(&T) -> String) {
    if items.is_empty() {
        return;
    }
    let _ = write!(text, "\n{heading}");
    for (n, item) in items.iter().enumerate() {
        let line = says(item);
        if n == LINES || text.chars().count() + line.chars().count() > LIMIT {
            let _ = write!(text, "\n… and {} more", items.len() - n);
            return;
        }
        let _ = write!(text, "\n- {line}");
    }
}

fn span(period: Period, zone: &TimeZone) -> String {
    let day = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%-d %B %Y").to_string();
    let last = period.until.saturating_sub(jiff::SignedDuration::from_secs(1)).unwrap_or(period.until);
    format!("{} to {}", day(period.from), day(last))
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
