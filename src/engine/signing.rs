//! What people sign with buttons. The core decides whether they may; here is read what they sign.

use signalbox_commands::desk::{CommentAsk, SignAsk, Signed, WithdrawAsk, Withdrawn};
use signalbox_domain::{
    decide::Signing,
    deployment::{Deployment, State},
    environment::Environment,
    event::Event,
    gate::{Facts, Fingerprint, Looked, Read, Way, evaluate, may_sign, why_void},
    ids::{DeploymentId, MessageRef, PersonId},
    ports::Query,
    refusal::Refusal,
    text::{clip, plain},
};

use super::desk::{ServiceDesk, fault};

impl ServiceDesk {
    pub(super) async fn try_sign(&self, ask: SignAsk) -> Result<Signed, Refusal> {
        let SignAsk { asker, at, deployment: id, category, typed, comment } = ask;
        let (deployment, environment) = self.on_card(at, id).await?;
        let (by, roles) = (asker.person, asker.roles);
        self.engine.members.hear(by.id, Some(roles.clone()), self.engine.ports.clock.now());
        let may = |d: &Deployment| may_sign(d, environment, &by, &roles, &category, typed.as_deref());
        may(&deployment)?;
        let fingerprint = self.engine.fingerprint(&deployment, environment).await;
        let fingerprint = fingerprint.map_err(|why| Refusal::nothing_to_bind(&why))?;
        let signing =
            Signing { by: by.clone(), roles: roles.clone(), category: category.clone(), typed: typed.clone(), comment };
        let event = Event::Signed { signing, fingerprint: fingerprint.clone() };
        let signed = match self.engine.apply(id, event).await.map_err(fault)? {
            Some(signed) => signed,
            // It stood already, or something happened to the deployment meanwhile.
            None => self.find(Query::Id(id)).await?.pop().ok_or_else(|| Refusal::stale_button(id))?,
        };
        may(&signed)?;
        let fills = self.fills(&signed, environment, fingerprint, by.id, &category).await;
        Ok(Signed { deployment: signed, category, fills })
    }

    /// Whether a signature that was just given fills a slot.
    async fn fills(
        &self,
        d: &Deployment,
        environment: &Environment,
        fingerprint: Fingerprint,
        by: PersonId,
        category: &str,
    ) -> Result<bool, String> {
        let now = self.engine.ports.clock.now();
        let reactions = Some(Read { at: now, found: Ok(Looked::default()) });
        let barred = self.engine.barred(d, environment).await;
        if let Err(why) = &barred {
            return Err(format!("who wrote it could not be read: {}", plain(&clip(why, 160))));
        }
        let facts = Facts { reactions, barred, ..Facts::unlocked(now, fingerprint) };
        match why_void(d, environment, &facts, by, category) {
            Some(why) => Err(why),
            None => Ok(evaluate(d, environment, &facts).signers.contains(&by)),
        }
    }

    pub(super) async fn try_withdraw(&self, ask: WithdrawAsk) -> Result<Withdrawn, Refusal> {
        let WithdrawAsk { asker, at, deployment: id } = ask;
        let (deployment, environment) = self.on_card(Some(at), id).await?;
        if !matches!(deployment.state, State::Waiting { .. }) {
            return Err(Refusal::takes_no_signature(&deployment));
        }
        let by = asker.person;
        let standing = |d: &Deployment, way: Way| -> Vec<String> {
            let own = d.sign_offs.iter().filter(|s| s.stands() && s.way == way && s.by.id == by.id);
            own.map(|sign_off| sign_off.category.clone()).collect()
        };
        let (categories, reactions) = (standing(&deployment, Way::Button), standing(&deployment, Way::Reaction));
        let emoji = |category: &String| environment.gate.emoji_of(category).to_owned();
        let reactions: Vec<String> = reactions.iter().map(emoji).collect();
        if categories.is_empty() {
            return Err(Refusal::nothing_signed(&deployment, reactions.first().map(String::as_str)));
        }
        let changed = self.engine.apply(id, Event::Withdrawn { by: by.clone() }).await.map_err(fault)?;
        Ok(Withdrawn { deployment: changed.unwrap_or(deployment), categories, reactions })
    }

    /// The button for that is under the answer to the one that signed, so only the signature itself says whose it is.
    pub(super) async fn try_comment(&self, ask: CommentAsk) -> Result<(), Refusal> {
        let CommentAsk { asker, deployment: id, category, comment } = ask;
        let stale = || Refusal::stale_button(id);
        let deployment = self.find(Query::Id(id)).await?.pop().ok_or_else(stale)?;
        let own = |d: &Deployment| {
            let mut own = d.sign_offs.iter().filter(|s| s.stands() && s.way == Way::Button);
            own.any(|sign_off| sign_off.by.id == asker.person.id && sign_off.category == category)
        };
        if !matches!(deployment.state, State::Waiting { .. }) {
            return Err(Refusal::takes_no_signature(&deployment));
        }
        if !own(&deployment) {
            return Err(Refusal::nothing_signed(&deployment, None));
        }
        let event = Event::Commented { by: asker.person.clone(), category: category.clone(), comment };
        self.engine.apply(id, event).await.map_err(fault)?;
        Ok(())
    }

    /// The deployment of a button, if the message it is on is that deployment's card.
    async fn on_card(&self, at: Option<MessageRef>, id: DeploymentId) -> Result<(Deployment, &Environment), Refusal> {
        let stale = || Refusal::stale_button(id);
        let found = self.find(Query::Card(at.ok_or_else(stale)?)).await?.pop();
        let deployment = found.filter(|deployment| deployment.id == id).ok_or_else(stale)?;
        let environment = self.engine.environment_of(&deployment).ok_or_else(stale)?;
        Ok((deployment, environment))
    }
}
