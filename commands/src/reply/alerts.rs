//! What is said of alerts to whoever asks.

use signalbox_domain::{
    Timestamp,
    alert::{Record, line},
    notice::Subscription,
};

use crate::call::MESSAGE_LIMIT;

/// The answer to `/alerts list`. Whole lines are left out, never parts of one.
#[must_use]
pub fn alerts(open: &[Record], now: Timestamp) -> String {
    if open.is_empty() {
        return "🟢 No alert is open.".into();
    }
    let mut text = format!("{} open", open.len());
    for (n, record) in open.iter().enumerate() {
        let line = line(record, now);
        let left_out = format!("\n… and {} more", open.len() - n);
        if text.chars().count() + line.chars().count() + left_out.chars().count() + 1 > MESSAGE_LIMIT {
            return text + &left_out;
        }
        text.push('\n');
        text.push_str(&line);
    }
    text
}

/// What somebody did about an alert is done.
#[must_use]
pub fn answered_alert(record: &Record) -> String {
    let (id, what) = (record.id, &record.alert.what);
    match &record.mute {
        Some(mute) => {
            let until = mute.until.as_second();
            format!(
                "🔇 Nobody is called for alert {id} until <t:{until}:f> (<t:{until}:R>). It closes by itself all the same."
            )
        }
        None => format!("👀 You look after alert {id}, and nobody else is called for it: {what}"),
    }
}

/// Somebody has subscribed, and a first message has reached them.
#[must_use]
pub fn subscribed(subscription: &Subscription) -> String {
    let place = subscription.environment.as_ref().map_or("all", |name| name.as_str());
    format!("📬 You hear in direct messages of {}. `/unsubscribe {place}` ends it.", subscription.line())
}

/// Somebody has ended a subscription.
#[must_use]
pub fn unsubscribed(left: &[Subscription]) -> String {
    if left.is_empty() {
        return "📭 You hear of nothing in direct messages any more.".into();
    }
    let lines: String = left.iter().map(|one| format!("\n- {}", one.line())).collect();
    format!("📭 That is ended. You still hear of:{lines}")
}
