//! What people see of an alert: what, where, since when, why it matters, what to do, and who is asked.

use jiff::Timestamp;

use super::{Alert, Record, Routing};
use crate::{
    card::{Button, Calls, Card, Field, Press, Tone},
    ids::RoleId,
    text::{clip, plain},
};

/// The reaction that acknowledges.
pub const ACKNOWLEDGE: &str = "👀";

/// The message of an alert as it is now.
#[must_use]
pub fn card(record: &Record, routing: &Routing, now: Timestamp) -> Card {
    let alert = &record.alert;
    let roles = routing.asked(alert, record.asks());
    let unanswered = record.is_unanswered(now);
    let calls = unanswered && record.calls > 0;
    let mut fields = vec![
        field("Where", place(alert), true),
        field("Since", since(alert), true),
        field("Asked", asked(&roles), true),
        field("Why it matters", alert.why.clone(), false),
        field("What to do", alert.remedy.clone(), false),
    ];
    fields.retain(|field| !field.value.is_empty());
    fields.extend(life(record, now));
    Card {
        title: format!("{} {}", mark(record), heading(alert)),
        url: None,
        tone: tone(record),
        text: alert.what.clone(),
        fields,
        footer: format!("Alert {} · {}", record.id, alert.key),
        buttons: buttons(record, now),
        reactions: if record.is_open() { vec![ACKNOWLEDGE.to_owned()] } else { vec![] },
        calls: Calls { roles: if calls { roles } else { vec![] }, people: vec![] },
        silent: !calls,
    }
}

/// What is said of an alert that could not be recorded: all of it, in one message that nobody will edit.
#[must_use]
pub fn bare(alert: &Alert) -> String {
    format!(
        "{}\n⚠️ Signalbox's store did not take this alert: it may be said again, and closes by nobody.",
        brief(alert)
    )
}

/// All of an alert as text.
pub(super) fn brief(alert: &Alert) -> String {
    let parts = [
        ("Where", place(alert)),
        ("Since", since(alert)),
        ("Why it matters", alert.why.clone()),
        ("What to do", alert.remedy.clone()),
    ];
    let parts = parts.iter().filter(|(_, text)| !text.is_empty());
    let parts: String = parts.map(|(name, text)| format!("\n**{name}:** {}", clip(text, 350))).collect();
    format!("{} **{}**\n{}{parts}", alert.severity.emoji(), heading(alert), clip(&alert.what, 300))
}

/// The line that calls people again, or those who are asked next.
#[must_use]
pub fn reminder(record: &Record, routing: &Routing) -> String {
    let alert = &record.alert;
    let why = match (record.step, record.reopened) {
        (Some(1..), _) => "⏫ nobody has acknowledged this",
        (_, 1..) => "🔁 open again",
        _ => "🔔 still open",
    };
    let link = record.message.map(|at| format!("\n{}", at.address(routing.guild))).unwrap_or_default();
    format!(
        "{why}: {} **{}** {} (since <t:{}:R>)\n{ACKNOWLEDGE} on its message, or `/alerts ack {}`, acknowledges.{link}",
        alert.severity.emoji(),
        heading(alert),
        clip(&alert.what, 300),
        alert.since.as_second(),
        record.id
    )
}

/// One line for a list.
#[must_use]
pub fn line(record: &Record, now: Timestamp) -> String {
    let alert = &record.alert;
    let state = match (&record.acknowledged, &record.mute) {
        (_, Some(mute)) if record.is_muted(now) => {
            format!("🔇 muted by <@{}> until <t:{}:t>", mute.by.id, mute.until.as_second())
        }
        (Some(acknowledged), _) => format!("{ACKNOWLEDGE} <@{}>", acknowledged.by.id),
        (None, _) => format!("`/alerts ack {0}` · `/alerts mute {0}`", record.id),
    };
    format!(
        "{} **{}** {}: {} · <t:{}:R> · {state}",
        alert.severity.emoji(),
        record.id,
        place(alert),
        clip(&alert.what, 160),
        alert.since.as_second()
    )
}

fn heading(alert: &Alert) -> String {
    let whole = |word: &str| word[..1].to_uppercase() + &word[1..];
    let environment = alert.environment.as_ref().map(|name| format!(" · {name}")).unwrap_or_default();
    format!("{}{environment}", whole(alert.severity.word()))
}

fn place(alert: &Alert) -> String {
    let environment = alert.environment.as_ref().map(|name| format!("`{name}`"));
    let deployment = alert.deployment.map(|id| format!("deployment {id}"));
    let place = (!alert.place.is_empty()).then(|| alert.place.clone());
    let parts: Vec<String> = [environment, deployment, place].into_iter().flatten().collect();
    if parts.is_empty() { "Signalbox itself".to_owned() } else { parts.join(", ") }
}

fn since(alert: &Alert) -> String {
    format!("<t:{0}:f> (<t:{0}:R>)", alert.since.as_second())
}

fn asked(roles: &[RoleId]) -> String {
    match roles {
        [] => "whoever reads this".to_owned(),
        roles => roles.iter().map(|role| format!("<@&{role}>")).collect::<Vec<_>>().join(" "),
    }
}

/// What has become of it.
fn life(record: &Record, now: Timestamp) -> Vec<Field> {
    let mut lines = vec![];
    if record.reopened > 0 {
        lines.push(format!("🔁 opened {} times since <t:{}:t>", record.reopened + 1, record.opened.as_second()));
    }
    if let Some(acknowledged) = &record.acknowledged {
        lines.push(format!(
            "{ACKNOWLEDGE} <@{}> looks after it since <t:{}:t>",
            acknowledged.by.id,
            acknowledged.at.as_second()
        ));
    }
    if let Some(mute) = record.mute.as_ref().filter(|_| record.is_open() && record.is_muted(now)) {
        let until = mute.until.as_second();
        lines.push(format!("🔇 muted by <@{}> until <t:{until}:f>: {}", mute.by.id, plain(&clip(&mute.reason, 300))));
    }
    if let Some(at) = record.resolved {
        lines.push(format!("✅ cleared by itself <t:{}:f>", at.as_second()));
    }
    let lines = lines.join("\n");
    if lines.is_empty() { vec![] } else { vec![field("State", lines, false)] }
}

fn mark(record: &Record) -> &'static str {
    match record.word() {
        "resolved" => "✅",
        "acknowledged" => ACKNOWLEDGE,
        _ => record.alert.severity.emoji(),
    }
}

fn tone(record: &Record) -> Tone {
    use super::Severity::{Critical, Info, Warning};
    match (record.word(), record.alert.severity) {
        ("resolved", _) => Tone::Good,
        ("acknowledged", _) => Tone::Working,
        (_, Critical) => Tone::Bad,
        (_, Warning) => Tone::Doubt,
        (_, Info) => Tone::Waiting,
    }
}

fn buttons(record: &Record, now: Timestamp) -> Vec<Button> {
    let button = |label: &str, press| Button { label: label.to_owned(), emoji: None, press };
    let acknowledge = record.acknowledged.is_none().then(|| button("Acknowledge", Press::Acknowledge(record.id)));
    let mute = (!record.is_muted(now)).then(|| button("Mute", Press::Mute(record.id)));
    if record.is_open() { acknowledge.into_iter().chain(mute).collect() } else { vec![] }
}

fn field(name: &str, value: String, inline: bool) -> Field {
    Field { name: name.to_owned(), value: clip(&value, 1024), inline }
}
