//! The core under scripted and under random histories.

mod histories;
mod holding;
mod merges;
mod presses;
mod stories;
mod timing;

use std::{collections::BTreeMap, sync::LazyLock};

use jiff::{SignedDuration, Timestamp};
use regex::Regex;

use super::decide;
use crate::{
    deployment::{Deployment, State},
    environment::{Environment, Role},
    event::Event,
    evidence::{Answer, Evidence, Finding},
    gate::{Facts, Fingerprint, Gate, evaluate},
    git_ref::{GitRef, RefPattern},
    ids::{
        ChannelId, CommitSha, DeploymentId, EnvironmentName, InteractionId, Person, PersonId, RepositoryName, RoleId,
        RunId,
    },
    permit::permit,
    run::{Conclusion, Job, Run, Status},
};

/// Made once: random histories begin in thousands of environments.
static MIGRATES: LazyLock<Regex> = LazyLock::new(|| Regex::new("(?i)migrat").unwrap());

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).unwrap()
}

pub(crate) fn sha(digit: char) -> CommitSha {
    CommitSha::parse(&digit.to_string().repeat(40)).unwrap()
}

pub(crate) fn person(id: u64, name: &str) -> Person {
    Person { id: PersonId(id), name: name.into() }
}

pub(crate) fn uat() -> Environment {
    Environment {
        name: EnvironmentName::parse("uat").unwrap(),
        after: None,
        repository: RepositoryName::parse("acme/shop").unwrap(),
        workflow: "12-uat-deployment.yml".into(),
        default_ref: GitRef::parse("uat").unwrap(),
        allowed_refs: vec![RefPattern::parse("uat").unwrap()],
        inputs: BTreeMap::new(),
        key_input: Some("sb_key".into()),
        github_environment: None,
        migration_job: MIGRATES.clone(),
        required_secrets: vec![],
        database: Some("UAT_DATABASE_URL".into()),
        schemas: vec!["public".into()],
        images: vec![],
        allowed_schemas: vec![],
        health: vec![],
        damping: Default::default(),
        smoke: vec![],
        smoke_concurrency: 20,
        verify_deadline: SignedDuration::from_secs(60),
        slow_after: SignedDuration::from_mins(10),
        poll: SignedDuration::from_secs(10),
        migration_pace: SignedDuration::from_secs(2),
        stall: SignedDuration::from_secs(120),
        lock_wait: SignedDuration::from_secs(30),
        channel: ChannelId(7),
        deploy_roles: vec![Role { name: "engineer".into(), id: RoleId(1) }],
        sign_roles: vec![],
        gate: Gate::default(),
        promotion: None,
    }
}

pub(crate) fn requested(environment: &Environment) -> Deployment {
    let clearance = permit(environment, person(5, "ada"), &[RoleId(1)], None).unwrap().at(sha('a'));
    let deployment = Deployment::requested(environment, clearance, "KEY".into(), None, InteractionId(9), at(0));
    Deployment { id: DeploymentId(42), ..deployment }
}

pub(crate) fn run(status: Status, conclusion: Option<Conclusion>, updated: i64) -> Run {
    Run {
        id: RunId(900),
        attempt: 1,
        workflow: ".github/workflows/12-uat-deployment.yml".into(),
        event: "workflow_dispatch".into(),
        head_sha: sha('a'),
        head_branch: Some("uat".into()),
        title: "Deploy [sb:KEY]".into(),
        actor: "signalbox[bot]".into(),
        status,
        conclusion,
        created_at: at(1),
        updated_at: at(updated),
        started_at: Some(at(1)),
        url: "https://github.com/acme/shop/actions/runs/900".into(),
    }
}

pub(crate) fn job(name: &str, status: Status, conclusion: Option<Conclusion>) -> Job {
    let completed_at = (status == Status::Completed).then(|| at(65));
    let id = name.bytes().map(u64::from).sum();
    Job { id, name: name.into(), status, conclusion, started_at: Some(at(5)), completed_at, url: None, step: None }
}

/// The gate without rules opens, and the dispatch begins.
pub(crate) fn begun() -> Event {
    let d = requested(&uat());
    let judged = evaluate(&d, &uat(), &Facts::unlocked(at(0), Fingerprint::of(&d.commit)));
    Event::DispatchBegun { clearance: judged.clearance.unwrap(), verdict: judged.verdict }
}

pub(crate) fn observed(run: Run, jobs: Vec<Job>) -> Event {
    Event::Observed { run, jobs, superseded_by: None }
}

pub(crate) fn evidence(answer: Answer, may_change: bool) -> Event {
    let finding = Finding { check: "migrations".into(), answer, says: "said".into(), facts: vec![], may_change };
    Event::Verified(Evidence { at: at(0), findings: vec![finding] })
}

/// Lets events happen one after the other, ten seconds apart, and answers with the state after each.
fn play(deployment: &mut Deployment, environment: &Environment, events: Vec<Event>) -> Vec<&'static str> {
    let mut words = vec![];
    for (n, event) in events.into_iter().enumerate() {
        if let Some(decision) = decide(deployment, event, environment, at(10 * (n as i64 + 1))) {
            *deployment = decision.deployment;
        }
        words.push(deployment.state.word());
    }
    words
}

fn is_sent(deployment: &Deployment) -> bool {
    !matches!(deployment.state, State::Dispatching { sent: None, .. })
}
