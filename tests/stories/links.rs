//! Nobody signs their own commits, once it is known who is who.

use signalbox_sandbox::github::{Break, RequestFault, Times};

use crate::{
    gates::waiting,
    world::{Given, World},
};

/// A production that one reviewer clears.
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

fn given() -> Given {
    Given { environments: ONE, signs: r#"admin_roles = ["lead"]"#, ..Given::default() }
}

/// Rita is linked with the author of what main points at; the login.
async fn rita_wrote_it(w: &World) -> String {
    let login = w.author("main");
    let asked = w.asks("rita", &format!("/link github {login}")).await.text();
    assert!(asked.contains("counts once somebody who administers"), "{asked}");
    let confirmed = w.asks("lena", &format!("/link confirm @rita {login}")).await.text();
    assert!(confirmed.contains(&format!("@rita is `{login}` at GitHub")), "{confirmed}");
    login
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_approves_what_they_wrote() {
    World::given(given(), async |w| {
        let login = rita_wrote_it(w).await;
        w.asks("erin", "/deploy prod").await;
        let card = waiting(w).await;
        w.discord.reacts("rita", card.id, "✅").unwrap();
        let text = w.card(1, "does not count").await.text();
        assert!(
            text.contains(&format!("0 of 1, @rita does not count: wrote part of this, as {login} at GitHub")),
            "{text}"
        );
        let pressed = w.discord.clicks("rita", card.id, "review").unwrap().reply().await.text();
        assert!(pressed.contains("It does not count: wrote part of this"), "{pressed}");
        w.expect_dispatches(0).await;
        w.discord.clicks("lena", card.id, "review").unwrap().reply().await;
        w.expect_dispatches(1).await;
        w.the_run().await.cancel().unwrap();
        w.card(1, "Cancelled").await;
        w.thread(1, "Cancelled").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_who_is_said_by_one_and_confirmed_by_another() {
    World::given(given(), async |w| {
        assert!(w.asks("vera", "/link list").await.text().contains("Nobody is linked"));
        assert!(w.asks("vera", "/link github no.login").await.text().contains("bad_login"));
        w.asks("vera", "/link github Octocat").await;
        let listed = w.asks("rita", "/link list").await.text();
        assert!(listed.contains("@vera `octocat` not confirmed yet"), "{listed}");
        let refused = w.asks("rita", "/link confirm @vera octocat").await.text();
        assert!(refused.contains("may_not_link") && refused.contains("the role lead"), "{refused}");
        let other = w.asks("lena", "/link confirm @vera hubot").await.text();
        assert!(other.contains("nothing_to_confirm"), "{other}");
        w.asks("lena", "/link github lena-acme").await;
        assert!(w.asks("lena", "/link confirm @lena lena-acme").await.text().contains("own_link"));
        assert!(w.asks("lena", "/link remove @lena").await.text().contains("own_link"));
        w.asks("lena", "/link confirm @vera octocat").await;
        let taken = w.asks("rita", "/link github octocat").await.text();
        assert!(taken.contains("linked_already") && taken.contains("@vera"), "{taken}");
        // Whoever may manage the server needs no role.
        w.discord.overrides("releases", "engineer", 1 << 5, 0).unwrap();
        w.asks("edgar", "/link confirm @lena lena-acme").await;
        let removed = w.asks("edgar", "/link remove @vera").await.text();
        assert!(removed.contains("Nobody knows any more"), "{removed}");
        let listed = w.asks("rita", "/link list").await.text();
        assert!(!listed.contains("@vera") && listed.contains("@lena `lena-acme` since"), "{listed}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_nobody_can_tell_who_wrote_it_the_gate_stays_closed() {
    World::given(given(), async |w| {
        rita_wrote_it(w).await;
        let breaks = Some(Break::Status { status: 503, headers: Default::default(), body: Default::default() });
        let fault = RequestFault { path: "*/commits/*".into(), times: Times::Always, breaks, ..Default::default() };
        w.github.faults(|faults| faults.requests.push(fault));
        w.asks("erin", "/deploy prod").await;
        let card = waiting(w).await;
        w.discord.reacts("lena", card.id, "✅").unwrap();
        let text = w.card(1, "who wrote it could not be read").await.text();
        assert!(text.contains("❔ ✅ review by 1 reviewer"), "{text}");
        w.expect_dispatches(0).await;
        w.github.faults(|faults| faults.requests.clear());
        w.expect_dispatches(1).await;
        w.the_run().await.cancel().unwrap();
        w.card(1, "Cancelled").await;
        w.thread(1, "Cancelled").await;
    })
    .await;
}
