//! `/breakglass`: who may go past a gate, and what is left to look after.

use signalbox_commands::desk::{GlassAct, GlassAsk};
use signalbox_domain::{
    deployment::{Deployment, State},
    event::Event,
    ids::DeploymentId,
    permit::holds_one_of,
    ports::Query,
    refusal::Refusal,
};

use super::{
    desk::{ServiceDesk, fault},
    gates::written,
};

impl ServiceDesk {
    pub(super) async fn try_break_glass(&self, ask: GlassAsk) -> Result<Deployment, Refusal> {
        let unknown = || Refusal::no_such_deployment(&ask.deployment);
        let id = ask.deployment.trim().trim_start_matches('#').parse().map(DeploymentId).map_err(|_| unknown())?;
        let d = self.find(Query::Id(id)).await?.pop().ok_or_else(unknown)?;
        let environment = self.engine.environment_of(&d).ok_or_else(unknown)?;
        let (roles, by) = (&ask.asker.roles, ask.asker.person);
        let deploys = holds_one_of(roles, &environment.deploy_roles);
        let agrees = holds_one_of(roles, &environment.gate.break_glass);
        if environment.gate.break_glass.is_empty() {
            return Err(Refusal::no_break_glass(environment));
        }
        let now = self.engine.ports.clock.now();
        let waits = matches!(d.state, State::Waiting { .. });
        let event = match ask.act {
            GlassAct::Ask { .. } if !deploys => {
                return Err(Refusal::role_missing(environment, "go past the gate of", "/breakglass ask"));
            }
            GlassAct::Ask { .. } | GlassAct::Confirm if !waits => return Err(Refusal::not_waiting(&d)),
            GlassAct::Ask { .. } if d.break_glass.as_ref().is_some_and(|glass| glass.is_asked(now)) => {
                return Err(Refusal::glass_asked_already(&d));
            }
            GlassAct::Ask { reason } => {
                let example = || format!("`/breakglass ask {id} reason:\"login is down\"`");
                Event::GlassAsked { by, reason: written(&reason, "Going past a gate takes a reason", example)? }
            }
            GlassAct::Confirm if !agrees => return Err(Refusal::may_not_break_glass(environment, &d)),
            GlassAct::Confirm => match &d.break_glass {
                Some(glass) if glass.is_asked(now) && glass.by.id == by.id => {
                    return Err(Refusal::glass_takes_two(environment, &d));
                }
                Some(glass) if glass.is_asked(now) => Event::GlassConfirmed { by },
                _ => return Err(Refusal::glass_not_asked(&d)),
            },
            GlassAct::Close { .. } if !deploys && !agrees => {
                return Err(Refusal::may_not_break_glass(environment, &d));
            }
            GlassAct::Close { .. } if !d.break_glass.as_ref().is_some_and(|glass| glass.is_open()) => {
                return Err(Refusal::no_broken_glass(&d));
            }
            GlassAct::Close { note } => {
                let example = || format!("`/breakglass close {id} note:\"a bad cache key; its test is written\"`");
                Event::GlassClosed { by, note: written(&note, "It takes what was found", example)? }
            }
        };
        // Nothing followed: somebody was faster.
        let changed = self.engine.apply(id, event).await.map_err(fault)?;
        changed.ok_or_else(|| Refusal::glass_not_asked(&d))
    }

    pub(super) async fn all_broken_glass(&self) -> Result<Vec<Deployment>, Refusal> {
        let mut broken = self.find(Query::Glass).await?;
        broken.retain(|d| d.break_glass.as_ref().is_some_and(|glass| glass.used.is_some()));
        broken.sort_by_key(|d| (!d.break_glass.as_ref().is_some_and(|glass| glass.is_open()), -d.id.0));
        Ok(broken)
    }
}
