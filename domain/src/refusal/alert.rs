//! Every "no" about alerts.

use super::Refusal;
use crate::{
    alert::Record,
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
