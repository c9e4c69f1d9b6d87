//! What is in the environment before is promoted: a pull request is found or opened, signed, merged at the head that
//! was signed, and the run of its push is followed.

use signalbox_sandbox::github::{Break, RequestFault, Times};

use crate::world::{Given, HOST, World};

/// Promotes dev to uat: these tables go on where the world's configuration of uat ends.
const PROMOTED: &str = r#"
[environment.promotion]
title = "Promote {from} to {to} (Release)"
labels = ["auto-promotion", "production-release"]
reviewers = ["kim", "acme/release"]
[[environment.gate]]
sign_off = "review"
"#;

fn promoted() -> Given {
    Given { environments: PROMOTED, ..Given::default() }
}

/// The run that a push to uat started, as soon as it is there.
async fn pushed(w: &World) -> signalbox_sandbox::github::RunHandle {
    let patience = std::time::Duration::from_secs(40);
    let is_push = |run: &signalbox_sandbox::github::Run| run.event == "push" && run.head_branch == "uat";
    let found = w.github.wait_for(patience, |state| state.runs.iter().rev().find(|run| is_push(run)).map(|run| run.id));
    w.github.run(found.await.unwrap())
}

/// How often something was merged into uat.
fn merges(w: &World) -> usize {
    w.github.read(|state| state.repository("acme/shop").unwrap().pulls.iter().filter(|p| p.merged.is_some()).count())
}

/// Lets the merge of the next promotion go wrong.
fn merge_breaks(w: &World, carried_out: bool, breaks: Break) {
    let path = "/repos/acme/shop/pulls/*/merge".to_owned();
    let fault = RequestFault {
        method: "PUT".into(),
        path,
        times: Times::Next(1),
        delay_ms: 0,
        carried_out,
        breaks: Some(breaks),
    };
    w.github.faults(|faults| faults.requests.push(fault));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promotion_opens_the_pull_request_and_merges_what_was_signed() {
    World::given(promoted(), async |w| {
        let files = ["shop/orders/migrations/0008_totals.py", ".github/workflows/12-uat-deployment.yml"];
        let head = w.github.commit_touching("acme/shop", "development", "Totals for @everyone", &files).unwrap();
        let reply = w.asks("erin", "/promote uat note:OPS-7").await.text();
        assert!(reply.contains("Deployment **1** promotes `development`") && reply.contains("#101"), "{reply}");
        let pull = w.github.pull("acme/shop", 101, |pull| pull.clone()).unwrap();
        assert_eq!(pull.title, "Promote dev to uat (Release)");
        assert_eq!((pull.head.as_str(), pull.base.as_str()), ("development", "uat"));
        assert_eq!(pull.labels, ["auto-promotion", "production-release"]);
        assert_eq!(pull.reviewers, ["kim", "release"]);
        let body = pull.body.unwrap();
        assert!(body.contains("`Add barcodes to products (#124)` by `dana`"), "{body}");
        assert!(body.contains(&format!("- {head} `Totals for @everyone` by `dana`")), "{body}");
        assert!(body.contains("- ⚠️ migrations: `shop/orders/migrations/0008_totals.py`"), "{body}");
        assert!(body.contains("- ⚠️ workflow files: `.github/workflows/12-uat-deployment.yml`"), "{body}");

        let card = w.card(1, "Gate:").await;
        let text = card.text();
        assert!(text.contains("can be merged") && text.contains("2 commits"), "{text}");
        assert!(text.contains("⚠️ migrations: shop/orders/migrations/0008\\_totals.py"), "{text}");
        assert_eq!(merges(w), 0, "nobody has signed");
        w.discord.reacts("rita", card.id, "✅").unwrap();
        let run = pushed(w).await;
        let text = w.card(1, "Queued").await.text();
        let merged = w.head("uat");
        assert!(text.contains(&format!("merged as `{merged}`")) && text.contains(&head[..7]), "{text}");
        w.application.deploy(HOST, &merged);
        run.complete("success").unwrap();
        let text = w.card(1, "Verified").await.text();
        assert!(text.contains("✅ @rita"), "{text}");
        let said = w.thread(1, "Verified").await;
        assert!(said.contains("Merged"), "{said}");
        assert_eq!(merges(w), 1);
        w.expect_dispatches(0).await;
        let nothing = w.asks("erin", "/promote uat").await.text();
        assert!(nothing.contains("nothing_to_promote") && nothing.contains("`/deploy uat`"), "{nothing}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promotion_waits_for_the_checks_of_its_pull_request() {
    World::given(promoted(), async |w| {
        w.asks("erin", "/promote uat").await;
        let card = w.card(1, "Gate:").await;
        w.github.pull("acme/shop", 101, |pull| pull.kept_by = Some("unstable".into())).unwrap();
        w.discord.reacts("rita", card.id, "✅").unwrap();
        let text = w.card(1, "a check is at work or has failed").await.text();
        assert!(text.contains("1 of 1, @rita"), "{text}");
        assert_eq!(merges(w), 0);
        w.github.pull("acme/shop", 101, |pull| pull.mergeable = false).unwrap();
        let text = w.card(1, "conflicts with the branch").await.text();
        assert!(text.contains("merge that branch into `development`, push, then ask again"), "{text}");
        w.github.pull("acme/shop", 101, |pull| (pull.mergeable, pull.kept_by) = (true, None)).unwrap();
        pushed(w).await.cancel().unwrap();
        w.card(1, "Cancelled").await;
        w.thread(1, "Cancelled").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_pull_request_is_found_and_what_somebody_wrote_is_kept() {
    World::given(promoted(), async |w| {
        w.asks("erin", "/promote uat").await;
        w.card(1, "Gate:").await;
        w.asks("erin", "/cancel 1").await;
        w.card(1, "Cancelled").await;
        w.thread(1, "Cancelled").await;
        w.github.pull("acme/shop", 101, |pull| pull.body = Some("Written by hand.".into())).unwrap();
        let again = w.asks("edgar", "/promote uat").await.text();
        assert!(again.contains("#101"), "{again}");
        let body = w.github.pull("acme/shop", 101, |pull| pull.body.clone().unwrap()).unwrap();
        assert!(body.starts_with("Written by hand.\n\n") && body.contains("Add barcodes"), "{body}");
        assert_eq!(w.github.read(|state| state.repository("acme/shop").unwrap().pulls.len()), 1);
        w.card(2, "Gate:").await;
        // Somebody merges it at GitHub, past the gate: said, and the run has a card of its own.
        w.github.merges("acme/shop", 101, "dana").unwrap();
        let text = w.card(2, "pull_request_closed").await.text();
        assert!(text.contains("merged at GitHub by dana, past this gate"), "{text}");
        w.thread(2, "Refused").await;
        w.card(3, "Started outside Signalbox").await;
        pushed(w).await.cancel().unwrap();
        w.card(3, "Cancelled").await;
        w.thread(3, "Cancelled").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_moves_is_not_what_was_signed() {
    World::given(Given { environments: TWO, ..promoted() }, async |w| {
        w.asks("erin", "/promote uat").await;
        let card = w.card(1, "Gate:").await;
        w.discord.reacts("rita", card.id, "✅").unwrap();
        w.card(1, "1 of 2, @rita").await;
        w.github.commit("acme/shop", "development", "One more thing").unwrap();
        let text = w.card(1, "ref_changed").await.text();
        assert!(text.contains("`development` moved from") && text.contains("`/promote uat`"), "{text}");
        w.thread(1, "Refused").await;
        assert_eq!(merges(w), 0);
        // Asked for again, what was signed before counts for nothing.
        w.asks("erin", "/promote uat").await;
        w.card(2, "0 of 2").await;
        // The branch that it goes into moves: what would come out is not what was asked for either.
        let sha = w.github.commit("acme/shop", "uat", "A hotfix").unwrap();
        let text = w.card(2, "ref_changed").await.text();
        assert!(text.contains("`uat` moved from") && text.contains(&sha[..7]), "{text}");
        w.thread(2, "Refused").await;
    })
    .await;
}

const TWO: &str = "[environment.promotion]\n[[environment.gate]]\nsign_off = \"review\"\ncount = 2\n";
const OPEN: &str = "[environment.promotion]\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_github_refuses_in_the_last_moment_is_said() {
    World::given(Given { environments: OPEN, ..promoted() }, async |w| {
        for (n, status, message, code) in [
            (1, 409, "Head branch was modified. Review and try the merge again.", "head_moved"),
            (2, 405, "Pull Request is not mergeable", "not_mergeable"),
        ] {
            let body = serde_json::json!({"message": message, "documentation_url": "https://docs.github.com/rest"});
            merge_breaks(w, false, Break::Status { status, headers: Default::default(), body });
            w.asks("erin", "/promote uat").await;
            let text = w.card(n, code).await.text();
            assert!(text.contains("Who can fix it") && text.contains("`/promote uat`"), "{text}");
            assert!(text.contains("Nothing was merged") || text.contains("nothing was merged"), "{text}");
            w.thread(n, "Refused").await;
        }
        assert_eq!(merges(w), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_merge_whose_answer_is_lost_is_looked_up_and_not_repeated() {
    World::given(Given { environments: OPEN, ..promoted() }, async |w| {
        merge_breaks(w, true, Break::Reset);
        w.asks("erin", "/promote uat").await;
        let run = pushed(w).await;
        w.card(1, "Queued").await;
        w.application.deploy(HOST, &w.head("uat"));
        run.complete("success").unwrap();
        w.card(1, "Verified").await;
        w.thread(1, "Verified").await;
        assert_eq!(merges(w), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_promote_hears_why() {
    World::given(promoted(), async |w| {
        assert!(w.asks("vera", "/promote uat").await.text().contains("role_missing"));
        let first = w.asks("erin", "/promote dev").await.text();
        assert!(first.contains("not_promoted_to") && first.contains("No environment comes before `dev`"), "{first}");
        w.asks("edgar", "/lock uat reason:rehearsal").await;
        assert!(w.asks("erin", "/promote uat").await.text().contains("environment_locked"));
        assert_eq!(w.github.read(|state| state.repository("acme/shop").unwrap().pulls.len()), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pull_request_without_its_labels_is_promoted_and_says_so() {
    World::given(promoted(), async |w| {
        w.github.commit_touching("acme/shop", "development", "Totals", &["shop/totals.py"]).unwrap();
        let path = "/repos/acme/shop/issues/*/labels".to_owned();
        let body = serde_json::json!({"message": "Resource not accessible by integration"});
        let breaks = Some(Break::Status { status: 403, headers: Default::default(), body });
        let fault = RequestFault {
            method: "POST".into(),
            path,
            times: Times::Next(1),
            delay_ms: 0,
            carried_out: false,
            breaks,
        };
        w.github.faults(|faults| faults.requests.push(fault));
        w.asks("erin", "/promote uat").await;
        let card = w.card(1, "the pull request lacks its labels: forbidden").await;
        assert!(card.text().contains("Resource not accessible by integration"), "{}", card.text());
        assert_eq!(w.github.pull("acme/shop", 101, |pull| pull.reviewers.clone()).unwrap(), ["kim", "release"]);
    })
    .await;
}
