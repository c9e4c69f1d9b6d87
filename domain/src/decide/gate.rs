//! At the gate: what reactions mean, and how a closed gate is waited at.

use super::Step;
use crate::{
    deployment::State,
    effect::Effect,
    gate::{Ended, Fingerprint, Reaction, Roles, SignOff, VETO, Verdict, Way, WhyEnded, entitled, is_own, signers},
    ids::{PersonId, RoleId},
    text::{clip, code},
};

/// A closed gate is asked again this many polls later, if nothing happens before.
const POLLS: i32 = 3;

impl Step<'_> {
    /// The gate is closed: it is asked again after a while, and given up in the end.
    pub(super) fn judged(&mut self, verdict: Verdict) {
        let (since, until, before) = match &self.d.state {
            State::Waiting { since, until, verdict } => (*since, *until, verdict.clone()),
            State::Dispatching { sent: None, .. } => {
                (self.now, self.now.saturating_add(self.environment.gate.wait).unwrap_or(self.now), None)
            }
            _ => return,
        };
        if self.now >= until {
            return self.expire();
        }
        if let Some(refusal) = self.hopeless(&verdict) {
            return self.refuse(refusal, "the run's ref is none of the environment's".into());
        }
        self.d.cleared = None;
        let open_points = verdict.open_points();
        if before.as_ref().is_none_or(|before| before.open_points() != open_points) {
            self.record("signalbox", "waiting", verdict.in_full());
        }
        if before.as_ref().is_none_or(|before| !before.says_as(&verdict)) || self.d.trouble.is_some() {
            self.d.state = State::Waiting { since, until, verdict: Some(verdict) };
            self.d.trouble = None;
            self.show();
        }
        if self.d.rule_report().is_some() {
            self.soon(Effect::Report { deployment: self.d.id });
        }
        let pause = (self.environment.poll * POLLS).min(until.duration_since(self.now));
        self.after(pause, Effect::Dispatch { deployment: self.d.id });
    }

    pub(super) fn expire(&mut self) {
        let State::Waiting { verdict, .. } = &self.d.state else { return };
        let verdict = verdict.clone();
        let open = verdict.as_ref().map(Verdict::open_points).unwrap_or_default();
        self.end(State::Expired { at: self.now, verdict }, format!("the gate stayed closed: {}", clip(&open, 1500)));
    }

    /// A reaction taken back is a signature withdrawn; roles count as they are now. Who is not entitled does not
    /// sign, and hears why while the gate waits for signatures.
    pub(super) fn reactions_read(&mut self, reactions: &[Reaction], roles: &Roles, fingerprint: Option<&Fingerprint>) {
        if matches!(self.d.state, State::Expired { .. } | State::Refused { .. }) {
            return self.answer_late(reactions);
        }
        let before = self.d.sign_offs.clone();
        self.end_sign_offs(reactions, roles);
        for reaction in reactions.iter().filter(|reaction| !reaction.bot) {
            match self.meaning(reaction, roles) {
                Meaning::Signs(category, roles) => self.sign(reaction, category, roles, fingerprint),
                Meaning::Nothing => {}
                Meaning::No { matter, says } => self.answer_reaction(reaction, matter, &says),
            }
        }
        if self.d.sign_offs != before {
            self.show();
        }
    }

    pub(super) fn reaction_removed(&mut self, by: PersonId, emoji: &str) {
        let Some(category) = self.environment.gate.category_of(emoji).map(str::to_owned) else { return };
        let ended = Ended { at: self.now, why: WhyEnded::Withdrawn };
        let signed = |known: &&mut SignOff| known.stands() && known.by.id == by && known.category == category;
        // Whoever takes a reaction back means no more, also what a button said before.
        let mut names = vec![];
        for sign_off in self.d.sign_offs.iter_mut().filter(signed) {
            sign_off.ended = Some(ended);
            names.push((sign_off.by.name.clone(), sign_off.way));
        }
        for (name, way) in &names {
            self.record_end(name, &category, *way, WhyEnded::Withdrawn);
        }
        if !names.is_empty() {
            self.show();
        }
    }

    pub(super) fn record_end(&mut self, name: &str, category: &str, way: Way, why: WhyEnded) {
        let why = match why {
            WhyEnded::Withdrawn if way == Way::Button => "took it back",
            WhyEnded::Withdrawn => "took the reaction back",
            WhyEnded::SignedAgain => "signed again",
            WhyEnded::RoleLost => "no longer holds a role that may sign",
            WhyEnded::Left => "left the server",
            WhyEnded::CardGone => "the card is gone",
        };
        self.record(name, "withdrawn", format!("no longer signs commit {} for {category}: {why}", self.d.commit));
    }

    fn end_sign_offs(&mut self, reactions: &[Reaction], roles: &Roles) {
        let environment = self.environment;
        let reacts = |sign_off: &SignOff| {
            reactions.iter().any(|reaction| {
                let category = environment.gate.category_of(&reaction.emoji);
                reaction.by.id == sign_off.by.id && category == Some(sign_off.category.as_str())
            })
        };
        // Whoever has taken a reaction back means no more, also what a button said before.
        let gone = |sign_off: &&SignOff| sign_off.stands() && sign_off.way == Way::Reaction && !reacts(sign_off);
        let gone = self.d.sign_offs.iter().filter(gone).map(|sign_off| (sign_off.by.id, sign_off.category.clone()));
        let gone: Vec<(PersonId, String)> = gone.collect();
        let mut ended = vec![];
        for sign_off in self.d.sign_offs.iter_mut().filter(|sign_off| sign_off.stands()) {
            let withdrawn = gone.iter().any(|(by, category)| *by == sign_off.by.id && *category == sign_off.category);
            let why = match (!withdrawn, roles.get(&sign_off.by.id)) {
                (false, _) => WhyEnded::Withdrawn,
                (true, Some(None)) => WhyEnded::Left,
                (true, Some(Some(held))) if !entitled(environment, &sign_off.category, held) => WhyEnded::RoleLost,
                (true, held) => {
                    if let Some(Some(held)) = held {
                        sign_off.roles.clone_from(held);
                    }
                    continue;
                }
            };
            sign_off.ended = Some(Ended { at: self.now, why });
            ended.push((sign_off.by.name.clone(), sign_off.category.clone(), sign_off.way, why));
        }
        for (name, category, way, why) in ended {
            self.record_end(&name, &category, way, why);
        }
    }

    fn sign(&mut self, reaction: &Reaction, category: String, roles: Vec<RoleId>, fingerprint: Option<&Fingerprint>) {
        let signed = |known: &&SignOff| {
            let same = known.by.id == reaction.by.id && known.category == category;
            same && known.stands() && known.way == Way::Reaction
        };
        // Nobody signs what could not be read: the reaction is seen again at the next reading.
        let unread = fingerprint.is_none() && self.asks_for_signatures();
        if unread || self.d.sign_offs.iter().any(|known| signed(&known)) {
            return;
        }
        let (action, detail) = match category.as_str() {
            VETO => ("vetoed", format!("forbids commit {}", self.d.commit)),
            _ => ("signed", format!("signs commit {} for {category}", self.d.commit)),
        };
        self.record(&reaction.by.name, action, detail);
        self.d.sign_offs.push(SignOff {
            by: reaction.by.clone(),
            category,
            seen: self.now,
            roles,
            fingerprint: fingerprint.cloned(),
            ended: None,
            way: Way::Reaction,
            comment: None,
        });
    }

    fn asks_for_signatures(&self) -> bool {
        !self.environment.gate.sign_off_rules().is_empty()
    }

    fn meaning(&self, reaction: &Reaction, roles: &Roles) -> Meaning {
        let gate = &self.environment.gate;
        let Some(category) = gate.category_of(&reaction.emoji) else {
            let known = gate.asked().map(|known| format!("{} signs for {}", known.emoji, known.name));
            let known = known.collect::<Vec<_>>().join(", ");
            let says = format!("signs nothing here: {known}, {} forbids", gate.veto);
            return Meaning::No { matter: "emoji", says };
        };
        if category == VETO && !self.asks_for_signatures() {
            return Meaning::Nothing;
        }
        if category != VETO && is_own(&self.d, &reaction.by) {
            let says = "does not count: you asked for this deployment, so somebody else has to sign";
            return Meaning::No { matter: "own", says: says.into() };
        }
        if gate.confirm_commit && category != VETO && self.asks_for_signatures() {
            let says = format!(
                "signs nothing: here whoever signs types the commit, so press the button {} on the card",
                crate::text::plain(category)
            );
            return Meaning::No { matter: "confirm", says };
        }
        match roles.get(&reaction.by.id) {
            None | Some(None) => Meaning::Nothing,
            Some(Some(held)) if entitled(self.environment, category, held) => {
                Meaning::Signs(category.to_owned(), held.clone())
            }
            Some(Some(_)) => {
                let says = format!("does not count: {category} takes {}", signers(self.environment, category));
                Meaning::No { matter: "role", says }
            }
        }
    }

    /// What never started takes no signatures. Who reacts to it after it has expired hears that.
    fn answer_late(&mut self, reactions: &[Reaction]) {
        let State::Expired { .. } = self.d.state else { return };
        for reaction in reactions.iter().filter(|reaction| !reaction.bot) {
            let Some(category) = self.environment.gate.category_of(&reaction.emoji) else { continue };
            let known = |s: &SignOff| s.by.id == reaction.by.id && s.category == category;
            if self.d.sign_offs.iter().any(known) || !self.asks_for_signatures() {
                continue;
            }
            let says =
                format!("signs nothing: this deployment has expired; `/deploy {}` asks again", self.d.environment);
            let matter = format!("late reaction {} {category}", reaction.by.id);
            self.tell(&matter, format!("✋ <@{}>, your {} {says}.", reaction.by.id, shown(&reaction.emoji)));
        }
    }

    fn answer_reaction(&mut self, reaction: &Reaction, matter: &str, says: &str) {
        if !matches!(self.d.state, State::Waiting { .. }) || !self.asks_for_signatures() {
            return;
        }
        let emoji = shown(&reaction.emoji);
        let matter = format!("reaction {} {} {matter}", reaction.by.id, reaction.emoji);
        self.tell(&matter, format!("✋ <@{}>, your {emoji} {says}.", reaction.by.id));
    }
}

/// What a reaction means on a card.
enum Meaning {
    /// A signature in this category, by somebody who holds these roles.
    Signs(String, Vec<RoleId>),
    /// Nothing that anybody needs to hear of.
    Nothing,
    /// Nothing, and its author should know.
    No { matter: &'static str, says: String },
}

/// An emoji in a sentence. A custom one would be shown by its number.
fn shown(emoji: &str) -> String {
    if emoji.is_ascii() { code(emoji) } else { clip(emoji, 8) }
}
