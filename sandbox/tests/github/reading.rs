//! Reading: refs, commits, files, environments, pages, ETags, limits, refusals.

use base64::Engine as _;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};
use signalbox_sandbox::github::{Identity, Level, Protection, Token};

use crate::client::{REPO, UAT, answer, stage, unrecorded};

#[tokio::test]
async fn a_ref_is_resolved_however_it_is_named() {
    let stage = stage("refs").await;
    let client = &stage.client;
    let sha = client.read(&format!("{REPO}/git/ref/heads/uat")).await["object"]["sha"].as_str().unwrap().to_owned();
    for name in ["uat", "heads/uat", &sha, &sha[..7]] {
        assert_eq!(client.read(&format!("{REPO}/commits/{name}")).await["sha"], sha.as_str(), "{name}");
    }
    let feature = client.read(&format!("{REPO}/branches/feature%2Fbarcodes")).await;
    assert_eq!(feature["name"], "feature/barcodes");
    let matching = client.read(&format!("{REPO}/git/matching-refs/heads/feature")).await;
    assert_eq!(matching[0]["ref"], "refs/heads/feature/barcodes");
    assert_eq!(client.read(&format!("{REPO}/tags")).await[0]["name"], "v1.4.0");
    let nonsense = client.get(&format!("{REPO}/commits/nonsense")).await;
    assert_eq!((nonsense.status, nonsense.message().as_str()), (422, "No commit found for SHA: nonsense"));
    assert_eq!(client.get(&format!("{REPO}/git/ref/heads/nonsense")).await.status, 404);
    assert_eq!(client.get(&format!("{REPO}/branches/nonsense")).await.message(), "Branch not found");
}

#[tokio::test]
async fn commits_compare() {
    let stage = stage("compare").await;
    let ahead = stage.client.read(&format!("{REPO}/compare/main...uat")).await;
    assert_eq!(ahead["status"], "ahead");
    assert_eq!((&ahead["ahead_by"], &ahead["behind_by"]), (&json!(2), &json!(0)));
    let messages: Vec<&str> =
        ahead["commits"].as_array().unwrap().iter().map(|one| one["commit"]["message"].as_str().unwrap()).collect();
    assert_eq!(messages, ["Index orders by customer (#118)", "Speed up the order list (#121)"]);
    stage.github.commit("acme/shop", "main", "Hotfix").unwrap();
    assert_eq!(stage.client.read(&format!("{REPO}/compare/main...uat")).await["status"], "diverged");
    assert_eq!(stage.client.read(&format!("{REPO}/compare/uat...uat")).await["status"], "identical");
    assert_eq!(stage.client.get(&format!("{REPO}/compare/main...nothing")).await.status, 404);
}

#[tokio::test]
async fn a_list_comes_in_pages() {
    let stage = stage("pages").await;
    let first = stage.client.get(&format!("{REPO}/branches?per_page=3")).await;
    assert_eq!(first.json().as_array().unwrap().len(), 3);
    let link = first.header("link");
    assert!(link.contains("per_page=3&page=2>; rel=\"next\""), "{link}");
    let last = stage.client.get(&format!("{REPO}/branches?per_page=3&page=2")).await;
    assert_eq!(last.json().as_array().unwrap().len(), 1);
    assert!(!last.header("link").contains("next"));
}

#[tokio::test]
async fn a_workflow_file_says_what_the_workflow_takes() {
    let stage = stage("workflow-files").await;
    let list = stage.client.read(&format!("{REPO}/actions/workflows")).await;
    assert_eq!(list["total_count"], 3);
    let one = stage.client.read(&format!("{REPO}/actions/workflows/{UAT}")).await;
    assert_eq!(one["name"], "Deploy UAT (Frontend + Backend via DOCR)");
    let by_id = stage.client.read(&format!("{REPO}/actions/workflows/{}", one["id"])).await;
    assert_eq!(by_id, one);
    let file = stage.client.read(&format!("{REPO}/contents/.github/workflows/{UAT}?ref=uat")).await;
    let encoded: String = file["content"].as_str().unwrap().split_whitespace().collect();
    let yaml = String::from_utf8(base64::engine::general_purpose::STANDARD.decode(encoded).unwrap()).unwrap();
    assert!(yaml.contains("workflow_dispatch:") && yaml.contains("sb_key:"), "{yaml}");
    let folder = stage.client.read(&format!("{REPO}/contents/.github/workflows")).await;
    assert_eq!(folder.as_array().unwrap().len(), 3);
    assert_eq!(stage.client.get(&format!("{REPO}/contents/nothing.txt")).await.status, 404);
}

#[tokio::test]
async fn environments_show_names_of_secrets_and_never_values() {
    let stage = stage("environments").await;
    stage.github.with(|state| {
        let repo = state.repository_mut("acme/shop").unwrap();
        let uat = repo.environment_mut("uat2-backend").unwrap();
        uat.reviewers = vec!["lead".to_owned()];
        uat.wait_minutes = 5;
        uat.name = "uat/backend".to_owned();
        uat.variables.insert("REGION".to_owned(), "fra1".to_owned());
    });
    let client = &stage.client;
    assert_eq!(client.read(&format!("{REPO}/environments")).await["total_count"], 3);
    let uat = client.read(&format!("{REPO}/environments/uat%2Fbackend")).await;
    assert_eq!(uat["protection_rules"][0]["wait_timer"], 5);
    assert_eq!(uat["protection_rules"][1]["reviewers"][0]["reviewer"]["login"], "lead");
    let secrets = client.read(&format!("{REPO}/environments/uat%2Fbackend/secrets")).await;
    let names: Vec<&Value> = secrets["secrets"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["UAT_DB_URL", "UAT_DJANGO_SETTINGS_MODULE", "UAT_SECRET_KEY"]);
    let variables = client.read(&format!("{REPO}/environments/uat%2Fbackend/variables")).await;
    assert_eq!(variables["variables"][0]["value"], "fra1");
    client.read(&format!("{REPO}/environments/uat%2Fbackend/secrets/UAT_DB_URL")).await;
    client.read(&format!("{REPO}/environments/uat%2Fbackend/deployment_protection_rules")).await;
    client.read(&format!("{REPO}/actions/secrets")).await;
    client.read(&format!("{REPO}/actions/variables")).await;
    assert_eq!(client.get(&format!("{REPO}/environments/prod-backend")).await.status, 404);
}

#[tokio::test]
async fn branch_protection_is_told_both_ways() {
    let stage = stage("protection").await;
    let address = format!("{REPO}/branches/main/protection");
    assert_eq!(stage.client.get(&address).await.message(), "Branch not protected");
    stage.github.with(|state| {
        let rules = Protection { required_approvals: 2, required_checks: vec!["test-backend".to_owned()] };
        let shop = state.repository_mut("acme/shop").unwrap();
        shop.rules.insert("main".to_owned(), rules.clone());
        shop.protections.insert("main".to_owned(), rules);
    });
    let classic = stage.client.read(&address).await;
    assert_eq!(classic["required_pull_request_reviews"]["required_approving_review_count"], 2);
    let rules = stage.client.read(&format!("{REPO}/rules/branches/main")).await;
    assert_eq!(rules[1]["parameters"]["required_status_checks"][0]["context"], "test-backend");
    let branch = stage.client.read(&format!("{REPO}/branches/main")).await;
    assert_eq!(branch["protected"], true);
    assert_eq!(branch["protection"]["required_status_checks"]["checks"][0]["context"], "test-backend");
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again_and_costs_nothing() {
    let stage = stage("etag").await;
    let path = format!("{REPO}/branches");
    let first = stage.client.get(&path).await;
    let tag = first.header("etag").to_owned();
    let left: u64 = first.header("x-ratelimit-remaining").parse().unwrap();
    let again = || answer(stage.client.request(Method::GET, &path).header("if-none-match", tag.clone()));
    let same = again().await;
    assert_eq!((same.status, same.text.as_str()), (304, ""));
    assert_eq!(same.header("x-ratelimit-remaining"), left.to_string());
    stage.github.commit("acme/shop", "uat", "Another").unwrap();
    let changed = again().await;
    assert_eq!(changed.status, 200);
    assert_ne!(changed.header("etag"), tag);
    assert_eq!(changed.header("x-ratelimit-remaining"), (left - 1).to_string());
}

#[tokio::test]
async fn the_hourly_budget_runs_out() {
    let stage = stage("primary-limit").await;
    stage.github.with(|state| state.hourly_limit = 2);
    for _ in 0..2 {
        assert_eq!(stage.client.get("/user").await.status, 200);
    }
    let refused = stage.client.get("/user").await;
    assert_eq!(refused.status, 403);
    assert!(refused.message().starts_with("API rate limit exceeded for"), "{}", refused.message());
    assert_eq!(refused.header("x-ratelimit-remaining"), "0");
    assert_eq!(stage.client.read("/rate_limit").await["resources"]["core"]["remaining"], 0);
}

#[tokio::test]
async fn who_may_not_is_told_so() {
    let stage = stage("refusals").await;
    let client = &stage.client;
    let unknown = client.with_token("ghp_nobody").get("/user").await;
    assert_eq!((unknown.status, unknown.message().as_str()), (401, "Bad credentials"));
    stage.github.with(|state| {
        let poor = Identity::Classic { login: "intern".to_owned(), scopes: Vec::new() };
        let permissions = [("actions".to_owned(), Level::Read)].into_iter().collect();
        let reader = Identity::FineGrained { login: "reader".to_owned(), permissions };
        let old = state.now().checked_sub(SignedDuration::from_secs(1)).unwrap();
        for (value, identity, expires_at) in
            [("poor", poor.clone(), None), ("reader", reader, None), ("expired", poor, Some(old))]
        {
            state.tokens.push(Token { value: value.to_owned(), identity, expires_at });
        }
    });
    assert_eq!(client.with_token("expired").get("/user").await.status, 401);
    let poor = client.with_token("poor").get(REPO).await;
    assert_eq!((poor.status, poor.header("x-oauth-scopes")), (404, ""));
    let reader = client.with_token("reader");
    reader.read(&format!("{REPO}/actions/workflows")).await;
    let address = format!("{REPO}/actions/workflows/{UAT}/dispatches");
    let refused = reader.post(&address, &json!({ "ref": "uat" })).await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.message(), "Resource not accessible by personal access token");
    assert_eq!(client.get("/user").await.header("x-oauth-scopes"), "repo, workflow");
    assert_eq!(client.get("/repos/acme/nothing").await.status, 404);
}

#[tokio::test]
async fn a_request_must_say_who_sends_it_and_in_which_version() {
    let stage = unrecorded().await;
    let odd = stage.client.request(Method::GET, "/user").header("x-github-api-version", "1999-01-01");
    assert_eq!(answer(odd).await.status, 400);
    let nameless = stage.client.request(Method::GET, "/user").header("user-agent", "");
    assert_eq!(answer(nameless).await.status, 403);
    assert_eq!(stage.client.get("/api/v3/user").await.status, 200);
    assert_eq!(stage.client.get("/no/such/operation").await.status, 404);
}

#[tokio::test]
async fn the_world_at_large_is_described() {
    let stage = stage("meta").await;
    assert!(!stage.client.read("/meta").await["hooks"].as_array().unwrap().is_empty());
    stage.client.read("/versions").await;
    assert_eq!(stage.client.read("/user").await["login"], "signalbox-bot");
    let repo = stage.client.read(REPO).await;
    assert_eq!((&repo["full_name"], &repo["default_branch"]), (&json!("acme/shop"), &json!("main")));
    stage.client.read(&format!("{REPO}/commits?sha=uat")).await;
    assert_eq!(stage.client.read(&format!("{REPO}/branches?protected=true")).await, json!([]));
}

#[tokio::test]
async fn the_clock_of_github_can_be_off() {
    let stage = stage("clock").await;
    let date = async || jiff::fmt::rfc2822::parse(stage.client.get("/meta").await.header("date")).unwrap().timestamp();
    let before = date().await;
    stage.github.with(|state| state.clock_offset = SignedDuration::from_mins(10));
    assert!(date().await.duration_since(before) >= SignedDuration::from_mins(10));
}
