//! What the chat reports: where the card stands, and who has signed on it.

use super::Step;
use crate::{
    deployment::{Origin, SignOff},
    effect::Effect,
    ids::{ChannelId, MessageRef, Person},
};

impl Step<'_> {
    pub(super) fn card_posted(&mut self, at: MessageRef) {
        if self.d.card.is_none() {
            self.d.card = Some(at);
            self.soon(Effect::OpenThread { deployment: self.d.id });
        }
    }

    pub(super) fn card_gone(&mut self) {
        if self.d.card.take().is_some() {
            self.d.cards_lost += 1;
            self.d.thread = None;
            self.d.sign_offs.clear();
            self.record(
                "chat",
                "card gone",
                "somebody deleted the card; it is posted again, and its sign-offs are void".into(),
            );
            self.show();
        }
    }

    pub(super) fn thread_opened(&mut self, thread: ChannelId) {
        self.d.thread = Some(thread);
    }

    /// The requester never signs their own deployment. A reaction taken back is a sign-off withdrawn.
    pub(super) fn sign_offs_read(&mut self, people: Vec<Person>) {
        let requester = match &self.d.origin {
            Origin::Chat { by, .. } => Some(by.id),
            Origin::Adopted { .. } => None,
        };
        let commit = self.d.commit.clone();
        let before = std::mem::take(&mut self.d.sign_offs);
        for by in people.into_iter().filter(|by| Some(by.id) != requester) {
            let known = before.iter().find(|known| known.by.id == by.id);
            if known.is_none() {
                self.record(&by.name, "signed", format!("signed commit {commit}"));
            }
            let seen = known.map_or(self.now, |known| known.seen);
            self.d.sign_offs.push(SignOff { by, seen });
        }
        for gone in &before {
            if !self.d.sign_offs.iter().any(|kept| kept.by.id == gone.by.id) {
                self.record(&gone.by.name, "withdrawn", format!("no longer signs commit {commit}"));
            }
        }
        if self.d.sign_offs != before {
            self.show();
        }
    }
}
