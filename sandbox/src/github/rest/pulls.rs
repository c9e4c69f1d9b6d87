//! Pull requests: list, open, merge with the head as guard.

use serde_json::{Value, json};

use super::call::{Call, text};
use super::reply::{Answer, Refusal, Reply};
use crate::github::handle;
use crate::github::identity::Level;
use crate::github::repository::{Commit, Pull, Repository};
use crate::github::seed;
use crate::github::state::State;
use crate::github::wire::pull as wire;

/// The head of an open pull request is wherever its branch is now.
fn follow_branches(state: &mut State, call: &Call) {
    let Some(repo) = state.repository_mut(&call.repo_name()) else { return };
    for pull in repo.pulls.iter_mut().filter(|pull| pull.closed_at.is_none()) {
        if let Some(sha) = repo.branches.get(&pull.head) {
            pull.head_sha.clone_from(sha);
        }
    }
}

pub(super) fn list(state: &mut State, call: &Call) -> Answer {
    follow_branches(state, call);
    let repo = call.repo(state, "pull_requests", Level::Read)?;
    let wanted_state = call.query("state").unwrap_or("open");
    let head = |pull: &Pull| format!("{}:{}", repo.owner, pull.head);
    let found: Vec<&Pull> = repo
        .pulls
        .iter()
        .rev()
        .filter(|pull| match wanted_state {
            "all" => true,
            "closed" => pull.closed_at.is_some(),
            _ => pull.closed_at.is_none(),
        })
        .filter(|pull| call.query("base").is_none_or(|base| base == pull.base))
        .filter(|pull| call.query("head").is_none_or(|wanted| wanted == head(pull)))
        .collect();
    let page = call.page(state, &found);
    let bodies: Vec<Value> = page.items.iter().map(|pull| wire::simple(state, repo, pull)).collect();
    Ok(page.reply(json!(bodies)))
}

fn in_path<'s>(state: &'s State, call: &Call, level: Level) -> Result<(&'s Repository, &'s Pull), Refusal> {
    let repo = call.repo(state, "pull_requests", level)?;
    let number = call.number("pull")?;
    let found = repo.pulls.iter().find(|pull| pull.number == number);
    Ok((repo, found.ok_or_else(Refusal::not_found)?))
}

pub(super) fn one(state: &mut State, call: &Call) -> Answer {
    follow_branches(state, call);
    let (repo, pull) = in_path(state, call, Level::Read)?;
    Ok(Reply::ok(wire::full(state, repo, pull)))
}

pub(super) fn create(state: &mut State, call: &Call) -> Answer {
    let fields = call.fields(&["title", "head", "base", "body", "draft", "maintainer_can_modify"])?;
    let (id, now, author) = (state.fresh_id(), state.now(), call.login(state));
    let repo = call.repo(state, "pull_requests", Level::Write)?;
    let required = |key: &str| text(&fields, key).ok_or_else(|| Refusal::missing_key(key));
    let (head, base, title) = (required("head")?, required("base")?, required("title")?);
    let head = head.strip_prefix(&format!("{}:", repo.owner)).unwrap_or(&head).to_owned();
    let tip = |branch: &str, field: &str| {
        let sha = repo.branches.get(branch).cloned();
        sha.ok_or_else(|| Refusal::invalid("PullRequest", field, "invalid", &format!("{field} is invalid")))
    };
    let (head_sha, base_sha) = (tip(&head, "head")?, tip(&base, "base")?);
    let open = |pull: &&Pull| pull.closed_at.is_none() && pull.head == head && pull.base == base;
    if repo.pulls.iter().any(|pull| open(&pull)) {
        let message = format!("A pull request already exists for {}:{head}.", repo.owner);
        return Err(Refusal::invalid("PullRequest", "head", "custom", &message));
    }
    if repo.compare(&base_sha, &head_sha).is_some_and(|comparison| comparison.ahead.is_empty()) {
        let message = format!("No commits between {base} and {head}");
        return Err(Refusal::invalid("PullRequest", "base", "custom", &message));
    }
    let full_name = repo.full_name();
    let pull = Pull {
        id,
        number: repo.pulls.iter().map(|pull| pull.number).max().unwrap_or(100) + 1,
        title,
        body: text(&fields, "body"),
        head,
        base,
        head_sha,
        draft: fields.get("draft") == Some(&Value::Bool(true)),
        labels: Vec::new(),
        author,
        reviews: Vec::new(),
        reviewers: Vec::new(),
        mergeable: true,
        kept_by: None,
        merged: None,
        merged_by: None,
        closed_at: None,
        created_at: now,
        updated_at: now,
    };
    let repo = state.repository_mut(&full_name).ok_or_else(Refusal::not_found)?;
    repo.pulls.push(pull.clone());
    let repo = state.repository(&full_name).ok_or_else(Refusal::not_found)?;
    Ok(Reply::json(201, wire::full(state, repo, &pull)))
}

pub(super) fn merge(state: &mut State, call: &Call) -> Answer {
    follow_branches(state, call);
    let fields = call.fields(&["commit_title", "commit_message", "sha", "merge_method"])?;
    call.repo(state, "contents", Level::Write)?;
    let (repo, pull) = in_path(state, call, Level::Read)?;
    if pull.closed_at.is_some() || pull.draft || !pull.mergeable {
        return Err(Refusal::new(405, "Pull Request is not mergeable"));
    }
    if pull.kept_by.as_deref() == Some("blocked") {
        return Err(Refusal::new(405, "At least 1 approving review is required by reviewers with write access."));
    }
    if text(&fields, "sha").is_some_and(|sha| sha != pull.head_sha) {
        return Err(Refusal::new(409, "Head branch was modified. Review and try the merge again."));
    }
    let (full_name, pull) = (repo.full_name(), pull.clone());
    let title = text(&fields, "commit_title")
        .unwrap_or_else(|| format!("Merge pull request #{} from {}/{}", pull.number, repo.owner, pull.head));
    let linear = matches!(text(&fields, "merge_method").as_deref(), Some("squash" | "rebase"));
    let login = call.login(state);
    let sha = merge_now(state, &full_name, &pull, &title, linear, &login).ok_or_else(Refusal::not_found)?;
    Ok(Reply::ok(json!({ "sha": sha, "merged": true, "message": "Pull Request successfully merged" })))
}

/// Merges, whoever asks: the base moves, its push starts workflows, and the pull request is closed.
pub(in crate::github) fn merge_now(
    state: &mut State,
    full_name: &str,
    pull: &Pull,
    title: &str,
    linear: bool,
    login: &str,
) -> Option<String> {
    let sha = merge_commit(state, full_name, pull, title, linear)?;
    handle::push(state, full_name, &pull.base, &sha, login);
    let now = state.now();
    let repo = state.repository_mut(full_name)?;
    if let Some(pull) = repo.pulls.iter_mut().find(|one| one.id == pull.id) {
        pull.merged = Some((now, sha.clone()));
        pull.merged_by = Some(login.to_owned());
        pull.closed_at = Some(now);
        pull.updated_at = now;
    }
    Some(sha)
}

pub(super) fn update(state: &mut State, call: &Call) -> Answer {
    let fields = call.fields(&["title", "body", "state", "base", "maintainer_can_modify"])?;
    let (repo, pull) = in_path(state, call, Level::Write)?;
    let (full_name, id, now) = (repo.full_name(), pull.id, state.now());
    let repo = state.repository_mut(&full_name).ok_or_else(Refusal::not_found)?;
    if let Some(pull) = repo.pulls.iter_mut().find(|one| one.id == id) {
        pull.title = text(&fields, "title").unwrap_or_else(|| pull.title.clone());
        pull.body = text(&fields, "body").or_else(|| pull.body.clone());
        pull.base = text(&fields, "base").unwrap_or_else(|| pull.base.clone());
        if text(&fields, "state").as_deref() == Some("closed") {
            pull.closed_at = Some(now);
        }
        pull.updated_at = now;
    }
    let (repo, pull) = in_path(state, call, Level::Write)?;
    Ok(Reply::ok(wire::full(state, repo, pull)))
}

pub(super) fn request_reviewers(state: &mut State, call: &Call) -> Answer {
    let fields = call.fields(&["reviewers", "team_reviewers"])?;
    let (repo, pull) = in_path(state, call, Level::Write)?;
    let (full_name, id) = (repo.full_name(), pull.id);
    let named = |key: &str| fields.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let wanted: Vec<String> = [named("reviewers"), named("team_reviewers")]
        .concat()
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    if wanted.contains(&pull.author) {
        return Err(Refusal::unprocessable("Review cannot be requested from pull request author.".to_owned()));
    }
    let repo = state.repository_mut(&full_name).ok_or_else(Refusal::not_found)?;
    if let Some(pull) = repo.pulls.iter_mut().find(|one| one.id == id) {
        let new: Vec<String> = wanted.into_iter().filter(|name| !pull.reviewers.contains(name)).collect();
        pull.reviewers.extend(new);
    }
    let (repo, pull) = in_path(state, call, Level::Write)?;
    Ok(Reply::json(201, wire::simple(state, repo, pull)))
}

/// Makes the commit of a merge without moving the branch yet.
fn merge_commit(state: &mut State, full_name: &str, pull: &Pull, title: &str, linear: bool) -> Option<String> {
    let before = state.repository(full_name)?.branches.get(&pull.base)?.clone();
    let sha = seed::commit(state, full_name, &pull.base, title)?;
    let repo = state.repository_mut(full_name)?;
    repo.branches.insert(pull.base.clone(), before);
    let commit: &mut Commit = repo.commits.get_mut(&sha)?;
    if !linear {
        commit.parents.push(pull.head_sha.clone());
    }
    Some(sha)
}

/// The pull requests that brought a commit, or would.
pub(super) fn of_commit(state: &mut State, call: &Call, sha: &str) -> Answer {
    follow_branches(state, call);
    let repo = call.repo(state, "pull_requests", Level::Read)?;
    let commit = repo.commit(sha).ok_or_else(|| Refusal::unprocessable(format!("No commit found for SHA: {sha}")))?;
    let brings = |pull: &&Pull| {
        let merge = pull.merged.as_ref().is_some_and(|(_, merge)| *merge == commit.sha);
        merge || repo.history(&pull.head_sha).contains(&commit.sha)
    };
    let found: Vec<&Pull> = repo.pulls.iter().filter(brings).collect();
    let page = call.page(state, &found);
    let bodies: Vec<Value> = page.items.iter().map(|pull| wire::simple(state, repo, pull)).collect();
    Ok(page.reply(json!(bodies)))
}

pub(super) fn reviews(state: &mut State, call: &Call) -> Answer {
    let (repo, pull) = in_path(state, call, Level::Read)?;
    let page = call.page(state, &pull.reviews);
    let bodies: Vec<Value> = page.items.iter().map(|one| wire::review(state, repo, pull, one)).collect();
    Ok(page.reply(json!(bodies)))
}

pub(super) fn add_labels(state: &mut State, call: &Call) -> Answer {
    let fields = call.fields(&["labels"])?;
    let (repo, pull) = in_path(state, call, Level::Write)?;
    let (full_name, id) = (repo.full_name(), pull.id);
    let names = fields.get("labels").and_then(Value::as_array).cloned().unwrap_or_default();
    let repo = state.repository_mut(&full_name).ok_or_else(Refusal::not_found)?;
    if let Some(pull) = repo.pulls.iter_mut().find(|one| one.id == id) {
        let new = names.iter().filter_map(Value::as_str).filter(|name| !pull.labels.iter().any(|one| one == name));
        let new: Vec<String> = new.map(str::to_owned).collect();
        pull.labels.extend(new);
    }
    let (repo, pull) = in_path(state, call, Level::Write)?;
    let bodies: Vec<Value> = pull.labels.iter().map(|name| wire::label(state, repo, name)).collect();
    Ok(Reply::ok(json!(bodies)))
}
