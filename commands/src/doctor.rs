//! `/doctor`.

use poise::serenity_prelude::CreateAttachment;
use signalbox_domain::pulse::{Checkup, checkup};
use tracing::warn;

use crate::{Context, Error, call::Call, picture, typed};

/// See how Signalbox itself does: what it watches, heard and missed, and how quick it is.
#[poise::command(slash_command)]
pub(crate) async fn doctor(ctx: Context<'_>) -> Result<(), Error> {
    let Some(call) = Call::of(ctx, typed("doctor", None, &[])).await? else { return Ok(()) };
    match ctx.framework.user_data.desk.checkup().await {
        Ok(found) => call.answer_with(&checkup(&found), drawn(&found).into_iter().collect()).await,
        Err(refusal) => call.answer(&refusal.message()).await,
    }
}

/// The answer is worth giving without its picture too.
fn drawn(found: &Checkup) -> Option<CreateAttachment> {
    match picture::levels(&found.pulse.levels, found.now)? {
        Ok((file, description)) => Some(CreateAttachment::bytes(file, "levels.png").description(description)),
        Err(error) => {
            warn!(error = &error as &dyn std::error::Error, "the levels of service could not be drawn");
            None
        }
    }
}
