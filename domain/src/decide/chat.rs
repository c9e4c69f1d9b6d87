//! What the chat reports of the card: where it stands, and that it is gone.

use super::Step;
use crate::{
    card::Posted,
    deployment::State,
    effect::Effect,
    gate::{Ended, WhyEnded},
    ids::ChannelId,
};

impl Step<'_> {
    pub(super) fn card_posted(&mut self, posted: Posted) {
        if self.d.card.is_none() {
            (self.d.card, self.d.strayed) = (Some(posted.at), posted.strayed);
            self.soon(Effect::OpenThread { deployment: self.d.id });
        }
    }

    pub(super) fn card_gone(&mut self) {
        if self.d.card.take().is_some() {
            self.d.cards_lost += 1;
            (self.d.strayed, self.d.thread) = (None, None);
            let ended = Some(Ended { at: self.now, why: WhyEnded::CardGone });
            for sign_off in self.d.sign_offs.iter_mut().filter(|sign_off| sign_off.stands()) {
                sign_off.ended = ended;
            }
            self.record(
                "chat",
                "card gone",
                "somebody deleted the card; it is posted again, and its sign-offs are void".into(),
            );
            if matches!(self.d.state, State::Waiting { .. }) {
                self.soon(Effect::Dispatch { deployment: self.d.id });
            }
            self.show();
        }
    }

    pub(super) fn thread_opened(&mut self, thread: ChannelId) {
        self.d.thread = Some(thread);
    }
}
