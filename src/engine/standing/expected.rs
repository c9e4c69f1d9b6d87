//! Schemas that may come and go: by the configuration for ever, by somebody's word for a while.

use signalbox_commands::desk::ExpectAsk;
use signalbox_domain::{
    SignedDuration, Timestamp,
    effect::Entry,
    environment::Environment,
    gate::Reach,
    monitor::{Expected, Pattern, Schemas},
    permit::may_lock,
    ports::StoreError,
    refusal::Refusal,
    text::clip,
};

use crate::engine::{
    Engine,
    desk::{ServiceDesk, fault},
    gates::length,
};

/// How long a word counts, unless it says so, and at most.
const USUAL: SignedDuration = SignedDuration::from_hours(1);
const LONGEST: SignedDuration = SignedDuration::from_hours(7 * 24);

fn subject(environment: &Environment) -> String {
    format!("expected:{}", environment.name)
}

/// What may come and go right now.
pub(super) async fn expected(
    engine: &Engine,
    environment: &Environment,
    now: Timestamp,
) -> Result<Vec<Pattern>, StoreError> {
    let said: Vec<Expected> = engine.remembered(&subject(environment)).await?;
    let said = said.into_iter().filter(|one| one.until > now).map(|one| one.pattern);
    Ok(environment.allowed_schemas.iter().cloned().chain(said).collect())
}

impl ServiceDesk {
    /// Records the word, and takes what is open and fits as right: its alert closes at once.
    pub(in crate::engine) async fn try_expect(&self, ask: ExpectAsk) -> Result<(Expected, usize), Refusal> {
        let environment = self.environment("expect", &ask.environment)?;
        may_lock(&self.engine.line, &Reach::Only(environment.name.clone()), &ask.asker.roles, "expect")?;
        let pattern =
            Pattern::parse(ask.schemas.trim()).map_err(|_| Refusal::bad_pattern(&ask.schemas, &environment.name))?;
        let length = ask.length.as_deref().map(length).transpose()?.unwrap_or(USUAL).min(LONGEST);
        let engine = &self.engine;
        let now = engine.ports.clock.now();
        let by = ask.asker.person;
        let reason = clip(ask.reason.unwrap_or_default().trim(), 300);
        let expected = Expected { pattern, by, reason, until: now.saturating_add(length).unwrap_or(now) };
        let mut all: Vec<Expected> = engine.remembered(&subject(environment)).await.map_err(fault)?;
        all.retain(|one| one.until > now);
        all.push(expected.clone());
        engine.remember(&subject(environment), &all).await.map_err(fault)?;
        let entry = Entry {
            at: now,
            actor: expected.by.name.clone(),
            action: "schemas.expected".into(),
            subject: format!("environment {}", environment.name),
            detail: format!("{} until {}: {}", expected.pattern.as_str(), expected.until, expected.reason),
        };
        engine.ports.store.note(vec![entry]).await.map_err(fault)?;

        let key = Schemas::key(&environment.name);
        let mut known: Schemas = engine.remembered(&key).await.map_err(fault)?;
        let taken = known.accept(|name| expected.pattern.fits(name));
        if taken > 0 {
            engine.remember(&key, &known).await.map_err(fault)?;
            match known.alert(&environment.name) {
                Some(alert) => engine.raise(alert).await,
                None => engine.clear(&key).await.map_err(fault)?,
            }
        }
        Ok((expected, taken))
    }
}
