//! `/why` and `/checklist`.

use crate::{Context, Error, call::Call, desk::WhyAsk, reply, suggest, typed};

/// See what keeps a deployment from leaving, and who can change that.
#[poise::command(slash_command)]
pub(crate) async fn why(
    ctx: Context<'_>,
    #[description = "Which one"]
    #[autocomplete = "suggest::environments"]
    environment: String,
) -> Result<(), Error> {
    let Some(call) = Call::of(ctx, typed("why", Some(&environment), &[])).await? else { return Ok(()) };
    let ask = WhyAsk { asker: call.asker.clone(), environment };
    let answer = match ctx.framework.user_data.desk.why(ask).await {
        Ok(clearing) => reply::why(&clearing),
        Err(refusal) => refusal.message(),
    };
    call.answer(&answer).await
}

/// See the release checklist: what is proven, signed, open.
#[poise::command(slash_command)]
pub(crate) async fn checklist(
    ctx: Context<'_>,
    #[description = "Which one"]
    #[autocomplete = "suggest::environments"]
    environment: String,
) -> Result<(), Error> {
    let Some(call) = Call::of(ctx, typed("checklist", Some(&environment), &[])).await? else { return Ok(()) };
    let ask = WhyAsk { asker: call.asker.clone(), environment };
    let answer = match ctx.framework.user_data.desk.checklist(ask).await {
        Ok(clearing) => reply::checklist(&clearing),
        Err(refusal) => refusal.message(),
    };
    call.answer(&answer).await
}
