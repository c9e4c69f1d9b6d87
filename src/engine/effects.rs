//! One function per effect: ask the world, report back as an event.

mod alerts;
mod anchor;
pub(super) mod channel;
mod chat;
mod dispatch;
mod hold;
pub(super) mod learn;
mod logs;
mod migrate;
mod notices;
mod observe;
mod post;
mod promote;
mod recover;
mod sweep;
mod verify;
mod watch;

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use signalbox_domain::{
    SignedDuration, Timestamp, alert,
    effect::Effect,
    event::Event,
    ids::DeploymentId,
    ports::{Claimed, ForgeError, Settled, StoreError},
};

pub(super) use self::migrate::look;
use super::Engine;

/// When each card was last edited: chat limits bear one edit every two seconds.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<HashMap<DeploymentId, Timestamp>>);

impl Pace {
    /// Shortest time between two edits of a card.
    const BETWEEN: SignedDuration = SignedDuration::from_secs(2);

    /// The same for a card that is older than an hour: of such a message Discord takes few edits (error 30046).
    const OLD: SignedDuration = SignedDuration::from_secs(30);

    /// Until when the card has to wait, if it has to.
    fn wait(&self, id: DeploymentId, posted: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id)?;
        let is_old = now.duration_since(posted) > SignedDuration::from_hours(1);
        let from = last.saturating_add(if is_old { Self::OLD } else { Self::BETWEEN }).ok()?;
        (from > now).then_some(from)
    }

    fn shown(&self, id: DeploymentId, now: Timestamp) {
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shown.retain(|_, at| now.duration_since(*at) < SignedDuration::from_mins(1));
        shown.insert(id, now);
    }
}

/// Carries one effect out.
///
/// # Errors
/// [`StoreError`] when the outcome could not be recorded; the effect is then tried again.
pub(super) async fn carry_out(engine: &Engine, pace: &Pace, claimed: &Claimed) -> Result<Settled, StoreError> {
    match &claimed.effect {
        Effect::Dispatch { deployment } => return dispatch::dispatch(engine, *deployment).await,
        Effect::Locate { deployment } => dispatch::locate(engine, *deployment).await?,
        Effect::Cancel { deployment } => return dispatch::cancel(engine, *deployment).await,
        Effect::Answer { deployment } => return hold::answer(engine, *deployment, claimed).await,
        Effect::Report { deployment } => return hold::report(engine, *deployment).await,
        Effect::Observe { repository, run } => return observe::observe(engine, repository, *run).await,
        Effect::Watch { deployment } => return migrate::watch(engine, *deployment).await,
        Effect::Audit { deployment } => return migrate::audit(engine, *deployment, claimed.attempts).await,
        Effect::Attach { deployment, text, file, .. } => {
            return chat::attach(engine, *deployment, text, file, claimed).await;
        }
        Effect::Verify { deployment } => verify::verify(engine, *deployment).await?,
        Effect::Show { deployment } => return chat::show(engine, pace, *deployment, claimed.attempts).await,
        Effect::OpenThread { deployment } => return chat::open_thread(engine, *deployment, claimed.attempts).await,
        Effect::Tell { deployment, text, .. } => return chat::tell(engine, *deployment, text, claimed).await,
        Effect::Alert { deployment, text, roles, .. } => {
            return chat::alert(engine, *deployment, text, roles, claimed).await;
        }
        Effect::Raise { alert } => return alerts::raise(engine, alert).await,
        Effect::Clear { key } => {
            engine.alert(key, alert::Event::Cleared).await?;
        }
        Effect::ShowAlert { key } => return alerts::show(engine, key, claimed.attempts).await,
        Effect::CallAlert { key, opened, .. } => return alerts::call(engine, key, *opened, claimed).await,
        Effect::WatchAlert { key } => {
            engine.alert(key, alert::Event::TimePassed).await?;
        }
        Effect::ReadAlert { key } => return alerts::read(engine, key).await,
        Effect::Notice { notice } => return notices::notice(engine, notice).await,
        Effect::Deliver { to, text, calls, .. } => return notices::deliver(engine, *to, (text, calls), claimed).await,
        Effect::Handout { channel, text, file, .. } => {
            return notices::hand_out(engine, *channel, text, file, claimed).await;
        }
        Effect::Picture { channel, text, chart, .. } => {
            return notices::show(engine, *channel, text, chart.as_ref(), claimed).await;
        }
        Effect::Post { hook, id, body } => return post::post(engine, hook, id, body, claimed.attempts).await,
        Effect::WatchLocks => return watch::locks(engine).await,
        Effect::VerifyAudit => return watch::audit(engine).await,
        Effect::ReadSignOffs { deployment } => return chat::read_sign_offs(engine, *deployment).await,
        Effect::Learn { deployment } => return learn::learn(engine, *deployment).await,
        Effect::Pace { deployment } => return learn::pace(engine, *deployment).await,
        Effect::Archive { environment } => return learn::archive(engine, environment).await,
        Effect::ReadLog { deployment, job } => return logs::read(engine, *deployment, *job, claimed).await,
        Effect::Sweep { environment } => return sweep::sweep(engine, environment).await,
        Effect::Recover => return recover::recover(engine).await,
        Effect::Anchor => return anchor::daily(engine).await,
        Effect::PostHead { day, head } => return anchor::post(engine, day, *head, claimed).await,
    }
    Ok(done(engine))
}

fn done(engine: &Engine) -> Settled {
    Settled::Done { again_from: engine.ports.clock.now() }
}

fn later(engine: &Engine, seconds: i64) -> Settled {
    let now = engine.ports.clock.now();
    Settled::Later { at: now.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(now) }
}

/// GitHub could not be asked: that is an event too.
fn silent(error: ForgeError) -> Event {
    let until = match &error {
        ForgeError::RateLimited { until } => Some(*until),
        _ => None,
    };
    Event::GithubSilent { why: error.to_string(), until }
}
