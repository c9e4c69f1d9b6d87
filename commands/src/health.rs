//! `/health`.

use poise::serenity_prelude::CreateAttachment;
use signalbox_domain::health::{Report, report};
use tracing::warn;

use crate::{Context, Error, call::Call, picture, suggest, typed};

/// See whether the applications are well: what is known at once, then what they answer now.
#[poise::command(slash_command)]
pub(crate) async fn health(
    ctx: Context<'_>,
    #[description = "Which one; all without it"]
    #[autocomplete = "suggest::environments"]
    environment: Option<String>,
) -> Result<(), Error> {
    let Some(call) = Call::of(ctx, typed("health", environment.as_deref(), &[])).await? else { return Ok(()) };
    let desk = &ctx.framework.user_data.desk;
    match desk.health(environment.as_deref(), false).await {
        Ok(known) if known.is_empty() => return call.answer(&report(&known, false)).await,
        Ok(known) => call.show(&report(&known, true)).await,
        Err(refusal) => return call.answer(&refusal.message()).await,
    }
    match desk.health(environment.as_deref(), true).await {
        Ok(fresh) => call.answer_with(&report(&fresh, false), drawn(&fresh).into_iter().collect()).await,
        Err(refusal) => call.answer(&refusal.message()).await,
    }
}

/// The answer is worth giving without its picture too.
fn drawn(reports: &[Report]) -> Option<CreateAttachment> {
    match picture::spark(reports)? {
        Ok((file, description)) => Some(CreateAttachment::bytes(file, "latency.png").description(description)),
        Err(error) => {
            warn!(error = &error as &dyn std::error::Error, "how long answers took could not be drawn");
            None
        }
    }
}
