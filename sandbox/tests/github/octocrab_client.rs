//! The client that services use is content with what it gets.

use octocrab::Octocrab;
use octocrab::models::{AppId, InstallationId, RunId};
use octocrab::params::workflows::Filter;
use signalbox_sandbox::github::TOKEN;

use crate::client::{UAT, stage};

#[tokio::test]
async fn octocrab_dispatches_follows_and_cancels() {
    let stage = stage("octocrab").await;
    stage.hold();
    let crab = Octocrab::builder().base_uri(stage.github.url()).unwrap().personal_token(TOKEN).build().unwrap();
    let repo = crab.repos("acme", "shop").get().await.unwrap();
    assert_eq!(repo.full_name.as_deref(), Some("acme/shop"));
    crab.actions().create_workflow_dispatch("acme", "shop", UAT, "uat").send().await.unwrap();
    let runs = crab.workflows("acme", "shop").list_runs(UAT).event("workflow_dispatch").send().await.unwrap();
    let run = &runs.items[0];
    stage.github.run(run.id.0).start_job("migrate").unwrap();
    let jobs = crab.workflows("acme", "shop").list_jobs(run.id).filter(Filter::Latest).send().await.unwrap();
    assert_eq!(jobs.items[0].name, "migrate");
    crab.actions().cancel_workflow_run("acme", "shop", run.id).await.unwrap();
    let over = crab.workflows("acme", "shop").get(RunId(run.id.0)).await.unwrap();
    assert_eq!(over.conclusion.as_deref(), Some("cancelled"));
    let log = crab.actions().download_workflow_run_logs("acme", "shop", run.id).await.unwrap();
    assert!(log.starts_with(b"PK"));
    let branches = crab.repos("acme", "shop").list_branches().send().await.unwrap();
    assert_eq!(branches.items.len(), 4);
    crab.repos("acme", "shop").environments().list().send().await.unwrap();
}

#[tokio::test]
async fn octocrab_signs_in_as_an_app() {
    let stage = stage("octocrab-app").await;
    let public_key = Some(include_str!("app-key.pub.pem").to_owned());
    stage.github.with(|state| state.app.as_mut().unwrap().public_key = public_key);
    let key = jsonwebtoken::EncodingKey::from_rsa_pem(include_bytes!("app-key.pem")).unwrap();
    let crab = Octocrab::builder().base_uri(stage.github.url()).unwrap().app(AppId(4242), key).build().unwrap();
    assert_eq!(crab.current().app().await.unwrap().slug.as_deref(), Some("signalbox"));
    let installation = crab.apps().get_repository_installation("acme", "shop").await.unwrap();
    assert_eq!(installation.id, InstallationId(777));
    let bot = crab.installation(installation.id).unwrap();
    bot.repos("acme", "shop").get().await.unwrap();
    bot.actions().create_workflow_dispatch("acme", "shop", UAT, "uat").send().await.unwrap();
    assert_eq!(stage.github.runs()[0].actor, "signalbox[bot]");
}
