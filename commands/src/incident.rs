//! `/incident`: what is noted while people work on a trouble, and the post-mortem that is written from it.

use crate::{
    Context, Error,
    call::Call,
    desk::{IncidentAct, IncidentAsk},
    reply, suggest, typed,
};

/// Keep notes of a trouble, and have the post-mortem written.
#[poise::command(slash_command, subcommands("open", "note", "close", "list"), subcommand_required)]
pub(crate) async fn incident(_: Context<'_>) -> Result<(), Error> {
    Ok(())
}

/// Open one: from now on a timeline is kept.
#[poise::command(slash_command)]
async fn open(
    ctx: Context<'_>,
    #[description = "What is the matter, in a few words"]
    #[max_length = 200]
    title: String,
    #[description = "Where; all of them without it"]
    #[autocomplete = "suggest::environments"]
    environment: Option<String>,
) -> Result<(), Error> {
    let command = typed("incident open", Some(&title), &[("environment", environment.as_deref())]);
    act(ctx, command, IncidentAct::Open { title, environment }).await
}

/// Write down what was seen, thought or done.
#[poise::command(slash_command)]
async fn note(
    ctx: Context<'_>,
    #[description = "What"]
    #[max_length = 1000]
    text: String,
    #[description = "Of which incident, when several are open"]
    #[max_length = 20]
    incident: Option<String>,
) -> Result<(), Error> {
    let command = typed("incident note", Some(&text), &[("incident", incident.as_deref())]);
    act(ctx, command, IncidentAct::Note { text, incident }).await
}

/// Close it, and get the post-mortem as a file.
#[poise::command(slash_command)]
async fn close(
    ctx: Context<'_>,
    #[description = "Which, when several are open"]
    #[max_length = 20]
    incident: Option<String>,
) -> Result<(), Error> {
    act(ctx, typed("incident close", incident.as_deref(), &[]), IncidentAct::Close { incident }).await
}

/// See the open incidents and the latest closed ones.
#[poise::command(slash_command)]
async fn list(ctx: Context<'_>) -> Result<(), Error> {
    let Some(call) = Call::of(ctx, typed("incident list", None, &[])).await? else { return Ok(()) };
    let answer = match ctx.framework.user_data.desk.incidents().await {
        Ok((incidents, now)) => reply::incidents(&incidents, now),
        Err(refusal) => refusal.message(),
    };
    call.answer(&answer).await
}

async fn act(ctx: Context<'_>, command: String, act: IncidentAct) -> Result<(), Error> {
    let Some(call) = Call::of(ctx, command).await? else { return Ok(()) };
    let ask = IncidentAsk { asker: call.asker.clone(), act };
    let answer = match ctx.framework.user_data.desk.keep_incident(ask).await {
        Ok(incident) => reply::kept_incident(&incident),
        Err(refusal) => refusal.message(),
    };
    call.answer(&answer).await
}
