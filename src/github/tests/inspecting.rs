//! What the doctor asks.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::json;
use signalbox_domain::{SignedDuration, git_ref::GitRef, ports::ForgeError};

use super::{
    forge,
    server::{Reply, Server},
    shop,
};
use crate::github::{EnvironmentFacts, IdentityFacts, RepositoryFacts};

const WORKFLOW: &str = "on:\n  workflow_dispatch:\n    inputs:\n      sb_key: {required: true}\njobs: {}\n";

async fn github() -> Server {
    Server::start(|seen| {
        Reply::json(
            200,
            match seen.path.as_str() {
                "/user" => {
                    return Reply::json(200, json!({"login": "octocat"}))
                        .with("x-oauth-scopes", "repo, workflow")
                        .with("date", "Mon, 23 Nov 2026 09:58:30 GMT");
                }
                "/repos/acme/shop" => {
                    json!({"full_name": "Acme/Shop", "default_branch": "main", "permissions": {"push": true}})
                }
                "/repos/acme/shop/actions/workflows/12-uat.yml" => {
                    json!({"path": ".github/workflows/12-uat.yml", "state": "active"})
                }
                "/repos/acme/shop/contents/.github/workflows/12-uat.yml?ref=release%2F7" => {
                    let encoded = BASE64_STANDARD.encode(WORKFLOW);
                    json!({"sha": "1f", "encoding": "base64", "content": format!("{}\n{}\n", &encoded[..20], &encoded[20..])})
                }
                "/repos/acme/shop/environments/eu%2Fprod" => {
                    json!({"protection_rules": [{"type": "required_reviewers"}, {}]})
                }
                "/repos/acme/shop/environments/eu%2Fprod/secrets?per_page=100&page=1" => {
                    json!({"total_count": 1, "secrets": [{"name": "DATABASE_URL"}]})
                }
                _ => return Reply::not_found(),
            },
        )
    })
    .await
}

#[tokio::test]
async fn a_classic_token_names_its_scopes_and_github_its_time() {
    let server = github().await;
    let forge = forge(&server);
    assert_eq!(forge.clock_skew(), None);
    let scopes = Some(vec!["repo".to_owned(), "workflow".to_owned()]);
    assert_eq!(forge.identity().await, Ok(IdentityFacts::Token { login: "octocat".into(), scopes }));
    assert_eq!(forge.clock_skew(), Some(SignedDuration::from_secs(90)));
}

#[tokio::test]
async fn repository_workflow_and_environment_are_told_as_they_are() {
    let server = github().await;
    let forge = forge(&server);
    assert_eq!(
        forge.repository(&shop()).await,
        Ok(RepositoryFacts {
            full_name: "Acme/Shop".into(),
            default_branch: "main".into(),
            may_push: Some(true),
            is_private: true,
        })
    );
    let at = GitRef::parse("release/7").unwrap();
    let workflow = forge.workflow(&shop(), "12-uat.yml", &at).await.unwrap();
    assert_eq!((workflow.state.as_str(), workflow.file.dispatchable), ("active", true));
    assert_eq!(
        workflow.file.inputs.iter().map(|i| (i.name.as_str(), i.required)).collect::<Vec<_>>(),
        [("sb_key", true)]
    );
    assert_eq!(
        forge.environment(&shop(), "eu/prod").await,
        Ok(EnvironmentFacts { protection: vec!["required_reviewers".into()], secrets: vec!["DATABASE_URL".into()] })
    );
    assert!(matches!(forge.environment(&shop(), "uat").await, Err(ForgeError::NotFound(_))));
    assert!(matches!(forge.workflow(&shop(), "13.yml", &at).await, Err(ForgeError::NotFound(_))));
}
