//! The command line.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use signalbox::{app::App, audit, check_url, clock::SystemClock, config, doctor, gate, inspect, replay};
use tracing_subscriber::EnvFilter;

/// A Discord chat-ops bot for releases of multi-tenant PostgreSQL products.
/// It believes the database, not the green tick.
#[derive(Parser)]
#[command(version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the guild and the repository that signalbox.toml names
    Serve(ConfigFile),
    /// Ask the world whether everything is as the configuration says, with the fix for what is not
    Doctor(ConfigFile),
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Ask a tenant database what is true: which tenants differ, reach into each other, or lag behind
    #[command(subcommand, after_help = inspect::AFTER_HELP)]
    Inspect(Box<inspect::Question>),
    /// Say what sed, Django and libpq make of a database's address, without showing its password
    #[command(after_help = check_url::AFTER_HELP)]
    CheckUrl(check_url::Arguments),
    /// Verify the audit trail, export it, or prove what it says of a deployment
    #[command(after_help = audit::AFTER_HELP)]
    Audit(AuditCommand),
    /// Make tokens for steps that wait at a gate, or try gates on deployments of the past
    #[command(subcommand)]
    Gate(GateCommand),
    /// Run everything on this machine, without credentials, with a page in the browser
    #[cfg(feature = "demo")]
    Demo(signalbox::demo::Options),
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Read the configuration and the secrets, report whatever is wrong, start nothing
    Check(ConfigFile),
}

#[derive(Subcommand)]
enum GateCommand {
    /// Print a short-lived token that may ask about one environment's gate, and nothing else
    Token {
        #[command(flatten)]
        file: ConfigFile,
        #[command(flatten)]
        wanted: gate::TokenArguments,
    },
    /// Judge deployments that left by the gates as they are configured now
    #[command(after_help = replay::AFTER_HELP)]
    Replay {
        #[command(flatten)]
        file: ConfigFile,
        #[command(flatten)]
        wanted: replay::Arguments,
    },
}

#[derive(clap::Args)]
struct AuditCommand {
    #[command(flatten)]
    file: ConfigFile,
    #[command(subcommand)]
    question: audit::Question,
}

#[derive(clap::Args)]
struct ConfigFile {
    /// The configuration file
    #[arg(long, global = true, value_name = "FILE", default_value = "signalbox.toml")]
    config: PathBuf,
    /// Read variables from this file too; those of the environment come first
    #[arg(long, global = true, value_name = "FILE", default_value = ".env")]
    env_file: PathBuf,
}

impl ConfigFile {
    fn env(&self) -> Result<config::Env> {
        Ok(config::Env::process().with_file(&self.env_file)?)
    }
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return inspect::refusal(&error),
    };
    if let Command::Inspect(question) = &cli.command {
        inspect::hide_address(question);
    }
    let outcome = runtime().and_then(|runtime| runtime.block_on(run(cli.command)));
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("signalbox: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime cannot be started")
}

async fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Serve(file) => {
            log_to_stderr("info");
            let config = config::load(&file.config, &file.env()?)?;
            App::start(&config).await?.run_until_told().await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Doctor(file) => {
            log_to_stderr("off");
            doctor::run(&file.config, &file.env()?).await
        }
        Command::Config(ConfigCommand::Check(file)) => Ok(print(config::check(&file.config, &file.env()?))),
        Command::Inspect(question) => {
            log_to_stderr("off");
            Ok(inspect::run(&question, &config::Env::process()).await)
        }
        Command::CheckUrl(arguments) => Ok(check_url::run(&arguments, &config::Env::process())),
        Command::Audit(AuditCommand { file, question }) => {
            log_to_stderr("off");
            let place = || Ok(config::store(&file.config, &file.env()?)?);
            Ok(audit::run(&question, &place).await)
        }
        Command::Gate(GateCommand::Token { file, wanted }) => {
            let config = config::load(&file.config, &file.env()?)?;
            Ok(print(gate::token(&config, &wanted, &SystemClock)))
        }
        Command::Gate(GateCommand::Replay { file, wanted }) => {
            log_to_stderr("off");
            let place = || Ok((config::store(&file.config, &file.env()?)?, config::line(&file.config)?));
            Ok(replay::run(&wanted, &place).await)
        }
        #[cfg(feature = "demo")]
        Command::Demo(options) => {
            log_to_stderr("warn");
            signalbox::demo::run(options).await?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// What was asked for goes to standard output, what is wrong to standard error.
#[expect(clippy::print_stdout, reason = "the one place where a command's answer is printed")]
fn print(answer: Result<String, String>) -> ExitCode {
    match answer {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(text) => {
            eprintln!("{text}");
            ExitCode::FAILURE
        }
    }
}

/// `RUST_LOG` chooses what is logged; `SIGNALBOX_LOG=json` how.
fn log_to_stderr(default: &str) {
    let env = config::Env::process();
    let filter = log_filter(env.get("RUST_LOG").unwrap_or(default));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if env.get("SIGNALBOX_LOG") == Some("json") {
        log.json().init();
    } else {
        log.init();
    }
}

/// What is logged. serenity is quiet unless it is named: for every request its spans write down the whole rate
/// limiter, which grows with each interaction, and the path, which bears a secret token.
fn log_filter(chosen: &str) -> EnvFilter {
    let chosen = if chosen.contains("serenity") { chosen.to_owned() } else { format!("{chosen},serenity=warn") };
    EnvFilter::builder().with_default_directive(tracing::Level::INFO.into()).parse_lossy(chosen)
}

#[cfg(test)]
mod tests {
    use super::log_filter;

    #[test]
    fn serenity_is_quiet_unless_it_is_named() {
        assert_eq!(log_filter("info").to_string(), "serenity=warn,info");
        assert_eq!(log_filter("signalbox=debug").to_string(), "signalbox=debug,serenity=warn");
        assert_eq!(log_filter("debug,serenity=info").to_string(), "serenity=info,debug");
    }
}
