//! `/expect`: schemas that may come and go for a while.

use crate::{Context, Error, call::Call, desk::ExpectAsk, reply, suggest, typed};

/// Let schemas come and go for a while, or take as right what a monitor found.
#[poise::command(slash_command)]
pub(crate) async fn expect(
    ctx: Context<'_>,
    #[description = "In whose tenant database"]
    #[autocomplete = "suggest::fleets"]
    environment: String,
    #[description = "Their name, in which * stands for anything, such as rehearsal_*"]
    #[max_length = 63]
    schemas: String,
    #[description = "For how long, such as 30m, 2h or 1d; an hour without it, at most 7d"]
    #[rename = "for"]
    #[max_length = 40]
    length: Option<String>,
    #[description = "Why, for those who read the audit trail"]
    #[max_length = 300]
    reason: Option<String>,
) -> Result<(), Error> {
    let named = [("schemas", Some(schemas.as_str())), ("for", length.as_deref()), ("reason", reason.as_deref())];
    let Some(call) = Call::of(ctx, typed("expect", Some(&environment), &named)).await? else { return Ok(()) };
    let ask = ExpectAsk { asker: call.asker.clone(), environment: environment.clone(), schemas, length, reason };
    let answer = match ctx.framework.user_data.desk.expect(ask).await {
        Ok((expected, taken)) => reply::expected(&environment, &expected, taken),
        Err(refusal) => refusal.message(),
    };
    call.answer(&answer).await
}
