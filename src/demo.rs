//! `signalbox demo`: the real service beside local stand-ins for Discord and GitHub, with real tenant
//! databases and a page in the browser. Only addresses and credentials differ from production.

mod stage;

use std::{net::SocketAddr, path::PathBuf};

use anyhow::{Context, Result};

use crate::{
    app::App,
    config::{self, Env},
};

/// What can be chosen.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Where the page is served
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8090")]
    page: SocketAddr,
    /// Folder for the demo's PostgreSQL cluster and records
    #[arg(long, value_name = "FOLDER", default_value = ".signalbox/demo")]
    data: PathBuf,
    /// A PostgreSQL server to use instead of a private one; its role must be allowed to create databases
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// How many tenants each environment has
    #[arg(long, default_value_t = 30)]
    tenants: usize,
    /// How much faster than real the workflow runs go
    #[arg(long, default_value_t = 1.0)]
    speed: f64,
}

/// Sets the stage, starts the service on it, and runs until told to end.
///
/// # Errors
/// When PostgreSQL, a port or the data folder cannot be had; the message says what to do.
pub async fn run(options: Options) -> Result<()> {
    let stage = stage::Stage::set(&options).await?;
    let (file, env) = stage.configuration()?;
    let config = config::load(&file, &Env::of(env)).context("the demo's configuration")?;
    let app = App::start(&config).await?;
    stage.github().add_webhook(&format!("http://{}/webhooks/github", app.address()), stage::WEBHOOK_SECRET, false);
    say(&format!("\n  Open http://{}/ and type /deploy uat\n  Ctrl-C ends it.\n", stage.page()));
    app.run_until_told().await?;
    stage.strike().await
}

/// Progress is for the person at the terminal, so it is printed and not logged.
#[expect(clippy::print_stdout, reason = "the demo talks to the person who started it")]
fn say(text: &str) {
    println!("{text}");
}
