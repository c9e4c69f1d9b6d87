//! The post-mortem as Markdown: what is known is filled in, what only people know is asked for.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};

use super::Incident;
use crate::{
    alert::Record,
    deployment::Deployment,
    effect::Entry,
    ids::EnvironmentName,
    text::{clip, duration, outside, unpinged, visible},
};

/// How long before it was opened an incident may have begun.
const REACH: SignedDuration = SignedDuration::from_hours(24);
/// Lines of the timeline; a longer one is no summary.
const MOST: usize = 400;

/// What Signalbox saw: more than belongs to the incident.
#[derive(Debug, Clone, Default)]
pub struct Witnessed {
    /// Alerts that were open at some time of it.
    pub alerts: Vec<Record>,
    /// Deployments that were at work at some time of it.
    pub deployments: Vec<Deployment>,
    /// Lines of the audit trail, in their order.
    pub entries: Vec<Entry>,
}

impl Witnessed {
    /// When it began: with the oldest alert about it that was open when somebody opened it, or with that.
    #[must_use]
    pub fn begins(&self, incident: &Incident) -> Timestamp {
        let opened = incident.opened.at;
        let earliest = opened.saturating_sub(REACH).unwrap_or(opened);
        let concerned = self.alerts.iter().filter(|record| about(incident, record.alert.environment.as_ref()));
        let open = concerned
            .filter(|record| record.opened <= opened && record.resolved.is_none_or(|resolved| resolved >= opened));
        let first = open.map(|record| record.opened).min().map_or(opened, |first| first.max(earliest));
        // The trail keeps whole milliseconds, and its first line belongs here.
        Timestamp::from_millisecond(first.as_millisecond()).unwrap_or(first)
    }
}

/// The whole text.
#[must_use]
pub fn post_mortem(incident: &Incident, seen: &Witnessed, now: Timestamp) -> String {
    let (begins, ends) = (seen.begins(incident), incident.closed.as_ref().map_or(now, |(_, at)| *at));
    let mut text = String::new();
    let place = incident.environment.as_ref().map_or("all environments", EnvironmentName::as_str);
    let _ = writeln!(text, "# Incident {}: {}\n", incident.id, line(&incident.opened.text));
    let closed = match &incident.closed {
        Some((by, at)) => format!("{} by {}", time(*at), line(&by.name)),
        None => "not yet".to_owned(),
    };
    for (name, value) in [
        ("Environment", place.to_owned()),
        ("Began", time(begins)),
        ("Opened", format!("{} by {}", time(incident.opened.at), line(&incident.opened.by.name))),
        ("Closed", closed),
        ("Lasted", duration(ends.duration_since(begins))),
    ] {
        let _ = writeln!(text, "- **{name}:** {value}");
    }
    let alerts: Vec<&Record> = seen
        .alerts
        .iter()
        .filter(|record| {
            about(incident, record.alert.environment.as_ref())
                && overlaps(record.opened, record.resolved, (begins, ends))
        })
        .collect();
    let deployments: Vec<&Deployment> = seen
        .deployments
        .iter()
        .filter(|d| {
            about(incident, Some(&d.environment)) && overlaps(d.requested_at, d.state.ended_at(), (begins, ends))
        })
        .collect();
    figures(&mut text, &alerts, &deployments, ends);
    timeline(&mut text, incident, seen, (begins, ends));
    text.push_str(QUESTIONS);
    // It is made to be pasted elsewhere, and what people wrote calls nobody there.
    unpinged(&text)
}

const QUESTIONS: &str = "
## To be filled in

- **What did users notice, how many of them, and for how long?**
- **What was the cause, and what let it through?** (which gate, test or review could have seen it)
- **How was it noticed?** By an alert, or by somebody who told us? What would have been faster?
- **What helped, what hindered?**
- **What was luck?**

| what is done about it | who | until when |
|---|---|---|
| | | |
";

fn figures(text: &mut String, alerts: &[&Record], deployments: &[&Deployment], now: Timestamp) {
    if !alerts.is_empty() {
        text.push_str(
            "\n## Alerts\n\n| alert | severity | opened | acknowledged after | open for |\n|---|---|---|---|---|\n",
        );
    }
    for record in alerts {
        let after = |at: Timestamp| duration(at.duration_since(record.opened));
        let acknowledged = record
            .acknowledged
            .as_ref()
            .map_or_else(|| "nobody did".into(), |one| format!("{} by {}", after(one.at), cell(&one.by.name)));
        let open = record.resolved.map_or_else(|| format!("{}, still open", after(now)), after);
        let alert = &record.alert;
        let what = ours(&alert.what);
        let (severity, opened) = (alert.severity.word(), time(record.opened));
        let _ = writeln!(text, "| {}: {what} | {severity} | {opened} | {acknowledged} | {open} |", cell(&alert.key));
    }
    if !deployments.is_empty() {
        text.push_str("\n## Deployments\n\n| deployment | to | commit | by | asked for | ended as | after |\n|---|---|---|---|---|---|---|\n");
    }
    for d in deployments {
        let until = d.state.ended_at().unwrap_or(now);
        let _ = writeln!(
            text,
            "| {} | {} | `{}` | {} | {} | {} | {} |",
            d.id,
            d.environment,
            d.commit.short(),
            cell(d.actor()),
            time(d.requested_at),
            d.state.word(),
            duration(until.duration_since(d.requested_at))
        );
    }
}

fn timeline(text: &mut String, incident: &Incident, seen: &Witnessed, (begins, ends): (Timestamp, Timestamp)) {
    text.push_str("\n## Timeline\n\nTimes are UTC.\n\n");
    let within = |entry: &&Entry| (begins..=ends).contains(&entry.at);
    let entries: Vec<&Entry> =
        seen.entries.iter().filter(within).filter(|entry| belongs(incident, seen, entry)).collect();
    for entry in entries.iter().take(MOST) {
        let after = duration(entry.at.duration_since(begins));
        let first = entry.detail.lines().next().unwrap_or_default();
        let what = match entry.action.split_once('.') {
            // Why it was muted is as typed.
            Some(("alert", "muted")) => line(&clip(&entry.detail, 400)),
            Some(("alert", _)) => ours(&clip(&entry.detail, 400)),
            Some(("incident", _)) => line(&entry.detail),
            _ => line(&clip(first, 400)),
        };
        let (subject, word) = (line(&entry.subject), entry.action.split_once('.').map_or("", |(_, word)| word));
        let own = entry.subject == incident.subject();
        let said = match (own, word) {
            (true, "noted") => format!("📝 {what}"),
            (true, "opened") => "🚨 **the incident was opened**".to_owned(),
            (true, "closed") => format!("✅ **the incident was closed**: {what}"),
            _ => format!("**{subject}** {}: {what}", line(word)),
        };
        let _ = writeln!(text, "- `{}` (+{after}) {}: {said}", time(entry.at), line(&entry.actor));
    }
    if entries.len() > MOST {
        let _ = writeln!(text, "- … and {} more lines, in the audit trail", entries.len() - MOST);
    }
}

/// Whether a line of the audit trail tells of the incident. What only Signalbox minds is left out.
fn belongs(incident: &Incident, seen: &Witnessed, entry: &Entry) -> bool {
    let Some((kind, word)) = entry.action.split_once('.') else { return false };
    match kind {
        "incident" => entry.subject == incident.subject(),
        "alert" => {
            let record = seen.alerts.iter().find(|record| entry.subject == format!("alert {}", record.alert.key));
            record.is_some_and(|record| about(incident, record.alert.environment.as_ref()))
        }
        "deployment" => {
            let quiet =
                ["found", "green", "silent", "log", "holds", "not told", "already over", "tenants", "recovered"];
            let named = |d: &&Deployment| entry.subject == format!("deployment {}", d.id);
            let concerned = seen.deployments.iter().find(named).is_some_and(|d| about(incident, Some(&d.environment)));
            concerned && !quiet.contains(&word)
        }
        "environment" => match entry.subject.strip_prefix("environment ") {
            Some(name) => EnvironmentName::parse(name).is_ok_and(|name| about(incident, Some(&name))),
            None => true,
        },
        "configuration" => true,
        _ => false,
    }
}

/// What is about Signalbox itself, or all environments, is about each.
fn about(incident: &Incident, environment: Option<&EnvironmentName>) -> bool {
    incident.environment.is_none() || environment.is_none() || environment == incident.environment.as_ref()
}

fn overlaps(from: Timestamp, until: Option<Timestamp>, (begins, ends): (Timestamp, Timestamp)) -> bool {
    from <= ends && until.is_none_or(|until| until >= begins)
}

fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Text from outside on one line of Markdown: it formats nothing.
fn line(text: &str) -> String {
    let mut out = String::new();
    for c in visible(text).chars() {
        if matches!(c, '<' | '>' | '|' | '[' | ']' | '*' | '_' | '#' | '`' | '~' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// The same of a text that is safe to show already.
fn ours(text: &str) -> String {
    visible(&outside(text, |_| None)).replace('|', "\\|")
}

fn cell(text: &str) -> String {
    line(&clip(text, 200))
}
