//! `/alerts` with its buttons, `/subscribe` and `/unsubscribe`.

use signalbox_commands::desk::{AlertAct, AlertAsk, SubscribeAsk, UnsubscribeAsk};
use signalbox_domain::{
    SignedDuration, Timestamp,
    alert::{Event, Mute, Record},
    effect::Entry,
    gate::Reach,
    ids::{AlertId, Person},
    notice::{Kind, Subscription, words},
    ports::{LetterError, WhichAlerts},
    refusal::Refusal,
};

use super::{
    desk::{ServiceDesk, fault},
    gates::{length, written},
};

/// What is muted for longer is forgotten.
const LONGEST_MUTE: SignedDuration = SignedDuration::from_hours(7 * 24);

impl ServiceDesk {
    pub(super) async fn open_alerts(&self) -> Result<(Vec<Record>, Timestamp), Refusal> {
        let open = self.engine.ports.alerts.open_alerts().await.map_err(fault)?;
        Ok((open.into_iter().flatten().collect(), self.engine.ports.clock.now()))
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
                let example = || format!("`/alerts mute {id} reason:\"the vendor knows\" for:2h`");
                let reason = written(&reason, "Muting takes a reason", example)?;
                Event::Muted(Mute { by, reason, until })
            }
        };
        let answered = self.engine.alert(&record.alert.key, event).await.map_err(fault)?;
        // Its condition has cleared meanwhile, or somebody else was faster.
        answered.ok_or_else(unknown)
    }

    pub(super) async fn try_subscribe(&self, ask: SubscribeAsk) -> Result<Subscription, Refusal> {
        let reach = self.reach("subscribe", &ask.reach)?;
        let typed = ask.kinds.as_deref().unwrap_or_default();
        let kinds = Kind::parse_list(typed).map_err(|word| Refusal::unknown_kind(&word, &reach.to_string()))?;
        let kinds = if kinds.is_empty() { Kind::USUAL.to_vec() } else { kinds };
        let environment = only(&reach);
        let since = self.engine.ports.clock.now();
        let subscription = Subscription { person: ask.asker.person, environment, kinds, since, paused: None };
        let text = format!(
            "📬 From now on you hear here of {}. `/unsubscribe {reach}`, typed on the server, ends it.",
            subscription.line()
        );
        let nonce = format!("hello-{}", ask.asker.interaction.0 % 1_000_000_000_000);
        match self.engine.ports.letters.write(subscription.person.id, &text, &nonce).await {
            Ok(()) => {}
            Err(LetterError::Closed) => return Err(Refusal::direct_messages_closed(&reach.to_string())),
            Err(LetterError::Chat(error)) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "somebody could not be written to");
                return Err(Refusal::no_direct_message(&reach.to_string()));
            }
        }
        let entry = self.subscription_entry(
            &subscription.person,
            "subscribed",
            format!("{reach}: {}", words(&subscription.kinds)),
        );
        self.engine.ports.subscriptions.subscribe(&subscription, entry).await.map_err(fault)?;
        Ok(subscription)
    }

    pub(super) async fn try_unsubscribe(&self, ask: UnsubscribeAsk) -> Result<Vec<Subscription>, Refusal> {
        let reach = self.reach("unsubscribe", &ask.reach)?;
        let person = ask.asker.person;
        let entry = self.subscription_entry(&person, "unsubscribed", reach.to_string());
        let subscriptions = &self.engine.ports.subscriptions;
        if !subscriptions.unsubscribe(person.id, only(&reach).as_ref(), entry).await.map_err(fault)? {
            return Err(Refusal::not_subscribed(&reach.to_string()));
        }
        let left = subscriptions.subscriptions().await.map_err(fault)?;
        Ok(left.into_iter().filter(|one| one.person.id == person.id).collect())
    }

    fn subscription_entry(&self, person: &Person, action: &str, detail: String) -> Entry {
        Entry {
            at: self.engine.ports.clock.now(),
            actor: person.name.clone(),
            action: format!("person.{action}"),
            subject: format!("person {}", person.id),
            detail,
        }
    }
}

fn only(reach: &Reach) -> Option<signalbox_domain::ids::EnvironmentName> {
    match reach {
        Reach::All => None,
        Reach::Only(name) => Some(name.clone()),
    }
}
