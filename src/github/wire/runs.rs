//! Workflow runs and their jobs.

use serde::Deserialize;
use signalbox_domain::{
    ids::{CommitSha, RunId},
    run::{self, Conclusion, Status},
};

use super::{Account, page, time};

page!(Runs { workflow_runs: Run });
page!(Jobs { jobs: Job });

/// A workflow run (<https://docs.github.com/en/rest/actions/workflow-runs>).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::github) struct Run {
    pub(in crate::github) id: Option<u64>,
    run_attempt: Option<u64>,
    path: Option<String>,
    event: Option<String>,
    head_sha: Option<String>,
    head_branch: Option<String>,
    display_title: Option<String>,
    name: Option<String>,
    actor: Option<Account>,
    status: Option<String>,
    conclusion: Option<String>,
    created_at: Option<String>,
    updated_at: Option<String>,
    run_started_at: Option<String>,
    html_url: Option<String>,
}

impl Run {
    /// The run as the rules know it. `Err` names the field without which it is no run.
    pub(in crate::github) fn read(self) -> Result<run::Run, &'static str> {
        let created_at = time(self.created_at).ok_or("created_at")?;
        Ok(run::Run {
            id: RunId(self.id.ok_or("id")?),
            attempt: self.run_attempt.map_or(1, |n| u32::try_from(n).unwrap_or(u32::MAX)),
            workflow: self.path.unwrap_or_default(),
            event: self.event.unwrap_or_default(),
            head_sha: self.head_sha.and_then(|sha| CommitSha::parse(&sha).ok()).ok_or("head_sha")?,
            head_branch: self.head_branch,
            title: self.display_title.or(self.name).unwrap_or_default(),
            // GitHub's own name for an account that is gone.
            actor: self.actor.and_then(|actor| actor.login).unwrap_or_else(|| "ghost".into()),
            status: status(self.status),
            conclusion: conclusion(self.conclusion),
            created_at,
            updated_at: time(self.updated_at).unwrap_or(created_at),
            started_at: time(self.run_started_at),
            url: self.html_url.unwrap_or_default(),
        })
    }
}

/// A job (<https://docs.github.com/en/rest/actions/workflow-jobs>).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::github) struct Job {
    id: Option<u64>,
    pub(in crate::github) run_attempt: Option<u64>,
    name: Option<String>,
    status: Option<String>,
    conclusion: Option<String>,
    started_at: Option<String>,
    completed_at: Option<String>,
    html_url: Option<String>,
    steps: Option<Vec<Step>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Step {
    name: Option<String>,
    status: Option<String>,
    conclusion: Option<String>,
}

impl Job {
    /// The job as the rules know it; `None` without an id.
    pub(in crate::github) fn read(self) -> Option<run::Job> {
        Some(run::Job {
            id: self.id?,
            step: self.steps.and_then(telling_step),
            name: self.name.unwrap_or_default(),
            status: status(self.status),
            conclusion: conclusion(self.conclusion),
            started_at: time(self.started_at),
            completed_at: time(self.completed_at),
            url: self.html_url,
        })
    }
}

/// The first step that failed, else the one at work.
fn telling_step(steps: Vec<Step>) -> Option<String> {
    let is = |text: &Option<String>, wanted: &[&str]| text.as_deref().is_some_and(|text| wanted.contains(&text));
    let failed = steps.iter().position(|step| is(&step.conclusion, &["failure", "timed_out"]));
    let telling = failed.or_else(|| steps.iter().position(|step| is(&step.status, &["in_progress"])))?;
    steps.into_iter().nth(telling)?.name
}

fn status(text: Option<String>) -> Status {
    Status::from(text.unwrap_or_else(|| "unknown".into()))
}

fn conclusion(text: Option<String>) -> Option<Conclusion> {
    text.filter(|text| !text.is_empty()).map(Conclusion::from)
}

/// Answer to a dispatch.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::github) struct Dispatched {
    pub(in crate::github) workflow_run_id: Option<u64>,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn run(value: Value) -> Result<run::Run, &'static str> {
        serde_json::from_value::<Run>(value).unwrap().read()
    }

    #[test]
    fn missing_null_and_unknown_values_are_tolerated() {
        let bare =
            json!({"id": 9_007_199_254_740_993_u64, "head_sha": "a".repeat(40), "created_at": "2026-11-23T10:00:00Z"});
        let read = run(bare.clone()).unwrap();
        assert_eq!((read.id, read.attempt, read.actor.as_str()), (RunId(9_007_199_254_740_993), 1, "ghost"));
        assert_eq!((read.updated_at, read.conclusion), (read.created_at, None));

        let mut odd = bare;
        for (field, value) in [
            ("status", json!("levitating")),
            ("conclusion", json!("shrugged")),
            ("run_attempt", json!(u64::MAX)),
            ("actor", Value::Null),
            ("head_branch", Value::Null),
            ("updated_at", json!("yesterday")),
            ("brand_new", json!({"deep": [1]})),
        ] {
            odd[field] = value;
        }
        let read = run(odd).unwrap();
        assert_eq!(read.status, Status::Other("levitating".into()));
        assert_eq!(read.conclusion, Some(Conclusion::Other("shrugged".into())));
        assert_eq!((read.attempt, read.updated_at), (u32::MAX, read.created_at));
        assert_eq!(run(json!({"id": 1, "created_at": "2026-11-23T10:00:00Z"})), Err("head_sha"));
    }

    #[test]
    fn a_job_names_the_step_that_failed_before_the_one_at_work() {
        let step = |steps: Value| {
            serde_json::from_value::<Job>(json!({"id": 1, "steps": steps})).unwrap().read().unwrap().step
        };
        let at_work = json!({"name": "Migrate", "status": "in_progress", "conclusion": null});
        let failed = json!({"name": "Build", "status": "completed", "conclusion": "failure"});
        let done = json!({"name": "Check out", "status": "completed", "conclusion": "success"});
        assert_eq!(step(json!([done, at_work])), Some("Migrate".into()));
        assert_eq!(step(json!([done, failed, at_work])), Some("Build".into()));
        assert_eq!(step(json!([done])), None);
        assert_eq!(step(Value::Null), None);
    }
}
