//! What a start does first: take up what an earlier process left.

use signalbox_domain::{
    SignedDuration, Timestamp,
    alert::{Alert, Record, Severity},
    deployment::{Deployment, State},
    effect::{Due, Effect},
    ports::{Asked, ChatError, Query, StoreError},
    pulse::{Cause, Gap},
    text::{clip, plain, some},
};
use tracing::{error, info, warn};

use super::Engine;

/// How long an interaction can be answered.
const TOKEN_LIFE: SignedDuration = SignedDuration::from_mins(15);

/// How long after a start the structures of tenant databases are kept, if nothing asks for it earlier.
const ARCHIVE_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// The key of the alert about what is not over and cannot be read.
const UNREADABLE: &str = "unreadable";
/// How much of it is named.
const NAMED: usize = 5;

impl Engine {
    /// Ends stale leases, looks at every deployment that is not over, and answers interactions that
    /// an earlier process had acknowledged. A database that is not there yet is waited for.
    pub(super) async fn recover(&self, unanswered: &[Asked]) {
        while let Err(error) = self.take_up(unanswered).await {
            warn!(error = &error as &dyn std::error::Error, "the database does not answer yet; waiting");
            tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        }
    }

    async fn take_up(&self, unanswered: &[Asked]) -> Result<(), StoreError> {
        let now = self.ports.clock.now();
        // Before anything is written, so that what cannot be read now is not written over later.
        let before = self.pulse_before().await?;
        self.ports.outbox.release().await?;
        let due = |effect| Due { effect, at: now };
        let sweeps = self.line.iter().map(|e| due(Effect::Sweep { environment: e.name.clone() }));
        let posts = self.anchor.channel.is_some() || self.anchor.file.is_some();
        let anchor = posts.then(|| due(Effect::Anchor));
        // Not at once: a service that starts again and again would fill the archive.
        let soon = now.saturating_add(ARCHIVE_AFTER).unwrap_or(now);
        let kept = self.line.iter().filter(|e| e.database.is_some());
        let archives = kept.map(|e| Due { effect: Effect::Archive { environment: e.name.clone() }, at: soon });
        let watches = [Effect::WatchLocks, Effect::VerifyAudit, Effect::Recover].map(due);
        let Again { deployments, alerts, looks } = self.again(now).await?;
        let looks = looks.into_iter().map(due);
        self.ports.outbox.put(sweeps.chain(anchor).chain(watches).chain(looks).chain(archives).collect()).await?;
        if deployments > 0 {
            info!(deployments, "deployments from before the start are taken up");
        }
        for asked in unanswered {
            self.answer_late(asked).await?;
        }
        self.follow_pulse(before, deployments + alerts);
        Ok(())
    }

    /// Interactions that an earlier process acknowledged and did not answer. To be read before new ones
    /// can come in: those are being answered right now.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub async fn unanswered(&self) -> Result<Vec<Asked>, StoreError> {
        let now = self.ports.clock.now();
        self.ports.inbox.unanswered(now.saturating_sub(TOKEN_LIFE).unwrap_or(now)).await
    }

    /// Somebody typed a command and then Signalbox stopped: they hear what became of it.
    async fn answer_late(&self, asked: &Asked) -> Result<(), StoreError> {
        let opened = match self.ports.store.find(Query::Interaction(asked.id)).await {
            Err(StoreError::Corrupt(_)) => None,
            opened => Some(opened?.into_iter().next()),
        };
        let text = match opened {
            None => {
                "🔁 Signalbox was restarted, and what became of this cannot be read. Do not do it again before whoever \
                     runs Signalbox has looked."
                    .to_owned()
            }
            Some(Some(deployment)) => format!(
                "🔁 Signalbox was restarted. Your deployment {} to `{}` goes on; its card shows how.",
                deployment.id, deployment.environment
            ),
            Some(None) => format!(
                "🔁 Signalbox was restarted before it noted an answer to this. No deployment came of it; whether anything else \
                 did, `/audit` tells. To do it again: {}",
                signalbox_domain::text::code(&asked.command)
            ),
        };
        match self.ports.chat.answer(&asked.token, &text).await {
            Ok(()) | Err(ChatError::Gone(_)) => self.ports.inbox.answered(vec![asked.id]).await,
            Err(error) => {
                warn!(
                    interaction.id = asked.id.0,
                    error = &error as &dyn std::error::Error,
                    "a late answer was not taken"
                );
                Ok(())
            }
        }
    }

    /// Events may have been lost since `from` (a gateway session that could not be resumed): everything that can be
    /// asked for is read again.
    ///
    /// # Errors
    /// [`StoreError`] when the looks could not be planned.
    pub(super) async fn reconcile(&self, cause: Cause, from: Option<Timestamp>) -> Result<(), StoreError> {
        let now = self.ports.clock.now();
        let Again { deployments, alerts, looks } = self.again(now).await?;
        self.ports.outbox.put(looks.into_iter().map(|effect| Due { effect, at: now }).collect()).await?;
        self.pulse.missed(Gap { cause, from, until: now, again: deployments + alerts });
        self.wake.notify_one();
        Ok(())
    }

    /// What is not over. What cannot be read of it keeps nothing else waiting, and people hear of it.
    async fn again(&self, now: Timestamp) -> Result<Again, StoreError> {
        let (deployments, mut unreadable) = parted(self.ports.store.active().await?);
        let (alerts, others) = parted(self.ports.alerts.open_alerts().await?);
        unreadable.extend(others);
        let mut looks: Vec<Effect> = deployments.iter().flat_map(look).collect();
        looks.push(if unreadable.is_empty() {
            Effect::Clear { key: UNREADABLE.to_owned() }
        } else {
            Effect::Raise { alert: unreadable_records(&unreadable, now) }
        });
        let count = |length| u32::try_from(length).unwrap_or(u32::MAX);
        let (deployments, counted) = (count(deployments.len()), count(alerts.len()));
        looks.extend(alerts.into_iter().flat_map(look_at_alert));
        Ok(Again { deployments, alerts: counted, looks })
    }
}

/// What is not over: how much it is, and the looks at it.
struct Again {
    deployments: u32,
    alerts: u32,
    looks: Vec<Effect>,
}

/// What could be read, and in words what could not.
fn parted<T>(found: Vec<Result<T, StoreError>>) -> (Vec<T>, Vec<String>) {
    let (mut readable, mut unreadable) = (vec![], vec![]);
    for one in found {
        match one {
            Ok(one) => readable.push(one),
            Err(error) => {
                error!(error = &error as &dyn std::error::Error, "a record cannot be read; the others go on");
                unreadable.push(match error {
                    StoreError::Corrupt(why) => why.to_string(),
                    error => error.to_string(),
                });
            }
        }
    }
    (readable, unreadable)
}

fn unreadable_records(why: &[String], now: Timestamp) -> Alert {
    let why: Vec<String> = why.iter().map(|why| plain(&clip(why, 160))).collect();
    Alert {
        place: "Signalbox's own store".into(),
        why:
            "What cannot be read is not followed. While it is a deployment nothing else can be deployed, and runs that \
              are started at GitHub are not taken in. What was at work besides goes on."
                .into(),
        remedy: "Whoever runs Signalbox: copy the store before anything else, put a backup in its place or correct \
                 what is named here, and start Signalbox again."
            .into(),
        ..Alert::new(
            Severity::Critical,
            UNREADABLE,
            now,
            format!("What is not over cannot all be read: {}.", some(&why, NAMED)),
        )
    }
}

/// What to look at for an open alert.
fn look_at_alert(record: Record) -> [Effect; 3] {
    let key = record.alert.key;
    [Effect::ReadAlert { key: key.clone() }, Effect::WatchAlert { key: key.clone() }, Effect::ShowAlert { key }]
}

/// What to look at for a deployment that is not over. All of it is harmless when it is due already.
fn look(deployment: &Deployment) -> Vec<Effect> {
    let id = deployment.id;
    let mut looks = vec![Effect::Show { deployment: id }, Effect::ReadSignOffs { deployment: id }];
    looks.push(match (&deployment.state, deployment.run_ref) {
        (State::Waiting { .. } | State::Dispatching { .. }, _) => Effect::Dispatch { deployment: id },
        (State::Verifying { .. }, _) => Effect::Verify { deployment: id },
        (_, Some(run)) => Effect::Observe { repository: deployment.repository.clone(), run: run.id },
        (_, None) => Effect::Locate { deployment: id },
    });
    looks
}
