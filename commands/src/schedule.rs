//! `/schedule`.

use signalbox_domain::schedule::schedules;

use crate::{Context, Error, call::Call, typed};

/// See what Signalbox does by itself, when it does so next, and what came of the last time.
#[poise::command(slash_command)]
pub(crate) async fn schedule(ctx: Context<'_>) -> Result<(), Error> {
    let Some(call) = Call::of(ctx, typed("schedule", None, &[])).await? else { return Ok(()) };
    let answer = match ctx.framework.user_data.desk.schedules().await {
        Ok((all, now)) => schedules(&all, now),
        Err(refusal) => refusal.message(),
    };
    call.answer(&answer).await
}
