//! What is said in chat. The message is only a view: what it shows is read from the store when it is sent.

use signalbox_domain::{
    card::{Calls, Posted, card},
    deployment::State,
    event::Event,
    fleet::File,
    ids::{DeploymentId, RoleId},
    ports::{ChatError, Claimed, Settled, StoreError},
    pulse::Level,
};
use tracing::warn;

use super::{
    Pace,
    channel::{With, edit, post, say},
    done, later,
};
use crate::engine::Engine;

pub(super) async fn show(engine: &Engine, pace: &Pace, id: DeploymentId, attempts: u32) -> Result<Settled, StoreError> {
    let Some(deployment) = engine.deployment(id).await? else { return Ok(done(engine)) };
    let Some(environment) = engine.environment_of(&deployment) else { return Ok(done(engine)) };
    let now = engine.ports.clock.now();
    if let Some(at) = pace.wait(id, deployment.requested_at, now) {
        return Ok(Settled::Later { at });
    }
    // What comes from now on is for the next edit.
    let heard = engine.pulse.news(id);
    let card = card(&deployment, environment, now);
    let shown = match deployment.card {
        Some(at) => edit(engine, Posted { at, strayed: deployment.strayed }, &card).await,
        None => {
            let nonce = format!("card-{id}-{}", deployment.cards_lost);
            match post(engine, environment.channel, &card, &nonce).await {
                Ok(posted) => {
                    engine.apply(id, Event::CardPosted(posted)).await?;
                    // An earlier attempt whose answer was lost may have posted it: then the chat kept that one's text.
                    if attempts > 0 { edit(engine, posted, &card).await } else { Ok(()) }
                }
                Err(error) => Err(error),
            }
        }
    };
    let now = engine.ports.clock.now();
    pace.shown(id, now);
    match (heard, &shown) {
        (Some(heard), Ok(())) => engine.pulse.took(Level::EventToCard, now.duration_since(heard), now),
        (Some(heard), Err(_)) => engine.pulse.has_news(id, heard),
        (None, _) => {}
    }
    match shown {
        Ok(()) => Ok(done(engine)),
        Err(ChatError::Gone(_)) if deployment.card.is_some() => {
            engine.apply(id, Event::CardGone).await?;
            Ok(done(engine))
        }
        Err(error) => Ok(retry(engine, id, "the card", &error)),
    }
}

pub(super) async fn open_thread(engine: &Engine, id: DeploymentId, attempts: u32) -> Result<Settled, StoreError> {
    let Some(deployment) = engine.deployment(id).await? else { return Ok(done(engine)) };
    let (Some(card), None) = (deployment.card, deployment.thread) else { return Ok(done(engine)) };
    let name = format!("Deployment {id} · {} · {}", deployment.environment, deployment.commit.short());
    match engine.ports.chat.open_thread(card, &name).await {
        Ok(thread) => {
            engine.apply(id, Event::ThreadOpened(thread)).await?;
            Ok(done(engine))
        }
        Err(ChatError::Gone(_)) => {
            engine.apply(id, Event::CardGone).await?;
            Ok(done(engine))
        }
        // Without the right to open threads the card still says everything that matters.
        Err(error @ (ChatError::Forbidden(_) | ChatError::Rejected(_))) if attempts > 3 => {
            warn!(deployment.id = id.0, error = &error as &dyn std::error::Error, "no thread can be opened here");
            Ok(done(engine))
        }
        Err(error) => Ok(retry(engine, id, "the thread", &error)),
    }
}

pub(super) async fn tell(
    engine: &Engine,
    id: DeploymentId,
    text: &str,
    claimed: &Claimed,
) -> Result<Settled, StoreError> {
    let Some(deployment) = engine.deployment(id).await? else { return Ok(done(engine)) };
    let Some(thread) = deployment.thread else {
        // The thread opens right after the card; after a minute of waiting there will be none.
        return Ok(if claimed.attempts < 30 { later(engine, 2) } else { done(engine) });
    };
    match engine.ports.chat.say(thread, text, &format!("tell-{}", claimed.id)).await {
        Ok(()) | Err(ChatError::Gone(_) | ChatError::Rejected(_)) => Ok(done(engine)),
        Err(error) => Ok(retry(engine, id, "a line in the thread", &error)),
    }
}

/// Says a line in the thread with a file beside it; without a thread the line stands on the card as well.
pub(super) async fn attach(
    engine: &Engine,
    id: DeploymentId,
    text: &str,
    file: &File,
    claimed: &Claimed,
) -> Result<Settled, StoreError> {
    let Some(deployment) = engine.deployment(id).await? else { return Ok(done(engine)) };
    let Some(thread) = deployment.thread else {
        return Ok(if claimed.attempts < 30 { later(engine, 2) } else { done(engine) });
    };
    match engine.ports.chat.attach(thread, text, file.into(), &format!("attach-{}", claimed.id)).await {
        Ok(()) | Err(ChatError::Gone(_) | ChatError::Rejected(_)) => Ok(done(engine)),
        Err(error) => Ok(retry(engine, id, "a file in the thread", &error)),
    }
}

/// Calls people in the deployment's channel. What cannot be said there is tried until it can.
pub(super) async fn alert(
    engine: &Engine,
    id: DeploymentId,
    text: &str,
    roles: &[RoleId],
    claimed: &Claimed,
) -> Result<Settled, StoreError> {
    let Some(deployment) = engine.deployment(id).await? else { return Ok(done(engine)) };
    let Some(environment) = engine.environment_of(&deployment) else { return Ok(done(engine)) };
    let (nonce, calls) = (format!("alert-{}", claimed.id), Calls { roles: roles.to_vec(), people: vec![] });
    match say(engine, environment.channel, text, With::Calls(&calls), &nonce).await {
        Ok(()) | Err(ChatError::Rejected(_)) => Ok(done(engine)),
        Err(error) => Ok(retry(engine, id, "an alert", &error)),
    }
}

/// Reads who has signed. What still waits at its gate is judged instead, which reads the reactions as well.
pub(super) async fn read_sign_offs(engine: &Engine, id: DeploymentId) -> Result<Settled, StoreError> {
    let Some(deployment) = engine.deployment(id).await? else { return Ok(done(engine)) };
    let Some(environment) = engine.environment_of(&deployment) else { return Ok(done(engine)) };
    if matches!(deployment.state, State::Waiting { .. }) {
        engine.hasten(&[deployment]).await?;
        return Ok(done(engine));
    }
    let read = engine.read_sign_offs(&deployment, environment).await?;
    Ok(if read.found.is_ok() { done(engine) } else { later(engine, 15) })
}

/// The chat is out of reach, or the bot lacks a right there: somebody may mend that, so it is tried again.
fn retry(engine: &Engine, id: DeploymentId, what: &str, error: &ChatError) -> Settled {
    warn!(deployment.id = id.0, error = error as &dyn std::error::Error, "the chat did not take {what}; trying again");
    match error {
        ChatError::Unavailable(_) => later(engine, 5),
        _ => later(engine, 60),
    }
}
