//! The bots under measurement: each a process of its own, with fresh stand-ins around it.

use std::{
    fs::File,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use signalbox_sandbox::{
    discord::{Discord, DiscordOptions},
    github::{self, Github},
    traffic::TrafficLog,
};
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// What webhooks are signed with.
pub(crate) const WEBHOOK_SECRET: &str = "a-secret-for-benchmarks";
/// A disk, where a folder for temporary files may be memory; the store is to pay for what it does.
const SCRATCH: &str = env!("CARGO_TARGET_TMPDIR");

/// Which bot.
#[derive(Clone, Copy)]
pub(crate) enum Contender {
    Signalbox,
    DiscordJs,
}

/// A running bot. The process ends when this is dropped.
pub(crate) struct Bot {
    discord: Discord,
    github: Github,
    webhooks: Option<SocketAddr>,
    process: Child,
    folder: TempDir,
    /// From the start of the process until it is on the gateway.
    pub(crate) ready: Duration,
}

impl Bot {
    /// Starts it with an empty store and waits until its commands can be typed.
    pub(crate) async fn start(contender: Contender) -> Result<Self> {
        let options = DiscordOptions { rate_limits: false, patience: Duration::from_secs(60), ..Default::default() };
        let discord = Discord::start(options, TrafficLog::none()).await?;
        let github = Github::start(github::Setup::default()).await?;
        let folder = TempDir::new_in(SCRATCH)?;
        let (mut command, webhooks) = match contender {
            Contender::Signalbox => {
                let listen = free_address()?;
                (signalbox(&discord, &github, folder.path(), listen)?, Some(listen))
            }
            Contender::DiscordJs => (discordjs(&discord), None),
        };
        let log = File::create(Path::new(SCRATCH).join(match contender {
            Contender::Signalbox => "signalbox.log",
            Contender::DiscordJs => "discordjs.log",
        }))?;
        let began = Instant::now();
        let process = command
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("the bot cannot be started")?;
        discord.wait_for("the bot is online", |view| view.online.then_some(())).await;
        let ready = began.elapsed();
        let status =
            |view: &signalbox_sandbox::discord::View| view.commands.iter().any(|command| command.name == "status");
        discord.wait_for("/status can be typed", |view| status(view).then_some(())).await;
        Ok(Self { discord, github, webhooks, process, folder, ready })
    }

    /// The Discord it is connected to.
    pub(crate) fn discord(&self) -> &Discord {
        &self.discord
    }

    /// Where it takes webhooks, if it does.
    pub(crate) fn webhooks(&self) -> Option<String> {
        self.webhooks.map(|address| format!("http://{address}/webhooks/github"))
    }

    /// Where it keeps its records, if it does.
    pub(crate) fn store(&self) -> Option<PathBuf> {
        self.webhooks.map(|_| self.folder.path().join("signalbox.db"))
    }

    /// Memory that is resident now, as the kernel counts it.
    pub(crate) fn resident_kib(&self) -> Result<u64> {
        let id = self.process.id().context("the bot has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("the kernel tells no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        self.github.stop();
    }
}

fn signalbox(discord: &Discord, github: &Github, folder: &Path, listen: SocketAddr) -> Result<Command> {
    discord.write_ca(&folder.join("ca.pem"))?;
    let file = folder.join("signalbox.toml");
    std::fs::write(&file, toml(discord, github, folder, listen))?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_signalbox"));
    command
        .arg("serve")
        .arg("--config")
        .arg(file)
        .current_dir(folder)
        .env("DISCORD_TOKEN", discord.token())
        .env("GITHUB_TOKEN", github::seed::TOKEN)
        .env("GITHUB_WEBHOOK_SECRET", WEBHOOK_SECRET)
        .env("SIGNALBOX_STORE", format!("sqlite:{}/signalbox.db", folder.display()));
    Ok(command)
}

fn discordjs(discord: &Discord) -> Command {
    let mut command = Command::new("node");
    command
        .arg("bot.js")
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/target/bench-discordjs"))
        .env("DISCORD_API", discord.rest_url())
        .env("DISCORD_GUILD", discord.guild_id().to_string())
        .env("DISCORD_TOKEN", discord.token());
    command
}

/// A port nobody listens on, to be named to a process that cannot tell which one it picked.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn toml(discord: &Discord, github: &Github, folder: &Path, listen: SocketAddr) -> String {
    format!(
        r#"
[discord]
guild = "{guild}"
channel = "300"
resolve = "{tls}"
ca_file = "{folder}/ca.pem"

[discord.roles]
engineer = "201"
reviewer = "202"

[github]
repository = "acme/shop"
api_url = "{api}"

[server]
listen = "{listen}"
data = "{folder}"

[[environment]]
name = "dev"
workflow = "11-dev-deployment.yml"
ref = "development"
deploy_roles = ["engineer"]

[[environment]]
name = "uat"
after = "dev"
workflow = "12-uat-deployment.yml"
ref = "uat"
deploy_roles = ["engineer"]

[[environment]]
name = "prod"
workflow = "13-prod-deployment.yml"
ref = "main"
github_environment = "prod2-backend"
deploy_roles = ["engineer"]
sign_roles = ["reviewer"]

[[environment.gate]]
sign_off = "review"
count = 2
"#,
        guild = discord.guild_id(),
        tls = discord.tls_addr(),
        folder = folder.display(),
        api = github.url(),
    )
}
