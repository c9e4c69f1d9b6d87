//! Who is who at GitHub, and whose signature does not count for what they wrote themselves.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use signalbox_commands::desk::{LinkAsk, Linking};
use signalbox_domain::{
    deployment::Deployment,
    effect::Entry,
    environment::Environment,
    gate::Barred,
    ids::{CommitSha, Person, RepositoryName},
    link::{Link, Login, may_link},
    ports::{Linked, Query},
    refusal::Refusal,
};
use tracing::warn;

use super::{
    Engine,
    desk::{ServiceDesk, fault},
};

/// How many of the latest deployments are looked through for the one that is live.
const LOOK_BACK: u32 = 20;
/// Ranges of commits that are remembered: who wrote them never changes.
const RANGES: usize = 64;

/// From what is live to what would be.
type Range = (RepositoryName, Option<CommitSha>, CommitSha);

/// Who wrote which commits.
#[derive(Debug, Clone, Default)]
pub(super) struct Authors(Arc<Mutex<HashMap<Range, Arc<BTreeSet<Login>>>>>);

impl Engine {
    /// Who wrote or committed what the deployment would bring, as far as they are linked.
    ///
    /// # Errors
    /// A sentence that says why nobody can tell.
    pub(super) async fn barred(&self, d: &Deployment, environment: &Environment) -> Result<Vec<Barred>, String> {
        if !environment.gate.bar_authors || environment.gate.sign_off_rules().is_empty() {
            return Ok(vec![]);
        }
        let links = self.ports.links.links().await.map_err(|error| error.to_string())?;
        let links: Vec<Link> = links.into_iter().filter(|link| link.confirmed.is_some()).collect();
        if links.is_empty() {
            return Ok(vec![]);
        }
        let authors = self.authors(d).await.map_err(|why| {
            warn!(deployment.id = d.id.0, why, "nobody can tell who wrote the commits, so the gate stays closed");
            why
        })?;
        let wrote = links.into_iter().filter(|link| authors.contains(&link.login));
        Ok(wrote
            .map(|link| Barred {
                person: link.person.id,
                why: format!("wrote part of this, as {} at GitHub", link.login),
            })
            .collect())
    }

    async fn authors(&self, d: &Deployment) -> Result<Arc<BTreeSet<Login>>, String> {
        let latest = Query::Latest(vec![d.environment.clone()], LOOK_BACK);
        let latest = self.ports.store.find(latest).await.map_err(|error| error.to_string())?;
        let live = latest.into_iter().find(|known| known.id != d.id && known.is_live()).map(|known| known.commit);
        let range = (d.repository.clone(), live, d.commit.clone());
        let known = |authors: &Authors| authors.0.lock().unwrap_or_else(PoisonError::into_inner).get(&range).cloned();
        if let Some(known) = known(&self.authors) {
            return Ok(known);
        }
        let read = self.ports.sources.authors(&range.0, range.1.as_ref(), &range.2).await;
        let logins = read.map_err(|error| error.to_string())?;
        // What is no login, such as that of a bot, is nobody's.
        let logins: Arc<BTreeSet<Login>> = Arc::new(logins.iter().filter_map(|login| Login::parse(login)).collect());
        let mut remembered = self.authors.0.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= RANGES {
            remembered.clear();
        }
        remembered.insert(range, logins.clone());
        Ok(logins)
    }
}

impl ServiceDesk {
    pub(super) async fn try_link(&self, ask: LinkAsk) -> Result<Link, Refusal> {
        let LinkAsk { asker, manages, what } = ask;
        let (ports, by, now) = (&self.engine.ports, asker.person, self.engine.ports.clock.now());
        let login = |typed: &str| Login::parse(typed).ok_or_else(|| Refusal::bad_login(typed));
        let may =
            |person: &Person, command: &str| may_link(&by, &asker.roles, manages, &self.engine.admins, person, command);
        match what {
            Linking::Ask { login: typed } => {
                let link = Link { person: by.clone(), login: login(&typed)?, asked: now, confirmed: None };
                let entry = entry(&link, &by, "asked", now);
                match ports.links.ask(&link, entry).await.map_err(fault)? {
                    Linked::Taken(taken) => Err(Refusal::linked_already(&taken)),
                    Linked::Done | Linked::Nothing => Ok(link),
                }
            }
            Linking::Confirm { person, login: typed } => {
                may(&person, &format!("/link confirm @{} {typed}", person.name))?;
                let link = Link { person, login: login(&typed)?, asked: now, confirmed: Some(now) };
                let entry = entry(&link, &by, "confirmed", now);
                match ports.links.confirm(&link, &by, entry).await.map_err(fault)? {
                    Linked::Done => Ok(link),
                    Linked::Taken(taken) => Err(Refusal::linked_already(&taken)),
                    Linked::Nothing => Err(Refusal::nothing_to_confirm(&link.person, &link.login)),
                }
            }
            Linking::Remove { person } => {
                may(&person, &format!("/link remove @{}", person.name))?;
                let standing = ports.links.links().await.map_err(fault)?;
                let link = standing.into_iter().find(|link| link.person.id == person.id);
                let link = link.ok_or_else(|| Refusal::not_linked(person.id))?;
                let entry = entry(&link, &by, "removed", now);
                match ports.links.unlink(person.id, &by, entry).await.map_err(fault)? {
                    Linked::Nothing => Err(Refusal::not_linked(person.id)),
                    Linked::Done | Linked::Taken(_) => Ok(link),
                }
            }
        }
    }
}

fn entry(link: &Link, by: &Person, action: &str, at: signalbox_domain::Timestamp) -> Entry {
    Entry {
        at,
        actor: by.name.clone(),
        action: format!("link.{action}"),
        subject: format!("person {}", link.person.id),
        detail: format!("{} is {} at GitHub", link.person.name, link.login),
    }
}
