//! Monitors of secrets and of tenant databases: each asks the world, compares in the domain, and says which conditions
//! hold. An environment at which a deployment is at work is left alone.

use futures::future;
use signalbox_domain::{
    SignedDuration,
    alert::Alert,
    environment::Environment,
    evidence::Answer,
    monitor::{self, Kind, Memory, Schemas, Vitals},
    ports::StoreError,
    schedule::Outcome,
    secrets,
    text::{clip, plain},
};

use super::{Round, expected::expected};
use crate::engine::Engine;

/// How many environments are asked at the same time.
const AT_ONCE: usize = 4;
/// How old a reading may be that monitors of the same minute share.
const SHARED: SignedDuration = SignedDuration::from_secs(45);

/// What a look at one environment came to; plain after its name.
type Seen = (Answer, String);

/// What a monitor looks at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Schemas,
    Fleet(Kind),
    Pooler,
    Database,
    Secrets,
}

/// Looks at each of these environments.
pub(super) async fn watch(engine: &Engine, look: Look, environments: &[&Environment]) -> Result<Outcome, StoreError> {
    let round = Round::begin(engine).await;
    let mut seen: Vec<Seen> = vec![];
    for some in environments.chunks(AT_ONCE) {
        let looks = some.iter().map(|environment| round.look(look, environment));
        seen.extend(future::try_join_all(looks).await?);
    }
    let answer = seen.iter().map(|(answer, _)| *answer).max().unwrap_or(Answer::Pass);
    let says = environments.iter().zip(&seen).map(|(environment, (_, says))| format!("`{}` {says}", environment.name));
    Ok(Outcome { answer, says: says.collect::<Vec<_>>().join(", ") })
}

impl Round<'_> {
    async fn look(&self, look: Look, environment: &Environment) -> Result<Seen, StoreError> {
        if look != Look::Secrets && self.deployed.contains(&environment.name) {
            if look == Look::Schemas {
                let key = Schemas::key(&environment.name);
                let mut known: Schemas = self.engine.remembered(&key).await?;
                known.deployed();
                self.engine.remember(&key, &known).await?;
            }
            return Ok((Answer::Pass, "is being deployed to".into()));
        }
        match look {
            Look::Schemas => self.schemas(environment).await,
            Look::Fleet(kind) => self.fleet(kind, environment).await,
            Look::Pooler => self.pooler(environment).await,
            Look::Database => self.database(environment).await,
            Look::Secrets => self.secrets(environment).await,
        }
    }

    async fn schemas(&self, environment: &Environment) -> Result<Seen, StoreError> {
        let engine = self.engine;
        let there = match engine.ports.vitals.schemas(environment).await {
            Ok(there) => there,
            Err(why) => return Ok(unanswered(&why)),
        };
        let now = engine.ports.clock.now();
        let patterns = expected(engine, environment, now).await?;
        let key = Schemas::key(&environment.name);
        let before: Schemas = engine.remembered(&key).await?;
        let mut known = before.clone();
        let news = known.look(&there, |name| patterns.iter().any(|one| one.fits(name)), now);
        if known != before {
            engine.remember(&key, &known).await?;
        }
        let new = match news.taken.len() {
            0 => String::new(),
            count => format!(", {count} of them new"),
        };
        let says = format!("has {} schemas{new}", news.there);
        self.say(key, known.alert(&environment.name), says).await
    }

    async fn fleet(&self, kind: Kind, environment: &Environment) -> Result<Seen, StoreError> {
        let engine = self.engine;
        let reading = match engine.fleets.evidence(environment, &engine.ports, SHARED).await.found {
            Ok(reading) => reading,
            Err(why) => return Ok(unanswered(&why)),
        };
        let key = kind.key(&environment.name);
        let before: Memory = engine.remembered(&key).await?;
        let mut memory = before.clone();
        let found = monitor::alert(kind, &environment.name, &reading.inspection, &mut memory, reading.at);
        if memory != before {
            engine.remember(&key, &memory).await?;
        }
        // Of tenants that a deployment left behind people know from its card.
        let known = kind == Kind::Ledger && self.is_open(&format!("truth:{}", environment.name));
        let found = found.filter(|_| !known || self.is_open(&key));
        self.say(key, found, format!("has {} tenants that are well", reading.inspection.tenants.len())).await
    }

    async fn pooler(&self, environment: &Environment) -> Result<Seen, StoreError> {
        let engine = self.engine;
        let found = match engine.ports.vitals.pooling(environment).await {
            Ok(found) => found,
            Err(why) => return Ok(unanswered(&why)),
        };
        let alert = monitor::pooler(&environment.name, found, engine.ports.clock.now());
        self.say(format!("pooler:{}", environment.name), alert, found.says()).await
    }

    async fn database(&self, environment: &Environment) -> Result<Seen, StoreError> {
        let engine = self.engine;
        let subject = format!("database:{}", environment.name);
        let mut vitals: Vitals = engine.remembered(&subject).await?;
        let size = vitals.wants_size(engine.ports.clock.now());
        let found = engine.ports.vitals.load(environment, size).await;
        let answered = found.is_ok();
        vitals.look(found, engine.ports.clock.now());
        engine.remember(&subject, &vitals).await?;
        let mut answer = if answered { Answer::Pass } else { Answer::Unknown };
        for (key, alert) in vitals.alerts(&environment.name) {
            if answered && alert.is_some() {
                answer = Answer::Warn;
            }
            self.say(key, alert, String::new()).await?;
        }
        Ok((answer, vitals.says()))
    }

    async fn secrets(&self, environment: &Environment) -> Result<Seen, StoreError> {
        let report = self.engine.secrets_of(environment).await;
        let alert = secrets::alert(&report);
        if let (None, Some(why)) = (&alert, report.unknown.first()) {
            return Ok(unanswered(why));
        }
        self.say(secrets::key(&environment.name), alert, "has all secrets and variables".into()).await
    }

    /// Raises or clears, and says how it stands.
    async fn say(&self, key: String, alert: Option<Alert>, well: String) -> Result<Seen, StoreError> {
        let seen = match &alert {
            Some(alert) => (Answer::Warn, format!("is not well: {}", clip(&alert.what, 160))),
            None => (Answer::Pass, well),
        };
        self.settle(&key, alert).await?;
        Ok(seen)
    }
}

fn unanswered(why: &str) -> Seen {
    (Answer::Unknown, format!("could not be asked: {}", plain(&clip(why, 160))))
}
