//! How long a large gate takes to judge: fifty rules over fifty signatures, once without any choice and once with
//! six of them, so that every one of the 64 ways to satisfy it is tried. Prints medians and 99th percentiles.
#![expect(clippy::print_stdout, reason = "the figures are what was asked for")]
#![expect(clippy::unwrap_used, reason = "what is made here is well formed")]

use std::{collections::BTreeMap, hint::black_box, time::Instant};

use jiff::{SignedDuration, Timestamp};
use regex::Regex;
use signalbox_domain::{
    deployment::Deployment,
    environment::{Environment, Role},
    gate::{Check, Facts, Fingerprint, Gate, Item, Looked, Read, Rule, SignOff, SignOffs, Way, evaluate},
    git_ref::{GitRef, RefPattern},
    ids::{ChannelId, CommitSha, EnvironmentName, InteractionId, Person, PersonId, RepositoryName, RoleId},
    permit::permit,
};

const RULES: u64 = 50;
const SIGNATURES: u64 = 50;
const ROUNDS: usize = 2_000;

fn main() {
    println!("a gate of {RULES} rules and {SIGNATURES} signatures, judged {ROUNDS} times (aim: 1 ms)");
    for choices in [0, 6] {
        judge(choices);
    }
}

fn judge(choices: u64) {
    let now = Timestamp::from_second(1_790_000_000).unwrap();
    let commit = CommitSha::parse(&"a".repeat(40)).unwrap();
    let fingerprint = Fingerprint::of(&commit);
    let environment = environment(choices);
    let erin = Person { id: PersonId(1), name: "erin".into() };
    let request = permit(&environment, erin, &[RoleId(1)], None).unwrap().at(commit);
    let requested = Deployment::requested(&environment, request, "KEY".into(), None, InteractionId(1), now);
    let sign_offs = (0..SIGNATURES).map(|n| SignOff {
        by: Person { id: PersonId(100 + n), name: format!("signer {n}") },
        category: "review".into(),
        seen: now,
        roles: vec![RoleId(2 + n % 3)],
        fingerprint: Some(fingerprint.clone()),
        ended: None,
        way: Way::Reaction,
        comment: None,
    });
    let deployment = Deployment { sign_offs: sign_offs.collect(), ..requested };
    let looked = Looked { up: (0..SIGNATURES).map(|n| PersonId(100 + n)).collect(), ..Looked::default() };
    let facts = Facts { reactions: Some(Read { at: now, found: Ok(looked) }), ..Facts::unlocked(now, fingerprint) };
    let mut took: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let began = Instant::now();
            black_box(evaluate(black_box(&deployment), &environment, &facts));
            began.elapsed()
        })
        .collect();
    took.sort();
    let at = |percent: usize| took[ROUNDS * percent / 100].as_secs_f64() * 1_000.0;
    println!("with {choices} choices: median {:.3} ms, p99 {:.3} ms", at(50), at(99));
}

/// Forty sign-off rules, of which some are a choice between two roles, and ten checks.
fn environment(choices: u64) -> Environment {
    let signed = |n: u64| {
        let roles = vec![Role { name: format!("role {n}"), id: RoleId(2 + n % 3) }];
        Rule::SignOffs(SignOffs { category: "review".into(), roles, count: 1 })
    };
    let checks = [Check::Previous { descendant: false }, Check::Drift, Check::Isolation, Check::Ledger, Check::Health];
    let rules = (0..RULES).map(|n| match n {
        0..40 if n < choices => Rule::Any(vec![signed(n), signed(n + 1)]),
        0..40 => signed(n),
        _ => Rule::Check(checks[usize::try_from(n).unwrap() % checks.len()].clone()),
    });
    let gate = Gate { items: rules.map(|rule| Item { rule, must: true }).collect(), ..Gate::default() };
    Environment {
        name: EnvironmentName::parse("prod").unwrap(),
        after: None,
        repository: RepositoryName::parse("acme/shop").unwrap(),
        workflow: "13-prod-deployment.yml".into(),
        default_ref: GitRef::parse("main").unwrap(),
        allowed_refs: vec![RefPattern::parse("main").unwrap()],
        inputs: BTreeMap::new(),
        key_input: None,
        github_environment: None,
        migration_job: Regex::new("migrat").unwrap(),
        required_secrets: vec![],
        database: None,
        schemas: vec![],
        images: vec![],
        allowed_schemas: vec![],
        health: vec![],
        migration_pace: SignedDuration::from_secs(2),
        stall: SignedDuration::from_secs(120),
        lock_wait: SignedDuration::from_secs(30),
        damping: Default::default(),
        smoke: vec![],
        smoke_concurrency: 20,
        verify_deadline: SignedDuration::from_secs(60),
        slow_after: SignedDuration::from_mins(10),
        poll: SignedDuration::from_secs(10),
        channel: ChannelId(7),
        deploy_roles: vec![Role { name: "engineer".into(), id: RoleId(1) }],
        sign_roles: vec![],
        promotion: None,
        gate,
    }
}
