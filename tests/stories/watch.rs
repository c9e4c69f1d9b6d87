//! Signalbox keeps watch by itself.

use std::time::Duration;

use signalbox_sandbox::application::Environment;

use crate::world::{Given, HOST, World};

/// Once a year, so that no minute goes by within a story.
const RARELY: &str = "[[schedule]]\nrun = \"health\"\ncron = \"0 4 1 1 *\"\ntime_zone = \"Europe/Berlin\"\n";

/// What an answer says that is about to be replaced.
const AGAIN: &str = "Asking again now";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_scheduled_is_listed_and_made_up_for_once_after_a_downtime() {
    World::given(Given { environments: RARELY, ..Given::default() }, async |w| {
        let listed = w.asks("erin", "/schedule").await.text();
        for part in ["**health** of `uat`: `0 4 1 1 *` Europe/Berlin", "- next ", "- not done yet"] {
            assert!(listed.contains(part), "{part}: {listed}");
        }
        assert_eq!(w.firings("health").await, 0);
        w.stops().await;
        w.misses_firings().await;
        w.starts().await;
        let done = loop {
            let listed = w.asks("erin", "/schedule").await.text();
            if listed.contains("- last ") {
                break listed;
            }
        };
        assert!(done.contains("- last 🟢") && done.contains("`uat` is up"), "{done}");
        w.stops().await;
        w.starts().await;
        assert_eq!(w.firings("health").await, 1);
    })
    .await;
}

/// What is scheduled is done once, as if its time had come.
async fn looks(w: &World, schedule: &str) {
    let before = w.firings(schedule).await;
    w.stops().await;
    w.misses_firings().await;
    w.starts().await;
    while w.firings(schedule).await == before {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_is_one_alert_that_closes_by_itself_and_health_tells_of_both() {
    let given = Given { environments: RARELY, uat: "health_agree = 1\nhealth_looks = 1", ..Given::default() };
    World::given(given, async |w| {
        // Slow enough for the first answer to be seen.
        w.application.change(HOST, |environment| environment.fault.delay = Some(Duration::from_secs(1)));
        let first = w.types("erin", "/health");
        let known = first.reply().await.text();
        assert!(known.contains("**uat** was not looked at yet") && known.contains(AGAIN), "{known}");
        let fresh = first.reply().await.text();
        assert!(fresh.contains("🟢 **uat** is up") && fresh.contains("healthy in "), "{fresh}");

        w.application.refuse_connections().await;
        looks(w, "health").await;
        let alert = w.alert("🔴 Critical · uat").await;
        let text = alert.text();
        for part in ["`uat` is down: no connection", "Users get errors", "`/health uat`", "health:uat"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let handle = w.types("erin", "/health uat");
        let asked = handle.reply_without(AGAIN).await;
        let text = asked.text();
        assert!(text.contains("🔴 **uat** is down since") && text.contains("no connection"), "{text}");
        assert!(asked.ephemeral);

        w.application.accept_connections().await.unwrap();
        looks(w, "health").await;
        let closed = w.alert("cleared by itself").await;
        assert_eq!(closed.id, alert.id, "one message for one trouble");
        let handle = w.types("erin", "/health uat");
        let good = handle.reply_without(AGAIN).await.text();
        assert!(good.contains("1 of 2 looks since"), "{good}");
        assert!(w.asks("erin", "/health dev").await.text().contains("no_health_checks"));
        assert!(w.pinged_nobody());
    })
    .await;
}

/// Every tenant at its own name behind one address.
const SMOKE: &str = "
[[environment.smoke]]
url = \"http://{application}/api/v1/health/\"
host = \"{domain}\"
commit_header = \"X-Build-Sha\"
[[schedule]]
run = \"smoke\"
cron = \"0 4 1 1 *\"
[[schedule]]
run = \"health\"
cron = \"0 4 1 1 *\"
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_tenant_is_asked_for_its_build_and_the_old_one_is_told() {
    World::given(Given { tenants: true, environments: SMOKE, ..Given::default() }, async |w| {
        let database = sqlx::PgPool::connect(&w.database().url).await.unwrap();
        let domains: Vec<String> = sqlx::query_scalar("SELECT domain FROM public.tenants_domain ORDER BY domain")
            .fetch_all(&database)
            .await
            .unwrap();
        database.close().await;
        let (new, old) = ("3f2a9c1".repeat(6)[..40].to_owned(), "1a2b3c4".repeat(6)[..40].to_owned());
        for domain in &domains {
            w.application.add(domain.clone(), Environment::new(new.clone()));
        }
        w.application.deploy(&domains[2], &old);
        looks(w, "smoke").await;
        let (most, all) = (domains.len() - 1, domains.len());
        let says = format!("{most}/{all} on `3f2a9c1`, 1 still on the old build `1a2b3c4`");
        let alert = w.alert("🟠 Warning · uat").await;
        let text = alert.text();
        assert!(text.contains(&format!("Smoke of `uat`: {says}")) && text.contains(&domains[2]), "{text}");
        let known = w.types("erin", "/health uat").reply_without(AGAIN).await.text();
        assert!(known.contains("🟡 smoke") && known.contains(&says), "{known}");

        w.application.deploy(&domains[2], &new);
        looks(w, "smoke").await;
        assert_eq!(w.alert("cleared by itself").await.id, alert.id);
    })
    .await;
}
