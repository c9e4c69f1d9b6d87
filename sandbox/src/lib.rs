//! Local stand-ins for Discord and GitHub, with a page, for demos and tests.
//!
//! The sandbox knows the public interfaces of the two services and nothing of the program that
//! talks to it. It is started in-process and served over real sockets on 127.0.0.1; a test steers
//! people and faults through the handle it gets back and never sees how the client is built.

pub mod application;
pub mod discord;
pub mod fleet;
pub mod github;
mod multipart;
pub mod page;
pub mod postgres;
pub mod tls;
pub mod traffic;
pub mod world;

use std::io;
use std::path::PathBuf;

use discord::{Discord, DiscordOptions};
use github::{Github, Setup};
use traffic::TrafficLog;

/// How a sandbox starts.
#[derive(Clone, Debug, Default)]
pub struct SandboxOptions {
    /// The stand-in for Discord.
    pub discord: DiscordOptions,
    /// The stand-in for GitHub; its traffic log is the one of the sandbox.
    pub github: Setup,
    /// Where traffic is recorded, as JSON lines; nowhere when `None`.
    pub traffic: Option<PathBuf>,
}

/// Why a sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The traffic log cannot be written.
    #[error("cannot write the traffic log {path}")]
    Traffic {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The stand-in for Discord did not start.
    #[error("cannot start the stand-in for Discord")]
    Discord(#[from] discord::StartError),
    /// The stand-in for GitHub did not start.
    #[error("cannot start the stand-in for GitHub")]
    Github(#[source] io::Error),
}

/// Both stand-ins. They stop when it is dropped.
#[derive(Debug)]
pub struct Sandbox {
    /// The stand-in for Discord.
    pub discord: Discord,
    /// The stand-in for GitHub.
    pub github: Github,
}

impl Sandbox {
    /// Starts both stand-ins.
    ///
    /// # Errors
    /// When a port is taken or the traffic log cannot be written.
    pub async fn start(options: SandboxOptions) -> Result<Self, StartError> {
        let traffic = match options.traffic {
            None => TrafficLog::none(),
            Some(path) => TrafficLog::to_file(&path).map_err(|source| StartError::Traffic { path, source })?,
        };
        let setup = Setup { traffic: traffic.clone(), ..options.github };
        Ok(Self {
            discord: Discord::start(options.discord, traffic).await?,
            github: Github::start(setup).await.map_err(StartError::Github)?,
        })
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.github.stop();
    }
}
