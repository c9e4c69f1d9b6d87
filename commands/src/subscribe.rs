//! `/subscribe`, `/unsubscribe` and `/subscriptions`: what somebody hears in direct messages.

use crate::{
    Context, Error,
    call::Call,
    desk::{SubscribeAsk, UnsubscribeAsk},
    reply, suggest, typed,
};

/// Hear of an environment, or of all, in direct messages.
#[poise::command(slash_command)]
pub(crate) async fn subscribe(
    ctx: Context<'_>,
    #[description = "Which one, or all"]
    #[autocomplete = "suggest::reaches"]
    environment: String,
    #[description = "Some of started, progress, finished, failed, untrue, recovered, alerts; with commas between"]
    #[max_length = 100]
    kinds: Option<String>,
) -> Result<(), Error> {
    let command = typed("subscribe", Some(&environment), &[("kinds", kinds.as_deref())]);
    let Some(call) = Call::of(ctx, command).await? else { return Ok(()) };
    let ask = SubscribeAsk { asker: call.asker.clone(), reach: environment, kinds };
    let answer = match ctx.framework.user_data.desk.subscribe(ask).await {
        Ok(subscription) => reply::subscribed(&subscription),
        Err(refusal) => refusal.message(),
    };
    call.answer(&answer).await
}

/// Hear no more of an environment; `all` ends everything.
#[poise::command(slash_command)]
pub(crate) async fn unsubscribe(
    ctx: Context<'_>,
    #[description = "Which one, or all"]
    #[autocomplete = "suggest::reaches"]
    environment: String,
) -> Result<(), Error> {
    let Some(call) = Call::of(ctx, typed("unsubscribe", Some(&environment), &[])).await? else { return Ok(()) };
    let ask = UnsubscribeAsk { asker: call.asker.clone(), reach: environment };
    let answer = match ctx.framework.user_data.desk.unsubscribe(ask).await {
        Ok(left) => reply::unsubscribed(&left),
        Err(refusal) => refusal.message(),
    };
    call.answer(&answer).await
}
