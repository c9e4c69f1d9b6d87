//! What GitHub knows of a release keeps it back, and lets it go by itself when it is put right.

use signalbox_sandbox::github::{CheckRun, CommitStatus, Github, Protection, Pull, Repository, Review};

use crate::{
    gates::{gated, waiting},
    world::World,
};

fn shop<T>(github: &Github, change: impl FnOnce(&mut Repository) -> T) -> T {
    github.with(|state| change(state.repository_mut("acme/shop").unwrap()))
}

/// Production with one rule.
const REFERENCES: &str = r#"
[[environment]]
name = "prod"
workflow = "13-prod-deployment.yml"
ref = "main"
github_environment = "prod2-backend"
deploy_roles = ["engineer"]
poll_seconds = 2

[[environment.gate]]
check = "references"
"#;

async fn leaves(w: &World) {
    w.expect_dispatches(1).await;
    w.the_run().await.cancel().unwrap();
    w.card(1, "Cancelled").await;
    w.thread(1, "Cancelled").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_workflow_names_must_be_there() {
    const JOBS: &str = "  front:\n    uses: ./.github/workflows/front.yml\n    secrets: inherit\n";
    const FRONT: &str = r#"
on: workflow_call
jobs:
  migrate:
    environment: prod2-backend
    steps:
      - run: ./migrate "${{ secrets.PROD_DB_URL }}" "${{ secrets.GITHUB_TOKEN }}"
  build:
    steps:
      - run: ./build "${{ secrets.registry_token }}" "${{ secrets.NPM_TOKEN }}" "${{ vars.REGION }}"
      - run: ./push "${{ secrets.PROD_DB_URL }}"
"#;
    World::given(gated(REFERENCES), async |w| {
        let front = |text: &str| (".github/workflows/front.yml".to_owned(), text.to_owned());
        shop(&w.github, |shop| {
            shop.workflow_mut("13-prod-deployment.yml").unwrap().jobs = Some(JOBS.into());
            shop.files.extend([front(FRONT)]);
        });
        w.asks("erin", "/deploy prod").await;
        let text = waiting(w).await.text();
        // The job that pushes runs in no environment, and so does not see its secrets.
        assert!(text.contains("missing where they are used: secret `NPM_TOKEN`, secret `PROD_DB_URL`"), "{text}");
        let dynamic = FRONT.replace("./push \"${{ secrets.PROD_DB_URL }}\"", "./push \"${{ secrets[inputs.name] }}\"");
        shop(&w.github, |shop| {
            shop.organisation_secrets.insert("NPM_TOKEN".into(), shop.created_at);
            shop.files.extend([front(&dynamic)]);
        });
        w.card(1, "❔ what `13-prod-deployment.yml` names is there: .github/workflows/front.yml uses secrets by names")
            .await;
        let plain = FRONT.replace("./push \"${{ secrets.PROD_DB_URL }}\"", "./push");
        shop(&w.github, |shop| shop.files.extend([front(&plain)]));
        leaves(w).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_environment_must_have_what_this_one_has() {
    // The first lines belong to uat.
    const PARITY: &str = r#"
[[environment.gate]]
check = "parity"
prefixes = ["UAT_", "PROD_"]
ignore = ["SENTRY_*"]

[[environment]]
name = "prod"
after = "uat"
workflow = "13-prod-deployment.yml"
ref = "main"
github_environment = "prod2-backend"
deploy_roles = ["engineer"]
"#;
    World::given(gated(PARITY), async |w| {
        shop(&w.github, |shop| {
            let at = shop.created_at;
            let uat = shop.environment_mut("uat2-backend").unwrap();
            uat.secrets.extend([("UAT_S3_KEY".to_owned(), at), ("SENTRY_DSN".to_owned(), at)]);
            // More variables than GitHub gives at once.
            uat.variables.extend((0..40).map(|n| (format!("LEVEL_{n:02}"), "1".to_owned())));
        });
        w.asks("erin", "/deploy uat").await;
        let text = waiting(w).await.text();
        assert!(
            text.contains("✗ parity with what comes next: `prod` lacks secret `S3_KEY`, variable `LEVEL_00`"),
            "{text}"
        );
        assert!(text.contains("and 33 more"), "all forty were read: {text}");
        shop(&w.github, |shop| {
            let (at, variables) = (shop.created_at, shop.environment("uat2-backend").unwrap().variables.clone());
            let prod = shop.environment_mut("prod2-backend").unwrap();
            prod.secrets.insert("PROD_S3_KEY".into(), at);
            prod.variables = variables;
        });
        leaves(w).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_branch_requires_must_be_green_at_the_commit() {
    const CHECKS: &str = r#"
[[environment]]
name = "prod"
workflow = "13-prod-deployment.yml"
ref = "main"
deploy_roles = ["engineer"]
poll_seconds = 2

[[environment.gate]]
check = "required_checks"
"#;
    World::given(gated(CHECKS), async |w| {
        w.asks("erin", "/deploy prod").await;
        let text = waiting(w).await.text();
        assert!(text.contains("❔ required checks of `main`") && text.contains("no check is required there"), "{text}");
        let head = w.head("main");
        let run = |id, conclusion: Option<&str>| {
            let (sha, name, conclusion) = (head.clone(), "build".to_owned(), conclusion.map(str::to_owned));
            shop(&w.github, |shop| {
                let started_at = shop.created_at;
                shop.check_runs.push(CheckRun { id, sha, name, conclusion, started_at });
            });
        };
        let requires = |names: &[&str]| Protection {
            required_approvals: 1,
            required_checks: names.iter().map(ToString::to_string).collect(),
        };
        run(1, Some("failure"));
        shop(&w.github, |shop| {
            // One by the classic protection, one by a ruleset.
            shop.protections.insert("main".into(), requires(&["build"]));
            shop.rules.insert("main".into(), requires(&["legacy/ci"]));
        });
        let text = w.card(1, "`build` is failure").await.text();
        assert!(text.contains("✗ required checks") && text.contains("`legacy/ci` has not reported"), "{text}");
        run(2, None);
        w.card(1, "⏳ required checks").await;
        run(3, Some("success"));
        w.card(1, "`legacy/ci` has not reported").await;
        shop(&w.github, |shop| {
            let (sha, context, state) = (head.clone(), "legacy/ci".to_owned(), "success".to_owned());
            shop.statuses.push(CommitStatus { id: 4, sha, context, state, created_at: shop.created_at });
        });
        leaves(w).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pull_request_must_be_approved_at_this_very_commit() {
    const PULL: &str = r#"
[[environment]]
name = "prod"
workflow = "13-prod-deployment.yml"
ref = "main"
deploy_roles = ["engineer"]
poll_seconds = 2

[[environment.gate]]
check = "pull_request"
approvals = 1
"#;
    World::given(gated(PULL), async |w| {
        w.asks("erin", "/deploy prod").await;
        let text = waiting(w).await.text();
        assert!(text.contains("✗ pull request of") && text.contains("no pull request has this commit"), "{text}");
        let (head, uat) = (w.head("main"), w.head("uat"));
        shop(&w.github, |shop| {
            shop.pulls.push(Pull {
                id: 9_101,
                number: 101,
                title: "Promote UAT to main".into(),
                body: None,
                head: "uat".into(),
                base: "main".into(),
                head_sha: uat.clone(),
                draft: false,
                labels: vec![],
                author: "dana".into(),
                reviews: vec![],
                reviewers: vec![],
                kept_by: None,
                merged_by: None,
                mergeable: true,
                merged: Some((shop.created_at, head.clone())),
                closed_at: Some(shop.created_at),
                created_at: shop.created_at,
                updated_at: shop.created_at,
            });
        });
        w.card(1, "#101 has 0 of 1 approvals").await;
        let says = |id, reviewer: &str, state: &str, commit: &str| {
            let (reviewer, state, commit) = (reviewer.to_owned(), state.to_owned(), commit.to_owned());
            shop(&w.github, |shop| {
                let at = shop.created_at;
                shop.pulls[0].reviews.push(Review { id, reviewer, state, commit, at });
            });
        };
        says(1, "dana", "APPROVED", &uat);
        says(2, "kim", "APPROVED", &head);
        w.card(1, "#101 has 0 of 1 approvals; kim approved an earlier commit").await;
        says(3, "lee", "CHANGES_REQUESTED", &uat);
        says(4, "kim", "APPROVED", &uat);
        w.card(1, "#101: lee asked for changes").await;
        says(5, "lee", "DISMISSED", &uat);
        leaves(w).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_environment_before_may_be_further_on() {
    const UP: &str = r#"
[[environment]]
name = "prod"
after = "uat"
workflow = "13-prod-deployment.yml"
ref = "main"
deploy_roles = ["engineer"]
poll_seconds = 2

[[environment.gate]]
check = "previous"
descendant = true
"#;
    World::given(gated(UP), async |w| {
        // In this repository uat is two commits ahead of main.
        w.asks("erin", "/deploy prod").await;
        waiting(w).await;
        w.asks("erin", "/deploy uat").await;
        w.the_run().await.complete("success").unwrap();
        w.card(2, "Verified").await;
        w.thread(2, "Verified").await;
        w.expect_dispatches(2).await;
        let text = w.card(1, "Queued").await.text();
        assert!(text.contains(&w.head("main")), "{text}");
        w.asks("erin", "/cancel 1").await;
        w.card(1, "Cancelled").await;
        w.thread(1, "Cancelled").await;
    })
    .await;
}
