//! Custom deployment protection rules: which runs wait for us, and our answer
//! (<https://docs.github.com/en/actions/how-tos/deploy/configure-and-manage-deployments/create-custom-protection-rules>).
//!
//! Whether a run waits for *us* no single call says: it waits for an environment, and that has our rule.

use async_trait::async_trait;
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use signalbox_domain::{
    hold::{RuleAnswer, RuleOutcome, Word},
    ids::{RepositoryName, RunId},
    ports::{ForgeError, Rules},
};

use super::{
    GithubForge,
    api::{Fault, refused, said},
    credentials::Speaker,
    path::Path,
    transport::Failure,
    wire,
};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Pending {
    environment: Option<wire::Named>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Enabled {
    custom_deployment_protection_rules: Option<Vec<Rule>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Rule {
    enabled: Option<bool>,
    app: Option<App>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct App {
    id: Option<u64>,
}

impl GithubForge {
    /// Whether one of GitHub's environments asks our App before jobs may go on.
    ///
    /// # Errors
    /// [`ForgeError`] when that could not be asked.
    pub async fn has_our_rule(&self, repository: &RepositoryName, environment: &str) -> Result<bool, ForgeError> {
        let Some(ours) = self.api.app_id() else { return Ok(false) };
        let path = Path::repository(repository, &["environments", environment, "deployment_protection_rules"]);
        let found: Enabled = self.api.read(Speaker::Work(repository), &path).await?;
        let rules = found.custom_deployment_protection_rules.unwrap_or_default();
        let is_ours = |rule: &Rule| rule.app.as_ref().and_then(|app| app.id) == Some(ours);
        Ok(rules.iter().any(|rule| rule.enabled == Some(true) && is_ours(rule)))
    }
}

#[async_trait]
impl Rules for GithubForge {
    async fn asking(&self, repository: &RepositoryName, run: RunId) -> Result<Vec<String>, ForgeError> {
        if !self.api.is_app() {
            return Ok(vec![]);
        }
        let path = Path::repository(repository, &["actions", "runs", &run.to_string(), "pending_deployments"]);
        let pending: Vec<Pending> = self.api.read(Speaker::Work(repository), &path).await?;
        let mut asking = vec![];
        for name in pending.into_iter().filter_map(|one| one.environment?.name) {
            if self.has_our_rule(repository, &name).await? {
                asking.push(name);
            }
        }
        Ok(asking)
    }

    async fn waiting(&self, repository: &RepositoryName) -> Result<Vec<RunId>, ForgeError> {
        if !self.api.is_app() {
            return Ok(vec![]);
        }
        let path = Path::repository(repository, &["actions", "runs"])
            .query("status", "waiting")
            .query("exclude_pull_requests", true);
        let runs = self.api.list::<wire::Runs>(Speaker::Work(repository), &path, 50, 2).await?;
        Ok(runs.into_iter().filter_map(|run| run.id.map(RunId)).collect())
    }

    async fn tell(&self, answer: &RuleAnswer) -> RuleOutcome {
        let RuleAnswer { repository, run, environment, word, comment, .. } = answer;
        // Made of what we know; no address that somebody sent is ever called.
        let segments = ["actions", "runs", &run.to_string(), "deployment_protection_rule"];
        let path = Path::repository(repository, &segments);
        let mut body = json!({"environment_name": environment, "comment": comment});
        if let Some(word) = word {
            body["state"] = json!(match word {
                Word::Approved => "approved",
                Word::Rejected => "rejected",
            });
        }
        let answered = match self.api.write(Speaker::Answer(repository), &path, Some(body)).await {
            Ok(answered) => answered,
            Err(Fault::Unanswered(Failure::NotSent(why) | Failure::Lost(why))) => return RuleOutcome::Failed { why },
            Err(fault) => return RuleOutcome::Failed { why: ForgeError::from(fault).to_string() },
        };
        match answered.status {
            status if status.is_success() => RuleOutcome::Taken,
            StatusCode::NOT_FOUND | StatusCode::CONFLICT | StatusCode::GONE | StatusCode::UNPROCESSABLE_ENTITY => {
                RuleOutcome::NotAsked { why: said(&answered) }
            }
            _ => RuleOutcome::Failed { why: refused(&answered, &path).to_string() },
        }
    }
}
