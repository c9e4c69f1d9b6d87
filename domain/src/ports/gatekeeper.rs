//! Who answers for the gates to whoever asks from outside the chat.

use async_trait::async_trait;

use super::StoreError;
use crate::gate::{Passage, PassageAsk};

/// Answers for the gates.
#[async_trait]
pub trait Gatekeeper: Send + Sync {
    /// Whether a commit may pass. `None`: no such environment is configured.
    ///
    /// # Errors
    /// [`StoreError`] when that could not be read; whoever asks must then stay where they are.
    async fn passage(&self, ask: &PassageAsk) -> Result<Option<Passage>, StoreError>;
}
