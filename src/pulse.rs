//! Takes Signalbox's own pulse: every part says here what it heard and how long it took. Kept in memory, and written to
//! the store by the engine once a minute.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use signalbox_domain::{
    SignedDuration, Timestamp,
    ids::{DeploymentId, MessageRef},
    pulse::{Gap, Kind, Level, Pulse},
};

/// A reaction that is not recorded by then means nothing.
const PATIENCE: SignedDuration = SignedDuration::from_hours(1);
/// News that no card has shown by then is not waited for: an outage of the chat is shorter.
const OLDEST_NEWS: SignedDuration = SignedDuration::from_hours(24);

/// Where everything is said.
#[derive(Debug)]
pub struct Meter {
    since: Timestamp,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    pulse: Pulse,
    /// News that a card does not show yet: when the oldest of it was heard.
    news: HashMap<DeploymentId, Timestamp>,
    /// Reactions that are not recorded yet: when the oldest on a message was heard.
    reactions: HashMap<MessageRef, Timestamp>,
}

impl Meter {
    /// One that begins now.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self { since: now, state: Mutex::default() }
    }

    /// Since when it is taken.
    pub(crate) fn since(&self) -> Timestamp {
        self.since
    }

    /// What there is so far.
    pub(crate) fn pulse(&self) -> Pulse {
        self.with(|state| state.pulse.clone())
    }

    /// Goes on with what an earlier process remembered.
    pub(crate) fn follow(&self, earlier: Pulse) {
        self.with(|state| state.pulse.follow(earlier));
    }

    /// News came.
    pub fn heard(&self, kind: Kind, at: Timestamp) {
        self.with(|state| state.pulse.hear(kind, at));
    }

    /// Something may have been missed.
    pub(crate) fn missed(&self, gap: Gap) {
        self.with(|state| state.pulse.miss(gap));
    }

    /// Something took so long, and ended now.
    pub(crate) fn took(&self, level: Level, took: SignedDuration, now: Timestamp) {
        self.with(|state| state.pulse.levels.count(level, took, now));
    }

    /// A card has news to show, which was heard then.
    pub(crate) fn has_news(&self, deployment: DeploymentId, heard: Timestamp) {
        self.with(|state| {
            state.news.retain(|_, earlier| heard.duration_since(*earlier) < OLDEST_NEWS);
            let since = state.news.entry(deployment).or_insert(heard);
            *since = heard.min(*since);
        });
    }

    /// Takes the news that a card is about to show. What is not shown in the end is given back with
    /// [`Self::has_news`].
    pub(crate) fn news(&self, deployment: DeploymentId) -> Option<Timestamp> {
        self.with(|state| state.news.remove(&deployment))
    }

    /// Somebody reacted to a message.
    pub(crate) fn reacted(&self, at: MessageRef, now: Timestamp) {
        self.with(|state| {
            state.reactions.retain(|_, heard| now.duration_since(*heard) < PATIENCE);
            state.reactions.entry(at).or_insert(now);
        });
    }

    /// Nothing on that message will be recorded.
    pub(crate) fn is_no_card(&self, at: MessageRef) {
        self.with(|state| state.reactions.remove(&at));
    }

    /// The reactions to a message were read then; `now` they are recorded, or (`None`) meant nothing.
    pub(crate) fn recorded(&self, at: MessageRef, read: Timestamp, now: Option<Timestamp>) {
        self.with(|state| {
            // One that came later may not have been among them.
            let Some(heard) = state.reactions.get(&at).copied().filter(|heard| *heard <= read) else { return };
            state.reactions.remove(&at);
            if let Some(now) = now {
                state.pulse.levels.count(Level::ReactionToRecord, now.duration_since(heard), now);
            }
        });
    }

    fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use signalbox_domain::ids::{ChannelId, MessageId};

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + second).unwrap()
    }

    fn counted(meter: &Meter, level: Level) -> Option<(u64, i64)> {
        let q = meter.pulse().levels.week(level, at(0))?;
        Some((q.count, q.p95.as_secs()))
    }

    #[test]
    fn news_is_as_old_as_its_oldest_part() {
        let (meter, id) = (Meter::new(at(0)), DeploymentId(1));
        assert_eq!(meter.news(id), None);
        meter.has_news(id, at(5));
        meter.has_news(id, at(7));
        meter.has_news(id, at(4));
        assert_eq!((meter.news(id), meter.news(id)), (Some(at(4)), None));
    }

    #[test]
    fn a_reaction_is_counted_once_it_is_recorded() {
        let meter = Meter::new(at(0));
        let card = |id| MessageRef { channel: ChannelId(1), message: MessageId(id) };
        meter.reacted(card(1), at(10));
        meter.recorded(card(1), at(9), Some(at(11)));
        assert_eq!(counted(&meter, Level::ReactionToRecord), None, "it came after the reading began");
        meter.recorded(card(1), at(10), Some(at(12)));
        meter.recorded(card(1), at(13), Some(at(14)));
        assert_eq!(counted(&meter, Level::ReactionToRecord), Some((1, 2)));
        for (id, meant) in [(2, None), (3, None)] {
            meter.reacted(card(id), at(20));
            meter.recorded(card(id), at(20), meant);
        }
        meter.reacted(card(4), at(20));
        meter.is_no_card(card(4));
        meter.recorded(card(4), at(30), Some(at(31)));
        assert_eq!(counted(&meter, Level::ReactionToRecord), Some((1, 2)), "what means nothing is not counted");
    }
}
