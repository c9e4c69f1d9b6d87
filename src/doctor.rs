//! `signalbox doctor`: asks the world whether it is as the configuration says, and names the fix for what is not.
//!
//! Each module asks one part of the world for facts and, apart from that, judges them: judging is pure.

mod databases;
mod discord;
mod github;
mod own;
mod permissions;
mod report;
mod strengths;
mod workflow;

use std::{path::Path, process::ExitCode};

use anyhow::Result;
use futures::join;

use crate::{
    clock::SystemClock,
    config::{self, Config, Env},
};

pub use report::{Check, Mark, Report};

/// Examines everything and prints what was found. The exit code is 1 when something must be fixed.
///
/// # Errors
/// When standard output is closed.
pub async fn run(file: &Path, env: &Env) -> Result<ExitCode> {
    let report = match config::load(file, env) {
        Ok(config) => examine(&config).await,
        Err(problems) => {
            let fix = "correct the file; `signalbox config check` tries again without asking the world";
            let mut report = Report::default();
            report.add("Configuration", vec![Check::bad(file.display().to_string(), problems.to_string(), fix)]);
            report
        }
    };
    print(&report)?;
    Ok(if report.is_bad() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Examines everything that a configuration names. Parts that do not depend on each other are asked at once.
pub async fn examine(config: &Config) -> Report {
    // Two TLS users in the tree agree on one provider. Somebody else having chosen before is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let clock = SystemClock;
    let (own, discord, github, databases) = join!(
        own::examine(config),
        discord::examine(config, &clock),
        github::examine(config),
        databases::examine(config, &clock)
    );
    let mut report = Report::default();
    report.add("Signalbox", own);
    report.add("Discord", discord);
    for (title, checks) in github {
        report.add(title, checks);
    }
    report.add("Tenant databases", databases);
    report
}

fn print(report: &Report) -> std::io::Result<()> {
    use std::io::Write;
    write!(std::io::stdout().lock(), "{report}")
}
