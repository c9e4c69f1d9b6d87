//! What is said of incidents to whoever asks.

use signalbox_domain::{Timestamp, incident::Incident};

use crate::call::MESSAGE_LIMIT;

/// The answer to `/incident list`. Whole lines are left out, never parts of one.
#[must_use]
pub fn incidents(incidents: &[Incident], now: Timestamp) -> String {
    let open = incidents.iter().filter(|one| one.closed.is_none()).count();
    let mut text = if open == 0 { "🟢 No incident is open.".to_owned() } else { format!("{open} open") };
    for incident in incidents {
        let line = incident.line(now);
        if text.chars().count() + line.chars().count() + 3 > MESSAGE_LIMIT {
            return text + "\n…";
        }
        text.push('\n');
        text.push_str(&line);
    }
    text
}

/// An incident was opened, noted to or closed.
#[must_use]
pub fn kept_incident(incident: &Incident) -> String {
    let (id, place) = (incident.id, incident.place());
    match (&incident.closed, incident.notes.len()) {
        (Some(_), _) => {
            format!("✅ Incident **{id}** is closed. Its post-mortem is posted into the channel, as a file.")
        }
        (None, 0) => format!(
            "🚨 Incident **{id}** of {place} is open. `/incident note` writes down what you see and do; \
             `/incident close` ends it and writes the post-mortem."
        ),
        (None, count) => format!("📝 Noted; incident **{id}** has {count} of them now."),
    }
}
