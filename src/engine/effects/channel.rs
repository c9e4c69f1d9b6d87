//! What is said in a channel. A channel that somebody deleted loses nothing: what was for it stands in the server's
//! home channel then, and says so.

use signalbox_domain::{
    card::{Calls, Card, Posted},
    ids::ChannelId,
    ports::{Attachment, ChatError},
    text::some,
};
use tracing::warn;

use crate::engine::Engine;

/// How many environments of a channel are named.
const NAMED: usize = 5;

/// What goes with a text.
#[derive(Clone, Copy)]
pub(in crate::engine) enum With<'a> {
    /// People who are called.
    Calls(&'a Calls),
    /// A file.
    File(Attachment<'a>),
}

/// Says a text in a channel, or in the home channel.
///
/// # Errors
/// [`ChatError`] when it is not known to stand anywhere; [`ChatError::Gone`]: the home channel is gone as well.
pub(in crate::engine) async fn say(
    engine: &Engine,
    channel: ChannelId,
    text: &str,
    with: With<'_>,
    nonce: &str,
) -> Result<(), ChatError> {
    match said(engine, channel, text, with, nonce).await {
        Err(error) if strays(engine, channel, &error) => {
            said(engine, engine.routing.home, &strayed(engine, channel, text), with, nonce).await
        }
        outcome => outcome,
    }
}

/// Posts a card in a channel, or in the home channel.
///
/// # Errors
/// As [`say`].
pub(super) async fn post(engine: &Engine, channel: ChannelId, card: &Card, nonce: &str) -> Result<Posted, ChatError> {
    let chat = &engine.ports.chat;
    match chat.post(channel, card, nonce).await {
        Err(error) if strays(engine, channel, &error) => {
            let at = chat.post(engine.routing.home, &stray(engine, channel, card), nonce).await?;
            Ok(Posted { at, strayed: Some(channel) })
        }
        outcome => Ok(Posted { at: outcome?, strayed: None }),
    }
}

/// Edits a card where it stands. One that strayed goes on saying so.
///
/// # Errors
/// [`ChatError::Gone`] when somebody deleted it.
pub(super) async fn edit(engine: &Engine, Posted { at, strayed }: Posted, card: &Card) -> Result<(), ChatError> {
    match strayed {
        Some(channel) => engine.ports.chat.edit(at, &stray(engine, channel, card)).await,
        None => engine.ports.chat.edit(at, card).await,
    }
}

/// Whether the home channel is to have what a channel did not take.
fn strays(engine: &Engine, channel: ChannelId, error: &ChatError) -> bool {
    let ChatError::Gone(why) = error else { return false };
    if channel == engine.routing.home {
        return false;
    }
    warn!(channel.id = channel.0, why, "a channel is gone; what was for it stands in the home channel");
    true
}

async fn said(engine: &Engine, channel: ChannelId, text: &str, with: With<'_>, nonce: &str) -> Result<(), ChatError> {
    match with {
        With::Calls(calls) => engine.ports.chat.call(channel, calls, text, nonce).await,
        With::File(file) => engine.ports.chat.attach(channel, text, file, nonce).await,
    }
}

/// The card with where it should have stood.
fn stray(engine: &Engine, channel: ChannelId, card: &Card) -> Card {
    Card { text: strayed(engine, channel, &card.text), ..card.clone() }
}

/// The text with where it should have stood.
fn strayed(engine: &Engine, channel: ChannelId, text: &str) -> String {
    let whose = engine.line.iter().filter(|environment| environment.channel == channel);
    let whose: Vec<String> = whose.map(|environment| format!("`{}`", environment.name)).collect();
    let of = if whose.is_empty() { String::new() } else { format!(" of {}", some(&whose, NAMED)) };
    format!(
        "📭 This was for the channel `{channel}`{of}, which is not there any more. A maintainer of `signalbox.toml` \
         can name another one.\n{text}"
    )
}
