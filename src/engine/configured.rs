//! What Signalbox is told to do is part of the trail: who reads a decision a year later must know the rules of then.

use signalbox_domain::{
    effect::Entry,
    ports::{Rows, StoreError},
};

use super::Engine;

const SUBJECT: &str = "configuration";

impl Engine {
    /// Records the configuration this process works by, unless it is the one that was recorded last.
    ///
    /// # Errors
    /// [`StoreError`] when that cannot be told or written.
    pub async fn configured(&self, text: &str) -> Result<(), StoreError> {
        let detail = format!("signalbox {} works by this from now on:\n{text}", env!("CARGO_PKG_VERSION"));
        let known = self.ports.trail.rows(Rows::About(SUBJECT.into())).await?;
        if known.last().and_then(|row| row.entry()).is_some_and(|entry| entry.detail == detail) {
            return Ok(());
        }
        let entry = Entry {
            at: self.ports.clock.now(),
            actor: "signalbox".into(),
            action: "configuration.changed".into(),
            subject: SUBJECT.into(),
            detail,
        };
        self.ports.store.note(vec![entry]).await
    }
}
