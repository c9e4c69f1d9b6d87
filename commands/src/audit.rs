//! `/audit prove`.

use poise::serenity_prelude::CreateAttachment;

use crate::{Context, Error, call::Call, reply, typed};

/// Get proofs from the audit trail.
#[poise::command(slash_command, subcommands("prove"), subcommand_required)]
pub(crate) async fn audit(_: Context<'_>) -> Result<(), Error> {
    Ok(())
}

/// Get all that is recorded of a deployment, as a file that anybody can verify.
#[poise::command(slash_command)]
async fn prove(
    ctx: Context<'_>,
    #[description = "Its number, such as 42"]
    #[max_length = 40]
    deployment: String,
) -> Result<(), Error> {
    let Some(call) = Call::of(ctx, typed("audit prove", Some(&deployment), &[])).await? else { return Ok(()) };
    match ctx.framework.user_data.desk.prove(&deployment).await {
        Ok(proof) => {
            let file = CreateAttachment::bytes(proof.file.content.as_bytes(), &proof.file.name);
            call.answer_with(&reply::proving(&proof), vec![file]).await
        }
        Err(refusal) => call.answer(&refusal.message()).await,
    }
}
