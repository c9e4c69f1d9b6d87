//! Reads who has signed, and judges a gate over that.
//!
//! Roles come from three places: Discord's events bear those of whoever reacts or presses, earlier look-ups are
//! remembered, and a signature keeps those it was given with. They say who *may* fill a slot. Who then does is looked
//! up at the moment of decision, and without that there is no clearance: so a gate that fifty people sign costs as
//! many look-ups as it has slots.

use std::collections::BTreeSet;

use futures::future;
use signalbox_domain::{
    Timestamp,
    deployment::Deployment,
    environment::Environment,
    event::Event,
    gate::{Fingerprint, Judgement, Looked, Reaction, Read, Roles, VETO, evaluate},
    ids::{DeploymentId, PersonId},
    ports::{ChatError, StoreError},
};
use tracing::warn;

use super::Engine;

/// How many people are looked up before the gate is judged again.
const BATCH: usize = 8;
/// How often the signatures are read for one judgement. Whoever could not be looked up by then is at the next.
const ROUNDS: u32 = 12;
/// Roles older than this many polls are looked up again by and by.
const POLLS: i32 = 3;

/// Signatures as they are read in rounds: each looks people up, and then reads the reactions anew.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// Whom the next round looks up.
    next: Vec<PersonId>,
    looked: Looked,
    /// Who signs and was never heard of.
    unknown: Vec<PersonId>,
    /// Who signs and was not heard of for a while.
    stale: Vec<PersonId>,
}

impl Reading {
    /// Whether another round is worth it, and for whom. First those who decide, then those nobody knows yet.
    fn goes_on(&mut self, judged: Option<&Judgement>) -> bool {
        let cleared = judged.is_some_and(|judged| judged.clearance.is_some());
        self.next = match judged {
            _ if cleared => vec![],
            Some(judged) if !judged.look_up.is_empty() => judged.look_up.clone(),
            _ if !self.unknown.is_empty() => self.unknown.iter().copied().take(BATCH).collect(),
            _ => self.stale.iter().copied().filter(|who| !self.looked.up.contains(who)).take(BATCH).collect(),
        };
        // Once is enough for those who are only looked after.
        self.stale.clear();
        !self.next.is_empty()
    }
}

impl Engine {
    /// Reads the signatures, records what they mean, gathers everything else and judges. `None`: there is no such
    /// deployment any more.
    ///
    /// # Errors
    /// [`StoreError`] when the deployment could not be read or the signatures could not be recorded. What else cannot
    /// be read is a fact.
    pub(super) async fn judge(&self, id: DeploymentId) -> Result<Option<Judgement>, StoreError> {
        let Some(deployment) = self.deployment(id).await? else { return Ok(None) };
        let Some(environment) = self.environment_of(&deployment) else { return Ok(None) };
        if !environment.gate.has_rules() {
            let fingerprint = self.fingerprint(&deployment, environment).await;
            let facts = self.facts(&deployment, environment, None, fingerprint).await;
            return Ok(Some(evaluate(&deployment, environment, &facts)));
        }
        let mut reading = Reading::default();
        let (fingerprint, reactions) =
            future::join(self.fingerprint(&deployment, environment), self.reactions(&deployment)).await;
        let read = self.take_down(&deployment, environment, reactions, fingerprint.as_ref().ok(), &mut reading).await?;
        let mut facts = self.facts(&deployment, environment, Some(read), fingerprint).await;
        for round in 1.. {
            let Some(deployment) = self.deployment(id).await? else { return Ok(None) };
            let judged = evaluate(&deployment, environment, &facts);
            if round >= ROUNDS || !reading.goes_on(Some(&judged)) {
                return Ok(Some(judged));
            }
            let read = self.read_on(&deployment, environment, facts.fingerprint.as_ref().ok(), &mut reading).await?;
            facts.reactions = Some(read);
            (facts.now, facts.locks) = self.locks().await;
        }
        Ok(None)
    }

    /// Reads the signatures on a card that no gate waits for, and records what they mean.
    ///
    /// # Errors
    /// [`StoreError`] when that could not be recorded.
    pub(super) async fn read_sign_offs(
        &self,
        deployment: &Deployment,
        environment: &Environment,
    ) -> Result<Read<Looked>, StoreError> {
        let fingerprint = self.fingerprint(deployment, environment).await.ok();
        let mut reading = Reading::default();
        let mut read = self.read_on(deployment, environment, fingerprint.as_ref(), &mut reading).await?;
        for _ in 1..ROUNDS {
            if !reading.goes_on(None) {
                break;
            }
            read = self.read_on(deployment, environment, fingerprint.as_ref(), &mut reading).await?;
        }
        Ok(read)
    }

    /// Looks up whom the reading asks for, then reads the reactions and records what they mean: nothing lies between,
    /// so that a reaction taken back while people were looked up is not taken for one that stands.
    async fn read_on(
        &self,
        deployment: &Deployment,
        environment: &Environment,
        fingerprint: Option<&Fingerprint>,
        reading: &mut Reading,
    ) -> Result<Read<Looked>, StoreError> {
        let next = std::mem::take(&mut reading.next);
        if !next.is_empty() {
            let at = self.ports.clock.now();
            match self.ports.chat.roles(&next).await {
                Ok(held) => {
                    reading.looked.up.extend(held.keys());
                    held.into_iter().for_each(|(person, held)| self.members.hear(person, held, at));
                }
                Err(error) => {
                    (reading.unknown, reading.stale) = (vec![], vec![]);
                    return Ok(Read { at, found: Err(unread(deployment, &error)) });
                }
            }
        }
        let reactions = self.reactions(deployment).await;
        self.take_down(deployment, environment, reactions, fingerprint, reading).await
    }

    /// The reactions on a card.
    async fn reactions(&self, deployment: &Deployment) -> (Timestamp, Result<Vec<Reaction>, ChatError>) {
        let at = self.ports.clock.now();
        let found = match deployment.card {
            Some(card) => self.ports.chat.reactions(card).await,
            // Nobody can have reacted to a card that does not stand yet.
            None => Ok(vec![]),
        };
        (at, found)
    }

    /// Records what reactions mean, as far as people's roles are known.
    async fn take_down(
        &self,
        deployment: &Deployment,
        environment: &Environment,
        (at, reactions): (Timestamp, Result<Vec<Reaction>, ChatError>),
        fingerprint: Option<&Fingerprint>,
        reading: &mut Reading,
    ) -> Result<Read<Looked>, StoreError> {
        (reading.unknown, reading.stale) = (vec![], vec![]);
        let reactions = match reactions {
            Ok(reactions) => reactions,
            Err(ChatError::Gone(_)) => {
                self.apply(deployment.id, Event::CardGone).await?;
                return Ok(Read { at, found: Err("somebody deleted the card; it is posted again".into()) });
            }
            Err(error) => return Ok(Read { at, found: Err(unread(deployment, &error)) }),
        };
        let means = |reaction: &&Reaction| {
            let category = environment.gate.category_of(&reaction.emoji);
            !reaction.bot && category.is_some()
        };
        // After a restart nothing was heard yet, but signatures keep what their authors held.
        let kept = || deployment.sign_offs.iter().filter(|sign_off| sign_off.stands());
        let reacts = reactions.iter().filter(means).map(|reaction| reaction.by.id);
        let people: BTreeSet<PersonId> = reacts.chain(kept().map(|sign_off| sign_off.by.id)).collect();
        let mut roles: Roles = kept().map(|sign_off| (sign_off.by.id, Some(sign_off.roles.clone()))).collect();
        roles.extend(self.members.known(people.iter().copied()));
        let since = at.saturating_sub(environment.poll * POLLS).unwrap_or(at);
        let (known, unknown) = people.iter().partition(|person| roles.contains_key(person));
        let known: Vec<PersonId> = known;
        (reading.unknown, reading.stale) = (unknown, self.members.unheard_since(known, since));
        let vetoing = |reaction: &&Reaction| environment.gate.category_of(&reaction.emoji) == Some(VETO);
        let vetoing = reactions.iter().filter(means).filter(vetoing).map(|reaction| reaction.by.id);
        reading.looked.vetoing = vetoing.collect();
        let event = Event::ReactionsRead { reactions, roles, fingerprint: fingerprint.cloned() };
        let recorded = self.apply(deployment.id, event).await?;
        if let Some(card) = deployment.card {
            self.pulse.recorded(card, at, recorded.map(|_| self.ports.clock.now()));
        }
        Ok(Read { at, found: Ok(reading.looked.clone()) })
    }
}

fn unread(deployment: &Deployment, error: &ChatError) -> String {
    warn!(deployment.id = deployment.id.0, error = error as &dyn std::error::Error, "the signatures cannot be read");
    error.to_string()
}
