use std::time::Duration;

use reqwest::{Client, Response, StatusCode};

use super::{Application, Environment, Fault};
use crate::postgres::Postgres;

const BUILD: &str = "3f786850e387550fdab836ed7e6dc881de23001b";
const HOST: &str = "uat.example.test";

async fn application() -> Application {
    let application = Application::start().await.unwrap();
    application.add(HOST, Environment::new(BUILD));
    application
}

async fn ask(application: &Application, host: &str, path: &str) -> reqwest::Result<Response> {
    Client::new().get(format!("http://{}{path}", application.address())).header("Host", host).send().await
}

#[tokio::test]
async fn health_names_the_build_that_was_deployed() {
    let application = application().await;
    let answer = ask(&application, HOST, "/api/v1/health/").await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["x-build-sha"], BUILD);
    let document: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(document["status"], "healthy");
    assert_eq!(document["database"], "healthy");
    assert_eq!(document["version"], "1.0.0");

    assert!(application.deploy(HOST, "89e6c98d92887913cadf06b2adb97f26cde4849b"));
    let answer = ask(&application, "UAT.example.test:443", "/api/v1/ready/").await.unwrap();
    assert_eq!(answer.headers()["x-build-sha"], "89e6c98d92887913cadf06b2adb97f26cde4849b");
    assert!(!application.deploy("other.example.test", BUILD));
}

#[tokio::test]
async fn an_unknown_host_is_not_found() {
    let application = application().await;
    let answer = ask(&application, "127.0.0.1", "/api/v1/health/").await.unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert!(answer.headers().get("x-build-sha").is_none());
}

#[tokio::test]
async fn a_database_that_is_gone_is_an_error() {
    let server = Postgres::shared().await.unwrap();
    let database = server.fresh_database().await.unwrap();
    let application = application().await;
    application.change(HOST, |environment| environment.database = Some(database.url.clone()));
    let answer = ask(&application, HOST, "/api/v1/health/").await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    server.drop_database(&database.name).await.unwrap();
    let answer = ask(&application, HOST, "/api/v1/health/").await.unwrap();
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let answer = ask(&application, HOST, "/api/v1/ready/").await.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn faults_show() {
    let application = application().await;
    let set = |fault| application.change(HOST, |environment| environment.fault = fault);
    set(Fault { status: Some(503), delay: Some(Duration::from_millis(1)), ..Fault::default() });
    let answer = ask(&application, HOST, "/api/v1/health/").await.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    set(Fault { body: Some("<html>maintenance</html>".to_owned()), ..Fault::default() });
    let answer = ask(&application, HOST, "/api/v1/health/").await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.text().await.unwrap(), "<html>maintenance</html>");
}

#[tokio::test]
async fn connections_are_refused_and_accepted_again() {
    let application = application().await;
    application.refuse_connections().await;
    // A program that another test is just starting shares the port for a moment, and then resets.
    while !ask(&application, HOST, "/").await.unwrap_err().is_connect() {}
    application.accept_connections().await.unwrap();
    let answer = ask(&application, HOST, "/").await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
}
