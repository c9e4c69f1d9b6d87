//! What is said in a channel. A channel that somebody deleted loses nothing: what was for it stands in the server's
//! home channel then, and says so.

use signalbox_domain::{
    card::Calls,
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
        Err(ChatError::Gone(why)) if channel != engine.routing.home => {
            warn!(channel.id = channel.0, why, "a channel is gone; what was for it is said in the home channel");
            said(engine, engine.routing.home, &strayed(engine, channel, text), with, nonce).await
        }
        outcome => outcome,
    }
}

async fn said(engine: &Engine, channel: ChannelId, text: &str, with: With<'_>, nonce: &str) -> Result<(), ChatError> {
    match with {
        With::Calls(calls) => engine.ports.chat.call(channel, calls, text, nonce).await,
        With::File(file) => engine.ports.chat.attach(channel, text, file, nonce).await,
    }
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
