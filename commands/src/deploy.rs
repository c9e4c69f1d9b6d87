//! `/deploy`.

use crate::{Context, Error, call::Call, desk::DeployAsk, reply, suggest, typed};

/// Start a deployment, follow it on one card, and have the database asked whether it is true.
#[poise::command(slash_command)]
pub(crate) async fn deploy(
    ctx: Context<'_>,
    #[description = "Where to"]
    #[autocomplete = "suggest::environments"]
    environment: String,
    #[description = "Branch or tag; without it the environment's usual one"]
    #[rename = "ref"]
    #[max_length = 244]
    #[autocomplete = "suggest::refs"]
    git_ref: Option<String>,
    #[description = "Written on the card, such as a ticket number"]
    #[max_length = 300]
    note: Option<String>,
) -> Result<(), Error> {
    let command = typed("deploy", Some(&environment), &[("ref", git_ref.as_deref()), ("note", note.as_deref())]);
    let Some(call) = Call::of(ctx, command).await? else { return Ok(()) };
    let data = ctx.framework.user_data;
    let ask = DeployAsk { asker: call.asker.clone(), environment, git_ref, note };
    let answer = match data.desk.deploy(ask).await {
        Ok(deployment) => reply::deploying(&deployment, data.desk.line(), data.guild),
        Err(refusal) => refusal.message(),
    };
    call.answer(&answer).await
}
