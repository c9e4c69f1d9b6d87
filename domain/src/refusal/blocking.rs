//! The "no" of those who would end what blocks a migration.

use super::Refusal;
use crate::{
    deployment::Deployment,
    environment::Environment,
    migration::Session,
    text::{clip, code, plain},
};

impl Refusal {
    /// Nothing blocks it, or not what was shown.
    #[must_use]
    pub fn not_blocked(d: &Deployment) -> Self {
        Self::new(
            "not_blocked",
            format!("Nothing that could be ended blocks the migration of deployment {} any more.", d.id),
            "nobody needs to.",
            "look at its card: \"Blocked…\" stands there while something does",
        )
    }

    /// A transaction that was prepared and left has no session to end.
    #[must_use]
    pub fn blocked_by_prepared(environment: &Environment) -> Self {
        Self::new(
            "blocked_by_prepared",
            "A prepared transaction blocks it. It has no session that could be ended.".into(),
            format!("whoever administers the database of `{}`.", environment.name),
            "`SELECT gid, prepared, owner FROM pg_prepared_xacts;`, then `ROLLBACK PREPARED '…';`",
        )
    }

    /// Our role may not signal other sessions, as it should be.
    #[must_use]
    pub fn may_not_signal(environment: &Environment, session: &Session) -> Self {
        Self::new(
            "may_not_signal",
            format!(
                "The database of `{}` does not let Signalbox end sessions of others; nothing was done.",
                environment.name
            ),
            "a superuser of that database, the owner of the session, or whoever has `pg_signal_backend`.",
            format!("{} in psql. To let Signalbox do it: `GRANT pg_signal_backend TO` its role.", code(&session.sql())),
        )
    }

    /// It could not be asked who blocks.
    #[must_use]
    pub fn blockers_unknown(environment: &Environment, why: &str) -> Self {
        Self::new(
            "tenant_database_unreachable",
            format!(
                "The tenant database of `{}` could not be asked: {}.",
                environment.name,
                plain(clip(why, 300).trim_end_matches('.'))
            ),
            "whoever runs that database, or Signalbox's access to it.",
            "press the button again",
        )
    }
}
