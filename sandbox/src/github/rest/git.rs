//! Refs, branches, tags, commits and how they compare.

use serde_json::{Value, json};

use super::call::Call;
use super::reply::{Answer, Refusal, Reply};
use super::{checks, pulls};
use crate::github::identity::Level;
use crate::github::repository::Repository;
use crate::github::state::State;
use crate::github::wire::{commit, repository};

/// Full ref name and commit of every branch and tag.
fn refs(repo: &Repository) -> impl Iterator<Item = (String, &String)> {
    let heads = repo.branches.iter().map(|(name, sha)| (format!("refs/heads/{name}"), sha));
    let tags = repo.tags.iter().map(|(name, sha)| (format!("refs/tags/{name}"), sha));
    heads.chain(tags)
}

pub(super) fn one_ref(state: &mut State, call: &Call) -> Answer {
    let repo = call.repo(state, "contents", Level::Read)?;
    let wanted = format!("refs/{}", call.param("ref"));
    let found = refs(repo).find(|(name, _)| *name == wanted);
    let (name, sha) = found.ok_or_else(Refusal::not_found)?;
    Ok(Reply::ok(commit::git_ref(state, repo, &name, sha)))
}

pub(super) fn matching_refs(state: &mut State, call: &Call) -> Answer {
    let repo = call.repo(state, "contents", Level::Read)?;
    let wanted = format!("refs/{}", call.param("ref"));
    let found: Vec<Value> = refs(repo)
        .filter(|(name, _)| name.starts_with(&wanted))
        .map(|(name, sha)| commit::git_ref(state, repo, &name, sha))
        .collect();
    Ok(Reply::ok(json!(found)))
}

pub(super) fn branches(state: &mut State, call: &Call) -> Answer {
    let repo = call.repo(state, "contents", Level::Read)?;
    let wanted: Vec<(&String, &String)> = repo
        .branches
        .iter()
        .filter(|(name, _)| match call.query("protected") {
            Some(protected) => repo.protections.contains_key(*name) == (protected == "true"),
            None => true,
        })
        .collect();
    let page = call.page(state, &wanted);
    let bodies: Vec<Value> =
        page.items.iter().map(|(name, sha)| commit::short_branch(state, repo, name, sha)).collect();
    Ok(page.reply(json!(bodies)))
}

pub(super) fn branch(state: &mut State, call: &Call) -> Answer {
    let name = call.param("branch");
    if let Some(name) = name.strip_suffix("/protection") {
        return protection(state, call, name);
    }
    let repo = call.repo(state, "contents", Level::Read)?;
    let head = repo.branches.get(name).and_then(|sha| repo.commits.get(sha));
    let head = head.ok_or_else(|| Refusal::new(404, "Branch not found"))?;
    Ok(Reply::ok(commit::branch(state, repo, name, head)))
}

fn protection(state: &State, call: &Call, name: &str) -> Answer {
    let repo = call.repo(state, "administration", Level::Read)?;
    if !repo.branches.contains_key(name) {
        return Err(Refusal::new(404, "Branch not found"));
    }
    let rules = repo.protections.get(name);
    let rules = rules.ok_or_else(|| Refusal::new(404, "Branch not protected"))?;
    Ok(Reply::ok(commit::protection(state, repo, name, rules)))
}

pub(super) fn rules(state: &mut State, call: &Call) -> Answer {
    let repo = call.repo(state, "metadata", Level::Read)?;
    let Some(protection) = repo.rules.get(call.param("branch")) else {
        return Ok(Reply::ok(json!([])));
    };
    let source =
        json!({ "ruleset_source_type": "Repository", "ruleset_source": repo.full_name(), "ruleset_id": repo.id });
    let mut pull_request = source.clone();
    pull_request["type"] = json!("pull_request");
    pull_request["parameters"] = json!({
        "dismiss_stale_reviews_on_push": false,
        "require_code_owner_review": false,
        "require_last_push_approval": false,
        "required_approving_review_count": protection.required_approvals,
        "required_review_thread_resolution": false,
    });
    let mut checks = source;
    checks["type"] = json!("required_status_checks");
    checks["parameters"] = json!({
        "required_status_checks": protection.required_checks.iter()
            .map(|check| json!({ "context": check })).collect::<Vec<_>>(),
        "strict_required_status_checks_policy": false,
    });
    Ok(Reply::ok(json!([pull_request, checks])))
}

pub(super) fn tags(state: &mut State, call: &Call) -> Answer {
    let repo = call.repo(state, "contents", Level::Read)?;
    let all: Vec<(&String, &String)> = repo.tags.iter().rev().collect();
    let page = call.page(state, &all);
    let bodies: Vec<Value> = page.items.iter().map(|(name, sha)| commit::tag(state, repo, name, sha)).collect();
    Ok(page.reply(json!(bodies)))
}

pub(super) fn commits(state: &mut State, call: &Call) -> Answer {
    let repo = call.repo(state, "contents", Level::Read)?;
    let start = call.query("sha").unwrap_or(&repo.default_branch);
    let head = repo.commit(start).ok_or_else(Refusal::not_found)?;
    let history = repo.history(&head.sha);
    let page = call.page(state, &history);
    let known = |sha: &String| repo.commits.get(sha).map(|one| commit::body(state, repo, one));
    let bodies: Vec<Value> = page.items.iter().filter_map(known).collect();
    Ok(page.reply(json!(bodies)))
}

pub(super) fn commit(state: &mut State, call: &Call) -> Answer {
    let name = call.param("ref");
    if let Some((name, rest)) = name.rsplit_once('/') {
        match rest {
            "check-runs" => return checks::runs(state, call, name),
            "status" => return checks::combined_status(state, call, name),
            "pulls" => return pulls::of_commit(state, call, name),
            _ => {}
        }
    }
    let repo = call.repo(state, "contents", Level::Read)?;
    match repo.commit(name) {
        Some(found) => Ok(Reply::ok(commit::body(state, repo, found))),
        None => Err(Refusal::unprocessable(format!("No commit found for SHA: {name}"))),
    }
}

pub(super) fn compare(state: &mut State, call: &Call) -> Answer {
    let repo = call.repo(state, "contents", Level::Read)?;
    let (base, head) = call.param("basehead").split_once("...").ok_or_else(Refusal::not_found)?;
    let base = repo.commit(base).ok_or_else(Refusal::not_found)?;
    let head = repo.commit(head).ok_or_else(Refusal::not_found)?;
    let comparison = repo
        .compare(&base.sha, &head.sha)
        .ok_or_else(|| Refusal::new(404, format!("No common ancestor between {} and {}.", base.sha, head.sha)))?;
    let page = call.page(state, &comparison.ahead);
    // Without paging up to 250 commits come at once.
    let paged = call.query("page").is_some() || call.query("per_page").is_some();
    let shown = if paged { page.items } else { &comparison.ahead[..comparison.ahead.len().min(250)] };
    let mut body = commit::comparison(state, repo, (base, head), &comparison, shown);
    body["url"] = json!(format!("{}/compare/{}", repository::address(state, repo), call.param("basehead")));
    Ok(if paged { page.reply(body) } else { Reply::ok(body) })
}
