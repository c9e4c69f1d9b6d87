//! A migration as the tenant library sees it, in the words of the domain.

use std::{
    collections::{BTreeSet, HashMap},
    future::Future,
    sync::{Arc, PoisonError},
    time::SystemTime,
};

use signalbox_domain::{
    Timestamp,
    environment::Environment,
    ids::EnvironmentName,
    migration::{AtWork, Sentinel, Session, Share, Sight, Wait},
    ports::{Before, Look},
    truth::{Standing, Tenant, Truth, Unmoved},
};
use signalbox_tenants::{
    Activity, AuditOptions, Changed, Count, Follow, State, TenantDatabase, TenantSight, Watermark,
};
use tokio::sync::Mutex;

use super::tenants::{registry_options, unreadable};

/// Tenants at work, waits and processes that are told by name.
const FEW: usize = 5;
/// Processes that are remembered.
const MANY: usize = 50;
/// What waits for one of these only wants to read or write rows.
const ORDINARY: [&str; 3] = ["AccessShareLock", "RowShareLock", "RowExclusiveLock"];

/// A migration that is followed: of which environment, and the mark of its run.
type Followed = (EnvironmentName, String);

/// What follows it. Held while looking.
type Slot = Arc<Mutex<Option<Follow>>>;

/// Migrations that are being followed.
#[derive(Debug, Clone, Default)]
pub(super) struct Follows(Arc<std::sync::Mutex<HashMap<Followed, Slot>>>);

impl Follows {
    pub(super) async fn look<F: Future<Output = Result<TenantDatabase, String>>>(
        &self,
        environment: &Environment,
        look: &Look,
        connect: impl FnOnce() -> F,
    ) -> Result<Sight, String> {
        let text = |error: signalbox_tenants::Error| error.to_string();
        let followed = (environment.name.clone(), look.mark.clone());
        let slot = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let slot = all.entry(followed.clone()).or_default().clone();
            if look.last {
                all.remove(&followed);
            }
            slot
        };
        let mut slot = slot.lock().await;
        let since = SystemTime::from(look.since);
        let known = slot.take().filter(|follow| follow.is_since(since) && !look.first);
        let mut moment = None;
        let mut follow = match known {
            Some(follow) => follow,
            None => {
                let database = connect().await?;
                if look.first {
                    // Without it nobody is told less than before; it only shows what was faked everywhere.
                    moment = database.watermark().await.ok().and_then(|mark| serde_json::to_string(&mark).ok());
                }
                database.follow(since, &look.mark).await.map_err(text)?
            }
        };
        let seen = follow.look().await.map_err(text)?;
        if !look.last {
            *slot = Some(follow);
        }
        Ok(Sight { moment, ..sight(seen) })
    }
}

fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn sight(seen: signalbox_tenants::Sight) -> Sight {
    let locked: BTreeSet<&str> = seen.activity.migrating.iter().map(|work| work.schema.as_str()).collect();
    let counts: Vec<(&str, &Count)> = seen
        .tenants
        .iter()
        .filter_map(|TenantSight { schema, count }| Some((schema.as_str(), count.as_ref().ok()?)))
        .collect();
    let is_at_work =
        |(schema, count): &&(&str, &Count)| count.lacking > 0 && (count.fresh > 0 || locked.contains(schema));
    let mut at_work: Vec<&(&str, &Count)> = counts.iter().filter(is_at_work).collect();
    let in_work = small(at_work.len());
    // Who holds locks is at work for certain; then who recorded something last.
    at_work.sort_by_key(|(schema, count)| (!locked.contains(schema), std::cmp::Reverse(count.latest)));
    let named = |(schema, count): &&(&str, &Count)| AtWork {
        tenant: (*schema).to_owned(),
        next: count.next.clone(),
        left: count.lacking,
    };
    Sight {
        target: seen.target.as_ref().map(|target| small(target.len())),
        released: small(seen.released.len()),
        released_names: seen.released,
        tenants: small(seen.tenants.len()),
        done: small(counts.iter().filter(|(_, count)| count.lacking == 0).count()),
        in_work,
        unknown: small(seen.tenants.len() - counts.len()),
        at_work: at_work.iter().take(FEW).map(named).collect(),
        applied: counts.iter().map(|(_, count)| u64::from(count.fresh)).sum(),
        left: counts.iter().map(|(_, count)| u64::from(count.lacking)).sum(),
        sentinel: sentinel(&seen.activity),
        moment: None,
    }
}

fn sentinel(activity: &Activity) -> Sentinel {
    let pids = |sessions: &[signalbox_tenants::Session]| {
        sessions.iter().map(|session| session.pid).take(MANY).collect::<Vec<_>>()
    };
    let mut migrating: Vec<i32> = activity.migrating.iter().map(|work| work.session.pid).collect();
    migrating.sort_unstable();
    migrating.dedup();
    migrating.truncate(MANY);
    let named = pids(&activity.named);
    let wants =
        |one: &&signalbox_tenants::Blocked| !ORDINARY.contains(&one.mode.as_str()) || named.contains(&one.session.pid);
    let wait = |one: &signalbox_tenants::Blocked| Wait {
        pid: one.session.pid,
        mode: mode(&one.mode),
        relation: one.relation.as_ref().map(|(schema, table)| format!("{schema}.{table}")),
        seconds: one.waited.map_or(0, whole),
        behind: small(one.queue.len()),
        by: activity
            .blockers
            .iter()
            .find(|head| head.queue.contains(&one.session.pid))
            .map(|head| session(&head.session)),
    };
    Sentinel {
        waits: activity.blocked.iter().filter(wants).take(FEW).map(wait).collect(),
        migrating,
        writing: pids(&activity.writing),
        named,
        connections: Share { used: activity.connections.used, limit: activity.connections.limit },
        locks: Share { used: activity.locks.used, limit: activity.locks.limit },
        replay_lag: activity.replay_lag.map(whole),
    }
}

fn session(session: &signalbox_tenants::Session) -> Session {
    Session {
        pid: session.pid,
        name: session.application_name.clone(),
        role: session.role.clone(),
        state: session.state.clone(),
        seconds: session.seconds.map(whole),
        started: session.started,
    }
}

fn whole(seconds: f64) -> u64 {
    std::time::Duration::try_from_secs_f64(seconds.max(0.0)).map_or(0, |length| length.as_secs())
}

/// `AccessExclusiveLock` as SQL has it: `ACCESS EXCLUSIVE`.
fn mode(lock: &str) -> String {
    let mut text = String::new();
    for c in lock.strip_suffix("Lock").unwrap_or(lock).chars() {
        if c.is_uppercase() && !text.is_empty() {
            text.push(' ');
        }
        text.extend(c.to_uppercase());
    }
    text
}

/// Every tenant's ledger and structure.
pub(super) async fn truth(
    database: &TenantDatabase,
    environment: &Environment,
    before: &Before,
) -> Result<Truth, String> {
    let text = |error: signalbox_tenants::Error| error.to_string();
    let options = registry_options(environment);
    let registry = database.registry(&options).await.map_err(text)?;
    let audit = AuditOptions { ledgers: true, ..AuditOptions::default() };
    let audit = database.audit(&audit).await.map_err(text)?;
    let since = SystemTime::from(before.since.unwrap_or(Timestamp::MAX));
    let seen = database.follow(since, "").await.map_err(text)?.look().await.map_err(text)?;
    let counts: HashMap<&str, &TenantSight> = seen.tenants.iter().map(|one| (one.schema.as_str(), one)).collect();
    let released: BTreeSet<&String> = seen.released.iter().collect();
    let made = made(database, before.moment.as_deref()).await;
    let standing = |one: &signalbox_tenants::Standing| {
        let count = counts.get(one.tenant.as_str()).map(|sight| &sight.count);
        let (recorded, fresh) =
            count.and_then(|count| count.as_ref().ok()).map_or((0, 0), |count| (count.recorded, count.fresh));
        let is_new = made.as_ref().map_or(fresh > 0 && fresh == recorded, |made| made.contains(&one.tenant));
        match one.state {
            State::Unknown => {
                let why = count.and_then(|count| count.as_ref().err());
                Standing::Unreadable(why.map_or("it could not be read", |why| unreadable(*why)).to_owned())
            }
            State::Lying => Standing::Lying(one.lacks.clone()),
            _ if one.missing.is_empty() => Standing::Complete,
            _ if is_new => Standing::New(one.missing.clone()),
            _ if fresh > 0 => Standing::Stopped(one.missing.clone()),
            _ if one.missing.iter().all(|missing| released.contains(missing)) => {
                Standing::NeverStarted(one.missing.clone())
            }
            _ => Standing::Lagging(one.missing.clone()),
        }
    };
    let tenants: Vec<Tenant> =
        audit.standings.iter().map(|one| Tenant { name: one.tenant.clone(), standing: standing(one) }).collect();
    let without_schema = registry.findings(&options).into_iter().filter(|finding| finding.rule == "row_without_schema");
    Ok(Truth {
        unmoved: unmoved(database, &seen, before.moment.as_deref()).await,
        schemas: registry.schemas.into_iter().map(|schema| schema.name).collect(),
        target: seen.target,
        tenants,
        without_schema: without_schema.map(|finding| finding.tenant).collect(),
        brought: vec![],
    })
}

/// The tenants that appeared since; `None` where nobody can tell, and the ledgers' times have to do. A schema that was
/// copied has the times of the one it was copied from, and one that stood empty has none from before.
async fn made(database: &TenantDatabase, moment: Option<&str>) -> Option<BTreeSet<String>> {
    let mark: Watermark = serde_json::from_str(moment?).ok()?;
    let found = database.ledgers_made_since(&mark).await.inspect_err(|error| {
        tracing::warn!(error = error as &dyn std::error::Error, "which tenants are new is not known");
    });
    Some(found.ok()?.into_iter().collect())
}

/// How many tenants recorded something without any of them having been changed; `None` when one was, or nobody can
/// tell.
async fn unmoved(database: &TenantDatabase, seen: &signalbox_tenants::Sight, moment: Option<&str>) -> Option<Unmoved> {
    let fresh = |one: &&TenantSight| one.count.as_ref().is_ok_and(|count| count.fresh > 0);
    let fresh: Vec<&str> = seen.tenants.iter().filter(fresh).map(|one| one.schema.as_str()).collect();
    if fresh.is_empty() {
        return None;
    }
    let mark: Watermark = serde_json::from_str(moment?).ok()?;
    match database.changed_here_since(&mark).await.ok()? {
        Changed::Schemas(changed) if !changed.iter().any(|schema| fresh.contains(&schema.as_str())) => {
            Some(Unmoved { tenants: small(fresh.len()), precedent: None })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_named_as_sql_has_it() {
        assert_eq!(mode("AccessExclusiveLock"), "ACCESS EXCLUSIVE");
        assert_eq!(mode("ShareLock"), "SHARE");
    }
}
