//! Uses the page the way a browser does, with a real bot behind the chat.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a helper that cannot go on fails its test")]

mod acting;
#[path = "../discord/client.rs"]
#[expect(dead_code, reason = "the tests of the stand-in itself use all of it")]
mod client;
mod seeing;

use std::sync::Arc;

use reqwest::{Client, Response, StatusCode};
use serde_json::Value;
use serenity::all::{CreateCommand, CreateCommandOption};
use serenity::model::application::CommandOptionType;
use signalbox_sandbox::application::{Application, Environment};
use signalbox_sandbox::discord::Discord;
use signalbox_sandbox::fleet::Fleet;
use signalbox_sandbox::github::{Github, Setup};
use signalbox_sandbox::page::Page;
use signalbox_sandbox::postgres::Postgres;
use signalbox_sandbox::world::{Place, Product};

/// A page and what stands behind it.
struct Stage {
    page: Page,
    discord: Discord,
    github: Github,
    fleet: Fleet,
}

impl Stage {
    async fn set() -> Self {
        let discord = client::unrecorded().await;
        let github = Github::start(Setup::default()).await.unwrap();
        github.set_speed(1000.0);
        let server = Postgres::shared().await.unwrap();
        let (fleet, database) = Fleet::fresh(server, 2).await.unwrap();
        let _ = database.keep();
        let application = Application::start().await.unwrap();
        application.add("uat.shop.example", Environment::new("0".repeat(40)));
        let product = Product::new(Arc::new(application));
        let host = "uat.shop.example".to_owned();
        product.add("uat2-backend", Place { fleet: fleet.clone(), host });
        github.set_world(Arc::new(product.clone()));
        let any = "127.0.0.1:0".parse().unwrap();
        let page = Page::start(any, discord.clone(), github.clone(), product).await.unwrap();
        Self { page, discord, github, fleet }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.page.address())
    }

    async fn get(&self, path: &str) -> Response {
        Client::new().get(self.url(path)).send().await.unwrap()
    }

    async fn html(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), StatusCode::OK);
        answer.text().await.unwrap()
    }

    /// Asks the control interface to do something: status and JSON of the answer.
    async fn act(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let request = Client::new().post(self.url(&format!("/control/{path}"))).json(&body);
        let answer = request.send().await.unwrap();
        (answer.status(), answer.json().await.unwrap_or(Value::Null))
    }
}

/// `/deploy <environment>`, whose option gives suggestions.
fn deploy() -> CreateCommand {
    let environment = CreateCommandOption::new(CommandOptionType::String, "environment", "Where to");
    CreateCommand::new("deploy")
        .description("Deploy something")
        .add_option(environment.required(true).set_autocomplete(true))
}
