//! `/link`: who is who at GitHub.

use poise::serenity_prelude as serenity;
use signalbox_domain::ids::{Person, PersonId};

use crate::{
    Context, Error,
    call::Call,
    desk::{LinkAsk, Linking},
    reply, typed,
};

/// Say who is who at GitHub.
#[poise::command(slash_command, subcommands("github", "confirm", "list", "remove"), subcommand_required)]
pub(crate) async fn link(_: Context<'_>) -> Result<(), Error> {
    Ok(())
}

/// Say who you are at GitHub. Somebody who administers this server confirms it.
#[poise::command(slash_command)]
async fn github(
    ctx: Context<'_>,
    #[description = "Your login there"]
    #[max_length = 60]
    login: String,
) -> Result<(), Error> {
    let Some(call) = Call::of(ctx, typed("link github", Some(&login), &[])).await? else { return Ok(()) };
    ask(ctx, call, Linking::Ask { login }).await
}

/// Confirm who somebody is at GitHub.
#[poise::command(slash_command)]
async fn confirm(
    ctx: Context<'_>,
    #[description = "Who"] person: serenity::User,
    #[description = "Their login there, as they asked"]
    #[max_length = 60]
    login: String,
) -> Result<(), Error> {
    let named = [("login", Some(login.as_str()))];
    let Some(call) = Call::of(ctx, typed("link confirm", Some(&format!("@{}", person.name)), &named)).await? else {
        return Ok(());
    };
    ask(ctx, call, Linking::Confirm { person: known(&person), login }).await
}

/// See who is who at GitHub.
#[poise::command(slash_command)]
async fn list(ctx: Context<'_>) -> Result<(), Error> {
    let Some(call) = Call::of(ctx, typed("link list", None, &[])).await? else { return Ok(()) };
    let answer = match ctx.framework.user_data.desk.links().await {
        Ok(links) => reply::links(&links),
        Err(refusal) => refusal.message(),
    };
    call.answer(&answer).await
}

/// Forget who somebody is at GitHub.
#[poise::command(slash_command)]
async fn remove(ctx: Context<'_>, #[description = "Who"] person: serenity::User) -> Result<(), Error> {
    let Some(call) = Call::of(ctx, typed("link remove", Some(&format!("@{}", person.name)), &[])).await? else {
        return Ok(());
    };
    ask(ctx, call, Linking::Remove { person: known(&person) }).await
}

async fn ask(ctx: Context<'_>, call: Call<'_>, what: Linking) -> Result<(), Error> {
    let manages = ctx.interaction.member.as_ref().and_then(|member| member.permissions);
    let manages = manages.is_some_and(|may| may.administrator() || may.manage_guild());
    let ask = LinkAsk { asker: call.asker.clone(), manages, what };
    let answer = match ctx.framework.user_data.desk.link(ask.clone()).await {
        Ok(link) => reply::linked(&ask, &link),
        Err(refusal) => refusal.message(),
    };
    call.answer(&answer).await
}

fn known(user: &serenity::User) -> Person {
    Person { id: PersonId(user.id.get()), name: user.name.clone() }
}
