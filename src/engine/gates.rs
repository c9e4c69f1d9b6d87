//! What people ask of gates and locks.

use signalbox_commands::desk::{Asker, Clearing, LockAsk, UnlockAsk};
use signalbox_domain::{
    SignedDuration,
    deployment::{Deployment, State},
    effect::{Effect, Entry},
    environment::Environment,
    gate::{Lock, Looked, Reach, Read, evaluate},
    permit::{Permit, may_lock},
    ports::Query,
    refusal::Refusal,
    text::{clip, is_blank},
};
use ulid::Ulid;

use super::desk::{ServiceDesk, fault};

/// The shortest and the longest lock that ends by itself.
const LENGTHS: std::ops::RangeInclusive<SignedDuration> =
    SignedDuration::from_mins(1)..=SignedDuration::from_hours(24 * 366);

impl ServiceDesk {
    pub(super) async fn try_lock(&self, ask: LockAsk) -> Result<Lock, Refusal> {
        let reach = self.reach("lock", &ask.reach)?;
        may_lock(&self.engine.line, &reach, &ask.asker.roles, "lock")?;
        let length = ask.length.as_deref().map(length).transpose()?;
        let example = || format!("`/lock {reach} reason:\"migration rehearsal\"`");
        let reason = written(&ask.reason, "A lock takes a reason", example)?;
        let at = self.engine.ports.clock.now();
        let until = length.and_then(|length| at.checked_add(length).ok());
        let lock = Lock { reach, by: ask.asker.person, reason, at, until };
        let detail =
            format!("{} ({})", lock.reason, until.map_or("until lifted".into(), |until| format!("until {until}")));
        let entry = self.entry(&lock, &lock.by.name, "locked", detail);
        match self.engine.ports.locks.lock(lock.clone(), entry).await.map_err(fault)? {
            Some(before) => Err(Refusal::locked_already(&before)),
            None => {
                self.rejudge().await;
                self.watch_locks().await;
                Ok(lock)
            }
        }
    }

    pub(super) async fn try_unlock(&self, ask: UnlockAsk) -> Result<Lock, Refusal> {
        let reach = self.reach("unlock", &ask.reach)?;
        may_lock(&self.engine.line, &reach, &ask.asker.roles, "unlock")?;
        let by = ask.asker.person;
        let at = self.engine.ports.clock.now();
        let lock = Lock { reach: reach.clone(), by: by.clone(), reason: String::new(), at, until: None };
        let entry = self.entry(&lock, &by.name, "unlocked", format!("{reach} takes deployments again"));
        let lifted = self.engine.ports.locks.unlock(&reach, &by, entry).await.map_err(fault)?;
        let lifted = lifted.ok_or_else(|| Refusal::not_locked(&reach))?;
        self.rejudge().await;
        self.watch_locks().await;
        Ok(lifted)
    }

    /// Somebody wants to hear when a lock is about to end. When that cannot be planned the next start does.
    async fn watch_locks(&self) {
        if let Err(error) = self.engine.plan(Effect::WatchLocks).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "nobody hears when a lock is about to end");
        }
    }

    pub(super) fn reach(&self, verb: &str, typed: &str) -> Result<Reach, Refusal> {
        match Reach::parse(typed) {
            Some(Reach::All) => Ok(Reach::All),
            _ => self.environment(verb, typed.trim()).map(|environment| Reach::Only(environment.name.clone())),
        }
    }

    fn entry(&self, lock: &Lock, actor: &str, action: &str, detail: String) -> Entry {
        let subject = match &lock.reach {
            Reach::All => "all environments".to_owned(),
            Reach::Only(name) => format!("environment {name}"),
        };
        Entry { at: lock.at, actor: actor.to_owned(), action: format!("environment.{action}"), subject, detail }
    }

    /// Whatever waits is judged again. When that cannot be planned the next look comes by itself.
    async fn rejudge(&self) {
        let planned = async {
            let active = self.engine.ports.store.find(Query::Active).await?;
            self.engine.hasten(&active).await
        };
        if let Err(error) = planned.await {
            tracing::warn!(error = &error as &dyn std::error::Error, "what waits could not be judged at once");
        }
    }

    /// How the gate stands: for the deployment that waits, or for one that the asker might ask for.
    pub(super) async fn clearing(
        &self,
        environment: &Environment,
        asker: Asker,
        configured: bool,
    ) -> Result<Clearing, Refusal> {
        let holder = self.holder(environment).await?;
        let waiting = holder.filter(|d| matches!(d.state, State::Waiting { .. }));
        if let (Some(waiting), true) = (&waiting, configured) {
            let judged = self.engine.judge(waiting.id).await.map_err(fault)?;
            if let (Some(judged), Some(deployment)) = (judged, self.find(Query::Id(waiting.id)).await?.pop()) {
                return Ok(Clearing { deployment, verdict: judged.verdict, configured });
            }
        }
        let deployment = match waiting {
            Some(waiting) => waiting,
            None => self.pretended(environment, asker).await?,
        };
        let now = self.engine.ports.clock.now();
        // Nobody has signed what nobody has asked for.
        let reactions = Some(Read { at: now, found: Ok(Looked::default()) });
        let fingerprint = self.engine.fingerprint(&deployment, environment).await;
        let facts = self.engine.facts(&deployment, environment, reactions, fingerprint).await;
        let verdict = evaluate(&deployment, environment, &facts).verdict;
        Ok(Clearing { deployment, verdict, configured })
    }

    /// A deployment that is nowhere recorded.
    pub(super) async fn pretended(&self, environment: &Environment, asker: Asker) -> Result<Deployment, Refusal> {
        let permit = Permit::pretended(asker.person, environment.default_ref.clone());
        let request = self.resolve(environment, permit).await?;
        let now = self.engine.ports.clock.now();
        let key = Ulid::new().to_string();
        Ok(Deployment::requested(environment, request, key, None, asker.interaction, now))
    }
}

/// A length of time as people type it: `30m`, `2h`, `1d`, `1h 30m`.
pub(super) fn length(typed: &str) -> Result<SignedDuration, Refusal> {
    let bad = || Refusal::bad_duration(typed);
    let span: jiff::Span = typed.trim().parse().map_err(|_| bad())?;
    let length = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(|_| bad())?;
    LENGTHS.contains(&length).then_some(length).ok_or_else(bad)
}

/// What somebody wrote for others to read; `takes` and `example` say what that should be.
pub(super) fn written(text: &str, takes: &str, example: impl FnOnce() -> String) -> Result<String, Refusal> {
    if is_blank(text) { Err(Refusal::nothing_written(takes, example())) } else { Ok(clip(text.trim(), 300)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_as_people_write_them() {
        for (typed, minutes) in [("30m", 30), ("2h", 120), ("1d", 1440), ("1h 30m", 90), (" 90 min ", 90)] {
            assert_eq!(length(typed).unwrap(), SignedDuration::from_mins(minutes), "{typed}");
        }
        for typed in ["", "2", "soon", "-2h", "10s", "999999d"] {
            assert_eq!(length(typed).unwrap_err().code, "bad_duration", "{typed}");
        }
    }
}
