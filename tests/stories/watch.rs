//! Signalbox keeps watch by itself.

use crate::world::{Given, World};

/// Once a year, so that no minute goes by within a story.
const RARELY: &str = "[[schedule]]\nrun = \"health\"\ncron = \"0 4 1 1 *\"\ntime_zone = \"Europe/Berlin\"\n";

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
