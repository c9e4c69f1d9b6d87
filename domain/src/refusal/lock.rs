//! Every "no" about locks.

use super::Refusal;
use crate::{
    environment::{Environment, Line},
    gate::{Lock, Reach},
    text::{clip, code, plain},
};

impl Refusal {
    /// The person may deploy nowhere, so they may not freeze either.
    #[must_use]
    pub fn may_not_freeze(line: &Line, command: &str) -> Self {
        let mut roles: Vec<_> = line.iter().flat_map(|e| &e.deploy_roles).map(|role| plain(&role.name)).collect();
        roles.sort();
        roles.dedup();
        let roles = if roles.is_empty() { "nobody (no role is configured)".to_owned() } else { roles.join(" or ") };
        Self::new(
            "role_missing",
            format!("You may not lock or unlock everything: that takes the role {roles}."),
            format!("an administrator of this server, by giving you {roles}; or anybody who has it."),
            format!("{}, typed by somebody with the role", code(command)),
        )
    }

    /// A lock holds the environment.
    #[must_use]
    pub fn environment_locked(environment: &Environment, lock: &Lock) -> Self {
        Self::new(
            "environment_locked",
            format!("`{}` takes no deployments: {}.", environment.name, lock.says()),
            format!("<@{}>, or anybody who may deploy `{}`.", lock.by.id, environment.name),
            format!("`/unlock {}`, then `/deploy {}`", lock.reach, environment.name),
        )
    }

    /// It is locked already.
    #[must_use]
    pub fn locked_already(lock: &Lock) -> Self {
        Self::new(
            "locked_already",
            format!("`{}` is {}.", lock.reach, lock.says()),
            format!("<@{}>, or anybody who may deploy there.", lock.by.id),
            format!("`/unlock {0}`, then `/lock {0}` with your reason", lock.reach),
        )
    }

    /// Nothing is locked there.
    #[must_use]
    pub fn not_locked(reach: &Reach) -> Self {
        Self::new(
            "not_locked",
            format!("`{reach}` is not locked."),
            "nobody needs to.",
            "`/locks` shows which locks there are.",
        )
    }

    /// The text names no length of time.
    #[must_use]
    pub fn bad_duration(given: &str) -> Self {
        Self::new(
            "bad_duration",
            format!("{} is not a length of time from a minute to a year.", code(&clip(given, 40))),
            "you, by writing one such as `30m`, `2h` or `1d`.",
            "`/lock uat reason:\"migration rehearsal\" for:2h`",
        )
    }
}
