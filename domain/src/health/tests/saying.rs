//! What each answer makes of an application, and every message that tells of it.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use super::super::{
    BadBody, BadCertificate, Damping, Heard, Reply, Report, Silence, Smoke, SmokeCheck, State, Watch, finding, report,
    seen,
};
use super::at;
use crate::{
    environment::HealthCheck,
    evidence::Answer,
    ids::{CommitSha, EnvironmentName},
};

fn check() -> HealthCheck {
    HealthCheck {
        host: Some("acme.example.com".into()),
        json: Some(("/database".into(), "healthy".into())),
        commit_header: Some("X-Build-Sha".into()),
        max_latency: SignedDuration::from_secs(1),
        ..HealthCheck::of("https://lb.example.com/health/")
    }
}

fn commit() -> CommitSha {
    CommitSha::parse(&"ab12cd3".repeat(6)[..40]).unwrap()
}

fn reply() -> Reply {
    Reply {
        status: 200,
        took: 12,
        location: None,
        commit: Some("ab12cd3".into()),
        body: Ok("{\"database\": \"healthy\"}".into()),
        certificate_ends: None,
    }
}

fn now() -> Timestamp {
    at(0)
}

#[test]
fn a_deployment_is_proven_by_what_runs() {
    let of = |reply: Reply| {
        let finding = finding(&check(), Some(&commit()), &Heard::Reply(reply), now());
        (finding.answer, finding.says)
    };
    assert_eq!(of(reply()), (Answer::Pass, "healthy in 12 ms, runs ab12cd3".into()));
    assert_eq!(of(Reply { took: 1_200, ..reply() }).0, Answer::Warn);
    let down = Reply { body: Ok("{\"database\": \"down\"}".into()), ..reply() };
    assert_eq!(of(down), (Answer::Fail, "/database is down, not healthy".into()));
    let old = Reply { commit: Some("fffffff".into()), ..reply() };
    assert_eq!(of(old.clone()), (Answer::Fail, "it still runs fffffff, not ab12cd3".into()));
    assert_eq!(of(Reply { commit: Some("ab".into()), ..reply() }).0, Answer::Fail, "two digits name no commit");
    assert!(of(Reply { commit: None, ..reply() }).1.contains("does not say"));
    assert!(of(Reply { status: 404, ..reply() }).1.contains("`host`"));
    assert!(of(Reply { body: Ok("<html>".into()), ..reply() }).1.contains("not JSON"));
    // Whichever commit runs is well when nobody deployed.
    assert_eq!(finding(&check(), None, &Heard::Reply(old.clone()), now()).answer, Answer::Pass);
    assert_eq!(seen(&check(), &Heard::Reply(old), now()).state, State::Up);
    let nothing = Heard::Nothing(Silence::NoConnection { why: "Connection refused".into() });
    let found = finding(&check(), Some(&commit()), &nothing, now());
    assert_eq!((found.answer, found.says.as_str()), (Answer::Unknown, "no answer: no connection: Connection refused"));
}

#[test]
fn every_answer_has_its_state_and_its_sentence() {
    let address: IpAddr = "169.254.169.254".parse().unwrap();
    let host = || "acme.example.com".to_owned();
    let forbidden = |address: &str, kind, may_be_allowed, redirected| Silence::Forbidden {
        host: host(),
        address: address.parse().unwrap(),
        kind,
        may_be_allowed,
        redirected,
    };
    let status = |status| Heard::Reply(Reply { status, ..reply() });
    let body = |body| Heard::Reply(Reply { body, ..reply() });
    let none = Heard::Nothing;
    let heard = [
        Heard::Reply(reply()),
        Heard::Reply(Reply { took: 3_000, ..reply() }),
        Heard::Reply(Reply { certificate_ends: Some(at(5 * 24 * 60 + 1)), ..reply() }),
        status(400),
        status(404),
        status(421),
        status(500),
        status(502),
        status(503),
        Heard::Reply(Reply { status: 302, location: Some("https://login.example.com/".into()), ..reply() }),
        body(Ok("{}".into())),
        body(Ok("<html>".into())),
        body(Err(BadBody::TooLong(1024 * 1024))),
        body(Err(BadBody::Endless(5))),
        body(Err(BadBody::Broken)),
        none(Silence::NoName { host: host(), why: "Name or service not known".into() }),
        none(forbidden("10.0.0.7", "private", true, false)),
        none(forbidden("127.0.0.1", "loopback", true, true)),
        none(Silence::Forbidden {
            host: address.to_string(),
            address,
            kind: "link-local",
            may_be_allowed: false,
            redirected: true,
        }),
        none(Silence::NoConnection { why: "Connection refused (os error 111)".into() }),
        none(Silence::Certificate(BadCertificate::Expired(Some(at(0))))),
        none(Silence::Certificate(BadCertificate::NotYet(Some(at(0))))),
        none(Silence::Certificate(BadCertificate::SelfSigned)),
        none(Silence::Certificate(BadCertificate::UnknownIssuer)),
        none(Silence::Certificate(BadCertificate::OtherName(host()))),
        none(Silence::Certificate(BadCertificate::Other("revoked".into()))),
        none(Silence::NoTls("received corrupt message".into())),
        none(Silence::TooSlow { seconds: 5, waiting_for: "answer" }),
        none(Silence::TooManyRedirects { followed: 3, to: "https://login.example.com/".into() }),
        none(Silence::Broken("connection closed before message completed".into())),
        none(Silence::NoUrl("ftp://example.com/".into())),
    ];
    let lines: String = heard
        .iter()
        .map(|heard| {
            let seen = seen(&check(), heard, now());
            format!("{} {}: {}\n", seen.state.emoji(), seen.state.word(), seen.says)
        })
        .collect();
    insta::assert_snapshot!(lines);
}

fn smoked(count: usize, answer: impl Fn(usize) -> Heard) -> Vec<(HealthCheck, Heard)> {
    let domains: Vec<String> = (0..count).map(|n| format!("t{n}.example.com")).collect();
    let all = SmokeCheck { check: HealthCheck { host: Some("{domain}".into()), ..check() }, sample: None };
    all.questions(&domains, 0).into_iter().enumerate().map(|(n, check)| (check, answer(n))).collect()
}

#[test]
fn a_smoke_says_who_runs_what() {
    let uat = EnvironmentName::parse("uat").unwrap();
    let with = |build: &str| Heard::Reply(Reply { commit: Some(build.into()), ..reply() });
    let took = SignedDuration::from_millis(1_640);
    let of = |heard: &[(HealthCheck, Heard)], deployed: bool| {
        Smoke::of(heard, Some(&commit()).filter(|_| deployed), None, took, now())
    };
    let old = |n: usize| if n % 104 == 7 { with("1a2b3c4d5e6f") } else { with(commit().as_str()) };
    let mixed = |n: usize| match n {
        0 => with("1a2b3c4"),
        1 => with("9999999"),
        2 | 3 => Heard::Nothing(Silence::NoConnection { why: "Connection refused".into() }),
        _ => with(commit().as_str()),
    };
    let silent = |_: usize| Heard::Reply(Reply { commit: None, ..reply() });
    let unread = Smoke::of(&[], None, Some("permission denied".into()), took, now());
    let all = [
        of(&smoked(312, |_| with(commit().as_str())), true),
        of(&smoked(312, old), true),
        of(&smoked(312, old), false),
        of(&smoked(312, mixed), true),
        of(&smoked(12, mixed), true),
        of(&smoked(4, silent), true),
        unread,
    ];
    let mut said = String::new();
    for smoke in &all {
        said += &format!("{} {}\n", smoke.state().emoji(), smoke.says());
        if let Some(alert) = smoke.alert(&uat) {
            said += &format!(
                "  {} {}: {}\n  at {}\n  {}\n  {}\n",
                alert.severity.word(),
                alert.key,
                alert.what,
                alert.place,
                alert.why,
                alert.remedy
            );
        }
    }
    insta::assert_snapshot!(said);
    assert!(all[0].is_good() && all[5].is_good());
}

#[test]
fn a_sample_asks_each_tenant_by_and_by() {
    let domains: Vec<String> = (0..10).map(|n| format!("t{n}")).collect();
    let check = HealthCheck { allow_private: true, ..HealthCheck::of("https://{domain}/health/") };
    let some = SmokeCheck { check: check.clone(), sample: Some(4) };
    let asked = |turn: usize| some.questions(&domains, turn).into_iter().map(|one| one.url).collect::<Vec<_>>();
    assert_eq!(asked(0), ["https://t0/health/", "https://t1/health/", "https://t2/health/", "https://t3/health/"]);
    let mut all: Vec<String> = (0..5).flat_map(asked).collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 10);
    assert_eq!(some.questions(&[], 3), [], "nobody to ask");
    let one = SmokeCheck { check: HealthCheck::of("https://www.example.com/"), sample: None };
    assert_eq!(one.questions(&[], 0).len(), 1);
    assert_eq!(SmokeCheck { check, sample: Some(50) }.questions(&domains, 7).len(), 10);
}

#[test]
fn the_answer_to_health_says_what_is_known_and_how_old_it_is() {
    let mut watch = Watch::default();
    for minute in 0..30 {
        let bad = minute >= 26;
        let heard = match bad {
            true => Heard::Reply(Reply { status: 502, ..reply() }),
            false => Heard::Reply(Reply { took: 10 + u32::try_from(minute).unwrap(), ..reply() }),
        };
        watch.look(at(minute), vec![seen(&check(), &heard, at(minute))], false, Damping::default());
    }
    let uat = |fresh| Report {
        environment: EnvironmentName::parse("uat").unwrap(),
        watch: watch.clone(),
        fresh,
        smoke: Some(Smoke::of(
            &smoked(3, |_| Heard::Reply(reply())),
            Some(&commit()),
            None,
            SignedDuration::from_millis(80),
            at(15),
        )),
    };
    let dev = Report {
        environment: EnvironmentName::parse("dev").unwrap(),
        watch: Watch::default(),
        fresh: None,
        smoke: None,
    };
    let known = report(&[dev, uat(None)], true);
    let fresh = report(&[uat(Some((at(31), vec![seen(&check(), &Heard::Reply(reply()), at(31))])))], false);
    insta::assert_snapshot!(format!("{known}\n---\n{fresh}\n---\n{}", report(&[], false)));
    let many: Vec<Report> = (0..40).map(|_| uat(None)).collect();
    assert!(report(&many, true).chars().count() <= 2_000 && report(&many, true).contains("more"));
}
