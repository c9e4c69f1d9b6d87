//! Secrets at GitHub, held against what the configuration requires and the workflow names.

use regex::Regex;

use crate::{gates::gated, world::World};

/// What uat has more, as its last lines.
const REQUIRED: &str = r#"
[[environment]]
name = "prod"
after = "uat"
workflow = "13-prod-deployment.yml"
ref = "main"
github_environment = "prod-backend"
required_secrets = ["PROD_DB_URL"]
deploy_roles = ["engineer"]
"#;

fn steady(text: &str) -> String {
    Regex::new(r"<t:\d+:R>").unwrap().replace_all(text, "<when>").into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_environment_s_secrets_are_a_table_with_the_command_that_mends_them() {
    World::given(gated(REQUIRED), async |w| {
        // The story's prod names an environment that GitHub has under another name.
        let all = w.asks("vera", "/secrets check").await.text();
        assert!(all.contains("🔴 `prod` runs in an environment that GitHub does not have"), "{all}");
        let prod = w.asks("vera", "/secrets check prod").await.text();
        assert!(prod.contains("`gh api --method PUT repos/acme/shop/environments/prod-backend`"), "{prod}");

        w.github.with(|state| {
            let shop = state.repository_mut("acme/shop").unwrap();
            let step = "  migrate:\n    environment: uat2-backend\n    steps:\n      - run: ./migrate \"${{ secrets.UAT_DB_URL }}\"\n";
            shop.workflow_mut("12-uat-deployment.yml").unwrap().jobs = Some(step.into());
            shop.environment_mut("uat2-backend").unwrap().secrets.remove("UAT_DB_URL");
        });
        insta::assert_snapshot!(steady(&w.asks("vera", "/secrets check uat").await.text()));
        let unknown = w.asks("vera", "/secrets check staging").await.text();
        assert!(unknown.contains("unknown_environment") && unknown.contains("`/secrets check dev`"), "{unknown}");
        assert!(w.pinged_nobody());
    })
    .await;
}
