//! What was last heard of people's roles, so that only those who decide are looked up: the chat answers about two
//! such questions in a second. A gate never opens over what stands here; see [`Engine::judge`](super::Engine::judge).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use signalbox_domain::{
    Timestamp,
    gate::Roles,
    ids::{PersonId, RoleId},
};

/// More people than this are not remembered; who is forgotten is looked up again.
const MOST: usize = 10_000;

/// When somebody's roles were heard, and which; `None` when they had left.
type Heard = (Timestamp, Option<Vec<RoleId>>);

/// Roles as they were last heard.
#[derive(Debug, Clone, Default)]
pub(super) struct Members(Arc<Mutex<HashMap<PersonId, Heard>>>);

impl Members {
    /// Remembers what somebody holds; `None` when they have left.
    pub(super) fn hear(&self, person: PersonId, held: Option<Vec<RoleId>>, at: Timestamp) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(person, (at, held));
    }

    /// What is known of these people.
    pub(super) fn known(&self, people: impl IntoIterator<Item = PersonId>) -> Roles {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        people.into_iter().filter_map(|person| Some((person, known.get(&person)?.1.clone()))).collect()
    }

    /// Those of these people of whom nothing was heard since a time, longest first.
    pub(super) fn unheard_since(&self, people: impl IntoIterator<Item = PersonId>, since: Timestamp) -> Vec<PersonId> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let heard = |person: &PersonId| known.get(person).map(|(at, _)| *at);
        let mut people: Vec<_> = people.into_iter().filter(|person| heard(person) < Some(since)).collect();
        people.sort_by_key(heard);
        people
    }
}
