//! Environments and deployments for the tests of this crate.

use regex::Regex;
use signalbox_domain::{
    SignedDuration, Timestamp,
    deployment::{Deployment, State},
    environment::{Environment, Line, Role},
    git_ref::{GitRef, RefPattern},
    ids::{
        ChannelId, CommitSha, DeploymentId, EnvironmentName, InteractionId, Person, PersonId, RepositoryName, RoleId,
    },
    permit::permit,
};

use crate::desk::{Standing, Watched};

pub(crate) fn environment(name: &str, after: Option<&str>) -> Environment {
    Environment {
        name: EnvironmentName::parse(name).unwrap(),
        after: after.map(|name| EnvironmentName::parse(name).unwrap()),
        repository: RepositoryName::parse("acme/shop").unwrap(),
        workflow: format!("deploy-{name}.yml"),
        default_ref: GitRef::parse("main").unwrap(),
        allowed_refs: vec![RefPattern::parse("*").unwrap()],
        inputs: Default::default(),
        key_input: None,
        github_environment: None,
        migration_job: Regex::new("migrate").unwrap(),
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
        poll: SignedDuration::from_secs(5),
        channel: ChannelId(70),
        deploy_roles: vec![Role { name: "release".into(), id: RoleId(3) }],
        sign_roles: vec![],
        gate: signalbox_domain::gate::Gate::default(),
        promotion: None,
    }
}

/// `dev`, then `uat`.
pub(crate) fn line() -> Line {
    Line::new(vec![environment("dev", None), environment("uat", Some("dev"))]).unwrap()
}

/// A deployment to `uat` that was just asked for.
pub(crate) fn deployment(id: i64) -> Deployment {
    let environment = environment("uat", None);
    let by = Person { id: PersonId(5), name: "ada".into() };
    let request = permit(&environment, by, &[RoleId(3)], None).unwrap().at(CommitSha::parse(&"ab".repeat(20)).unwrap());
    let interaction = InteractionId(8);
    let requested =
        Deployment::requested(&environment, request, "key".into(), None, interaction, Timestamp::UNIX_EPOCH);
    Deployment { id: DeploymentId(id), ..requested }
}

/// An environment with that many failed deployments behind it.
pub(crate) fn standing(name: &str, active: Option<Deployment>, ended: i64) -> Standing {
    let state = State::Failed { at: Timestamp::UNIX_EPOCH, reason: "the job migrate failed".into() };
    Standing {
        watched: Watched::default(),
        environment: EnvironmentName::parse(name).unwrap(),
        active,
        ended: (1..=ended).map(|id| Deployment { state: state.clone(), ..deployment(id) }).collect(),
    }
}
