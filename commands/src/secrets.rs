//! `/secrets check`.

use signalbox_domain::secrets;

use crate::{Context, Error, call::Call, suggest, typed};

/// Look after secrets and variables at GitHub.
#[poise::command(slash_command, subcommands("check"), subcommand_required)]
pub(crate) async fn secrets(_: Context<'_>) -> Result<(), Error> {
    Ok(())
}

/// See which secrets and variables are missing or old, and the command that mends it.
#[poise::command(slash_command)]
pub(crate) async fn check(
    ctx: Context<'_>,
    #[description = "Which environment, name by name; all in short without it"]
    #[autocomplete = "suggest::environments"]
    environment: Option<String>,
) -> Result<(), Error> {
    let Some(call) = Call::of(ctx, typed("secrets check", environment.as_deref(), &[])).await? else { return Ok(()) };
    let named = environment.is_some();
    let answer = match ctx.framework.user_data.desk.secrets(environment).await {
        Ok(reports) => match &reports[..] {
            [report] if named => secrets::one(report),
            reports => secrets::all(reports),
        },
        Err(refusal) => refusal.message(),
    };
    call.answer(&answer).await
}
