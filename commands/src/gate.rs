//! `/why`, `/checklist` and `/gate simulate`.

use crate::{
    Context, Error,
    call::Call,
    desk::{SimulateAsk, WhyAsk},
    reply, suggest, typed,
};

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

/// See the release checklist.
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

/// Try gates out.
#[poise::command(slash_command, subcommands("simulate"), subcommand_required)]
pub(crate) async fn gate(_: Context<'_>) -> Result<(), Error> {
    Ok(())
}

/// Try a gate out.
#[poise::command(slash_command)]
async fn simulate(
    ctx: Context<'_>,
    #[description = "Which one"]
    #[autocomplete = "suggest::environments"]
    environment: String,
    #[description = "A commit, branch or tag; what waits, or the environment's own ref, when left out"]
    #[max_length = 255]
    sha: Option<String>,
    #[rename = "as"]
    #[description = "Roles, one for each person who signs: @reviewer @reviewer @lead"]
    #[max_length = 500]
    roles: Option<String>,
) -> Result<(), Error> {
    let named = [("sha", sha.as_deref()), ("as", roles.as_deref())];
    let Some(call) = Call::of(ctx, typed("gate simulate", Some(&environment), &named)).await? else { return Ok(()) };
    let ask = SimulateAsk { asker: call.asker.clone(), environment, commit: sha, roles };
    let answer = match ctx.framework.user_data.desk.simulate(ask).await {
        Ok(clearing) => reply::simulated(&clearing),
        Err(refusal) => refusal.message(),
    };
    call.answer(&answer).await
}
