//! `/breakglass`.

use crate::{
    Context, Error,
    call::Call,
    desk::{GlassAct, GlassAsk},
    reply, suggest, typed,
};

/// Go past a closed gate, by two people.
#[poise::command(slash_command, subcommands("ask", "confirm", "list", "close"), subcommand_required)]
pub(crate) async fn breakglass(_: Context<'_>) -> Result<(), Error> {
    Ok(())
}

/// Ask to go past the gate that a deployment waits at.
#[poise::command(slash_command)]
async fn ask(
    ctx: Context<'_>,
    #[description = "Its number, such as 42"]
    #[autocomplete = "suggest::deployments"]
    deployment: String,
    #[description = "Why it cannot wait"]
    #[min_length = 3]
    #[max_length = 300]
    reason: String,
) -> Result<(), Error> {
    let command = typed("breakglass ask", Some(&deployment), &[("reason", Some(&reason))]);
    act(ctx, command, deployment, GlassAct::Ask { reason }).await
}

/// Agree that a deployment goes past its gate.
#[poise::command(slash_command)]
async fn confirm(
    ctx: Context<'_>,
    #[description = "Its number, such as 42"]
    #[autocomplete = "suggest::deployments"]
    deployment: String,
) -> Result<(), Error> {
    let command = typed("breakglass confirm", Some(&deployment), &[]);
    act(ctx, command, deployment, GlassAct::Confirm).await
}

/// Say that a broken glass was looked after.
#[poise::command(slash_command)]
async fn close(
    ctx: Context<'_>,
    #[description = "Its number, such as 42"]
    #[max_length = 40]
    deployment: String,
    #[description = "What was found, and what was made up for"]
    #[min_length = 3]
    #[max_length = 300]
    note: String,
) -> Result<(), Error> {
    let command = typed("breakglass close", Some(&deployment), &[("note", Some(&note))]);
    act(ctx, command, deployment, GlassAct::Close { note }).await
}

async fn act(ctx: Context<'_>, command: String, deployment: String, act: GlassAct) -> Result<(), Error> {
    let Some(call) = Call::of(ctx, command).await? else { return Ok(()) };
    let ask = GlassAsk { asker: call.asker.clone(), deployment, act };
    let answer = match ctx.framework.user_data.desk.break_glass(ask).await {
        Ok(deployment) => reply::glass(&deployment),
        Err(refusal) => refusal.message(),
    };
    call.answer(&answer).await
}

/// See which deployments went past their gate; those nobody has looked after first.
#[poise::command(slash_command)]
async fn list(ctx: Context<'_>) -> Result<(), Error> {
    let Some(call) = Call::of(ctx, typed("breakglass list", None, &[])).await? else { return Ok(()) };
    let answer = match ctx.framework.user_data.desk.broken_glass().await {
        Ok(deployments) => reply::broken_glass(&deployments),
        Err(refusal) => refusal.message(),
    };
    call.answer(&answer).await
}
