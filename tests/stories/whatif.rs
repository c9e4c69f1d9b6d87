//! What would be if: signatures that nobody gave, and yesterday's deployments by today's rules.

use std::process::{Command, Output};

use regex::Regex;

use crate::{
    gates::{PRODUCTION, gated, waiting},
    world::World,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gate_is_simulated_with_signatures_that_nobody_gave() {
    World::given(gated(PRODUCTION), async |w| {
        let none = w.asks("vera", "/gate simulate prod").await.text();
        assert!(none.contains("it would still wait") && none.contains("✅ review by 2 reviewer: 0 of 2"), "{none}");
        let some = w.asks("vera", "/gate simulate prod as:\"reviewer @lead\"").await.text();
        assert!(some.contains("1 of 2, somebody as reviewer"), "{some}");
        assert!(some.contains("✓ 🧪 testing by 1 lead: 1 of 1, somebody as lead"), "{some}");
        let line = format!("/gate simulate prod sha:{} as:\"reviewer reviewer lead\"", &w.head("main")[..10]);
        let all = w.asks("vera", &line).await.text();
        assert!(all.contains("nothing would keep it. Nothing was started or recorded."), "{all}");
        let unknown = w.asks("vera", "/gate simulate prod as:captain").await.text();
        assert!(unknown.contains("unknown_role") && unknown.contains("engineer, lead, reviewer"), "{unknown}");
        let nowhere = w.asks("vera", "/gate simulate prod sha:nowhere").await.text();
        assert!(nowhere.contains("ref_not_found"), "{nowhere}");
        // Of what waits, the real signatures count too.
        w.asks("erin", "/deploy prod").await;
        let card = waiting(w).await;
        w.discord.reacts("rita", card.id, "✅").unwrap();
        w.card(1, "1 of 2, @rita").await;
        let now = w.asks("vera", "/gate simulate prod as:\"reviewer, lead\"").await.text();
        assert!(now.contains("nothing would keep it"), "{now}");
        w.expect_dispatches(0).await;
        w.asks("erin", "/cancel 1").await;
        w.card(1, "Cancelled").await;
        w.thread(1, "Cancelled").await;
    })
    .await;
}

fn replay(w: &World, toml: &str, options: &[&str]) -> Output {
    let file = w.folder().join("today.toml");
    std::fs::write(&file, toml).unwrap();
    let (_, store) = w.variables().into_iter().find(|(name, _)| name == "SIGNALBOX_STORE").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_signalbox"));
    command.args(["gate", "replay", "--config"]).arg(&file).args(options).env("SIGNALBOX_STORE", store);
    command.current_dir(w.folder()).output().unwrap()
}

fn told(output: &Output) -> String {
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat();
    let text = Regex::new("at [0-9a-f]{7}").unwrap().replace_all(&text, "at <sha>");
    format!("{text}exit code {}", output.status.code().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_left_is_judged_by_the_rules_of_today() {
    const ONE: &str = r#"
[[environment]]
name = "prod"
workflow = "13-prod-deployment.yml"
ref = "main"
deploy_roles = ["engineer"]
sign_roles = ["reviewer"]
poll_seconds = 2

[[environment.gate]]
sign_off = "review"
"#;
    World::given(gated(ONE), async |w| {
        w.asks("erin", "/deploy prod").await;
        let card = waiting(w).await;
        w.discord.reacts("rita", card.id, "✅").unwrap();
        w.expect_dispatches(1).await;
        w.the_run().await.cancel().unwrap();
        w.card(1, "Cancelled").await;
        w.thread(1, "Cancelled").await;
        w.asks("erin", "/deploy dev").await;
        w.expect_dispatches(2).await;
        w.the_run().await.complete("success").unwrap();
        w.card(2, "Unverified").await;
        w.thread(2, "Unverified").await;
        let yesterday = w.toml();
        insta::assert_snapshot!(told(&replay(w, &yesterday, &[])), @r"
        2  dev  development at <sha>  unverified: would have left
        1  prod  main at <sha>  cancelled: would have left

        Of 2 deployments that left, 2 would have left, 0 would have been blocked, of 0 it cannot be told.
        exit code 0
        ");
        let today = yesterday.replace(
            "sign_off = \"review\"",
            "sign_off = \"review\"\ncount = 2\n[[environment.gate]]\ncheck = \"references\"",
        );
        insta::assert_snapshot!(told(&replay(w, &today, &["--last", "5"])), @r"
        2  dev  development at <sha>  unverified: would have left
        1  prod  main at <sha>  cancelled: would have been blocked
            x ✅ review by 2 reviewer: 1 of 2, rita
            ? what 13-prod-deployment.yml names is there: not known from then

        Of 2 deployments that left, 1 would have left, 1 would have been blocked, of 0 it cannot be told.
        exit code 1
        ");
        let json = replay(w, &today, &["--json", "--environment", "prod"]);
        let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
        assert_eq!((json[0]["deployment"].as_i64(), json[0]["outcome"].as_str()), (Some(1), Some("blocked")));
        assert_eq!(json[0]["verdict"]["rules"][3]["kind"], "references");
        assert_eq!(json[0]["verdict"]["rules"][3]["why"], "not known from then");
        let broken = replay(w, &yesterday.replace("sign_off", "sing_off"), &[]);
        assert_eq!(broken.status.code(), Some(2), "{}", told(&broken));
    })
    .await;
}
