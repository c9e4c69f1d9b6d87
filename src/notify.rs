//! Where Signalbox speaks besides the chat.

mod webhooks;

pub use self::webhooks::{Target, WebhookCourier};
