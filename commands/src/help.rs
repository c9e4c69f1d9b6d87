//! `/help`.

use crate::{Context, Error, call::Call, reply, suggest, typed};

/// See the commands, the environments, and who may deploy where.
#[poise::command(slash_command)]
pub(crate) async fn help(
    ctx: Context<'_>,
    #[description = "One command, explained; all without it"]
    #[autocomplete = "suggest::commands"]
    command: Option<String>,
) -> Result<(), Error> {
    let Some(call) = Call::of(ctx, typed("help", command.as_deref(), &[])).await? else { return Ok(()) };
    let commands = &ctx.framework.options.commands;
    let answer = match command {
        Some(name) => reply::usage(commands, &name),
        None => reply::help(commands, ctx.framework.user_data.desk.line()),
    };
    call.answer(&answer).await
}
