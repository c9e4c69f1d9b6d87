//! What a person sees when something breaks: a reference. What broke is in the log under the same reference.

use poise::{CommandInteractionType, FrameworkError, serenity_prelude as serenity};
use signalbox_domain::{ids::InteractionId, refusal::Refusal};
use tracing::{error, warn};

use crate::{Data, Error, call::say_anyhow, desk::Desk};

/// Handles whatever went wrong around a command. The interaction's id is the reference.
pub(crate) async fn handle(error: FrameworkError<'_, Data, Error>) {
    let (interaction, data, typing) = match (&error, error.ctx()) {
        (FrameworkError::UnknownInteraction { framework, interaction, .. }, _) => {
            (*interaction, framework.user_data, false)
        }
        (_, Some(poise::Context::Application(ctx))) => {
            let typing = ctx.interaction_type == CommandInteractionType::Autocomplete;
            (ctx.interaction, ctx.framework.user_data, typing)
        }
        _ => {
            error!(cause = cause(&error), "an event could not be handled");
            return;
        }
    };
    let (id, command) = (interaction.id, &interaction.data.name);
    error!(interaction.id = id.get(), command, cause = cause(&error), "a command could not be carried out");
    // Suggestions have no room for words, and an answer that did not arrive must not be replaced by a fault.
    if typing || matches!(error, FrameworkError::Command { error: Error::Answer(_), .. }) {
        return;
    }
    tell(&error.serenity_context().http, &*data.desk, id, &interaction.token).await;
}

/// Tells one person that something broke, with the reference.
pub(crate) async fn tell(http: &serenity::Http, desk: &dyn Desk, id: serenity::InteractionId, token: &str) {
    let text = Refusal::fault(&id.to_string()).message();
    match say_anyhow(http, id, token, &text).await {
        Ok(()) => desk.answered(InteractionId(id.get())).await,
        Err(failure) => {
            let error = &failure as &dyn std::error::Error;
            warn!(interaction.id = id.get(), error, "the person could not be told that something broke");
        }
    }
}

/// What the log says of an error: itself and everything that led to it.
fn cause(error: &FrameworkError<'_, Data, Error>) -> String {
    match error {
        FrameworkError::Command { error, .. } | FrameworkError::EventHandler { error, .. } => chain(error),
        FrameworkError::CommandCheckFailed { error: Some(error), .. } => chain(error),
        FrameworkError::CommandPanic { payload, .. } => {
            format!("a panic: {}", payload.as_deref().unwrap_or("without a message"))
        }
        FrameworkError::ArgumentParse { error, input, .. } => format!("{input:?} was not understood: {error}"),
        FrameworkError::CommandStructureMismatch { description, .. } => {
            format!("Discord has another version of the command: {description}")
        }
        FrameworkError::UnknownInteraction { .. } => "Discord has a command that this version does not".into(),
        error => error.to_string(),
    }
}

/// An error and all its sources in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(&format!(": {error}"));
        source = error.source();
    }
    text
}
