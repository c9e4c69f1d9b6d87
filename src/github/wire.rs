//! GitHub's JSON, as far as it is read. Every field may be missing, null or new to us.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use signalbox_domain::{
    ids::{CommitSha, RunId},
    promotion::{self, ChangedBy, Changes},
    run::{self, Conclusion, Status},
};

use super::transport::Answer;

/// A workflow run (<https://docs.github.com/en/rest/actions/workflow-runs>).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Run {
    pub(super) id: Option<u64>,
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

/// A person, a bot or an App.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Account {
    pub(super) login: Option<String>,
    pub(super) slug: Option<String>,
}

impl Run {
    /// The run as the rules know it. `Err` names the field without which it is no run.
    pub(super) fn read(self) -> Result<run::Run, &'static str> {
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
pub(super) struct Job {
    id: Option<u64>,
    pub(super) run_attempt: Option<u64>,
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
    pub(super) fn read(self) -> Option<run::Job> {
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

fn time(text: Option<String>) -> Option<Timestamp> {
    text?.parse().ok()
}

/// A page of a listing.
pub(super) trait Page {
    /// What is listed.
    type Item;
    /// The page's items.
    fn items(self) -> Vec<Self::Item>;
}

impl<T> Page for Vec<T> {
    type Item = T;
    fn items(self) -> Vec<T> {
        self
    }
}

macro_rules! page {
    ($name:ident { $field:ident: $item:ty }) => {
        #[derive(Debug, Default, Deserialize)]
        #[serde(default)]
        pub(super) struct $name {
            $field: Option<Vec<$item>>,
        }

        impl Page for $name {
            type Item = $item;
            fn items(self) -> Vec<$item> {
                self.$field.unwrap_or_default()
            }
        }
    };
}

page!(Runs { workflow_runs: Run });
page!(Jobs { jobs: Job });
page!(Secrets { secrets: Secret });
page!(Variables { variables: Named });
page!(CheckRuns { check_runs: CheckRun });
page!(Statuses { statuses: CommitStatus });

/// A check run of a commit (<https://docs.github.com/en/rest/checks/runs>).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CheckRun {
    pub(super) id: Option<u64>,
    pub(super) name: Option<String>,
    pub(super) status: Option<String>,
    pub(super) conclusion: Option<String>,
    pub(super) app: Option<CheckApp>,
}

/// The App that reported a check run.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CheckApp {
    pub(super) id: Option<u64>,
}

/// A status of a commit (<https://docs.github.com/en/rest/commits/statuses>).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CommitStatus {
    pub(super) context: Option<String>,
    pub(super) state: Option<String>,
}

/// A secret: never its value.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Secret {
    pub(super) name: Option<String>,
    pub(super) updated_at: Option<String>,
}

/// A branch or a tag.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Named {
    pub(super) name: Option<String>,
}

/// A ref or an annotated tag, and what it points at.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Pointer {
    pub(super) object: Option<Object>,
}

/// A git object.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Object {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) sha: Option<String>,
}

/// A commit.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Commit {
    pub(super) sha: Option<String>,
    author: Option<Account>,
    commit: Option<Written>,
}

/// What git itself knows of a commit.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Written {
    message: Option<String>,
    author: Option<Named>,
}

impl Commit {
    fn changed_by(self) -> Option<ChangedBy> {
        let written = self.commit.unwrap_or_default();
        let login = self.author.and_then(|account| account.login);
        Some(ChangedBy {
            commit: CommitSha::parse(&self.sha?).ok()?,
            author: login.or(written.author.and_then(|author| author.name)).unwrap_or_else(|| "ghost".into()),
            subject: written.message.unwrap_or_default().lines().next().unwrap_or_default().to_owned(),
        })
    }
}

/// A pull request (<https://docs.github.com/en/rest/pulls/pulls>).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Pull {
    number: Option<u64>,
    html_url: Option<String>,
    state: Option<String>,
    draft: Option<bool>,
    head: Option<Side>,
    merged: Option<bool>,
    merged_at: Option<String>,
    merged_by: Option<Account>,
    merge_commit_sha: Option<String>,
    mergeable: Option<bool>,
    mergeable_state: Option<String>,
    body: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Side {
    sha: Option<String>,
}

impl Pull {
    /// The pull request as the rules know it. `Err` names the field without which it is none.
    pub(super) fn read(self) -> Result<promotion::Pull, &'static str> {
        let sha = |text: Option<String>| text.and_then(|sha| CommitSha::parse(&sha).ok());
        // Until it is merged the field names a commit that only tries the merge out.
        let is_merged = self.merged.unwrap_or(self.merged_at.is_some());
        let merged = if is_merged { Some(sha(self.merge_commit_sha).ok_or("merge_commit_sha")?) } else { None };
        Ok(promotion::Pull {
            number: self.number.ok_or("number")?,
            url: self.html_url.unwrap_or_default(),
            head: sha(self.head.and_then(|head| head.sha)).ok_or("head")?,
            open: self.state.as_deref() == Some("open"),
            draft: self.draft.unwrap_or_default(),
            mergeable: self.mergeable,
            state: self.mergeable_state.unwrap_or_else(|| "unknown".into()),
            merged,
            merged_by: self.merged_by.and_then(|account| account.login),
            body: self.body.unwrap_or_default(),
        })
    }
}

/// Answer to a merge.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Merged {
    pub(super) sha: Option<String>,
}

/// How two commits relate (<https://docs.github.com/en/rest/commits/commits#compare-two-commits>).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Comparison {
    total_commits: Option<u64>,
    behind_by: Option<u64>,
    commits: Option<Vec<Commit>>,
    files: Option<Vec<File>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct File {
    filename: Option<String>,
}

impl From<Comparison> for Changes {
    fn from(from: Comparison) -> Self {
        let number = |n: Option<u64>| n.map_or(0, |n| u32::try_from(n).unwrap_or(u32::MAX));
        Self {
            total: number(from.total_commits),
            behind: number(from.behind_by),
            commits: from.commits.unwrap_or_default().into_iter().filter_map(Commit::changed_by).collect(),
            files: from.files.unwrap_or_default().into_iter().filter_map(|file| file.filename).collect(),
        }
    }
}

/// Who wrote and who committed a commit; an account that GitHub does not know is none. Its text may name more.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Credited {
    pub(super) author: Option<Account>,
    pub(super) committer: Option<Account>,
    pub(super) commit: Option<CommitText>,
}

/// What a commit says of itself.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CommitText {
    pub(super) message: Option<String>,
}

/// What one commit has and another has not.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Ahead {
    pub(super) total_commits: Option<usize>,
    pub(super) commits: Option<Vec<Credited>>,
}

/// Answer to a dispatch.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Dispatched {
    pub(super) workflow_run_id: Option<u64>,
}

/// Answer to a request for an installation token.
#[derive(Deserialize)]
pub(super) struct InstallationToken {
    pub(super) token: String,
    pub(super) expires_at: Option<String>,
}

impl InstallationToken {
    /// When it ends, by GitHub's clock.
    pub(super) fn expires_at(&self) -> Option<Timestamp> {
        time(self.expires_at.clone())
    }
}

/// What GitHub says when it says no.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ErrorBody {
    message: Option<String>,
    errors: Option<Value>,
}

impl ErrorBody {
    /// Reads an error; what is no JSON, such as a proxy's page, reads as empty.
    pub(super) fn of(answer: &Answer) -> Self {
        answer.json::<Option<Self>>().ok().flatten().unwrap_or_default()
    }

    /// GitHub's words, its `errors` included.
    pub(super) fn text(&self) -> String {
        let details = match &self.errors {
            Some(Value::Array(errors)) => errors.iter().map(detail).collect(),
            Some(Value::Null) | None => Vec::new(),
            Some(error) => vec![detail(error)],
        };
        self.message.clone().into_iter().chain(details).collect::<Vec<_>>().join("; ")
    }
}

fn detail(error: &Value) -> String {
    let field = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
    match error {
        Value::String(text) => text.clone(),
        Value::Object(_) if !field("message").is_empty() => field("message").to_owned(),
        Value::Object(_) => [field("resource"), field("field"), field("code")].join(" ").trim().to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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

    #[test]
    fn an_error_says_all_that_github_said() {
        let text = |body: Value| serde_json::from_value::<ErrorBody>(body).unwrap().text();
        assert_eq!(
            text(json!({"message": "Validation Failed", "errors": [
                "plain", {"message": "worded"}, {"resource": "Ref", "field": "ref", "code": "missing"}, 7
            ]})),
            "Validation Failed; plain; worded; Ref ref missing; 7"
        );
        assert_eq!(text(json!({"errors": "No ref found"})), "No ref found");
        assert_eq!(text(json!({})), "");
    }
}
