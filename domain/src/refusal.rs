//! Every "no", with what is wrong, who can fix it and the exact command.

mod alert;
mod blocking;
mod break_glass;
mod fleet;
mod git_ref;
mod github;
mod incident;
mod linking;
mod lock;
mod logs;
mod promotion;
mod signing;

use serde::{Deserialize, Serialize};

use crate::{
    deployment::Deployment,
    environment::{Environment, Line},
    ids::DeploymentId,
    text::{clip, code, plain},
};

/// A "no" meant for the person who asked. Faults are for the operator and only show a reference here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}")]
pub struct Refusal {
    /// Stable reason code, for searching the documentation and the audit trail.
    pub code: String,
    /// What is wrong; safe to show.
    pub what: String,
    /// Who can change that; safe to show.
    pub who: String,
    /// What to type or do next; safe to show.
    pub command: String,
}

impl Refusal {
    fn new(code: &str, what: String, who: impl Into<String>, command: impl Into<String>) -> Self {
        Self { code: code.to_owned(), what, who: who.into(), command: command.into() }
    }

    /// The refusal as it is shown in chat.
    #[must_use]
    pub fn message(&self) -> String {
        format!(
            "⛔ **{}**\n{}\n**Who can fix it:** {}\n**Do this:** {}",
            code(&self.code),
            self.what,
            self.who,
            self.command
        )
    }

    /// No such environment is configured; `verb` is the command that named it.
    #[must_use]
    pub fn unknown_environment(verb: &str, given: &str, line: &Line) -> Self {
        let first = line.iter().next().map_or("uat", |e| e.name.as_str());
        Self::new(
            "unknown_environment",
            format!("There is no environment {}. Configured are {}.", code(&clip(given, 60)), line.names()),
            "you, by naming one of them; a maintainer of `signalbox.toml`, by adding one.",
            format!("`/{verb} {first}`"),
        )
    }

    /// Somebody named a role that no environment knows.
    #[must_use]
    pub fn unknown_role(given: &str, known: &[&str], command: &str) -> Self {
        let known = known.iter().map(|name| plain(name)).collect::<Vec<_>>().join(", ");
        Self::new(
            "unknown_role",
            format!("No environment knows a role {}. There are {known}.", code(&clip(given, 60))),
            "you, by naming one of them; a maintainer of `signalbox.toml`, by adding one.",
            command,
        )
    }

    /// The command came from a direct message or from another guild.
    #[must_use]
    pub fn wrong_place() -> Self {
        Self::new(
            "wrong_place",
            "Signalbox answers only in the server it was configured for: here nobody's roles can be checked.".into(),
            "you, by typing the command in that server.",
            "type the same command in a channel of the team's server.",
        )
    }

    /// The person lacks every role that may do this.
    #[must_use]
    pub fn role_missing(environment: &Environment, verb: &str, command: &str) -> Self {
        let roles = environment.deploy_roles.iter().map(|r| plain(&r.name)).collect::<Vec<_>>();
        let roles = if roles.is_empty() { "nobody (no role is configured)".to_owned() } else { roles.join(" or ") };
        Self::new(
            "role_missing",
            format!("You may not {verb} `{}`: that takes the role {roles}.", environment.name),
            format!(
                "an administrator of this server, by giving you {roles}; or anybody who has it, by typing the command."
            ),
            format!("{}, typed by somebody with the role", code(command)),
        )
    }

    /// Another deployment holds the environment.
    #[must_use]
    pub fn environment_busy(holder: &Deployment) -> Self {
        let since = format!("<t:{}:R>", holder.requested_at.as_second());
        let command = match holder.state {
            crate::deployment::State::Unknown { .. } | crate::deployment::State::Merged { .. } => {
                format!("look for the run at GitHub; when you are sure that none is at work, `/cancel {}`", holder.id)
            }
            crate::deployment::State::Waiting { .. } => {
                format!("`/why {}` says what it waits for; or `/cancel {}`", holder.environment, holder.id)
            }
            _ => format!("wait for deployment {} to end, or `/cancel {}`", holder.id, holder.id),
        };
        Self::new(
            "environment_busy",
            format!(
                "`{}` is held by deployment {}: {} `{}`, started by {} {since}.",
                holder.environment,
                holder.id,
                code(holder.git_ref.as_str()),
                holder.commit.short(),
                holder.started_by(),
            ),
            format!("{}, or anybody who may deploy `{}`.", holder.started_by(), holder.environment),
            command,
        )
    }

    /// What people are to read is blank; `takes` says what has to be written, `command` how.
    #[must_use]
    pub fn nothing_written(takes: &str, command: impl Into<String>) -> Self {
        let what = format!("{takes}, and what you wrote is blank. Nothing was recorded.");
        Self::new("nothing_written", what, "you, by writing it.", command)
    }

    /// No deployment has this number.
    #[must_use]
    pub fn no_such_deployment(given: &str) -> Self {
        Self::new(
            "no_such_deployment",
            format!("There is no deployment {}.", code(&clip(given, 40))),
            "you, by naming one from the list.",
            "`/status`",
        )
    }

    /// The audit trail does not hold, or the record of the deployment is not what it says; `why` is for people.
    #[must_use]
    pub fn audit_damaged(id: DeploymentId, why: &str) -> Self {
        Self::new(
            "audit_damaged",
            format!("Deployment {id} cannot be proven: {}.", plain(&clip(why, 400))),
            "nobody can undo it; whoever runs Signalbox can find out since when, with a backup or an earlier export.",
            "`signalbox audit verify` on the machine it runs on.",
        )
    }

    /// The proof is larger than what the chat takes.
    #[must_use]
    pub fn proof_too_large(id: DeploymentId) -> Self {
        Self::new(
            "proof_too_large",
            format!("The proof of deployment {id} is larger than what the chat takes."),
            "whoever runs Signalbox: on the machine there is no limit.",
            format!("`signalbox audit prove {id}` on the machine it runs on."),
        )
    }

    /// The deployment has ended already.
    #[must_use]
    pub fn already_over(id: DeploymentId, how: &str) -> Self {
        Self::new(
            "already_over",
            format!("Deployment {id} has ended already: {how}."),
            "nobody needs to: nothing is running.",
            "`/status`",
        )
    }

    /// Our own store did not take the request.
    #[must_use]
    pub fn store_unavailable(reference: &str) -> Self {
        Self::new(
            "store_unavailable",
            format!(
                "Signalbox could not reach its own database, so nothing was started (reference {}).",
                code(reference)
            ),
            "whoever runs Signalbox: the log says more under the reference.",
            "`signalbox doctor` on the machine it runs on.",
        )
    }

    /// Something broke on our side.
    #[must_use]
    pub fn fault(reference: &str) -> Self {
        Self::new(
            "fault",
            format!(
                "Something broke inside Signalbox (reference {}). What was recorded before is kept.",
                code(reference)
            ),
            "whoever runs Signalbox: the log says more under the reference.",
            "`/status` shows what is recorded.",
        )
    }
}
