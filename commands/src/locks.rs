//! `/lock`, `/unlock`, `/locks` and `/freeze`.

use crate::{
    Context, Error,
    call::Call,
    desk::{LockAsk, UnlockAsk},
    reply, suggest, typed,
};

/// Keep deployments from an environment, or from all.
#[poise::command(slash_command)]
pub(crate) async fn lock(
    ctx: Context<'_>,
    #[description = "Which one, or all"]
    #[autocomplete = "suggest::reaches"]
    environment: String,
    #[description = "Why, for those who are kept waiting"]
    #[max_length = 300]
    reason: String,
    #[description = "For how long, such as 30m, 2h or 1d; without it until somebody unlocks"]
    #[rename = "for"]
    #[max_length = 40]
    length: Option<String>,
) -> Result<(), Error> {
    let named = [("reason", Some(reason.as_str())), ("for", length.as_deref())];
    let command = typed("lock", Some(&environment), &named);
    set(ctx, command, environment, reason, length).await
}

/// Stop all deployments, everywhere.
#[poise::command(slash_command)]
pub(crate) async fn freeze(
    ctx: Context<'_>,
    #[description = "Why, for those who are kept waiting"]
    #[max_length = 300]
    reason: String,
    #[description = "For how long, such as 30m, 2h or 1d; without it until somebody unlocks"]
    #[rename = "for"]
    #[max_length = 40]
    length: Option<String>,
) -> Result<(), Error> {
    let named = [("reason", Some(reason.as_str())), ("for", length.as_deref())];
    let command = typed("freeze", None, &named);
    set(ctx, command, "all".into(), reason, length).await
}

async fn set(
    ctx: Context<'_>,
    command: String,
    reach: String,
    reason: String,
    length: Option<String>,
) -> Result<(), Error> {
    let Some(call) = Call::of(ctx, command).await? else { return Ok(()) };
    let ask = LockAsk { asker: call.asker.clone(), reach, reason, length };
    let answer = match ctx.framework.user_data.desk.lock(ask).await {
        Ok(lock) => reply::locked(&lock),
        Err(refusal) => refusal.message(),
    };
    call.answer(&answer).await
}

/// Lift a lock, whoever set it.
#[poise::command(slash_command)]
pub(crate) async fn unlock(
    ctx: Context<'_>,
    #[description = "Which one, or all"]
    #[autocomplete = "suggest::reaches"]
    environment: String,
) -> Result<(), Error> {
    let Some(call) = Call::of(ctx, typed("unlock", Some(&environment), &[])).await? else { return Ok(()) };
    let ask = UnlockAsk { asker: call.asker.clone(), reach: environment };
    let answer = match ctx.framework.user_data.desk.unlock(ask).await {
        Ok(lock) => reply::unlocked(&lock),
        Err(refusal) => refusal.message(),
    };
    call.answer(&answer).await
}

/// See which locks there are.
#[poise::command(slash_command)]
pub(crate) async fn locks(ctx: Context<'_>) -> Result<(), Error> {
    let Some(call) = Call::of(ctx, typed("locks", None, &[])).await? else { return Ok(()) };
    let answer = match ctx.framework.user_data.desk.locks().await {
        Ok(locks) => reply::locks(&locks),
        Err(refusal) => refusal.message(),
    };
    call.answer(&answer).await
}
