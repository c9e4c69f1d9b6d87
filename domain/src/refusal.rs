//! Every "no", with what is wrong, who can fix it and the exact command.

mod alert;
mod blocking;
mod break_glass;
mod incident;
mod linking;
mod logs;
mod promotion;
mod signing;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    deployment::Deployment,
    environment::{Environment, Line},
    fleet::Question,
    gate::{Lock, Reach},
    git_ref::{BadRef, GitRef},
    ids::{CommitSha, DeploymentId, EnvironmentName, RepositoryName},
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

    /// The ref breaks git's rules.
    #[must_use]
    pub fn bad_ref(given: &str, bad: &BadRef, environment: &Environment) -> Self {
        Self::new(
            "bad_ref",
            format!("{} is not a branch or tag: {}.", code(&clip(given, 80)), plain(bad.rule)),
            "you, by naming a branch or tag of the repository.",
            format!("`/deploy {} ref:{}`", environment.name, environment.default_ref),
        )
    }

    /// The environment does not take this ref.
    #[must_use]
    pub fn ref_not_allowed(given: &GitRef, environment: &Environment) -> Self {
        let allowed = environment.allowed_refs.iter().map(|p| code(p.as_str())).collect::<Vec<_>>().join(", ");
        Self::new(
            "ref_not_allowed",
            format!("`{}` takes only {allowed}, not {}.", environment.name, code(given.as_str())),
            "you, by deploying an allowed ref; a maintainer of `signalbox.toml`, by adding it to `refs`.",
            format!("`/deploy {} ref:{}`", environment.name, environment.default_ref),
        )
    }

    /// GitHub knows no such branch or tag.
    #[must_use]
    pub fn ref_not_found(given: &GitRef, environment: &Environment) -> Self {
        Self::new(
            "ref_not_found",
            format!("{} has no branch or tag {}.", plain(environment.repository.as_str()), code(given.as_str())),
            "you, by pushing it or by naming another one.",
            format!("`/deploy {} ref:{}`", environment.name, environment.default_ref),
        )
    }

    /// GitHub starts workflows on branches and tags, not on commits.
    #[must_use]
    pub fn ref_is_a_commit(given: &GitRef, environment: &Environment) -> Self {
        Self::new(
            "ref_is_a_commit",
            format!("{} is a commit. GitHub starts a workflow only on a branch or tag.", code(given.as_str())),
            "you, by naming a branch or tag that points at this commit.",
            format!(
                "`git tag candidate {given} && git push origin candidate`, then `/deploy {} ref:candidate`",
                environment.name
            ),
        )
    }

    /// The ref moved between the request and the dispatch.
    #[must_use]
    pub fn ref_changed(name: &GitRef, from: &CommitSha, to: &CommitSha, again: &str) -> Self {
        Self::new(
            "ref_changed",
            format!(
                "{} moved from `{}` to `{}` after it was asked for. What was asked for is what is deployed, or nothing.",
                code(name.as_str()),
                from.short(),
                to.short()
            ),
            "you, by looking at the new commit and asking again.",
            code(again),
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

    /// The text names no schemas.
    #[must_use]
    pub fn bad_pattern(given: &str, environment: &EnvironmentName) -> Self {
        Self::new(
            "bad_pattern",
            format!(
                "{} names no schemas: a name of at most 63 bytes, in which `*` stands for anything; not `*` alone.",
                code(&clip(given, 63))
            ),
            "you, by naming those that you mean.",
            format!("`/expect {environment} rehearsal_* for:2h`"),
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

    /// The environment has no tenant database to ask; `question` is what was asked of it.
    #[must_use]
    pub fn no_tenant_database(environment: &Environment, question: &Question, line: &Line) -> Self {
        let name = &environment.name;
        let others = line.iter().filter(|e| e.database.is_some());
        let others: Vec<_> = others.map(|e| code(&question.command(&e.name))).collect();
        let variable = format!("{}_DATABASE_URL", name.as_str().to_uppercase().replace('-', "_"));
        let configure = format!("put `database = \"{variable}\"` under `{name}` in `signalbox.toml`");
        Self::new(
            "no_tenant_database",
            format!("`{name}` has no tenant database configured, so there is nothing to ask."),
            "a maintainer of `signalbox.toml`, by naming the variable that holds its address.",
            if others.is_empty() { configure } else { format!("{configure}, or ask {}", others.join(" or ")) },
        )
    }

    /// An environment has no address to ask.
    #[must_use]
    pub fn no_health_checks(environment: &Environment, line: &Line) -> Self {
        let name = &environment.name;
        let others = line.iter().filter(|one| !one.health.is_empty());
        let others: Vec<_> = others.map(|one| format!("`/health {}`", one.name)).collect();
        let configure = format!("put a table `[[environment.health]]` under `{name}` in `signalbox.toml`");
        Self::new(
            "no_health_checks",
            format!("`{name}` has no health checks, so there is nothing to ask."),
            "a maintainer of `signalbox.toml`, by naming an address.",
            if others.is_empty() { configure } else { format!("{configure}, or ask {}", others.join(" or ")) },
        )
    }

    /// The tenant database could not be asked; `why` never has a password in it.
    #[must_use]
    pub fn tenant_database_unreachable(environment: &Environment, question: &Question, why: &str) -> Self {
        Self::new(
            "tenant_database_unreachable",
            format!(
                "The tenant database of `{}` could not be asked, so nothing is known of its tenants: {}.",
                environment.name,
                plain(clip(why, 300).trim_end_matches('.'))
            ),
            "whoever runs that database, or Signalbox's access to it.",
            format!(
                "`signalbox doctor` on the machine Signalbox runs on says more; then {}",
                code(&question.command(&environment.name))
            ),
        )
    }

    /// There is neither a schema nor a row of this name; `near` are names like it, the likeliest first.
    #[must_use]
    pub fn no_such_tenant(environment: &Environment, given: &str, near: &[String], tenants: usize) -> Self {
        let ask = |name: &String| code(&Question::Tenant(name.clone()).command(&environment.name));
        let near: Vec<_> = near.iter().map(ask).collect();
        Self::new(
            "no_such_tenant",
            format!(
                "None of the {tenants} tenants of `{}` is named {}, and no schema is.",
                environment.name,
                code(&clip(given, 63))
            ),
            "you, by naming one of those that are suggested while you type.",
            if near.is_empty() { format!("`/tenants {}`", environment.name) } else { near.join(" or ") },
        )
    }

    /// GitHub did not answer, or answered with a fault of its own.
    #[must_use]
    pub fn github_unavailable(why: &str, command: &str) -> Self {
        Self::new(
            "github_unavailable",
            format!("GitHub did not answer, so nothing was started. It said: {}.", plain(&clip(why, 200))),
            "GitHub; see <https://www.githubstatus.com>.",
            format!("wait a minute, then {}", code(command)),
        )
    }

    /// GitHub refused our credentials, or they may not do this.
    #[must_use]
    pub fn github_forbidden(repository: &RepositoryName, why: &str) -> Self {
        Self::new(
            "github_forbidden",
            format!(
                "GitHub refused Signalbox's credentials for {}: {}.",
                plain(repository.as_str()),
                plain(&clip(why, 200))
            ),
            "whoever runs Signalbox: the token has expired or lacks a permission.",
            "`signalbox doctor` on the machine it runs on names the permission.",
        )
    }

    /// GitHub rejected the dispatch for good; nothing was started.
    #[must_use]
    pub fn dispatch_rejected(environment: &Environment, status: u16, message: &str) -> Self {
        Self::new(
            "dispatch_rejected",
            format!(
                "GitHub did not take the dispatch ({status}): {}. Nothing was started.",
                plain(&clip(message, 300))
            ),
            format!(
                "a maintainer of {} in {}, or of `signalbox.toml`.",
                code(&environment.workflow),
                plain(environment.repository.as_str())
            ),
            format!("`signalbox doctor` compares both; then `/deploy {}`", environment.name),
        )
    }

    /// GitHub asked to wait longer than a person would.
    #[must_use]
    pub fn rate_limited(until: Timestamp, again: &str) -> Self {
        Self::new(
            "rate_limited",
            format!(
                "GitHub's rate limit is used up until <t:{0}:t> (<t:{0}:R>). Nothing was started.",
                until.as_second()
            ),
            "time; or whoever else uses the same token.",
            format!("{} after that", code(again)),
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
