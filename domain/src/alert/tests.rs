//! The life of alerts, as examples and over random histories.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use proptest::prelude::*;

use super::*;
use crate::{
    card::Posted,
    effect::{Due, Effect},
    environment::Role,
    gate::{Minutes, Window},
    ids::{AlertId, ChannelId, MessageId, MessageRef, Person, PersonId},
};

fn at(minutes: i64) -> Timestamp {
    // A Monday at midnight, in UTC.
    Timestamp::from_second(1_790_553_600 + 60 * minutes).unwrap()
}

fn role(id: u64, name: &str) -> Role {
    Role { name: name.into(), id: RoleId(id) }
}

fn ada() -> Person {
    Person { id: PersonId(7), name: "ada".into() }
}

fn routing() -> Routing {
    let critical = Route {
        alerts: vec![Severity::Critical],
        roles: vec![role(1, "oncall")],
        escalate: vec![role(2, "lead"), role(3, "head")],
        acknowledge: SignedDuration::from_mins(15),
        repeat: Some(SignedDuration::from_mins(60)),
        ..Route::default()
    };
    let warnings = Route { alerts: vec![Severity::Warning], roles: vec![role(1, "oncall")], ..Route::default() };
    let night = Window { allow: vec![Minutes::parse("* 0-5 * * *").unwrap()], deny: vec![], zone: TimeZone::UTC };
    Routing {
        routes: vec![critical, warnings],
        quiet: vec![Quiet { alerts: vec![Severity::Info, Severity::Warning], window: night }],
        ..Routing::usual(ChannelId(9))
    }
}

fn alert(severity: Severity) -> Alert {
    Alert {
        environment: EnvironmentName::parse("uat").ok(),
        deployment: Some(DeploymentId(42)),
        why: "Nobody would notice.".into(),
        remedy: "`/status uat`".into(),
        ..Alert::new(severity, "truth:uat", at(0), "It is green and not true.")
    }
}

/// The service around the life of alerts: an outbox, a store of one key, and a chat.
#[derive(Default)]
struct World {
    records: Vec<Record>,
    outbox: BTreeMap<String, Due>,
    now: i64,
    /// Every message ever posted, and how it last looked.
    messages: Vec<(crate::card::Card, bool)>,
    /// When people were called, and which roles.
    calls: Vec<(i64, Vec<RoleId>)>,
    /// What each of these was for.
    called_for: Vec<Severity>,
}

impl World {
    fn happens(&mut self, event: Event) {
        let Some(followed) = follow(self.records.last(), event, &routing(), at(self.now)) else { return };
        let mut record = followed.record;
        if record.id == AlertId(0) {
            assert!(self.records.iter().all(|known| !known.is_open()), "two are open at the same time");
            record.id = AlertId(1 + i64::try_from(self.records.len()).unwrap());
            self.records.push(record);
        } else {
            *self.records.last_mut().unwrap() = record;
        }
        for due in followed.effects {
            let planned = self.outbox.entry(due.effect.subject()).or_insert_with(|| due.clone());
            planned.at = planned.at.min(due.at);
            planned.effect = due.effect;
        }
    }

    /// Lets minutes go by; what is due is done.
    fn passes(&mut self, minutes: i64) {
        let end = self.now + minutes;
        loop {
            let next = self.outbox.iter().min_by_key(|(_, due)| due.at).filter(|(_, due)| due.at <= at(end));
            let Some(subject) = next.map(|(subject, _)| subject.clone()) else { break };
            let due = self.outbox.remove(&subject).unwrap();
            self.now = self.now.max((due.at.as_second() - at(0).as_second()) / 60);
            self.does(due.effect);
        }
        self.now = end;
    }

    fn does(&mut self, effect: Effect) {
        let record = self.records.last().unwrap().clone();
        match effect {
            Effect::WatchAlert { .. } => self.happens(Event::TimePassed),
            Effect::CallAlert { opened, .. } if opened == record.opened && record.is_unanswered(at(self.now)) => {
                self.called_for.push(record.alert.severity);
                self.calls.push((self.now, routing().asked(&record.alert, record.asks())));
            }
            Effect::ShowAlert { .. } => {
                let shown = card(&record, &routing(), at(self.now));
                match record.message {
                    Some(message) => self.messages[usize::try_from(message.message.0).unwrap()].0 = shown,
                    None => {
                        if !shown.calls.roles.is_empty() && record.messages_lost == 0 {
                            self.called_for.push(record.alert.severity);
                            self.calls.push((self.now, shown.calls.roles.clone()));
                        }
                        self.messages.push((shown, true));
                        let message = MessageId(u64::try_from(self.messages.len()).unwrap() - 1);
                        let at = MessageRef { channel: ChannelId(9), message };
                        self.happens(Event::Posted(Posted { at, strayed: None }));
                    }
                }
            }
            _ => {}
        }
    }

    fn deletes_the_message(&mut self) {
        let Some(message) = self.records.last().and_then(|record| record.message) else { return };
        self.messages[usize::try_from(message.message.0).unwrap()].1 = false;
        self.happens(Event::MessageGone);
    }
}

fn raised(severity: Severity) -> Event {
    Event::Raised(alert(severity))
}

#[test]
fn nobody_acknowledges_so_the_next_ones_are_asked_and_then_asked_again() {
    let mut w = World::default();
    w.happens(raised(Severity::Critical));
    for _ in 0..200 {
        w.passes(1);
        w.happens(raised(Severity::Critical));
    }
    let expected = [(0, 1), (15, 2), (30, 3), (90, 3), (150, 3)].map(|(at, role)| (at, vec![RoleId(role)]));
    assert_eq!(w.calls, expected);
    assert_eq!(w.messages.len(), 1, "it has one message, however often it is found");
    w.happens(Event::Acknowledged { by: ada() });
    w.passes(1_000);
    assert_eq!(w.calls.len(), 5, "who looks after it is left alone");
    assert!(w.messages[0].0.title.contains(ACKNOWLEDGE));
    w.happens(Event::Cleared);
    w.passes(1);
    assert!(w.messages[0].0.title.contains('✅') && w.messages[0].0.buttons.is_empty());
}

#[test]
fn what_comes_and_goes_is_one_trouble_and_calls_once_in_a_while() {
    let mut w = World::default();
    for _ in 0..10 {
        w.happens(raised(Severity::Critical));
        w.passes(1);
        w.happens(Event::Cleared);
        w.passes(1);
    }
    assert_eq!((w.records.len(), w.messages.len()), (1, 1));
    assert_eq!(w.records[0].reopened, 9);
    let times: Vec<i64> = w.calls.iter().map(|(at, _)| *at).collect();
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= 5), "{times:?}");
    w.passes(60);
    w.happens(raised(Severity::Critical));
    w.passes(1);
    assert_eq!((w.records.len(), w.messages.len()), (2, 2), "an hour later it is another trouble");
}

#[test]
fn in_quiet_hours_it_stands_there_and_calls_nobody_until_they_end() {
    let mut w = World { now: 60, ..World::default() };
    w.happens(raised(Severity::Warning));
    w.passes(1);
    assert!(w.messages[0].0.silent && w.calls.is_empty());
    w.passes(10 * 60);
    assert_eq!(w.calls, [(6 * 60, vec![RoleId(1)])]);
}

#[test]
fn what_is_muted_calls_nobody_until_the_mute_ends() {
    let mut w = World::default();
    w.happens(raised(Severity::Critical));
    w.passes(1);
    w.happens(Event::Muted(Mute { by: ada(), reason: "known".into(), until: at(120) }));
    w.passes(100);
    assert_eq!(w.calls.len(), 1);
    w.passes(30);
    assert_eq!(w.calls.get(1), Some(&(120, vec![RoleId(2)])), "and then whoever would have been asked by now");
}

#[test]
fn what_grows_asks_again_also_who_has_acknowledged() {
    let mut w = World { now: 12 * 60, ..World::default() };
    w.happens(raised(Severity::Warning));
    w.passes(1);
    w.happens(Event::Acknowledged { by: ada() });
    w.happens(raised(Severity::Critical));
    w.passes(1);
    assert_eq!(w.calls.len(), 2);
    assert!(w.records[0].acknowledged.is_none());
    assert_eq!(w.messages.len(), 1);
}

#[test]
fn a_deleted_message_is_posted_again_and_that_of_a_resolved_one_is_not() {
    let mut w = World::default();
    w.happens(raised(Severity::Critical));
    w.passes(1);
    w.deletes_the_message();
    w.passes(1);
    assert_eq!(w.messages.len(), 2);
    w.happens(Event::Cleared);
    w.passes(1);
    w.deletes_the_message();
    w.passes(1);
    assert_eq!(w.messages.len(), 2);
}

#[test]
fn an_alert_says_what_where_since_when_why_what_to_do_and_who_is_asked() {
    let mut w = World::default();
    w.happens(raised(Severity::Critical));
    w.passes(15);
    w.happens(Event::Muted(Mute { by: ada(), reason: "rebuild of @everyone".into(), until: at(60) }));
    let shown = card(&w.records[0], &routing(), at(16));
    let fields: Vec<String> = shown.fields.iter().map(|f| format!("{}: {}", f.name, f.value)).collect();
    insta::assert_snapshot!(format!("{}\n{}\n{}\n{}", shown.title, shown.text, fields.join("\n"), shown.footer), @r"
    🔴 Critical · uat
    It is green and not true.
    Where: `uat`, deployment 42
    Since: <t:1790553600:f> (<t:1790553600:R>)
    Asked: <@&2>
    Why it matters: Nobody would notice.
    What to do: `/status uat`
    State: 🔇 muted by <@7> until <t:1790557200:f>: rebuild of \@everyone
    Alert 1 · truth:uat
    ");
    insta::assert_snapshot!(reminder(&w.records[0], &Routing { guild: 1, ..routing() }), @r"
    ⏫ nobody has acknowledged this: 🔴 **Critical · uat** It is green and not true. (since <t:1790553600:R>)
    👀 on its message, or `/alerts ack 1`, acknowledges.
    https://discord.com/channels/1/9/0
    ");
    insta::assert_snapshot!(line(&w.records[0], at(61)), @"🔴 **1** `uat`, deployment 42: It is green and not true. · <t:1790553600:R> · `/alerts ack 1` · `/alerts mute 1`");
    insta::assert_snapshot!(bare(&alert(Severity::Warning)), @r"
    🟠 **Warning · uat**
    It is green and not true.
    **Where:** `uat`, deployment 42
    **Since:** <t:1790553600:f> (<t:1790553600:R>)
    **Why it matters:** Nobody would notice.
    **What to do:** `/status uat`
    ⚠️ Signalbox's store did not take this alert: it may be said again, and closes by nobody.
    ");
}

#[derive(Debug, Clone)]
enum Act {
    Raise(Severity),
    Clear,
    Acknowledge,
    Mute(i64),
    Delete,
    Wait(i64),
}

fn act() -> impl Strategy<Value = Act> {
    let severity = prop::sample::select(Severity::ALL.to_vec());
    prop_oneof![
        4 => severity.prop_map(Act::Raise),
        3 => Just(Act::Clear),
        1 => Just(Act::Acknowledge),
        1 => (1..300_i64).prop_map(Act::Mute),
        1 => Just(Act::Delete),
        6 => (0..90_i64).prop_map(Act::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whatever happens: a condition that holds has exactly one open alert with one message that says so, one that
    /// does not has none, and people are called neither twice at once nor never.
    #[test]
    fn no_alert_is_lost_none_is_doubled_and_none_outlives_its_condition(acts in prop::collection::vec(act(), 1..80)) {
        let mut w = World::default();
        let (mut holds, mut answered) = (None, false);
        for act in acts {
            match act {
                Act::Raise(severity) => {
                    answered &= holds.is_some_and(|known| known >= severity);
                    holds = Some(severity);
                    w.happens(raised(severity));
                }
                Act::Clear => {
                    (holds, answered) = (None, false);
                    w.happens(Event::Cleared);
                }
                Act::Acknowledge => {
                    answered |= holds.is_some();
                    w.happens(Event::Acknowledged { by: ada() });
                }
                Act::Mute(minutes) => {
                    w.happens(Event::Muted(Mute { by: ada(), reason: "known".into(), until: at(w.now + minutes) }));
                }
                Act::Delete => w.deletes_the_message(),
                Act::Wait(minutes) => w.passes(minutes),
            }
            w.passes(0);
            let open: Vec<&Record> = w.records.iter().filter(|record| record.is_open()).collect();
            prop_assert_eq!(open.len(), usize::from(holds.is_some()));
            let told = w.messages.iter().filter(|(card, stands)| *stands && !card.title.starts_with('✅'));
            prop_assert_eq!(told.count(), open.len(), "what stands in the chat");
            if let Some(record) = open.first() {
                prop_assert_eq!(record.alert.severity, holds.unwrap());
                prop_assert_eq!(record.acknowledged.is_some(), answered);
            }
        }
        // Longer than any mute and any quiet hours.
        let (before, calls) = (w.now, w.calls.len());
        w.passes(24 * 60);
        let unanswered = holds.is_some() && !answered;
        if unanswered && holds != Some(Severity::Info) {
            let record = w.records.last().unwrap();
            prop_assert!(record.called.is_some_and(|called| called >= record.opened), "nobody was ever called");
        }
        if !unanswered {
            prop_assert_eq!(w.calls.len(), calls, "nobody is called for nothing after {}", before);
        }
        let times: Vec<_> = w.calls.iter().zip(&w.called_for).map(|((at, _), severity)| (*at, *severity)).collect();
        for pair in times.windows(2) {
            prop_assert!(pair[1].0 > pair[0].0 || pair[1].1 > pair[0].1, "called twice at once: {:?}", pair);
        }
    }
}
