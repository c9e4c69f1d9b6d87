//! Pull requests: found, opened, described, and merged with the cleared head as guard.

use async_trait::async_trait;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use signalbox_domain::{
    git_ref::GitRef,
    ids::{CommitSha, RepositoryName},
    ports::{ForgeError, Pulls},
    promotion::{Changes, MergeAnswer, MergeOrder, NewPull, Pull},
};

use super::{
    GithubForge,
    api::{Api, Fault, refused, said, unreadable},
    credentials::Speaker,
    path::Path,
    transport::{Answer, Failure},
    wire,
};

#[async_trait]
impl Pulls for GithubForge {
    async fn changes(
        &self,
        repository: &RepositoryName,
        base: &CommitSha,
        head: &CommitSha,
    ) -> Result<Changes, ForgeError> {
        // Without pages the answer has up to 250 commits and 300 files.
        let path = Path::repository(repository, &["compare", &format!("{base}...{head}")]);
        Ok(self.api.read::<wire::Comparison>(Speaker::Work(repository), &path).await?.into())
    }

    async fn between(
        &self,
        repository: &RepositoryName,
        from: &GitRef,
        into: &GitRef,
    ) -> Result<Option<Pull>, ForgeError> {
        let path = Path::repository(repository, &["pulls"])
            .query("state", "open")
            .query("head", format!("{}:{}", repository.owner(), from.short()))
            .query("base", into.short());
        let found: Vec<wire::Pull> = self.api.read(Speaker::Promote(repository), &path).await?;
        found.into_iter().next().map(|pull| understood(pull, &path)).transpose()
    }

    async fn pull(&self, repository: &RepositoryName, number: u64) -> Result<Pull, ForgeError> {
        let path = Path::repository(repository, &["pulls", &number.to_string()]);
        understood(self.api.read(Speaker::Promote(repository), &path).await?, &path)
    }

    async fn open(&self, new: &NewPull) -> Result<(Pull, Vec<String>), ForgeError> {
        let path = Path::repository(&new.repository, &["pulls"]);
        let body = json!({
            "title": new.title, "head": new.from.short(), "base": new.into.short(), "body": new.body,
            "maintainer_can_modify": false,
        });
        let pull = taken(&self.api, Method::POST, &new.repository, &path, body).await?;
        let pull = pull.json().map_err(|error| unreadable(&path, &error.to_string()))?;
        let pull = understood(pull, &path)?;
        Ok((pull.clone(), dress(&self.api, new, pull.number).await))
    }

    async fn describe(&self, repository: &RepositoryName, number: u64, body: &str) -> Result<(), ForgeError> {
        let path = Path::repository(repository, &["pulls", &number.to_string()]);
        taken(&self.api, Method::PATCH, repository, &path, json!({"body": body})).await.map(|_| ())
    }

    async fn merge(&self, order: &MergeOrder) -> MergeAnswer {
        let path = Path::repository(&order.repository, &["pulls", &order.number.to_string(), "merge"]);
        let body = json!({"sha": order.head.as_str(), "merge_method": order.method.as_str()});
        merged(self.api.send(Method::PUT, Speaker::Promote(&order.repository), &path, Some(body)).await)
    }
}

fn understood(pull: wire::Pull, path: &Path) -> Result<Pull, ForgeError> {
    pull.read().map_err(|field| unreadable(path, &format!("{field} is missing or odd")))
}

/// Sends a write that GitHub either takes or not.
async fn taken(
    api: &Api,
    method: Method,
    repository: &RepositoryName,
    path: &Path,
    body: Value,
) -> Result<Answer, ForgeError> {
    let answer = api.send(method, Speaker::Promote(repository), path, Some(body)).await?;
    if answer.status.is_success() { Ok(answer) } else { Err(refused(&answer, path)) }
}

/// Gives a new pull request its labels and reviewers; answers with what could not be given.
async fn dress(api: &Api, new: &NewPull, number: u64) -> Vec<String> {
    let number = number.to_string();
    let mut missing = vec![];
    if !new.labels.is_empty() {
        let path = Path::repository(&new.repository, &["issues", &number, "labels"]);
        let labels = json!({"labels": new.labels});
        if let Err(error) = taken(api, Method::POST, &new.repository, &path, labels).await {
            missing.push(format!("labels: {error}"));
        }
    }
    if !new.reviewers.is_empty() {
        let path = Path::repository(&new.repository, &["pulls", &number, "requested_reviewers"]);
        let (teams, people): (Vec<&String>, Vec<&String>) = new.reviewers.iter().partition(|name| name.contains('/'));
        let teams: Vec<&str> = teams.iter().filter_map(|team| Some(team.split_once('/')?.1)).collect();
        let reviewers = json!({"reviewers": people, "team_reviewers": teams});
        if let Err(error) = taken(api, Method::POST, &new.repository, &path, reviewers).await {
            missing.push(format!("reviewers: {error}"));
        }
    }
    missing
}

/// What an answer, or its absence, says about the merge
/// (<https://docs.github.com/en/rest/pulls/pulls#merge-a-pull-request>).
fn merged(answer: Result<Answer, Fault>) -> MergeAnswer {
    let answer = match answer {
        Ok(answer) => answer,
        Err(Fault::Limited(until)) => return MergeAnswer::RateLimited { until },
        Err(Fault::Unsigned(error)) => return unsigned(error),
        Err(Fault::Unanswered(Failure::NotSent(why))) => return MergeAnswer::NotSent { why },
        Err(Fault::Unanswered(Failure::Lost(why))) => return MergeAnswer::Unclear { why },
    };
    let status = answer.status.as_u16();
    match answer.status {
        StatusCode::OK => {
            let commit = answer.json::<wire::Merged>().ok().and_then(|merged| CommitSha::parse(&merged.sha?).ok());
            match commit {
                Some(commit) => MergeAnswer::Merged { commit },
                // It is merged; as what, the pull request says.
                None => MergeAnswer::Unclear { why: "the answer names no commit".into() },
            }
        }
        StatusCode::METHOD_NOT_ALLOWED => MergeAnswer::NotMergeable { message: said(&answer) },
        StatusCode::CONFLICT => MergeAnswer::HeadMoved,
        // Not followed: that would be a second request. A 408 comes from something in between that gave up waiting.
        _ if (300..500).contains(&status) && status != 408 => MergeAnswer::Rejected { status, message: said(&answer) },
        _ => MergeAnswer::Unclear { why: format!("{status} {}", said(&answer)) },
    }
}

/// Nothing was sent for want of credentials.
fn unsigned(error: ForgeError) -> MergeAnswer {
    match error {
        ForgeError::RateLimited { until } => MergeAnswer::RateLimited { until },
        ForgeError::Forbidden(message) => MergeAnswer::Rejected { status: 403, message },
        ForgeError::NotFound(message) => MergeAnswer::Rejected { status: 404, message },
        ForgeError::Unavailable(why) => MergeAnswer::NotSent { why },
    }
}
