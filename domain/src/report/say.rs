//! A day and a week in words.

use std::fmt::Write as _;

use jiff::{Timestamp, tz::TimeZone};

use super::{Alerts, Glass, Lengths, Open, Period, Stage, Summary, Ungated};
use crate::{
    alert,
    history::{Chart, Plot, Rate},
    text::{clip, duration, plain, some},
};

/// Most characters of a message.
const MESSAGE: usize = 1_990;
/// Most lines of a list.
const LINES: usize = 8;
/// Most names of environments in a heading.
const NAMES: usize = 5;
/// Room for saying how many lines are left out.
const MORE: usize = 24;

/// The weekly report.
#[must_use]
pub fn weekly(week: &Summary, zone: &TimeZone) -> String {
    let title = format!("📊 **Week of {}**{}", span(week.period, zone), only(week));
    let ungated = |run: &Ungated| {
        let who = plain(&clip(&run.actor, 40));
        format!("deployment {} `{}` to `{}` by {who} at GitHub", run.deployment, run.commit.short(), run.environment)
    };
    let glass = |glass: &Glass| {
        let reason = plain(&clip(&glass.reason, 80));
        let found = match &glass.found {
            Some(found) => format!("looked after: {}", plain(&clip(found, 80))),
            None => format!("⚠️ nobody has looked after it: `/breakglass close {}`", glass.deployment),
        };
        format!("deployment {} to `{}`: {reason}. {found}", glass.deployment, glass.environment)
    };
    let lists = [
        stages(&title, week),
        List::of("🚧 **Past Signalbox** (started elsewhere, and no gate held them)", &week.ungated, ungated),
        List::of("🧨 **Past their gate**", &week.glass, glass),
    ];
    let signing = week.signing.map(|found| format!("\n✍️ {}, {}", counted(found.count, "signature"), lengths(found)));
    let end = format!("{}\n🔔 {}", signing.unwrap_or_default(), alerts(&week.alerts));
    message(String::new(), &lists, &end)
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
    let mut title = format!("🗞️ **{}**{}", now.to_zoned(zone.clone()).strftime("%A, %-d %B %Y"), only(day));
    if open.is_nothing() {
        title.push_str("\n🟢 Nothing is open.");
    }
    let lists = [
        List::of("🔔 **Open alerts**", &open.alerts, |record| alert::line(record, now)),
        List::of("🚨 **Open incidents**", &open.incidents, |incident| incident.line(now)),
        List::of("🚦 **Not over**", &open.deployments, |d| {
            let (since, state) = (d.requested_at.as_second(), d.state.word());
            format!("deployment {} `{}` to `{}`: {state} · <t:{since}:R>", d.id, d.commit.short(), d.environment)
        }),
        List::of("🧨 **Past their gate, and nobody has looked after it**", &open.glass, |d| {
            format!("deployment {} to `{}`: `/breakglass close {}`", d.id, d.environment, d.id)
        }),
        List::of("🔒 **Locks**", &open.locks, |lock| format!("`{}` {}", lock.reach, lock.says())),
        stages("**Since yesterday**", day),
    ];
    message(title, &lists, &format!("\n🔔 {}", alerts(&day.alerts)))
}

/// What a report is about, unless it is about everything: "nothing is open" would else be said of what it leaves out.
fn only(summary: &Summary) -> String {
    if summary.only.is_empty() {
        return String::new();
    }
    let names: Vec<String> = summary.only.iter().map(|name| format!("`{name}`")).collect();
    format!(" · only {}", some(&names, NAMES))
}

/// What was deployed, a line for each environment.
fn stages(heading: &str, summary: &Summary) -> List {
    let nothing = if summary.stages.is_empty() { "\nNothing was deployed." } else { "" };
    List { heading: format!("{heading}{nothing}"), lines: summary.stages.iter().map(stage).collect() }
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

/// A heading with a line for each thing under it.
struct List {
    heading: String,
    lines: Vec<String>,
}

impl List {
    /// Nothing at all where there are no things.
    fn of<T>(heading: &str, items: &[T], says: impl Fn(&T) -> String) -> Self {
        let heading = if items.is_empty() { String::new() } else { heading.to_owned() };
        Self { heading, lines: items.iter().map(says).collect() }
    }
}

/// Lists between a beginning and an end that always stand. Whole lines are left out, never parts of one; each list has
/// its first line before any has its second, so that a long one hides none of the others.
fn message(mut text: String, lists: &[List], end: &str) -> String {
    let length = |text: &str| text.chars().count() + 1;
    let mut used = length(&text) + length(end);
    used += lists.iter().map(|list| length(&list.heading) + MORE).sum::<usize>();
    let mut shown = vec![0; lists.len()];
    for n in 0..LINES {
        for (list, shown) in lists.iter().zip(&mut shown).filter(|(_, shown)| **shown == n) {
            let Some(line) = list.lines.get(n) else { continue };
            let longer = used + length(line) + 2;
            if longer <= MESSAGE {
                (used, *shown) = (longer, n + 1);
            }
        }
    }
    for (List { heading, lines }, shown) in lists.iter().zip(shown).filter(|(list, _)| !list.heading.is_empty()) {
        let _ = write!(text, "{}{heading}", if text.is_empty() { "" } else { "\n" });
        for line in &lines[..shown] {
            let _ = write!(text, "\n- {line}");
        }
        if shown < lines.len() {
            let _ = write!(text, "\n… and {} more", lines.len() - shown);
        }
    }
    clip(&(text + end), MESSAGE)
}

fn span(period: Period, zone: &TimeZone) -> String {
    let day = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%-d %B %Y").to_string();
    let last = period.until.saturating_sub(jiff::SignedDuration::from_secs(1)).unwrap_or(period.until);
    format!("{} to {}", day(period.from), day(last))
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
