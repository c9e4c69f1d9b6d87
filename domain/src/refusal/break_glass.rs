//! The "no" of those who would go past a gate.

use super::Refusal;
use crate::{deployment::Deployment, environment::Environment, text::plain};

impl Refusal {
    /// Nobody may go past this gate.
    #[must_use]
    pub fn no_break_glass(environment: &Environment) -> Self {
        Self::new(
            "no_break_glass",
            format!("`{}` has no `break_glass_roles`, so nobody may go past its gate.", environment.name),
            "a maintainer of `signalbox.toml`, by naming who must agree.",
            format!("`/why {}` says what is missing", environment.name),
        )
    }

    /// It does not wait at a gate.
    #[must_use]
    pub fn not_waiting(d: &Deployment) -> Self {
        Self::new(
            "not_waiting",
            format!("Deployment {} does not wait at a gate: it is {}.", d.id, d.state.word()),
            "nobody needs to.",
            "`/status`",
        )
    }

    /// Nobody has asked, or too long ago, or it is agreed already.
    #[must_use]
    pub fn glass_not_asked(d: &Deployment) -> Self {
        Self::new(
            "glass_not_asked",
            format!("Within the last ten minutes nobody asked to go past the gate of deployment {}.", d.id),
            format!("anybody who may deploy `{}`, by asking.", d.environment),
            format!("`/breakglass ask {} reason:\"…\"`", d.id),
        )
    }

    /// Somebody asked already.
    #[must_use]
    pub fn glass_asked_already(d: &Deployment) -> Self {
        Self::new(
            "glass_asked_already",
            format!("Somebody asked to go past the gate of deployment {} already.", d.id),
            "a second person, by agreeing.",
            format!("`/breakglass confirm {}`", d.id),
        )
    }

    /// Who asked cannot agree as well.
    #[must_use]
    pub fn glass_takes_two(environment: &Environment, d: &Deployment) -> Self {
        Self::new(
            "glass_takes_two",
            "You asked for it yourself: going past a gate takes two people.".into(),
            format!("somebody else with the role {}.", names(environment)),
            format!("`/breakglass confirm {}`, typed by them", d.id),
        )
    }

    /// The role that agrees is missing.
    #[must_use]
    pub fn may_not_break_glass(environment: &Environment, d: &Deployment) -> Self {
        Self::new(
            "role_missing",
            format!(
                "You may not agree to go past the gate of `{}`: that takes the role {}.",
                environment.name,
                names(environment)
            ),
            "an administrator of this server, by giving you the role; or anybody who has it.",
            format!("`/breakglass confirm {}`, typed by somebody with the role", d.id),
        )
    }

    /// There is nothing to look after.
    #[must_use]
    pub fn no_broken_glass(d: &Deployment) -> Self {
        Self::new(
            "no_broken_glass",
            format!("Deployment {} did not go past its gate, or somebody has looked after that.", d.id),
            "nobody needs to.",
            "`/breakglass list`",
        )
    }
}

fn names(environment: &Environment) -> String {
    environment.gate.break_glass.iter().map(|role| plain(&role.name)).collect::<Vec<_>>().join(" or ")
}
