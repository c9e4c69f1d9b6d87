//! Every "no" to somebody who wants to read a log.

use super::Refusal;
use crate::{
    deployment::Deployment,
    environment::Environment,
    run::Job,
    text::{clip, code, plain},
};

impl Refusal {
    /// The person may neither deploy nor sign there.
    #[must_use]
    pub fn may_not_read_logs(environment: &Environment, roles: &[&str], command: &str) -> Self {
        let roles = roles.iter().map(|role| plain(role)).collect::<Vec<_>>();
        let roles = if roles.is_empty() { "nobody (no role is configured)".to_owned() } else { roles.join(" or ") };
        Self::new(
            "role_missing",
            format!("You may not read logs of `{}`: that takes the role {roles}.", environment.name),
            format!("an administrator of this server, by giving you {roles}; or anybody who has it."),
            format!("{}, typed by somebody with the role", code(command)),
        )
    }

    /// The deployment has no such job, or none at all.
    #[must_use]
    pub fn no_such_job(d: &Deployment, given: Option<&str>) -> Self {
        let names: Vec<String> = d.jobs.iter().take(20).map(|job| code(&clip(&job.name, 60))).collect();
        let what = match (given, names.is_empty()) {
            (_, true) => format!("Deployment {} has no job yet.", d.id),
            (Some(given), _) => {
                format!("Deployment {} has no job {}. It has {}.", d.id, code(&clip(given, 60)), names.join(", "))
            }
            (None, _) => format!("No job of deployment {} is over. It has {}.", d.id, names.join(", ")),
        };
        Self::new(
            "no_such_job",
            what,
            "you, by naming one of them, or by waiting until one is over.",
            format!("`/logs {}`", d.id),
        )
    }

    /// GitHub has no log of the job, not yet or not any more.
    #[must_use]
    pub fn no_log(d: &Deployment, job: &Job, why: &str) -> Self {
        let page = job.url.as_ref().map(|url| format!(", or <{url}>")).unwrap_or_default();
        Self::new(
            "no_log",
            format!("There is no log of {}: {}.", code(&clip(&job.name, 60)), plain(&clip(why, 200))),
            "time: GitHub gives a log away once its job is over, and keeps it as long as the repository says.",
            format!("`/logs {}` later{page}", d.id),
        )
    }
}
