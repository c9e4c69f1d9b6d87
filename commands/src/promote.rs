//! `/promote`.

use crate::{Context, Error, call::Call, desk::PromoteAsk, reply, suggest, typed};

/// Merge what is in the environment before, once the gate is open.
#[poise::command(slash_command)]
pub(crate) async fn promote(
    ctx: Context<'_>,
    #[description = "Where to"]
    #[autocomplete = "suggest::promoted"]
    environment: String,
    #[description = "Written on the card, such as a ticket number"]
    #[max_length = 300]
    note: Option<String>,
) -> Result<(), Error> {
    let command = typed("promote", Some(&environment), &[("note", note.as_deref())]);
    let Some(call) = Call::of(ctx, command).await? else { return Ok(()) };
    let data = ctx.framework.user_data;
    let ask = PromoteAsk { asker: call.asker.clone(), environment, note };
    let answer = match data.desk.promote(ask).await {
        Ok(deployment) => reply::promoting(&deployment, data.desk.line(), data.guild),
        Err(refusal) => refusal.message(),
    };
    call.answer(&answer).await
}
