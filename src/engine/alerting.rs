//! `/alerts`, and the buttons under an alert.

use signalbox_commands::desk::{AlertAct, AlertAsk};
use signalbox_domain::{
    SignedDuration, Timestamp,
    alert::{Event, Mute, Record},
    ids::AlertId,
    ports::WhichAlerts,
    refusal::Refusal,
    text::clip,
};

use super::{
    desk::{ServiceDesk, fault},
    gates::length,
};

/// What is muted for longer is forgotten.
const LONGEST_MUTE: SignedDuration = SignedDuration::from_hours(7 * 24);

impl ServiceDesk {
    pub(super) async fn open_alerts(&self) -> Result<(Vec<Record>, Timestamp), Refusal> {
        let open = self.engine.ports.alerts.alerts(WhichAlerts::Open).await.map_err(fault)?;
        Ok((open, self.engine.ports.clock.now()))
    }

    pub(super) async fn try_answer_alert(&self, ask: AlertAsk) -> Result<Record, Refusal> {
        let unknown = || Refusal::no_such_alert(&ask.alert);
        let id = ask.alert.trim().trim_start_matches('#').parse().map(AlertId).map_err(|_| unknown())?;
        let found = self.engine.ports.alerts.alerts(WhichAlerts::Id(id)).await.map_err(fault)?.pop();
        let record = found.filter(Record::is_open).ok_or_else(unknown)?;
        if !self.engine.routing.may_answer(&record.alert, &ask.asker.roles, &self.engine.line) {
            return Err(Refusal::may_not_answer(&record));
        }
        let (by, now) = (ask.asker.person, self.engine.ports.clock.now());
        let event = match ask.act {
            AlertAct::Acknowledge if record.acknowledged.is_some() => {
                return Err(Refusal::acknowledged_already(&record));
            }
            AlertAct::Acknowledge => Event::Acknowledged { by },
            AlertAct::Mute { reason, length: typed } => {
                let length = length(typed.as_deref().unwrap_or_default())?.min(LONGEST_MUTE);
                let until = now.saturating_add(length).unwrap_or(now);
                Event::Muted(Mute { by, reason: clip(reason.trim(), 300), until })
            }
        };
        let answered = self.engine.alert(&record.alert.key, event).await.map_err(fault)?;
        // Its condition has cleared meanwhile, or somebody else was faster.
        answered.ok_or_else(unknown)
    }
}
