//! `/cancel`, and the button of that name on a card.

use poise::serenity_prelude as serenity;
use signalbox_domain::ids::DeploymentId;
use tracing::{error, warn};

use crate::{
    Context, Data, Error,
    call::{Arrival, Call},
    desk::CancelAsk,
    fault, reply, suggest, typed,
};

/// Stop a deployment. What it has changed already stays changed.
#[poise::command(slash_command)]
pub(crate) async fn cancel(
    ctx: Context<'_>,
    #[description = "Its number, such as 42"]
    #[autocomplete = "suggest::deployments"]
    deployment: String,
) -> Result<(), Error> {
    let Some(call) = Call::of(ctx, typed("cancel", Some(&deployment), &[])).await? else { return Ok(()) };
    ask(call, ctx.framework.user_data, deployment).await
}

/// The id of the button that cancels a deployment.
#[must_use]
pub fn button_id(deployment: DeploymentId) -> String {
    format!("cancel:{deployment}")
}

/// Handles a pressed button of a card. A person who may not cancel is refused as with the command.
pub async fn pressed(http: &serenity::Http, press: &serenity::ComponentInteraction, data: &Data) {
    let Err(failed) = press_cancel(http, press, data).await else { return };
    error!(interaction.id = press.id.get(), cause = fault::chain(&failed), "a button could not be carried out");
    if !matches!(failed, Error::Answer(_)) {
        fault::tell(http, &*data.desk, press.id, &press.token).await;
    }
}

async fn press_cancel(http: &serenity::Http, press: &serenity::ComponentInteraction, data: &Data) -> Result<(), Error> {
    let pressed = press.data.custom_id.strip_prefix("cancel:");
    let command = pressed.map_or_else(|| "/help".into(), |id| typed("cancel", Some(id), &[]));
    let Some(call) = Call::begin(http, data, Arrival::from(press), command).await? else { return Ok(()) };
    match pressed {
        Some(deployment) => ask(call, data, deployment.to_owned()).await,
        None => {
            warn!(button = press.data.custom_id, "a button that this version does not know was pressed");
            call.answer(reply::UNKNOWN_BUTTON).await
        }
    }
}

async fn ask(call: Call<'_>, data: &Data, deployment: String) -> Result<(), Error> {
    let ask = CancelAsk { asker: call.asker.clone(), deployment };
    let answer = match data.desk.cancel(ask).await {
        Ok(deployment) => reply::cancelling(&deployment, data.desk.line(), data.guild),
        Err(refusal) => refusal.message(),
    };
    call.answer(&answer).await
}
