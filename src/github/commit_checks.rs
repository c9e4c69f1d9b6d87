//! What a branch requires of a commit, and what was reported of it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use signalbox_domain::{
    gate::{CheckState, CommitChecks, ReportedCheck, RequiredCheck},
    git_ref::GitRef,
    ids::{CommitSha, RepositoryName},
    ports::ForgeError,
};

use super::{
    api::{Api, unreadable},
    credentials::Speaker,
    path::Path,
    wire::{CheckRuns, Statuses},
};

/// No branch has more rules, and no commit more checks, that anybody could look through.
const PAGES: usize = 10;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Branch {
    protection: Option<Protection>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Protection {
    enabled: Option<bool>,
    required_status_checks: Option<Classic>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Classic {
    contexts: Option<Vec<String>>,
    checks: Option<Vec<Check>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Check {
    context: Option<String>,
    #[serde(alias = "integration_id")]
    app_id: Option<i64>,
}

impl Check {
    /// GitHub writes -1 where any App may report.
    fn read(self) -> Option<RequiredCheck> {
        Some(RequiredCheck { context: self.context?, app: self.app_id.and_then(|id| u64::try_from(id).ok()) })
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Rule {
    #[serde(rename = "type")]
    kind: Option<String>,
    parameters: Option<Parameters>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Parameters {
    required_status_checks: Option<Vec<Check>>,
}

/// Reads both.
pub(super) async fn read(
    api: &Api,
    repository: &RepositoryName,
    git_ref: &GitRef,
    commit: &CommitSha,
) -> Result<CommitChecks, ForgeError> {
    let (required, reported) =
        futures::future::try_join(required(api, repository, git_ref), reported(api, repository, commit)).await?;
    Ok(CommitChecks { required, reported })
}

/// Of a classic protection the branch itself tells what is required, which takes no right to administer. Rules stand
/// elsewhere. Of a tag nothing is required.
async fn required(
    api: &Api,
    repository: &RepositoryName,
    git_ref: &GitRef,
) -> Result<BTreeSet<RequiredCheck>, ForgeError> {
    if git_ref.as_str().starts_with("refs/tags/") {
        return Ok(BTreeSet::new());
    }
    let path = Path::repository(repository, &["branches"]).tree(git_ref.short());
    let branch = match api.read::<Branch>(Speaker::Look(repository), &path).await {
        Err(ForgeError::NotFound(_)) => return Ok(BTreeSet::new()),
        branch => branch?,
    };
    let protection = branch.protection.ok_or_else(|| unreadable(&path, "it does not say what is required"))?;
    let classic = match (protection.required_status_checks, protection.enabled) {
        (Some(classic), _) => classic,
        (None, Some(false)) => Classic::default(),
        (None, _) => return Err(unreadable(&path, "the branch is protected, and it does not say what is required")),
    };
    let checks = classic.checks.unwrap_or_default();
    let mut required: BTreeSet<RequiredCheck> = checks.into_iter().filter_map(Check::read).collect();
    let named = classic.contexts.unwrap_or_default();
    // Contexts repeat the names of checks.
    let unknown: Vec<String> =
        named.into_iter().filter(|name| required.iter().all(|one| one.context != *name)).collect();
    required.extend(unknown.into_iter().map(|context| RequiredCheck { context, app: None }));
    let path = Path::repository(repository, &["rules", "branches"]).tree(git_ref.short());
    let rules = api.list::<Vec<Rule>>(Speaker::Look(repository), &path, 100, PAGES).await?;
    let rules = rules.into_iter().filter(|rule| rule.kind.as_deref() == Some("required_status_checks"));
    let checks = rules.filter_map(|rule| rule.parameters?.required_status_checks).flatten();
    required.extend(checks.filter_map(Check::read));
    Ok(required)
}

/// The latest of each name and App.
async fn reported(
    api: &Api,
    repository: &RepositoryName,
    commit: &CommitSha,
) -> Result<Vec<ReportedCheck>, ForgeError> {
    let speaker = Speaker::Look(repository);
    let path = Path::repository(repository, &["commits", commit.as_str(), "check-runs"]).query("filter", "latest");
    let runs = api.list::<CheckRuns>(speaker, &path, 100, PAGES).await?;
    let path = Path::repository(repository, &["commits", commit.as_str(), "status"]);
    let statuses = api.list::<Statuses>(speaker, &path, 100, PAGES).await?;
    let mut latest: BTreeMap<(String, Option<u64>), (u64, CheckState)> = BTreeMap::new();
    for run in runs {
        let app = run.app.and_then(|app| app.id);
        let Some(key) = run.name.map(|name| (name, app)) else { continue };
        let state = match (run.conclusion.as_deref(), run.status) {
            (Some("success" | "neutral" | "skipped"), _) => CheckState::Green,
            (Some(other), _) => CheckState::Red(other.to_owned()),
            (None, status) => CheckState::Running(status.unwrap_or_else(|| "unknown".into())),
        };
        let id = run.id.unwrap_or_default();
        if latest.get(&key).is_none_or(|(before, _)| *before < id) {
            latest.insert(key, (id, state));
        }
    }
    let runs = latest.into_iter().map(|((context, app), (_, state))| ReportedCheck { context, app, state });
    let statuses = statuses.into_iter().filter_map(|status| {
        let state = match status.state?.as_str() {
            "success" => CheckState::Green,
            "pending" => CheckState::Running("pending".into()),
            other => CheckState::Red(other.to_owned()),
        };
        Some(ReportedCheck { context: status.context?, app: None, state })
    });
    Ok(runs.chain(statuses).collect())
}
