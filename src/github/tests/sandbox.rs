//! The adapter against the local GitHub, which is as strict as the real one and remembers what was started.

use std::{path::Path, sync::Arc, time::Duration};

use secrecy::SecretString;
use signalbox_domain::{
    event::{CancelAnswer, DispatchAnswer},
    gate::{Called, Workflow},
    git_ref::GitRef,
    ids::{CommitSha, RepositoryName},
    ports::{Clock, Forge, ForgeError, Resolved, Rules, RunQuery, Scope, Sources},
    run::Status,
};
use signalbox_sandbox::{
    github::{DispatchFault, Github, SHOP, Setup, TOKEN},
    traffic::TrafficLog,
};

use super::{dispatching::order_for, settings};
use crate::{
    clock::SystemClock,
    github::{Auth, GithubForge, IdentityFacts},
};

const UAT: &str = "12-uat-deployment.yml";

async fn github() -> Github {
    let log = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/traffic/github-adapter.jsonl");
    let traffic = TrafficLog::to_file(&log).unwrap();
    Github::start(Setup { traffic, ..Setup::default() }).await.unwrap()
}

fn connect(github: &Github, auth: Auth) -> Arc<GithubForge> {
    let mut settings = settings(github.url().parse().unwrap());
    settings.auth = auth;
    settings.timeouts.write = Duration::from_secs(2);
    GithubForge::connect(&settings, Arc::new(SystemClock)).unwrap()
}

fn with_token(github: &Github) -> Arc<GithubForge> {
    connect(github, Auth::Token(SecretString::from(TOKEN)))
}

fn shop() -> RepositoryName {
    RepositoryName::parse(SHOP).unwrap()
}

fn started(github: &Github) -> Vec<u64> {
    github.runs().iter().filter(|run| run.event == "workflow_dispatch").map(|run| run.id).collect()
}

#[tokio::test]
async fn however_a_dispatch_goes_it_starts_one_run_at_most() {
    use DispatchFault as Fault;
    let unclear = |answer: &DispatchAnswer| matches!(answer, DispatchAnswer::Unclear { .. });
    let accepted = |answer: &DispatchAnswer| *answer == DispatchAnswer::Accepted;
    type Meaning = fn(&DispatchAnswer) -> bool;
    let ways: [(Fault, usize, Meaning); 13] = [
        (Fault::None, 1, |answer| matches!(answer, DispatchAnswer::Started { .. })),
        (Fault::WithoutId, 1, accepted),
        (Fault::BadGatewayStarted, 1, unclear),
        (Fault::BadGateway, 1, unclear),
        (Fault::HangStarted, 1, unclear),
        (Fault::Hang, 1, unclear),
        (Fault::ResetStarted, 1, unclear),
        (Fault::Reset, 1, unclear),
        (Fault::TruncatedStarted, 1, unclear),
        (Fault::Unprocessable, 1, |answer| matches!(answer, DispatchAnswer::Rejected { status: 422, .. })),
        (Fault::SecondaryRateLimit, 1, |answer| matches!(answer, DispatchAnswer::RateLimited { .. })),
        (Fault::RejectsRunDetails, 2, accepted),
        (Fault::None, 1, |answer| matches!(answer, DispatchAnswer::Started { .. })),
    ];
    for (fault, requests, means) in ways {
        let github = github().await;
        github.faults(|faults| faults.every_dispatch = Some(fault));
        let answer = with_token(&github).dispatch(&order_for(UAT, "uat", &[("sb_key", "01KEY")])).await;
        assert!(means(&answer), "{fault:?}: {answer:?}");
        assert_eq!(github.dispatches().len(), requests, "{fault:?}");
        assert_eq!(started(&github).len(), usize::from(fault.starts()), "{fault:?}");
        if let DispatchAnswer::Started { run } = answer {
            assert_eq!(started(&github), [run.0]);
        }
        github.stop();
    }
}

#[tokio::test]
async fn a_workflow_without_inputs_is_started_without_any() {
    let github = github().await;
    let answer = with_token(&github).dispatch(&order_for("11-dev-deployment.yml", "refs/heads/development", &[])).await;
    assert!(matches!(answer, DispatchAnswer::Started { .. }), "{answer:?}");
    let forge = with_token(&github);
    let answer = forge.dispatch(&order_for("11-dev-deployment.yml", "development", &[("x", "1")])).await;
    assert!(
        matches!(&answer, DispatchAnswer::Rejected { status: 422, message } if message.contains('x')),
        "{answer:?}"
    );
    let answer = forge.dispatch(&order_for(UAT, "gone", &[])).await;
    assert!(
        matches!(&answer, DispatchAnswer::Rejected { status: 422, message } if message.contains("gone")),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_run_is_found_followed_and_cancelled() {
    let github = github().await;
    let forge = with_token(&github);
    let since = SystemClock.now().checked_sub(signalbox_domain::SignedDuration::from_mins(1)).unwrap();
    let answer = forge.dispatch(&order_for(UAT, "uat", &[("sb_key", "01KEY")])).await;
    let DispatchAnswer::Started { run } = answer else { panic!("{answer:?}") };

    let listed = forge.runs(&RunQuery { repository: shop(), workflow: UAT.into(), since }).await.unwrap();
    let found = listed.iter().find(|found| found.id == run).unwrap();
    assert!(found.title.contains("[sb:01KEY]"), "{}", found.title);
    assert_eq!((found.workflow_file(), found.event.as_str()), (UAT, "workflow_dispatch"));
    assert_eq!(Ok(&found.actor), forge.login().await.as_ref());

    let at_work = github.wait_for(Duration::from_secs(60), |state| {
        state.run(run.0).filter(|run| !run.latest().jobs.is_empty()).map(|_| ())
    });
    at_work.await.unwrap();
    let (read, jobs) = forge.run(&shop(), run).await.unwrap();
    assert_eq!((read.id, &read.head_sha), (run, &found.head_sha));
    assert!(!jobs.is_empty());
    assert_eq!(forge.cancel(&shop(), run).await, Ok(CancelAnswer::Accepted));
    let over =
        github.wait_for(Duration::from_secs(60), |state| state.run(run.0).filter(|run| run.is_completed()).map(|_| ()));
    over.await.unwrap();
    assert_eq!(forge.cancel(&shop(), run).await, Ok(CancelAnswer::AlreadyOver));
    assert_eq!(forge.run(&shop(), run).await.unwrap().0.status, Status::Completed);
}

#[tokio::test]
async fn names_are_resolved_and_suggested() {
    let github = github().await;
    let forge = with_token(&github);
    let at = |branch: &str| {
        let sha = github.read(|state| state.repository(SHOP).unwrap().branches[branch].clone());
        CommitSha::parse(&sha).unwrap()
    };
    let (uat, barcodes) = (at("uat"), at("feature/barcodes"));
    for (name, expected) in [
        ("uat", Resolved::Ref(uat.clone())),
        ("refs/heads/feature/barcodes", Resolved::Ref(barcodes)),
        ("v1.4.0", Resolved::Ref(at("main"))),
        (uat.as_str(), Resolved::Commit(uat.clone())),
        (uat.short(), Resolved::Commit(uat.clone())),
        ("0000000", Resolved::Nothing),
        ("gone", Resolved::Nothing),
    ] {
        assert_eq!(forge.resolve(&shop(), &GitRef::parse(name).unwrap()).await, Ok(expected), "{name}");
    }
    let names = forge.refs(&shop()).await.unwrap();
    assert_eq!(names, ["development", "feature/barcodes", "main", "uat", "v1.4.0"]);
    let elsewhere = RepositoryName::parse("acme/gone").unwrap();
    let found = forge.resolve(&elsewhere, &GitRef::parse("uat").unwrap()).await;
    assert!(matches!(found, Err(ForgeError::NotFound(_))), "{found:?}");
}

#[tokio::test]
async fn the_doctor_sees_what_is_there() {
    let github = github().await;
    let forge = with_token(&github);
    let Ok(IdentityFacts::Token { scopes: Some(scopes), .. }) = forge.identity().await else {
        panic!("a classic token")
    };
    assert_eq!(scopes, ["repo", "workflow"]);
    assert_eq!(forge.repository(&shop()).await.unwrap().default_branch, "main");
    let workflow = forge.workflow(&shop(), UAT, &GitRef::parse("main").unwrap()).await.unwrap();
    assert!(workflow.state == "active" && workflow.file.dispatchable && workflow.file.has_concurrency);
    assert!(workflow.file.run_name.unwrap().contains("inputs.sb_key"));
    assert_eq!(workflow.file.inputs.iter().map(|input| input.name.as_str()).collect::<Vec<_>>(), ["note", "sb_key"]);
    let environment = forge.environment(&shop(), "uat2-backend").await.unwrap();
    assert_eq!(environment.secrets, ["UAT_DB_URL", "UAT_DJANGO_SETTINGS_MODULE", "UAT_SECRET_KEY"]);
    assert!(forge.clock_skew().unwrap().as_secs().abs() < 60);
}

#[tokio::test]
async fn an_app_works_with_tokens_scoped_down_to_the_repository() {
    let github = github().await;
    github.with(|state| state.app.as_mut().unwrap().public_key = Some(include_str!("app.pub").into()));
    let key = SecretString::from(include_str!("app.pem"));
    let forge = connect(&github, Auth::App { app_id: 4242, private_key_pem: key, installation: None });
    let answer = forge.dispatch(&order_for(UAT, "uat", &[])).await;
    assert!(matches!(answer, DispatchAnswer::Started { .. }), "{answer:?}");
    assert_eq!(forge.login().await, Ok("signalbox[bot]".into()));
    assert_eq!(github.runs().last().unwrap().actor, "signalbox[bot]");
    assert!(forge.environment(&shop(), "uat2-backend").await.is_ok());
}

#[tokio::test]
async fn an_app_is_asked_by_an_environment_and_answers() {
    let github = github().await;
    github.with(|state| state.app.as_mut().unwrap().public_key = Some(include_str!("app.pub").into()));
    assert!(github.set_script(SHOP, UAT, "held"));
    let key = SecretString::from(include_str!("app.pem"));
    let forge = connect(&github, Auth::App { app_id: 4242, private_key_pem: key, installation: None });
    assert_eq!(forge.has_our_rule(&shop(), "uat2-backend").await, Ok(false));
    github.with(|state| {
        let repository = state.repository_mut(SHOP).unwrap();
        repository.environment_mut("uat2-backend").unwrap().custom_rule = true;
    });
    assert_eq!(forge.has_our_rule(&shop(), "uat2-backend").await, Ok(true));
    assert_eq!(with_token(&github).has_our_rule(&shop(), "uat2-backend").await, Ok(false), "a person is never asked");
    let answer = forge.dispatch(&order_for(UAT, "uat", &[])).await;
    let DispatchAnswer::Started { run } = answer else { panic!("{answer:?}") };
    assert_eq!(forge.asking(&shop(), run).await, Ok(vec![]), "no job waits yet");
    github.run(run.0).queue_job("migrate").unwrap();
    assert_eq!(forge.waiting(&shop()).await, Ok(vec![run]));
    assert_eq!(forge.asking(&shop(), run).await, Ok(vec!["uat2-backend".to_owned()]));
    assert_eq!(with_token(&github).asking(&shop(), run).await, Ok(vec![]));
}

#[tokio::test]
async fn an_app_sees_for_the_checks_what_it_was_given_and_hears_what_it_lacks() {
    let github = github().await;
    github.with(|state| {
        state.app.as_mut().unwrap().public_key = Some(include_str!("app.pub").into());
        let shop = state.repository_mut(SHOP).unwrap();
        shop.organisation_variables.insert("region".into(), "eu".into());
    });
    let key = || SecretString::from(include_str!("app.pem"));
    let connected = || connect(&github, Auth::App { app_id: 4242, private_key_pem: key(), installation: None });
    let forge = connected();
    let names = async |scope| forge.names(&shop(), scope).await;
    let environment = names(Scope::Environment("prod2-backend")).await.unwrap();
    assert!(environment.secrets.contains("PROD_DB_URL") && environment.variables.is_empty(), "{environment:?}");
    assert!(names(Scope::Repository).await.unwrap().secrets.contains("REGISTRY_TOKEN"));
    assert!(names(Scope::Organisation).await.unwrap().variables.contains("REGION"));
    assert!(matches!(names(Scope::Environment("none")).await, Err(ForgeError::NotFound(_))));

    let head = |branch: &str| github.read(|state| state.repository(SHOP).unwrap().branches[branch].clone());
    let [main, uat] = ["main", "uat"].map(|branch| CommitSha::parse(&head(branch)).unwrap());
    assert_eq!(forge.contains(&shop(), &main, &uat).await, Ok(true));
    assert_eq!(forge.contains(&shop(), &uat, &main).await, Ok(false));
    assert_eq!(forge.pull_requests(&shop(), &main).await, Ok(vec![]));
    for git_ref in ["main", "refs/tags/v1.4.0", "v1.4.0"] {
        let found = forge.commit_checks(&shop(), &GitRef::parse(git_ref).unwrap(), &main).await.unwrap();
        assert!(found.required.is_empty() && found.reported.is_empty(), "{git_ref}: {found:?}");
    }
    github.with(|state| state.installations[0].permissions.remove("checks")).unwrap();
    let lacks = connected().commit_checks(&shop(), &GitRef::parse("main").unwrap(), &main).await;
    assert!(matches!(&lacks, Err(ForgeError::Forbidden(why)) if why.contains("check-runs")), "{lacks:?}");
}

#[tokio::test]
async fn a_workflow_is_read_with_all_that_it_calls() {
    let github = github().await;
    let main = github.read(|state| state.repository(SHOP).unwrap().branches["main"].clone());
    let main = CommitSha::parse(&main).unwrap();
    github.with(|state| {
        let shop = state.repository_mut(SHOP).unwrap();
        let jobs = "  one: { uses: ./.github/workflows/a.yml, secrets: { token: '${{ secrets.GIVEN }}' } }\n  two: { uses: other/gone/.github/workflows/x.yml@v1, secrets: inherit }\n";
        shop.workflow_mut(UAT).unwrap().jobs = Some(jobs.into());
        let a = "on: { workflow_call: { secrets: { may: {} } } }\njobs: { a: { environment: uat2-backend, steps: [{ run: \"${{ secrets.token }} ${{ secrets.may }} ${{ secrets.own }}\" }] }, b: { uses: ./.github/workflows/a.yml } }\n";
        shop.files.insert(".github/workflows/a.yml".into(), a.into());
    });
    let forge = with_token(&github);
    let workflow = forge.workflow_at(UAT, &main).await.unwrap();
    let called: Vec<(&str, bool)> =
        workflow.called.iter().map(|(path, called)| (path.as_str(), matches!(called, Called::Content(_)))).collect();
    assert_eq!(called, [(".github/workflows/a.yml", true), ("other/gone/.github/workflows/x.yml@v1", false)]);
    let names: Vec<&str> = workflow.references.iter().map(|one| one.name.as_str()).collect();
    assert!(names.contains(&"GIVEN") && names.contains(&"OWN") && !names.contains(&"MAY"), "{names:?}");
    assert!(workflow.unclear.iter().any(|says| says.contains("is handed every secret")), "{:?}", workflow.unclear);
    // Deeper than GitHub goes.
    github.with(|state| {
        let shop = state.repository_mut(SHOP).unwrap();
        shop.workflow_mut(UAT).unwrap().jobs = Some("  one: { uses: ./.github/workflows/deep0.yml }\n".into());
        for n in 0..12 {
            let text =
                format!("on: workflow_call\njobs: {{ one: {{ uses: ./.github/workflows/deep{}.yml }} }}\n", n + 1);
            shop.files.insert(format!(".github/workflows/deep{n}.yml"), text);
        }
    });
    let deep = forge.workflow_at(UAT, &main).await;
    assert!(matches!(&deep, Err(ForgeError::Unavailable(why)) if why.contains("more than 10 levels")), "{deep:?}");
}

impl GithubForge {
    async fn workflow_at(&self, file: &str, commit: &CommitSha) -> Result<Workflow, ForgeError> {
        Sources::workflow(self, &shop(), file, commit).await
    }
}
