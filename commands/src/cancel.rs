//! `/cancel`.

use crate::{Context, Data, Error, call::Call, desk::CancelAsk, reply, suggest, typed};

/// Stop a deployment. What it has changed already stays changed.
#[poise::command(slash_command)]
pub(crate) async fn cancel(
    ctx: Context<'_>,
    #[description = "Its number, such as 42"]
    #[autocomplete = "suggest::deployments"]
    deployment: String,
) -> Result<(), Error> {
    let Some(call) = Call::of(ctx, typed("cancel", Some(&deployment), &[])).await? else { return Ok(()) };
    ask(call, ctx.framework.user_data, deployment).await
}

pub(crate) async fn ask(call: Call<'_>, data: &Data, deployment: String) -> Result<(), Error> {
    let ask = CancelAsk { asker: call.asker.clone(), deployment };
    let answer = match data.desk.cancel(ask).await {
        Ok(deployment) => reply::cancelling(&deployment, data.desk.line(), data.guild),
        Err(refusal) => refusal.message(),
    };
    call.answer(&answer).await
}
