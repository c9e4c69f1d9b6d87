//! Every "no" to somebody who signs with a button.

use super::Refusal;
use crate::{
    deployment::{Deployment, State},
    environment::Environment,
    gate::VETO,
    ids::{CommitSha, DeploymentId},
    text::{clip, code, plain},
};

impl Refusal {
    /// A button that is not on the deployment's card as it stands: forged, of a card that was lost, or of a category
    /// that nobody asks for.
    #[must_use]
    pub fn stale_button(id: DeploymentId) -> Self {
        Self::new(
            "stale_button",
            format!("This is no button of the card of deployment {id}, so it signs nothing."),
            "you, by pressing the button on the deployment's own card.",
            "`/status` shows what is at work and where.",
        )
    }

    /// The deployment waits for nobody.
    #[must_use]
    pub fn takes_no_signature(d: &Deployment) -> Self {
        let how = match d.state {
            State::Expired { .. } => "it has expired, and nothing was started".to_owned(),
            ref state => format!("it is {}", state.word()),
        };
        Self::new(
            "not_waiting",
            format!("Deployment {} waits for no signature: {how}.", d.id),
            "nobody needs to.",
            format!("`/status {}` shows how it went.", d.environment),
        )
    }

    /// Nobody signs their own deployment.
    #[must_use]
    pub fn own_deployment(d: &Deployment) -> Self {
        Self::new(
            "own_deployment",
            format!("You asked for deployment {}, so somebody else has to sign it.", d.id),
            "anybody else who may sign.",
            format!("`/why {}` says who that is.", d.environment),
        )
    }

    /// The person holds no role that signs; `roles` is who does, safe to show.
    #[must_use]
    pub fn may_not_sign(environment: &Environment, category: &str, roles: &str) -> Self {
        let what = if category == VETO { "forbid a deployment" } else { "sign" };
        Self::new(
            "role_missing",
            format!("You may not {what} here: {} of `{}` takes {roles}.", plain(category), environment.name),
            format!("an administrator of this server, by giving you {roles}; or anybody who has it, by signing."),
            "press the button again when you have it.",
        )
    }

    /// The commit has to be typed to sign here, and was not, or was another one.
    #[must_use]
    pub fn commit_not_typed(commit: &CommitSha, typed: Option<&str>) -> Self {
        let what = match typed {
            None => "Here whoever signs types the commit; no commit was typed.".to_owned(),
            Some(typed) => format!("{} is not the commit that waits.", code(&clip(typed, 40))),
        };
        Self::new(
            "commit_not_typed",
            format!("{what} Nothing was signed."),
            "you, once you have looked at what would be deployed.",
            format!("press the button on the card again, and type `{}`.", commit.short()),
        )
    }

    /// What would be signed could not be read; `why` is for people.
    #[must_use]
    pub fn nothing_to_bind(why: &str) -> Self {
        Self::new(
            "nothing_to_bind",
            format!("What you would sign could not be read, so nothing was signed: {}.", plain(&clip(why, 300))),
            "time, mostly; else whoever looks after Signalbox's access to GitHub.",
            "press the button again in a minute; `signalbox doctor` says more.",
        )
    }

    /// The person has signed nothing with a button; `reaction` is the emoji of one that still signs, safe to show.
    #[must_use]
    pub fn nothing_signed(d: &Deployment, reaction: Option<&str>) -> Self {
        let (what, command) = match reaction {
            Some(emoji) => (
                format!("You signed deployment {} with your reaction {emoji}, not with a button.", d.id),
                format!("take the {emoji} on the card back: a click on it does that."),
            ),
            None => (
                format!("Nothing of yours stands on deployment {}.", d.id),
                "nothing: there is nothing to take back.".to_owned(),
            ),
        };
        Self::new("nothing_signed", what, "you.", command)
    }
}
