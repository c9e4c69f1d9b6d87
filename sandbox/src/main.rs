//! Runs the sandbox by itself, for benchmarks and for trying other clients against it.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Parser;
use serde_json::json;
use signalbox_sandbox::discord::DiscordOptions;
use signalbox_sandbox::github::Setup;
use signalbox_sandbox::{Sandbox, SandboxOptions};

/// Local stand-ins for Discord and GitHub. Prints one line of JSON with their addresses, then serves
/// until it is interrupted.
#[derive(Debug, Parser)]
#[command(name = "signalbox-sandbox", version)]
struct Arguments {
    /// Plain HTTP and the gateway of Discord; port 0 picks a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    discord: SocketAddr,
    /// HTTPS for discord.com; port 0 picks a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    discord_tls: SocketAddr,
    /// The REST API of GitHub; port 0 picks a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    github: SocketAddr,
    /// Write the certificate authority of discord.com to this file
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Record the traffic in this file, one JSON object a line
    #[arg(long, value_name = "FILE")]
    traffic: Option<PathBuf>,
    /// Keep no rate limits
    #[arg(long)]
    no_rate_limits: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let arguments = Arguments::parse();
    let sandbox = Sandbox::start(SandboxOptions {
        discord: DiscordOptions {
            bind: arguments.discord,
            bind_tls: arguments.discord_tls,
            rate_limits: !arguments.no_rate_limits,
            ..DiscordOptions::default()
        },
        github: Setup { listen: Some(arguments.github), ..Setup::default() },
        traffic: arguments.traffic,
    })
    .await?;
    let discord = &sandbox.discord;
    if let Some(path) = &arguments.ca {
        discord.write_ca(path).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let addresses = json!({
        "discord_rest": discord.rest_url(),
        "discord_gateway": discord.gateway_url(),
        "discord_tls": discord.tls_addr(),
        "discord_token": discord.token(),
        "discord_application": discord.application_id(),
        "discord_guild": discord.guild_id(),
        "github": sandbox.github.url(),
    });
    writeln!(std::io::stdout(), "{addresses}").context("cannot print the addresses")?;
    tokio::signal::ctrl_c().await.context("cannot wait for an interrupt")
}
