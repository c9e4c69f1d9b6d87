//! `/migrations status`, `/migrations history` and `/migrations stats`.

use poise::serenity_prelude::CreateAttachment;
use signalbox_domain::history::{Chart, View, told};
use tracing::warn;

use crate::{Context, Error, call::Call, desk::MigrationsAsk, picture, suggest, typed};

/// See how long migrations take, how they went, and what is at work.
#[poise::command(slash_command, subcommands("status", "history", "stats"), subcommand_required)]
pub(crate) async fn migrations(_: Context<'_>) -> Result<(), Error> {
    Ok(())
}

/// See what migrates now, what came last, and what is usual.
#[poise::command(slash_command)]
async fn status(
    ctx: Context<'_>,
    #[description = "Which one; all without it"]
    #[autocomplete = "suggest::environments"]
    environment: Option<String>,
) -> Result<(), Error> {
    answer(ctx, View::Status, environment, None).await
}

/// See which migrations ran, for how long, with what end; with a picture.
#[poise::command(slash_command)]
async fn history(
    ctx: Context<'_>,
    #[description = "Which one; the last of the promotion path without it"]
    #[autocomplete = "suggest::environments"]
    environment: Option<String>,
    #[description = "From how many days; 30 without it"]
    #[min = 1]
    #[max = 365]
    days: Option<u32>,
) -> Result<(), Error> {
    answer(ctx, View::History, environment, days).await
}

/// See what is usual, which tenants and migrations are slow, and where it is going; with a picture.
#[poise::command(slash_command)]
async fn stats(
    ctx: Context<'_>,
    #[description = "Which one; the last of the promotion path without it"]
    #[autocomplete = "suggest::environments"]
    environment: Option<String>,
    #[description = "From how many days; 90 without it"]
    #[min = 1]
    #[max = 365]
    days: Option<u32>,
) -> Result<(), Error> {
    answer(ctx, View::Stats, environment, days).await
}

async fn answer(ctx: Context<'_>, view: View, environment: Option<String>, days: Option<u32>) -> Result<(), Error> {
    let length = days.map(|days| days.to_string());
    let command = typed(&format!("migrations {}", view.verb()), environment.as_deref(), &[("days", length.as_deref())]);
    let Some(call) = Call::of(ctx, command).await? else { return Ok(()) };
    match ctx.framework.user_data.desk.migrations(MigrationsAsk { view, environment, days }).await {
        Ok(past) => {
            let told = told(view, &past);
            let picture = told.chart.as_ref().and_then(drawn);
            call.answer_with(&told.text, picture.into_iter().collect()).await
        }
        Err(refusal) => call.answer(&refusal.message()).await,
    }
}

/// The answer is worth giving without its picture too.
fn drawn(chart: &Chart) -> Option<CreateAttachment> {
    match picture::chart(chart) {
        Ok(file) => Some(CreateAttachment::bytes(file, &chart.name).description(&chart.description)),
        Err(error) => {
            warn!(error = &error as &dyn std::error::Error, "a chart could not be drawn");
            None
        }
    }
}
