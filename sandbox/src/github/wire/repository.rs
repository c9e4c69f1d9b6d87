//! Repositories.

use serde_json::{Map, Value, json};

use super::{extend, links, node_id, user};
use crate::github::repository::Repository;
use crate::github::state::State;

const LINKS: &[(&str, &str)] = &[
    ("url", ""),
    ("archive_url", "/{archive_format}{/ref}"),
    ("assignees_url", "/assignees{/user}"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("branches_url", "/branches{/branch}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("comments_url", "/comments{/number}"),
    ("commits_url", "/commits{/sha}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("contents_url", "/contents/{+path}"),
    ("contributors_url", "/contributors"),
    ("deployments_url", "/deployments"),
    ("downloads_url", "/downloads"),
    ("events_url", "/events"),
    ("forks_url", "/forks"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("hooks_url", "/hooks"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("issue_events_url", "/issues/events{/number}"),
    ("issues_url", "/issues{/number}"),
    ("keys_url", "/keys{/key_id}"),
    ("labels_url", "/labels{/name}"),
    ("languages_url", "/languages"),
    ("merges_url", "/merges"),
    ("milestones_url", "/milestones{/number}"),
    ("notifications_url", "/notifications{?since,all,participating}"),
    ("pulls_url", "/pulls{/number}"),
    ("releases_url", "/releases{/id}"),
    ("stargazers_url", "/stargazers"),
    ("statuses_url", "/statuses/{sha}"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("tags_url", "/tags"),
    ("teams_url", "/teams"),
    ("trees_url", "/git/trees{/sha}"),
];

/// The address of a repository below the REST API.
pub(in crate::github) fn address(state: &State, repo: &Repository) -> String {
    format!("{}/repos/{}", state.api, repo.full_name())
}

/// The address of a repository for people.
pub(in crate::github) fn page(state: &State, repo: &Repository) -> String {
    format!("{}/{}", state.html, repo.full_name())
}

/// The form that runs carry.
pub(in crate::github) fn minimal(state: &State, repo: &Repository) -> Value {
    Value::Object(minimal_fields(state, repo))
}

fn minimal_fields(state: &State, repo: &Repository) -> Map<String, Value> {
    let mut fields = links(&address(state, repo), LINKS);
    extend(
        &mut fields,
        json!({
            "id": repo.id,
            "node_id": node_id("Repository", repo.id),
            "name": repo.name,
            "full_name": repo.full_name(),
            "private": repo.private,
            "owner": user::simple(state, &repo.owner),
            "html_url": page(state, repo),
            "description": "A multi-tenant shop",
            "fork": false,
        }),
    );
    fields
}

/// The full form.
pub(in crate::github) fn full(state: &State, repo: &Repository) -> Value {
    let mut fields = minimal_fields(state, repo);
    let page = page(state, repo);
    let visibility = if repo.private { "private" } else { "public" };
    extend(
        &mut fields,
        json!({
            "default_branch": repo.default_branch, "visibility": visibility, "topics": [],
            "created_at": repo.created_at, "updated_at": repo.created_at, "pushed_at": repo.created_at,
            "git_url": format!("git://github.com/{}.git", repo.full_name()),
            "ssh_url": format!("git@github.com:{}.git", repo.full_name()),
            "clone_url": format!("{page}.git"), "svn_url": page, "homepage": null, "mirror_url": null,
            "language": "Python", "size": 4096, "archived": false, "disabled": false,
            "forks": 0, "forks_count": 0, "stargazers_count": 0, "watchers": 0, "watchers_count": 0,
            "open_issues": 0, "open_issues_count": 0, "network_count": 0, "subscribers_count": 0,
            "has_issues": true, "has_projects": false, "has_wiki": false, "has_pages": false,
            "has_downloads": true, "has_discussions": false,
            "license": {
                "key": "mit", "name": "MIT License", "spdx_id": "MIT",
                "url": format!("{}/licenses/mit", state.api), "node_id": "MDc6TGljZW5zZTEz",
            },
            "allow_squash_merge": true, "allow_merge_commit": true, "allow_rebase_merge": true,
            "allow_auto_merge": false, "delete_branch_on_merge": false, "is_template": false,
        }),
    );
    Value::Object(fields)
}
