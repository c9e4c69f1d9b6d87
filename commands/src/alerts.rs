//! `/alerts`: what is the matter, and who looks after it.

use signalbox_domain::ids::AlertId;

use crate::{
    Context, Data, Error,
    call::Call,
    desk::{AlertAct, AlertAsk},
    reply, typed,
};

/// See what is the matter, and look after it.
#[poise::command(slash_command, subcommands("list", "ack", "mute"), subcommand_required)]
pub(crate) async fn alerts(_: Context<'_>) -> Result<(), Error> {
    Ok(())
}

/// See the open alerts.
#[poise::command(slash_command)]
pub(crate) async fn list(ctx: Context<'_>) -> Result<(), Error> {
    let Some(call) = Call::of(ctx, typed("alerts list", None, &[])).await? else { return Ok(()) };
    let answer = match ctx.framework.user_data.desk.alerts().await {
        Ok(alerts) => reply::alerts(&alerts.0, alerts.1),
        Err(refusal) => refusal.message(),
    };
    call.answer(&answer).await
}

/// Say that you look after an alert; nobody else is called for it then.
#[poise::command(slash_command)]
pub(crate) async fn ack(
    ctx: Context<'_>,
    #[description = "Its number, as its message shows it"]
    #[max_length = 20]
    alert: String,
) -> Result<(), Error> {
    let Some(call) = Call::of(ctx, typed("alerts ack", Some(&alert), &[])).await? else { return Ok(()) };
    act(call, ctx.framework.user_data, alert, AlertAct::Acknowledge).await
}

/// Have nobody called for an alert for a while.
#[poise::command(slash_command)]
pub(crate) async fn mute(
    ctx: Context<'_>,
    #[description = "Its number, as its message shows it"]
    #[max_length = 20]
    alert: String,
    #[description = "Why, for those who read it"]
    #[max_length = 300]
    reason: String,
    #[description = "For how long, such as 30m, 2h or 1d; at most 7d"]
    #[rename = "for"]
    #[max_length = 40]
    length: String,
) -> Result<(), Error> {
    let named = [("reason", Some(reason.as_str())), ("for", Some(length.as_str()))];
    let command = typed("alerts mute", Some(&alert), &named);
    let Some(call) = Call::of(ctx, command).await? else { return Ok(()) };
    act(call, ctx.framework.user_data, alert, AlertAct::Mute { reason, length: Some(length) }).await
}

/// Has it done, by a command or a button.
pub(crate) async fn act(call: Call<'_>, data: &Data, alert: String, act: AlertAct) -> Result<(), Error> {
    let ask = AlertAsk { asker: call.asker.clone(), alert, act };
    let answer = match data.desk.answer_alert(ask).await {
        Ok(record) => reply::answered_alert(&record),
        Err(refusal) => refusal.message(),
    };
    call.answer(&answer).await
}

/// What somebody types when Signalbox was stopped before it could answer their press.
pub(crate) fn again(verb: &str, alert: AlertId) -> String {
    format!("/alerts {verb} {alert}")
}
