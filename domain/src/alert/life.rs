//! What follows when something happens to an alert. Pure: whoever calls it commits the answer whole.
//!
//! An alert has one message, which is edited. An edit calls nobody, so whoever is called again is called by a line of
//! its own. When nobody may be called, the call is put off and not dropped.

use jiff::{SignedDuration, Timestamp};

use super::{Acknowledgement, Alert, Mute, Record, Routing, view::brief};
use crate::{
    card::Posted,
    effect::{Due, Effect, Entry},
    ids::Person,
    notice::{Kind, Notice},
};

/// A condition that holds again this soon is the same trouble; later it is a new one, with a new message.
const SAME_TROUBLE: SignedDuration = SignedDuration::from_hours(1);
/// However often a condition comes and goes, people are called for it once within this time.
const CALM: SignedDuration = SignedDuration::from_mins(5);

/// Something that happens to an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Its condition holds.
    Raised(Alert),
    /// Its condition does not hold (any more).
    Cleared,
    /// Somebody looks after it.
    Acknowledged {
        /// Who.
        by: Person,
    },
    /// Somebody wants to hear nothing of it for a while.
    Muted(Mute),
    /// Its message was posted.
    Posted(Posted),
    /// Somebody deleted its message.
    MessageGone,
    /// Time went by.
    TimePassed,
}

/// What follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// The alert as it is now.
    pub record: Record,
    /// What is to be done.
    pub effects: Vec<Due>,
    /// What is to be remembered.
    pub entries: Vec<Entry>,
}

/// Decides what follows when `event` happens to the latest alert of a key, if there was one. `None`: nothing.
#[must_use]
pub fn follow(latest: Option<&Record>, event: Event, routing: &Routing, now: Timestamp) -> Option<Followed> {
    let known = |record: &Record| Step { record: record.clone(), routing, now, effects: vec![], entries: vec![] };
    let step = match (latest, event) {
        (Some(record), Event::Raised(alert)) if record.is_open() => known(record).told_again(alert)?,
        (Some(record), Event::Raised(alert)) if is_same_trouble(record, now) => known(record).reopened(alert),
        (_, Event::Raised(alert)) => known(&Record::opened(alert, now)).opened(),
        (Some(record), Event::Posted(posted)) if record.message.is_none() => known(record).posted(posted),
        (Some(record), Event::MessageGone) if record.message.is_some() => known(record).message_gone(),
        (Some(record), event) if record.is_open() => match event {
            Event::Cleared => known(record).resolved(),
            Event::Acknowledged { by } if record.acknowledged.is_none() => known(record).acknowledged(by),
            Event::Muted(mute) if mute.until > now => known(record).muted(mute),
            Event::TimePassed => known(record).ring(),
            _ => return None,
        },
        _ => return None,
    };
    let Step { record, effects, entries, .. } = step;
    let changed = latest != Some(&record) || !effects.is_empty();
    changed.then_some(Followed { record, effects, entries })
}

fn is_same_trouble(record: &Record, now: Timestamp) -> bool {
    record.resolved.is_some_and(|at| now.duration_since(at) < SAME_TROUBLE)
}

struct Step<'a> {
    record: Record,
    routing: &'a Routing,
    now: Timestamp,
    effects: Vec<Due>,
    entries: Vec<Entry>,
}

impl Step<'_> {
    fn opened(mut self) -> Self {
        self.note("signalbox", "opened", self.record.alert.what.clone());
        self.tell();
        self.show().ring()
    }

    fn reopened(mut self, alert: Alert) -> Self {
        self.note("signalbox", "reopened", alert.what.clone());
        let record = &mut self.record;
        record.alert = alert;
        (record.resolved, record.acknowledged) = (None, None);
        record.reopened += 1;
        self.call_anew();
        self.tell();
        self.show().ring()
    }

    /// Whoever wants to hear of alerts hears of this one.
    fn tell(&mut self) {
        let record = &self.record;
        let notice = Notice {
            kind: Kind::Alerts,
            matter: format!("alert {} {} {}", record.alert.key, record.opened.as_millisecond(), record.reopened),
            environment: record.alert.environment.clone(),
            deployment: record.alert.deployment,
            severity: record.alert.severity,
            text: brief(&record.alert),
        };
        self.effects.push(Due { effect: Effect::Notice { notice }, at: self.now });
    }

    /// From the first ones again; those who were called for this a moment ago have heard it.
    fn call_anew(&mut self) {
        let (now, record) = (self.now, &mut self.record);
        let heard = record.called.filter(|_| record.called_for >= Some(record.alert.severity));
        let calm = heard.and_then(|at| at.saturating_add(CALM).ok());
        record.step = None;
        record.next_call = Some(calm.map_or(now, |calm| calm.max(now)));
    }

    /// `None`: it is known already, in the same words.
    fn told_again(mut self, alert: Alert) -> Option<Self> {
        let record = &mut self.record;
        if record.alert.says_as(&alert) {
            return None;
        }
        let graver = alert.severity > record.alert.severity;
        record.alert = Alert { since: record.alert.since, ..alert };
        if !graver {
            return Some(self.show());
        }
        // Whoever looks after a small trouble need not know that it has grown.
        record.acknowledged = None;
        self.call_anew();
        let detail = format!("{} now: {}", self.record.alert.severity.word(), self.record.alert.what);
        self.note("signalbox", "grew", detail);
        Some(self.show().ring())
    }

    fn resolved(mut self) -> Self {
        self.record.resolved = Some(self.now);
        self.record.next_call = None;
        self.note("signalbox", "resolved", "its condition has cleared".into());
        self.show()
    }

    fn acknowledged(mut self, by: Person) -> Self {
        self.note(&by.name, "acknowledged", "looks after it".into());
        self.record.acknowledged = Some(Acknowledgement { by, at: self.now });
        self.record.next_call = None;
        self.show()
    }

    fn muted(mut self, mute: Mute) -> Self {
        self.note(&mute.by.name, "muted", format!("until {}: {}", mute.until, mute.reason));
        self.record.mute = Some(mute);
        self.show().ring()
    }

    fn posted(mut self, posted: Posted) -> Self {
        (self.record.message, self.record.strayed) = (Some(posted.at), posted.strayed);
        // Somebody may have been faster than the record of where it stands.
        let effect = Effect::ReadAlert { key: self.record.alert.key.clone() };
        self.effects.push(Due { effect, at: self.now });
        self
    }

    /// What is over needs no message; what is not gets another one.
    fn message_gone(mut self) -> Self {
        (self.record.message, self.record.strayed) = (None, None);
        self.record.messages_lost += 1;
        if self.record.is_open() { self.show() } else { self }
    }

    /// Calls whoever is to be called now, or plans when.
    fn ring(mut self) -> Self {
        let (now, record) = (self.now, &self.record);
        let Some(next) = record.next_call.filter(|_| record.acknowledged.is_none()) else { return self };
        let muted = record.mute.as_ref().map(|mute| mute.until).filter(|until| *until > now);
        let quiet = self.routing.quiet_until(record.alert.severity, now);
        if let Some(at) = Some(next).filter(|next| *next > now).or(muted).or(quiet) {
            return self.watch(at);
        }
        let route = self.routing.route(&record.alert);
        let steps = u32::try_from(route.escalate.len()).unwrap_or(u32::MAX);
        let by_message = record.message.is_none() && record.calls == 0;
        let step = record.step.map_or(0, |step| steps.min(step.saturating_add(1)));
        let pause = if step < steps { Some(route.acknowledge) } else { route.repeat };
        let record = &mut self.record;
        (record.step, record.called) = (Some(step), Some(now));
        record.called_for = record.called_for.max(Some(record.alert.severity));
        record.calls += 1;
        record.next_call = pause.and_then(|pause| now.saturating_add(pause).ok());
        // The message itself calls when it is posted.
        let effect = match by_message {
            true => self.show_effect(),
            false => Effect::CallAlert {
                key: self.record.alert.key.clone(),
                opened: self.record.opened,
                call: self.record.calls,
            },
        };
        self.effects.push(Due { effect, at: now });
        match self.record.next_call {
            Some(at) => self.watch(at),
            None => self,
        }
    }

    fn watch(mut self, at: Timestamp) -> Self {
        self.effects.push(Due { effect: Effect::WatchAlert { key: self.record.alert.key.clone() }, at });
        self
    }

    fn show_effect(&self) -> Effect {
        Effect::ShowAlert { key: self.record.alert.key.clone() }
    }

    fn show(mut self) -> Self {
        self.effects.push(Due { effect: self.show_effect(), at: self.now });
        self
    }

    fn note(&mut self, actor: &str, action: &str, detail: String) {
        self.entries.push(Entry {
            at: self.now,
            actor: actor.to_owned(),
            action: format!("alert.{action}"),
            subject: format!("alert {}", self.record.alert.key),
            detail,
        });
    }
}
