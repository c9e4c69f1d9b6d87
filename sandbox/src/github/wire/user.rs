//! Accounts: people, organisations and bots.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{extend, links, node_id};
use crate::github::state::State;

const LINKS: &[(&str, &str)] = &[
    ("url", ""),
    ("followers_url", "/followers"),
    ("following_url", "/following{/other_user}"),
    ("gists_url", "/gists{/gist_id}"),
    ("starred_url", "/starred{/owner}{/repo}"),
    ("subscriptions_url", "/subscriptions"),
    ("organizations_url", "/orgs"),
    ("repos_url", "/repos"),
    ("events_url", "/events{/privacy}"),
    ("received_events_url", "/received_events"),
];

/// Number of an account, the same every time.
pub(in crate::github) fn id_of(login: &str) -> u64 {
    let digest = Sha256::digest(login.to_ascii_lowercase());
    digest.iter().take(3).fold(0, |id, byte| id << 8 | u64::from(*byte)) + 1
}

/// The short form of an account.
pub(in crate::github) fn simple(state: &State, login: &str) -> Value {
    let id = id_of(login);
    let organisation = state.repositories.iter().any(|repo| repo.owner == login);
    let kind = if login.ends_with("[bot]") {
        "Bot"
    } else if organisation {
        "Organization"
    } else {
        "User"
    };
    let mut user = links(&format!("{}/users/{login}", state.api), LINKS);
    extend(
        &mut user,
        json!({
            "login": login,
            "id": id,
            "node_id": node_id("User", id),
            "avatar_url": format!("{}/avatars/{id}", state.html),
            "gravatar_id": "",
            "html_url": format!("{}/{login}", state.html),
            "type": kind,
            "user_view_type": "public",
            "site_admin": false,
        }),
    );
    Value::Object(user)
}

/// The account of whoever asks.
pub(in crate::github) fn own(state: &State, login: &str) -> Value {
    let mut user = simple(state, login);
    if let Value::Object(fields) = &mut user {
        extend(
            fields,
            json!({
                "name": login, "company": null, "blog": "", "location": null, "email": null,
                "hireable": null, "bio": null, "twitter_username": null, "notification_email": null,
                "public_repos": 0, "public_gists": 0, "followers": 0, "following": 0,
                "created_at": "2020-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
            }),
        );
    }
    user
}

/// An account as author of a commit.
pub(in crate::github) fn git(login: &str) -> Value {
    json!({ "name": login, "email": format!("{login}@users.noreply.github.com") })
}
