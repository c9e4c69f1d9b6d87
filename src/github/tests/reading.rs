//! Reads are repeated where that helps, and believed only where they can be read.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::{Value, json};
use signalbox_domain::{
    event::CancelAnswer,
    git_ref::GitRef,
    ids::{CommitSha, RunId},
    ports::{Forge, ForgeError, Resolved, RunQuery, Sources},
    run::Status,
};

use super::{
    forge,
    server::{Reply, Server},
    shop,
};

fn sha(digit: char) -> CommitSha {
    CommitSha::parse(&digit.to_string().repeat(40)).unwrap()
}

fn object(kind: &str, digit: char) -> Value {
    json!({"object": {"type": kind, "sha": sha(digit).as_str()}})
}

/// A repository with a few refs.
async fn repository() -> Server {
    Server::start(|seen| {
        let git = "/repos/acme/shop/git";
        let body = match seen.path.strip_prefix(git).unwrap_or(&seen.path) {
            "/ref/heads/main" | "/ref/tags/main" => object("commit", 'a'),
            "/ref/heads/release/7" => object("commit", 'b'),
            "/ref/heads/%40everyone" => object("commit", 'c'),
            "/ref/heads/deadbeef" => object("commit", 'd'),
            "/ref/tags/v1" => object("commit", 'e'),
            "/ref/tags/v2" => object("tag", '1'),
            path if path == format!("/tags/{}", sha('1')) => object("tag", '2'),
            path if path == format!("/tags/{}", sha('2')) => object("commit", 'f'),
            "/ref/tags/tree" => object("tree", '3'),
            "/repos/acme/shop/commits/aaaaaaa?per_page=1" => json!({"sha": sha('a').as_str()}),
            "/repos/acme/shop/commits/1234567?per_page=1" => {
                return Reply::json(422, json!({"message": "No commit found for SHA: 1234567"}));
            }
            "/repos/acme/shop" => json!({"full_name": "acme/shop"}),
            _ => return Reply::not_found(),
        };
        Reply::json(200, body)
    })
    .await
}

#[tokio::test]
async fn a_name_is_resolved_as_branch_then_tag_then_commit() {
    let server = repository().await;
    let forge = forge(&server);
    for (name, expected) in [
        ("main", Resolved::Ref(sha('a'))),
        ("refs/heads/main", Resolved::Ref(sha('a'))),
        ("release/7", Resolved::Ref(sha('b'))),
        ("@everyone", Resolved::Ref(sha('c'))),
        ("deadbeef", Resolved::Ref(sha('d'))),
        ("v1", Resolved::Ref(sha('e'))),
        ("v2", Resolved::Ref(sha('f'))),
        ("refs/heads/v1", Resolved::Nothing),
        ("refs/tags/release/7", Resolved::Nothing),
        ("aaaaaaa", Resolved::Commit(sha('a'))),
        ("AAAAAAA", Resolved::Nothing),
        ("1234567", Resolved::Nothing),
        ("gone", Resolved::Nothing),
    ] {
        let found = forge.resolve(&shop(), &GitRef::parse(name).unwrap()).await;
        assert_eq!(found, Ok(expected), "{name}");
    }
    let odd = forge.resolve(&shop(), &GitRef::parse("tree").unwrap()).await;
    assert!(matches!(odd, Err(ForgeError::Unavailable(_))), "{odd:?}");
}

#[tokio::test]
async fn a_repository_that_is_not_there_is_said_to_be_so() {
    let server = Server::start(|_| Reply::not_found()).await;
    let found = forge(&server).resolve(&shop(), &GitRef::parse("main").unwrap()).await;
    assert_eq!(found, Err(ForgeError::NotFound("Not Found (404 for /repos/acme/shop)".into())));
}

#[tokio::test]
async fn a_read_survives_two_faults_of_any_kind_but_not_three() {
    let listing = || Reply::json(200, json!([{"name": "main"}, {"name": null}, {}]));
    let faults =
        [Reply::empty(502), Reply::Reset, Reply::Truncated("[".into()), Reply::Close, Reply::json(200, json!({}))];
    for fault in faults {
        let server = Server::scripted([fault.clone(), fault.clone(), listing(), listing()]).await;
        assert_eq!(forge(&server).refs(&shop()).await, Ok(vec!["main".to_owned(), "main".to_owned()]), "{fault:?}");
        let server = Server::scripted([fault.clone(), fault.clone(), fault.clone(), listing()]).await;
        let read = forge(&server).refs(&shop()).await;
        assert!(matches!(read, Err(ForgeError::Unavailable(_))), "{fault:?}: {read:?}");
        assert_eq!(server.seen().len(), 3);
    }
}

#[tokio::test]
async fn a_refusal_is_not_asked_for_twice_and_says_what_is_lacking() {
    let no = Reply::json(403, json!({"message": "Resource not accessible by personal access token"}))
        .with("x-accepted-github-permissions", "contents=read");
    let server = Server::scripted([no]).await;
    let expected = "Resource not accessible by personal access token \
                    (403 for /repos/acme/shop/branches?per_page=100&page=1, it takes contents=read)";
    assert_eq!(forge(&server).refs(&shop()).await, Err(ForgeError::Forbidden(expected.into())));
    let server = Server::scripted([Reply::empty(301).with("location", "/repositories/7")]).await;
    assert!(matches!(forge(&server).refs(&shop()).await, Err(ForgeError::NotFound(_))));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again() {
    let server = Server::start(|seen| match seen.headers.get("if-none-match") {
        Some(etag) if etag == "W/\"1\"" => Reply::empty(304),
        _ => Reply::json(200, json!([{"name": "main"}])).with("etag", "W/\"1\""),
    })
    .await;
    let forge = forge(&server);
    let first = forge.refs(&shop()).await.unwrap();
    assert_eq!(forge.refs(&shop()).await.unwrap(), first);
    let conditional = server.seen().iter().map(|seen| seen.headers.contains_key("if-none-match")).collect::<Vec<_>>();
    assert_eq!(conditional, [false, false, true, true]);
}

#[tokio::test]
async fn every_request_says_who_asks_and_in_which_version() {
    let server = Server::scripted([Reply::json(200, json!([])), Reply::json(200, json!([]))]).await;
    forge(&server).refs(&shop()).await.unwrap();
    let headers = &server.seen()[0].headers;
    assert_eq!(headers["authorization"], "Bearer github_pat_canary");
    assert_eq!(headers["x-github-api-version"], "2022-11-28");
    assert_eq!(headers["accept"], "application/vnd.github+json");
    assert!(headers["user-agent"].to_str().unwrap().starts_with("signalbox/"));
}

fn run(id: u64, more: Value) -> Value {
    let mut run = json!({
        "id": id, "run_attempt": 2, "head_sha": sha('a').as_str(), "status": "in_progress",
        "created_at": "2026-11-23T10:00:00Z", "updated_at": "2026-11-23T10:01:00Z",
    });
    for (key, value) in more.as_object().unwrap() {
        run[key] = value.clone();
    }
    run
}

#[tokio::test]
async fn a_run_comes_with_all_jobs_of_its_latest_attempt() {
    let server = Server::start(|seen| {
        let job = |id: u64, attempt: Value| json!({"id": id, "name": format!("job {id}"), "run_attempt": attempt});
        Reply::json(
            200,
            match seen.path.as_str() {
                "/repos/acme/shop/actions/runs/5" => run(5, json!({})),
                "/repos/acme/shop/actions/runs/5/jobs?filter=latest&per_page=100&page=1" => {
                    json!({"total_count": 103, "jobs": (1..=100).map(|id| job(id, json!(2))).collect::<Vec<_>>()})
                }
                "/repos/acme/shop/actions/runs/5/jobs?filter=latest&per_page=100&page=2" => {
                    json!({"jobs": [job(101, json!(2)), job(102, Value::Null), job(103, json!(3))]})
                }
                _ => return Reply::not_found(),
            },
        )
    })
    .await;
    let (run, jobs) = forge(&server).run(&shop(), RunId(5)).await.unwrap();
    assert_eq!((run.id, run.attempt, run.status), (RunId(5), 2, Status::InProgress));
    assert_eq!(jobs.len(), 102, "the job of a third attempt belongs to another reading");
}

#[tokio::test]
async fn runs_are_listed_from_a_time_on_newest_first_and_each_once() {
    let page = |ids: std::ops::Range<u64>| {
        let created = |id: u64| json!({"created_at": format!("2026-11-23T10:{:02}:00Z", id % 60)});
        json!({"workflow_runs": ids.map(|id| run(id, created(id))).collect::<Vec<_>>()})
    };
    let mut last = page(49..51);
    last["workflow_runs"].as_array_mut().unwrap().push(json!({"id": 99}));
    let server = Server::scripted([Reply::json(200, page(0..50)), Reply::json(200, last)]).await;
    let query =
        RunQuery { repository: shop(), workflow: "a/b.yml".into(), since: "2026-11-23T09:59:59.5Z".parse().unwrap() };
    let runs = forge(&server).runs(&query).await.unwrap();
    assert_eq!(runs.iter().map(|run| run.id.0).collect::<Vec<_>>(), (0..51).rev().collect::<Vec<_>>());
    assert_eq!(
        server.paths()[0],
        "GET /repos/acme/shop/actions/workflows/a%2Fb.yml/runs?created=%3E%3D2026-11-23T09%3A59%3A59Z\
         &exclude_pull_requests=true&per_page=50&page=1"
    );
}

#[tokio::test]
async fn a_cancel_is_accepted_refused_or_too_late() {
    let conflict = || Reply::json(409, json!({"message": "Cannot cancel a workflow run that is completed."}));
    let described = |status: &str| Reply::json(200, run(5, json!({"status": status})));
    let refused = CancelAnswer::Refused { why: "Cannot cancel a workflow run that is completed.".into() };
    for (replies, expected) in [
        (vec![Reply::json(202, json!({}))], CancelAnswer::Accepted),
        (vec![conflict(), described("completed")], CancelAnswer::AlreadyOver),
        (vec![conflict(), described("queued")], refused),
        (vec![Reply::not_found()], CancelAnswer::Refused { why: "Not Found".into() }),
        (vec![Reply::Reset, Reply::empty(202)], CancelAnswer::Accepted),
    ] {
        let server = Server::scripted(replies.clone()).await;
        assert_eq!(forge(&server).cancel(&shop(), RunId(5)).await, Ok(expected));
        assert_eq!(server.seen().len(), replies.len());
        assert_eq!(server.paths()[0], "POST /repos/acme/shop/actions/runs/5/cancel");
    }
}

#[tokio::test]
async fn the_login_is_asked_for_once() {
    let asked = AtomicUsize::new(0);
    let paths = Mutex::new(Vec::new());
    let server = Server::start(move |seen| {
        paths.lock().unwrap().push(seen.path.clone());
        match asked.fetch_add(1, Ordering::Relaxed) {
            0 => Reply::json(401, json!({"message": "Bad credentials"})),
            _ => Reply::json(200, json!({"login": "octocat"})),
        }
    })
    .await;
    let forge = forge(&server);
    assert!(matches!(forge.login().await, Err(ForgeError::Forbidden(_))));
    assert_eq!(forge.login().await, Ok("octocat".into()));
    assert_eq!(forge.login().await, Ok("octocat".into()));
    assert_eq!(server.paths(), ["GET /user", "GET /user"]);
}

#[tokio::test]
async fn whoever_wrote_or_committed_what_lies_between_is_named_page_by_page() {
    let server = Server::start(|seen| {
        let by = |author: Option<&str>, committer: Option<&str>| {
            let account = |login: Option<&str>| login.map(|login| json!({"login": login}));
            json!({"author": account(author), "committer": account(committer)})
        };
        let compared = |head, page| {
            let between = format!("compare/{}...{}", sha('a'), sha(head));
            seen.path == format!("/repos/acme/shop/{between}?per_page=100&page={page}")
        };
        let body = if compared('b', 1) {
            json!({"total_commits": 101, "commits": vec![by(Some("dana"), Some("web-flow")); 100]})
        } else if compared('b', 2) {
            json!({"total_commits": 101, "commits": [by(Some("kim"), None)]})
        } else if compared('c', 1) {
            json!({"total_commits": 1001, "commits": []})
        } else if compared('d', 1) {
            json!({"total_commits": 2, "commits": []})
        } else if compared('e', 1) {
            json!({"total_commits": 0, "commits": []})
        } else if compared('f', 1) {
            let message = "Two heads\n\nCo-authored-by: Kim <12+kim@users.noreply.github.com>\n\
                co-authored-by: O <old@users.noreply.github.com>\nCo-authored-by: P <p@example.com>\n\
                Reviewed-by: R <3+rita@users.noreply.github.com>\nCo-authored-by: nobody";
            json!({"total_commits": 1, "commits": [{"author": {"login": "dana"}, "commit": {"message": message}}]})
        } else if seen.path.starts_with("/repos/acme/shop/commits/") {
            by(None, Some("eve"))
        } else {
            return Reply::not_found();
        };
        Reply::json(200, body)
    })
    .await;
    let forge = forge(&server);
    let between = async |base: char, head: char| forge.authors(&shop(), Some(&sha(base)), &sha(head)).await;
    assert_eq!(between('a', 'b').await.unwrap(), ["dana", "kim", "web-flow"]);
    assert_eq!(forge.authors(&shop(), None, &sha('b')).await.unwrap(), ["eve"]);
    assert_eq!(between('b', 'b').await.unwrap(), ["eve"], "nothing lies between a commit and itself");
    assert_eq!(between('a', 'e').await.unwrap(), ["eve"], "what is older brings nothing new");
    assert_eq!(between('a', 'f').await.unwrap(), ["dana", "kim", "old"], "co-authors whose address names them");
    let many = between('a', 'c').await.unwrap_err().to_string();
    assert!(many.contains("1001 commits lie between, and at most 1000 are looked at"), "{many}");
    assert!(matches!(between('a', 'd').await, Err(ForgeError::Unavailable(_))), "a listing that ends too early");
    assert!(matches!(between('b', 'c').await, Err(ForgeError::NotFound(_))));
}
