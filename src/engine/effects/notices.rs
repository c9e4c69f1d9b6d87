//! What is told beyond a deployment's own card: who wants to hear it, and one delivery to each.

use signalbox_commands::png;
use signalbox_domain::{
    card::Calls,
    effect::{Due, Effect},
    fleet::File,
    history::Chart,
    ids::{ChannelId, PersonId},
    notice::{Kind, Notice, Recipient},
    ports::{Attachment, ChatError, Claimed, LetterError, Settled, StoreError},
};
use tracing::{info, warn};

use super::{
    channel::{With, say},
    done, later,
};
use crate::engine::Engine;

/// Finds out who wants to hear it. Done twice it plans the same deliveries, and each is made once.
pub(super) async fn notice(engine: &Engine, notice: &Notice) -> Result<Settled, StoreError> {
    let now = engine.ports.clock.now();
    let quiet = engine.routing.quiet_until(notice.severity, now).is_some();
    let mut text = notice.text.clone();
    let card = match notice.deployment {
        Some(id) => engine.deployment(id).await?.and_then(|deployment| deployment.card),
        None => None,
    };
    if let Some(at) = card {
        text.push_str(&format!("\n{}", at.address(engine.routing.guild)));
    }
    let deliver = |to, calls| Due {
        effect: Effect::Deliver { to, matter: notice.matter.clone(), text: text.clone(), calls },
        at: now,
    };
    let mut deliveries = vec![];
    // An alert has a message of its own wherever it is routed.
    if notice.kind != Kind::Alerts {
        for route in engine.routing.routes_of(notice) {
            let own = || notice.environment.as_ref().and_then(|name| engine.line.get(name)).map(|e| e.channel);
            let channel = route.channel.or_else(own).unwrap_or(engine.routing.home);
            let roles = if quiet { vec![] } else { route.roles.iter().map(|role| role.id).collect() };
            deliveries.push(deliver(Recipient::Channel(channel), Calls { roles, people: vec![] }));
        }
    }
    let subscriptions = engine.ports.subscriptions.subscriptions().await?;
    let people = subscriptions.iter().filter(|subscription| subscription.wants(notice));
    deliveries.extend(people.map(|one| deliver(Recipient::Person(one.person.id), Calls::default())));
    if !deliveries.is_empty() {
        engine.ports.outbox.put(deliveries).await?;
        engine.wake.notify_one();
    }
    Ok(done(engine))
}

pub(super) async fn deliver(
    engine: &Engine,
    to: Recipient,
    (text, calls): (&str, &Calls),
    claimed: &Claimed,
) -> Result<Settled, StoreError> {
    let nonce = nonce(claimed);
    let outcome = match to {
        Recipient::Channel(channel) => say(engine, channel, text, With::Calls(calls), &nonce).await,
        Recipient::Person(person) => match engine.ports.letters.write(person, text, &nonce).await {
            Ok(()) => Ok(()),
            Err(LetterError::Closed) => return closed(engine, person).await,
            Err(LetterError::Chat(ChatError::Gone(_))) => return Ok(done(engine)),
            Err(LetterError::Chat(error)) => Err(error),
        },
    };
    Ok(settled(engine, outcome, claimed))
}

/// The same with a file beside it and without one: an attempt whose answer was lost may have had what this one has not.
fn nonce(claimed: &Claimed) -> String {
    format!("notice-{}", claimed.id)
}

/// What to do next: nothing when it was taken or never will be. Otherwise it is tried again, soon at first where the chat
/// may answer any moment, then every five minutes. What nobody could be told for a day is no news.
fn settled(engine: &Engine, outcome: Result<(), ChatError>, claimed: &Claimed) -> Settled {
    let Err(error) = outcome else { return done(engine) };
    let is_tried = !matches!(error, ChatError::Rejected(_)) && claimed.attempts < 340;
    warn!(error = &error as &dyn std::error::Error, again = is_tried, "a notice was not taken");
    let soon = claimed.attempts < 60 && matches!(error, ChatError::Unavailable(_));
    if is_tried { later(engine, if soon { 5 } else { 300 }) } else { done(engine) }
}

/// Says a text with a file beside it.
pub(super) async fn hand_out(
    engine: &Engine,
    channel: ChannelId,
    text: &str,
    file: &File,
    claimed: &Claimed,
) -> Result<Settled, StoreError> {
    let outcome = say(engine, channel, text, With::File(file.into()), &nonce(claimed)).await;
    Ok(settled(engine, outcome, claimed))
}

/// Says a text, with a picture beside it if there is one; one that cannot be drawn or is not taken is not waited for.
pub(super) async fn show(
    engine: &Engine,
    channel: ChannelId,
    text: &str,
    chart: Option<&Chart>,
    claimed: &Claimed,
) -> Result<Settled, StoreError> {
    if let Some(chart) = chart {
        match png(chart) {
            Ok(drawn) => {
                let file = Attachment { name: &chart.name, content: &drawn, description: &chart.description };
                match say(engine, channel, text, With::File(file), &nonce(claimed)).await {
                    Err(error @ (ChatError::Rejected(_) | ChatError::Forbidden(_))) => {
                        warn!(error = &error as &dyn std::error::Error, "a picture was not taken; its text goes alone");
                    }
                    outcome => return Ok(settled(engine, outcome, claimed)),
                }
            }
            Err(error) => warn!(error = &error as &dyn std::error::Error, "a chart could not be drawn"),
        }
    }
    deliver(engine, Recipient::Channel(channel), (text, &Calls::default()), claimed).await
}

/// Somebody has closed their direct messages: nothing more is sent to them, and they hear it where they can.
async fn closed(engine: &Engine, person: PersonId) -> Result<Settled, StoreError> {
    let now = engine.ports.clock.now();
    if engine.ports.subscriptions.pause(person, now).await? {
        info!(person = person.0, "somebody's direct messages are closed; their subscriptions pause");
        let text = "your direct messages are closed, so what you subscribed to cannot reach you and is paused. Open them \
                    (this server's name → Privacy Settings → Direct Messages), then `/subscribe` again; or \
                    `/unsubscribe all`.";
        let effect = Effect::Deliver {
            to: Recipient::Channel(engine.routing.home),
            matter: format!("closed {person} {}", now.as_millisecond()),
            text: text.to_owned(),
            calls: Calls { roles: vec![], people: vec![person] },
        };
        engine.plan(effect).await?;
    }
    Ok(done(engine))
}
