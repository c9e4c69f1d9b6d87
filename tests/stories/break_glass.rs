//! Two people go past a closed gate, and everybody hears it.

use crate::{
    gates::{gated, waiting},
    world::World,
};

const PROD: &str = r#"
[[environment]]
name = "prod"
workflow = "13-prod-deployment.yml"
ref = "main"
deploy_roles = ["engineer"]
sign_roles = ["reviewer"]
break_glass_roles = ["lead"]
poll_seconds = 2
[[environment.gate]]
sign_off = "review"
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_people_go_past_a_closed_gate_and_the_channel_hears_it() {
    World::given(gated(PROD), async |w| {
        w.asks("erin", "/deploy prod").await;
        waiting(w).await;
        w.asks("edgar", "/freeze reason:\"the year ends\"").await;
        w.card(1, "frozen by @edgar").await;
        let early = w.asks("lena", "/breakglass confirm 1").await.text();
        assert!(early.contains("glass_not_asked"), "{early}");
        assert!(w.asks("vera", "/breakglass ask 1 reason:\"down\"").await.text().contains("role_missing"));
        w.discord.give_role("erin", "lead").unwrap();
        let asked = w.asks("erin", "/breakglass ask 1 reason:\"login is down @everyone\"").await.text();
        assert!(asked.contains("`/breakglass confirm 1`"), "{asked}");
        w.card(1, "🧨 asked for by @erin").await;
        w.thread(1, "wants to go past the gate").await;
        let alone = w.asks("erin", "/breakglass confirm 1").await.text();
        assert!(alone.contains("glass_takes_two") && alone.contains("lead"), "{alone}");
        assert!(w.asks("rita", "/breakglass confirm 1").await.text().contains("role_missing"));
        w.expect_dispatches(0).await;

        assert!(w.asks("lena", "/breakglass confirm 1").await.text().contains("goes past its gate now"));
        w.expect_dispatches(1).await;
        let alert = w.alert("Glass broken").await;
        let text = alert.text();
        assert!(text.contains("by @erin, agreed to by @lena: login is down"), "{text}");
        assert!(text.contains("not locked (Fail)") && text.contains("review by 1 reviewer"), "{text}");
        assert!(!alert.pings.is_empty() && alert.pings.iter().all(|ping| ping.contains("lead")), "{:?}", alert.pings);
        w.the_run().await.cancel().unwrap();
        w.card(1, "Cancelled").await;
        w.thread(1, "Cancelled").await;

        let listed = w.asks("vera", "/breakglass list").await.text();
        assert!(listed.contains("📕 open **1**") && listed.contains("by @erin and @lena"), "{listed}");
        assert!(w.asks("vera", "/breakglass close 1 note:seen").await.text().contains("role_missing"));
        w.asks("lena", "/breakglass close 1 note:\"reviewed afterwards\"").await;
        w.card(1, "looked after by @lena").await;
        assert_eq!(w.alert("cleared by itself").await.id, alert.id, "one message for one alert");
        assert!(w.asks("lena", "/breakglass close 1 note:again").await.text().contains("no_broken_glass"));
        assert!(w.asks("vera", "/breakglass list").await.text().contains("📗 closed **1**"));
        w.expect_dispatches(1).await;
    })
    .await;
}
