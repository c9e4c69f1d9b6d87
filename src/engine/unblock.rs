//! Ending what blocks a migration: asked first, done at the second press, and looked at anew each time.

use signalbox_commands::desk::{UnblockAsk, Unblocking};
use signalbox_domain::{
    event::Event,
    permit::holds_one_of,
    ports::{Ended, Query},
    refusal::Refusal,
};

use super::{
    desk::{ServiceDesk, fault},
    effects::look,
};

impl ServiceDesk {
    pub(super) async fn try_unblock(&self, ask: UnblockAsk) -> Result<Unblocking, Refusal> {
        let id = ask.deployment;
        let stale = || Refusal::stale_button(id);
        let d = self.find(Query::Id(id)).await?.pop().ok_or_else(stale)?;
        let environment = self.engine.environment_of(&d).ok_or_else(stale)?;
        if !holds_one_of(&ask.asker.roles, &environment.deploy_roles) {
            let again = format!("press \"Blocked…\" on the card of deployment {id}");
            return Err(Refusal::role_missing(environment, "end sessions that block", &again));
        }
        let migration = d.migration.as_ref().ok_or_else(|| Refusal::not_blocked(&d))?;
        let tenants = &self.engine.ports.tenants;
        let unknown = |why: String| Refusal::blockers_unknown(environment, &why);
        let sight = tenants.watch(environment, &look(&d, migration)).await.map_err(unknown)?;
        let waits = sight.sentinel.waits;
        let Some((pid, started)) = ask.session else {
            let wait = waits.into_iter().find(|wait| wait.by.is_some()).ok_or_else(|| Refusal::not_blocked(&d))?;
            if wait.by.as_ref().is_some_and(|by| by.pid == 0) {
                return Err(Refusal::blocked_by_prepared(environment));
            }
            return Ok(Unblocking::Asked { deployment: id, wait });
        };
        let mut heads = waits.into_iter().filter_map(|wait| wait.by);
        let meant = heads.find(|by| by.pid == pid && by.started.unwrap_or(0) == started);
        let session = meant.ok_or_else(|| Refusal::not_blocked(&d))?;
        match tenants.end(environment, &session).await.map_err(unknown)? {
            Ended::Gone => Err(Refusal::not_blocked(&d)),
            Ended::Denied => Err(Refusal::may_not_signal(environment, &session)),
            Ended::Told => {
                let event = Event::SessionEnded { by: ask.asker.person, session: session.clone() };
                self.engine.apply(id, event).await.map_err(fault)?;
                Ok(Unblocking::Ended { session })
            }
        }
    }
}
