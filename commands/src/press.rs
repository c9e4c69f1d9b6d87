//! Buttons of a card and the forms that some of them open.
//!
//! The id of a button says which deployment it is for and what it does, and nothing that would have to be believed:
//! who presses, with which roles and on which message, Discord vouches for, and the service holds all of it against
//! the deployment whose card that message is. So an id that somebody made up can do no more than the buttons that
//! everybody sees.

use poise::serenity_prelude as serenity;
use serenity::{
    ActionRowComponent, Builder as _, ButtonStyle, CreateActionRow, CreateButton, CreateInputText,
    CreateInteractionResponse, CreateModal, InputTextStyle,
};
use signalbox_domain::{
    card::{Form, Press},
    decide::COMMENT,
    gate::VETO,
    ids::{AlertId, ChannelId, DeploymentId, MessageId, MessageRef},
    text::clip,
};
use tracing::{error, warn};

use crate::{
    Data, Error, alerts,
    call::{Arrival, Call},
    cancel,
    desk::{AlertAct, CommentAsk, SignAsk, UnblockAsk, Unblocking, WithdrawAsk},
    failure::Failure,
    fault, reply, typed,
};

/// Inputs of the form.
const TYPED: &str = "commit";
const WORDS: &str = "comment";
const LENGTH: &str = "length";
/// Most characters of a form's title
/// (<https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-response-object-modal>).
const TITLE: usize = 45;

/// The id of a button. `None` for one that only opens a page.
#[must_use]
pub fn button_id(press: &Press) -> Option<String> {
    Some(match press {
        Press::Open(_) => return None,
        Press::Cancel(deployment) => format!("cancel:{deployment}"),
        Press::Withdraw(deployment) => format!("withdraw:{deployment}"),
        Press::Acknowledge(alert) => format!("ack:{alert}"),
        Press::Mute(alert) => format!("mute:{alert}"),
        Press::Blocked(deployment) => format!("blocked:{deployment}"),
        Press::End { deployment, pid, started } => format!("end:{deployment}:{pid}-{started}"),
        Press::Comment { deployment, category } => format!("comment:{deployment}:{category}"),
        Press::Sign { deployment, category, form } => {
            let verb = match form {
                Form::Nothing => "sign",
                Form::Words => "sign-words",
                Form::Commit => "sign-commit",
            };
            format!("{verb}:{deployment}:{category}")
        }
    })
}

/// The other way round. `None`: no version of Signalbox makes such a button.
fn meant(id: &str) -> Option<Press> {
    let mut parts = id.splitn(3, ':');
    let (verb, deployment, category) = (parts.next()?, parts.next()?, parts.next());
    let deployment = deployment.parse().ok().map(DeploymentId)?;
    let alert = AlertId(deployment.0);
    let sign = |form| Some(Press::Sign { deployment, category: category?.to_owned(), form });
    match verb {
        "cancel" if category.is_none() => Some(Press::Cancel(deployment)),
        "ack" if category.is_none() => Some(Press::Acknowledge(alert)),
        "mute" if category.is_none() => Some(Press::Mute(alert)),
        "withdraw" if category.is_none() => Some(Press::Withdraw(deployment)),
        "blocked" if category.is_none() => Some(Press::Blocked(deployment)),
        "end" => {
            let (pid, started) = category?.split_once('-')?;
            Some(Press::End { deployment, pid: pid.parse().ok()?, started: started.parse().ok()? })
        }
        "comment" => Some(Press::Comment { deployment, category: category?.to_owned() }),
        "sign" => sign(Form::Nothing),
        "sign-words" => sign(Form::Words),
        "sign-commit" => sign(Form::Commit),
        _ => None,
    }
}

/// Handles a pressed button of a card. A person who may not do it is refused as with a command.
pub async fn pressed(http: &serenity::Http, press: &serenity::ComponentInteraction, data: &Data) {
    let Err(failed) = take(http, press, data).await else { return };
    error!(interaction.id = press.id.get(), cause = fault::chain(&failed), "a button could not be carried out");
    if !matches!(failed, Error::Answer(_)) {
        fault::tell(http, &*data.desk, press.id, &press.token).await;
    }
}

/// Handles a form that was filled in.
pub async fn submitted(http: &serenity::Http, form: &serenity::ModalInteraction, data: &Data) {
    let Err(failed) = take_form(http, form, data).await else { return };
    error!(interaction.id = form.id.get(), cause = fault::chain(&failed), "a form could not be carried out");
    if !matches!(failed, Error::Answer(_)) {
        fault::tell(http, &*data.desk, form.id, &form.token).await;
    }
}

async fn take(http: &serenity::Http, press: &serenity::ComponentInteraction, data: &Data) -> Result<(), Error> {
    let meant = meant(&press.data.custom_id);
    if let Some(form) = meant.as_ref().and_then(form).filter(|_| press.guild_id == Some(data.guild)) {
        // A form is the acknowledgement itself; nothing has been asked for yet.
        let opened = CreateInteractionResponse::Modal(form).execute(http, (press.id, &press.token)).await;
        return opened.map_err(|error| Error::Acknowledge(Failure::from(error)));
    }
    let at = place(press.message.channel_id, press.message.id);
    let arrival = Arrival::from(press);
    match meant {
        Some(Press::Cancel(deployment)) => {
            let command = typed("cancel", Some(&deployment.to_string()), &[]);
            let Some(call) = Call::begin(http, data, arrival, command).await? else { return Ok(()) };
            cancel::ask(call, data, deployment.to_string()).await
        }
        Some(Press::Withdraw(deployment)) => {
            let Some(call) = Call::begin(http, data, arrival, again("take mine back", deployment)).await? else {
                return Ok(());
            };
            let ask = WithdrawAsk { asker: call.asker.clone(), at, deployment };
            let answer = match data.desk.withdraw(ask).await {
                Ok(withdrawn) => reply::withdrawn(&withdrawn),
                Err(refusal) => refusal.message(),
            };
            call.answer(&answer).await
        }
        Some(Press::Blocked(deployment)) => {
            let Some(call) = Call::begin(http, data, arrival, again("Blocked…", deployment)).await? else {
                return Ok(());
            };
            unblock(call, data, deployment, None).await
        }
        Some(Press::End { deployment, pid, started }) => {
            let Some(call) = Call::begin(http, data, arrival, again("Blocked…", deployment)).await? else {
                return Ok(());
            };
            unblock(call, data, deployment, Some((pid, started))).await
        }
        Some(Press::Sign { deployment, category, .. }) => {
            let Some(call) = Call::begin(http, data, arrival, again(&category, deployment)).await? else {
                return Ok(());
            };
            let asker = call.asker.clone();
            sign(call, data, SignAsk { asker, at: Some(at), deployment, category, typed: None, comment: None }).await
        }
        Some(Press::Acknowledge(id)) => {
            let Some(call) = Call::begin(http, data, arrival, alerts::again("ack", id)).await? else { return Ok(()) };
            alerts::act(call, data, id.to_string(), AlertAct::Acknowledge).await
        }
        Some(Press::Comment { .. } | Press::Mute(_) | Press::Open(_)) | None => {
            let Some(call) = Call::begin(http, data, arrival, "/help".into()).await? else { return Ok(()) };
            warn!(button = press.data.custom_id, "a button that this version does not know was pressed");
            call.answer(reply::UNKNOWN_BUTTON).await
        }
    }
}

async fn take_form(http: &serenity::Http, form: &serenity::ModalInteraction, data: &Data) -> Result<(), Error> {
    let value = |name: &str| {
        let inputs = form.data.components.iter().flat_map(|row| &row.components);
        let mut values = inputs.filter_map(|input| match input {
            ActionRowComponent::InputText(input) if input.custom_id == name => input.value.clone(),
            _ => None,
        });
        values.next().filter(|value| !value.trim().is_empty())
    };
    let at = form.message.as_ref().map(|message| place(message.channel_id, message.id));
    let arrival = Arrival::from(form);
    match meant(&form.data.custom_id) {
        Some(Press::Sign { deployment, category, .. }) => {
            let Some(call) = Call::begin(http, data, arrival, again(&category, deployment)).await? else {
                return Ok(());
            };
            let (asker, typed, comment) = (call.asker.clone(), value(TYPED), value(WORDS));
            sign(call, data, SignAsk { asker, at, deployment, category, typed, comment }).await
        }
        Some(Press::Mute(id)) => {
            let Some(call) = Call::begin(http, data, arrival, alerts::again("mute", id)).await? else { return Ok(()) };
            let act = AlertAct::Mute { reason: value(WORDS).unwrap_or_default(), length: value(LENGTH) };
            alerts::act(call, data, id.to_string(), act).await
        }
        Some(Press::Comment { deployment, category }) => {
            let Some(call) = Call::begin(http, data, arrival, again("add a comment", deployment)).await? else {
                return Ok(());
            };
            let (asker, comment) = (call.asker.clone(), value(WORDS).unwrap_or_default());
            let answer = match data.desk.comment(CommentAsk { asker, deployment, category, comment }).await {
                Ok(()) => "💬 Your comment stands on the card.".to_owned(),
                Err(refusal) => refusal.message(),
            };
            call.answer(&answer).await
        }
        _ => {
            let Some(call) = Call::begin(http, data, arrival, "/help".into()).await? else { return Ok(()) };
            warn!(form = form.data.custom_id, "a form that this version does not know was sent");
            call.answer(reply::UNKNOWN_BUTTON).await
        }
    }
}

async fn sign(call: Call<'_>, data: &Data, ask: SignAsk) -> Result<(), Error> {
    let may_comment = ask.comment.is_none();
    match data.desk.sign(ask).await {
        Ok(signed) => {
            let comment = Press::Comment { deployment: signed.deployment.id, category: signed.category.clone() };
            let button = button_id(&comment)
                .filter(|_| may_comment)
                .map(|id| CreateButton::new(id).label("Add a comment").style(ButtonStyle::Secondary));
            let rows = button.map(|button| CreateActionRow::Buttons(vec![button])).into_iter().collect();
            call.answer_with_buttons(&reply::signed(&signed), rows).await
        }
        Err(refusal) => call.answer(&refusal.message()).await,
    }
}

async fn unblock(
    call: Call<'_>,
    data: &Data,
    deployment: DeploymentId,
    session: Option<(i32, i64)>,
) -> Result<(), Error> {
    let ask = UnblockAsk { asker: call.asker.clone(), deployment, session };
    match data.desk.unblock(ask).await {
        Ok(Unblocking::Asked { deployment, wait }) => {
            let button = |press: Press, label: String| {
                button_id(&press).map(|id| CreateButton::new(id).label(label).style(ButtonStyle::Danger))
            };
            let end = wait.by.as_ref().and_then(|by| {
                let press = Press::End { deployment, pid: by.pid, started: by.started.unwrap_or(0) };
                button(press, format!("End what pid {} does", by.pid))
            });
            let cancel = button(Press::Cancel(deployment), format!("Cancel deployment {deployment} instead"));
            let buttons = end.into_iter().chain(cancel).collect();
            call.answer_with_buttons(&reply::blocked(&wait), vec![CreateActionRow::Buttons(buttons)]).await
        }
        Ok(Unblocking::Ended { session }) => call.answer(&reply::ended(&session)).await,
        Err(refusal) => call.answer(&refusal.message()).await,
    }
}

/// The form that a button opens; its id is the button's own.
fn form(press: &Press) -> Option<CreateModal> {
    let commit = CreateInputText::new(InputTextStyle::Short, "First seven characters of the commit", TYPED)
        .min_length(7)
        .max_length(40);
    let words = |label: &str, required| {
        let words = CreateInputText::new(InputTextStyle::Paragraph, label, WORDS).required(required);
        words.max_length(COMMENT.try_into().unwrap_or(u16::MAX))
    };
    let (title, inputs) = match press {
        Press::Sign { deployment, category, form: Form::Commit } => {
            (format!("{category}: deployment {deployment}"), vec![commit, words("Comment", false)])
        }
        Press::Sign { deployment, category, form: Form::Words } if category == VETO => {
            (format!("Forbid deployment {deployment}"), vec![words("Why", false)])
        }
        Press::Sign { deployment, category, form: Form::Words } => {
            (format!("{category}: deployment {deployment}"), vec![words("Comment", false)])
        }
        Press::Comment { deployment, category } => {
            (format!("{category}: deployment {deployment}"), vec![words("Comment", true)])
        }
        Press::Mute(alert) => {
            let length = CreateInputText::new(InputTextStyle::Short, "For how long, such as 30m, 2h or 1d", LENGTH)
                .min_length(2)
                .max_length(40);
            (format!("Mute alert {alert}"), vec![words("Why", true), length])
        }
        _ => return None,
    };
    let rows = inputs.into_iter().map(CreateActionRow::InputText).collect();
    Some(CreateModal::new(button_id(press)?, clip(&title, TITLE)).components(rows))
}

/// What somebody does again when Signalbox was stopped in between.
fn again(button: &str, deployment: DeploymentId) -> String {
    format!("press {button} on the card of deployment {deployment}")
}

fn place(channel: serenity::ChannelId, message: serenity::MessageId) -> MessageRef {
    MessageRef { channel: ChannelId(channel.get()), message: MessageId(message.get()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_what_its_button_does_and_fits_into_discords_limit() {
        let (deployment, category) = (DeploymentId(i64::MAX), "x".repeat(32));
        let sign = |form| Press::Sign { deployment, category: category.clone(), form };
        for press in [
            Press::Cancel(deployment),
            Press::Withdraw(deployment),
            Press::Acknowledge(AlertId(i64::MAX)),
            Press::Mute(AlertId(7)),
            Press::Blocked(deployment),
            Press::End { deployment, pid: i32::MAX, started: i64::MAX },
            Press::Comment { deployment, category: category.clone() },
            sign(Form::Nothing),
            sign(Form::Words),
            sign(Form::Commit),
        ] {
            let id = button_id(&press).unwrap();
            assert!(id.len() <= 100, "{id}");
            assert_eq!(meant(&id), Some(press));
        }
        assert_eq!(button_id(&Press::Open("https://example.com".into())), None);
        for forged in [
            "",
            "sign",
            "sign:",
            "sign:42",
            "sign:x:review",
            "cancel:42:review",
            "drop:42",
            "comment:1",
            "end:42",
            "end:42:x-1",
            "blocked:42:x",
        ] {
            assert_eq!(meant(forged), None, "{forged}");
        }
    }
}
