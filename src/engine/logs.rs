//! Reads a log because somebody asks for it.

use signalbox_commands::desk::{LogsAsk, Suggestion, Tail};
use signalbox_domain::{
    deployment::Deployment,
    environment::Environment,
    fleet::File,
    ids::DeploymentId,
    log::JobLog,
    permit::may_read_logs,
    ports::{ForgeError, Query},
    refusal::Refusal,
    run::{Job, Status},
    text::clip,
};

use super::desk::ServiceDesk;

/// How many of an environment's latest deployments are suggested.
const LATEST: u32 = 8;

impl ServiceDesk {
    /// The end of the log of a job, and what it says.
    pub(super) async fn tail(&self, ask: LogsAsk) -> Result<Tail, Refusal> {
        let unknown = || Refusal::no_such_deployment(&ask.deployment);
        let deployment = self.numbered(&ask.deployment).await?.ok_or_else(unknown)?;
        let environment = self.engine.environment_of(&deployment).ok_or_else(unknown)?;
        let command = format!("/logs {}", deployment.id);
        may_read_logs(environment, &ask.asker.roles, &command)?;
        let wanted = ask.job.as_deref().map(str::trim).filter(|name| !name.is_empty());
        let job = chosen(&deployment, environment, wanted);
        let job = job.ok_or_else(|| Refusal::no_such_job(&deployment, wanted))?;
        if job.status != Status::Completed {
            return Err(Refusal::no_log(&deployment, job, "it is still at work"));
        }
        let mut reader = self.engine.classifier.reader(job.failed());
        let read = self.engine.ports.logs.job_log(&deployment.repository, job.id, &mut reader).await;
        read.map_err(|error| match error {
            ForgeError::NotFound(why) => Refusal::no_log(&deployment, job, &why),
            ForgeError::Forbidden(why) => Refusal::github_forbidden(&deployment.repository, &why),
            ForgeError::RateLimited { until } => Refusal::rate_limited(until, &command),
            ForgeError::Unavailable(why) => Refusal::no_log(&deployment, job, &why),
        })?;
        let log = reader.finish();
        let shown = log.tail.len();
        let content = log.tail.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
        let file = File { name: format!("log-{}-{}.txt", deployment.id, plain_name(&job.name)), content };
        let findings = JobLog {
            job: job.id,
            name: job.name.clone(),
            findings: log.findings,
            executor: log.executor,
            trouble: log.trouble,
        };
        Ok(Tail { deployment: deployment.id, log: findings, lines: (log.lines, shown), file })
    }

    /// A deployment, by its number as it was typed.
    async fn numbered(&self, typed: &str) -> Result<Option<Deployment>, Refusal> {
        let Ok(id) = typed.trim().trim_start_matches('#').parse().map(DeploymentId) else { return Ok(None) };
        Ok(self.find(Query::Id(id)).await?.pop())
    }

    /// The latest deployments of all environments, newest first.
    pub(super) async fn latest(&self, typed: &str) -> Vec<Suggestion> {
        let typed = typed.trim().trim_start_matches('#').to_lowercase();
        let mut all = vec![];
        for environment in self.engine.line.iter() {
            let query = Query::Latest(vec![environment.name.clone()], LATEST);
            // A damaged record hides those of its own environment only.
            all.extend(self.engine.ports.store.find(query).await.unwrap_or_default());
        }
        all.sort_by_key(|d| std::cmp::Reverse(d.id));
        let suggestion = |d: Deployment| Suggestion {
            label: clip(&format!("{} · {} · {} · {}", d.id, d.environment, d.git_ref, d.state.word()), 100),
            value: d.id.to_string(),
        };
        let fits = |s: &Suggestion| s.label.to_lowercase().contains(&typed);
        all.into_iter().map(suggestion).filter(fits).take(25).collect()
    }

    /// Jobs of a deployment.
    pub(super) async fn jobs(&self, deployment: &str, typed: &str) -> Vec<Suggestion> {
        let Ok(Some(deployment)) = self.numbered(deployment).await else { return vec![] };
        let typed = typed.trim().to_lowercase();
        let fits = deployment.jobs.iter().filter(|job| job.name.to_lowercase().contains(&typed));
        fits.take(25).map(|job| Suggestion { label: job.name.clone(), value: job.name.clone() }).collect()
    }
}

/// The job that is meant: by its name, else by a part of it; without any, the one that most likely went wrong.
fn chosen<'a>(d: &'a Deployment, environment: &Environment, wanted: Option<&str>) -> Option<&'a Job> {
    let Some(wanted) = wanted else {
        let told = d.logs.first().and_then(|log| d.jobs.iter().find(|job| job.id == log.job));
        let failed = || d.jobs.iter().find(|job| job.failed());
        let last = || d.jobs.iter().rfind(|job| job.status == Status::Completed);
        return told.or_else(failed).or_else(|| d.migration_job(environment)).or_else(last);
    };
    let wanted = wanted.to_lowercase();
    let named = d.jobs.iter().find(|job| job.name.to_lowercase() == wanted);
    named.or_else(|| d.jobs.iter().find(|job| job.name.to_lowercase().contains(&wanted)))
}

fn plain_name(name: &str) -> String {
    let plain = name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
    plain.take(40).collect::<String>().trim_matches('-').to_owned()
}
