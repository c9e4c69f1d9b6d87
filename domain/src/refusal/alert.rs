//! Every "no" about alerts.

use super::Refusal;
use crate::{
    alert::Record,
    notice::{Kind, words},
    text::{clip, code},
};

impl Refusal {
    /// There is no such alert, or its condition has cleared.
    #[must_use]
    pub fn no_such_alert(given: &str) -> Self {
        Self::new(
            "no_such_alert",
            format!(
                "No open alert has the number {}; one whose condition clears closes by itself.",
                code(&clip(given, 40))
            ),
            "nobody needs to.",
            "`/alerts list`",
        )
    }

    /// Somebody looks after it already.
    #[must_use]
    pub fn acknowledged_already(record: &Record) -> Self {
        let by = record.acknowledged.as_ref().map_or_else(|| "somebody".into(), |one| format!("<@{}>", one.by.id));
        Self::new(
            "acknowledged_already",
            format!("Alert {} is looked after by {by} already.", record.id),
            by,
            "`/alerts list`",
        )
    }

    /// A word is nothing that one can hear of.
    #[must_use]
    pub fn unknown_kind(given: &str, reach: &str) -> Self {
        Self::new(
            "unknown_kind",
            format!("Nobody hears of {}. There is {}.", code(&clip(given, 40)), words(&Kind::ALL)),
            "you, by naming some of them.",
            format!("`/subscribe {reach} kinds:{}`", words(&Kind::USUAL)),
        )
    }

    /// The person takes no direct messages.
    #[must_use]
    pub fn direct_messages_closed(reach: &str) -> Self {
        Self::new(
            "direct_messages_closed",
            "Your direct messages are closed, so that nothing would reach you; nothing was subscribed to.".into(),
            "you: this server's name → Privacy Settings → Direct Messages.",
            format!("`/subscribe {reach}` again"),
        )
    }

    /// Discord did not take the first direct message.
    #[must_use]
    pub fn no_direct_message(reach: &str) -> Self {
        Self::new(
            "no_direct_message",
            "Discord did not take a first direct message to you; nothing was subscribed to.".into(),
            "nobody needs to: Discord is out of reach right now.",
            format!("`/subscribe {reach}` in a minute"),
        )
    }

    /// The person has no such subscription.
    #[must_use]
    pub fn not_subscribed(reach: &str) -> Self {
        Self::new(
            "not_subscribed",
            format!("You have not subscribed to {}.", code(&clip(reach, 40))),
            "nobody needs to.",
            format!("`/subscribe {}`", clip(reach, 40).replace('`', "")),
        )
    }

    /// The person holds no role that works there or is called for it.
    #[must_use]
    pub fn may_not_answer(record: &Record) -> Self {
        let place =
            record.alert.environment.as_ref().map_or_else(|| "any environment".into(), |name| format!("`{name}`"));
        Self::new(
            "may_not_answer",
            format!("Alert {} is for those who deploy to or sign for {place}, or are called for it.", record.id),
            "somebody with such a role; an administrator of this server, by giving it to you.",
            format!("`/alerts ack {}`, typed by somebody who may", record.id),
        )
    }
}
