//! Works off the outbox. Effects of one deployment and one kind keep their order; the rest runs side by side.

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use signalbox_domain::{
    SignedDuration,
    effect::Effect,
    notice::Recipient,
    ports::{Asked, Claimed, Settled, StoreError},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{error, warn};

use super::{Engine, alerts::Outage, effects};

/// How long an effect may take before another process may try it.
const LEASE: SignedDuration = SignedDuration::from_secs(120);
/// How many effects are taken at once.
const BATCH: u32 = 64;
/// How long the store is left alone after it could not be reached.
const PAUSE: Duration = Duration::from_secs(1);
/// How often what is remembered of the service itself is written down.
const KEEPING: Duration = Duration::from_secs(60);
/// Longest sleep between two looks at the outbox.
const NAP: Duration = Duration::from_secs(5);

/// Effects that keep their order among themselves.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Lane {
    /// What a deployment says in chat.
    Chat(i64),
    /// What a deployment asks GitHub and the world.
    World(i64),
    /// What an alert says in chat.
    Alert(String),
    /// What somebody hears, or a channel beyond a card.
    To(Recipient),
    /// What an address is told.
    Hook(String),
    /// Anything else.
    Other(String),
}

fn lane(effect: &Effect) -> Lane {
    match effect {
        Effect::Show { deployment }
        | Effect::OpenThread { deployment }
        | Effect::Tell { deployment, .. }
        | Effect::Attach { deployment, .. }
        | Effect::Alert { deployment, .. } => Lane::Chat(deployment.0),
        Effect::Deliver { to, .. } => Lane::To(*to),
        Effect::Handout { channel, .. } | Effect::Picture { channel, .. } => Lane::To(Recipient::Channel(*channel)),
        Effect::Post { hook, .. } => Lane::Hook(hook.clone()),
        Effect::ShowAlert { key } | Effect::CallAlert { key, .. } => Lane::Alert(key.clone()),
        Effect::Dispatch { deployment }
        | Effect::Locate { deployment }
        | Effect::Cancel { deployment }
        | Effect::Answer { deployment }
        | Effect::Report { deployment }
        | Effect::Verify { deployment } => Lane::World(deployment.0),
        Effect::Observe { .. }
        | Effect::Watch { .. }
        | Effect::Audit { .. }
        | Effect::ReadSignOffs { .. }
        | Effect::Learn { .. }
        | Effect::Pace { .. }
        | Effect::Archive { .. }
        | Effect::ReadLog { .. }
        | Effect::Sweep { .. }
        | Effect::Raise { .. }
        | Effect::Clear { .. }
        | Effect::WatchAlert { .. }
        | Effect::ReadAlert { .. }
        | Effect::Notice { .. }
        | Effect::WatchLocks
        | Effect::VerifyAudit
        | Effect::Recover
        | Effect::Anchor
        | Effect::PostHead { .. } => Lane::Other(effect.subject()),
    }
}

/// Works off what is due until told to stop.
#[derive(Clone)]
pub struct Worker {
    engine: Engine,
    lanes: Arc<Mutex<HashMap<Lane, VecDeque<Claimed>>>>,
    tasks: TaskTracker,
    pace: Arc<effects::Pace>,
}

impl Worker {
    /// A worker for an engine.
    #[must_use]
    pub fn new(engine: Engine) -> Self {
        Self { engine, lanes: Arc::default(), tasks: TaskTracker::new(), pace: Arc::default() }
    }

    /// Takes up what an earlier process left, its unanswered interactions among it, and works until `stop`;
    /// then lets what is at work end.
    pub async fn run(&self, unanswered: Vec<Asked>, stop: CancellationToken) {
        self.engine.recover(&unanswered).await;
        let (mut lost, mut outage, mut kept) = (false, Outage::default(), Instant::now());
        while !stop.is_cancelled() {
            let pause = match self.take(&mut lost).await {
                Ok(pause) => {
                    outage.is_over(&self.engine).await;
                    pause
                }
                Err(error) => {
                    outage.lasts(&self.engine).await;
                    warn!(error = &error as &dyn std::error::Error, "the outbox cannot be read; trying again");
                    lost = true;
                    PAUSE
                }
            };
            if kept.elapsed() >= KEEPING {
                self.engine.keep_pulse().await;
                kept = Instant::now();
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.engine.wake.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        self.tasks.close();
        self.tasks.wait().await;
        self.engine.keep_pulse().await;
    }

    /// Takes what is due and says how long nothing more will be. `lost`: the answer to an earlier claim was,
    /// so effects may be leased to us that we never heard of; they are freed once nothing else is at work.
    async fn take(&self, lost: &mut bool) -> Result<Duration, StoreError> {
        let ports = &self.engine.ports;
        if *lost && self.lanes.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
            ports.outbox.release().await?;
            *lost = false;
        }
        let now = ports.clock.now();
        let until = now.saturating_add(LEASE).unwrap_or(now);
        let claimed = ports.outbox.claim(now, until, BATCH).await?;
        let full = claimed.len() >= BATCH as usize;
        for effect in claimed {
            self.enqueue(effect);
        }
        if full {
            return Ok(Duration::ZERO);
        }
        let next = ports.outbox.next_due().await?;
        let wait = next.map(|at| at.duration_since(ports.clock.now()).max(SignedDuration::ZERO));
        let wait = wait.and_then(|wait| Duration::try_from(wait).ok()).unwrap_or(NAP);
        // A due effect that is leased by this very process is not due again before its lease ends.
        Ok(wait.clamp(Duration::from_millis(5), NAP))
    }

    fn enqueue(&self, claimed: Claimed) {
        let lane = lane(&claimed.effect);
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        match lanes.entry(lane.clone()) {
            Entry::Occupied(mut queue) => queue.get_mut().push_back(claimed),
            Entry::Vacant(empty) => {
                empty.insert(VecDeque::new());
                let worker = self.clone();
                self.tasks.spawn(async move { worker.drain(lane, claimed).await });
            }
        }
    }

    async fn drain(&self, lane: Lane, first: Claimed) {
        let mut next = Some(first);
        while let Some(claimed) = next {
            self.carry_out(&claimed).await;
            let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
            next = lanes.get_mut(&lane).and_then(VecDeque::pop_front);
            if next.is_none() {
                lanes.remove(&lane);
            }
        }
    }

    async fn carry_out(&self, claimed: &Claimed) {
        let engine = &self.engine;
        let how = match effects::carry_out(engine, &self.pace, claimed).await {
            Ok(how) => how,
            Err(error) => {
                warn!(
                    effect = claimed.effect.subject(),
                    attempt = claimed.attempts,
                    error = &error as &dyn std::error::Error,
                    "an effect could not be carried out; trying again"
                );
                let pause = SignedDuration::from_secs(1 << claimed.attempts.min(5));
                Settled::Later { at: engine.ports.clock.now().saturating_add(pause).unwrap_or_default() }
            }
        };
        self.settle(claimed, how).await;
        engine.wake.notify_one();
    }

    /// Settles an effect, through an outage of the store too: until then nobody else may take it.
    async fn settle(&self, claimed: &Claimed, how: Settled) {
        let ports = &self.engine.ports;
        let lease_ends = ports.clock.now().saturating_add(LEASE).unwrap_or_default();
        while let Err(error) = ports.outbox.settle(claimed, how).await {
            let given_up = self.tasks.is_closed() || ports.clock.now() >= lease_ends;
            let says = if given_up { "it is carried out again when its lease ends" } else { "trying again" };
            error!(
                effect = claimed.effect.subject(),
                error = &error as &dyn std::error::Error,
                "an effect could not be settled; {says}"
            );
            if given_up {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
