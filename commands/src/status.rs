//! `/status`.

use crate::{Context, Error, call::Call, reply, suggest, typed};

/// See what is at work and what came last.
#[poise::command(slash_command)]
pub(crate) async fn status(
    ctx: Context<'_>,
    #[description = "Which one; all without it"]
    #[autocomplete = "suggest::environments"]
    environment: Option<String>,
) -> Result<(), Error> {
    let Some(call) = Call::of(ctx, typed("status", environment.as_deref(), &[])).await? else { return Ok(()) };
    let desk = &ctx.framework.user_data.desk;
    let answer = match desk.status(environment).await {
        Ok(board) => reply::board(&board, desk.line()),
        Err(refusal) => refusal.message(),
    };
    call.answer(&answer).await
}
