//! Pull requests.

use serde_json::{Map, Value, json};

use super::{extend, node_id, repository, user};
use crate::github::repository::{Pull, Repository, Review};
use crate::github::state::State;

/// A pull request as lists carry it.
pub(in crate::github) fn simple(state: &State, repo: &Repository, pull: &Pull) -> Value {
    Value::Object(simple_fields(state, repo, pull))
}

fn simple_fields(state: &State, repo: &Repository, pull: &Pull) -> Map<String, Value> {
    let mut fields = addresses(state, repo, pull);
    let merged = pull.merged.as_ref();
    let base_sha = repo.branches.get(&pull.base).cloned().unwrap_or_default();
    extend(
        &mut fields,
        json!({
            "id": pull.id,
            "node_id": node_id("PullRequest", pull.id),
            "number": pull.number,
            "state": if pull.closed_at.is_some() { "closed" } else { "open" },
            "locked": false,
            "title": pull.title,
            "user": user::simple(state, &pull.author),
            "body": pull.body,
            "labels": pull.labels.iter().map(|name| label(state, repo, name)).collect::<Vec<_>>(),
            "milestone": null, "assignee": null, "assignees": [], "auto_merge": null,
            "requested_reviewers": pull.reviewers.iter().map(|login| user::simple(state, login)).collect::<Vec<_>>(),
            "requested_teams": [],
            "created_at": pull.created_at,
            "updated_at": pull.updated_at,
            "closed_at": pull.closed_at,
            "merged_at": merged.map(|(at, _)| at),
            "merge_commit_sha": merged.map(|(_, sha)| sha),
            "author_association": "MEMBER",
            "draft": pull.draft,
            "head": side(state, repo, &pull.head, &pull.head_sha),
            "base": side(state, repo, &pull.base, &base_sha),
        }),
    );
    fields
}

/// One pull request.
pub(in crate::github) fn full(state: &State, repo: &Repository, pull: &Pull) -> Value {
    let mut fields = simple_fields(state, repo, pull);
    let base = repo.branches.get(&pull.base);
    let commits =
        base.and_then(|base| repo.compare(base, &pull.head_sha)).map_or(0, |comparison| comparison.ahead.len());
    let merged = pull.merged.is_some();
    let mergeable_state = match &pull.kept_by {
        _ if !pull.mergeable => "dirty",
        _ if pull.draft => "draft",
        Some(word) => word,
        None => "clean",
    };
    let merger = pull.merged_by.as_ref().unwrap_or(&pull.author);
    extend(
        &mut fields,
        json!({
            "merged": merged,
            "merged_by": merged.then(|| user::simple(state, merger)),
            "mergeable": (!merged).then_some(pull.mergeable),
            "mergeable_state": mergeable_state,
            "rebaseable": null,
            "maintainer_can_modify": false,
            "comments": 0, "review_comments": 0,
            "commits": commits, "additions": commits, "deletions": 0, "changed_files": commits,
        }),
    );
    Value::Object(fields)
}

/// A review.
pub(in crate::github) fn review(state: &State, repo: &Repository, pull: &Pull, review: &Review) -> Value {
    let url = format!("{}/pulls/{}", repository::address(state, repo), pull.number);
    let page = format!("{}/pull/{}#pullrequestreview-{}", repository::page(state, repo), pull.number, review.id);
    json!({
        "id": review.id,
        "node_id": node_id("PullRequestReview", review.id),
        "user": user::simple(state, &review.reviewer),
        "body": "",
        "state": review.state,
        "commit_id": review.commit,
        "submitted_at": review.at,
        "html_url": page,
        "pull_request_url": url,
        "_links": { "html": { "href": page }, "pull_request": { "href": url } },
        "author_association": "MEMBER",
    })
}

/// A label by its name.
pub(in crate::github) fn label(state: &State, repo: &Repository, name: &str) -> Value {
    let id = user::id_of(name);
    json!({
        "id": id,
        "node_id": node_id("Label", id),
        "url": format!("{}/labels/{name}", repository::address(state, repo)),
        "name": name,
        "description": "",
        "color": "ededed",
        "default": false,
    })
}

fn side(state: &State, repo: &Repository, branch: &str, sha: &str) -> Value {
    json!({
        "label": format!("{}:{branch}", repo.owner),
        "ref": branch,
        "sha": sha,
        "user": user::simple(state, &repo.owner),
        "repo": repository::full(state, repo),
    })
}

fn addresses(state: &State, repo: &Repository, pull: &Pull) -> Map<String, Value> {
    let api = repository::address(state, repo);
    let page = format!("{}/pull/{}", repository::page(state, repo), pull.number);
    let url = format!("{api}/pulls/{}", pull.number);
    let issue = format!("{api}/issues/{}", pull.number);
    let statuses = format!("{api}/statuses/{}", pull.head_sha);
    let review_comment = format!("{api}/pulls/comments{{/number}}");
    let link = |href: &str| json!({ "href": href });
    let mut fields = Map::new();
    extend(
        &mut fields,
        json!({
            "url": url,
            "html_url": page,
            "diff_url": format!("{page}.diff"),
            "patch_url": format!("{page}.patch"),
            "issue_url": issue,
            "commits_url": format!("{url}/commits"),
            "review_comments_url": format!("{url}/comments"),
            "review_comment_url": review_comment,
            "comments_url": format!("{issue}/comments"),
            "statuses_url": statuses,
            "_links": {
                "self": link(&url), "html": link(&page), "issue": link(&issue),
                "comments": link(&format!("{issue}/comments")),
                "review_comments": link(&format!("{url}/comments")),
                "review_comment": link(&review_comment),
                "commits": link(&format!("{url}/commits")),
                "statuses": link(&statuses),
            },
        }),
    );
    fields
}
