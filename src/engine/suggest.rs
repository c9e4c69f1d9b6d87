//! What is suggested while somebody types.

use std::{collections::HashMap, sync::Arc};

use signalbox_commands::desk::Suggestion;
use signalbox_domain::{
    Timestamp, deployment::Deployment, git_ref::GitRef, ids::RepositoryName, ports::Query, text::clip,
};
use tokio::sync::Mutex;

use super::desk::ServiceDesk;

/// How long suggested refs stay fresh, in seconds.
const REFS_FRESH: i64 = 30;

/// Branches and tags per repository, with the time they were read.
pub(super) type Refs = Arc<Mutex<HashMap<RepositoryName, (Timestamp, Arc<Vec<String>>)>>>;

impl ServiceDesk {
    pub(super) async fn branches(&self, environment: &str, typed: &str) -> Vec<Suggestion> {
        let Ok(environment) = self.environment("deploy", environment) else { return vec![] };
        let names = self.refs_of(&environment.repository).await;
        let typed = typed.to_lowercase();
        let allowed = |name: &&String| {
            GitRef::parse(name).is_ok_and(|name| environment.allowed_refs.iter().any(|pattern| pattern.accepts(&name)))
        };
        let fits = names.iter().filter(|name| name.to_lowercase().contains(&typed) && name.chars().count() <= 100);
        fits.filter(allowed).take(25).map(|name| Suggestion { label: name.clone(), value: name.clone() }).collect()
    }

    pub(super) async fn at_work(&self, typed: &str) -> Vec<Suggestion> {
        let typed = typed.trim().trim_start_matches('#').to_lowercase();
        let active = self.engine.ports.store.find(Query::Active).await.unwrap_or_default();
        let suggestion = |d: Deployment| Suggestion {
            label: clip(&format!("{} · {} · {} · {}", d.id, d.environment, d.git_ref, d.state.word()), 100),
            value: d.id.to_string(),
        };
        let fits = |s: &Suggestion| s.label.to_lowercase().contains(&typed);
        active.into_iter().map(suggestion).filter(fits).take(25).collect()
    }

    async fn refs_of(&self, repository: &RepositoryName) -> Arc<Vec<String>> {
        let now = self.engine.ports.clock.now();
        // Held while reading, so that ten people typing ask GitHub once.
        let mut refs = self.refs.lock().await;
        if let Some((read, names)) = refs.get(repository)
            && now.as_second() - read.as_second() < REFS_FRESH
        {
            return names.clone();
        }
        match self.engine.ports.forge.refs(repository).await {
            Ok(names) => {
                let names = Arc::new(names);
                refs.insert(repository.clone(), (now, names.clone()));
                names
            }
            Err(_) => refs.get(repository).map(|(_, names)| names.clone()).unwrap_or_default(),
        }
    }
}
