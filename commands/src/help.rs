//! `/help`.

use crate::{Context, Error, call::Call, reply, typed};

/// See the commands, the environments, and who may deploy where.
#[poise::command(slash_command)]
pub(crate) async fn help(ctx: Context<'_>) -> Result<(), Error> {
    let Some(call) = Call::of(ctx, typed("help", None, &[])).await? else { return Ok(()) };
    let answer = reply::help(&ctx.framework.options.commands, ctx.framework.user_data.desk.line());
    call.answer(&answer).await
}
