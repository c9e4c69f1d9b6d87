//! At the gate: what pressed buttons mean.

use super::Step;
use crate::{
    deployment::State,
    effect::Effect,
    gate::{Ended, Fingerprint, SignOff, VETO, Way, WhyEnded, may_sign},
    ids::{Person, PersonId, RoleId},
    text::{clip, plain},
};

/// Most characters of a comment.
pub const COMMENT: usize = 300;

/// A signature given with a button.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signing {
    /// Who.
    pub by: Person,
    /// The roles they hold, as the chat vouches for it with the press.
    pub roles: Vec<RoleId>,
    /// What for: the name of a category, or the veto.
    pub category: String,
    /// The commit as they typed it, where that is asked for.
    pub typed: Option<String>,
    /// What they have to say about it; as typed.
    pub comment: Option<String>,
}

impl Step<'_> {
    /// Somebody signs again when what they signed has changed or become old; otherwise it stands already.
    pub(super) fn signed(&mut self, signing: Signing, fingerprint: Fingerprint) {
        let Signing { by, roles, category, typed, comment } = signing;
        if may_sign(&self.d, self.environment, &by, &roles, &category, typed.as_deref()).is_err() {
            return;
        }
        let comment = comment.map(|text| clip(text.trim(), COMMENT)).filter(|text| !text.is_empty());
        let (now, life) = (self.now, self.environment.gate.sign_off_life);
        if let Some(known) = self.pressed(by.id, &category) {
            let same = known.fingerprint.as_ref() == Some(&fingerprint) && now.duration_since(known.seen) < life;
            if same {
                known.roles = roles;
                return self.commented(&by, &category, comment);
            }
            known.ended = Some(Ended { at: now, why: WhyEnded::SignedAgain });
        }
        let words = comment.as_ref().map(|text| format!(": {text}")).unwrap_or_default();
        match category.as_str() {
            VETO => self.record(&by.name, "vetoed", format!("forbids commit {} with a button{words}", self.d.commit)),
            _ => {
                let how = if typed.is_some() { "with a button, typing the commit" } else { "with a button" };
                let detail = format!("signs commit {} for {category} {how}{words}", self.d.commit);
                self.record(&by.name, "signed", detail);
            }
        }
        if let Some(text) = &comment {
            self.tell_comment(&by, &category, text);
        }
        let (fingerprint, way) = (Some(fingerprint), Way::Button);
        self.d.sign_offs.push(SignOff { by, category, seen: now, roles, fingerprint, ended: None, way, comment });
        self.press_seen();
    }

    /// Everything that somebody signed with buttons is taken back. What their reactions sign stands with these.
    pub(super) fn withdrawn(&mut self, by: &Person) {
        let ended = Some(Ended { at: self.now, why: WhyEnded::Withdrawn });
        let mut categories = vec![];
        for sign_off in self.d.sign_offs.iter_mut() {
            if sign_off.stands() && sign_off.way == Way::Button && sign_off.by.id == by.id {
                sign_off.ended = ended;
                categories.push(sign_off.category.clone());
            }
        }
        for category in &categories {
            self.record_end(&by.name, category, Way::Button, WhyEnded::Withdrawn);
        }
        if !categories.is_empty() {
            self.press_seen();
        }
    }

    /// A comment belongs to a signature that its author gave with a button.
    pub(super) fn commented(&mut self, by: &Person, category: &str, comment: Option<String>) {
        let comment = comment.map(|text| clip(text.trim(), COMMENT)).filter(|text| !text.is_empty());
        let Some(text) = comment else { return };
        let Some(known) = self.pressed(by.id, category).filter(|known| known.comment.as_ref() != Some(&text)) else {
            return;
        };
        known.comment = Some(text.clone());
        self.record(&by.name, "commented", format!("on {category}: {text}"));
        self.tell_comment(by, category, &text);
        self.show();
    }

    fn pressed(&mut self, by: PersonId, category: &str) -> Option<&mut SignOff> {
        let same = |known: &&mut SignOff| {
            known.stands() && known.way == Way::Button && known.by.id == by && known.category == category
        };
        self.d.sign_offs.iter_mut().find(same)
    }

    fn tell_comment(&mut self, by: &Person, category: &str, text: &str) {
        let emoji = self.environment.gate.shown(category);
        let matter = format!("comment {} {category} {}", by.id, self.now);
        self.tell(&matter, format!("💬 <@{}> on {emoji}{}: {}", by.id, plain(category), plain(text)));
    }

    fn press_seen(&mut self) {
        self.show();
        if matches!(self.d.state, State::Waiting { .. }) {
            self.soon(Effect::Dispatch { deployment: self.d.id });
        }
    }
}
