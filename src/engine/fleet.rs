//! Readings of tenant databases for people who ask: one at a time for each database, shared by those who
//! ask meanwhile and shortly after.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError},
    time::Duration,
};

use signalbox_commands::desk::Suggestion;
use signalbox_domain::{
    SignedDuration, Timestamp,
    environment::{Environment, Line},
    fleet::{Question, Reading},
    gate::Read,
    ids::EnvironmentName,
    refusal::Refusal,
    text::{clip, visible},
};
use tokio::sync::Mutex;

use super::Ports;

/// How long a reading is given to others.
const READING_FRESH: SignedDuration = SignedDuration::from_secs(10);
/// How long suggested names stay fresh.
const NAMES_FRESH: SignedDuration = SignedDuration::from_secs(30);
/// Suggestions have three seconds in all.
const NAMES_PATIENCE: Duration = Duration::from_secs(2);
/// Most suggestions that Discord takes.
const SUGGESTIONS: usize = 25;
/// How many names like a mistyped one are named.
const NEAR: usize = 3;

/// The latest reading of a database, or why there is none. Held while reading.
#[derive(Default)]
struct Latest {
    ended: Option<Timestamp>,
    outcome: Option<(EnvironmentName, Result<Reading, String>)>,
}

type Names = HashMap<EnvironmentName, (Timestamp, Arc<Vec<String>>)>;

/// Readings and names by database.
#[derive(Clone, Default)]
pub(super) struct Fleets {
    /// By the variable with the database's address.
    latest: Arc<std::sync::Mutex<HashMap<String, Arc<Mutex<Latest>>>>>,
    names: Arc<Mutex<Names>>,
}

impl Fleets {
    /// Answers a question about an environment that is known.
    pub(super) async fn ask(
        &self,
        environment: &Environment,
        question: &Question,
        ports: &Ports,
        line: &Line,
    ) -> Result<Reading, Refusal> {
        let Some(variable) = &environment.database else {
            return Err(Refusal::no_tenant_database(environment, question, line));
        };
        let reading = self
            .read(environment, variable, ports, READING_FRESH)
            .await
            .map_err(|why| Refusal::tenant_database_unreachable(environment, question, &why))?;
        if let Question::Tenant(name) = question {
            let names = reading.inspection.names();
            if names.binary_search(name).is_err() {
                let tenants = reading.inspection.tenants.len();
                return Err(Refusal::no_such_tenant(environment, name, &near(name, &names), tenants));
            }
        }
        Ok(reading)
    }

    /// A reading for a gate, no older than `life`.
    pub(super) async fn evidence(
        &self,
        environment: &Environment,
        ports: &Ports,
        life: SignedDuration,
    ) -> Read<Reading> {
        let asked = ports.clock.now();
        let found = match &environment.database {
            Some(variable) => self.read(environment, variable, ports, life).await,
            None => Err("no tenant database is configured".into()),
        };
        Read { at: found.as_ref().map_or(asked, |reading| reading.at), found }
    }

    async fn read(
        &self,
        environment: &Environment,
        variable: &str,
        ports: &Ports,
        life: SignedDuration,
    ) -> Result<Reading, String> {
        let asked = ports.clock.now();
        let latest = {
            let mut all = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
            all.entry(variable.to_owned()).or_default().clone()
        };
        let mut latest = latest.lock().await;
        if let (Some(ended), Some((of, outcome))) = (latest.ended, &latest.outcome)
            && *of == environment.name
        {
            // What ended while we waited is shared, whatever it was; what is a little older, if it is good.
            let fresh = outcome.is_ok() && asked.duration_since(ended) < life;
            if ended >= asked || fresh {
                return outcome.clone();
            }
        }
        let at = ports.clock.now();
        let found = ports.tenants.inspect(environment).await;
        let ended = ports.clock.now();
        let outcome = found.map(|inspection| Reading {
            environment: environment.name.clone(),
            inspection: Arc::new(inspection),
            at,
            took: ended.duration_since(at),
        });
        *latest = Latest { ended: Some(ended), outcome: Some((environment.name.clone(), outcome.clone())) };
        outcome
    }

    /// Names that fit what is typed: those that begin with it first.
    pub(super) async fn suggest(&self, environment: &Environment, typed: &str, ports: &Ports) -> Vec<Suggestion> {
        let names = self.names_of(environment, ports).await;
        fitting(&names, typed)
            .map(|name| Suggestion { label: clip(&visible(name), 100), value: name.clone() })
            .collect()
    }

    async fn names_of(&self, environment: &Environment, ports: &Ports) -> Arc<Vec<String>> {
        if environment.database.is_none() {
            return Arc::default();
        }
        let now = ports.clock.now();
        // Held while reading, so that ten people typing ask the database once.
        let mut all = self.names.lock().await;
        let old = all.get(&environment.name).cloned();
        if let Some((read, names)) = &old
            && now.duration_since(*read) < NAMES_FRESH
        {
            return names.clone();
        }
        match tokio::time::timeout(NAMES_PATIENCE, ports.tenants.names(environment)).await {
            Ok(Ok(names)) => {
                let names = Arc::new(names);
                all.insert(environment.name.clone(), (now, names.clone()));
                names
            }
            Ok(Err(_)) | Err(_) => old.map(|(_, names)| names).unwrap_or_default(),
        }
    }
}

fn fitting<'a>(names: &'a [String], typed: &str) -> impl Iterator<Item = &'a String> {
    let typed = typed.trim().to_lowercase();
    let mut found: Vec<(usize, &String)> =
        names.iter().filter_map(|name| Some((name.to_lowercase().find(&typed)?, name))).collect();
    found.sort();
    found.into_iter().map(|(_, name)| name).take(SUGGESTIONS)
}

/// The names most like a mistyped one.
fn near(given: &str, names: &[String]) -> Vec<String> {
    let given = given.to_lowercase();
    let most = 2.max(given.chars().count() / 3);
    let distance = |name: &String| strsim::damerau_levenshtein(&given, &name.to_lowercase());
    let mut near: Vec<(usize, &String)> =
        names.iter().map(|name| (distance(name), name)).filter(|(far, _)| *far <= most).collect();
    near.sort();
    near.into_iter().take(NEAR).map(|(_, name)| name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fleet() -> Vec<String> {
        let mut names: Vec<String> = (0..5000).map(|n| format!("tenant_{n:04}")).collect();
        names.extend(["acme".to_owned(), "public".to_owned(), "the_acme_ltd".to_owned()]);
        names.sort();
        names
    }

    #[test]
    fn suggestions_are_few_and_begin_with_what_is_typed() {
        let fleet = fleet();
        assert_eq!(fitting(&fleet, "").count(), SUGGESTIONS);
        assert_eq!(fitting(&fleet, " ACME").collect::<Vec<_>>(), ["acme", "the_acme_ltd"]);
        assert_eq!(fitting(&fleet, "4999").collect::<Vec<_>>(), ["tenant_4999"]);
    }

    #[test]
    fn a_mistyped_name_finds_what_was_meant() {
        assert_eq!(near("amce", &fleet()), ["acme"]);
        assert_eq!(near("tenant_500", &fleet()).len(), NEAR);
        assert_eq!(near("nothing like it", &fleet()), [""; 0]);
    }
}
