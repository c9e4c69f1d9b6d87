//! `/schemas`, `/tenants`, `/tenant`, `/drift`, `/isolation` and `/ledger`: six questions to one reading.

use poise::serenity_prelude::CreateAttachment;
use signalbox_domain::{
    fleet::{File, Map, Question},
    history::blamed,
};
use tracing::warn;

use crate::{
    Context, Error,
    call::Call,
    desk::{BlameAsk, FleetAsk},
    picture, suggest, typed,
};

/// See which schemas a tenant database has, and how much they hold.
#[poise::command(slash_command)]
pub(crate) async fn schemas(
    ctx: Context<'_>,
    #[description = "Whose tenant database"]
    #[autocomplete = "suggest::fleets"]
    environment: String,
) -> Result<(), Error> {
    ask(ctx, environment, Question::Schemas).await
}

/// See which tenants there are, and where rows, domains and schemas contradict each other.
#[poise::command(slash_command)]
pub(crate) async fn tenants(
    ctx: Context<'_>,
    #[description = "Whose tenant database"]
    #[autocomplete = "suggest::fleets"]
    environment: String,
) -> Result<(), Error> {
    ask(ctx, environment, Question::Tenants).await
}

/// See all that is known of one tenant: size, domains, drift, isolation, ledger.
#[poise::command(slash_command)]
pub(crate) async fn tenant(
    ctx: Context<'_>,
    #[description = "Whose tenant database"]
    #[autocomplete = "suggest::fleets"]
    environment: String,
    #[description = "The name of its schema"]
    #[max_length = 100]
    #[autocomplete = "suggest::tenants"]
    name: String,
) -> Result<(), Error> {
    ask(ctx, environment, Question::Tenant(name)).await
}

/// See which tenants differ from the others, and in what; or who changed something.
#[poise::command(slash_command)]
pub(crate) async fn drift(
    ctx: Context<'_>,
    #[description = "Whose tenant database"]
    #[autocomplete = "suggest::fleets"]
    environment: String,
    #[description = "Who did this? A schema, a dot and an object, such as acme.orders.total"]
    #[max_length = 200]
    blame: Option<String>,
) -> Result<(), Error> {
    let Some(object) = blame else { return ask(ctx, environment, Question::Drift).await };
    let command = typed("drift", Some(&environment), &[("blame", Some(&object))]);
    let Some(call) = Call::of(ctx, command).await? else { return Ok(()) };
    match ctx.framework.user_data.desk.blame(BlameAsk { environment, object: object.clone() }).await {
        Ok(found) => call.answer(&blamed(&found.environment, &object, &found.blame, &found.jobs)).await,
        Err(refusal) => call.answer(&refusal.message()).await,
    }
}

/// See which tenants reach into another one, or into what is shared.
#[poise::command(slash_command)]
pub(crate) async fn isolation(
    ctx: Context<'_>,
    #[description = "Whose tenant database"]
    #[autocomplete = "suggest::fleets"]
    environment: String,
) -> Result<(), Error> {
    ask(ctx, environment, Question::Isolation).await
}

/// See which tenants lack migrations, or have recorded what is not there.
#[poise::command(slash_command)]
pub(crate) async fn ledger(
    ctx: Context<'_>,
    #[description = "Whose tenant database"]
    #[autocomplete = "suggest::fleets"]
    environment: String,
) -> Result<(), Error> {
    ask(ctx, environment, Question::Ledger).await
}

async fn ask(ctx: Context<'_>, environment: String, question: Question) -> Result<(), Error> {
    let name = match &question {
        Question::Tenant(name) => Some(name.as_str()),
        _ => None,
    };
    let command = typed(question.verb(), Some(&environment), &[("name", name)]);
    let Some(call) = Call::of(ctx, command).await? else { return Ok(()) };
    let ask = FleetAsk { environment, question: question.clone() };
    match ctx.framework.user_data.desk.fleet(ask).await {
        Ok(reading) => {
            let said = reading.answer(&question);
            let files = said.map.as_ref().and_then(drawn).into_iter().chain(said.file.as_ref().map(written));
            call.answer_with(&said.text, files.collect()).await
        }
        Err(refusal) => call.answer(&refusal.message()).await,
    }
}

fn written(file: &File) -> CreateAttachment {
    CreateAttachment::bytes(file.content.as_bytes(), &file.name)
}

/// The answer is worth giving without its picture too.
fn drawn(map: &Map) -> Option<CreateAttachment> {
    match picture::map(map) {
        Ok(file) => Some(CreateAttachment::bytes(file, &map.name).description(&map.description)),
        Err(error) => {
            warn!(error = &error as &dyn std::error::Error, "a map could not be drawn");
            None
        }
    }
}
