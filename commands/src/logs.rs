//! `/logs`.

use poise::serenity_prelude::CreateAttachment;

use crate::{Context, Error, call::Call, desk::LogsAsk, reply, suggest, typed};

/// See what the log of a job says: what went wrong, what to do, and its end as a file.
#[poise::command(slash_command)]
pub(crate) async fn logs(
    ctx: Context<'_>,
    #[description = "Its number, such as 42"]
    #[max_length = 40]
    #[autocomplete = "suggest::latest"]
    deployment: String,
    #[description = "Which job; the one that went wrong without it"]
    #[max_length = 100]
    #[autocomplete = "suggest::jobs"]
    job: Option<String>,
) -> Result<(), Error> {
    let command = typed("logs", Some(&deployment), &[("job", job.as_deref())]);
    let Some(call) = Call::of(ctx, command).await? else { return Ok(()) };
    let ask = LogsAsk { asker: call.asker.clone(), deployment, job };
    match ctx.framework.user_data.desk.logs(ask).await {
        Ok(log) => {
            let file = CreateAttachment::bytes(log.file.content.as_bytes(), &log.file.name);
            let files = if log.file.content.is_empty() { vec![] } else { vec![file] };
            call.answer_with(&reply::log(&log), files).await
        }
        Err(refusal) => call.answer(&refusal.message()).await,
    }
}
